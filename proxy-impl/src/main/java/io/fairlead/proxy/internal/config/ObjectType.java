package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;
import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An object of the configuration as a list of its fields.
 *
 * <p>The default of a field is what the model's own builder gives, so it is written down in one place only. What cannot
 * be read takes the default too, so that reading goes on and finds the other problems.
 *
 * @param <T> the object
 * @param <B> what collects it: its builder, or the object itself where it has {@code with} methods
 */
final class ObjectType<T, B> extends Type<T> {

    /**
     * One field.
     *
     * @param getter gives null where the field is absent
     * @param setter null for a field that the constructor takes
     */
    record Field<T, B, V>(
            String name,
            Type<V> type,
            Function<T, @Nullable V> getter,
            @Nullable BiFunction<B, V, B> setter,
            boolean required,
            String doc) {}

    /** A rule on more than one field. It looks out for fields that could not be read and have their defaults. */
    @FunctionalInterface
    interface Rule<T> {
        void check(T value, String place, Context context);
    }

    private final String name;
    private final String doc;
    private final T prototype;
    private final Function<Values, B> start;
    private final Function<B, T> finish;
    private final List<Field<T, B, ?>> fields = new ArrayList<>();
    private @Nullable Rule<T> rule;
    private @Nullable String shorthand;
    private List<String> exclusive = List.of();

    /**
     * Begins an object.
     *
     * @param prototype the object with all defaults
     */
    ObjectType(String name, String doc, T prototype, Function<Values, B> start, Function<B, T> finish) {
        this.name = name;
        this.doc = doc;
        this.prototype = prototype;
        this.start = start;
        this.finish = finish;
    }

    /** The fields that the constructor takes, as read; the prototype's where they could not be. */
    static final class Values {
        private final Map<String, Object> values = new HashMap<>();

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        <V> V get(String field) {
            return (V) requireNonNull(values.get(field), field);
        }

        String text(String field) {
            return get(field);
        }
    }

    /** Adds a field that must be given and that the constructor takes. */
    <V> ObjectType<T, B> required(String field, Type<V> type, Function<T, V> getter, String fieldDoc) {
        fields.add(new Field<>(field, type, getter::apply, null, true, fieldDoc));
        return this;
    }

    /** Adds a field that the constructor takes and that may be left out. */
    <V> ObjectType<T, B> defaulted(String field, Type<V> type, Function<T, V> getter, String fieldDoc) {
        fields.add(new Field<>(field, type, getter::apply, null, false, fieldDoc));
        return this;
    }

    /** Adds a field that may be left out. */
    <V> ObjectType<T, B> optional(
            String field, Type<V> type, Function<T, @Nullable V> getter, BiFunction<B, V, B> setter, String fieldDoc) {
        fields.add(new Field<>(field, type, getter, setter, false, fieldDoc));
        return this;
    }

    /** Adds a list that must be given. */
    <V> ObjectType<T, B> requiredLater(
            String field, Type<V> type, Function<T, V> getter, BiFunction<B, V, B> setter, String fieldDoc) {
        fields.add(new Field<>(field, type, getter::apply, setter, true, fieldDoc));
        return this;
    }

    ObjectType<T, B> rule(Rule<T> added) {
        rule = added;
        return this;
    }

    /** Lets a text stand for the object whose other fields have their defaults. */
    ObjectType<T, B> shorthand(String field) {
        shorthand = field;
        return this;
    }

    /** Allows one of these fields at most. */
    ObjectType<T, B> notBoth(String... names) {
        exclusive = List.of(names);
        return this;
    }

    String name() {
        return name;
    }

    T prototype() {
        return prototype;
    }

    String doc() {
        return doc;
    }

    List<Field<T, B, ?>> fields() {
        return fields;
    }

    /** The default of a field as JSON; null where it has none. */
    @Nullable
    JsonNode defaultOf(Field<T, B, ?> field) {
        return field.required() ? null : writeField(field, prototype, new Context());
    }

    private List<String> names() {
        return fields.stream().map(Field::name).toList();
    }

    @Override
    T read(JsonNode json, String place, Context context) {
        return read(json, place, context, prototype, null);
    }

    /**
     * Reads with other defaults.
     *
     * @param defaults what absent fields are
     * @param tag a further key that the caller deals with
     */
    T read(JsonNode json, String place, Context context, T defaults, @Nullable String tag) {
        JsonNode object = json;
        if (shorthand != null && json.isString()) {
            object = NODES.objectNode().set(shorthand, json);
        } else if (!json.isObject()) {
            wrongType(json, place, context, shorthand != null ? "a text or an object" : "an object");
            return make(new Values(), Map.of(), defaults);
        }
        reportUnknown(object, place, context, tag);
        Values values = new Values();
        Map<Field<T, B, ?>, Object> read = new LinkedHashMap<>();
        for (Field<T, B, ?> field : fields) {
            JsonNode given = object.get(field.name());
            String at = object == json ? Context.child(place, field.name()) : place;
            Object value = null;
            if (given != null) {
                value = field.type().read(given, at, context);
            } else if (field.required()) {
                context.report("MISSING", at, "missing", field.type().expectation());
            }
            if (value != null) {
                read.put(field, value);
                values.values.put(field.name(), value);
            }
        }
        List<String> excluding = exclusive.stream().filter(object::has).toList();
        if (excluding.size() > 1) {
            String expectation = "only one of: " + String.join(", ", exclusive);
            context.report("CONFLICT", place, String.join(" and ", excluding), expectation);
        }
        T made = make(values, read, defaults);
        if (rule != null) {
            rule.check(made, place, context);
        }
        return made;
    }

