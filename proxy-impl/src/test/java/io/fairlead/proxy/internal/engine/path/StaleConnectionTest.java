package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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

    /** Its body had been taken from the client, and nobody had it any more. */
    @Test
    void postWithABodyThatCouldNotBeSent_isSentOnANewConnection() {
        TestUpstream upstream = endingWhenTold(ScriptedExchange::reset);
        startEndingConnectionBeforeEachPost(upstream);
        assertThat(warm().send(POST).readResponse().bodyText()).isEqualTo("ok");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
        assertThat(upstream.requests()).hasSize(2);
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("hi");
    }

    @Test
    void putOnAClosingConnection_isSentAgainThoughThePolicyMakesOneAttempt() {
        TestUpstream upstream = closingAfterTheSecondHead();
        fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(upstream.url())
                .retry(RetryPolicy.none())
                .build()));
        assertThat(warm().send(POST.replace("POST", "PUT")).readResponse().bodyText())
                .isEqualTo("ok");
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("hi");
    }

    /** It passed for one that its target had closed: the request was sent once more and timed anew, and nobody was blamed. */
    @Test
    void keptConnectionWhoseTargetDoesNotAnswer_isNoClosedOne() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readBody();
            if (exchange.number() == 0) {
                exchange.write(TestUpstream.ok("ok"));
            } else {
                exchange.awaitClose();
            }
        });
        List<TargetEvent> events = new CopyOnWriteArrayList<>();
        UpstreamPool pool = UpstreamPool.builder("p")
                .target(upstream.url())
                .targetCircuitBreaker(CircuitBreaker.builder()
                        .windowCalls(2)
                        .minimumCalls(2)
                        .failureRatePercent(50)
                        .build())
                .build();
        fixture.start(fixture.to(pool)
                .onTarget(events::add)
                .timeouts(Timeouts.ofDefaults().withResponseHead(Duration.ofMillis(200))));
        RawResponse response = warm().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(504);
        assertThat(response.header("Fairlead-Failure")).contains("UPSTREAM_HEAD_TIMEOUT");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
        assertThat(upstream.requests()).hasSize(2);
        ProxyFixture.await("an event", () -> !events.isEmpty());
        assertThat(events.get(0).what()).isEqualTo(TargetEvent.What.BREAKER_OPEN);
    }

    /** What was drained meanwhile got one more request. */
    @Test
    void requestOfAClosedConnection_doesNotGoToATargetThatIsDrained() throws Exception {
        CountDownLatch came = new CountDownLatch(1);
        TestUpstream first = fixture.upstream(exchange -> {
            exchange.readHead();
            if (exchange.number() == 0) {
                exchange.write(TestUpstream.ok("ok"));
                return;
            }
            came.countDown();
            endIt.await();
            exchange.close();
        });
        TestUpstream second = fixture.answering(TestUpstream.ok("second"));
        ReverseProxy proxy = fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(first.url())
                .target(second.url())
                .loadBalancer(LoadBalancer.roundRobin())
                .build()));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("ok");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("second");
        client.send(GET);
        came.await();
        proxy.drainTarget("p", first.url(), Duration.ofSeconds(30));
        endIt.countDown();
        assertThat(client.readResponse().bodyText()).isEqualTo("second");
        assertThat(first.connections()).isEqualTo(1);
    }

    /** It was given one that had been used, which was closed as well. */
    @Test
    void requestThatWaitsForANewConnection_getsNoUsedOne() throws Exception {
        CountDownLatch otherBegun = new CountDownLatch(1);
        CountDownLatch otherMayEnd = new CountDownLatch(1);
        // Closes each connection at its second request.
        TestUpstream upstream = fixture.upstream(exchange -> {
            String target = exchange.target();
            if (target.equals("/other") && exchange.number() == 0) {
                otherBegun.countDown();
                otherMayEnd.await();
                exchange.write(TestUpstream.ok("other"));
            } else if (exchange.number() == 0) {
                exchange.write(TestUpstream.ok(target));
            } else {
                exchange.close();
            }
        });
        fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(upstream.url())
                .maxConnectionsPerTarget(1)
                .build()));
        RawClient other = fixture.client().send(get("/other"));
        otherBegun.await();
        List<RawClient> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiting.add(fixture.client().send(get("/waiting" + i)));
        }
        otherMayEnd.countDown();
        assertThat(other.readResponse().bodyText()).isEqualTo("other");
        for (int i = 0; i < 5; i++) {
            assertThat(waiting.get(i).readResponse().bodyText()).isEqualTo("/waiting" + i);
        }
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
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
