package io.fairlead.proxy.undertow;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestTls;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A proxy within a server that is not ours and speaks TLS: HTTP/1.1, and HTTP/2 by ALPN. */
class FairleadHandlerTlsTest {
    private static final String GET = "GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final Duration SOON = Duration.ofSeconds(3);

    private final List<AutoCloseable> closeables = new ArrayList<>();
    private final Semaphore seen = new Semaphore(0);
    private final Semaphore goOn = new Semaphore(0);
    private FairleadHandler mounted;
    private Undertow server;

    /** Starts the upstream, the proxy and the server around it. */
    private TestUpstream mount(TestUpstream.Script script) {
        TestUpstream upstream = TestUpstream.start(script);
        closeables.add(upstream);
        mounted = FairleadHandler.of(ReverseProxy.to(UpstreamPool.of("origin", upstream.url()))
                .name("mounted-tls")
                .failureHeader(true));
        closeables.add(mounted);
        server = Undertow.builder()
                .addHttpsListener(0, "127.0.0.1", TestTls.context())
                .setServerOption(UndertowOptions.ENABLE_HTTP2, true)
                .setIoThreads(2)
                .setHandler(mounted)
                .build();
        server.start();
        return upstream;
    }

    private InetSocketAddress address() {
        return (InetSocketAddress) server.getListenerInfo().get(0).getAddress();
    }

    private RawClient client() {
        RawClient client = RawClient.connectTls(address(), TestTls.context());
        closeables.add(0, client);
        return client;
    }

    private static HttpClient client(HttpClient.Version version) {
        return HttpClient.newBuilder()
                .sslContext(TestTls.context())
                .version(version)
                .build();
    }

    private HttpRequest.Builder request(String target) {
        return HttpRequest.newBuilder(
                        URI.create("https://localhost:" + address().getPort() + target))
                .timeout(Duration.ofSeconds(10));
    }

    private static void echo(ScriptedExchange exchange) throws Exception {
        exchange.readHead();
        byte[] body = exchange.readBody();
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
        exchange.write(body);
    }

    private static byte[] mebibyte() {
        byte[] body = new byte[1 << 20];
        new Random(7).nextBytes(body);
        return body;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (AutoCloseable one : closeables) {
            if (one instanceof RawClient) {
                one.close();
            }
        }
        try {
            Await.soon("the proxy to give back all it took", SOON).until(() -> mounted.inUse(), inUse -> inUse == 0);
        } finally {
            for (AutoCloseable one : closeables) {
                one.close();
            }
            server.stop();
        }
    }

