package io.fairlead.proxy.spring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Writes {@link PropertyTypes} from the JSON Schema of the configuration: what a property is for an IDE, which is not always
 * what it is in JSON, since {@link PropertyReader} takes texts for lists and names for objects.
 */
final class PropertyTypesSource {
    private static final String HEAD = """
            package io.fairlead.proxy.spring;

            %s

            /**
             * The shape of the {@code fairlead.*} properties, for editors alone: the metadata names these types, and editors read
             * from them what may stand in an element of a list or of a map. Nothing makes an instance. Written by
             * {@code MetadataTest} from the table that the reader uses, too.
             */
            final class PropertyTypes {

                private PropertyTypes() {}
            """;

    private final JsonNode schema;
    private final Map<String, String> types = new TreeMap<>();
    private final Set<String> imports = new LinkedHashSet<>();

    PropertyTypesSource(JsonNode schema) {
        this.schema = schema;
    }

    /** The source of all types that {@link #type} was asked for. */
    String source() {
        StringBuilder source = new StringBuilder();
        types.values().forEach(source::append);
        String imported =
                imports.stream().sorted().map(name -> "import " + name + ";").collect(Collectors.joining("\n"));
        return HEAD.formatted(imported) + source + "}\n";
    }

    /** The type of a property, as Java writes it inside of {@link PropertyTypes}. */
    String type(String key, JsonNode given) {
        String ref = refOf(given);
        JsonNode type = ref == null ? given : schema.get("$defs").get(ref);
        if ("Duration".equals(ref)) {
            return imported("java.time.Duration");
        }
        if (type.has("anyOf")) {
            return either(key, type.get("anyOf"));
        }
        if (type.has("oneOf")) {
            return variants(ref, type);
        }
        if (type.has("enum")) {
            return enumeration(key, given, type);
        }
        if (type.has("items")) {
            JsonNode items = type.get("items");
            String element = items.has("enum") ? enumeration(key, given, items) : type(key, items);
            // By their names, as the page shows them: sources add up then, and an editor accepts a number for a name,
            // too.
            return isNamed(items)
                    ? imported("java.util.Map") + "<String, " + element + ">"
                    : imported("java.util.List") + "<" + element + ">";
        }
        if (type.has("properties")) {
            return isText(type) ? "String" : object(ref, type);
        }
        if (type.has("additionalProperties")) {
            return imported("java.util.Map") + "<String, String>";
        }
        JsonNode name = type.get("type");
        return switch (name.isArray() ? name.get(0).stringValue() : name.stringValue()) {
            case "boolean" -> "Boolean";
            case "integer" -> number(key, type);
            default -> "String";
        };
    }

    private String number(String key, JsonNode type) {
        if (key.endsWith("Bytes")) {
            return imported("org.springframework.util.unit.DataSize");
        }
        return type.path("maximum").asLong(Long.MAX_VALUE) > Integer.MAX_VALUE ? "Long" : "Integer";
    }

    /** A text, or a list, or an object: properties have texts with commas, so a list is the best of them. */
    private String either(String key, JsonNode alternatives) {
        for (JsonNode one : alternatives) {
            if (one.has("items")) {
                return type(key, one);
            }
        }
        return "String";
    }

    /** Objects that {@code type} tells apart: their names alone if that will do, else all of their keys together. */
    private String variants(String ref, JsonNode type) {
        List<String> names = new ArrayList<>();
        Set<String> alone = new LinkedHashSet<>();
        Map<String, JsonNode> keys = new LinkedHashMap<>();
        for (JsonNode variant : type.get("oneOf")) {
            if (variant.has("const")) {
                alone.add(variant.get("const").stringValue());
                continue;
            }
            if (variant.at("/properties/type").has("const")) {
                names.add(variant.at("/properties/type/const").stringValue());
            }
            variant.get("properties").properties().forEach(entry -> keys.putIfAbsent(entry.getKey(), entry.getValue()));
        }
        if (alone.containsAll(names)) {
            return enumeration(ref, type, names);
        }
        return types.containsKey(ref) ? ref : record(ref, type, keys, names);
    }

