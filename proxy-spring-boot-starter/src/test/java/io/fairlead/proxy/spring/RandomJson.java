package io.fairlead.proxy.spring;

import io.fairlead.proxy.internal.config.ConfigSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Draws what the JSON Schema of the configuration allows, whether a proxy could run it or not: every key now and then. */
final class RandomJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** What could be mistaken for a list, a switch, a number, a placeholder or an escape. */
    private static final List<String> TEXTS = List.of(
            "a", "", "a, b", " x ", "true", "off", "12", "{id}", "/$1", "\\d+", "C:\\x", "\"q\"", "é", "#1", "a: b",
            "5s");

    private static final List<String> KEYS = List.of("X-Name", "x.dotted", "plain", "X_1", "on");
    private static final int DEEPEST = 7;

    private final JsonNode schema = JsonMapper.shared().readTree(ConfigSchema.generate());
    private final Random random;

    RandomJson(Random random) {
        this.random = random;
    }

    ObjectNode config() {
        ObjectNode config = object(schema, 0);
        config.remove("$schema");
        return config.put("version", 1);
    }

    JsonNode schema() {
        return schema;
    }

    private JsonNode resolve(JsonNode type) {
        JsonNode ref = type.get("$ref");
        return ref == null ? type : schema.get("$defs").get(ref.stringValue().substring("#/$defs/".length()));
    }

    private JsonNode value(JsonNode given, int depth) {
        JsonNode type = resolve(given);
        if (type.has("oneOf")) {
            return value(one(type.get("oneOf")), depth);
        }
        if (type.has("anyOf")) {
            JsonNode alternative = resolve(one(type.get("anyOf")));
            // A list of one text may be written as that text, and is read as a list.
            for (JsonNode list : type.get("anyOf")) {
                alternative = resolve(list).path("type").stringValue("").equals("array") ? resolve(list) : alternative;
            }
            return value(alternative, depth);
        }
        if (type.has("const")) {
            return type.get("const");
        }
        if (type.has("enum")) {
            return one(type.get("enum"));
        }
        JsonNode name = type.path("type");
        if (name.isArray()) {
            return name.get(0).stringValue().equals("boolean")
                    ? NODES.booleanNode(random.nextBoolean())
                    : NODES.numberNode(number(type));
        }
        return switch (name.stringValue("")) {
            case "array" -> array(type, depth);
            case "object" -> type.has("properties") ? object(type, depth) : map();
            default -> NODES.stringNode(TEXTS.get(random.nextInt(TEXTS.size())));
        };
    }

    private ObjectNode object(JsonNode type, int depth) {
        ObjectNode object = NODES.objectNode();
        List<String> required = new ArrayList<>();
        type.path("required").forEach(key -> required.add(key.stringValue()));
        for (Map.Entry<String, JsonNode> property : type.get("properties").properties()) {
            boolean leaf = depth >= DEEPEST;
            if (required.contains(property.getKey()) || (!leaf && random.nextInt(5) < 2)) {
                object.set(property.getKey(), value(property.getValue(), depth + 1));
            }
        }
        return object;
    }

    private ObjectNode map() {
        ObjectNode map = NODES.objectNode();
        KEYS.forEach(key -> {
            if (random.nextBoolean()) {
                map.put(key, TEXTS.get(random.nextInt(TEXTS.size())));
            }
        });
        return map;
    }

    private ArrayNode array(JsonNode type, int depth) {
        ArrayNode array = NODES.arrayNode();
        for (int i = depth >= DEEPEST ? 0 : random.nextInt(4); i > 0; i--) {
            array.add(value(type.get("items"), depth + 1));
        }
        return array;
    }

    private long number(JsonNode type) {
        long least = type.path("minimum").longValue(0);
        long most = type.path("maximum").longValue(Long.MAX_VALUE);
        return switch (random.nextInt(3)) {
            case 0 -> least;
            case 1 -> most;
            default -> most == Long.MAX_VALUE ? random.nextLong(least, most) : random.nextLong(least, most + 1);
        };
    }

    private JsonNode one(JsonNode choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
