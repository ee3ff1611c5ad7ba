package io.fairlead.samples.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.listener.Listener;
import io.fairlead.samples.standalone.Arguments.UsageException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ArgumentsTest {

    private static List<String> problems(String... args) {
        return catchThrowableOfType(UsageException.class, () -> Arguments.parse(args))
                .problems();
    }

    @Test
    void listenersAndUpstreams_mayBeRepeated() throws UsageException {
        Arguments arguments = Arguments.parse(
                "--listen",
                "127.0.0.1:8080",
                "--listen=:0",
                "--upstream",
                "http://a",
                "--upstream=http://b",
                "--io-threads",
                "2");
        assertThat(arguments.listeners()).containsExactly(Listener.http("127.0.0.1", 8080), Listener.http(0));
        assertThat(arguments.upstreams()).containsExactly("http://a", "http://b");
        assertThat(arguments.ioThreads()).isEqualTo(2);
        assertThat(arguments.check()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "8080, 0.0.0.0, 8080",
        ":8080, 0.0.0.0, 8080",
        "[::1]:0, ::1, 0",
        "localhost:80, localhost, 80",
        "127.0.0.1:65535, 127.0.0.1, 65535"
    })
    void addresses_areRead(String text, String host, int port) throws UsageException {
        assertThat(Arguments.parse("--listen", text, "--upstream", "http://a").listeners())
                .containsExactly(Listener.http(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "a:", "::1:80", "127.0.0.1:http", "[::1]", "80:80:80", ":-1"})
    void addressesThatAreNone_areProblems(String text) {
        assertThat(problems("--listen", text, "--upstream", "http://a"))
                .containsExactly("--listen: \"" + text + "\" (expected: HOST:PORT, :PORT or PORT)");
    }

    @Test
    void configAndCheck_areRead() throws UsageException {
        Arguments arguments = Arguments.parse("--config", "proxy.json", "--check");
        assertThat(arguments.config()).contains(Path.of("proxy.json"));
        assertThat(arguments.check()).isTrue();
    }

    @Test
    void allProblems_areToldAtOnce() {
        assertThat(problems("--lisen", "--io-threads", "x", "--listen", "nowhere", "extra", "--upstream"))
                .hasSize(5)
                .anyMatch(problem -> problem.startsWith("\"--lisen\": unknown option"))
                .anyMatch(problem -> problem.startsWith("--io-threads: \"x\""))
                .anyMatch(problem -> problem.startsWith("--listen: \"nowhere\""))
                .anyMatch(problem -> problem.startsWith("\"extra\": unknown option"))
                .anyMatch(problem -> problem.startsWith("--upstream: no value"));
    }

    @Test
    void optionInPlaceOfAValue_isTakenAsAnOption() throws UsageException {
        assertThat(problems("--config", "--check")).containsExactly("--config: no value (expected: --config VALUE)");
    }

    @Test
    void configTogetherWithFlags_isAProblem() {
        assertThat(problems("--config", "a.json", "--upstream", "http://a")).hasSize(1);
    }

    @Test
    void nothingToForwardTo_isAProblem() {
        assertThat(problems()).hasSize(1);
        assertThat(problems("--listen", "80")).hasSize(1);
    }

    @Test
    void help_winsOverProblems() throws UsageException {
        assertThat(Arguments.parse("--bogus", "--help").help()).isTrue();
    }
}
