package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The types that are not objects; of the larger ones each is a class of its own. */
final class Types {
    /** A number or a switch may come from the environment too. */
    static final String PLACEHOLDER_PATTERN = "\\$\\{(env|file):[^}]*\\}";

    private Types() {}

    /** Says what is wrong with a text. */
    @FunctionalInterface
    interface Rule {
        /** What should stand there; null if the text is fine. */
        @Nullable
        String expectation(String text);
    }

    /** Reads a string with its placeholders resolved; null after a problem was reported. */
    static @Nullable String string(JsonNode json, String place, Context context) {
        return context.placeholders().resolve(json.stringValue(), place, context);
    }

    static Type<String> text(String label, Rule rule) {
        return new TextType(label, null, rule);
    }

    static Type<String> text(String label, String pattern, Rule rule) {
        return new TextType(label, pattern, rule);
    }

    static Type<Integer> integer(int min, int max) {
        return new NumberType<>("number", min, max, number -> (int) number);
    }

    /** At least {@code min}. */
    static Type<Integer> integer(int min) {
        return integer(min, Integer.MAX_VALUE);
    }

    static Type<Long> bytes(long min) {
        return new NumberType<>("number", min, Long.MAX_VALUE, number -> number);
    }

    static final Type<Boolean> BOOLEAN = new Type<>() {
        @Override
        @Nullable
        Boolean read(JsonNode json, String place, Context context) {
            if (json.isBoolean()) {
                return json.booleanValue();
            }
            if (json.isString() && Placeholders.in(json.stringValue())) {
                String resolved = string(json, place, context);
                if (resolved != null && !resolved.equals("true") && !resolved.equals("false")) {
                    context.report("INVALID", place, Context.quote(resolved), "true or false");
                    return null;
                }
                return resolved == null ? null : Boolean.valueOf(resolved);
            }
            wrongType(json, place, context, "true or false");
            return null;
        }

        @Override
        JsonNode write(Boolean value, Context context) {
            return NODES.booleanNode(value);
        }

        @Override
        void check(Boolean value, String place, Context context) {}

        @Override
        ObjectNode schema(ConfigSchema.Definitions definitions) {
            ObjectNode schema = NODES.objectNode();
            schema.putArray("type").add("boolean").add("string");
            return schema.put("pattern", PLACEHOLDER_PATTERN);
        }

        @Override
        String label() {
            return "true or false";
        }
    };

    /** The constants of an enum in camel case: {@code X_FORWARDED} is {@code xForwarded}. */
    static <E extends Enum<E>> Type<E> choice(Class<E> type) {
        return choice(List.of(type.getEnumConstants()));
    }

    /** Some constants of an enum. */
    static <E extends Enum<E>> Type<E> choice(Collection<E> constants) {
        Map<String, E> names = new LinkedHashMap<>();
        constants.forEach(constant -> names.put(camelCase(constant.name()), constant));
        String expectation = "one of: " + String.join(", ", names.keySet());
        return new Type<>() {
            @Override
            @Nullable
            E read(JsonNode json, String place, Context context) {
                if (!json.isString()) {
                    wrongType(json, place, context, expectation);
                    return null;
                }
                String name = string(json, place, context);
                E constant = name == null ? null : names.get(name);
                if (name != null && constant == null) {
                    context.report("INVALID", place, Context.quote(name), expectation);
                }
                return constant;
            }

            @Override
            JsonNode write(E value, Context context) {
                return NODES.stringNode(camelCase(value.name()));
            }

            @Override
            void check(E value, String place, Context context) {
                if (!names.containsValue(value)) {
                    context.report("INVALID", place, Context.quote(camelCase(value.name())), expectation);
                }
            }

            @Override
            ObjectNode schema(ConfigSchema.Definitions definitions) {
                ObjectNode schema = NODES.objectNode();
                ArrayNode values = schema.putArray("enum");
                names.keySet().forEach(values::add);
                return schema;
            }

            @Override
            String label() {
                return "`" + String.join("`, `", names.keySet()) + "`";
            }
        };
    }

