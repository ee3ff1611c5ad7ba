package io.fairlead.proxy.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestRequest;
import io.fairlead.proxy.transform.Transform;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Header, trailer, Location and cookie edits. */
class FieldEditsTest {
    private static final Map<String, String> VARIABLES =
            Map.of("id", "42", "crlf", "x\r\nSet-Cookie: a=b", "word", "größe 日", "host", "evil.example/@x");

    private static Headers response(Headers headers, Transform... transforms) {
        TransformPlan.compile(List.of(transforms), Map.of()).editResponse(headers, VARIABLES);
        return headers;
    }

    private static Headers request(Transform... transforms) {
        TestRequest request = TestRequest.get("/");
        request.headers().add("Accept", "a").add("X-Old", "1").add("x-old", "2");
        TransformPlan.compile(List.of(transforms), Map.of()).editRequest(request, VARIABLES);
        return request.headers();
    }

    @Test
    void requestHeaders_areSetAddedAndRemoved() {
        assertThat(request(Transform.setRequestHeader("X-OLD", "{id}!")).all("x-old"))
                .containsExactly("42!");
        assertThat(request(Transform.addRequestHeader("x-old", "3")).all("x-old"))
                .containsExactly("1", "2", "3");
        assertThat(request(Transform.removeRequestHeader("X-Old")).toString()).isEqualTo("Accept: a\n");
        assertThat(request(Transform.setRequestHeader("a", "1"), Transform.removeRequestHeader("a"))
                        .contains("a"))
                .isFalse();
    }

    @Test
    void variableWithControls_cannotBeginAnotherField() {
        Headers headers = request(Transform.setRequestHeader("X-A", "<{crlf}>"));
        assertThat(headers.all("X-A")).containsExactly("<x%0D%0ASet-Cookie: a=b>");
        assertThat(headers.contains("Set-Cookie")).isFalse();
        assertThat(request(Transform.setRequestHeader("X-A", "{word}")).all("X-A"))
                .containsExactly("gr%C3%B6%C3%9Fe %E6%97%A5");
    }

    @Test
    void variableOfAnyCharacters_givesOneFieldOfVisibleAscii() {
        Seeds.run(500, random -> {
            String value = random.ints(random.nextInt(20), 0, 0x300)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            TestRequest request = TestRequest.get("/");
            TransformPlan.compile(List.of(Transform.setRequestHeader("A", "{v}"), Transform.setPath("/x{v}")), Map.of())
                    .editRequest(request, Map.of("v", value));
            assertThat(request.headers().size()).isEqualTo(1);
            assertThat(request.headers().first("A").orElseThrow()).matches("[ -~]*");
            assertThat(request.target()).matches("/x[A-Za-z0-9._~%-]*");
        });
    }

    @Test
    void variableInHost_cannotEndTheName() {
        assertThat(request(Transform.setRequestHeader("Host", "{host}.internal"))
                        .all("Host"))
                .containsExactly("evil.example%2F%40x.internal");
    }

    @Test
    void valueWithBracesThatAreNoVariable_staysAsItIs() {
        assertThat(request(Transform.setRequestHeader("X", "{\"a\":{}} {1} {")).all("X"))
                .containsExactly("{\"a\":{}} {1} {");
    }

