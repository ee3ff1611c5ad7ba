package io.fairlead.proxy.spring;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.internal.config.ConfigSchema;
import io.fairlead.proxy.spring.PropertyTree.Node;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PlaceholdersResolver;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the {@code fairlead.*} properties as the JSON that means the same, and that JSON as a {@link ProxyConfig}: so
 * there is one reader and one validator, and properties can say whatever JSON can.
 *
 * <p>The JSON Schema leads the way, because a property is a text, while JSON tells numbers, switches and lists apart.
 * What does not fit is passed on as it is, for the JSON reader to report. The conventions are those of Spring Boot:
 * relaxed names; a list comes from one source as a whole; a number of bytes may have a unit. Pools and routes may also be
 * keyed by their names, and then sources add up.
 */
final class PropertyReader {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,30}");
    private static final Pattern DATA_SIZE = Pattern.compile("[0-9]{1,12}(B|KB|MB|GB|TB)");
    private static final Set<String> SWITCHES = Set.of("enabled", "name", "iothreads");

    /** YAML takes the bare words on and off for switches, also as keys. */
    private static final Map<String, String> BARE = Map.of("on", "true", "off", "false");

    /** What the JSON reader resolves itself, and Spring would take for a property with a default. */
    private static final Pattern KEPT = Pattern.compile("(?<![\\\\$])\\$\\{(?=(env|file):)");

    /** Where we are: a name among these sources, and its place in the JSON. */
    private record Spot(
            ConfigurationPropertyName name,
            @Nullable Node node,
            List<ConfigurationPropertySource> sources,
            String place) {

        Spot child(String key) {
            Node below = node == null ? null : node.children.get(Names.uniform(key));
            Node bare = node == null ? null : bare(node, key);
            if (bare != null && (below == null || rank(bare) < rank(below))) {
                below = bare;
            }
            ConfigurationPropertyName known =
                    below != null && below == bare ? bare.name : name.append(Names.kebab(key));
            return new Spot(known, below, sources, place.isEmpty() ? key : place + "." + key);
        }

        /** What YAML has made of the key, if that is not what was written. */
        private static @Nullable Node bare(Node node, String key) {
            String word = BARE.get(key);
            return word == null ? null : node.children.get(word);
        }

        /** The place of the strongest source that has the node, from 0. */
        private int rank(Node child) {
            int rank = 0;
            while (rank < sources.size() && !child.sources.contains(sources.get(rank))) {
                rank++;
            }
            return rank;
        }

        boolean hasChildren() {
            return node != null && node.children.values().stream().anyMatch(this::sees);
        }

        boolean sees(Node child) {
            return sources.stream().anyMatch(child.sources::contains);
        }
    }

    private final PropertyTree tree;
    private final JsonNode schema;
    private final PlaceholdersResolver placeholders;
    private final PropertyPlaces places = new PropertyPlaces();

    PropertyReader(Environment environment) {
        this.tree = new PropertyTree(ConfigurationPropertySources.get(environment));
        this.schema = JsonMapper.shared().readTree(ConfigSchema.generate());
        PlaceholdersResolver spring = new PropertySourcesPlaceholdersResolver(environment);
        this.placeholders = value -> spring.resolvePlaceholders(
                value instanceof String text ? KEPT.matcher(text).replaceAll("\\\\\\${") : value);
    }

    /** Whether there is any property that is meant for the proxy. */
    static boolean isConfigured(Environment environment) {
        PropertyTree tree = new PropertyTree(ConfigurationPropertySources.get(environment));
        if (tree.root().children.isEmpty()) {
            return false;
        }
        if (tree.root().children.values().stream().anyMatch(child -> child.meant)) {
            return true;
        }
        PropertyReader reader = new PropertyReader(environment);
        return reader.schema.get("properties").propertyNames().stream()
                .anyMatch(key -> tree.root().children.containsKey(Names.uniform(key)));
    }

    /**
     * The configuration.
     *
     * @throws InvalidProxyPropertiesException with all problems
     */
    ProxyConfig read() {
        try {
            return ProxyConfig.fromJson(json().toString());
        } catch (ConfigurationException e) {
            throw places.translate(e);
        }
    }

    /** The JSON that means the same. */
    ObjectNode json() {
        Spot root = new Spot(PropertyTree.ROOT, tree.root(), tree.sources(), "");
        ObjectNode json = object(schema, root, false);
        if (!json.has("version")) {
            json.put("version", 1);
        }
        return json;
    }

    PropertyPlaces places() {
        return places;
    }

    // ---- what a schema describes

    private @Nullable JsonNode value(JsonNode given, Spot spot, String key) {
        JsonNode type = resolve(given);
        if (type.has("anyOf")) {
            for (JsonNode one : type.get("anyOf")) {
                JsonNode alternative = resolve(one);
                if (is(alternative, "array") || (is(alternative, "object") && spot.hasChildren())) {
                    return value(alternative, spot, key);
                }
            }
            return text(spot);
        }
        if (type.has("oneOf")) {
            return variant(type.get("oneOf"), spot);
        }
        if (is(type, "array")) {
            return array(type.get("items"), spot, key);
        }
        if (is(type, "object")) {
            return spot.hasChildren() ? object(type, spot, false) : shorthand(type, spot);
        }
        return scalar(type, spot, key);
    }

    private JsonNode resolve(JsonNode type) {
        JsonNode ref = type.get("$ref");
        return ref == null ? type : schema.get("$defs").get(ref.stringValue().substring("#/$defs/".length()));
    }

    private static boolean is(JsonNode type, String name) {
        JsonNode given = type.get("type");
        return given != null && given.isString() && given.stringValue().equals(name);
    }

    private static boolean allows(JsonNode type, String name) {
        JsonNode given = type.get("type");
        if (given != null && given.isArray()) {
            for (JsonNode one : given) {
                if (one.stringValue().equals(name)) {
                    return true;
                }
            }
        }
        return false;
    }

    private ObjectNode object(JsonNode type, Spot spot, boolean tagged) {
        places.put(spot.place(), spot.name().toString());
        JsonNode properties = type.get("properties");
        if (properties == null) {
            return map(spot);
        }
        ObjectNode object = NODES.objectNode();
        for (Map.Entry<String, JsonNode> property : properties.properties()) {
            String key = property.getKey();
            if (key.startsWith("$") || (tagged && key.equals("type"))) {
                continue;
            }
            JsonNode value = value(property.getValue(), spot.child(key), key);
            if (value != null) {
                object.set(key, value);
            }
        }
        unknown(properties, spot, object);
        return object;
    }

    /** What is unknown becomes an unknown key, unless it may be meant for another program. */
    private void unknown(JsonNode properties, Spot spot, ObjectNode object) {
        if (spot.node() == null) {
            return;
        }
        Set<String> known = new HashSet<>();
        for (String key : properties.propertyNames()) {
            known.add(Names.uniform(key));
            known.add(BARE.getOrDefault(key, key));
        }
        spot.node().children.forEach((uniform, child) -> {
            boolean own = spot.place().isEmpty() && SWITCHES.contains(uniform);
            if (known.contains(uniform) || own || !child.meant || !spot.sees(child)) {
                return;
            }
            String key = Names.camel(child.original());
            String place = spot.place().isEmpty() ? key : spot.place() + "." + key;
            places.put(place, child.name.toString());
            text(new Spot(child.name, child, spot.sources(), place));
            object.put(key, "");
        });
    }

    /** An object with free keys, such as header fields. */
    private ObjectNode map(Spot spot) {
        ObjectNode object = NODES.objectNode();
        Binder binder = new Binder(spot.sources(), placeholders);
        binder.bind(spot.name(), Bindable.mapOf(String.class, String.class))
                .orElse(Map.of())
                .forEach(object::put);
        return object;
    }

    /** One of several objects, told apart by {@code type}. */
    private @Nullable JsonNode variant(JsonNode variants, Spot spot) {
        if (!spot.hasChildren()) {
            JsonNode text = text(spot);
            return text == null ? null : named(variants, text.stringValue(), spot);
        }
        JsonNode tag = text(spot.child("type"));
        JsonNode untagged = untagged(variants);
        if (tag == null && untagged != null) {
            return object(untagged, spot, false);
        }
        String type = tag == null ? null : constant(variants, tag.stringValue());
        for (JsonNode variant : variants) {
            if (type != null
                    && variant.has("properties")
                    && variant.at("/properties/type/const").stringValue("").equals(type)) {
                ObjectNode object = object(variant, spot, true);
                return object.put("type", type);
            }
        }
        places.put(spot.place(), spot.name().toString());
        ObjectNode object = NODES.objectNode();
        return type == null ? object : object.put("type", type);
    }

    /** A variant by its name alone, or else what is meant by a name without {@code type}. */
    private JsonNode named(JsonNode variants, String text, Spot spot) {
        String type = constant(variants, text);
        JsonNode untagged = untagged(variants);
        if (untagged == null) {
            return NODES.stringNode(type);
        }
        for (JsonNode variant : variants) {
            if (variant.path("const").stringValue("").equals(type)) {
                return NODES.stringNode(type);
            }
        }
        return wrapped(untagged, text, spot);
    }

    /** The variant that needs no {@code type}. */
    private static @Nullable JsonNode untagged(JsonNode variants) {
        for (JsonNode variant : variants) {
            if (variant.has("properties") && !variant.get("properties").has("type")) {
                return variant;
            }
        }
        return null;
    }

    private static String constant(JsonNode variants, String text) {
        for (JsonNode variant : variants) {
            String type = variant.has("const")
                    ? variant.get("const").stringValue()
                    : variant.at("/properties/type/const").stringValue("");
            if (Names.uniform(type).equals(Names.uniform(text))) {
                return type;
            }
        }
        return text;
    }

    // ---- lists

    /** The strongest source that has anything decides. */
    private @Nullable ArrayNode array(JsonNode items, Spot spot, String key) {
        JsonNode item = resolve(items);
        for (ConfigurationPropertySource source : spot.sources()) {
            List<Node> children = spot.node() == null
                    ? List.of()
                    : spot.node().children.values().stream()
                            .filter(child -> child.sources.contains(source))
                            .toList();
            boolean separated = source.getConfigurationProperty(spot.name()) != null;
            if (separated || (is(item, "string") && !children.isEmpty())) {
                return texts(item, spot, key, source, separated);
            }
            if (!children.isEmpty()) {
                places.put(spot.place(), spot.name().toString());
                String name = nameOf(item);
                return name != null && children.stream().noneMatch(Node::isIndex)
                        ? named(item, spot, key, name)
                        : indexed(item, spot, key, source, children);
            }
        }
        return null;
    }

    /** A list of texts, or of what a text may stand for; separated by commas in one property, or numbered. */
    private ArrayNode texts(
            JsonNode item, Spot spot, String key, ConfigurationPropertySource source, boolean separated) {
        ArrayNode array = NODES.arrayNode();
        places.put(spot.place(), spot.name().toString());
        List<String> list = new Binder(List.of(source), placeholders)
                .bind(spot.name(), Bindable.listOf(String.class))
                .orElse(List.of());
        for (String text : list) {
            String place = spot.place() + "[" + array.size() + "]";
            ConfigurationPropertyName name =
                    separated ? spot.name() : spot.name().append("[" + array.size() + "]");
            Spot element = new Spot(name, null, List.of(source), place);
            text(element);
            array.add(element(item, text, element, key));
        }
        return array;
    }

    private JsonNode element(JsonNode item, String text, Spot spot, String key) {
        if (item.has("oneOf")) {
            return named(item.get("oneOf"), text, spot);
        }
        return item.has("properties") ? wrapped(item, text, spot) : scalar(item, text, key);
    }

    /** A list whose elements have numbers comes from one source, so that a shorter list is not filled up by another. */
    private ArrayNode indexed(
            JsonNode item, Spot spot, String key, ConfigurationPropertySource source, List<Node> children) {
        ArrayNode array = NODES.arrayNode();
        List<Node> sorted = new ArrayList<>(children);
        sorted.sort(Comparator.comparing(
                child -> child.isIndex() ? Integer.parseInt(child.original()) : Integer.MAX_VALUE));
        for (Node child : sorted) {
            String place = spot.place() + "[" + array.size() + "]";
            Spot element = new Spot(child.name, child, List.of(source), place);
            places.put(place, child.name.toString());
            JsonNode value = value(item, element, key);
            array.add(value == null ? NODES.objectNode() : value);
        }
        return array;
    }

    /** Pools and routes by their names: sources add up, in the order of the weakest. */
    private ArrayNode named(JsonNode item, Spot spot, String key, String name) {
        ArrayNode array = NODES.arrayNode();
        for (Node child : requireNonNull(spot.node()).children.values()) {
            if (child.isIndex() || !spot.sees(child)) {
                continue;
            }
            String place = spot.place() + "[" + array.size() + "]";
            places.put(place, child.name.toString());
            JsonNode value = value(item, new Spot(child.name, child, spot.sources(), place), key);
            if (value instanceof ObjectNode object && !object.has(name)) {
                object.put(name, child.original());
            }
            array.add(value == null ? NODES.objectNode().put(name, child.original()) : value);
        }
        return array;
    }

    /** The key that names an element, if it must have one. */
    private static @Nullable String nameOf(JsonNode item) {
        for (JsonNode required : item.path("required")) {
            String key = required.stringValue();
            if (key.equals("id") || key.equals("name")) {
                return key;
            }
        }
        return null;
    }

    // ---- texts

    /** An object of which only a text is given: empty, or the one thing that it needs. */
    private @Nullable JsonNode shorthand(JsonNode type, Spot spot) {
        JsonNode text = text(spot);
        if (text == null) {
            return null;
        }
        return text.stringValue().isEmpty() ? NODES.objectNode() : wrapped(type, text.stringValue(), spot);
    }

    private JsonNode wrapped(JsonNode type, String text, Spot spot) {
        JsonNode properties = type.get("properties");
        JsonNode required = type.get("required");
        if (properties != null && properties.size() == 1 && required != null && required.size() == 1) {
            String key = required.get(0).stringValue();
            places.put(spot.place() + "." + key, spot.name().toString());
            return NODES.objectNode().put(key, text);
        }
        return NODES.stringNode(text);
    }

    private @Nullable JsonNode scalar(JsonNode type, Spot spot, String key) {
        JsonNode node = text(spot);
        return node == null ? null : scalar(type, node.stringValue(), key);
    }

    /** The number, the switch or the constant that the text is, or else the text. */
    private static JsonNode scalar(JsonNode type, String text, String key) {
        if (allows(type, "integer")) {
            if (NUMBER.matcher(text).matches()) {
                return NODES.numberNode(new BigInteger(text));
            }
            if (key.endsWith("Bytes") && DATA_SIZE.matcher(text).matches()) {
                return NODES.numberNode(DataSize.parse(text).toBytes());
            }
        } else if (allows(type, "boolean")) {
            String lower = text.toLowerCase(Locale.ROOT);
            if (lower.equals("true") || lower.equals("false")) {
                return NODES.booleanNode(lower.equals("true"));
            }
        } else if (type.has("enum")) {
            for (JsonNode one : type.get("enum")) {
                String name = one.stringValue();
                // YAML takes a bare off for a switch.
                if (Names.uniform(name).equals(Names.uniform(text)) || (name.equals("off") && text.equals("false"))) {
                    return one;
                }
            }
        }
        return NODES.stringNode(text);
    }

    /** The value of the strongest source that has one; remembers where it came from. */
    private @Nullable JsonNode text(Spot spot) {
        for (ConfigurationPropertySource source : spot.sources()) {
            ConfigurationProperty property = source.getConfigurationProperty(spot.name());
            if (property != null) {
                places.put(spot.place(), spot.name().toString());
                if (property.getOrigin() != null) {
                    places.origin(spot.place(), property.getOrigin().toString());
                }
                String text = new Binder(List.of(source), placeholders)
                        .bind(spot.name(), Bindable.of(String.class))
                        .orElse("");
                return NODES.stringNode(text);
            }
        }
        return null;
    }
}
