package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A request that fails through no fault of the client's, or is answered without a look at its body, before that is there: the rest of a small body is read over
 * and the connection goes on. It was closed, which cost every such client a connection.
 */
class ReadOverTest {
    /** Whoever took the body for requests would forward this one. */
    private static final String BODY = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

    private static final String CHUNKS =
            Integer.toHexString(BODY.length()) + ";x=y\r\n" + BODY + "\r\n0\r\nX-Sum: 1\r\n\r\n";
    private static final String NEXT = "GET /next HTTP/1.1\r\nHost: test\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final TestUpstream upstream = TestUpstream.start(exchange -> {
        if (exchange.target().equals("/asks")) {
            exchange.readHead();
            exchange.write("HTTP/1.1 100 Continue\r\n\r\n").awaitClose();
            return;
        }
        if (exchange.target().equals("/breaks")) {
            exchange.readHead();
            exchange.close();
            return;
        }
        exchange.readBody();
        exchange.write(TestUpstream.ok("next"));
    });

    @BeforeEach
    void start() {
        int closedPort;
        try (TestUpstream closed = TestUpstream.answering(TestUpstream.ok("never"))) {
            closedPort = closed.port();
        }
        UpstreamPool pool = UpstreamPool.of("live", fixture.keep(upstream).url());
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(route("next", pool))
                .route(route("breaks", pool))
                .route(Route.builder("asks")
                        .match(Match.path("/asks"))
                        .timeouts(Timeouts.ofDefaults().withTotal(Duration.ofMillis(500)))
                        .to(pool)
                        .build())
                .route(Route.builder("small")
                        .match(Match.path("/small"))
                        .maxBodyBytes(4)
                        .to(pool)
                        .build())
                .route(Route.builder("guarded")
                        .match(Match.path("/guarded"))
                        .middleware((exchange, chain) ->
                                CompletableFuture.completedFuture(Response.of(401, "who are you?")))
                        .to(pool)
                        .build())
                .route(Route.builder("gone")
                        .match(Match.path("/gone"))
                        .respond(410, "gone")
                        .build())
                .route(route("dead", UpstreamPool.of("dead", "http://127.0.0.1:" + closedPort))));
    }

    private static Route route(String name, UpstreamPool pool) {
        return Route.builder(name).match(Match.path("/" + name)).to(pool).build();
    }

    private RawClient post(String path, String fields, String body) {
        return fixture.client().send("POST " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n" + body);
    }

    private static void assertKept(RawResponse response, int status) {
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.headers("Connection")).isEmpty();
    }

    private void assertNext(RawClient client) {
        assertThat(client.readResponse().bodyText()).isEqualTo("next");
        assertThat(upstream.requests())
                .extracting(ReceivedRequest::requestLine)
                .doesNotContain("GET /smuggled HTTP/1.1");
    }

    @ParameterizedTest
    @CsvSource({
        "/unknown, 404, 0",
        "/unknown, 404, 7",
        "/guarded, 401, 0",
        "/guarded, 401, 7",
        "/gone, 410, 0",
        "/gone, 410, 7",
        "/dead, 502, 0",
        "/dead, 502, 7",
        "/breaks, 502, 7"
    })
    void restOfABodyWithLength_isReadOver(String path, int status, int early) {
        RawClient client = post(path, "Content-Length: " + BODY.length() + "\r\n", BODY.substring(0, early));
        assertKept(client.readResponse(), status);
        assertNext(client.send(BODY.substring(early) + NEXT));
    }

    @ParameterizedTest
    @CsvSource({
        "/unknown, 404, 0",
        "/unknown, 404, 7",
        "/guarded, 401, 0",
        "/guarded, 401, 7",
        "/gone, 410, 0",
        "/gone, 410, 7",
        "/dead, 502, 0",
        "/dead, 502, 7",
        "/breaks, 502, 7"
    })
    void restOfChunks_isReadOver(String path, int status, int early) {
        RawClient client = post(path, "Transfer-Encoding: chunked\r\n", CHUNKS.substring(0, early));
        assertKept(client.readResponse(), status);
        assertNext(client.send(CHUNKS.substring(early) + NEXT));
    }

    @Test
    void restThatDripsIn_isReadOver() {
        RawClient client = post("/unknown", "Transfer-Encoding: chunked\r\n", "");
        assertKept(client.readResponse(), 404);
        assertNext(client.sendSlowly(CHUNKS + NEXT));
    }

    @Test
    void requestsPipelinedBehindTheRest_areAnsweredInOrder() {
        RawClient client = post("/unknown", "Content-Length: " + BODY.length() + "\r\n", "");
        assertKept(client.readResponse(), 404);
        client.send(BODY + NEXT + "POST /unknown HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc" + NEXT);
        assertNext(client);
        assertKept(client.readResponse(), 404);
        assertNext(client);
    }

    @Test
    void restOf64KiB_isReadOver() {
        RawClient client = post("/unknown", "Content-Length: 65536\r\n", "");
        assertKept(client.readResponse(), 404);
        assertNext(client.send("x".repeat(65_536) + NEXT));
    }

    @Test
    void restAbove64KiB_closesTheConnection() {
        RawClient client = post("/unknown", "Content-Length: 65537\r\n", "");
        assertCloses(client.readResponse(), 404);
        client.awaitEof(SOON);
    }

    @Test
    void chunksAbove64KiB_closeTheConnectionAfterTheAnswer() {
        RawClient client = post("/unknown", "Transfer-Encoding: chunked\r\n", "");
        assertKept(client.readResponse(), 404);
        client.sendIfOpen(
                ("11000\r\n" + "x".repeat(0x11000) + "\r\n0\r\n\r\n" + NEXT).getBytes(StandardCharsets.ISO_8859_1));
        client.awaitEof(SOON);
        assertThat(upstream.requests()).isEmpty();
    }

    @Test
    void restThatDoesNotCome_closesTheConnectionAfterASecond() {
        RawClient client = post("/unknown", "Content-Length: 5\r\n", "he");
        assertKept(client.readResponse(), 404);
        client.awaitEof(SOON);
    }

    @ParameterizedTest
    @ValueSource(strings = {"5\nhello\r\n0\r\n\r\n", "zz\r\n", "5\r\nhelloGET /smuggled HTTP/1.1\r\n"})
    void brokenRest_closesTheConnection(String rest) {
        RawClient client = post("/unknown", "Transfer-Encoding: chunked\r\n", "");
        assertKept(client.readResponse(), 404);
        client.sendIfOpen((rest + NEXT).getBytes(StandardCharsets.ISO_8859_1));
        client.awaitEof(SOON);
        assertThat(upstream.requests()).isEmpty();
    }

    @Test
    void clientThatClosesWithinTheRest_isForgotten() {
        RawClient client = post("/unknown", "Content-Length: 5\r\n", "he");
        assertKept(client.readResponse(), 404);
        client.halfClose();
        ProxyFixture.await("the end", () -> LeakCheck.clients(fixture.proxy()) == 0);
    }

    /** RFC 9110 §10.1.1: who was not told to go on may send the body or not. */
    @Test
    void bodyThatWasNotAskedFor_closesTheConnection() {
        RawClient client = post("/unknown", "Expect: 100-continue\r\nContent-Length: 5\r\n", "");
        assertCloses(client.readResponse(), 404);
        client.awaitEof(SOON);
    }

    @Test
    void bodyThatWasAskedFor_isReadOver() {
        RawClient client = post("/asks", "Expect: 100-continue\r\nContent-Length: 5\r\n", "");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertKept(client.readResponse(), 504);
        assertNext(client.send("hello" + NEXT));
    }

    @ParameterizedTest
    @CsvSource({"Content-Length: 5, he", "Transfer-Encoding: chunked, 5~hello"})
    void faultOfTheClient_closesTheConnection(String framing, String begin) {
        RawClient client = post("/small", framing + "\r\n", begin.replace("~", "\r\n"));
        assertCloses(client.readResponse(), 413);
        client.awaitEof(SOON);
    }

    private static void assertCloses(RawResponse response, int status) {
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.header("Connection")).contains("close");
    }
}
