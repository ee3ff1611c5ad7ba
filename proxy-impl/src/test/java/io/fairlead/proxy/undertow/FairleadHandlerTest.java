package io.fairlead.proxy.undertow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpHandler;
import io.undertow.server.handlers.BlockingHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A proxy within a server that is not ours: its own handler at /own, the proxy for the rest. */
class FairleadHandlerTest {
    private static final String GET = "GET /a;b=1/%2e%2E//c?x=%41&y HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    private static final Duration SOON = Duration.ofSeconds(3);

    private final List<AutoCloseable> closeables = new ArrayList<>();
    private final Semaphore seen = new Semaphore(0);
    private FairleadHandler mounted;
    private Undertow server;

    private TestUpstream upstream(TestUpstream.Script script) {
        return keep(TestUpstream.start(script));
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        closeables.add(closeable);
        return closeable;
    }

    private void mount(FairleadHandler handler) {
        mounted = keep(handler);
        serve(handler);
    }

    private void serve(HttpHandler handler) {
        server = Undertow.builder()
                .addHttpListener(0, "127.0.0.1")
                .setServerOption(UndertowOptions.ENABLE_HTTP2, true)
                .setIoThreads(2)
                .setHandler(Handlers.path(handler)
                        .addExactPath(
                                "/own", exchange -> exchange.getResponseSender().send("own")))
                .build();
        server.start();
    }

    private int port() {
        return ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
    }

    private RawClient client() {
        return keep(RawClient.connect(port()));
    }

    private static UpstreamPool pool(TestUpstream upstream) {
        return UpstreamPool.of("origin", upstream.url());
    }

    private static ReverseProxy.Builder to(TestUpstream upstream) {
        return ReverseProxy.to(pool(upstream)).name("mounted").failureHeader(true);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (AutoCloseable one : closeables) {
            if (one instanceof RawClient) {
                one.close();
            }
        }
        try {
            if (mounted != null) {
                await().atMost(SOON).until(() -> mounted.inUse() == 0);
            }
        } finally {
            for (AutoCloseable one : closeables) {
                one.close();
            }
            if (server != null) {
                server.stop();
            }
        }
    }

    @Test
    void pools_tellTheTargetsFromTheFirstExchangeOn() {
        TestUpstream upstream = keep(TestUpstream.answering(TestUpstream.ok("hi")));
        FairleadHandler handler = FairleadHandler.of(to(upstream));
        mount(handler);
        assertThat(handler.pools()).isEmpty();
        client().send(GET).readResponse();
        assertThat(handler.pools()).singleElement().satisfies(pool -> {
            assertThat(pool.name()).isEqualTo("origin");
            assertThat(pool.targets()).singleElement().satisfies(target -> {
                assertThat(target.url()).isEqualTo(upstream.url());
                assertThat(target.usable()).isTrue();
            });
        });
    }

    @Test
    void get_isForwardedAsItIs() {
        TestUpstream upstream = keep(TestUpstream.answering(
                "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-Answer: yes\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\nhi",
                TestUpstream.ok("again")));
        mount(FairleadHandler.of(to(upstream)));
        RawClient client = client();
        RawResponse response = client.send(GET).readResponse();
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.reason()).isEqualTo("Fine");
        assertThat(response.bodyText()).isEqualTo("hi");
        assertThat(response.headers("X-Answer")).containsExactly("yes");
        assertThat(response.headers("X-Hop")).isEmpty();
        assertThat(response.headers("Content-Length")).containsExactly("2");
        assertThat(response.headers("Via")).containsExactly("1.1 fairlead");
        assertThat(response.headers("Date")).hasSize(1);

        ReceivedRequest received = upstream.lastRequest();
        assertThat(received.target()).isEqualTo("/a;b=1/%2e%2E//c?x=%41&y");
        assertThat(received.headers("Host")).containsExactly("shop.test");
        assertThat(received.headers("X-Forwarded-For")).containsExactly("127.0.0.1");
        assertThat(received.headers("X-Forwarded-Proto")).containsExactly("http");
        assertThat(received.headers("X-Forwarded-Port")).containsExactly(Integer.toString(port()));
        assertThat(received.headers("X-Forwarded-Host")).containsExactly("shop.test");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("again");
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @Test
    void otherHandlerOfTheServer_answersItsOwnPath() {
        mount(FairleadHandler.of(to(keep(TestUpstream.answering(TestUpstream.ok("proxied"))))));
        RawClient client = client();
        assertThat(client.send("GET /own HTTP/1.1\r\nHost: test\r\n\r\n")
                        .readResponse()
                        .bodyText())
                .isEqualTo("own");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("proxied");
    }