    private static String camelCase(String constant) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < constant.length(); i++) {
            char c = constant.charAt(i);
            if (c != '_') {
                name.append(i > 0 && constant.charAt(i - 1) == '_' ? c : Character.toLowerCase(c));
            }
        }
        return name.toString();
    }

    /** A duration of at least {@code min}. */
    static Type<Duration> duration(Duration min) {
        return new DurationType(min);
    }

    /** A list; where {@code bare} is set, one element may stand without the brackets. */
    static <E> Type<List<E>> list(Type<E> element, int min, boolean bare) {
        return new Type<>() {
            @Override
            @Nullable
            List<E> read(JsonNode json, String place, Context context) {
                List<E> values = new ArrayList<>();
                if (json.isArray()) {
                    for (int i = 0; i < json.size(); i++) {
                        E value = element.read(json.get(i), place + "[" + i + "]", context);
                        if (value != null) {
                            values.add(value);
                        }
                    }
                    checkSize(json.size(), place, context);
                } else if (bare && json.isString()) {
                    E value = element.read(json, place, context);
                    if (value != null) {
                        values.add(value);
                    }
                } else {
                    wrongType(json, place, context, "a list");
                    return null;
                }
                return values;
            }

            @Override
            JsonNode write(List<E> values, Context context) {
                ArrayNode array = NODES.arrayNode();
                values.forEach(value -> array.add(element.write(value, context)));
                return array;
            }

            @Override
            void check(List<E> values, String place, Context context) {
                checkSize(values.size(), place, context);
                for (int i = 0; i < values.size(); i++) {
                    element.check(values.get(i), place + "[" + i + "]", context);
                }
            }

            private void checkSize(int size, String place, Context context) {
                if (size < min) {
                    context.report("MISSING", place, "an empty list", "at least " + min + " element");
                }
            }

            @Override
            ObjectNode schema(ConfigSchema.Definitions definitions) {
                ObjectNode list = NODES.objectNode().put("type", "array");
                list.set("items", element.schema(definitions));
                if (min > 0) {
                    list.put("minItems", min);
                }
                if (!bare) {
                    return list;
                }
                ObjectNode either = NODES.objectNode();
                either.putArray("anyOf").add(element.schema(definitions)).add(list);
                return either;
            }

            @Override
            String label() {
                return (bare ? "one or a list of " : "list of ") + element.label();
            }
        };
    }

    static <E> Type<List<E>> list(Type<E> element) {
        return list(element, 0, false);
    }

    /** An object whose keys are free. Written in the order of the keys, because a {@code Map} keeps none. */
    static Type<Map<String, String>> map(String label, Rule key, Type<String> value) {
        return new Type<>() {
            @Override
            @Nullable
            Map<String, String> read(JsonNode json, String place, Context context) {
                if (!json.isObject()) {
                    wrongType(json, place, context, "an object");
                    return null;
                }
                Map<String, String> values = new LinkedHashMap<>();
                for (Map.Entry<String, JsonNode> property : json.properties()) {
                    String name = property.getKey();
                    String at = Context.child(place, name);
                    String read = value.read(property.getValue(), at, context);
                    checkKey(name, at, context);
                    if (read != null) {
                        values.put(name, read);
                    }
                }
                return values;
            }

            @Override
            JsonNode write(Map<String, String> values, Context context) {
                ObjectNode object = NODES.objectNode();
                new TreeMap<>(values).forEach((name, one) -> object.set(name, value.write(one, context)));
                return object;
            }

            @Override
            void check(Map<String, String> values, String place, Context context) {
                new TreeMap<>(values).forEach((name, one) -> {
                    String at = Context.child(place, name);
                    value.check(one, at, context);
                    checkKey(name, at, context);
                });
            }

            private void checkKey(String name, String at, Context context) {
                String expectation = key.expectation(name);
                if (expectation != null) {
                    context.report("INVALID", at, Context.quote(name), expectation);
                }
            }

            @Override
            ObjectNode schema(ConfigSchema.Definitions definitions) {
                ObjectNode schema = NODES.objectNode().put("type", "object");
                schema.set("additionalProperties", value.schema(definitions));
                return schema;
            }

            @Override
            String label() {
                return label;
            }
        };
    }

    /** The same JSON, another class in Java. */
    static <A, B> Type<B> mapped(Type<A> type, Function<A, B> to, Function<B, A> from) {
        return new Type<>() {
            @Override
            @Nullable
            B read(JsonNode json, String place, Context context) {
                A value = type.read(json, place, context);
                return value == null ? null : to.apply(value);
            }

            @Override
            JsonNode write(B value, Context context) {
                return type.write(from.apply(value), context);
            }

            @Override
            void check(B value, String place, Context context) {
                type.check(from.apply(value), place, context);
            }

            @Override
            ObjectNode schema(ConfigSchema.Definitions definitions) {
                return type.schema(definitions);
            }

            @Override
            String label() {
                return type.label();
            }
        };
    }
}
