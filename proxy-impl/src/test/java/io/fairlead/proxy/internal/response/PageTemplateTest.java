package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** The variables of pages, and their escapes. */
class PageTemplateTest {
    private static final String HOSTILE = "<b a=\"1\" c='2'>&`\\\u0000\r\n\u007f\u2028";

    private static String fill(String type, String content, String value) {
        return new String(new PageTemplate(type, content).fill(variable -> value), UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "application/xhtml+xml", "text/xml", "application/xml", "image/svg+xml"})
    void valueInMarkup_isTextAndNothingElse(String type) {
        assertThat(fill(type, "<p>{path}</p>", HOSTILE))
                .isEqualTo("<p>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&#96;\\    \u2028</p>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "application/problem+json"})
    void valueInJson_isOneString(String type) {
        String json = fill(type, "{\"path\":\"{path}\"}", HOSTILE);
        assertThat(new JsonMapper().readTree(json).get("path").stringValue())
                .isEqualTo("<b a=\"1\" c='2'>&`\\    \u2028");
        assertThat(json).doesNotContain("<", "'", "\u2028");
    }

    @Test
    void valueInPlainText_hasNoControls() {
        assertThat(fill("text/plain", "{path}", "a\u001b[31m<b>\n")).isEqualTo("a [31m<b> ");
    }

    @ParameterizedTest
    @CsvSource({
        "{status}, x",
        "{status}{code}, xx",
        "a{{status}}b, a{x}b",
        "{Status} {stat us} {, {Status} {stat us} {",
        "body{color:red}, body{color:red}",
        "{status, {status"
    })
    void braces_areVariablesOnlyWithTheirNames(String content, String expected) {
        assertThat(fill("text/html", content, "x")).isEqualTo(expected);
    }

    @Test
    void valueThatLooksLikeAVariable_isNotFilledIn() {
        assertThat(fill("text/plain", "{path}", "{host}")).isEqualTo("{host}");
    }

    @Test
    void pageWithoutVariables_isMadeOnce() {
        PageTemplate template = new PageTemplate("text/html", "<p>");
        assertThat(template.fixed()).isNotNull().isSameAs(template.fixed());
        assertThat(new PageTemplate("text/css", "{path}").fixed()).isEqualTo("{path}".getBytes(UTF_8));
        assertThat(new PageTemplate("text/html", "{path}").fixed()).isNull();
    }
}
