package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Limits on requests under way, and who waits at the limit on connections. */
class ConcurrencyLimitTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final Semaphore permits = new Semaphore(0);
    private final AtomicInteger arrived = new AtomicInteger();

    private TestUpstream slow() {
        return fixture.upstream(exchange -> {
            exchange.target();
            arrived.incrementAndGet();
            permits.acquire();
            exchange.write(TestUpstream.ok("ok"));
        });
    }

    private RawClient arriving() {
        int expected = arrived.get() + 1;
        RawClient client = fixture.client().send(GET);
        ProxyFixture.await("the request to arrive", () -> arrived.get() == expected);
        return client;
    }

    private void assertRefused() {
        assertRefused(FailureCode.UPSTREAM_OVERLOADED);
    }

    private void assertRefused(FailureCode code) {
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.header("Fairlead-Failure")).contains(code.name());
        assertThat(response.header("Retry-After")).contains("1");
    }

    private void assertServed(RawClient client) {
        permits.release();
        assertThat(client.readResponse().status()).isEqualTo(200);
    }

    @Test
    void targetsAtTheirLimit_refuseAtOnce() {
        fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(slow().url())
                .target(slow().url())
                .targetConcurrency(ConcurrencyLimit.of(1))
                .build()));
        // Whichever is picked, the second one goes to the other.
        RawClient first = arriving();
        RawClient second = arriving();
        assertRefused();
        permits.release();
        assertServed(first);
        assertThat(second.readResponse().status()).isEqualTo(200);
        RawClient third = arriving();
        assertServed(third);
    }

    @Test
    void proxyAtItsLimit_refusesAtOnceAndCountsClientsThatGo() {
        fixture.start(fixture.to(slow()).maxConcurrentRequests(2));
        RawClient first = arriving();
        RawClient second = arriving();
        assertRefused(FailureCode.PROXY_OVERLOADED);
        fixture.awaitRecord();
        first.reset();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        RawClient third = arriving();
        assertRefused(FailureCode.PROXY_OVERLOADED);
        permits.release(2);
        assertServed(second);
        assertThat(third.readResponse().status()).isEqualTo(200);
    }

    @Test
    void poolAtItsLimit_refusesAtOnceAndCountsClientsThatGo() {
        fixture.start(fixture.to(UpstreamPool.builder("p")
                .target(slow().url())
                .maxConcurrentRequests(2)
                .build()));
        RawClient first = arriving();
        RawClient second = arriving();
        assertRefused();
        fixture.awaitRecord();
        first.reset();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        RawClient third = arriving();
        assertRefused();
        permits.release(2);
        assertServed(second);
        assertThat(third.readResponse().status()).isEqualTo(200);
        RawClient fourth = arriving();
        assertServed(fourth);
    }

    /** Waiters are per thread: one with many requests must not keep the only connection from the others. */
    @Test
    void oneConnectionForFourThreads_servesAThousandRequestsInTime() throws Exception {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.target();
            exchange.write(TestUpstream.ok("ok"));
        });
        fixture.start(fixture.to(UpstreamPool.builder("p")
                        .target(upstream.url())
                        .maxConnectionsPerTarget(1)
                        .queueTimeout(Duration.ofSeconds(10))
                        .build())
                .ioThreads(4));
        AtomicInteger served = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            RawClient client = fixture.client();
            Thread thread = new Thread(() -> {
                for (int request = 0; request < 50; request++) {
                    if (client.send(GET).readResponse().status() == 200) {
                        served.incrementAndGet();
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join(60_000);
        }
        assertThat(served).hasValue(1_000);
        assertThat(upstream.connections()).isBetween(1, 1_000);
    }
}