    @Test
    void partsOfTheResponse_areEditedApart() {
        TransformPlan plan = TransformPlan.compile(
                List.of(
                        Transform.setResponseHeader("X-H", "h"),
                        Transform.addResponseHeader("X-H", "{id}"),
                        Transform.removeResponseHeader("Server"),
                        Transform.setResponseTrailer("X-T", "t"),
                        Transform.removeResponseTrailer("X-Gone")),
                Map.of());
        Headers headers = Headers.create().add("Server", "s");
        Headers trailers = Headers.create().add("X-Gone", "g");

        plan.editResponse(headers, VARIABLES);
        plan.responseTrailers().edit(trailers, VARIABLES);

        assertThat(headers.toString()).isEqualTo("X-H: h\nX-H: 42\n");
        assertThat(trailers.toString()).isEqualTo("X-T: t\n");
        assertThat(plan.hasRequestEdits()).isFalse();
        assertThat(plan.hasResponseEdits()).isTrue();
        assertThat(plan.requestTrailers()).isNull();
        assertThat(plan.isEmpty()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "http://in:8080/, /shop/, http://in:8080/login?a=%2F#x, /shop/login?a=%2F#x",
        "http://in:8080/, /shop/, http://in:8080/, /shop/",
        "http://in:8080/, /shop/, http://in:8080, /shop/",
        "http://in:8080/, /shop/, http://in:8080?x, /shop/?x",
        "http://in:8080/, /shop, http://in:8080/login, /shop/login",
        "http://in:8080, /shop, http://in:8080/login, /shop/login",
        "http://in:8080, '', http://in:8080/login, /login",
        "http://in:8080, '', http://in:8080, /",
        "http://in:8080, '', http://in:8080//evil.example/, /evil.example/",
        "http://in:8080, '', http://in:8080?x, /?x",
        "http://in:8080, /shop/, http://in:8080/login, /shop/login",
        "http://in:8080, /shop, HTTP://IN:8080/Login, /shop/Login",
        "http://in:8080, /shop, //in:8080/login, /shop/login",
        "http://in:8080, /shop, http://in:80801/login, http://in:80801/login",
        "http://in:8080, /shop, http://in:8080.evil.example/, http://in:8080.evil.example/",
        "http://in:8080, /shop, https://in:8080/login, https://in:8080/login",
        "http://in:8080, /shop, /login, /login",
        "http://in/, /shop/, http://in:80/login, /shop/login",
        "https://in:443/, /shop/, https://in/login, /shop/login",
        "http://in/app, https://shop.example/app, http://in/app/x, https://shop.example/app/x",
        "http://in/app, https://shop.example/, http://in/app/x, https://shop.example/x",
        "http://in/app, /a, http://in/apple, http://in/apple",
        "http://in/app, /a, http://in/app?x, /a?x",
        "/, /shop/, /login, /shop/login",
        "/, /shop, /login, /shop/login",
        "/, /shop/, /, /shop/",
        "/app, /, /app/login, /login",
        "/app, /, /app, /",
        "/app, '', /app?x, /?x",
        "/app, '', /app//evil.example, /evil.example",
        "/app, /a, /apple, /apple",
        "/app, /a, http://in/app, http://in/app",
        "/, /shop/, //other/login, //other/login",
        "/, /shop/, login, login",
        "/, /u/{id}/, /x, /u/42/x",
    })
    void rewriteLocation_replacesTheBeginning(String from, String to, String before, String after) {
        Headers headers = response(
                Headers.create().add("location", before).add("Content-Location", before),
                Transform.rewriteLocation(from, to));
        assertThat(headers.all("Location")).containsExactly(after);
        assertThat(headers.all("Content-Location")).containsExactly(after);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "in.example|shop.example|a=b; Domain=in.example; Path=/|a=b; Domain=shop.example; Path=/",
                "in.example|shop.example|a=b;domain = .IN.example ;Secure|a=b;domain = shop.example ;Secure",
                "in.example|shop.example|a=b; Domain=x.in.example|a=b; Domain=x.in.example",
                "in.example|shop.example|Domain=in.example; Path=/|Domain=in.example; Path=/",
                "in.example|shop.example|a=b; Domain|a=b; Domain",
                "in.example|shop.example|a=b; Domain=; Path=/x=in.example|a=b; Domain=; Path=/x=in.example",
                "in.example|shop.example|a=b; XDomain=in.example|a=b; XDomain=in.example",
                "*|shop.example|a=\"b\"; DOMAIN=any; HttpOnly|a=\"b\"; DOMAIN=shop.example; HttpOnly",
                "*|''|a=b; Domain=any; Secure; domain=2|a=b; Secure",
                "*|''|a=b; Domain=any|a=b",
                "*|''|a=b; Secure|a=b; Secure",
                ".in.example|''|a=b ; Domain=in.example ; Secure|a=b ; Secure",
                "*|{host}|a=b; Domain=any|a=b; Domain=evil.example%2F%40x",
            })
    void rewriteCookieDomain_leavesAllElse(String from, String to, String before, String after) {
        assertThat(response(Headers.create().add("Set-Cookie", before), Transform.rewriteCookieDomain(from, to))
                        .all("Set-Cookie"))
                .containsExactly(after);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/app|/shop/app|a=b; Path=/app; Secure|a=b; Path=/shop/app; Secure",
                "/app|/shop|a=b; path=/app/x|a=b; path=/shop/x",
                "/app|/shop|a=b; Path=/apple|a=b; Path=/apple",
                "/|/shop|a=b; Path=/|a=b; Path=/shop",
                "/|/shop|a=b; Path = /x ; Secure|a=b; Path = /shop/x ; Secure",
                "/|/shop/|a=b; Path=/x|a=b; Path=/shop/x",
                "/app|''|a=b; Path=/app|a=b; Path=/",
                "/app|/|a=b; Path=/app/x|a=b; Path=/x",
                "/app|/shop|Path=/app; Domain=/app|Path=/app; Domain=/app",
            })
    void rewriteCookiePath_replacesTheBeginning(String from, String to, String before, String after) {
        assertThat(response(Headers.create().add("Set-Cookie", before), Transform.rewriteCookiePath(from, to))
                        .all("Set-Cookie"))
                .containsExactly(after);
    }

    @Test
    void severalCookies_keepTheirOrder() {
        Headers headers = response(
                Headers.create()
                        .add("Set-Cookie", "a=1; Domain=x")
                        .add("Other", "o")
                        .add("set-cookie", "b=2")
                        .add("Set-Cookie", "c=3; Domain=x"),
                Transform.rewriteCookieDomain("x", "y"));
        assertThat(headers.all("Set-Cookie")).containsExactly("a=1; Domain=y", "b=2", "c=3; Domain=y");
    }

    @Test
    void locationThatIsSetFirst_isRewrittenAfter() {
        assertThat(response(
                                Headers.create(),
                                Transform.setResponseHeader("Location", "/a/x"),
                                Transform.rewriteLocation("/a", "/b"))
                        .all("Location"))
                .containsExactly("/b/x");
    }
}
