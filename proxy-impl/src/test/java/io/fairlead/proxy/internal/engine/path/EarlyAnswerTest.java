package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever answers before the upload is over: the client gets the answer at once, and its connection ends. */
class EarlyAnswerTest {
    private static final String UPLOAD = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nbegin";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @ParameterizedTest
    @ValueSource(strings = {"401 Unauthorized", "413 Content Too Large", "200 OK"})
    void upstreamThatAnswersWhileTheClientStalls_isHeardAtOnce(String status) {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\nearly");
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().timeout(SOON).send(UPLOAD);
        assertAnswered(client, Integer.parseInt(status.substring(0, 3)));
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void upstreamThatAnswersAndCloses_isHeardAtOnce() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly");
            exchange.halfClose().awaitClose();
        });
        fixture.start(fixture.to(upstream));
        assertAnswered(fixture.client().timeout(SOON).send(UPLOAD), 413);
    }

    @Test
    void upstreamThatAnswersWhileTheClientSends_isHeard() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly");
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(UPLOAD);
        byte[] piece = "x".repeat(50_000).getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < 19; i++) {
            client.sendIfOpen(piece);
        }
        assertThat(client.readResponse().status()).isEqualTo(413);
        client.awaitEof(SOON);
    }

    @Test
    void middlewareThatAnswers_isHeardAtOnce() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("never"));
        fixture.start(fixture.to(upstream)
                .middleware((exchange, chain) -> CompletableFuture.completedFuture(Response.of(401, "early"))));
        assertAnswered(fixture.client().timeout(SOON).send(UPLOAD), 401);
        assertThat(upstream.connections()).isZero();
    }

    @Test
    void answerToAWholeUpload_keepsTheConnectionWhereNobodyReadIt() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("never")))
                .middleware((exchange, chain) -> CompletableFuture.completedFuture(Response.of(401, "early"))));
        RawClient client = fixture.client();
        RawResponse response = client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
                .readResponse();
        assertThat(response.status()).isEqualTo(401);
    }

    private static void assertAnswered(RawClient client, int status) {
        RawResponse response = client.readResponse();
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.bodyText()).isEqualTo("early");
        assertThat(response.header("Connection")).contains("close");
        client.awaitEof(SOON);
    }
}
