package io.fairlead.proxy.internal.engine.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client's connection makes of requests that come in a stream: split, joined, slow, half-closed. */
class Http1ServerConnectionTest {
    private static final Duration SOON = Duration.ofSeconds(2);
    private static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    /** Answers each request with its method, target and body. */
    private static TestUpstream echo() {
        return TestUpstream.start(exchange -> {
            String line = exchange.method() + " " + exchange.target() + " ";
            String body = new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            exchange.write(TestUpstream.ok(line + body));
        });
    }

    private static ReverseProxy proxy(TestUpstream upstream, UnaryOperator<Listener.Builder> settings) {
        return ReverseProxy.to(upstream.url())
                .name("connection")
                .ioThreads(1)
                .listener(settings.apply(Listener.builder("127.0.0.1", 0)).build())
                .stopTimeout(Duration.ofSeconds(1))
                .start();
    }

    private static ReverseProxy proxy(TestUpstream upstream) {
        return proxy(upstream, listener -> listener);
    }

    // ---- pipelining

    @Test
    void pipelinedRequests_howeverSplit_areAnsweredInOrder() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream)) {
            Seeds.run(40, random -> {
                int count = 1 + random.nextInt(12);
                StringBuilder requests = new StringBuilder();
                String[] expected = new String[count];
                for (int i = 0; i < count; i++) {
                    String body = "b".repeat(random.nextInt(random.nextInt(5) == 0 ? 5_000 : 20));
                    String fields = " /" + i + " HTTP/1.1\r\nHost: test\r\nX-Fill: " + "f".repeat(random.nextInt(100));
                    switch (random.nextInt(3)) {
                        case 0 -> {
                            requests.append("GET").append(fields).append("\r\n\r\n");
                            expected[i] = "GET /" + i + " ";
                        }
                        case 1 -> {
                            requests.append("POST")
                                    .append(fields)
                                    .append("\r\nContent-Length: " + body.length())
                                    .append("\r\n\r\n")
                                    .append(body);
                            expected[i] = "POST /" + i + " " + body;
                        }
                        default -> {
                            requests.append("PUT").append(fields).append("\r\nTransfer-Encoding: chunked\r\n\r\n");
                            if (!body.isEmpty()) {
                                requests.append(Integer.toHexString(body.length()))
                                        .append("\r\n")
                                        .append(body)
                                        .append("\r\n");
                            }
                            requests.append("0\r\n\r\n");
                            expected[i] = "PUT /" + i + " " + body;
                        }
                    }
                }
                byte[] bytes = requests.toString().getBytes(StandardCharsets.ISO_8859_1);
                int largest = random.nextInt(3) == 0 ? bytes.length : 1 + random.nextInt(300);
                try (RawClient client = RawClient.connect(proxy.port())) {
                    for (int at = 0; at < bytes.length; ) {
                        int size = Math.min(bytes.length - at, 1 + random.nextInt(largest));
                        client.send(Arrays.copyOfRange(bytes, at, at + size));
                        at += size;
                    }
                    for (String answer : expected) {
                        assertThat(client.readResponse().bodyText()).isEqualTo(answer);
                    }
                }
            });
        }
    }

    @Test
    void hundredsOfRequestsInOneWrite_areAllAnswered() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            // More than the proxy reads at once, so that the last of a piece is cut off somewhere.
            String request = "GET /long?" + "q".repeat(500) + " HTTP/1.1\r\nHost: test\r\n\r\n";
            client.send(request.repeat(300));
            for (int i = 0; i < 300; i++) {
                assertThat(client.readResponse().status()).isEqualTo(200);
            }
        }
    }

    // ---- slow and large heads

    @Test
    void headThatDripsIn_isAnswered() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            client.sendSlowly("GET /slow HTTP/1.1\r\nHost: test\r\nX-Fill: " + "f".repeat(2_000) + "\r\n\r\n");
            assertThat(client.readResponse().bodyText()).isEqualTo("GET /slow ");
            client.sendSlowly("POST /slow HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
            assertThat(client.readResponse().bodyText()).isEqualTo("POST /slow abc");
        }
    }

    @Test
    void badFieldBehindASlowHead_isRefused() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n").send("X-A: b\r\n").send("Bad Name: c\r\n");
            assertThat(client.readResponse().status()).isEqualTo(400);
            client.awaitEof(SOON);
            assertThat(upstream.connections()).isZero();
        }
    }

    @Test
    void headThatDoesNotComeWhole_isAnswered408() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = ReverseProxy.to(upstream.url())
                        .name("connection")
                        .ioThreads(1)
                        .listener(Listener.http("127.0.0.1", 0))
                        .timeouts(Timeouts.ofDefaults().withRequestHead(Duration.ofMillis(200)))
                        .stopTimeout(Duration.ofSeconds(1))
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("GET / HTTP/1.1\r\nHo");
            RawResponse response = client.readResponse();
            assertThat(response.status()).isEqualTo(408);
            assertThat(response.fields().containsToken("Connection", "close")).isTrue();
            client.awaitEof(SOON);
        }
    }

    @Test
    void headsOfTheLargestAllowedSize_pass() {
        int bytes = 61_000;
        int answerBytes = 65_450;
        String large = "X-Large: " + "l".repeat(bytes) + "\r\n";
        String largeAnswer = "X-Large: " + "l".repeat(answerBytes) + "\r\n";
        try (TestUpstream upstream =
                        TestUpstream.answering("HTTP/1.1 200 OK\r\n" + largeAnswer + "Content-Length: 2\r\n\r\nok");
                ReverseProxy proxy = ReverseProxy.builder()
                        .name("connection")
                        .ioThreads(1)
                        .listener(Listener.builder("127.0.0.1", 0)
                                .limits(Limits.ofDefaults().withMaxHeaderBytes(61_440))
                                .build())
                        .route(Route.builder("all")
                                .to(UpstreamPool.builder("large")
                                        .target(upstream.url())
                                        .maxResponseHeaderBytes(65_536)
                                        .build())
                                .build())
                        .stopTimeout(Duration.ofSeconds(1))
                        .build()
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < 2; i++) {
                client.send("POST / HTTP/1.1\r\nHost: test\r\n" + large + "Content-Length: 3\r\n\r\nabc");
                RawResponse response = client.readResponse();
                assertThat(response.bodyText()).isEqualTo("ok");
                assertThat(response.header("X-Large").orElseThrow()).hasSize(answerBytes);
                assertThat(upstream.lastRequest().header("X-Large").orElseThrow())
                        .hasSize(bytes);
                assertThat(upstream.lastRequest().bodyText()).isEqualTo("abc");
            }
        }
    }

    /** What came before anybody wanted the body switched reads off, and nothing switched them on again. */
    @Test
    void uploadThatComesBeforeItIsWanted_goesOn() {
        CompletableFuture<Void> wanted = new CompletableFuture<>();
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = ReverseProxy.to(upstream.url())
                        .name("connection")
                        .ioThreads(1)
                        .listener(Listener.http("127.0.0.1", 0))
                        .middleware(
                                (exchange, chain) -> exchange.request().method().equals("POST")
                                        ? wanted.thenCompose(ready -> chain.proceed(exchange))
                                        : chain.proceed(exchange))
                        .stopTimeout(Duration.ofSeconds(1))
                        .start();
                RawClient client = RawClient.connect(proxy.port());
                RawClient other = RawClient.connect(proxy.port())) {
            for (String piece : new String[] {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nab", "cd"}) {
                client.send(piece);
                // When this one is answered the only I/O thread has seen the piece.
                assertThat(other.send(GET).readResponse().status()).isEqualTo(200);
            }
            wanted.complete(null);
            client.send("ef");
            assertThat(client.readResponse().bodyText()).isEqualTo("POST / abcdef");
        }
    }

    // ---- the end of the client's direction

    @Test
    void halfCloseWhereItIsAllowed_isAnsweredAndThenClosed() {
        CountDownLatch answer = new CountDownLatch(1);
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readBody();
                    answer.await();
                    exchange.write(TestUpstream.ok("late"));
                });
                ReverseProxy proxy = proxy(upstream, listener -> listener.halfClose(true));
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET).halfClose();
            upstream.awaitRequests(1);
            answer.countDown();
            assertThat(client.readResponse().bodyText()).isEqualTo("late");
            client.awaitEof(SOON);
        }
    }

    @Test
    void halfCloseBehindPipelinedRequests_letsAllBeAnswered() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream, listener -> listener.halfClose(true));
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\n"
                            + "POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nab"
                            + "GET /3 HTTP/1.1\r\nHost: test\r\n\r\n")
                    .halfClose();
            assertThat(client.readResponse().bodyText()).isEqualTo("GET /1 ");
            assertThat(client.readResponse().bodyText()).isEqualTo("POST /2 ab");
            assertThat(client.readResponse().bodyText()).isEqualTo("GET /3 ");
            client.awaitEof(SOON);
        }
    }

    @Test
    void halfCloseWithinAPipelinedBody_endsTheConnectionAtOnce() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream, listener -> listener.halfClose(true));
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET + "POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\nab")
                    .halfClose();
            assertThat(client.readResponse().bodyText()).isEqualTo("GET / ");
            client.awaitEof(SOON);
        }
    }

    @Test
    void halfCloseWithinAPipelinedBodyThatNobodyWants_isAnswered() {
        try (ReverseProxy proxy = ReverseProxy.builder()
                        .name("connection")
                        .ioThreads(1)
                        .listener(
                                Listener.builder("127.0.0.1", 0).halfClose(true).build())
                        .route(Route.builder("none")
                                .match(Match.path("/none"))
                                .to(UpstreamPool.of("none", "http://127.0.0.1:1"))
                                .build())
                        .stopTimeout(Duration.ofSeconds(1))
                        .build()
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET + "POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\nab")
                    .halfClose();
            assertThat(client.readResponse().status()).isEqualTo(404);
            RawResponse response = client.readResponse();
            assertThat(response.status()).isEqualTo(404);
            client.awaitEof(SOON);
        }
    }

    @Test
    void halfCloseWhereItIsNotAllowed_cancelsTheUpstreamsWork() {
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readBody();
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET);
            upstream.awaitRequests(1);
            client.halfClose();
            client.awaitEof(SOON);
            upstream.awaitConnectionClosed(SOON);
        }
    }

    // ---- Expect: 100-continue (RFC 9110 §10.1.1)

    @Test
    void continueOfTheUpstream_isRelayedBeforeTheBodyIsSent() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("ok"));
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < 2; i++) {
                client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
                assertThat(client.readHead()).startsWith("HTTP/1.1 100 Continue");
                client.send("hello");
                assertThat(client.readResponse().bodyText()).isEqualTo("ok");
                assertThat(upstream.lastRequest().bodyText()).isEqualTo("hello");
                assertThat(upstream.lastRequest().header("Expect")).contains("100-continue");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"417 Expectation Failed", "200 OK", "401 Unauthorized"})
    void finalAnswerInsteadOfContinue_reachesTheClientThatKeepsItsBody(String status) {
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.write("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno");
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            RawResponse response = client.readResponse();
            assertThat(response.interim()).isEmpty();
            assertThat(response.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
            assertThat(response.bodyText()).isEqualTo("no");
            // Whether the body comes after all nobody knows, so the connection has no next request.
            assertThat(response.fields().containsToken("Connection", "close")).isTrue();
            client.awaitEof(SOON);
            upstream.awaitConnectionClosed(SOON);
        }
    }

    // ---- keep-alive, HEAD, errors

    @Test
    void http10KeepAlive_isConfirmedAndKept() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < 3; i++) {
                client.send("GET /" + i + " HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n");
                RawResponse response = client.readResponse();
                assertThat(response.bodyText()).isEqualTo("GET /" + i + " ");
                assertThat(response.fields().containsToken("Connection", "keep-alive"))
                        .isTrue();
            }
            client.send("GET /last HTTP/1.0\r\nHost: test\r\n\r\n");
            assertThat(client.readResponse().bodyText()).isEqualTo("GET /last ");
            client.awaitEof(SOON);
        }
    }

    @Test
    void headAmongOthers_hasNoBodyAndKeepsTheOrder() {
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    boolean head = exchange.method().equals("HEAD");
                    exchange.write(head ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : TestUpstream.ok("body"));
                });
                ReverseProxy proxy = proxy(upstream);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + GET + "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + GET);
            for (int i = 0; i < 2; i++) {
                RawResponse head = client.readResponse(true);
                assertThat(head.header("Content-Length")).contains("9");
                assertThat(client.readResponse().bodyText()).isEqualTo("body");
            }
        }
    }

    @Test
    void bodyAboveTheLimit_isRefusedAndClosesTheConnection() {
        try (TestUpstream upstream = echo();
                ReverseProxy proxy = proxy(
                        upstream,
                        listener -> listener.limits(Limits.ofDefaults().withMaxBodyBytes(4)))) {
            for (String framing : new String[] {
                "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            }) {
                try (RawClient client = RawClient.connect(proxy.port())) {
                    client.send("POST / HTTP/1.1\r\nHost: test\r\n" + framing);
                    RawResponse response = client.readResponse();
                    assertThat(response.status()).isEqualTo(413);
                    assertThat(response.fields().containsToken("Connection", "close"))
                            .isTrue();
                    client.awaitEof(SOON);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 2\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"})
    void errorsOfRouteAndUpstream_keepTheConnection(String framing) {
        int closedPort;
        try (TestUpstream closed = echo()) {
            closedPort = closed.port();
        }
        try (ReverseProxy proxy = ReverseProxy.builder()
                        .name("connection")
                        .ioThreads(1)
                        .listener(Listener.http("127.0.0.1", 0))
                        .route(Route.builder("dead")
                                .match(Match.path("/dead"))
                                .to(UpstreamPool.of("dead", "http://127.0.0.1:" + closedPort))
                                .build())
                        .stopTimeout(Duration.ofSeconds(1))
                        .build()
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < 2; i++) {
                for (String path : new String[] {"/dead", "/unknown"}) {
                    client.send("POST " + path + " HTTP/1.1\r\nHost: test\r\n" + framing);
                    RawResponse response = client.readResponse();
                    assertThat(response.status()).isEqualTo(path.equals("/dead") ? 502 : 404);
                    assertThat(response.headers("Connection")).isEmpty();
                }
            }
        }
    }
}
