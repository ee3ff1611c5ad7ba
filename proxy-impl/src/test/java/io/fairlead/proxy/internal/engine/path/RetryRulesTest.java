package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What retries keep to over time and over many requests: pauses, deadlines, the budget, another target each time. */
class RetryRulesTest {

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static String busy(String retryAfter) {
        return "HTTP/1.1 503 Busy\r\nRetry-After: " + retryAfter + "\r\nContent-Length: 4\r\n\r\nbusy";
    }

    private static UpstreamPool pool(UnaryOperator<RetryPolicy.Builder> retry, TestUpstream... upstreams) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default")
                .loadBalancer(LoadBalancer.roundRobin())
                .outlierDetection(OutlierDetection.off())
                .retry(retry.apply(RetryPolicy.builder().on(RetryOn.GATEWAY_ERROR, RetryOn.RESET))
                        .build());
        for (TestUpstream upstream : upstreams) {
            pool.target(upstream.url());
        }
        return pool.build();
    }

    private TestUpstream good() {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("good"));
        });
    }

    // ---- time

    /** Drawn from thousand hours, the pause is below three seconds once in a million times. */
    @Test
    void pauseThatWouldNotEndBeforeTotal_isNotBegun() {
        TestUpstream busy = fixture.answering(busy("0"));
        fixture.start(fixture.to(pool(
                        retry -> retry.sameTarget(true)
                                .backoff(Duration.ofHours(1_000))
                                .maxBackoff(Duration.ofHours(1_000)),
                        busy))
                .timeouts(Timeouts.ofDefaults().withTotal(Duration.ofSeconds(3))));

        assertToldAtOnce(busy);
    }

    @Test
    void retryAfterThatWouldNotEndBeforeTotal_isNotWaitedFor() {
        TestUpstream busy = fixture.answering(busy("4"));
        fixture.start(fixture.to(pool(
                        retry -> retry.sameTarget(true).backoff(Duration.ZERO).maxRetryAfter(Duration.ofSeconds(60)),
                        busy))
                .timeouts(Timeouts.ofDefaults().withTotal(Duration.ofSeconds(3))));

        assertToldAtOnce(busy);
    }

    private void assertToldAtOnce(TestUpstream busy) {
        RawResponse response = fixture.client().send(GET).readResponse();

        assertThat(response.status()).isEqualTo(503);
        assertThat(response.bodyText()).isEqualTo("busy");
        ExchangeRecord done = fixture.awaitRecord();
        assertThat(done.attempts()).isEqualTo(1);
        assertThat(done.timings().total()).isLessThan(SOON);
        assertThat(busy.requests()).hasSize(1);
    }

    @Test
    void retryAfterAsADate_isWaitedForBeforeTheSameTarget() {
        AtomicReference<Instant> date = new AtomicReference<>();
        AtomicReference<Instant> again = new AtomicReference<>();
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            if (date.get() == null) {
                date.set(Instant.ofEpochSecond(Instant.now().getEpochSecond() + 1));
                exchange.write(busy(
                        DateTimeFormatter.RFC_1123_DATE_TIME.format(date.get().atOffset(ZoneOffset.UTC))));
            } else {
                again.set(Instant.now());
                exchange.write(TestUpstream.ok("good"));
            }
        });
        fixture.start(fixture.to(pool(
                retry -> retry.sameTarget(true).backoff(Duration.ZERO).maxRetryAfter(Duration.ofSeconds(5)),
                upstream)));

        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("good");
        assertThat(again.get()).isAfterOrEqualTo(date.get());
    }

    // ---- the budget

    @Test
    void hedgingBeyondTheBudget_isNotDone() {
        TestUpstream slow = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        TestUpstream other = good();
        fixture.start(fixture.to(pool(
                        retry -> retry.on()
                                .hedgeAfter(Duration.ofMillis(30))
                                .budgetPercent(0)
                                .budgetFloor(0),
                        slow,
                        other))
                .timeouts(Timeouts.ofDefaults().withAttempt(Duration.ofMillis(300))));

        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(504);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
        assertThat(other.requests()).isEmpty();
    }

    // ---- another target each time

    @Test
    void manyRequestsAtOnce_areSentToNoTargetTwice() throws Exception {
        int clients = 8;
        int requests = 40;
        TestUpstream failing = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.reset();
        });
        List<TestUpstream> all = List.of(failing, good(), good());
        fixture.start(fixture.to(pool(
                        retry -> retry.backoff(Duration.ofMillis(2)).budgetFloor(10_000),
                        all.toArray(new TestUpstream[0])))
                .ioThreads(2));
        List<RawClient> connected = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            connected.add(fixture.client());
        }
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                RawClient client = connected.get(i);
                String id = i + "-";
                running.add(threads.submit(() -> {
                    for (int n = 0; n < requests; n++) {
                        RawResponse response = client.send(
                                        "GET / HTTP/1.1\r\nHost: test\r\nX-Id: " + id + n + "\r\n\r\n")
                                .readResponse();
                        assertThat(response.bodyText()).isEqualTo("good");
                    }
                }));
            }
            for (Future<?> one : running) {
                one.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(failing.requests().size()).isGreaterThan(clients);
        for (TestUpstream upstream : all) {
            assertThat(upstream.requests())
                    .extracting(
                            (ReceivedRequest request) -> request.header("X-Id").orElseThrow())
                    .doesNotHaveDuplicates();
        }
    }
}