    @ParameterizedTest
    @EnumSource
    void get_isForwardedWithTheSchemeOfTheClient(HttpClient.Version version) throws Exception {
        TestUpstream upstream = mount(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Answer: yes\r\n\r\nhello");
        });
        HttpClient client = client(version);
        for (int i = 0; i < 3; i++) {
            HttpResponse<String> response =
                    client.send(request("/a;b=1/%2e%2E//c?x=%41&y").build(), BodyHandlers.ofString());
            assertThat(response.version()).isEqualTo(version);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo("hello");
            assertThat(response.headers().firstValue("X-Answer")).contains("yes");
        }
        ReceivedRequest received = upstream.lastRequest();
        String port = Integer.toString(address().getPort());
        assertThat(received.target()).isEqualTo("/a;b=1/%2e%2E//c?x=%41&y");
        assertThat(received.headers("Host")).containsExactly("localhost:" + port);
        assertThat(received.headers("X-Forwarded-For")).containsExactly("127.0.0.1");
        assertThat(received.headers("X-Forwarded-Proto")).containsExactly("https");
        assertThat(received.headers("X-Forwarded-Port")).containsExactly(port);
        assertThat(received.headers("X-Forwarded-Host")).containsExactly("localhost:" + port);
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void bodyEachWay_arrivesWhole(HttpClient.Version version) throws Exception {
        mount(FairleadHandlerTlsTest::echo);
        HttpClient client = client(version);
        byte[] body = mebibyte();
        HttpResponse<byte[]> small = client.send(
                request("/").method("GET", BodyPublishers.ofString("asked")).build(), BodyHandlers.ofByteArray());
        assertThat(small.version()).isEqualTo(version);
        assertThat(small.body()).asString().isEqualTo("asked");
        HttpResponse<byte[]> sized =
                client.send(request("/").POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofByteArray());
        assertThat(sized.statusCode()).isEqualTo(200);
        assertThat(sized.body()).isEqualTo(body);
        HttpResponse<byte[]> unsized = client.send(
                request("/")
                        .POST(BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(body)))
                        .build(),
                BodyHandlers.ofByteArray());
        assertThat(unsized.body()).isEqualTo(body);
    }

    @ParameterizedTest
    @EnumSource
    void event_isSeenBeforeTheNextIsSent(HttpClient.Version version) throws Exception {
        mount(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            goOn.acquire();
            exchange.write("8\r\ndata:1\n\n\r\n");
            goOn.acquire();
            exchange.write("8\r\ndata:2\n\n\r\n0\r\n\r\n");
        });
        HttpResponse<InputStream> response = client(version).send(request("/").build(), BodyHandlers.ofInputStream());
        try (InputStream events = response.body()) {
            goOn.release();
            assertThat(new String(events.readNBytes(8), StandardCharsets.ISO_8859_1))
                    .isEqualTo("data:1\n\n");
            goOn.release();
            assertThat(new String(events.readAllBytes(), StandardCharsets.ISO_8859_1))
                    .isEqualTo("data:2\n\n");
        }
    }

    @Test
    void http11RequestIsCancelled_isNoticedBeforeTheUpstreamAnswers() throws Exception {
        TestUpstream upstream = mount(this::neverAnswer);
        CompletableFuture<HttpResponse<String>> pending = client(HttpClient.Version.HTTP_1_1)
                .sendAsync(request("/").POST(BodyPublishers.ofString("body")).build(), BodyHandlers.ofString());
        seen.acquire();
        pending.cancel(true);
        upstream.awaitConnectionClosed(SOON);
    }

    /** Undertow does not tell of RST_STREAM; only the next write shows that nobody reads any more. */
    @Test
    void http2StreamIsCancelled_isNoticedWithTheNextBytes() throws Exception {
        TestUpstream upstream = mount(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            goOn.acquire();
            for (int i = 0; i < 10_000; i++) {
                exchange.write("400\r\n" + "x".repeat(0x400) + "\r\n");
            }
            exchange.awaitClose();
        });
        HttpResponse<InputStream> response =
                client(HttpClient.Version.HTTP_2).send(request("/").build(), BodyHandlers.ofInputStream());
        response.body().close();
        goOn.release();
        upstream.awaitConnectionClosed(SOON);
    }

    private void neverAnswer(ScriptedExchange exchange) throws Exception {
        exchange.readHead();
        exchange.readBody();
        seen.release();
        exchange.awaitClose();
    }

    @Test
    void clientGoesAway_isNoticedBeforeTheUpstreamAnswers() throws Exception {
        TestUpstream upstream = mount(this::neverAnswer);
        RawClient without = client().send(GET);
        seen.acquire();
        without.close();
        upstream.awaitConnectionClosed(0, SOON);
        RawClient with = client().send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
        seen.acquire();
        with.reset();
        upstream.awaitConnectionClosed(1, SOON);
    }

    @Test
    void http2ClientGoesAway_isNoticedBeforeTheUpstreamAnswers() throws Exception {
        TestUpstream upstream = mount(this::neverAnswer);
        RawClient client = RawClient.connectTls(address(), TestTls.context(), "h2");
        closeables.add(0, client);
        // The preface, empty SETTINGS, and HEADERS of GET https://localhost/ (RFC 7541 appendix A) that end the stream.
        client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                .send("\0\0\0\4\0\0\0\0\0")
                .send("\0\0\16\1\5\0\0\0\1" + "\u0082\u0087\u0084A\11localhost");
        seen.acquire();
        client.close();
        upstream.awaitConnectionClosed(SOON);
    }

    /** Records of several requests may lie decrypted in the server's buffers, where no socket tells of them. */
    @Test
    void pipelinedRequests_areAnsweredInOrder() {
        mount(exchange -> {
            exchange.readHead();
            exchange.write(TestUpstream.ok(exchange.target()));
        });
        RawClient client = client();
        String get = "GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n";
        client.send(String.format(get, 1) + String.format(get, 2) + String.format(get, 3));
        client.send(String.format(get, 4)).send(String.format(get, 5));
        for (int i = 1; i <= 5; i++) {
            assertThat(client.readResponse().bodyText()).isEqualTo("/" + i);
        }
    }

    @Test
    void requestThatComesWhileAnotherIsAtWork_isAnsweredAfterIt() throws Exception {
        mount(exchange -> {
            exchange.readHead();
            if (exchange.target().equals("/1")) {
                seen.release();
                goOn.acquire();
            }
            exchange.write(TestUpstream.ok(exchange.target()));
        });
        RawClient client = client();
        client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        seen.acquire();
        client.send("GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        goOn.release();
        assertThat(client.readResponse().bodyText()).isEqualTo("/1");
        assertThat(client.readResponse().bodyText()).isEqualTo("/2");
    }
}
