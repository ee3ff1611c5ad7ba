package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.spi.Registrations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The page and the schema in docs/ say what the table says. */
final class ConfigPageTest {
    private static final String WRITE = "fairlead.docs.write";
    private static final Path DOCS = Path.of(System.getProperty("basedir", ""))
            .toAbsolutePath()
            .getParent()
            .resolve("docs");
    private static final String COMMAND =
            "; write it again with: mvn -q test -pl proxy-impl -am -Dtest=ConfigPageTest -D" + WRITE + "=true";
    private static final Pattern TABLES =
            Pattern.compile("(<!-- generated[^\n]*-->\n).*?(<!-- end -->)", Pattern.DOTALL);
    private static final Pattern EXAMPLE = Pattern.compile("^```json\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);

    private static void assertCurrent(String file, String expected) throws IOException {
        Path path = DOCS.resolve(file);
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(path, expected);
        }
        assertThat(Files.readString(path))
                .as("docs/" + file + " is out of date" + COMMAND)
                .isEqualTo(expected);
    }

    @Test
    void schema_isTheGeneratedOne() throws IOException {
        assertCurrent("proxy-config.schema.json", ConfigSchema.generate());
    }

    @Test
    void tablesOfThePage_areTheGeneratedOnes() throws IOException {
        String page = Files.readString(DOCS.resolve("configuration.md"));
        Matcher matcher = TABLES.matcher(page);
        assertThat(matcher.find()).as("marks of the generated part").isTrue();
        String tables = Matcher.quoteReplacement("\n" + tables() + "\n");
        assertCurrent("configuration.md", matcher.replaceFirst("$1" + tables + "$2"));
    }

    @Test
    void exampleOfThePage_isAConfigurationThatRuns() throws IOException {
        Matcher matcher = EXAMPLE.matcher(Files.readString(DOCS.resolve("configuration.md")));
        assertThat(matcher.find()).isTrue();
        ProxyConfig config = ConfigJson.read(matcher.group(1), Map.of("CATALOG_TOKEN", "t")::get);
        assertThat(Validator.validate(config, Registrations.none())).isEmpty();
        assertThat(config.routes()).hasSize(4);
    }

    private static String tables() {
        StringBuilder page = new StringBuilder();
        for (ObjectType<?, ?> object : Model.objects()) {
            if (object == Model.REDIRECT) {
                match(page);
            }
            object(page, object);
        }
        variants(page, TransformTypes.TRANSFORM);
        variants(page, BalancerTypes.LOAD_BALANCER);
        variants(page, HealthTypes.HEALTH_CHECK);
        variants(page, DiscoveryTypes.TARGET_SOURCE);
        variants(page, BalancerTypes.HASH_KEY);
        variants(page, StickyTypes.STICKY_SESSION);
        variants(page, Model.MIDDLEWARE);
        variants(page, RateLimitTypes.RATE_LIMIT_KEY);
        return page.toString().stripTrailing() + "\n";
    }

    private static void object(StringBuilder page, ObjectType<?, ?> object) {
        page.append("### ")
                .append(object.name())
                .append("\n\n")
                .append(object.doc())
                .append("\n\n");
        page.append("| key | type | default | meaning |\n|---|---|---|---|\n");
        row(page, object);
        page.append('\n');
    }

    private static <T, B> void row(StringBuilder page, ObjectType<T, B> object) {
        for (ObjectType.Field<T, B, ?> field : object.fields()) {
            JsonNode standard = object.defaultOf(field);
            String shown = field.required() ? "" : standard == null ? "none" : "`" + standard + "`";
            page.append("| `%s` | %s | %s | %s |\n"
                    .formatted(field.name(), field.type().label(), shown, field.doc()));
        }
    }

    private static void match(StringBuilder page) {
        page.append(
                "### Match\n\nEach key is a condition, and all of them must hold; an object without keys is every request."
                        + " Two conditions\nof one kind stand in a list under `all`.\n\n| key | type | meaning |\n|---|---|---|\n");
        for (String[] row : Model.MATCH.rows()) {
            page.append("| `%s` | %s | %s |\n".formatted((Object[]) row));
        }
        page.append('\n');
        Model.MATCH.fieldTypes().forEach(type -> object(page, type));
    }

    private static <T> void variants(StringBuilder page, Variants<T> variants) {
        page.append("### ").append(variants.name()).append("\n\n").append(variants.doc());
        page.append(" The key `type` says which; one without further keys may\nbe written as its name alone.\n\n");
        page.append("| `type` | keys | meaning |\n|---|---|---|\n");
        ObjectType<? extends T, ?> untagged = variants.untagged();
        if (untagged != null) {
            page.append("| none | %s | %s |\n".formatted(keys(untagged), untagged.doc()));
        }
        for (ObjectType<? extends T, ?> type : variants.types()) {
            page.append("| `%s` | %s | %s |\n".formatted(type.name(), keys(type), type.doc()));
        }
        page.append('\n');
    }

    private static <T, B> String keys(ObjectType<T, B> type) {
        List<String> keys = new ArrayList<>();
        for (ObjectType.Field<T, B, ?> field : type.fields()) {
            JsonNode standard = type.defaultOf(field);
            String shown = standard == null ? "" : " (`" + standard + "`)";
            keys.add("`" + field.name() + "`" + shown + ": " + field.doc());
        }
        return String.join("<br>", keys);
    }
}
