package io.fairlead.proxy.internal.config;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One of the forms that an interface of the API has is data; the others hold code and are reported. */
final class DataOnly<T, D extends T> extends Type<T> {
    private final Type<D> type;
    private final Class<D> data;
    private final String expectation;

    DataOnly(Type<D> type, Class<D> data, String expectation) {
        this.type = type;
        this.data = data;
        this.expectation = expectation;
    }

    @Override
    @Nullable
    T read(JsonNode json, String place, Context context) {
        return type.read(json, place, context);
    }

    @Override
    JsonNode write(T value, Context context) {
        return data.isInstance(value)
                ? type.write(data.cast(value), context)
                : JsonTree.NODES.stringNode(String.valueOf(value));
    }

    @Override
    void check(T value, String place, Context context) {
        if (data.isInstance(value)) {
            type.check(data.cast(value), place, context);
        } else {
            context.report("NOT_DATA", place, Context.abbreviate(String.valueOf(value)), expectation);
        }
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return type.schema(definitions);
    }

    @Override
    String label() {
        return type.label();
    }
}
