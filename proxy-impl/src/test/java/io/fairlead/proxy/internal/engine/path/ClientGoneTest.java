package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A client that goes away is noticed at once, and what was under way for it ends. */
class ClientGoneTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static void awaitClose(ScriptedExchange exchange) throws Exception {
        exchange.readHead();
        exchange.awaitClose();
    }

    private void assertAborted(TestUpstream upstream) {
        upstream.awaitConnectionClosed(SOON);
        ExchangeRecord ended = fixture.awaitRecord();
        assertThat(ended.failure()).contains(FailureCode.CLIENT_GONE);
        assertThat(ended.status()).isEqualTo(499);
        ProxyFixture.await("the pool to be empty", () -> LeakCheck.upstreamsInUse(fixture.proxy()) == 0);
    }

    @Test
    void clientThatClosesWhileTheUpstreamWorks_cancelsTheRequest() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        client.close();
        assertAborted(upstream);
    }

    @Test
    void clientThatResetsWhileTheUpstreamWorks_cancelsTheRequest() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        client.reset();
        assertAborted(upstream);
    }

    @Test
    void clientThatResetsAfterAPipelinedRequest_cancelsTheFirst() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        client.send(GET);
        client.reset();
        assertAborted(upstream);
    }

    @Test
    void clientThatClosesWithinItsUpload_cutsTheUpstream() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        upstream.awaitHeads(1);
        client.close();
        assertAborted(upstream);
        assertThat(upstream.lastRequest().complete()).isFalse();
    }

    @Test
    void clientThatResetsWithinTheResponse_cancelsTheUpstream() {
        CountDownLatch gone = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            gone.await();
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        client.readHead();
        client.reset();
        gone.countDown();
        assertAborted(upstream);
    }

    @Test
    void clientThatStopsReadingAndResets_freesWhatIsBlocked() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            byte[] piece = new byte[100_000];
            for (int i = 0; i < 1_000; i++) {
                exchange.write(piece);
            }
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client(4_096).send(GET);
        client.readHead();
        ProxyFixture.await("a buffer to be held back", () -> LeakCheck.buffers(fixture.proxy()) > 0);
        client.reset();
        upstream.awaitConnectionClosed(SOON);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
    }

    @Test
    void clientThatClosesWhileTheConnectionIsQueuedFor_leavesTheQueue() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(UpstreamPool.builder("default")
                .target(upstream.url())
                .maxConnectionsPerTarget(1)
                .build()));
        RawClient first = fixture.client().send(GET);
        upstream.awaitHeads(1);
        RawClient second = fixture.client().send(GET);
        second.close();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        first.close();
        assertAborted(upstream);
        assertThat(upstream.connections()).isEqualTo(1);
    }

    /** Behind bytes that wait no end can be seen; see "What is noticed late" in docs/engine.md. */
    @Test
    void clientThatResetsWhileItsUploadIsBlocked_isNoticedAfterTheIdleTime() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.stall();
        });
        fixture.start(fixture.to(upstream).timeouts(Timeouts.ofDefaults().withIdle(Duration.ofMillis(500))));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50000000\r\n\r\n");
        Thread sending = new Thread(() -> client.sendIfOpen(new byte[50_000_000]));
        sending.setDaemon(true);
        sending.start();
        ProxyFixture.await("a buffer to be held back", () -> LeakCheck.buffers(fixture.proxy()) > 0);
        client.reset();
        assertThat(fixture.awaitRecord().failure())
                .hasValueSatisfying(
                        code -> assertThat(code).isIn(FailureCode.UPSTREAM_SEND_TIMEOUT, FailureCode.CLIENT_GONE));
        ProxyFixture.await("the pool to be empty", () -> LeakCheck.upstreamsInUse(fixture.proxy()) == 0);
        ProxyFixture.await("the client to be forgotten", () -> LeakCheck.clients(fixture.proxy()) == 0);
    }

    @Test
    void clientThatResetsBehindMorePipelinedBytesThanAreKept_isNoticedWhenItsAnswerIsDue() {
        TestUpstream upstream = fixture.upstream(ClientGoneTest::awaitClose);
        fixture.start(fixture.to(upstream).timeouts(Timeouts.ofDefaults().withResponseHead(Duration.ofMillis(500))));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        Thread sending = new Thread(() -> client.sendIfOpen(GET.repeat(100_000).getBytes(StandardCharsets.ISO_8859_1)));
        sending.setDaemon(true);
        sending.start();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.UPSTREAM_HEAD_TIMEOUT);
        client.reset();
        ProxyFixture.await("the client to be forgotten", () -> LeakCheck.clients(fixture.proxy()) == 0);
    }

    /** Reads were switched off as soon as a body was given up, so that the end was seen with the answer only. */
    @Test
    void clientThatResetsAfterItsUploadWasDiscarded_isNoticedAtOnce() throws Exception {
        CountDownLatch discarded = new CountDownLatch(1);
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("never"))).middleware((exchange, chain) -> {
            exchange.request().body().discard();
            discarded.countDown();
            return new CompletableFuture<>();
        }));
        RawClient client =
                fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 500000\r\n\r\nbegin");
        assertThat(discarded.await(5, TimeUnit.SECONDS)).isTrue();
        client.reset();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
    }

    @Test
    void clientThatHalfClosesWhereThatIsAllowed_getsItsAnswer() {
        CountDownLatch closed = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            closed.await();
            exchange.write(TestUpstream.ok("late"));
        });
        fixture.start(fixture.watched(ReverseProxy.to(upstream.url())
                .listener(Listener.builder("127.0.0.1", 0).halfClose(true).build())));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        client.halfClose();
        closed.countDown();
        assertThat(client.readResponse().bodyText()).isEqualTo("late");
        client.awaitEof(SOON);
        assertThat(fixture.awaitRecord().failure()).isEmpty();
    }

    @Test
    void requestAndHalfCloseInOneGo_getsItsAnswerWhereThatIsAllowed() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("answer"));
        fixture.start(fixture.watched(ReverseProxy.to(upstream.url())
                .listener(Listener.builder("127.0.0.1", 0).halfClose(true).build())));
        RawClient client = fixture.client().send(GET).halfClose();
        assertThat(client.readResponse().bodyText()).isEqualTo("answer");
        client.awaitEof(SOON);
    }

    @Test
    void clientGoneWhileMiddlewareReadsItsBody_endsTheRead() throws Exception {
        CompletableFuture<byte[]> read = new CompletableFuture<>();
        CountDownLatch reading = new CountDownLatch(1);
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("never"))).middleware((exchange, chain) -> {
            exchange.request().body().readAll(1_000).whenComplete((bytes, problem) -> {
                if (problem == null) {
                    read.complete(bytes);
                } else {
                    read.completeExceptionally(problem);
                }
            });
            reading.countDown();
            return new CompletableFuture<>();
        }));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertThat(reading.await(5, TimeUnit.SECONDS)).isTrue();
        client.close();
        ProxyFixture.await("the end of the read", read::isCompletedExceptionally);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
    }

    @Test
    void clientGoneWhileBlockingMiddlewareReadsTheResponse_freesItsThread() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream).middleware(Middleware.blocking((exchange, chain) -> {
            try {
                var response = chain.proceed(exchange);
                InputStream in = response.body().inputStream();
                in.read();
                reading.countDown();
                in.readAllBytes();
                return response;
            } finally {
                over.countDown();
            }
        })));
        RawClient client = fixture.client().send(GET);
        assertThat(reading.await(5, TimeUnit.SECONDS)).isTrue();
        client.close();
        assertThat(over.await(5, TimeUnit.SECONDS)).isTrue();
        assertAborted(upstream);
    }
}
