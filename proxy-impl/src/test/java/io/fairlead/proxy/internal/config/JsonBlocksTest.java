package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Each JSON block of the README and of docs/ is what a proxy could run: a configuration, or a part that is put into one. */
class JsonBlocksTest {
    private static final Path ROOT =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();
    private static final Pattern BLOCK = Pattern.compile("^```json\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
    private static final JsonMapper MAPPER = JsonMapper.shared();

    record Block(String page, int line, String json) {
        @Override
        public String toString() {
            return page + ":" + line;
        }
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void block_isAConfigurationOrAPartOfOne(Block block) {
        ProxyConfig config = ConfigJson.read(whole(block.json()).toString(), name -> "x".repeat(64));

        assertThat(Validator.validate(config, null)).isEmpty();
    }

    /** By its content: a part gets around it what it needs. */
    private static ObjectNode whole(String json) {
        // A key with its value alone is shown without braces.
        JsonNode part = MAPPER.readTree(json.stripLeading().startsWith("\"") ? "{" + json + "}" : json);
        ObjectNode config = MAPPER.createObjectNode().put("version", 1);
        if (part.has("limits") || part.has("ref")) {
            ObjectNode route = config.putArray("routes").addObject();
            route.put("id", "any").put("to", "any");
            route.putArray("middleware").add(part);
        } else if (part.path("type").stringValue("").equals("consistentHash")) {
            pool(config, "any").set("loadBalancer", part);
        } else if (part.has("id")) {
            config.putArray("routes").add(part);
        } else if (part.has("name")) {
            config.putArray("pools").add(part);
        } else if (isOf(part, Model.CONFIG)) {
            config.setAll((ObjectNode) part);
        } else if (isOf(part, Model.POOL)) {
            pool(config, "any").setAll((ObjectNode) part);
        } else {
            throw new AssertionError("neither a configuration nor a part that is known here: " + part);
        }
        return complete(config);
    }

    private static boolean isOf(JsonNode part, ObjectType<?, ?> type) {
        return part.propertyNames().stream()
                .allMatch(key -> key.startsWith("$")
                        || key.equals("version")
                        || type.fields().stream().anyMatch(field -> field.name().equals(key)));
    }

    /** The pools that are referred to, and a route. */
    private static ObjectNode complete(ObjectNode config) {
        Set<String> known = new TreeSet<>();
        config.path("pools").forEach(pool -> known.add(pool.path("name").stringValue("")));
        Set<String> missing = new TreeSet<>();
        config.path("routes").findValues("to").forEach(name -> missing.add(name.stringValue("")));
        missing.removeAll(known);
        missing.forEach(name -> pool(config, name));
        if (!config.has("routes")) {
            config.putArray("routes")
                    .addObject()
                    .put("id", "any")
                    .putObject("respond")
                    .put("status", 200);
        }
        return config;
    }

    private static ObjectNode pool(ObjectNode config, String name) {
        ArrayNode pools = config.withArray("pools");
        ObjectNode pool = pools.addObject().put("name", name);
        pool.putArray("targets").add("http://10.0.0.1:8080").add("http://10.0.0.2:8080");
        return pool;
    }

    static List<Block> blocks() throws IOException {
        List<Block> blocks = new ArrayList<>();
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            for (Path page : Stream.concat(Stream.of(ROOT.resolve("README.md")), docs.sorted())
                    .filter(path -> path.toString().endsWith(".md"))
                    .toList()) {
                String text = Files.readString(page);
                for (MatchResult found : BLOCK.matcher(text).results().toList()) {
                    int line = (int) text.substring(0, found.start()).lines().count() + 1;
                    blocks.add(new Block(ROOT.relativize(page).toString(), line, found.group(1)));
                }
            }
        }
        return blocks;
    }
}
