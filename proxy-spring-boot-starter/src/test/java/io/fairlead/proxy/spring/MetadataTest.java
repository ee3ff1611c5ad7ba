package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.internal.config.ConfigSchema;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What IDEs show for {@code fairlead.*} comes from the same table as the reader: this test writes it and compares. */
class MetadataTest {
    private static final String WRITE = "fairlead.docs.write";
    private static final Path FILE = Path.of(System.getProperty("basedir", ""))
            .resolve("src/main/resources/META-INF/spring-configuration-metadata.json");

    private static final Map<String, Class<?>> TYPES = Map.of(
            "Duration", Duration.class,
            "Listener", Listener.class,
            "Middleware", MiddlewareRef.class,
            "Route", Route.class,
            "Timeouts", Timeouts.class,
            "UpstreamPool", UpstreamPool.class);

    private final JsonNode schema = JsonMapper.shared().readTree(ConfigSchema.generate());
    private final ObjectNode metadata = JsonMapper.shared().createObjectNode();
    private final ArrayNode groups = metadata.putArray("groups");
    private final ArrayNode properties = metadata.putArray("properties");
    private final ArrayNode hints = metadata.putArray("hints");

    @Test
    void metadata_isTheGeneratedOne() throws IOException {
        String expected = generate();
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(FILE, expected);
        }
        assertThat(Files.readString(FILE))
                .as(
                        "%s is out of date; write it again with: mvn -q test -pl proxy-spring-boot-starter -am"
                                + " -Dtest=MetadataTest -D%s=true",
                        FILE.getFileName(), WRITE)
                .isEqualTo(expected);
    }

    private String generate() {
        group("fairlead", "A Fairlead proxy on a port of its own.", FairleadProperties.class);
        add("fairlead.enabled", Boolean.class.getName(), "Whether the starter does anything.")
                .put("defaultValue", true);
        add("fairlead.name", String.class.getName(), "The name of the proxy in threads and logs.")
                .put("defaultValue", "proxy");
        add("fairlead.io-threads", Integer.class.getName(), "The number of I/O threads; 0 means one for each core.")
                .put("defaultValue", 0);
        object("fairlead", schema);
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        return JsonMapper.shared()
                        .writer()
                        .with(new DefaultPrettyPrinter()
                                .withObjectIndenter(lines)
                                .withArrayIndenter(lines))
                        .writeValueAsString(metadata)
                + "\n";
    }

    private void group(String name, String description, Class<?> type) {
        groups.addObject().put("name", name).put("type", type.getName()).put("description", description);
    }

    private ObjectNode add(String name, String type, String description) {
        return properties
                .addObject()
                .put("name", name)
                .put("type", type)
                .put("description", description.replace("`", ""));
    }

    private void object(String prefix, JsonNode object) {
        object.get("properties").properties().forEach(entry -> {
            String key = entry.getKey();
            JsonNode given = entry.getValue();
            String name = prefix + "." + Names.kebab(key);
            if (key.startsWith("$") || key.equals("version")) {
                return;
            }
            String ref = refOf(given);
            JsonNode type = ref == null ? given : schema.get("$defs").get(ref);
            String description = given.get("description").stringValue();
            if (type.has("properties")) {
                group(name, description, javaType(ref));
                object(name, type);
                return;
            }
            ObjectNode property = add(name, javaName(ref, given), description);
            JsonNode standard = given.get("default");
            if (standard != null && !standard.isArray()) {
                property.set("defaultValue", standard);
            }
            if (given.has("enum")) {
                ArrayNode values = hints.addObject().put("name", name).putArray("values");
                given.get("enum").forEach(one -> values.addObject().put("value", Names.kebab(one.stringValue())));
            }
        });
    }

    private static String refOf(JsonNode node) {
        return node.has("$ref") ? node.get("$ref").stringValue().substring("#/$defs/".length()) : null;
    }

    private static Class<?> javaType(String ref) {
        assertThat(TYPES).as("the Java type of a new part of the configuration").containsKey(ref);
        return TYPES.get(ref);
    }

    private static String javaName(String ref, JsonNode given) {
        if (ref != null) {
            return javaType(ref).getName();
        }
        if (given.has("items")) {
            return "java.util.List<" + javaType(refOf(given.get("items"))).getName() + ">";
        }
        if (given.has("enum")) {
            return ForwardedHeaders.class.getName();
        }
        String type = given.get("type").isArray()
                ? given.get("type").get(0).stringValue()
                : given.get("type").stringValue();
        return switch (type) {
            case "boolean" -> Boolean.class.getName();
            case "integer" -> Integer.class.getName();
            default -> String.class.getName();
        };
    }
}
