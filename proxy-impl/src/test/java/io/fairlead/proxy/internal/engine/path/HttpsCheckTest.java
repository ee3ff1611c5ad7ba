package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.await;
import static io.fairlead.proxy.testing.TestUpstream.ok;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.testing.TestAuthority;
import io.fairlead.proxy.testing.TestTlsServer;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.tls.UpstreamTls;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Active checks over TLS, on a port of their own beside a target that speaks plain HTTP. */
@Timeout(60)
final class HttpsCheckTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @TempDir
    Path folder;

    private final List<TargetEvent> events = new CopyOnWriteArrayList<>();
    private TestTlsServer server;
    private String trusted;

    @BeforeEach
    void start() throws IOException {
        server = TestTlsServer.start(TestAuthority.get().good().context());
        trusted = Files.writeString(
                        folder.resolve("ca.pem"), TestAuthority.get().pem())
                .toString();
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static HealthCheck.Builder https(int port) {
        return HealthCheck.httpsBuilder("/healthz")
                .port(port)
                .interval(Duration.ofSeconds(2))
                .timeout(Duration.ofSeconds(2))
                .transitionInterval(Duration.ofMillis(20));
    }

    private UpstreamTls.Builder trusting() {
        return UpstreamTls.builder().trustedCertificates(trusted);
    }

    private static UpstreamPool.Builder pool(String url, HealthCheck.Builder check) {
        return UpstreamPool.builder("default").target(url).healthCheck(check.build());
    }

    private ReverseProxy start(HealthCheck.Builder check) {
        TestUpstream upstream = fixture.answering(ok("fine"));
        return fixture.start(
                fixture.to(pool("http://localhost:" + upstream.port(), check).build())
                        .onTarget(events::add));
    }

    private String reason(What what) {
        await("an event " + what + " among " + events, () -> find(what).isPresent());
        return find(what).orElseThrow().reason();
    }

    private Optional<TargetEvent> find(What what) {
        return events.stream().filter(event -> event.what() == what).findFirst();
    }

    @Test
    void trustedServer_isAskedByItsNameAndPasses() {
        start(https(server.port()).tls(trusting().build()));
        assertThat(reason(What.HEALTHY)).isEqualTo("the first check passed: status 200");
        await("the end of the check", () -> server.ended() > 0);
        assertThat(server.names().get(0)).isEqualTo("localhost");
        assertThat(server.requests().get(0)).startsWith("GET /healthz HTTP/1.1\r\nHost: localhost:");
    }

    @Test
    void serverByAddress_mustProveTheAddress() {
        TestUpstream upstream = fixture.answering(ok("fine"));
        fixture.start(fixture.to(
                        pool(upstream.url(), https(server.port()).tls(trusting().build()))
                                .build())
                .onTarget(events::add));
        assertThat(reason(What.HEALTHY)).contains("status 200");
        assertThat(server.names().get(0)).isEmpty();
    }

    @Test
    void answerThatIsNotExpected_fails() {
        server.answer(ok("down"));
        start(https(server.port()).tls(trusting().build()).expectedBody("up"));
        assertThat(reason(What.UNHEALTHY)).contains("status 200 without the expected text");
    }

    @Test
    void bodyOfManyRecords_isSearched() {
        server.answer(ok("x".repeat(60_000) + "up"));
        start(https(server.port()).tls(trusting().build()).maxBodyBytes(65_536).expectedBody("up"));
        assertThat(reason(What.HEALTHY)).contains("with the expected body");
    }

    @Test
    void certificateForAnotherName_fails() {
        start(https(server.port()).tls(trusting().serverName("shop.example.com").build()));
        assertThat(reason(What.UNHEALTHY))
                .contains(
                        "a certificate for another name: No subject alternative DNS name matching shop.example.com found")
                .contains("shop.example.com");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void hostField_isTheNameThatMustBeProved() {
        start(https(server.port()).host("shop.example.com:8443").tls(trusting().build()));
        assertThat(reason(What.UNHEALTHY))
                .contains(
                        "a certificate for another name: No subject alternative DNS name matching shop.example.com found");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void authorityThatTheJvmDoesNotKnow_fails() {
        start(https(server.port()));
        assertThat(reason(What.UNHEALTHY)).contains("a certificate of an unknown authority");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void certificateThatHasExpired_failsFromThenOn() {
        start(https(server.port())
                .tls(trusting().build())
                .interval(Duration.ofSeconds(1))
                .timeout(Duration.ofSeconds(1))
                .fall(1));
        assertThat(reason(What.HEALTHY)).contains("status 200");
        // A resumed session would hide it.
        server.context(TestAuthority.get().expired().context());
        assertThat(reason(What.UNHEALTHY)).contains("a certificate that has expired: NotAfter: ");
    }

    @Test
    void certificateThatIsNotVerified_mayBeAny() {
        server.context(TestAuthority.get().expired().context());
        start(https(server.port())
                .tls(UpstreamTls.builder()
                        .verifyCertificate(false)
                        .serverName("shop.example.com")
                        .build()));
        assertThat(reason(What.HEALTHY)).contains("status 200");
        assertThat(server.names().get(0)).isEqualTo("shop.example.com");
    }

    @Test
    void serverThatSpeaksPlainHttp_fails() throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            serve(plain, socket -> {
                socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
                socket.shutdownOutput();
                socket.getInputStream().readAllBytes();
            });
            start(https(plain.getLocalPort()).tls(trusting().build()));
            assertThat(reason(What.UNHEALTHY)).contains("an answer that is not TLS");
        }
    }

    @Test
    void serverThatIsSilent_failsInTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            start(https(silent.getLocalPort()).tls(trusting().build()).timeout(Duration.ofMillis(150)));
            assertThat(reason(What.UNHEALTHY)).contains("no TLS handshake within 150 ms");
        }
    }

    /** Warnings before the end of a handshake are passed over, and cost the server nothing. */
    @Test
    void recordsWithoutEnd_failInTimeAndKeepNobodyWaiting() throws IOException {
        byte[] warnings = new byte[7 * 10_000];
        for (int at = 0; at < warnings.length; at += 7) {
            System.arraycopy(new byte[] {21, 3, 3, 0, 2, 1, 90}, 0, warnings, at, 7);
        }
        try (ServerSocket endless = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            serve(endless, socket -> {
                socket.getInputStream().read(new byte[4096]);
                while (true) {
                    socket.getOutputStream().write(warnings);
                }
            });
            start(https(endless.getLocalPort()).tls(trusting().build()).timeout(Duration.ofMillis(150)));
            assertThat(reason(What.UNHEALTHY)).contains("no TLS handshake within 150 ms");
        }
    }

    /** The handshake of TLS 1.2 with all that the server says at first in one record, which is longer than one may be. */
    @Test
    void recordThatIsLargerThanUsual_keepsNobodyWaiting() throws IOException {
        SSLContext context = TestAuthority.get().client().context();
        try (ServerSocket large = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            serve(large, socket -> {
                socket.getOutputStream().write(inOneRecord(firstOf(context, socket.getInputStream())));
                socket.getInputStream().readAllBytes();
            });
            start(https(large.getLocalPort())
                    .tls(UpstreamTls.builder().verifyCertificate(false).build())
                    .timeout(Duration.ofMillis(500)));
            assertThat(reason(What.UNHEALTHY)).contains("no TLS handshake within 500 ms");
        }
    }

    /** What a server says after the client's first message. */
    private static byte[] firstOf(SSLContext context, InputStream client) throws IOException {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(new String[] {"TLSv1.2"});
        byte[] hello = new byte[4096];
        ByteBuffer out = ByteBuffer.allocate(128 * 1024);
        engine.unwrap(ByteBuffer.wrap(hello, 0, client.read(hello)), out);
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            engine.wrap(ByteBuffer.allocate(0), out);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static byte[] inOneRecord(byte[] records) {
        ByteBuffer in = ByteBuffer.wrap(records);
        ByteBuffer out = ByteBuffer.allocate(records.length).position(5);
        while (in.hasRemaining()) {
            int length = in.position(in.position() + 3).getShort();
            out.put(in.slice(in.position(), length));
            in.position(in.position() + length);
        }
        out.put(0, new byte[] {22, 3, 3}).putShort(3, (short) (out.position() - 5));
        assertThat(out.position()).isGreaterThan(16_709);
        return Arrays.copyOf(out.array(), out.position());
    }

    private interface Conversation {
        void with(Socket client) throws IOException;
    }

    private static void serve(ServerSocket server, Conversation conversation) {
        Thread serves = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    conversation.with(socket);
                } catch (IOException e) {
                    // The check has gone, or the test is over.
                    continue;
                }
            }
        });
        serves.setDaemon(true);
        serves.start();
    }

    @Test
    void certificateThatIsForClients_failsAndIsNotCalledOneForAnotherName() {
        server.context(TestAuthority.get().client().context());
        start(https(server.port()).tls(trusting().build()));
        assertThat(reason(What.UNHEALTHY)).contains("a certificate that is not trusted: ");
    }

    @Test
    void serverThatClosesAtOnce_fails() {
        TestUpstream closing = fixture.upstream(exchange -> exchange.close());
        start(https(closing.port()).tls(trusting().build()));
        assertThat(reason(What.UNHEALTHY)).contains("3 checks in a row failed, the last: ");
    }

    @Test
    void fileThatIsMissingOrWrong_isAProblemOfBuild() throws IOException {
        String wrong = Files.writeString(folder.resolve("wrong.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n")
                .toString();
        String empty = Files.writeString(folder.resolve("empty.pem"), "").toString();
        for (String path : List.of(folder.resolve("none.pem").toString(), wrong, empty)) {
            ReverseProxy.Builder builder = fixture.to(pool(
                            "http://localhost:1",
                            https(1).tls(UpstreamTls.builder()
                                    .trustedCertificates(path)
                                    .build()))
                    .build());
            assertThatThrownBy(builder::build)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("pools[0].healthCheck.tls.trustedCertificates: \"" + path + "\"");
        }
    }

    @Test
    void update_keepsTheStateAndOtherTrustHoldsFromThenOn() {
        ReverseProxy proxy = start(https(server.port()).tls(trusting().build()).fall(1));
        assertThat(reason(What.HEALTHY)).contains("status 200");
        UpstreamPool pool = proxy.config().pools().get(0);
        proxy.update(proxy.config().toBuilder()
                .replacePool(pool.toBuilder().panicThreshold(0).build())
                .build());
        assertThat(events).extracting(TargetEvent::what).doesNotContain(What.UNHEALTHY);
        proxy.update(proxy.config().toBuilder()
                .replacePool(pool.toBuilder()
                        .healthCheck(pool.healthCheck().orElseThrow().toBuilder()
                                .tls(UpstreamTls.ofDefaults())
                                .interval(Duration.ofSeconds(1))
                                .build())
                        .build())
                .build());
        assertThat(reason(What.UNHEALTHY)).contains("unknown authority");
        assertThat(events.stream().filter(event -> event.what() == What.HEALTHY))
                .hasSize(1);
    }

    /** Another implementation of TLS than the JDK's, where there is one. */
    @Test
    void nginx_passesAndFailsAsItShould() throws Exception {
        Path nginx = Path.of("/usr/sbin/nginx");
        assumeTrue(Files.isExecutable(nginx), "no nginx on this machine");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        TestAuthority.Identity identity = TestAuthority.get().good();
        Files.writeString(folder.resolve("key.pem"), identity.keyPem());
        Files.writeString(folder.resolve("chain.pem"), identity.chainPem());
        Path config = Files.writeString(
                folder.resolve("nginx.conf"), """
                daemon off;
                master_process off;
                pid DIR/pid;
                error_log stderr;
                events {}
                http {
                  access_log off;
                  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
                  uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
                  server {
                    listen 127.0.0.1:%d ssl;
                    ssl_certificate DIR/chain.pem;
                    ssl_certificate_key DIR/key.pem;
                    location /healthz { return 200 "up"; }
                  }
                }
                """.formatted(port).replace("DIR", folder.toString()));
        Process process = new ProcessBuilder(nginx.toString(), "-e", "stderr", "-c", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            start(https(port).tls(trusting().build()).expectedBody("up"));
            assertThat(reason(What.HEALTHY)).contains("with the expected body");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }
}
