package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.testing.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ErrorBodyTest {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROBLEM = "application/problem+json";

    @Test
    void noAccept_givesText() {
        ErrorBody body = ErrorBody.of(FailureCode.UPSTREAM_CONNECT_FAILED, null);
        assertThat(body.contentType()).isEqualTo(TEXT);
        assertThat(new String(body.bytes(), UTF_8)).isEqualTo("502 Bad Gateway\nUPSTREAM_CONNECT_FAILED\n");
    }

    @ParameterizedTest
    @EnumSource(FailureCode.class)
    void problem_hasTheMembersOfRfc9457(FailureCode code) {
        JsonNode problem =
                new JsonMapper().readTree(ErrorBody.of(code, "application/json").bytes());
        assertThat(problem.propertyNames()).containsExactly("type", "title", "status", "code");
        assertThat(problem.get("type").asString()).isEqualTo("about:blank");
        assertThat(problem.get("title").asString()).isEqualTo(ReasonPhrases.of(code.status()));
        assertThat(problem.get("status").asInt()).isEqualTo(code.status());
        assertThat(problem.get("code").asString()).isEqualTo(code.name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/problem+json",
                "application/json",
                "Application/JSON",
                "application/*",
                "application/json, */*",
                "application/json, text/plain, */*",
                "text/plain;q=0.5, application/json",
                "text/plain;q=0.899, application/problem+json;q=0.9",
                "text/html, application/problem+json;q=0.1",
                " , application/json ,, text/html",
                "application/json;charset=\"a,b;q=0\\\"\" ; Q=1.000",
                "application/json;",
                "*/*;q=0.1, application/json",
                "text/*;q=0, */*;q=0.5, application/json;q=0.4"
            })
    void acceptThatPrefersJson_givesProblem(String accept) {
        assertThat(ErrorBody.of(FailureCode.ROUTE_NOT_FOUND, accept).contentType())
                .isEqualTo(PROBLEM);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*/*",
                "text/plain",
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
                "text/plain, application/json",
                "application/json;q=0.5, text/plain",
                "application/json;q=0",
                "application/json;q=0, application/problem+json;q=0.0, */*;q=0.1",
                "application/json;q=0.4, text/*;q=0.5",
                "application/jsonp",
                "xapplication/json"
            })
    void acceptThatDoesNotPreferJson_givesText(String accept) {
        assertThat(ErrorBody.of(FailureCode.ROUTE_NOT_FOUND, accept).contentType())
                .isEqualTo(TEXT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json;q=2",
                "application/json;q=1.001",
                "application/json;q=0.1234",
                "application/json;q=.5",
                "application/json;q=0,5",
                "application/json;q=\"1\"",
                "application/json;q",
                "application/json;q=",
                "application/json;a=\"b",
                "application/json text/html",
                "application/json, text",
                "application/json, /",
                "application/json, */html",
                "application/",
                "application/ json",
                "application/json, a/b;c d",
                "application/json\u0000"
            })
    void malformedAccept_givesText(String accept) {
        assertThat(ErrorBody.of(FailureCode.ROUTE_NOT_FOUND, accept).contentType())
                .isEqualTo(TEXT);
    }

    @Test
    void longAccept_isReadUpToALimit() {
        String filler = "a/b,".repeat(249);
        assertThat(type("application/json, " + filler + filler)).isEqualTo(PROBLEM);
        assertThat(type(filler + filler + "application/json")).isEqualTo(TEXT);
        // Cut in the middle this would be a range that nobody sent: application/json with its quality lost.
        assertThat(type("a/b,".repeat(245) + "application/json;q=0, text/plain"))
                .isEqualTo(TEXT);
        assertThat(type("application/json;a=" + "b".repeat(2_000))).isEqualTo(TEXT);
    }

    @Test
    void anyAccept_isAnswered() {
        String[] pieces = {
            "application", "/", "json", "*", ";", "q", "=", "0", ".", "5", ",", " ", "\"", "\\", "text", "é"
        };
        Seeds.run(2_000, random -> {
            StringBuilder accept = new StringBuilder(random.nextBoolean() ? "application/json" : "");
            for (int i = random.nextInt(30); i > 0; i--) {
                accept.append(pieces[random.nextInt(pieces.length)]);
            }
            assertThat(type(accept.toString())).isIn(TEXT, PROBLEM);
        });
    }

    @Test
    void failureCode_givesTheSameBodyEachTime() {
        for (String accept : new String[] {null, "application/json"}) {
            assertThat(ErrorBody.of(FailureCode.TOTAL_TIMEOUT, accept))
                    .isSameAs(ErrorBody.of(FailureCode.TOTAL_TIMEOUT, accept));
        }
    }

    @Test
    void ownCode_isNamedInBothForms() {
        assertThat(new String(ErrorBody.of(418, "TEAPOT", null).bytes(), UTF_8)).isEqualTo("418\nTEAPOT\n");
        assertThat(new String(
                        ErrorBody.of(429, "RATE_LIMITED", "application/json").bytes(), UTF_8))
                .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
                        + "\"code\":\"RATE_LIMITED\"}\n");
        assertThatThrownBy(() -> ErrorBody.of(500, "a\"b", null)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void reasonPhrases_areThoseOfTheRegistry() {
        assertThat(ReasonPhrases.of(413)).isEqualTo("Content Too Large");
        assertThat(ReasonPhrases.of(422)).isEqualTo("Unprocessable Content");
        assertThat(ReasonPhrases.of(306)).isEmpty();
        assertThat(ReasonPhrases.of(499)).isEmpty();
        assertThat(ReasonPhrases.of(-1)).isEmpty();
        for (FailureCode code : FailureCode.values()) {
            if (code.status() != 499) {
                assertThat(ReasonPhrases.of(code.status())).as(code.name()).isNotEmpty();
            }
        }
    }

    private static String type(String accept) {
        return ErrorBody.of(FailureCode.ROUTE_NOT_FOUND, accept).contentType();
    }
}