    @Test
    void pipelinedRequests_areAnsweredInOrder() {
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            exchange.write(TestUpstream.ok(exchange.target()));
        }))));
        RawClient client = client();
        client.send(
                "GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\nGET /3 HTTP/1.1\r\nHost: t\r\n\r\n");
        assertThat(client.readResponse().bodyText()).isEqualTo("/1");
        assertThat(client.readResponse().bodyText()).isEqualTo("/2");
        assertThat(client.readResponse().bodyText()).isEqualTo("/3");
    }

    @Test
    void requestThatComesWhileAnotherIsAtWork_isAnsweredAfterIt() throws Exception {
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            if (exchange.target().equals("/1")) {
                seen.acquire();
            }
            exchange.write(TestUpstream.ok(exchange.target()));
        }))));
        RawClient client = client();
        client.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\n");
        await().until(() -> mounted.inUse() > 0);
        client.send("GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
        seen.release();
        assertThat(client.readResponse().bodyText()).isEqualTo("/1");
        assertThat(client.readResponse().bodyText()).isEqualTo("/2");
    }

    /** The connection was closed, and the next request lost. */
    @Test
    void failureOfARequestWithASmallBody_keepsTheConnection() throws Exception {
        int closedPort;
        try (TestUpstream closed = TestUpstream.answering(TestUpstream.ok("never"))) {
            closedPort = closed.port();
        }
        mount(FairleadHandler.of(ReverseProxy.to(UpstreamPool.of("dead", "http://127.0.0.1:" + closedPort))
                .name("mounted")));
        RawClient client = client();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"
                + "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                + "GET /own HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readResponse().status()).isEqualTo(502);
        assertThat(client.readResponse().status()).isEqualTo(502);
        assertThat(client.readResponse().bodyText()).isEqualTo("own");
    }

    @Test
    void upload_isEchoed() {
        mount(FairleadHandler.of(to(upstream(FairleadHandlerTest::echo))));
        byte[] body = body();
        RawClient client = client();
        client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length + "\r\n\r\n");
        client.send(body);
        assertThat(client.readResponse().body()).isEqualTo(body);
        client.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                + Integer.toHexString(body.length) + "\r\n");
        client.send(body).send("\r\n0\r\n\r\n");
        assertThat(client.readResponse().body()).isEqualTo(body);
    }

    @Test
    void uploadBehindBlockingHandler_isEchoed() {
        mounted = keep(FairleadHandler.of(to(upstream(FairleadHandlerTest::echo))));
        serve(new BlockingHandler(mounted));
        byte[] body = body();
        RawClient client = client();
        for (int i = 0; i < 2; i++) {
            client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length + "\r\n\r\n");
            client.send(body);
            assertThat(client.readResponse().body()).isEqualTo(body);
        }
    }

    private static byte[] body() {
        byte[] body = new byte[1 << 20];
        new Random(7).nextBytes(body);
        return body;
    }

    private static void echo(ScriptedExchange exchange) throws Exception {
        exchange.readHead();
        byte[] body = exchange.readBody();
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
        exchange.write(body);
    }

    @Test
    void slowClient_getsBigAnswerWhole() {
        byte[] body = new byte[8 << 20];
        new Random(3).nextBytes(body);
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
            exchange.write(body);
        }))));
        RawClient client = keep(RawClient.connect(new InetSocketAddress("127.0.0.1", port()), 4096));
        assertThat(client.send(GET).readResponse().body()).isEqualTo(body);
    }

    @Test
    void expectContinue_isAskedForByTheUpstream() {
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            exchange.continueIfExpected();
            byte[] body = exchange.readBody();
            exchange.write(TestUpstream.ok(new String(body, StandardCharsets.ISO_8859_1)));
        }))));
        RawClient client = client();
        client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertThat(client.send("body").readResponse().bodyText()).isEqualTo("body");
    }

    /** It is the upstream that is waited for, and not the client, which was blamed after the idle time. */
    @Test
    void upstreamThatNeitherAsksForTheBodyNorAnswers_returns504() {
        TestUpstream upstream = upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        mount(FairleadHandler.of(to(upstream)
                .timeouts(Timeouts.ofDefaults()
                        .withIdle(Duration.ofMillis(150))
                        .withResponseHead(Duration.ofMillis(450)))));
        RawClient client = client();
        client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assertThat(client.readResponse().status()).isEqualTo(504);
    }

    @Test
    void event_isSeenBeforeTheNextIsSent() {
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            seen.acquire();
            exchange.write("8\r\ndata:1\n\n\r\n");
            seen.acquire();
            exchange.write("8\r\ndata:2\n\n\r\n0\r\n\r\n");
        }))));
        RawClient client = client();
        assertThat(client.send(GET).readHead()).contains("text/event-stream");
        seen.release();
        assertThat(new String(client.readBytes(13), StandardCharsets.ISO_8859_1))
                .contains("data:1");
        seen.release();
        assertThat(new String(client.readBytes(18), StandardCharsets.ISO_8859_1))
                .contains("data:2");
    }

    @Test
    void trailers_arePassedOn() {
        mount(FairleadHandler.of(to(keep(TestUpstream.answering(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")))));
        RawResponse response = client().send(GET).readResponse();
        assertThat(response.bodyText()).isEqualTo("ok");
        assertThat(response.trailers().first("X-Sum")).contains("1");
    }

    @Test
    void head_keepsTheLength() {
        mount(FairleadHandler.of(to(keep(TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n")))));
        RawResponse response =
                client().send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n").readResponse(true);
        assertThat(response.header("Content-Length")).contains("77");
    }

    @Test
    void routes_applyWithTheirMiddleware() {
        TestUpstream upstream = keep(TestUpstream.answering(TestUpstream.ok("hi")));
        Middleware marked =
                (exchange, chain) -> chain.proceed(exchange).thenApply(response -> response.header("X-Marked", "yes"));
        mount(FairleadHandler.of(ReverseProxy.builder()
                .failureHeader(true)
                .route(Route.builder("api")
                        .match(Match.path("/api/**"))
                        .middleware(marked)
                        .to(pool(upstream))
                        .build())));
        RawClient client = client();
        RawResponse found =
                client.send("GET /api/x HTTP/1.1\r\nHost: t\r\n\r\n").readResponse();
        assertThat(found.header("X-Marked")).contains("yes");
        assertThat(found.bodyText()).isEqualTo("hi");
        RawResponse missed =
                client.send("GET /other HTTP/1.1\r\nHost: t\r\n\r\n").readResponse();
        assertThat(missed.status()).isEqualTo(404);
        assertThat(missed.header("Fairlead-Failure")).contains("ROUTE_NOT_FOUND");
    }

    @Test
    void blockingMiddleware_mayReadTheBody() {
        Middleware blocking = Middleware.blocking((exchange, chain) -> chain.proceed(exchange));
        mount(FairleadHandler.of(to(upstream(FairleadHandlerTest::echo)).middleware(blocking)));
        RawClient client = client();
        client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
        assertThat(client.readResponse().bodyText()).isEqualTo("body");
    }

    @Test
    void requestThatTheGuardRefuses_getsItsCode() {
        TestUpstream upstream = keep(TestUpstream.answering());
        mount(FairleadHandler.of(to(upstream)));
        RawResponse response =
                client().send("TRACE / HTTP/1.1\r\nHost: t\r\n\r\n").readResponse();
        assertThat(response.status()).isEqualTo(405);
        assertThat(response.header("Fairlead-Failure")).contains("CLIENT_METHOD_NOT_ALLOWED");
        assertThat(client().send("GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
                        .readResponse()
                        .status())
                .isEqualTo(400);
        assertThat(upstream.connections()).isZero();
    }

    @Test
    void bodyOverTheLimitOfTheRoute_gets413AndTheConnectionCloses() {
        TestUpstream upstream = upstream(FairleadHandlerTest::echo);
        mount(FairleadHandler.of(ReverseProxy.builder()
                .route(Route.builder("small")
                        .maxBodyBytes(10)
                        .to(pool(upstream))
                        .build())));
        RawClient client = client();
        client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n0123");
        assertThat(client.readResponse().status()).isEqualTo(413);
        client.awaitEof(SOON);
    }

    @Test
    void upstreamRefusesConnection_returns502() {
        TestUpstream upstream = keep(TestUpstream.answering());
        upstream.stopListening();
        mount(FairleadHandler.of(to(upstream)));
        RawResponse response = client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(502);
        assertThat(response.header("Fairlead-Failure")).contains("UPSTREAM_CONNECT_FAILED");
    }

    @Test
    void upstreamBreaksOff_isSeenByTheClient() {
        mount(FairleadHandler.of(to(upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            exchange.close();
        }))));
        assertThat(client().send(GET).readResponse().complete()).isFalse();
    }

    @Test
    void clientGoesAway_isNoticedBeforeTheUpstreamAnswers() throws Exception {
        TestUpstream upstream = upstream(exchange -> {
            exchange.readHead();
            exchange.readBody();
            seen.release();
            exchange.awaitClose();
        });
        mount(FairleadHandler.of(to(upstream)));
        RawClient without = client().send(GET);
        seen.acquire();
        without.close();
        upstream.awaitConnectionClosed(0, SOON);
        RawClient with = client().send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
        seen.acquire();
        with.close();
        upstream.awaitConnectionClosed(1, SOON);
    }

    @Test
    void close_freesConnectionsAndThreadsAndRefusesWhatComesLater() {
        TestUpstream upstream = upstream(exchange -> {
            exchange.readHead();
            exchange.write(TestUpstream.ok("hi"));
        });
        UpstreamPool byName = UpstreamPool.of("origin", "http://localhost:" + upstream.port());
        mount(FairleadHandler.of(ReverseProxy.to(byName)
                .name("mounted")
                .middleware(Middleware.blocking((exchange, chain) -> chain.proceed(exchange)))));
        RawClient client = client();
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
        assertThat(upstream.openConnections()).isEqualTo(1);
        mounted.close();
        mounted.close();
        await().atMost(SOON).until(() -> upstream.openConnections() == 0);
        await().atMost(SOON)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("fairlead-mounted")));
        assertThat(client.send(GET).readResponse().status()).isEqualTo(503);
        assertThat(client().send("GET /own HTTP/1.1\r\nHost: t\r\n\r\n")
                        .readResponse()
                        .status())
                .isEqualTo(200);
    }

    @Test
    void closeWithAnExchangeAtWork_cutsItAfterTheStopTimeout() throws Exception {
        TestUpstream upstream = upstream(exchange -> {
            exchange.readHead();
            seen.release();
            exchange.awaitClose();
        });
        mount(FairleadHandler.of(to(upstream).stopTimeout(Duration.ofMillis(50))));
        RawClient client = client().send(GET);
        seen.acquire();
        mounted.close();
        client.awaitEof(SOON);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void closeAfterTheServer_returnsAtOnce() {
        TestUpstream upstream = keep(TestUpstream.answering(TestUpstream.ok("hi")));
        mount(FairleadHandler.of(to(upstream)));
        client().send(GET).readResponse();
        server.stop();
        server = null;
        long start = System.nanoTime();
        mounted.close();
        mounted = null;
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
    }

    @Test
    void targetOfAMountedProxy_isCheckedUntilTheProxyCloses() {
        TestUpstream upstream = upstream(exchange -> {
            exchange.readBody();
            exchange.write(
                    exchange.target().equals("/healthz")
                            ? "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                            : TestUpstream.ok("hello"));
        });
        List<TargetEvent> events = new CopyOnWriteArrayList<>();
        mount(FairleadHandler.of(ReverseProxy.to(pool(upstream).toBuilder()
                        .panicThreshold(0)
                        .healthCheck(HealthCheck.builder("/healthz")
                                .interval(Duration.ofMillis(50))
                                .timeout(Duration.ofMillis(50))
                                .build())
                        .build())
                .onTarget(events::add)));
        // The pools of a server are opened by its first exchange.
        assertThat(client().send(GET).readResponse().status()).isEqualTo(200);
        await().atMost(SOON).until(() -> !events.isEmpty());
        assertThat(events.get(0).reason())
                .isEqualTo("3 checks in a row failed, the last: status 503 (expected 200-299)");
        assertThat(client().send(GET).readResponse().status()).isEqualTo(503);
        mounted.close();
        int connections = upstream.connections();
        await().during(Duration.ofMillis(200)).atMost(SOON).until(() -> upstream.connections() == connections);
    }

    @Test
    void forward_sendsEverythingToThePool() {
        TestUpstream upstream = keep(TestUpstream.answering(TestUpstream.ok("hi")));
        mount(FairleadHandler.forward(pool(upstream)));
        assertThat(client().send(GET).readResponse().bodyText()).isEqualTo("hi");
    }

    @Test
    void http2_isForwardedWithBody() throws Exception {
        TestUpstream upstream = upstream(FairleadHandlerTest::echo);
        mount(FairleadHandler.of(to(upstream)));
        HttpClient http2 =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        byte[] body = body();
        // The first goes over HTTP/1.1 and asks for the upgrade.
        http2.send(request().GET().build(), HttpResponse.BodyHandlers.ofByteArray());
        HttpResponse<byte[]> sized = http2.send(
                request().POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(sized.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(sized.body()).isEqualTo(body);
        HttpResponse<byte[]> unsized = http2.send(
                request()
                        .POST(HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofByteArray(body)))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(unsized.body()).isEqualTo(body);
    }

    private HttpRequest.Builder request() {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/echo"))
                .timeout(Duration.ofSeconds(5));
    }

    @Test
    void proxyWithListeners_isRefused() {
        assertThatThrownBy(() ->
                        FairleadHandler.of(ReverseProxy.to("http://127.0.0.1:1").listen(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("listeners: 1 (expected: none, the Undertow server has its own)");
    }

    @Test
    void fallbacksAndErrorPages_holdHereToo() {
        TestUpstream busy = upstream(exchange -> {
            exchange.readBody();
            exchange.write("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
        });
        TestUpstream backup = upstream(exchange -> {
            exchange.readBody();
            exchange.write(
                    exchange.method().equals("PUT")
                            ? TestUpstream.ok("backup")
                            : "HTTP/1.1 404 None\r\nContent-Length: 4\r\n\r\nnone");
        });
        mount(FairleadHandler.of(ReverseProxy.builder()
                .name("mounted")
                .errorPage(ErrorPage.html("<i>{status} {code}</i>").intercept(true))
                .route(Route.builder("r")
                        .match(Match.path("/shop"))
                        .to(pool(busy))
                        .fallback(Fallback.to(UpstreamPool.of("backup", backup.url()))
                                .onStatus(503))
                        .build())));
        RawClient client = client();
        String body = "b".repeat(50_000);
        for (int i = 0; i < 2; i++) {
            RawResponse put = client.send("PUT /shop HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n" + body)
                    .readResponse();
            assertThat(put.bodyText()).isEqualTo("backup");
            assertThat(backup.lastRequest().bodyText()).isEqualTo(body);
            RawResponse get =
                    client.send("GET /shop HTTP/1.1\r\nHost: test\r\n\r\n").readResponse();
            assertThat(get.status()).isEqualTo(404);
            assertThat(get.bodyText()).isEqualTo("<i>404 </i>");
            RawResponse post = client.send("POST /shop HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
                    .readResponse();
            assertThat(post.bodyText()).isEqualTo("<i>503 </i>");
            RawResponse none =
                    client.send("GET /none HTTP/1.1\r\nHost: test\r\n\r\n").readResponse();
            assertThat(none.bodyText()).isEqualTo("<i>404 ROUTE_NOT_FOUND</i>");
            assertThat(none.header("Content-Type")).contains("text/html; charset=utf-8");
        }
        assertThat(busy.awaitRequests(6)).hasSize(6);
        assertThat(backup.requests()).hasSize(4);
    }
}
