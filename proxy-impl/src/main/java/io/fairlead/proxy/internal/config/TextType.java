package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A text that a {@link Types.Rule} judges. */
final class TextType extends Type<String> {
    private final String label;
    private final @Nullable String pattern;
    private final Types.Rule rule;

    TextType(String label, @Nullable String pattern, Types.Rule rule) {
        this.label = label;
        this.pattern = pattern;
        this.rule = rule;
    }

    @Override
    @Nullable
    String read(JsonNode json, String place, Context context) {
        if (!json.isString()) {
            wrongType(json, place, context, "a text");
            return null;
        }
        String value = Types.string(json, place, context);
        if (value != null) {
            check(value, place, context);
        }
        return value;
    }

    @Override
    JsonNode write(String value, Context context) {
        return NODES.stringNode(Placeholders.toJson(value));
    }

    @Override
    void check(String value, String place, Context context) {
        String expectation = rule.expectation(value);
        if (expectation != null) {
            context.report("INVALID", place, Context.quote(value), expectation);
        }
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        ObjectNode schema = NODES.objectNode().put("type", "string");
        if (pattern != null) {
            // A placeholder is only resolved when the file is read.
            schema.put("pattern", pattern + "|" + Types.PLACEHOLDER_PATTERN);
        }
        return schema;
    }

    @Override
    String expectation() {
        // The word of RFC 9110 5.6.2 says little to who has not read it.
        return label.equals("token") ? "a name of letters, digits and characters such as - and _" : super.expectation();
    }

    @Override
    String label() {
        return label;
    }
}
