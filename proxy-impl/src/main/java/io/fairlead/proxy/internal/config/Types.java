package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The types that are not objects. */
final class Types {
    /** A number or a switch may come from the environment too. */
    private static final String PLACEHOLDER_PATTERN = "\\$\\{(env|file):[^}]*\\}";

    private Types() {}

    /** Says what is wrong with a text. */
    @FunctionalInterface
    interface Rule {
        /** What should stand there; null if the text is fine. */
        @Nullable
        String expectation(String text);
    }

    /** Reads a string with its placeholders resolved; null after a problem was reported. */
    private static @Nullable String string(JsonNode json, String place, Context context) {
        return context.placeholders().resolve(json.stringValue(), place, context);
    }

    static Type<String> text(String label, Rule rule) {
        return new Text(label, null, rule);
    }

    static Type<String> text(String label, String pattern, Rule rule) {
        return new Text(label, pattern, rule);
    }

    private static final class Text extends Type<String> {
        private final String label;
        private final @Nullable String pattern;
        private final Rule rule;

        Text(String label, @Nullable String pattern, Rule rule) {
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
            String value = string(json, place, context);
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
                schema.put("pattern", pattern + "|" + PLACEHOLDER_PATTERN);
            }
            return schema;
        }

        @Override
        String label() {
            return label;
        }
    }

    static Type<Integer> integer(int min, int max) {
        return new Whole<>("number", min, max, number -> (int) number);
    }

    /** At least {@code min}. */
    static Type<Integer> integer(int min) {
        return integer(min, Integer.MAX_VALUE);
    }

    static Type<Long> bytes(long min) {
        return new Whole<>("number", min, Long.MAX_VALUE, number -> number);
    }

    private static final class Whole<N extends Number> extends Type<N> {
        private final String label;
        private final long min;
        private final long max;
        private final LongFunction<N> make;

        Whole(String label, long min, long max, LongFunction<N> make) {
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
                String resolved = string(json, place, context);
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
            return schema.put("minimum", min).put("maximum", max).put("pattern", PLACEHOLDER_PATTERN);
        }

        @Override
        String label() {
            boolean free = min == Integer.MIN_VALUE;
            boolean open = max == Integer.MAX_VALUE || max == Long.MAX_VALUE;
            return free
                    ? label
                    : min == max
                            ? "`" + min + "`"
                            : open ? label + ", at least " + min : label + ", " + min + " to " + max;
        }
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
        Map<String, E> names = new LinkedHashMap<>();
        for (E constant : type.getEnumConstants()) {
            names.put(camelCase(constant.name()), constant);
        }
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
            void check(E value, String place, Context context) {}

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
        return new Time(min);
    }

    private static final class Time extends Type<Duration> {
        private final Duration min;

        Time(Duration min) {
            this.min = min;
        }

        @Override
        @Nullable
        Duration read(JsonNode json, String place, Context context) {
            if (!json.isString()) {
                wrongType(json, place, context, Durations.EXPECTATION);
                return null;
            }
            String text = string(json, place, context);
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
                            .put("pattern", Durations.PATTERN + "|" + PLACEHOLDER_PATTERN));
        }

        @Override
        String label() {
            return min.isZero() ? "duration" : "duration, at least `" + Durations.format(min) + "`";
        }
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
