package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What error answers look like, of the proxy and of upstreams. */
class ErrorPageTest {
    private static final String NOT_FOUND = "GET /none HTTP/1.1\r\nHost: test\r\n\r\n";
    private static final ErrorPage HTML = ErrorPage.html("<h1>{status} {reason}</h1>{code}");
    private static final ErrorPage JSON = ErrorPage.json("{\"status\":{status},\"code\":\"{code}\"}");

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @TempDir
    Path folder;

    private ReverseProxy start(TestUpstream upstream, UnaryOperator<Route.Builder> route, ErrorPage... pages) {
        UpstreamPool pool = UpstreamPool.builder("main").target(upstream.url()).build();
        ReverseProxy.Builder proxy = ReverseProxy.builder()
                .route(route.apply(Route.builder("r").match(Match.path("/")).to(pool))
                        .build());
        for (ErrorPage page : pages) {
            proxy.errorPage(page);
        }
        return fixture.start(fixture.listening(proxy));
    }

    private ReverseProxy start(ErrorPage... pages) {
        return start(fixture.answering(), route -> route, pages);
    }

    private RawResponse get(String target, String... fields) {
        StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: test\r\n");
        for (String field : fields) {
            request.append(field).append("\r\n");
        }
        return fixture.client().send(request + "\r\n").readResponse();
    }

    private TestUpstream refusing() {
        TestUpstream upstream = fixture.upstream(exchange -> {});
        upstream.stopListening();
        return upstream;
    }

    // ---- which page

