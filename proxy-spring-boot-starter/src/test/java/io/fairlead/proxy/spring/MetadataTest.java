package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.config.ConfigSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.ResolvableType;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What IDEs show for {@code fairlead.*} comes from the same table as the reader: this test writes it and compares. */
class MetadataTest {
    private static final String WRITE = "fairlead.docs.write";
    private static final Path MAIN = Path.of(System.getProperty("basedir", "")).resolve("src/main");
    private static final Path FILE = MAIN.resolve("resources/META-INF/spring-configuration-metadata.json");
    private static final Path TYPES = MAIN.resolve("java/io/fairlead/proxy/spring/PropertyTypes.java");
    private static final Pattern NAME = Pattern.compile("[A-Za-z.]+");

    private final JsonNode schema = JsonMapper.shared().readTree(ConfigSchema.generate());
    private final PropertyTypesSource types = new PropertyTypesSource(schema);
    private final ObjectNode metadata = JsonMapper.shared().createObjectNode();
    private final ArrayNode groups = metadata.putArray("groups");
    private final ArrayNode properties = metadata.putArray("properties");
    private final ArrayNode hints = metadata.putArray("hints");

    @Test
    void metadataAndTypes_areTheGeneratedOnes() throws IOException {
        String expected = generate();
        String source = types.source();
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(FILE, expected);
            Files.writeString(TYPES, source);
        }
        String how = "%s is out of date; write it again with: mvn -q test -pl proxy-spring-boot-starter -am"
                + " -Dtest=MetadataTest -D%s=true, and then mvn -q spotless:apply -pl proxy-spring-boot-starter";
        assertThat(Files.readString(FILE)).as(how, FILE.getFileName(), WRITE).isEqualTo(expected);
        assertThat(withoutLines(Files.readString(TYPES)))
                .as(how, TYPES.getFileName(), WRITE)
                .isEqualTo(withoutLines(source));
    }

    /** Where lines break is left to the formatter. */
    private static String withoutLines(String source) {
        return source.replaceAll("\\s+", " ").replace("( ", "(");
    }

    /** An editor marks what it does not find in these types: so all that the page shows has to be there. */
    @Test
    void typesNamedByTheMetadata_holdWhatThePageShows() throws Exception {
        generate();
        Binder binder = new Binder(ConfigurationPropertySources.from(SpringBootPageTest.yamlOfThePage()));
        BindHandler strict = new NoUnboundElementsBindHandler(BindHandler.DEFAULT);

        for (JsonNode property : properties) {
            ConfigurationPropertyName name =
                    ConfigurationPropertyName.of(property.get("name").stringValue());
            binder.bind(name, Bindable.of(resolved(property.get("type").stringValue())), strict);
        }
        Map<String, PropertyTypes.Route> routes = binder.bind(
                        "fairlead.routes", Bindable.mapOf(String.class, PropertyTypes.Route.class), strict)
                .get();
        assertThat(routes.get("catalog").match().host()).isEqualTo("shop.example.com");
        assertThat(routes.get("catalog").transforms())
                .extracting(PropertyTypes.Transform::type)
                .containsExactly(PropertyTypes.TransformType.STRIP_PREFIX);
    }

    private String generate() {
        group("fairlead", "A Fairlead proxy on a port of its own.", FairleadProperties.class.getName());
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

    private void group(String name, String description, String type) {
        groups.addObject().put("name", name).put("type", type).put("description", description);
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
                group(name, description, inFull(types.type(key, given)));
                object(name, type);
                return;
            }
            ObjectNode property = add(name, inFull(types.type(key, given)), description);
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

    /** {@code Map<String, Route>} with the names of the classes in full, as metadata has it. */
    private static String inFull(String type) {
        return NAME.matcher(type)
                .replaceAll(match -> Matcher.quoteReplacement(nameOf(match.group())))
                .replace(" ", "");
    }

    private static String nameOf(String simple) {
        return switch (simple) {
            case "Boolean", "Integer", "Long", "String" -> "java.lang." + simple;
            case "List", "Map" -> "java.util." + simple;
            case "Duration" -> "java.time.Duration";
            case "DataSize" -> "org.springframework.util.unit.DataSize";
            default -> PropertyTypes.class.getName() + "$" + simple;
        };
    }

    private static ResolvableType resolved(String type) throws ClassNotFoundException {
        int open = type.indexOf('<');
        if (open < 0) {
            return ResolvableType.forClass(Class.forName(type));
        }
        List<ResolvableType> arguments = new ArrayList<>();
        for (String argument : type.substring(open + 1, type.length() - 1).split(",")) {
            arguments.add(resolved(argument));
        }
        return ResolvableType.forClassWithGenerics(
                Class.forName(type.substring(0, open)), arguments.toArray(ResolvableType[]::new));
    }
}
