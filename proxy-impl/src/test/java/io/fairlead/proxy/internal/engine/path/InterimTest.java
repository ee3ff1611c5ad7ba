package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Interim answers (RFC 9110 §15.2) are passed on, and are never taken for the answer. */
class InterimTest {
    private static final String HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @Test
    void interimAnswers_arePassedOnBeforeTheFinalOne() {
        TestUpstream upstream = fixture.answering(
                "HTTP/1.1 100 Continue\r\n\r\n" + HINTS + HINTS + TestUpstream.ok("done"), TestUpstream.ok("next"));
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        RawResponse response = client.readResponse();
        assertThat(response.interim()).extracting(RawResponse::status).containsExactly(100, 103, 103);
        assertThat(response.interim().get(1).header("Link")).contains("</a.css>");
        assertThat(response.bodyText()).isEqualTo("done");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("next");
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @Test
    void interimAnswer_isSeenBeforeTheFinalOneIsThere() {
        Semaphore seen = new Semaphore(0);
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write(HINTS);
            seen.acquire();
            exchange.write(TestUpstream.ok("done"));
        })));
        RawClient client = fixture.client().send(GET);
        assertThat(client.readHead()).isEqualTo(HINTS);
        seen.release();
        assertThat(client.readResponse().bodyText()).isEqualTo("done");
    }

    /** What an interim answer leaves unsent must leave room for a head that is flushed and a piece of the body. */
    @Test
    void interimAnswersThatTheClientDoesNotRead_leaveTheFinalOneWhole() {
        String hints = "HTTP/1.1 103 Early Hints\r\nLink: </" + "a".repeat(50_000) + ">\r\n\r\n";
        Semaphore blocked = new Semaphore(0);
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            for (int i = 0; i < 200; i++) {
                exchange.write(hints);
            }
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
            blocked.acquire();
            exchange.write("done");
        })));
        RawClient client = fixture.client(4_096).send(GET);
        ProxyFixture.await("the client to hold up the proxy", () -> LeakCheck.buffers(fixture.proxy()) == 2);
        blocked.release();
        ProxyFixture.await("the answer to be over", () -> LeakCheck.upstreamsIdle(fixture.proxy()) == 1);
        RawResponse response = client.readResponse();
        assertThat(response.interim()).isNotEmpty();
        assertThat(response.bodyText()).isEqualTo("done");
    }

    @Test
    void clientOfHttp10_getsOnlyTheFinalAnswer() {
        fixture.start(fixture.to(fixture.answering(HINTS + TestUpstream.ok("done"))));
        RawResponse response =
                fixture.client().send("GET / HTTP/1.0\r\nHost: test\r\n\r\n").readResponse();
        assertThat(response.interim()).isEmpty();
        assertThat(response.bodyText()).isEqualTo("done");
    }

    @Test
    void expectationOfContinue_isAnsweredByTheUpstream() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("done"));
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client()
                .send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertThat(client.send("hi").readResponse().bodyText()).isEqualTo("done");
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("hi");
    }

    @Test
    void switchOfProtocolsUnasked_returns502() {
        fixture.start(fixture.to(fixture.answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(502);
        assertThat(response.header("Fairlead-Failure")).contains("UPSTREAM_UNEXPECTED_UPGRADE");
    }
}
