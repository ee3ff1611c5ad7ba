package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.CircuitBreaker.State;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Circuit breakers of pools and of targets. */
class CircuitBreakerTest {
    private static final String UNAVAILABLE = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

    /** Opens after four calls; long enough for what a test does while it is open. */
    private static final CircuitBreaker FOUR_CALLS = CircuitBreaker.builder()
            .windowCalls(4)
            .minimumCalls(4)
            .openDuration(Duration.ofSeconds(30))
            .halfOpenCalls(2)
            .build();

    private static final CircuitBreaker SHORTLY_OPEN =
            FOUR_CALLS.toBuilder().openDuration(Duration.ofMillis(50)).build();

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final BlockingQueue<TargetEvent> events = new LinkedBlockingQueue<>();

    private volatile String answer = UNAVAILABLE;

    private TestUpstream upstream() {
        return fixture.upstream(exchange -> {
            exchange.target();
            exchange.write(answer);
        });
    }

    private static UpstreamPool.Builder pool(TestUpstream... upstreams) {
        UpstreamPool.Builder pool = UpstreamPool.builder("p").retry(RetryPolicy.none());
        for (TestUpstream upstream : upstreams) {
            pool.target(upstream.url());
        }
        return pool;
    }

    private void start(UpstreamPool.Builder pool) {
        fixture.start(fixture.to(pool.build()).onTarget(events::add));
    }

    private void update(UpstreamPool changed) {
        ProxyConfig before = fixture.proxy().config();
        ProxyConfig.Builder next = ProxyConfig.builder().failureHeader(true).pool(changed);
        before.listeners().forEach(next::listener);
        before.routes().forEach(next::route);
        fixture.proxy().update(next.build());
    }

    private static RawResponse get(RawClient client) {
        return client.send(GET).readResponse();
    }

    private static void get(RawClient client, int times, int status) {
        for (int i = 0; i < times; i++) {
            assertThat(get(client).status()).isEqualTo(status);
        }
    }

