package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.math.BigInteger;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A whole number within bounds, of the class that {@code make} makes. */
final class NumberType<N extends Number> extends Type<N> {
    private final String label;
    private final long min;
    private final long max;
    private final LongFunction<N> make;

    NumberType(String label, long min, long max, LongFunction<N> make) {
        this.label = label;
        this.min = min;
        this.max = max;
        this.make = make;
    }

    @Override
    @Nullable
    N read(JsonNode json, String place, Context context) {
        BigInteger number;
        if (json.isIntegralNumber()) {
            number = json.bigIntegerValue();
        } else if (json.isString() && Placeholders.in(json.stringValue())) {
            String resolved = Types.string(json, place, context);
            if (resolved == null) {
                return null;
            }
            if (!resolved.matches("-?[0-9]{1,30}")) {
                context.report("INVALID", place, Context.quote(resolved), "a whole number");
                return null;
            }
            number = new BigInteger(resolved);
        } else {
            wrongType(json, place, context, "a whole number");
            return null;
        }
        if (number.compareTo(BigInteger.valueOf(min)) < 0 || number.compareTo(BigInteger.valueOf(max)) > 0) {
            outOfRange(number, place, context);
            return null;
        }
        return make.apply(number.longValue());
    }

    @Override
    JsonNode write(N value, Context context) {
        return NODES.numberNode(value.longValue());
    }

    @Override
    void check(N value, String place, Context context) {
        if (value.longValue() < min || value.longValue() > max) {
            outOfRange(value, place, context);
        }
    }

    private void outOfRange(Number value, String place, Context context) {
        context.report("OUT_OF_RANGE", place, Context.abbreviate(value.toString()), range(value));
    }

    private String range(Number value) {
        boolean open = max == Integer.MAX_VALUE || max == Long.MAX_VALUE;
        if (!open) {
            return min == max ? String.valueOf(min) : min + " to " + max;
        }
        // The type's own bound is only worth telling to whom it concerns.
        return value.doubleValue() < min ? ">= " + min : "<= " + max;
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        ObjectNode schema = NODES.objectNode();
        schema.putArray("type").add("integer").add("string");
        return schema.put("minimum", min).put("maximum", max).put("pattern", Types.PLACEHOLDER_PATTERN);
    }

    @Override
    String label() {
        boolean free = min == Integer.MIN_VALUE;
        boolean open = max == Integer.MAX_VALUE || max == Long.MAX_VALUE;
        return free
                ? label
                : min == max ? "`" + min + "`" : open ? label + ", at least " + min : label + ", " + min + " to " + max;
    }
}
