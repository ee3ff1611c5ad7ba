package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.transform.Transform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PlaceholdersTest {
    private static final Map<String, String> ENVIRONMENT = Map.of("TOKEN", "s3cret", "PORT", "8081", "BAD", "a\nb");

    private static String withHeader(String value) {
        return "{\"version\": 1, \"routes\": [{\"id\": \"a\", \"respond\": {\"status\": 200}, \"transforms\":"
                + " [{\"type\": \"setRequestHeader\", \"name\": \"X\", \"value\": \"" + value + "\"}]}]}";
    }

    private static ProxyConfig read(String json) {
        return ConfigJson.read(json, ENVIRONMENT::get);
    }

    private static String header(ProxyConfig config) {
        return ((Transform.Header) config.routes().get(0).transforms().get(0)).value();
    }

    private static List<Problem> problems(String json) {
        return catchThrowableOfType(ConfigurationException.class, () -> read(json))
                .problems();
    }

    @Test
    void environmentVariable_standsInAText() {
        assertThat(header(read(withHeader("Bearer ${env:TOKEN}!")))).isEqualTo("Bearer s3cret!");
    }

    @Test
    void environmentVariable_standsForANumber() {
        ProxyConfig config = read("{\"version\": 1, \"listeners\": [{\"port\": \"${env:PORT}\"}]}");
        assertThat(config.listeners().get(0).port()).isEqualTo(8081);
    }

    @Test
    void file_standsInATextWithoutItsLastLineEnd(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("token"), "from file\n");
        assertThat(header(read(withHeader("${file:" + file + "}")))).isEqualTo("from file");
    }

    @Test
    void secret_isWrittenAsItsPlaceholder() {
        ProxyConfig config = read(withHeader("Bearer ${env:TOKEN}"));
        // Through the builders the very same text goes on.
        ProxyConfig changed = config.toBuilder().via(false).build();
        assertThat(ConfigJson.write(changed)).contains("Bearer ${env:TOKEN}").doesNotContain("s3cret");
        assertThat(read(ConfigJson.write(changed))).isEqualTo(changed);
    }

    @Test
    void secretThatDiffers_isNotShownByTheDifference() {
        ProxyConfig before = read(withHeader("${env:TOKEN}"));
        ProxyConfig after = ConfigJson.read(withHeader("${env:TOKEN}"), name -> "0ther");
        assertThat(ConfigDiff.diff(before, after))
                .singleElement()
                .asString()
                .contains("transforms (another value of")
                .doesNotContain("s3cret", "0ther");
    }

    @Test
    void secretThatIsInvalid_isNotShownByTheProblem() {
        assertThat(problems(withHeader("${env:BAD}")))
                .singleElement()
                .extracting(Problem::value)
                .isEqualTo("\"${env:BAD}\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"${env:NOT_SET}", "${env:}", "${file:/nowhere/at/all}", "${file:/}", "a ${env:NOT_SET} b"})
    void placeholderWithoutValue_isAProblem(String text) {
        assertThat(problems(withHeader(text)))
                .extracting(Problem::code, Problem::place)
                .map(Object::toString)
                .containsExactly("(\"UNRESOLVED\", \"routes[0].transforms[0].value\")");
    }

    @ParameterizedTest
    @ValueSource(strings = {"${evn:TOKEN}", "${env:TOKEN", "${sys:a}"})
    void placeholderThatIsMalformed_isAProblem(String text) {
        assertThat(problems(withHeader(text)))
                .singleElement()
                .extracting(Problem::code)
                .isEqualTo("INVALID");
    }

    @Test
    void twoPlaceholdersWithoutValue_areTwoProblems() {
        assertThat(problems(withHeader("${env:A} ${env:B}"))).hasSize(2);
    }

    @Test
    void escapedPlaceholder_isTakenAsText() {
        assertThat(header(read(withHeader("$${env:TOKEN}")))).isEqualTo("${env:TOKEN}");
        assertThat(header(read(withHeader("$$${env:TOKEN} ${name} $1")))).isEqualTo("$${env:TOKEN} ${name} $1");
    }
}
