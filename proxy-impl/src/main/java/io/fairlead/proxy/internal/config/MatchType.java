package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Match.And;
import io.fairlead.proxy.route.Match.ClientAddress;
import io.fairlead.proxy.route.Match.Field;
import io.fairlead.proxy.route.Match.Host;
import io.fairlead.proxy.route.Match.Method;
import io.fairlead.proxy.route.Match.Not;
import io.fairlead.proxy.route.Match.Or;
import io.fairlead.proxy.route.Match.Path;
import io.fairlead.proxy.route.Match.PathRegex;
import io.fairlead.proxy.route.Match.Source;
import io.fairlead.proxy.route.Match.Test;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A match as an object: each key is a condition, all of which must hold; no key is every request.
 *
 * <p>{@code {"host": "a", "path": "/b"}} is {@code host("a").and(path("/b"))}, in the order of the keys. Where that form
 * would lose a part, because two have one key or one has none, the parts stand in a list under {@code all}.
 */
final class MatchType extends Type<Match> {

    /** One key of the object. */
    private record Condition<M extends Match, V>(
            String key,
            Class<M> javaType,
            Predicate<M> fits,
            Type<V> type,
            Function<V, Match> make,
            Function<M, V> value,
            String doc) {

        boolean holds(Match match) {
            return javaType.isInstance(match) && fits.test(javaType.cast(match));
        }

        @Nullable
        Match read(JsonNode json, String place, Context context) {
            V read = type.read(json, place, context);
            return read == null ? null : make.apply(read);
        }

        JsonNode write(Match match, Context context) {
            return type.write(value.apply(javaType.cast(match)), context);
        }

        void check(Match match, String place, Context context) {
            type.check(value.apply(javaType.cast(match)), place, context);
        }
    }

    private final Map<String, Condition<?, ?>> conditions = new LinkedHashMap<>();
    private final List<ObjectType<Field, Field>> fieldTypes = new ArrayList<>();

    MatchType() {
        add(
                "host",
                Host.class,
                Syntax.TEXT,
                Host::new,
                Host::pattern,
                "`shop.example.com`, or `*.example.com` for every name below it.");
        add(
                "path",
                Path.class,
                Syntax.TEXT,
                Path::new,
                Path::pattern,
                "`/health` exactly, `/api/**` with all below it, `/users/{id}` with a variable.");
        add(
                "pathRegex",
                PathRegex.class,
                Syntax.REGEX,
                PathRegex::new,
                PathRegex::regex,
                "A regular expression for the whole path; its named groups become variables.");
        add(
                "method",
                Method.class,
                Types.list(Syntax.TOKEN, 1, true),
                Method::new,
                Method::methods,
                "The method is one of these.");
        add(Source.HEADER, "A header field.");
        add(Source.QUERY, "A query parameter.");
        add(Source.COOKIE, "A cookie.");
        add(
                "clientAddress",
                ClientAddress.class,
                Types.list(Syntax.NETWORK, 1, true),
                ClientAddress::new,
                ClientAddress::networks,
                "The client's address lies in one of these CIDR blocks.");
        add("all", And.class, Types.list(this, 1, false), And::new, And::parts, "All of these hold.");
        add("any", Or.class, Types.list(this, 1, false), Or::new, Or::parts, "One of these holds.");
        add("not", Not.class, this, Not::new, Not::match, "This does not hold.");
    }

    private <M extends Match, V> void add(
            String key, Class<M> javaType, Type<V> type, Function<V, Match> make, Function<M, V> value, String doc) {
        conditions.put(key, new Condition<>(key, javaType, match -> true, type, make, value, doc));
    }

    private void add(Source source, String doc) {
        String key = source.name().toLowerCase(Locale.ROOT);
        String name = source.name().charAt(0) + key.substring(1) + "Match";
        ObjectType<Field, Field> type = fieldType(name, source);
        fieldTypes.add(type);
        conditions.put(
                key,
                new Condition<>(
                        key,
                        Field.class,
                        field -> field.source() == source && isPlain(field),
                        type,
                        made -> made,
                        field -> field,
                        doc));
    }

    /** The factories leave the value empty where only presence is asked. */
    private static boolean isPlain(Field field) {
        return field.test() != Test.PRESENT || field.value().isEmpty();
    }

    private static ObjectType<Field, Field> fieldType(String name, Source source) {
        Type<String> value = source == Source.HEADER ? Syntax.FIELD_VALUE : Syntax.ANY_TEXT;
        return new ObjectType<Field, Field>(
                        name,
                        "Asks for presence unless `value` or `regex` is given.",
                        new Field(source, "", Test.PRESENT, ""),
                        values -> new Field(source, values.text("name"), Test.PRESENT, ""),
                        field -> field)
                .required(
                        "name",
                        source == Source.QUERY ? Syntax.TEXT : Syntax.TOKEN,
                        Field::name,
                        source == Source.HEADER ? "The name, regardless of case." : "The name.")
                .optional(
                        "value",
                        value,
                        field -> field.test() == Test.EQUALS ? field.value() : null,
                        (field, text) -> new Field(source, field.name(), Test.EQUALS, text),
                        "Exactly this value.")
                .optional(
                        "regex",
                        Syntax.REGEX,
                        field -> field.test() == Test.REGEX ? field.value() : null,
                        (field, text) -> new Field(source, field.name(), Test.REGEX, text),
                        "A regular expression for the whole value.")
                .notBoth("value", "regex");
    }

