package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A text that nobody may see: it is written as its placeholder, or else not at all, and problems tell no more than its
 * length.
 */
final class SecretType extends Type<String> {

    /** What is written in place of a secret that came without a placeholder; read back it is a problem. */
    static final String REDACTED = "(redacted)";

    private final int minLength;

    SecretType(int minLength) {
        this.minLength = minLength;
    }

    @Override
    @Nullable
    String read(JsonNode json, String place, Context context) {
        if (!json.isString()) {
            // Not wrongType: a secret of digits alone, written without quotes, would be shown.
            String kind = json.isObject() ? "an object" : json.isArray() ? "a list" : "no text";
            context.report("WRONG_TYPE", place, kind, "a text");
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
        return NODES.stringNode(Placeholders.raw(value, REDACTED));
    }

    @Override
    void check(String value, String place, Context context) {
        if (value.equals(REDACTED)) {
            context.report(
                    "INVALID",
                    place,
                    Context.quote(value),
                    "the secret itself, or where it is found, such as ${env:NAME}; it is not written to JSON");
        } else if (Placeholders.in(value)) {
            // As the secret itself it would be one that everybody can guess.
            context.report(
                    "INVALID",
                    place,
                    "a placeholder that was not resolved",
                    "the secret itself; placeholders are resolved in JSON and properties only");
        } else if (value.length() < minLength) {
            context.report("INVALID", place, length(value), "a secret of at least " + minLength + " characters");
        }
    }

    static String length(String value) {
        return "a text of " + value.length() + (value.length() == 1 ? " character" : " characters");
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return NODES.objectNode().put("type", "string");
    }

    @Override
    String expectation() {
        return "a secret of at least " + minLength + " characters, such as ${env:NAME} or ${file:PATH}";
    }

    @Override
    String label() {
        return "secret";
    }
}
