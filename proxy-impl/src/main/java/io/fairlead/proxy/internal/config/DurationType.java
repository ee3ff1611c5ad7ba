package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A length of time with a least value. */
final class DurationType extends Type<Duration> {
    private final Duration min;

    DurationType(Duration min) {
        this.min = min;
    }

    @Override
    @Nullable
    Duration read(JsonNode json, String place, Context context) {
        if (!json.isString()) {
            wrongType(json, place, context, Durations.EXPECTATION);
            return null;
        }
        String text = Types.string(json, place, context);
        if (text == null) {
            return null;
        }
        Duration value = Durations.parse(text);
        if (value == null) {
            context.report("INVALID", place, Context.quote(text), Durations.EXPECTATION);
            return null;
        }
        check(value, place, context);
        return value;
    }

    @Override
    JsonNode write(Duration value, Context context) {
        return NODES.stringNode(Durations.format(value));
    }

    @Override
    void check(Duration value, String place, Context context) {
        if (value.compareTo(min) < 0) {
            context.report("OUT_OF_RANGE", place, Durations.format(value), ">= " + Durations.format(min));
        } else if (value.compareTo(Durations.MAX) > 0) {
            context.report("OUT_OF_RANGE", place, Durations.format(value), "<= " + Durations.format(Durations.MAX));
        }
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return definitions.named(
                "Duration",
                () -> NODES.objectNode()
                        .put("type", "string")
                        .put("description", "A number and a unit (ms, s, m, h, d), or ISO 8601 such as PT1.5S.")
                        .put("pattern", Durations.PATTERN + "|" + Types.PLACEHOLDER_PATTERN));
    }

    @Override
    String label() {
        return min.isZero() ? "duration" : "duration, at least `" + Durations.format(min) + "`";
    }
}