    /** Key and documentation of each condition. */
    List<String[]> rows() {
        List<String[]> rows = new ArrayList<>();
        conditions.forEach(
                (key, condition) -> rows.add(new String[] {key, condition.type().label(), condition.doc()}));
        return rows;
    }

    List<ObjectType<Field, Field>> fieldTypes() {
        return fieldTypes;
    }

    private @Nullable Condition<?, ?> of(Match match) {
        for (Condition<?, ?> condition : conditions.values()) {
            if (condition.holds(match)) {
                return condition;
            }
        }
        return null;
    }

    /** The keys of the parts, if they can stand side by side in one object; else null. */
    private @Nullable List<Condition<?, ?>> sideBySide(And and) {
        List<Condition<?, ?>> found = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        for (Match part : and.parts()) {
            Condition<?, ?> condition = of(part);
            if (condition == null || !keys.add(condition.key())) {
                return null;
            }
            found.add(condition);
        }
        return found.size() < 2 ? null : found;
    }

    @Override
    @Nullable
    Match read(JsonNode json, String place, Context context) {
        if (!json.isObject()) {
            wrongType(json, place, context, "an object, such as {\"path\": \"/api/**\"}");
            return null;
        }
        List<Match> parts = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : json.properties()) {
            String key = property.getKey();
            String at = Context.child(place, key);
            Condition<?, ?> condition = conditions.get(key);
            if (condition == null) {
                context.report("UNKNOWN_KEY", at, "unknown key", Names.expectation(key, conditions.keySet()));
                continue;
            }
            Match part = condition.read(property.getValue(), at, context);
            if (part != null) {
                parts.add(part);
            }
        }
        return parts.isEmpty() ? Match.any() : parts.size() == 1 ? parts.get(0) : new And(parts);
    }

    @Override
    JsonNode write(Match match, Context context) {
        ObjectNode object = NODES.objectNode();
        if (match instanceof And and) {
            List<Condition<?, ?>> keys = sideBySide(and);
            if (keys != null) {
                for (int i = 0; i < keys.size(); i++) {
                    object.set(keys.get(i).key(), keys.get(i).write(and.parts().get(i), context));
                }
                return object;
            }
        }
        Condition<?, ?> condition = of(match);
        if (condition != null) {
            object.set(condition.key(), condition.write(match, context));
        }
        return object;
    }

    @Override
    void check(Match match, String place, Context context) {
        if (match instanceof And and) {
            List<Condition<?, ?>> keys = sideBySide(and);
            if (keys != null) {
                for (int i = 0; i < keys.size(); i++) {
                    Condition<?, ?> key = keys.get(i);
                    key.check(and.parts().get(i), Context.child(place, key.key()), context);
                }
                return;
            }
        }
        Condition<?, ?> condition = of(match);
        if (condition != null) {
            condition.check(match, Context.child(place, condition.key()), context);
        } else if (match != Match.any()) {
            context.report("INVALID", place, Objects.toString(match), "what the factory methods of Match give");
        }
    }

    /**
     * The place in JSON of a part.
     *
     * @param path from the match to the part as the model has it, such as {@code .and[1].path}
     */
    String place(Match match, String place, String path) {
        return place(match, place, path, false);
    }

    private String place(Match match, String place, String path, boolean listed) {
        if (match instanceof And and && path.startsWith(".and")) {
            boolean sideBySide = !listed && sideBySide(and) != null;
            return part(and.parts(), sideBySide ? place : place + ".all", path, sideBySide);
        }
        if (match instanceof Or or && path.startsWith(".or")) {
            return part(or.parts(), place + ".any", path, false);
        }
        if (match instanceof Not not && path.startsWith(".not")) {
            return place(not.match(), place + ".not", path.substring(".not".length()), false);
        }
        return place + path;
    }

    private String part(List<Match> parts, String place, String path, boolean sideBySide) {
        int open = path.indexOf('[');
        int close = path.indexOf(']');
        if (open < 0 || close < open) {
            return place;
        }
        int index = Integer.parseInt(path.substring(open + 1, close));
        String inner = sideBySide ? place : place + "[" + index + "]";
        // Side by side, a list of parts has a key of its own and is written as a list.
        return place(parts.get(index), inner, path.substring(close + 1), sideBySide);
    }

    @Override
    ObjectNode schema(ConfigSchema.Definitions definitions) {
        return definitions.named("Match", () -> {
            ObjectNode schema = NODES.objectNode()
                    .put("type", "object")
                    .put("description", "Which requests: all keys must hold; no key is every request.");
            ObjectNode properties = schema.putObject("properties");
            conditions.forEach((key, condition) -> {
                ObjectNode property = condition.type().schema(definitions);
                properties.set(key, property.put("description", condition.doc()));
            });
            return schema.put("additionalProperties", false);
        });
    }

    @Override
    String label() {
        return "[Match](#match)";
    }
}
