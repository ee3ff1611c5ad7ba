package io.fairlead.proxy.internal.config;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads JSON text as a tree. Jackson's own tree reader either keeps the last of two equal keys or stops at the first
 * such pair; here each pair becomes a problem with its place, and reading goes on.
 */
final class JsonTree {
    static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonTree() {}

    /** The tree; null after a problem was reported. */
    static @Nullable JsonNode parse(String json, Context context) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            if (parser.nextToken() == null) {
                context.report("SYNTAX", "", "nothing", "a JSON object");
                return null;
            }
            JsonNode tree = value(parser, "", context);
            if (parser.nextToken() != null) {
                report(parser.currentTokenLocation(), "text after the end of the object", context);
                return null;
            }
            return tree;
        } catch (JacksonException e) {
            report(e.getLocation(), e.getOriginalMessage(), context);
            return null;
        }
    }

    private static void report(@Nullable TokenStreamLocation location, String message, Context context) {
        String place = location == null ? "" : "line " + location.getLineNr() + ", column " + location.getColumnNr();
        context.report("SYNTAX", place, reason(message), "JSON (RFC 8259)");
    }

    /** Jackson's reason, without the list of all that might have stood there, and without its name for the text. */
    private static String reason(String message) {
        int end = message.length();
        for (String rest : List.of(": was expecting", ": expected", " (start marker", "\n")) {
            int at = message.indexOf(rest);
            end = at < 0 ? end : Math.min(end, at);
        }
        return Context.abbreviate(message.substring(0, end));
    }

    private static JsonNode value(JsonParser parser, String place, Context context) {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> object(parser, place, context);
            case START_ARRAY -> array(parser, place, context);
            case VALUE_STRING -> NODES.stringNode(parser.getString());
            case VALUE_NUMBER_INT -> NODES.numberNode(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new IllegalStateException("token " + token);
        };
    }

    private static ObjectNode object(JsonParser parser, String place, Context context) {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            String child = Context.child(place, key);
            parser.nextToken();
            JsonNode value = value(parser, child, context);
            if (object.has(key)) {
                context.report("DUPLICATE_KEY", child, "given twice", "each key once");
            } else {
                object.set(key, value);
            }
        }
        return object;
    }

    private static ArrayNode array(JsonParser parser, String place, Context context) {
        ArrayNode array = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(value(parser, place + "[" + array.size() + "]", context));
        }
        return array;
    }
}
