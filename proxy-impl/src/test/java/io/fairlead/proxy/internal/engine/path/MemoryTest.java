package io.fairlead.proxy.internal.engine.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The proxy's direct memory follows what is under way, and stays level from round to round. */
class MemoryTest {
    private static final int CLIENTS = 500;

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    /** So much that it waits where it was read to. */
    private static final String BEGINNING = "x".repeat(50_000);

    private final Semaphore begin = new Semaphore(0);
    private final AtomicInteger begun = new AtomicInteger();

    /** Each client has begun an upload, waits for the one connection there is, and sends the rest only then. */
    @Test
    void secondRoundOfSlowClients_allocatesNoMore() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.target().equals("/first")) {
                begin.acquire();
            }
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
        });
        fixture.start(fixture.to(UpstreamPool.builder("default")
                        .target(upstream.url())
                        .maxConnectionsPerTarget(1)
                        .queueTimeout(Duration.ofSeconds(30))
                        .build())
                .middleware((exchange, chain) -> {
                    begun.incrementAndGet();
                    return chain.proceed(exchange);
                })
                .ioThreads(2));
        round(upstream, 1);
        long first = LifecycleTest.directBytes();
        round(upstream, 2);
        // The fixtures' threads keep small buffers of their own; one of the proxy's for each client would be 33 MB.
        assertThat(LifecycleTest.directBytes() - first).isLessThan(8_000_000);
    }

    private void round(TestUpstream upstream, int number) {
        RawClient holder = fixture.client().send("GET /first HTTP/1.1\r\nHost: test\r\n\r\n");
        upstream.awaitHeads((CLIENTS + 1) * (number - 1) + 1);
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(fixture.client()
                    .send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50002\r\n\r\n" + BEGINNING));
        }
        ProxyFixture.await("the clients to wait", () -> begun.get() == (CLIENTS + 1) * number);
        begin.release();
        assertThat(holder.readResponse().status()).isEqualTo(200);
        clients.forEach(client -> client.send("cd"));
        for (RawClient client : clients) {
            assertThat(client.timeout(Duration.ofSeconds(20)).readResponse().status())
                    .isEqualTo(200);
            client.close();
        }
        holder.close();
        ProxyFixture.await(
                "the round to be over",
                () -> LeakCheck.clients(fixture.proxy()) == 0 && LeakCheck.buffers(fixture.proxy()) == 0);
    }
}
