package io.fairlead.proxy.internal.config;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One kind of value of the configuration, with all that is done with it: read from JSON, written to JSON, described by
 * the schema, checked.
 *
 * @param <T> the value in Java
 */
abstract class Type<T> {

    /** The value, checked; null after a problem was reported that leaves none. */
    abstract @Nullable T read(JsonNode json, String place, Context context);

    /** What {@link #read} reads back to an equal value. */
    abstract JsonNode write(T value, Context context);

    /** Reports what is wrong with a value that did not come from JSON; the same problems that reading gives. */
    abstract void check(T value, String place, Context context);

    /** The schema of the JSON form, or a reference to it. */
    abstract ObjectNode schema(ConfigSchema.Definitions definitions);

    /** What the documentation's tables call it. */
    abstract String label();

    /** What a problem says is expected where there is nothing. */
    String expectation() {
        return label().replaceAll("\\[([^\\]]+)\\]\\([^)]*\\)", "$1").replace("`", "");
    }

    /** Reports JSON of another kind. */
    final void wrongType(JsonNode json, String place, Context context, String expectation) {
        String kind = json.isObject() ? "an object" : json.isArray() ? "a list" : Context.abbreviate(json.toString());
        context.report("WRONG_TYPE", place, kind, expectation);
    }
}