    private void reportUnknown(JsonNode object, String place, Context context, @Nullable String tag) {
        for (String key : object.propertyNames()) {
            if (names().contains(key) || key.equals(tag)) {
                continue;
            }
            context.report("UNKNOWN_KEY", Context.child(place, key), "unknown key", Names.expectation(key, names()));
        }
    }

    private T make(Values values, Map<Field<T, B, ?>, Object> read, T defaults) {
        for (Field<T, B, ?> field : fields) {
            if (field.setter() == null && !values.values.containsKey(field.name())) {
                values.values.put(field.name(), requireNonNull(field.getter().apply(defaults)));
            }
        }
        B builder = start.apply(values);
        for (Field<T, B, ?> field : fields) {
            builder = set(builder, field, read.get(field), defaults);
        }
        return finish.apply(builder);
    }

    @SuppressWarnings("unchecked")
    private <V> B set(B builder, Field<T, B, V> field, @Nullable Object read, T defaults) {
        BiFunction<B, V, B> setter = field.setter();
        if (setter == null) {
            return builder;
        }
        V value = read != null ? (V) read : field.getter().apply(defaults);
        return value == null ? builder : setter.apply(builder, value);
    }

    @Override
    JsonNode write(T value, Context context) {
        return write(value, context, prototype);
    }

    /** Writes what differs from these defaults. */
    JsonNode write(T value, Context context, T defaults) {
        if (shorthand != null && isShort(value)) {
            for (Field<T, B, ?> field : fields) {
                if (field.name().equals(shorthand)) {
                    return requireNonNull(writeField(field, value, context));
                }
            }
        }
        ObjectNode object = NODES.objectNode();
        for (Field<T, B, ?> field : fields) {
            Object own = field.getter().apply(value);
            boolean same = Objects.equals(own, field.getter().apply(defaults));
            if (own != null && (field.required() || !same || context.writesDefaults())) {
                object.set(field.name(), writeField(field, value, context));
            }
        }
        return object;
    }

    private boolean isShort(T value) {
        for (Field<T, B, ?> field : fields) {
            if (!field.name().equals(shorthand)
                    && !Objects.equals(
                            field.getter().apply(value), field.getter().apply(prototype))) {
                return false;
            }
        }
        return true;
    }

    <V> @Nullable JsonNode writeField(Field<T, B, V> field, T value, Context context) {
        V own = field.getter().apply(value);
        return own == null ? null : field.type().write(own, context);
    }

    @Override
    void check(T value, String place, Context context) {
        for (Field<T, B, ?> field : fields) {
            String at = shorthand != null && isShort(value) ? place : Context.child(place, field.name());
            checkField(field, value, at, context);
        }
        if (rule != null) {
            rule.check(value, place, context);
        }
    }

    private <V> void checkField(Field<T, B, V> field, T value, String at, Context context) {
        V own = field.getter().apply(value);
        if (own != null) {
            field.type().check(own, at, context);
        }
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return definitions.named(name, () -> {
            ObjectNode object = schemaOfObject(definitions, null);
            if (shorthand == null) {
                return object;
            }
            ObjectNode either = NODES.objectNode().put("description", doc);
            object.remove("description");
            String text = shorthand;
            for (Field<T, B, ?> field : fields) {
                if (field.name().equals(text)) {
                    either.putArray("anyOf")
                            .add(field.type().schema(definitions))
                            .add(object);
                }
            }
            return either;
        });
    }

    /**
     * The schema of the object itself.
     *
     * @param tag the value of {@code type}, for a variant
     */
    ObjectNode schemaOfObject(ConfigSchema.Definitions definitions, @Nullable String tag) {
        ObjectNode schema = NODES.objectNode().put("type", "object").put("description", doc);
        ObjectNode properties = schema.putObject("properties");
        List<String> required = new ArrayList<>();
        if (tag != null) {
            properties.putObject("type").put("const", tag);
            required.add("type");
        }
        for (Field<T, B, ?> field : fields) {
            ObjectNode property = field.type().schema(definitions);
            property.put("description", field.doc());
            JsonNode standard = defaultOf(field);
            if (standard != null && !(standard.isObject() && standard.isEmpty())) {
                property.set("default", standard);
            }
            properties.set(field.name(), property);
            if (field.required()) {
                required.add(field.name());
            }
        }
        if (!required.isEmpty()) {
            ArrayNode names = schema.putArray("required");
            required.forEach(names::add);
        }
        if (!exclusive.isEmpty()) {
            // "Not two of them" for each pair says what maxProperties cannot.
            ArrayNode pairs = schema.putObject("not").putArray("anyOf");
            for (int i = 0; i < exclusive.size(); i++) {
                for (int j = i + 1; j < exclusive.size(); j++) {
                    pairs.addObject().putArray("required").add(exclusive.get(i)).add(exclusive.get(j));
                }
            }
        }
        return schema.put("additionalProperties", false);
    }

    @Override
    String label() {
        return "[" + name + "](#" + name.toLowerCase(java.util.Locale.ROOT) + ")";
    }
}
