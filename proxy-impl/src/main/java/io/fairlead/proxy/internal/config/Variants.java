package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One of several objects, told apart by the key {@code type}: a closed table of names, never of classes. A variant
 * without fields may be written as its name alone.
 *
 * @param <T> what the variants have in common
 */
final class Variants<T> extends Type<T> {

    private record Variant<T, V extends T>(ObjectType<V, ?> type, Class<V> javaType, Predicate<V> fits) {
        boolean holds(Object value) {
            return javaType.isInstance(value) && fits.test(javaType.cast(value));
        }

        JsonNode write(Object value, Context context) {
            return type.write(javaType.cast(value), context);
        }

        void check(Object value, String place, Context context) {
            type.check(javaType.cast(value), place, context);
        }
    }

    private final String name;
    private final String doc;
    private final Map<String, Variant<T, ? extends T>> table = new LinkedHashMap<>();
    private ObjectType.Rule<T> rule = (value, place, context) -> {};

    Variants(String name, String doc) {
        this.name = name;
        this.doc = doc;
    }

    <V extends T> Variants<T> add(Class<V> javaType, ObjectType<V, ?> type) {
        return add(javaType, type, value -> true);
    }

    /** Adds a variant that is only some of the values of its class. */
    <V extends T> Variants<T> add(Class<V> javaType, ObjectType<V, ?> type, Predicate<V> fits) {
        table.put(type.name(), new Variant<>(type, javaType, fits));
        return this;
    }

    /** A rule for all variants. */
    Variants<T> rule(ObjectType.Rule<T> added) {
        rule = added;
        return this;
    }

    String name() {
        return name;
    }

    String doc() {
        return doc;
    }

    List<ObjectType<? extends T, ?>> types() {
        List<ObjectType<? extends T, ?>> types = new ArrayList<>();
        table.values().forEach(variant -> types.add(variant.type()));
        return types;
    }

    private @Nullable Variant<T, ? extends T> of(T value) {
        for (Variant<T, ? extends T> variant : table.values()) {
            if (variant.holds(value)) {
                return variant;
            }
        }
        return null;
    }

    @Override
    @Nullable
    T read(JsonNode json, String place, Context context) {
        JsonNode tag = json.isString() ? json : json.get("type");
        String at = json.isString() ? place : Context.child(place, "type");
        if (!json.isString() && !json.isObject()) {
            wrongType(json, place, context, "an object with a type");
            return null;
        }
        if (tag == null) {
            context.report("MISSING", at, "missing", "one of: " + String.join(", ", table.keySet()));
            return null;
        }
        Variant<T, ? extends T> variant = tag.isString() ? table.get(tag.stringValue()) : null;
        if (variant == null) {
            String expectation = tag.isString()
                    ? Names.expectation(tag.stringValue(), table.keySet())
                    : "one of: " + String.join(", ", table.keySet());
            context.report("INVALID", at, Context.abbreviate(tag.toString()), expectation);
            return null;
        }
        T value = readVariant(variant.type(), json, place, context);
        rule.check(value, place, context);
        return value;
    }

    private static <V> V readVariant(ObjectType<V, ?> type, JsonNode json, String place, Context context) {
        JsonNode object = json.isString() ? NODES.objectNode() : json;
        return type.read(object, place, context, type.prototype(), "type");
    }

    @Override
    JsonNode write(T value, Context context) {
        Variant<T, ? extends T> variant = of(value);
        if (variant == null) {
            return NODES.stringNode(value.toString());
        }
        String tag = variant.type().name();
        if (variant.type().fields().isEmpty()) {
            return NODES.stringNode(tag);
        }
        ObjectNode object = NODES.objectNode().put("type", tag);
        variant.write(value, context).properties().forEach(entry -> object.set(entry.getKey(), entry.getValue()));
        return object;
    }

    @Override
    void check(T value, String place, Context context) {
        Variant<T, ? extends T> variant = of(value);
        if (variant == null) {
            context.report(
                    "INVALID",
                    place,
                    Context.abbreviate(value.toString()),
                    "what the factory methods of " + name + " give");
            return;
        }
        variant.check(value, place, context);
        rule.check(value, place, context);
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return definitions.named(name, () -> {
            ObjectNode schema = NODES.objectNode().put("description", doc);
            ArrayNode oneOf = schema.putArray("oneOf");
            table.forEach((tag, variant) -> {
                oneOf.add(variant.type().schemaOfObject(definitions, tag));
                if (variant.type().fields().isEmpty()) {
                    oneOf.addObject().put("const", tag);
                }
            });
            return schema;
        });
    }

    @Override
    String label() {
        return "[" + name + "](#" + name.toLowerCase(java.util.Locale.ROOT) + ")";
    }
}
