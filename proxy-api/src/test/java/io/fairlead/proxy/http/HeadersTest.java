package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadersTest {

    @Test
    void names_compareWithoutCaseAndKeepTheirSpelling() {
        Headers headers = Headers.create().add("Accept", "a").add("X-B", "1").add("ACCEPT", "b");

        assertThat(headers.first("accept")).contains("a");
        assertThat(headers.all("aCCept")).containsExactly("a", "b");
        assertThat(headers.contains("x-b")).isTrue();
        assertThat(headers.contains("x")).isFalse();
        assertThat(headers.size()).isEqualTo(3);
        assertThat(lines(headers)).containsExactly("Accept: a", "X-B: 1", "ACCEPT: b");
    }

    @Test
    void set_replacesAllByOneAtTheEnd() {
        Headers headers = Headers.create().add("a", "1").add("b", "2").add("A", "3");
        headers.set("A", "4");
        assertThat(lines(headers)).containsExactly("b: 2", "A: 4");
    }

    @Test
    void remove_takesAllOfTheName() {
        Headers headers =
                Headers.create().add("a", "1").add("b", "2").add("A", "3").remove("a");
        assertThat(lines(headers)).containsExactly("b: 2");
        assertThat(headers.remove("missing").size()).isEqualTo(1);
        assertThat(headers.first("a")).isEmpty();
        assertThat(headers.all("a")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a:", "a\r\nb", "é", "a\u0000", "(a)"})
    void nameThatIsNoToken_isRefused(String name) {
        Headers headers = Headers.create();
        assertThatThrownBy(() -> headers.add(name, "v")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> headers.set(name, "v")).isInstanceOf(IllegalArgumentException.class);
        assertThat(headers.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nb: c", "a\nb", "a\rb", "a\u0000", "a\u007f", "\u0100"})
    void valueThatCouldBeginAField_isRefusedAndChangesNothing(String value) {
        Headers headers = Headers.create().add("a", "1");
        assertThatThrownBy(() -> headers.add("a", value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContainingAny("\r", "\n");
        assertThatThrownBy(() -> headers.set("a", value)).isInstanceOf(IllegalArgumentException.class);
        assertThat(lines(headers)).containsExactly("a: 1");
    }

    @Test
    void syntax_knowsTokensAndValues() {
        assertThat(HttpSyntax.isToken("!#$%&'*+-.^_`|~09azAZ")).isTrue();
        for (char c : "\"(),/:;<=>?@[\\]{} \t\u007f\u0080".toCharArray()) {
            assertThat(HttpSyntax.isToken("a" + c)).as("%x", (int) c).isFalse();
        }
        assertThat(HttpSyntax.isTokenChar(-1)).isFalse();
        assertThat(HttpSyntax.isFieldValue("")).isTrue();
        assertThat(HttpSyntax.isFieldValue("a\tb \u0080\u00ff")).isTrue();
        assertThat(HttpSyntax.isFieldValue("a\u001f")).isFalse();
        assertThat(HttpSyntax.requireToken("GET")).isEqualTo("GET");
        assertThat(HttpSyntax.requireFieldValue("v")).isEqualTo("v");
    }

    private static List<String> lines(Headers headers) {
        List<String> lines = new ArrayList<>();
        headers.forEach((name, value) -> lines.add(name + ": " + value));
        return lines;
    }
}