    private String object(String ref, JsonNode type) {
        if (!types.containsKey(ref)) {
            // Present before it is made, because a match holds matches.
            types.put(ref, "");
            Map<String, JsonNode> keys = new LinkedHashMap<>();
            type.get("properties").properties().forEach(entry -> keys.put(entry.getKey(), entry.getValue()));
            record(ref, type, keys, List.of());
        }
        return ref;
    }

    private String record(String ref, JsonNode type, Map<String, JsonNode> keys, List<String> names) {
        StringBuilder doc = javadoc(type);
        doc.append("     *\n");
        List<String> components = new ArrayList<>();
        keys.forEach((key, value) -> {
            boolean tag = !names.isEmpty() && key.equals("type");
            String is = tag ? enumeration(ref + "Type", type, names) : type(key, value);
            components.add(is + " " + key);
            String description =
                    tag ? "Which of them." : value.get("description").stringValue();
            // Variants may mean different things by one key.
            boolean shared = !names.isEmpty() && !tag;
            doc.append(wrapped("@param " + key + " " + (shared ? usedBy(type, key) : html(description))));
        });
        doc.append("     */\n");
        String line = "    record " + ref + "(" + String.join(", ", components) + ") {}\n";
        types.put(ref, doc + line);
        return ref;
    }

    private static String usedBy(JsonNode type, String key) {
        List<String> users = new ArrayList<>();
        for (JsonNode variant : type.get("oneOf")) {
            if (variant.path("properties").has(key)
                    && !variant.get("properties").has("type")) {
                return html(variant.at("/properties/" + key + "/description").stringValue());
            }
            if (variant.path("properties").has(key)) {
                users.add(Names.kebab(variant.at("/properties/type/const").stringValue()));
            }
        }
        return "Of " + String.join(", ", users) + ".";
    }

    private String enumeration(String key, JsonNode described, JsonNode type) {
        List<String> constants = new ArrayList<>();
        type.get("enum").forEach(one -> constants.add(one.stringValue()));
        return enumeration(Character.toUpperCase(key.charAt(0)) + key.substring(1), described, constants);
    }

    private String enumeration(String name, JsonNode described, List<String> constants) {
        String values = constants.stream()
                .map(one -> Names.kebab(one).replace('-', '_').toUpperCase(Locale.ROOT))
                .collect(Collectors.joining(",\n        "));
        types.put(name, javadoc(described) + "     */\n    enum " + name + " {\n        " + values + "\n    }\n");
        return name;
    }

    private StringBuilder javadoc(JsonNode described) {
        return new StringBuilder("\n    /**\n")
                .append(wrapped(html(described.get("description").stringValue())));
    }

    private static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder("     *");
        for (String word : text.split(" ")) {
            if (line.length() + word.length() >= 120) {
                lines.append(line).append('\n');
                line = new StringBuilder("     *    ");
            }
            line.append(' ').append(word);
        }
        return lines.append(line).append('\n').toString();
    }

    private static String html(String description) {
        return description.replaceAll("`([^`]*)`", "{@code $1}");
    }

    private String imported(String name) {
        imports.add(name);
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static @Nullable String refOf(JsonNode node) {
        return node.has("$ref") ? node.get("$ref").stringValue().substring("#/$defs/".length()) : null;
    }

    private boolean isNamed(JsonNode items) {
        String ref = refOf(items);
        for (JsonNode required : ref == null ? items.path("required") : schema.at("/$defs/" + ref + "/required")) {
            if (required.stringValue().equals("id") || required.stringValue().equals("name")) {
                return true;
            }
        }
        return false;
    }

    /** An object with one key, which must be there, is written as the value of that. */
    private static boolean isText(JsonNode type) {
        return type.get("properties").size() == 1 && type.path("required").size() == 1;
    }
}
