package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A pooled connection that the upstream ends just when the next request is written to it (RFC 9112 §9.3.1). */
class StaleConnectionTest {
    private static final String EMPTY_POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final CountDownLatch endIt = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    @Test
    void getThatMeetsAClosingConnection_isSentAgain() {
        TestUpstream upstream = closingAfterTheSecondHead();
        fixture.start(fixture.to(upstream));
        RawClient client = warm();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("ok");
        assertThat(upstream.connections()).isEqualTo(2);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
    }

    @Test
    void postThatWasSentOnAClosingConnection_returns502() {
        TestUpstream upstream = closingAfterTheSecondHead();
        fixture.start(fixture.to(upstream));
        RawResponse response = warm().send(POST).readResponse();
        assertThat(response.status()).isEqualTo(502);
        assertThat(response.header("Fairlead-Failure")).contains("UPSTREAM_CLOSED");
        assertThat(upstream.connections()).isEqualTo(1);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
    }

    @Test
    void postWithoutBodyThatWasSentOnAClosingConnection_returns502() {
        TestUpstream upstream = closingAfterTheSecondHead();
        fixture.start(fixture.to(upstream));
        assertThat(warm().send(EMPTY_POST).readResponse().status()).isEqualTo(502);
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @Test
    void postThatCouldNotBeSent_isSentOnANewConnection() {
        TestUpstream upstream = endingWhenTold(ScriptedExchange::reset);
        startEndingConnectionBeforeEachPost(upstream);
        assertThat(warm().send(EMPTY_POST).readResponse().bodyText()).isEqualTo("ok");
        ExchangeRecord sent = fixture.awaitRecord();
        assertThat(sent.attempts()).isEqualTo(2);
        assertThat(upstream.connections()).isEqualTo(2);
        assertThat(upstream.requests()).hasSize(2);
    }

    @Test
    void getOnAConnectionThatWasClosedUnnoticed_isSentAgain() {
        TestUpstream upstream = endingWhenTold(ScriptedExchange::close);
        startEndingConnectionBeforeEachPost(upstream);
        assertThat(warm().send("GET /late HTTP/1.1\r\nHost: test\r\n\r\n")
                        .readResponse()
                        .bodyText())
                .isEqualTo("ok");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
    }

    @Test
    void newConnectionThatEndsWithoutAnswer_returns502AndIsNotTriedAgain() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.close();
        });
        fixture.start(fixture.to(upstream));
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(502);
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @Test
    void connectionThatEndsWithinTheHead_isCalledClosed() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Le");
            exchange.close();
        });
        fixture.start(fixture.to(upstream));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(502);
        // It broke no rule of the grammar: there is not enough of it to tell.
        assertThat(response.header("Fairlead-Failure")).contains("UPSTREAM_CLOSED");
    }

    @Test
    void getThatMeetsTwoClosingConnections_isSentAgainOnlyOnce() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readBody();
            if (exchange.connection() == 0 && exchange.number() == 0) {
                exchange.write(TestUpstream.ok("ok"));
            } else {
                exchange.close();
            }
        });
        fixture.start(fixture.to(upstream));
        assertThat(warm().send(GET).readResponse().status()).isEqualTo(502);
        assertThat(upstream.connections()).isEqualTo(2);
    }

    /** A first exchange, after which there is an idle connection. */
    private RawClient warm() {
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("ok");
        fixture.awaitRecord();
        assertThat(LeakCheck.upstreamsIdle(fixture.proxy())).isEqualTo(1);
        return client;
    }

    private TestUpstream closingAfterTheSecondHead() {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            if (exchange.connection() == 0 && exchange.number() == 1) {
                exchange.close();
            } else {
                exchange.write(TestUpstream.ok("ok"));
            }
        });
    }

    private TestUpstream endingWhenTold(TestUpstream.Script end) {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
            if (exchange.connection() == 0) {
                endIt.await();
                end.run(exchange);
                ended.countDown();
            }
        });
    }

    /** The I/O thread waits until the idle connection has ended, so it cannot have noticed that when it writes. */
    private void startEndingConnectionBeforeEachPost(TestUpstream upstream) {
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            if (exchange.request().method().equals("POST")
                    || exchange.request().target().equals("/late")) {
                endIt.countDown();
                try {
                    assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return chain.proceed(exchange);
        }));
    }
}