    @Test
    void failureWithoutRoute_hasThePageOfTheProxy() {
        start(HTML);
        RawClient client = fixture.client();
        RawResponse response = client.send(NOT_FOUND).readResponse();
        assertThat(response.status()).isEqualTo(404);
        assertThat(response.bodyText()).isEqualTo("<h1>404 Not Found</h1>ROUTE_NOT_FOUND");
        assertThat(response.header("Content-Type")).contains("text/html; charset=utf-8");
        assertThat(response.header("Fairlead-Failure")).contains("ROUTE_NOT_FOUND");
        assertThat(response.header("Vary")).contains("Accept");
        assertThat(client.send(NOT_FOUND).readResponse().status()).isEqualTo(404);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.ROUTE_NOT_FOUND);
    }

    @Test
    void pageOfTheRoute_comesBeforeTheProxys() {
        start(
                refusing(),
                route -> route.errorPage(ErrorPage.html("route {status}").on(502)),
                HTML);
        assertThat(get("/").bodyText()).isEqualTo("route 502");
        assertThat(get("/none").bodyText()).startsWith("<h1>404");
    }

    @Test
    void statusWithoutPage_hasTheProxysOwnText() {
        start(refusing(), route -> route, HTML.on(404));
        RawResponse response = get("/");
        assertThat(response.bodyText()).isEqualTo("502 Bad Gateway\nUPSTREAM_CONNECT_FAILED\n");
        assertThat(response.header("Vary")).isEmpty();
    }

    @Test
    void accept_choosesAmongThePages() {
        start(HTML, JSON);
        String json = "{\"status\":404,\"code\":\"ROUTE_NOT_FOUND\"}";
        String html = "<h1>404 Not Found</h1>ROUTE_NOT_FOUND";
        assertThat(get("/none", "Accept: application/json").bodyText()).isEqualTo(json);
        assertThat(get("/none", "Accept: text/html;q=0.1, application/*").bodyText())
                .isEqualTo(json);
        assertThat(get("/none", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
                        .bodyText())
                .isEqualTo(html);
        assertThat(get("/none", "Accept: */*").bodyText()).isEqualTo(html);
        assertThat(get("/none", "Accept: ;;broken").bodyText()).isEqualTo(html);
        assertThat(get("/none", "Accept: image/png", "Accept: application/json").bodyText())
                .isEqualTo(json);
        // Neither, so that the proxy's own text is left.
        RawResponse neither = get("/none", "Accept: image/png");
        assertThat(neither.bodyText()).isEqualTo("404 Not Found\nROUTE_NOT_FOUND\n");
        assertThat(neither.header("Vary")).contains("Accept");
    }

    @Test
    void curl_getsThePageThatItAsksFor() throws Exception {
        ReverseProxy proxy = start(HTML, JSON);
        String url = "http://127.0.0.1:" + proxy.addresses().get(0).getPort() + "/none";
        assertThat(curl(url)).startsWith("<h1>404");
        assertThat(curl("-H", "Accept: application/json", url)).startsWith("{\"status\":404");
        assertThat(curl("-I", url)).contains("404 Not Found", "Content-Length: 37");
    }

    private static String curl(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 4];
        System.arraycopy(new String[] {"curl", "-s", "-m", "10"}, 0, command, 0, 4);
        System.arraycopy(arguments, 0, command, 4, arguments.length);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    // ---- before routing

    @Test
    void malformedHead_hasThePageOfTheProxy() {
        start(ErrorPage.html("{status} {code} [{path}][{host}][{requestId}][{exchangeId}]"));
        RawResponse response = fixture.client()
                .send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
                .readResponse();
        assertThat(response.status()).isEqualTo(400);
        assertThat(response.bodyText()).isEqualTo("400 CLIENT_BAD_HOST [][][][]");
        assertThat(response.header("Content-Type")).contains("text/html; charset=utf-8");
    }

    @Test
    void tooManyFields_haveThePageOfTheProxy() {
        start(HTML.on(431));
        String request = "GET / HTTP/1.1\r\nHost: test\r\nX-Long: " + "a".repeat(70_000) + "\r\n\r\n";
        RawClient client = fixture.client().sendIfOpen(request.getBytes(StandardCharsets.ISO_8859_1));
        assertThat(client.readResponse().bodyText()).startsWith("<h1>431");
    }

    // ---- what stays

    @Test
    void fieldsOfTheError_stay() {
        start(
                fixture.answering(TestUpstream.ok("ok")),
                route -> route.match(Match.path("/").and(Match.method("GET")))
                        .middleware(RateLimit.of(1, Duration.ofHours(1))),
                HTML);
        RawResponse method =
                fixture.client().send("DELETE / HTTP/1.1\r\nHost: test\r\n\r\n").readResponse();
        assertThat(method.header("Allow")).contains("GET");
        assertThat(method.bodyText()).startsWith("<h1>405");
        assertThat(get("/").bodyText()).isEqualTo("ok");
        RawResponse limited = get("/");
        assertThat(limited.bodyText()).startsWith("<h1>429");
        assertThat(limited.header("Retry-After")).isPresent();
        assertThat(limited.header("RateLimit")).isPresent();
    }

    @Test
    void head_hasTheLengthWithoutTheBody() {
        start(HTML);
        RawClient client = fixture.client();
        RawResponse response =
                client.send("HEAD /none HTTP/1.1\r\nHost: test\r\n\r\n").readResponse(true);
        assertThat(response.header("Content-Length")).contains("37");
        assertThat(client.send(NOT_FOUND).readResponse().bodyText()).hasSize(37);
    }

    @Test
    void overloadedProxy_answersWithThePageAtOnce() {
        CountDownLatch release = new CountDownLatch(1);
        TestUpstream slow = fixture.upstream(exchange -> {
            exchange.readHead();
            release.await(5, TimeUnit.SECONDS);
            exchange.write(TestUpstream.ok("ok"));
        });
        UpstreamPool pool = UpstreamPool.builder("main").target(slow.url()).build();
        fixture.start(fixture.to(pool)
                .maxConcurrentRequests(1)
                .errorPage(ErrorPage.html("come back").on(503)));
        RawClient first = fixture.client().send(GET);
        slow.awaitHeads(1);
        RawResponse refused = fixture.client().send(GET).readResponse();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.bodyText()).isEqualTo("come back");
        assertThat(refused.header("Retry-After")).contains("1");
        release.countDown();
        assertThat(first.readResponse().bodyText()).isEqualTo("ok");
    }

    // ---- variables

    @Test
    void hostilePath_isEscaped() {
        start(
                ErrorPage.html("<p title='{path}'>{requestId}</p> {other} {"),
                ErrorPage.json("{\"path\":\"{path}\",\"id\":\"{requestId}\"}"));
        // What a path may hold beside letters; the rest is refused before there is a path.
        RawResponse html = get("/'onload='alert(1)&x", "X-Request-Id: <script>alert(\"1\")</script>`");
        assertThat(html.bodyText())
                .isEqualTo("<p title='/&#39;onload=&#39;alert(1)&amp;x'>"
                        + "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#96;</p> {other} {");
        RawResponse json = get("/'&", "Accept: application/json", "X-Request-Id: a\"}\\</script>");
        assertThat(json.bodyText())
                .isEqualTo("{\"path\":\"/\\u0027\\u0026\",\"id\":\"a\\\"}\\\\\\u003c/script\\u003e\"}");
    }

    @Test
    void longPath_isCut() {
        start(ErrorPage.of("text/plain", "{path}|{host}|{exchangeId}"));
        RawResponse response = get("/" + "a".repeat(5_000));
        long id = fixture.awaitRecord().exchangeId();
        assertThat(response.bodyText()).isEqualTo("/" + "a".repeat(2_047) + "...|test|" + id);
    }

    @Test
    void typeWhoseEscapesAreUnknown_hasNoVariables() {
        start(ErrorPage.of("text/css", "a{path}"));
        assertThat(get("/none").bodyText()).isEqualTo("a{path}");
    }

    @Test
    void longPage_isSentWhole() {
        String page = "0123456789".repeat(50_000);
        start(ErrorPage.of("text/plain", page));
        RawClient client = fixture.client();
        assertThat(client.send(NOT_FOUND).readResponse().bodyText()).isEqualTo(page);
        assertThat(client.send(NOT_FOUND).readResponse().bodyText()).isEqualTo(page);
        assertThat(fixture.client()
                        .send("GET / HTTP/1.1\r\n\r\n")
                        .readResponse()
                        .bodyText())
                .isEqualTo(page);
    }

    // ---- files and updates

    @Test
    void file_isReadAgainWithAnUpdate() throws IOException {
        Path file = Files.writeString(folder.resolve("page.html"), "old {status} \u20ac");
        ReverseProxy proxy = start(ErrorPage.file("text/html; charset=utf-8", file.toString()));
        assertThat(new String(get("/none").body(), StandardCharsets.UTF_8)).isEqualTo("old 404 \u20ac");
        Files.writeString(file, "new {status}");
        assertThat(new String(get("/none").body(), StandardCharsets.UTF_8)).isEqualTo("old 404 \u20ac");
        proxy.update(proxy.config());
        assertThat(get("/none").bodyText()).isEqualTo("new 404");
        Files.delete(file);
        assertThat(proxy.config().validate()).hasSize(1);
    }

    @Test
    void changesThatNameNoFile_readNone() throws IOException {
        Path file = Files.writeString(folder.resolve("page.html"), "old {status}");
        ReverseProxy proxy = start(ErrorPage.file("text/html; charset=utf-8", file.toString()));
        Files.writeString(file, "new {status}");
        proxy.drainRoute("r", Duration.ZERO).undo();
        proxy.switchRoute("r", "main", Duration.ZERO);
        assertThat(get("/none").bodyText()).isEqualTo("old 404");
        Files.delete(file);
        proxy.addTarget("main", Target.of("http://127.0.0.1:1"));
        proxy.setWeight("main", "http://127.0.0.1:1", 0);
        proxy.removeTarget("main", "http://127.0.0.1:1");
        proxy.drainRoute("r", Duration.ZERO);
        assertThat(get("/").bodyText()).isEqualTo("old 503");
    }

    @Test
    void updateThatFails_leavesThePagesAsTheyAre() throws IOException {
        Path file = Files.writeString(folder.resolve("page.html"), "old {status}");
        ReverseProxy proxy = start(ErrorPage.file("text/html; charset=utf-8", file.toString()));
        Files.writeString(file, "new {status}");
        ProxyConfig taken = proxy.config().toBuilder()
                .listener(Listener.http("127.0.0.1", fixture.answering().port()))
                .build();
        assertThatThrownBy(() -> proxy.update(taken)).isInstanceOf(UncheckedIOException.class);
        proxy.drainRoute("r", Duration.ZERO);
        assertThat(get("/").bodyText()).isEqualTo("old 503");
    }

    // ---- errors of upstreams

    @Test
    void answerOfAnUpstream_isReplacedOnlyIfAskedFor() {
        String error =
                "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nETag: \"1\"\r\nSet-Cookie: a=b\r\nContent-Encoding: x\r\n"
                        + "Cache-Control: no-store\r\nVary: Origin\r\n\r\noops";
        String missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
        TestUpstream broken = fixture.answering(error, error, missing, TestUpstream.ok("fine"));
        start(
                broken,
                route -> route,
                HTML.on(404),
                ErrorPage.html("page {status}{code}").on(500).intercept(true));
        RawClient client = fixture.client();
        for (int i = 0; i < 2; i++) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.reason()).isEqualTo("Oops");
            assertThat(response.bodyText()).isEqualTo("page 500");
            assertThat(response.header("Set-Cookie")).contains("a=b");
            assertThat(response.header("Cache-Control")).contains("no-store");
            assertThat(response.headers("Vary")).containsExactly("Origin", "Accept");
            assertThat(response.headers("Content-Type")).containsExactly("text/html; charset=utf-8");
            assertThat(response.headers("Content-Length")).containsExactly("8");
            assertThat(response.header("ETag")).isEmpty();
            assertThat(response.header("Content-Encoding")).isEmpty();
            assertThat(response.header("Fairlead-Failure")).isEmpty();
            assertThat(fixture.awaitRecord().failure()).isEmpty();
        }
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("none");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("fine");
        // What was replaced was read to its end.
        assertThat(broken.connections()).isEqualTo(1);
    }

    @Test
    void replacedAnswer_toHeadHasTheLengthOfThePage() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 500 Oops\r\nContent-Length: 4000\r\n\r\n");
        });
        start(broken, route -> route.errorPage(ErrorPage.html("page").intercept(true)));
        RawClient client = fixture.client();
        RawResponse response =
                client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n").readResponse(true);
        assertThat(response.headers("Content-Length")).containsExactly("4");
        assertThat(client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
                        .readResponse(true)
                        .status())
                .isEqualTo(500);
        assertThat(broken.connections()).isEqualTo(1);
    }

    @Test
    void replacedAnswerThatIsLong_isBrokenOff() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\nbegin");
            exchange.awaitClose();
        });
        start(broken, route -> route.errorPage(ErrorPage.html("page").intercept(true)));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("page");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("page");
    }

    @Test
    void replacedAnswerToAnUpload_keepsBothConnections() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops");
        });
        start(broken, route -> route.errorPage(ErrorPage.html("page").intercept(true)));
        RawClient client = fixture.client();
        for (int i = 0; i < 3; i++) {
            assertThat(client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
                            .readResponse()
                            .bodyText())
                    .isEqualTo("page");
        }
        assertThat(broken.connections()).isEqualTo(1);
    }

    @Test
    void middlewareAndTransforms_seeThePage() {
        AtomicReference<String> seen = new AtomicReference<>();
        Middleware watch = (exchange, chain) -> chain.proceed(exchange).thenApply(response -> {
            seen.set(response.status() + " "
                    + response.headers().first("Content-Type").orElse(""));
            return response.header("X-Seen", "yes");
        });
        start(
                fixture.answering("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"),
                route -> route.middleware(watch)
                        .transform(Transform.setResponseHeader("X-Edited", "yes"))
                        .errorPage(ErrorPage.html("page").intercept(true)));
        RawResponse response = get("/");
        assertThat(response.bodyText()).isEqualTo("page");
        assertThat(response.header("X-Seen")).contains("yes");
        assertThat(response.header("X-Edited")).contains("yes");
        assertThat(seen.get()).isEqualTo("500 text/html; charset=utf-8");
    }

    @Test
    void fallback_comesBeforeThePage() {
        start(
                refusing(),
                route -> route.errorPage(ErrorPage.html("page").intercept(true))
                        .fallback(Fallback.respond(200, "fallback")));
        assertThat(get("/").bodyText()).isEqualTo("fallback");
    }
}
