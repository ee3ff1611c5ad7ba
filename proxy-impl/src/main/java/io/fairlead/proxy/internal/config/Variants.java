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
 * whose fields are all left out may be written as its name alone; one of the table may do without {@code type}.
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
    private @Nullable Variant<T, ? extends T> untagged;
    private @Nullable String code;
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

    /** Adds the variant that an object without {@code type} is. */
    <V extends T> Variants<T> untagged(Class<V> javaType, ObjectType<V, ?> type) {
        untagged = new Variant<>(type, javaType, value -> true);
        return this;
    }

    /** Values of other classes are code, which cannot be written. */
    Variants<T> elseCode(String expectation) {
        code = expectation;
        return this;
    }

    /** The variant that needs no {@code type}; null if there is none. */
    @Nullable
    ObjectType<? extends T, ?> untagged() {
        return untagged == null ? null : untagged.type();
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
        return untagged != null && untagged.holds(value) ? untagged : null;
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
        if (tag == null && untagged != null) {
            return read(untagged, json, place, context);
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
        return read(variant, json, place, context);
    }

    private T read(Variant<T, ? extends T> variant, JsonNode json, String place, Context context) {
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
        if (variant == untagged) {
            return variant.write(value, context);
        }
        String tag = variant.type().name();
        JsonNode fields = variant.write(value, context);
        if (fields.isEmpty()) {
            return NODES.stringNode(tag);
        }
        ObjectNode object = NODES.objectNode().put("type", tag);
        fields.properties().forEach(entry -> object.set(entry.getKey(), entry.getValue()));
        return object;
    }

    @Override
    void check(T value, String place, Context context) {
        Variant<T, ? extends T> variant = of(value);
        if (variant == null && code != null) {
            context.report("NOT_DATA", place, Context.abbreviate(String.valueOf(value)), code);
            return;
        }
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
            if (untagged != null) {
                oneOf.add(untagged.type().schemaOfObject(definitions, null));
            }
            table.forEach((tag, variant) -> {
                oneOf.add(variant.type().schemaOfObject(definitions, tag));
                if (variant.type().fields().stream().noneMatch(ObjectType.Field::required)) {
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
