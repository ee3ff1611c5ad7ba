package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections to targets: how many, for how long, and who waits for them. */
class PoolTest {
    private static final Duration SHORT = Duration.ofMillis(150);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final Semaphore answer = new Semaphore(0);

    private static UpstreamPool.Builder pool(TestUpstream upstream) {
        return UpstreamPool.builder("default").target(upstream.url());
    }

    /** Answers with the request's target, one request for each permit. */
    private TestUpstream answeringWhenTold() {
        return fixture.upstream(exchange -> {
            String target = exchange.target();
            answer.acquire();
            exchange.write(TestUpstream.ok(target));
        });
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    private void assertFails(RawClient client, FailureCode code) {
        RawResponse response = client.readResponse();
        assertThat(response.status()).isEqualTo(code.status());
        assertThat(response.header("Fairlead-Failure")).contains(code.name());
    }

    // ---- the limit and the queue

    /** A few bytes of each waiting upload kept a whole buffer of the I/O thread. */
    @Test
    void uploadsThatWait_holdNoBuffers() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            String target = exchange.target();
            answer.acquire();
            exchange.readBody();
            exchange.write(TestUpstream.ok(target));
        });
        AtomicInteger begun = new AtomicInteger();
        fixture.start(
                fixture.to(pool(upstream).maxConnectionsPerTarget(1).build()).middleware((exchange, chain) -> {
                    begun.incrementAndGet();
                    return chain.proceed(exchange);
                }));
        RawClient first = fixture.client().send(get("/first"));
        upstream.awaitHeads(1);
        List<RawClient> waiting = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            waiting.add(fixture.client()
                    .send("POST /" + i + " HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n"
                            + (i % 2 == 0 ? "" : "ab")));
        }
        ProxyFixture.await("all to begin", () -> begun.get() == 21);
        ProxyFixture.await("no buffer to be held", () -> LeakCheck.buffers(fixture.proxy()) == 0);
        answer.release(21);
        assertThat(first.readResponse().bodyText()).isEqualTo("/first");
        for (int i = 0; i < 20; i++) {
            waiting.get(i).send(i % 2 == 0 ? "abcd" : "cd");
        }
        for (int i = 0; i < 20; i++) {
            assertThat(waiting.get(i).readResponse().bodyText()).isEqualTo("/" + i);
        }
        assertThat(upstream.requests())
                .hasSize(21)
                .allSatisfy(request -> assertThat(request.bodyText())
                        .isEqualTo(request.target().equals("/first") ? "" : "abcd"));
    }

    @Test
    void exchangesAboveTheLimit_waitAndAreServedInOrder() {
        TestUpstream upstream = answeringWhenTold();
        AtomicInteger begun = new AtomicInteger();
        fixture.start(
                fixture.to(pool(upstream).maxConnectionsPerTarget(1).build()).middleware((exchange, chain) -> {
                    begun.incrementAndGet();
                    return chain.proceed(exchange);
                }));
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            clients.add(fixture.client().send(get("/" + i)));
            int sent = i + 1;
            // That a connection is there does not say that its request is: a later one's may be read before.
            ProxyFixture.await("the request to be there", () -> begun.get() == sent);
        }
        answer.release(5);
        for (int i = 0; i < 5; i++) {
            assertThat(clients.get(i).readResponse().bodyText()).isEqualTo("/" + i);
        }
        assertThat(upstream.requests())
                .extracting(request -> request.target())
                .containsExactly("/0", "/1", "/2", "/3", "/4");
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void manyExchangesOverOneConnection_areAllServed(int ioThreads) throws Exception {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(pool(upstream)
                        .maxConnectionsPerTarget(1)
                        .queueTimeout(Duration.ofSeconds(30))
                        .build())
                .ioThreads(ioThreads));
        ExecutorService threads = Executors.newFixedThreadPool(10);
        try {
            List<Future<Integer>> served = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                RawClient client = fixture.client().timeout(Duration.ofSeconds(30));
                served.add(threads.submit(() -> {
                    int ok = 0;
                    for (int n = 0; n < 20; n++) {
                        ok += client.send(GET).readResponse().status() == 200 ? 1 : 0;
                    }
                    return ok;
                }));
            }
            for (Future<Integer> one : served) {
                // Below the queue's time: nobody may be served only because a wait ran out.
                assertThat(one.get(20, TimeUnit.SECONDS)).isEqualTo(20);
            }
            if (ioThreads == 1) {
                // With no other thread to be fair to, no connection is given up.
                assertThat(upstream.connections()).isEqualTo(1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void queueThatIsFull_returns503AtOnce() {
        TestUpstream upstream = answeringWhenTold();
        fixture.start(fixture.to(
                pool(upstream).maxConnectionsPerTarget(1).maxQueued(1).build()));
        RawClient first = fixture.client().send(GET);
        upstream.awaitHeads(1);
        // One of the two waits and the other is refused, whichever comes first.
        RawClient second = fixture.client().send(GET);
        RawClient third = fixture.client().send(GET);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.UPSTREAM_QUEUE_FULL);
        answer.release(2);
        assertThat(first.readResponse().status()).isEqualTo(200);
        assertThat(List.of(second.readResponse().status(), third.readResponse().status()))
                .containsExactlyInAnyOrder(200, 503);
    }

    @Test
    void noQueue_returns503AtOnce() {
        TestUpstream upstream = answeringWhenTold();
        fixture.start(fixture.to(
                pool(upstream).maxConnectionsPerTarget(1).maxQueued(0).build()));
        RawClient first = fixture.client().send(GET);
        upstream.awaitHeads(1);
        assertFails(fixture.client().send(GET), FailureCode.UPSTREAM_QUEUE_FULL);
        answer.release();
        assertThat(first.readResponse().status()).isEqualTo(200);
    }

    /** Also where a policy tries the same target again: its queue would be as full a moment later, and the client waits. */
    @Test
    void noQueue_isNotTriedAgainAndTellsWhenToCome() {
        TestUpstream upstream = answeringWhenTold();
        fixture.start(fixture.to(pool(upstream)
                .maxConnectionsPerTarget(1)
                .maxQueued(0)
                .retry(RetryPolicy.recommended())
                .build()));
        RawClient first = fixture.client().send(GET);
        upstream.awaitHeads(1);
        RawResponse refused = fixture.client().send(GET).readResponse();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).contains("1");
        ExchangeRecord record = fixture.awaitRecord();
        assertThat(record.failure()).contains(FailureCode.UPSTREAM_QUEUE_FULL);
        assertThat(record.attempts()).isEqualTo(1);
        answer.release();
        assertThat(first.readResponse().status()).isEqualTo(200);
    }

    /** It waited at each target in turn, three times as long as a request may wait. */
    @Test
    void waitThatIsOver_isNotBegunAgainAtAnotherTarget() {
        TestUpstream one = answeringWhenTold();
        TestUpstream two = answeringWhenTold();
        fixture.start(fixture.to(pool(one)
                .target(two.url())
                .loadBalancer(LoadBalancer.roundRobin())
                .maxConnectionsPerTarget(1)
                .queueTimeout(SHORT)
                .build()));
        List<RawClient> held =
                List.of(fixture.client().send(GET), fixture.client().send(GET));
        one.awaitHeads(1);
        two.awaitHeads(1);
        RawResponse refused = fixture.client().send(GET).readResponse();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).contains("1");
        ExchangeRecord record = fixture.awaitRecord();
        assertThat(record.failure()).contains(FailureCode.UPSTREAM_QUEUE_TIMEOUT);
        assertThat(record.detail().orElse("")).contains("the time to wait is over");
        answer.release(2);
        held.forEach(client -> assertThat(client.readResponse().status()).isEqualTo(200));
    }

    @Test
    void waitThatTakesTooLong_returns503() {
        TestUpstream upstream = answeringWhenTold();
        fixture.start(fixture.to(
                pool(upstream).maxConnectionsPerTarget(1).queueTimeout(SHORT).build()));
        RawClient first = fixture.client().send(GET);
        upstream.awaitHeads(1);
        assertFails(fixture.client().send(GET), FailureCode.UPSTREAM_QUEUE_TIMEOUT);
        answer.release();
        assertThat(first.readResponse().status()).isEqualTo(200);
    }

    @Test
    void connectionThatFails_makesRoomForWhoWaits() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            String target = exchange.target();
            if (target.equals("/bad")) {
                answer.acquire();
                exchange.close();
            } else {
                exchange.write(TestUpstream.ok(target));
            }
        });
        fixture.start(fixture.to(pool(upstream).maxConnectionsPerTarget(1).build()));
        RawClient bad = fixture.client().send(get("/bad"));
        upstream.awaitHeads(1);
        RawClient good = fixture.client().send(get("/good"));
        answer.release();
        assertThat(bad.readResponse().status()).isEqualTo(502);
        assertThat(good.readResponse().bodyText()).isEqualTo("/good");
    }

    // ---- the life of a connection

    @Test
    void connectionWithoutUse_isClosedAfterItsIdleTime() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(pool(upstream).idleTimeout(SHORT).build()));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        upstream.awaitConnectionClosed(SOON);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
        assertThat(upstream.connections()).isEqualTo(2);
    }

    @Test
    void hintOfTheTargetsIdleTime_shortensOurs() {
        String hint = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=100\r\nContent-Length: 0\r\n\r\n";
        TestUpstream upstream = fixture.answering(hint);
        fixture.start(
                fixture.to(pool(upstream).idleTimeout(Duration.ofSeconds(60)).build()));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        client.send(GET).readResponse();
        assertThat(upstream.connections()).isEqualTo(1);
        upstream.awaitConnectionClosed(Duration.ofSeconds(5));
    }

    @Test
    void connectionAboveItsAge_isNotUsedAgain() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(pool(upstream).maxAge(Duration.ofMillis(1)).build()));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        long before = System.nanoTime();
        ProxyFixture.await("a millisecond", () -> System.nanoTime() - before > 2_000_000);
        client.send(GET).readResponse();
        assertThat(upstream.connections()).isEqualTo(2);
    }

    @Test
    void idleConnectionThatTheTargetCloses_isDropped() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
            answer.acquire();
            exchange.close();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        assertThat(LeakCheck.upstreamsIdle(fixture.proxy())).isEqualTo(1);
        answer.release(2);
        ProxyFixture.await("no idle connection", () -> LeakCheck.upstreamsIdle(fixture.proxy()) == 0);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void bytesOnAnIdleConnection_closeIt() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
            answer.acquire();
            exchange.write(TestUpstream.ok("unasked")).awaitClose();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        ProxyFixture.await("an idle connection", () -> LeakCheck.upstreamsIdle(fixture.proxy()) == 1);
        answer.release();
        upstream.awaitConnectionClosed(SOON);
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("ok");
    }

    @Test
    void answerWithConnectionClose_isNotPooled() {
        TestUpstream upstream =
                fixture.answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().header("Connection")).isEmpty();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("ok");
        assertThat(upstream.connections()).isEqualTo(2);
    }

    // ---- addresses

    @Test
    void targetThatRefuses_returns502() throws IOException {
        // Bound and not listening: a port that was free a moment ago may be the proxy's own by now.
        try (Socket held = new Socket()) {
            held.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            fixture.start(fixture.to(UpstreamPool.of("default", "http://127.0.0.1:" + held.getLocalPort())));
            RawClient client = fixture.client().send(GET);
            assertFails(client, FailureCode.UPSTREAM_CONNECT_FAILED);
            assertFails(client.send(GET), FailureCode.UPSTREAM_CONNECT_FAILED);
        }
    }

    @Test
    void nameWithoutAddress_returns502() {
        fixture.start(fixture.to(UpstreamPool.of("default", "http://nonexistent.invalid:1")));
        RawClient client = fixture.client().send(GET);
        assertFails(client, FailureCode.UPSTREAM_NAME_NOT_RESOLVED);
        // Known by now, and not found out by waiting for the connect timeout.
        assertFails(client.timeout(SOON).send(GET), FailureCode.UPSTREAM_NAME_NOT_RESOLVED);
    }

    @Test
    void localhost_findsATargetThatListensOnOneFamilyOnly() {
        // It listens on 127.0.0.1 only; the name may also mean ::1, where nobody listens.
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(UpstreamPool.of("default", "http://localhost:" + upstream.port())));
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("ok");
    }

    @Test
    void roundRobin_goesRoundTheTargetsEvenly() {
        TestUpstream a = fixture.answering(TestUpstream.ok("a"));
        TestUpstream b = fixture.answering(TestUpstream.ok("b"));
        TestUpstream c = fixture.answering(TestUpstream.ok("c"));
        UpstreamPool pool = UpstreamPool.of("default", a.url(), b.url(), c.url()).toBuilder()
                .loadBalancer(LoadBalancer.roundRobin())
                .build();
        fixture.start(fixture.to(pool));
        RawClient client = fixture.client();
        for (int i = 0; i < 30; i++) {
            client.send(GET).readResponse();
        }
        assertThat(List.of(a, b, c))
                .allSatisfy(one -> assertThat(one.requests()).hasSize(10));
    }
}