    private static void assertRefused(RawResponse response, String retryAfter) {
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_CIRCUIT_OPEN.name());
        assertThat(response.header("Retry-After")).contains(retryAfter);
    }

    private TargetEvent event() throws InterruptedException {
        TargetEvent event = events.poll(10, TimeUnit.SECONDS);
        assertThat(event).as("event").isNotNull();
        return event;
    }

    // ---- the pool's

    @Test
    void slowUpload_isNoSlowCall() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
        });
        fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(upstream.url())
                .targetCircuitBreaker(CircuitBreaker.builder()
                        .slowCallDuration(Duration.ofMillis(200))
                        .slowCallRatePercent(100)
                        .minimumCalls(1)
                        .build())
                .build()));
        RawClient client = fixture.client().send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n1");
        upstream.awaitHeads(1);
        long begun = System.nanoTime();
        ProxyFixture.await("longer than a call may take", () -> System.nanoTime() - begun > 300_000_000L);
        assertThat(client.send("2").readResponse().status()).isEqualTo(200);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void failingPool_isAnsweredAtOnce() throws Exception {
        TestUpstream upstream = upstream();
        start(pool(upstream).circuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        get(client, 4, 503);
        assertRefused(get(client), "30");
        assertRefused(get(client), "30");
        assertThat(upstream.requests()).hasSize(4);
        TargetEvent opened = event();
        assertThat(opened.what()).isEqualTo(TargetEvent.What.BREAKER_OPEN);
        assertThat(opened.pool()).isEqualTo("p");
        assertThat(opened.target()).isEmpty();
        assertThat(opened.reason()).isEqualTo("4 of 4 calls failed");
    }

    /** Each request failed on one target and was served by the other: the pool does what it should. */
    @Test
    void poolThatServesAtTheSecondAttempt_staysClosed() {
        TestUpstream bad = upstream();
        TestUpstream good = fixture.upstream(exchange -> {
            exchange.target();
            exchange.write(TestUpstream.ok("good"));
        });
        start(pool(bad, good)
                .retry(RetryPolicy.builder()
                        .on(RetryOn.GATEWAY_ERROR)
                        .backoff(Duration.ZERO)
                        .maxBackoff(Duration.ZERO)
                        .budgetFloor(100)
                        .build())
                .circuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        get(client, 12, 200);
        assertThat(bad.requests()).isNotEmpty();
        assertThat(events).isEmpty();
    }

    // ---- a target's

    @Test
    void failingTarget_isLeftOut() throws Exception {
        TestUpstream bad = upstream();
        TestUpstream good = fixture.upstream(exchange -> {
            exchange.target();
            exchange.write(TestUpstream.ok("good"));
        });
        start(pool(bad, good).targetCircuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        while (bad.requests().size() < 4) {
            get(client);
        }
        get(client, 10, 200);
        assertThat(bad.requests()).hasSize(4);
        assertThat(event().target()).isEqualTo(bad.url());
    }

    @Test
    void allTargetsOpen_is503WithTheTimeThatIsLeft() {
        start(pool(upstream(), upstream()).targetCircuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        get(client, 8, 503);
        assertRefused(get(client), "30");
    }

    @Test
    void targetThatRecovers_closesAfterItsProbes() throws Exception {
        TestUpstream upstream = upstream();
        start(pool(upstream).targetCircuitBreaker(SHORTLY_OPEN));
        RawClient client = fixture.client();
        get(client, 4, 503);
        answer = TestUpstream.ok("well");
        ProxyFixture.await("a probe", () -> get(client).status() == 200);
        get(client, 5, 200);
        assertThat(List.of(event().what(), event().what(), event().what()))
                .containsExactly(
                        TargetEvent.What.BREAKER_OPEN,
                        TargetEvent.What.BREAKER_HALF_OPEN,
                        TargetEvent.What.BREAKER_CLOSED);
        assertThat(events).isEmpty();
    }

    /** It was refused, and only made the breaker half open for the next one. */
    @Test
    void firstRequestAfterTheOpenTime_isAProbe() {
        TestUpstream upstream = upstream();
        start(pool(upstream).targetCircuitBreaker(SHORTLY_OPEN));
        RawClient client = fixture.client();
        get(client, 4, 503);
        answer = TestUpstream.ok("well");
        long begun = System.nanoTime();
        ProxyFixture.await("the open time to be over", () -> System.nanoTime() - begun > 100_000_000);
        get(client, 1, 200);
    }

    @Test
    void targetThatDoesNotRecover_opensAnewAfterItsProbes() throws Exception {
        TestUpstream upstream = upstream();
        start(pool(upstream).targetCircuitBreaker(SHORTLY_OPEN));
        RawClient client = fixture.client();
        ProxyFixture.await("probes", () -> {
            get(client);
            return upstream.requests().size() >= 6;
        });
        assertThat(event().reason()).isEqualTo("4 of 4 calls failed");
        assertThat(event().reason()).isEqualTo("open for 0.050 s");
        assertThat(event().reason()).isEqualTo("2 of 2 probes failed");
    }

    /** Two probes are under way and do not answer: everybody else is refused at once. */
    @Test
    void halfOpenTarget_getsNoMoreThanItsProbes() {
        Semaphore permits = new Semaphore(0);
        AtomicInteger probes = new AtomicInteger();
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.target().equals("/slow")) {
                probes.incrementAndGet();
                permits.acquire();
                exchange.write(TestUpstream.ok("probe"));
            } else {
                exchange.write(UNAVAILABLE);
            }
        });
        start(pool(upstream).targetCircuitBreaker(SHORTLY_OPEN));
        RawClient client = fixture.client();
        get(client, 4, 503);
        String slow = "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n";
        // Those that come before its time is over are refused.
        ProxyFixture.await("the first probe", () -> {
            RawClient next = fixture.client().send(slow);
            ProxyFixture.await("an answer or a probe", () -> probes.get() == 1 || next.readAvailable().length > 0);
            return probes.get() == 1;
        });
        RawClient second = fixture.client().send(slow);
        ProxyFixture.await("the second probe", () -> probes.get() == 2);
        for (int i = 0; i < 5; i++) {
            assertRefused(get(client), "1");
        }
        permits.release(2);
        assertThat(second.readResponse().bodyText()).isEqualTo("probe");
        assertThat(probes).hasValue(2);
    }

    // ---- what counts

    @ParameterizedTest
    @ValueSource(strings = {"400 Bad Request", "404 Not Found", "429 Too Many Requests", "501 Not Implemented"})
    void statusesThatClientsBringAbout_doNotCount(String status) {
        answer = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n";
        start(pool(upstream()).circuitBreaker(FOUR_CALLS).targetCircuitBreaker(FOUR_CALLS));
        get(fixture.client(), 12, Integer.parseInt(status.substring(0, 3)));
        assertThat(events).isEmpty();
    }

    @Test
    void clientsThatGoAway_doNotCount() {
        Semaphore permits = new Semaphore(0);
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.target().equals("/wait")) {
                permits.acquire();
            }
            exchange.write(TestUpstream.ok("ok"));
        });
        start(pool(upstream).circuitBreaker(FOUR_CALLS).targetCircuitBreaker(FOUR_CALLS));
        for (int i = 0; i < 8; i++) {
            RawClient client = fixture.client().send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
            upstream.awaitHeads(i + 1);
            client.reset();
            assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        }
        permits.release(8);
        get(fixture.client(), 4, 200);
        assertThat(events).isEmpty();
    }

    @Test
    void targetThatHangs_counts() throws Exception {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.target();
            exchange.awaitClose();
        });
        fixture.start(fixture.to(pool(upstream).targetCircuitBreaker(FOUR_CALLS).build())
                .timeouts(Timeouts.ofDefaults().withAttempt(Duration.ofMillis(50)))
                .onTarget(events::add));
        RawClient client = fixture.client();
        get(client, 4, 504);
        assertRefused(get(client), "30");
        assertThat(event().target()).isEqualTo(upstream.url());
    }

    @Test
    void targetThatRefusesConnections_counts() {
        TestUpstream upstream = upstream();
        upstream.close();
        start(pool(upstream).targetCircuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        get(client, 4, 502);
        assertRefused(get(client), "30");
    }

    // ---- by hand, and across updates

    @Test
    void forcedStates_holdAcrossUpdatesUntilReset() throws Exception {
        answer = TestUpstream.ok("ok");
        TestUpstream upstream = upstream();
        UpstreamPool.Builder pool = pool(upstream).circuitBreaker(FOUR_CALLS).targetCircuitBreaker(FOUR_CALLS);
        start(pool);
        RawClient client = fixture.client();
        fixture.proxy().circuitBreaker("p", State.FORCED_OPEN);
        assertRefused(get(client), "30");
        UpstreamPool changed = pool.maxQueued(7).build();
        update(changed);
        assertRefused(get(client), "30");
        fixture.proxy().circuitBreaker("p", State.CLOSED);
        get(client, 1, 200);
        fixture.proxy().circuitBreaker("p", upstream.url(), State.FORCED_OPEN);
        assertRefused(get(client), "30");
        fixture.proxy().circuitBreaker("p", upstream.url(), State.DISABLED);
        fixture.proxy().circuitBreaker("p", State.DISABLED);
        answer = UNAVAILABLE;
        get(client, 12, 503);
        assertThat(upstream.requests()).hasSize(13);
        assertThat(event().reason()).isEqualTo("forced open by hand");
    }

    /** The second request on a connection, which then turns out to be closed. */
    @Test
    void requestOfAClosedConnectionWhoseBreakerIsOpen_goesToAnotherTarget() throws Exception {
        Semaphore came = new Semaphore(0);
        Semaphore goOn = new Semaphore(0);
        TestUpstream first = fixture.upstream(exchange -> {
            exchange.readHead();
            if (exchange.number() == 0) {
                exchange.write(TestUpstream.ok("first"));
                return;
            }
            came.release();
            goOn.acquire();
            exchange.close();
        });
        TestUpstream second = fixture.answering(TestUpstream.ok("second"));
        start(pool(first, second).loadBalancer(LoadBalancer.roundRobin()).targetCircuitBreaker(FOUR_CALLS));
        RawClient client = fixture.client();
        assertThat(get(client).bodyText()).isEqualTo("first");
        assertThat(get(client).bodyText()).isEqualTo("second");
        client.send(GET);
        came.acquire();
        fixture.proxy().circuitBreaker("p", first.url(), CircuitBreaker.State.FORCED_OPEN);
        goOn.release();
        RawResponse response = client.readResponse();
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo("second");
        assertThat(second.connections()).isEqualTo(2);
    }

    @Test
    void forcingWhatIsNotThere_isRefused() {
        answer = TestUpstream.ok("ok");
        start(pool(upstream()).circuitBreaker(FOUR_CALLS));
        assertThatThrownBy(() -> fixture.proxy().circuitBreaker("q", State.CLOSED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pool: \"q\" (expected: a pool of this proxy)");
        assertThatThrownBy(() -> fixture.proxy().circuitBreaker("p", "http://a", State.CLOSED))
                .hasMessage("pool: \"p\", targetUrl: \"http://a\" (expected: one with a circuit breaker)");
        assertThatThrownBy(() -> fixture.proxy().circuitBreaker("p", State.HALF_OPEN))
                .hasMessage("state: HALF_OPEN (expected one of: FORCED_OPEN, DISABLED, CLOSED)");
    }

    @Test
    void updateWithEqualSettings_keepsAnOpenBreakerAndOthersBeginClosed() {
        TestUpstream upstream = upstream();
        UpstreamPool.Builder pool = pool(upstream).targetCircuitBreaker(FOUR_CALLS);
        start(pool);
        RawClient client = fixture.client();
        get(client, 4, 503);
        answer = TestUpstream.ok("ok");
        update(pool.maxQueued(7).build());
        assertRefused(get(client), "30");
        CircuitBreaker other = FOUR_CALLS.toBuilder().halfOpenCalls(3).build();
        update(pool.targetCircuitBreaker(other).build());
        get(client, 1, 200);
    }
}
