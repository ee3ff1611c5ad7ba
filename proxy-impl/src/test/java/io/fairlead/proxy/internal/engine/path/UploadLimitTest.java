package io.fairlead.proxy.internal.engine.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A route's limit on request bodies, whatever their framing. */
class UploadLimitTest {
    private static final int MIB = 1 << 20;

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final TestUpstream upstream = TestUpstream.start(exchange -> {
        exchange.discardBody();
        exchange.write(TestUpstream.ok("stored"));
    });

    @BeforeEach
    void start() {
        UpstreamPool pool = UpstreamPool.of("store", fixture.keep(upstream).url());
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("large")
                        .match(Match.path("/large"))
                        .maxBodyBytes(10 * MIB)
                        .to(pool)
                        .build())
                .route(Route.builder("small")
                        .match(Match.path("/small"))
                        .maxBodyBytes(MIB)
                        .to(pool)
                        .build()));
    }

    @Test
    void chunkedUploadWithinTheLimit_isForwarded() {
        RawClient client = chunked(fixture.client(), "/large", 3);
        assertThat(client.readResponse().bodyText()).isEqualTo("stored");
        assertThat(fixture.awaitRecord().requestBytes()).isEqualTo(3 * MIB);
    }

    @Test
    void chunkedUploadAboveTheLimit_returns413AndPrintsNothing() {
        PrintStream err = System.err;
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream capture = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setErr(capture);
        System.setOut(capture);
        try {
            RawClient client = chunked(fixture.client(), "/small", 3);
            RawResponse response = client.readResponse();
            assertThat(response.status()).isEqualTo(413);
            assertThat(response.header("Connection")).contains("close");
            assertThat(response.header("Fairlead-Failure")).contains("CLIENT_BODY_TOO_LARGE");
            client.awaitEof(ProxyFixture.SOON);
            assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_BODY_TOO_LARGE);
        } finally {
            System.setErr(err);
            System.setOut(out);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(upstream.requests()).noneMatch(request -> request.complete());
    }

    @Test
    void lengthAboveTheLimit_returns413BeforeTheUpstreamIsAsked() {
        RawResponse response = fixture.client()
                .send("POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: " + (MIB + 1) + "\r\n\r\n")
                .readResponse();
        assertThat(response.status()).isEqualTo(413);
        assertThat(upstream.connections()).isZero();
    }

    @Test
    void lengthAtTheLimit_isForwarded() {
        RawResponse response = fixture.client()
                .send("POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: " + MIB + "\r\n\r\n")
                .send(new byte[MIB])
                .readResponse();
        assertThat(response.status()).isEqualTo(200);
    }

    private static RawClient chunked(RawClient client, String path, int mebibytes) {
        client.send("POST " + path + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        byte[] chunk = ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < mebibytes * 16; i++) {
            client.sendIfOpen(chunk);
        }
        return client.sendIfOpen("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
}
