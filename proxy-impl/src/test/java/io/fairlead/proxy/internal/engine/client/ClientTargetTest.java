package io.fairlead.proxy.internal.engine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What cannot be seen, or not be brought about, through a whole proxy. */
class ClientTargetTest {
    private static final byte[] GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final Duration NO_LIMIT = Duration.ZERO;

    private final CountDownLatch nameServer = new CountDownLatch(1);
    private final IoWorker worker = new IoWorker("pool-test", 1);
    private final IoLoop loop = worker.loops().get(0);
    private final NameResolver resolver = new NameResolver(
            "pool-test",
            host -> {
                awaitUnchecked(nameServer);
                return new InetAddress[] {InetAddress.getLoopbackAddress()};
            },
            System::nanoTime);

    @AfterEach
    void end() {
        nameServer.countDown();
        resolver.close();
        worker.close();
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private ClientTarget pool(String url, Consumer<UpstreamPool.Builder> more) {
        UpstreamPool.Builder builder = UpstreamPool.builder("default").target(url);
        more.accept(builder);
        return new ClientTarget(Target.of(url), builder.build(), 1, resolver);
    }

    private <T> T inLoop(Callable<T> action) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                result.complete(action.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result.get(10, TimeUnit.SECONDS);
    }

    private ClientTarget.Pending acquire(ClientTarget pool, Recording listener) throws Exception {
        return inLoop(() -> pool.acquire(loop, listener, NO_LIMIT, false, true));
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    private static class Recording implements UpstreamListener {
        final CompletableFuture<UpstreamStream> connected = new CompletableFuture<>();
        final CompletableFuture<Integer> head = new CompletableFuture<>();
        final CompletableFuture<FailureCode> failed = new CompletableFuture<>();

        @Override
        public void connected(UpstreamStream stream) {
            connected.complete(stream);
        }

        @Override
        public void interim(ResponseHead interim) {}

        @Override
        public void head(ResponseHead response, long bodyLength) {
            head.complete(response.status());
        }

        @Override
        public void released() {}

        @Override
        public void bodyFailed(FailureCode code, String detail) {}

        @Override
        public void failed(FailureCode code, String detail, boolean untouched, boolean stale) {
            failed.complete(code);
        }
    }

    private void sendGet(UpstreamStream stream) {
        System.arraycopy(GET, 0, loop.scratch(GET.length), 0, GET.length);
        stream.send(GET.length, 0, false, Timeouts.ofDefaults());
    }

    @Test
    void firstExchangeOfAThreadAfterTheClose_leavesNoIdleConnection() throws Exception {
        try (TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
            ClientTarget pool = pool(upstream.url(), builder -> {});
            pool.close();
            Recording exchange = new Recording();
            acquire(pool, exchange);
            UpstreamStream stream = get(exchange.connected);
            inLoop(() -> {
                sendGet(stream);
                return true;
            });
            assertThat(get(exchange.head)).isEqualTo(200);
            assertThat(inLoop(() -> pool.idle(loop))).isZero();
            assertThat(pool.connections()).isZero();
        }
    }

    @Test
    void exchangeThatWaitsForTheFirstAddress_isToldOfTheClose() throws Exception {
        ClientTarget pool = pool("http://slow.test:80", builder -> {});
        Recording exchange = new Recording();
        acquire(pool, exchange);
        assertThat(exchange.failed).isNotDone();
        pool.close();
        assertThat(get(exchange.failed)).isEqualTo(FailureCode.UPSTREAM_NAME_NOT_RESOLVED);
        assertThat(pool.connections()).isZero();
    }

    /** The connection ends between the last answer on it and the next exchange, and another exchange takes the permit. */
    @Test
    void exchangeBackInTheQueue_canBeCancelled() throws Exception {
        try (TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
            ClientTarget pool = pool(
                    upstream.url(),
                    builder -> builder.maxConnectionsPerTarget(1).maxQueued(1));
            Recording other = new Recording();
            Recording first = new Recording() {
                @Override
                public void head(ResponseHead response, long bodyLength) {
                    connected.join().abort();
                    pool.acquire(loop, other, NO_LIMIT, true, true);
                    super.head(response, bodyLength);
                }
            };
            acquire(pool, first);
            UpstreamStream stream = get(first.connected);
            Recording queued = new Recording();
            ClientTarget.Pending pending = acquire(pool, queued);
            inLoop(() -> {
                sendGet(stream);
                return true;
            });
            get(other.connected);
            assertThat(queued.connected).isNotDone();
            Recording oneTooMany = new Recording();
            acquire(pool, oneTooMany);
            assertThat(get(oneTooMany.failed)).isEqualTo(FailureCode.UPSTREAM_QUEUE_FULL);

            inLoop(() -> {
                pending.cancel();
                return true;
            });
            Recording next = new Recording();
            acquire(pool, next);
            assertThat(next.failed).isNotDone();
            inLoop(() -> {
                other.connected.join().abort();
                return true;
            });
            get(next.connected);
            assertThat(queued.connected).isNotDone();
        }
    }

    @Test
    void headThatDoesNotGoOut_isFollowedByThePieceAndTheEnd() throws Exception {
        int headLength = 8 << 20;
        byte[] end = "4\r\ndata\r\n0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
        try (ServerSocket server = new ServerSocket()) {
            server.setReceiveBufferSize(4096);
            server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
            ClientTarget pool = pool("http://127.0.0.1:" + server.getLocalPort(), builder -> {});
            Recording exchange = new Recording();
            acquire(pool, exchange);
            UpstreamStream stream = get(exchange.connected);
            try (Socket target = server.accept()) {
                target.setSoTimeout(10_000);
                inLoop(() -> {
                    Arrays.fill(loop.scratch(headLength), 0, headLength, (byte) 'h');
                    BodySink sink = stream.send(headLength, -1, false, Timeouts.ofDefaults());
                    sink.flush();
                    ByteBuffer piece = loop.take();
                    int start = piece.position();
                    piece.put("data".getBytes(StandardCharsets.ISO_8859_1));
                    piece.limit(piece.position()).position(start);
                    assertThat(sink.write(piece, false)).isFalse();
                    sink.end(null);
                    return true;
                });
                InputStream in = target.getInputStream();
                in.skipNBytes(headLength);
                assertThat(in.readNBytes(end.length)).isEqualTo(end);
            }
            get(exchange.failed);
            assertThat(inLoop(loop::buffersInUse)).isZero();
        }
    }
}
