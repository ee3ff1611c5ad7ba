package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fairlead.proxy.ProxyConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.env.OriginTrackedMapPropertySource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Whatever JSON can say, properties and YAML can say in kebab case: the reader finds the JSON again. */
class EveryPropertyTest {
    private static final int CONFIGS = 150;
    private static final Pattern YAML =
            Pattern.compile("^```yaml\\n(fairlead:.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);

    /** A way to write JSON for Spring. */
    enum Form {
        FLAT(json -> new OriginTrackedMapPropertySource("flat", flat(json, false))),
        FLAT_BY_NAME(json -> new OriginTrackedMapPropertySource("flat", flat(json, true))),
        YAML(json -> yaml("fairlead: " + written(json, "fairlead", false))),
        JSON(json -> yaml("fairlead: " + json));

        private final Function<ObjectNode, PropertySource<?>> writer;

        Form(Function<ObjectNode, PropertySource<?>> writer) {
            this.writer = writer;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everythingThatJsonSays_isFoundAgain(Form form) {
        long seed = new Random().nextLong();
        RandomJson random = new RandomJson(new Random(seed));
        for (int i = 0; i < CONFIGS; i++) {
            ObjectNode json = random.config();
            if (form == Form.FLAT_BY_NAME) {
                nameApart(json.path("pools"), "name");
                nameApart(json.path("routes"), "id");
            }
            ConfigurableEnvironment environment = new StandardEnvironment();
            environment
                    .getPropertySources()
                    .forEach(one -> environment.getPropertySources().remove(one.getName()));
            environment.getPropertySources().addLast(form.writer.apply(json));

            JsonNode read = new PropertyReader(environment).json();

            assertThat(sorted(read)).as("seed %d, configuration %d", seed, i).isEqualTo(sorted(json));
        }
    }

    @ParameterizedTest
    @MethodSource("yamlOfThePages")
    void yamlOfAPage_isUnderstood(String place, String yaml) {
        ConfigurableEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(yaml(yaml));

        ObjectNode json = new PropertyReader(environment).json();
        if (!json.has("routes")) {
            json.putArray("routes")
                    .addObject()
                    .put("id", "any")
                    .putObject("respond")
                    .put("status", 200);
        }
        assertThatCode(() -> ProxyConfig.fromJson(json.toString())).as(place).doesNotThrowAnyException();
    }

    static List<Arguments> yamlOfThePages() throws IOException {
        Path docs = Path.of(System.getProperty("basedir", ""))
                .toAbsolutePath()
                .getParent()
                .resolve("docs");
        List<Arguments> blocks = new ArrayList<>();
        try (Stream<Path> pages = Files.list(docs)) {
            for (Path page : pages.filter(path -> path.toString().endsWith(".md"))
                    .sorted()
                    .toList()) {
                YAML.matcher(Files.readString(page))
                        .results()
                        .forEach(block ->
                                blocks.add(Arguments.of(page.getFileName().toString(), block.group(1))));
            }
        }
        return blocks;
    }

    /** Otherwise a key could be left out of the drawing, and nobody would see it. */
    @Test
    void everyKeyOfTheSchema_isDrawn() {
        RandomJson random = new RandomJson(new Random(1));
        Set<String> drawn = new TreeSet<>();
        for (int i = 0; i < CONFIGS * Form.values().length; i++) {
            keys(random.config(), drawn);
        }
        Set<String> known = new TreeSet<>();
        random.schema().findValues("properties").forEach(properties -> known.addAll(properties.propertyNames()));
        known.remove("$schema");
        known.removeAll(drawn);
        assertThat(known).isEmpty();
    }

    private static void keys(JsonNode node, Set<String> into) {
        into.addAll(node.propertyNames());
        node.forEach(child -> keys(child, into));
    }

    private static void nameApart(JsonNode list, String key) {
        int number = 0;
        for (JsonNode element : list) {
            ((ObjectNode) element).put(key, "n" + number + (number++ % 2 == 0 ? "" : ".v2"));
        }
    }

    private static String sorted(JsonNode node) {
        if (node.isArray()) {
            return node.valueStream().map(EveryPropertyTest::sorted).collect(Collectors.joining(",\n", "[", "]"));
        }
        return node.isObject()
                ? node.propertyStream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(one -> one.getKey() + ":" + sorted(one.getValue()))
                        .collect(Collectors.joining(",\n", "{", "}"))
                : node.toString();
    }

    private static PropertySource<?> yaml(String yaml) {
        try {
            ByteArrayResource file = new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8), "application.yml");
            return new YamlPropertySourceLoader().load("application.yml", file).get(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- as properties

    private static Map<String, Object> flat(ObjectNode json, boolean byName) {
        Map<String, Object> properties = new LinkedHashMap<>();
        json.propertyStream().forEach(one -> {
            String name = byName ? Map.of("pools", "name", "routes", "id").get(one.getKey()) : null;
            String place = "fairlead." + Names.kebab(one.getKey());
            if (name == null || one.getValue().isEmpty()) {
                flatten(place, one.getKey(), one.getValue(), properties);
                return;
            }
            for (JsonNode element : one.getValue()) {
                ObjectNode rest = ((ObjectNode) element).deepCopy();
                String at = place + "[" + rest.remove(name).stringValue() + "]";
                flatten(at, one.getKey(), rest, properties);
            }
        });
        return properties;
    }

    private static void flatten(String place, String key, JsonNode node, Map<String, Object> into) {
        if (node.isArray() && !node.isEmpty()) {
            for (int i = 0; i < node.size(); i++) {
                flatten(place + "[" + i + "]", key, node.get(i), into);
            }
        } else if (node.isObject() && !node.isEmpty()) {
            node.propertyStream()
                    .forEach(one -> flatten(
                            isFree(key) ? place + "[" + one.getKey() + "]" : place + "." + Names.kebab(one.getKey()),
                            one.getKey(),
                            one.getValue(),
                            into));
        } else {
            into.put(place, node.isContainer() ? "" : node.asString());
        }
    }

    /** Whether the keys below are no keys of ours. */
    private static boolean isFree(String key) {
        return key.equals("headers");
    }

    // ---- as YAML, in the flow style, with bare keys and constants in kebab case

    private static String written(JsonNode node, String key, boolean inList) {
        if (node.isArray()) {
            return node.valueStream().map(one -> written(one, key, true)).collect(Collectors.joining(", ", "[", "]"));
        }
        if (node.isObject()) {
            return node.propertyStream()
                    .map(one -> name(one.getKey(), isFree(key), inList) + ": "
                            + written(one.getValue(), one.getKey(), inList))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        boolean constant = node.isString() && CONSTANTS.contains(node.stringValue());
        return constant ? Names.kebab(node.stringValue()) : node.toString();
    }

    /** Below a list Spring's own loader fails at a key that YAML takes for a switch. */
    private static String name(String key, boolean free, boolean inList) {
        return free || (inList && key.equals("on")) ? '"' + key + '"' : Names.kebab(key);
    }

    private static final Set<String> CONSTANTS = constants();

    private static Set<String> constants() {
        Set<String> constants = new TreeSet<>();
        JsonNode schema = new RandomJson(new Random()).schema();
        schema.findValues("const").forEach(one -> constants.add(one.asString()));
        schema.findValues("enum").forEach(list -> list.forEach(one -> constants.add(one.asString())));
        // Drawn as a text, too.
        constants.remove("off");
        return constants;
    }
}
