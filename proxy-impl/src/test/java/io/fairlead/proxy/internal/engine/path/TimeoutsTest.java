package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Every deadline of an exchange, and what the client gets when it passes. */
class TimeoutsTest {
    private static final Duration SHORT = Duration.ofMillis(150);
    private static final Timeouts LONG = Timeouts.ofDefaults();

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private TestUpstream stalling() {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
    }

    private TestUpstream stallingAfter(String answer) {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write(answer);
            exchange.awaitClose();
        });
    }

    private void assertFails(RawResponse response, FailureCode code) {
        assertThat(response.status()).isEqualTo(code.status());
        assertThat(response.header("Fairlead-Failure")).contains(code.name());
        assertThat(fixture.awaitRecord().failure()).contains(code);
    }

    // ---- the client

    @Test
    void headThatDoesNotEnd_returns408() {
        fixture.start(fixture.to(stalling()).timeouts(LONG.withRequestHead(SHORT)));
        RawClient client = fixture.client().send("GET / HTTP/1.1\r\nHo");
        RawResponse response = client.readResponse();
        assertFails(response, FailureCode.CLIENT_HEAD_TIMEOUT);
        assertThat(response.header("Connection")).contains("close");
        client.awaitEof(SOON);
    }

    @Test
    void headThatDripsIn_returns408AllTheSame() {
        fixture.start(fixture.to(stalling()).timeouts(LONG.withRequestHead(SHORT)));
        RawClient client = fixture.client().send("GET / HTTP/1.1\r\nX: ");
        ProxyFixture.await("an answer or the end", () -> {
            client.sendIfOpen(new byte[] {'x'});
            return client.readAvailable().length > 0;
        });
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_HEAD_TIMEOUT);
    }

    @Test
    void idleConnection_isClosedWithoutAnAnswer() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))).timeouts(LONG.withKeepAlive(SHORT)));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
        client.awaitEof(SOON);
    }

    @Test
    void connectionWithoutAnyByte_isClosedWithoutAnAnswer() {
        fixture.start(fixture.to(stalling()).timeouts(LONG.withKeepAlive(SHORT)));
        fixture.client().awaitEof(SOON);
    }

    @Test
    void workingUpstream_isNotCutByTheKeepAliveTime() {
        CountDownLatch later = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            later.await();
            exchange.write(TestUpstream.ok("late"));
        });
        fixture.start(fixture.to(upstream).timeouts(LONG.withKeepAlive(SHORT)));
        RawClient idle = fixture.client();
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        idle.awaitEof(SOON);
        later.countDown();
        assertThat(client.readResponse().bodyText()).isEqualTo("late");
    }

    @Test
    void uploadThatStalls_returns408AndCutsTheUpstream() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withIdle(SHORT)));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertFails(client.readResponse(), FailureCode.CLIENT_BODY_TIMEOUT);
        client.awaitEof(SOON);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void uploadBelowTheLeastRate_returns408() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.watched(ReverseProxy.to(upstream.url())
                .listener(Listener.builder("127.0.0.1", 0)
                        .limits(Limits.ofDefaults().withMinBodyBytesPerSecond(1_000_000))
                        .build())));
        RawClient client = fixture.client()
                .timeout(Duration.ofSeconds(10))
                .send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertFails(client.readResponse(), FailureCode.CLIENT_BODY_TOO_SLOW);
    }

    @Test
    void clientThatDoesNotRead_isCut() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            byte[] piece = new byte[100_000];
            for (int i = 0; i < 1_000; i++) {
                exchange.write(piece);
            }
        });
        fixture.start(fixture.to(upstream).timeouts(LONG.withIdle(SHORT)));
        fixture.client(4_096).send(GET);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_WRITE_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
    }

    // ---- the upstream

    @Test
    void connectionThatIsNotMade_returns504() throws IOException {
        try (ServerSocket full = new ServerSocket()) {
            full.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
            List<Socket> filling = fill(full);
            try {
                fixture.start(fixture.to(UpstreamPool.of("full", "http://127.0.0.1:" + full.getLocalPort()))
                        .timeouts(LONG.withConnect(SHORT)));
                assertFails(fixture.client().send(GET).readResponse(), FailureCode.UPSTREAM_CONNECT_TIMEOUT);
            } finally {
                for (Socket socket : filling) {
                    socket.close();
                }
            }
        }
    }

    /** Nothing was sent to it, so that a POST may go elsewhere; and a target whose machine is gone must not stay in use. */
    @Test
    void attemptThatGetsNoConnectionInTime_goesElsewhereAndCountsAgainstTheTarget() throws IOException {
        TestUpstream well = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write(TestUpstream.ok("ok"));
        });
        try (ServerSocket full = new ServerSocket()) {
            full.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
            List<Socket> filling = fill(full);
            try {
                fixture.start(fixture.to(UpstreamPool.builder("half")
                                .target("http://127.0.0.1:" + full.getLocalPort())
                                .target(well.url())
                                .loadBalancer(LoadBalancer.roundRobin())
                                .retry(RetryPolicy.builder().on(RetryOn.TIMEOUT).build())
                                .outlierDetection(OutlierDetection.builder()
                                        .consecutiveLocalOriginFailures(1)
                                        .build())
                                .build())
                        .timeouts(LONG.withAttempt(SHORT)));
                RawClient client = fixture.client();
                // The turn comes to either of them.
                for (int i = 0; i < 2; i++) {
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
                    assertThat(client.readResponse().status()).isEqualTo(200);
                }
                ProxyFixture.await(
                        "its ejection",
                        () -> !fixture.proxy().pools().get(0).targets().get(0).usable());
            } finally {
                for (Socket socket : filling) {
                    socket.close();
                }
            }
        }
    }

    /** Connects until the backlog takes no more; from then on a connect gets no answer. */
    private static List<Socket> fill(ServerSocket server) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        while (sockets.size() < 20) {
            Socket socket = new Socket();
            try {
                socket.connect(server.getLocalSocketAddress(), 100);
                sockets.add(socket);
            } catch (SocketTimeoutException full) {
                socket.close();
                return sockets;
            }
        }
        throw new AssertionError("the backlog does not fill up");
    }

    @Test
    void upstreamThatDoesNotAnswer_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withResponseHead(SHORT)));
        RawClient client = fixture.client().send(GET);
        assertFails(client.readResponse(), FailureCode.UPSTREAM_HEAD_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
        assertThat(client.isClosedByPeer()).isFalse();
    }

    @Test
    void upstreamThatSendsOnlyInterimAnswers_returns504() {
        fixture.start(
                fixture.to(stallingAfter("HTTP/1.1 103 Early Hints\r\n\r\n")).timeouts(LONG.withResponseHead(SHORT)));
        assertFails(fixture.client().send(GET).readResponse(), FailureCode.UPSTREAM_HEAD_TIMEOUT);
    }

    @Test
    void attemptThatTakesTooLong_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withAttempt(SHORT)));
        assertFails(fixture.client().send(GET).readResponse(), FailureCode.UPSTREAM_ATTEMPT_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
    }

    /** Else a client could have any target ejected by a few slow uploads, and no upload could take longer than an attempt. */
    @Test
    void clientThatUploadsTooSlowly_isNotCutByTheAttemptsDeadlineAndCountsAgainstNoTarget() {
        fixture.start(fixture.to(UpstreamPool.builder("two")
                        .target(stalling().url())
                        .target(stalling().url())
                        .outlierDetection(OutlierDetection.builder()
                                .consecutiveLocalOriginFailures(1)
                                .build())
                        .build())
                .timeouts(LONG.withAttempt(SHORT).withTotal(SHORT.multipliedBy(4))));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertFails(client.readResponse(), FailureCode.TOTAL_TIMEOUT);
        assertThat(fixture.proxy().pools().get(0).targets())
                .allSatisfy(target -> assertThat(target.usable()).isTrue());
    }

    @Test
    void exchangeThatTakesTooLong_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withTotal(SHORT)));
        assertFails(fixture.client().send(GET).readResponse(), FailureCode.TOTAL_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void exchangeThatTakesTooLongInItsUpload_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withTotal(SHORT)));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertFails(client.readResponse(), FailureCode.TOTAL_TIMEOUT);
        client.awaitEof(SOON);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void exchangeThatTakesTooLongAfterTheResponseBegan_isCut() {
        TestUpstream upstream = stallingAfter("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        fixture.start(fixture.to(upstream).timeouts(LONG.withTotal(SHORT)));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.complete()).isFalse();
        assertThat(response.bodyText()).isEqualTo("half");
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.TOTAL_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void exchangeThatTakesTooLongInMiddleware_returns504AndTellsIt() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        fixture.start(fixture.to(stalling()).timeouts(LONG.withTotal(SHORT)).middleware((exchange, chain) -> {
            exchange.onCancel(told::countDown);
            return new CompletableFuture<>();
        }));
        assertFails(fixture.client().send(GET).readResponse(), FailureCode.TOTAL_TIMEOUT);
        assertThat(told.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void exchangeThatTakesTooLongBehindBlockingMiddleware_freesItsThread() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        fixture.start(fixture.to(stalling())
                .timeouts(LONG.withTotal(SHORT))
                .middleware(Middleware.blocking((exchange, chain) -> {
                    try {
                        return chain.proceed(exchange);
                    } finally {
                        over.countDown();
                    }
                })));
        assertFails(fixture.client().send(GET).readResponse(), FailureCode.TOTAL_TIMEOUT);
        assertThat(over.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void responseBodyThatStalls_isCut() {
        TestUpstream upstream = stallingAfter("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        fixture.start(fixture.to(upstream).timeouts(LONG.withIdle(SHORT)));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.complete()).isFalse();
        assertThat(response.bodyText()).isEqualTo("half");
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.UPSTREAM_BODY_TIMEOUT);
        upstream.awaitConnectionClosed(SOON);
    }

    @Test
    void upstreamThatDoesNotReadTheUpload_returns504() {
        int length = 50_000_000;
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.stall();
        });
        fixture.start(fixture.to(upstream).timeouts(LONG.withIdle(SHORT)));
        RawClient client =
                fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n");
        Thread sending = new Thread(() -> client.sendIfOpen(new byte[length]));
        sending.setDaemon(true);
        sending.start();
        assertFails(client.readResponse(), FailureCode.UPSTREAM_SEND_TIMEOUT);
    }

    /** Its rate counts from when it was asked for, which takes the upstream longer than the grace of 5 s. */
    @Test
    void bodyHeldBackUntilItIsAskedFor_isNotTooSlow() {
        CountDownLatch grace = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            grace.await(7, TimeUnit.SECONDS);
            exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
            exchange.readBody();
            exchange.write(TestUpstream.ok("got it"));
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().timeout(Duration.ofSeconds(10));
        client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertThat(client.send("hello").readResponse().bodyText()).isEqualTo("got it");
    }

    /** The client was blamed for it, after the idle time, though it does what it has to: wait. */
    @Test
    void upstreamThatNeitherAsksForTheBodyNorAnswers_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream).timeouts(LONG.withIdle(SHORT).withResponseHead(SHORT.multipliedBy(3))));
        RawClient client = fixture.client();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        RawResponse response = client.readResponse();
        assertFails(response, FailureCode.UPSTREAM_HEAD_TIMEOUT);
        // Whether the body comes after all nobody knows.
        assertThat(response.header("Connection")).contains("close");
        client.awaitEof(SOON);
        upstream.awaitConnectionClosed(SOON);
    }

    /** With edited trailers nobody was timed at all. */
    @Test
    void upstreamThatNeitherAsksNorAnswersBehindTrailerEdits_returns504() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.listening(ReverseProxy.builder())
                .timeouts(LONG.withResponseHead(SHORT))
                .route(Route.builder("all")
                        .transform(Transform.setRequestTrailer("X-Sum", "1"))
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build()));
        RawClient client = fixture.client();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        assertFails(client.readResponse(), FailureCode.UPSTREAM_HEAD_TIMEOUT);
    }

    @Test
    void clientThatStallsOnceItIsAskedForTheBody_returns408() {
        TestUpstream upstream = stallingAfter("HTTP/1.1 100 Continue\r\n\r\n");
        fixture.start(fixture.to(upstream)
                .timeouts(LONG.withIdle(SHORT.multipliedBy(3)).withResponseHead(SHORT)));
        RawClient client = fixture.client();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertFails(client.readResponse(), FailureCode.CLIENT_BODY_TIMEOUT);
        client.awaitEof(SOON);
    }

    @Test
    void clientThatStallsWithinABodyItWasNotAskedFor_returns408() {
        TestUpstream upstream = stalling();
        fixture.start(fixture.to(upstream)
                .timeouts(LONG.withIdle(SHORT.multipliedBy(3)).withResponseHead(SHORT)));
        RawClient client = fixture.client();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhe");
        assertFails(client.readResponse(), FailureCode.CLIENT_BODY_TIMEOUT);
        client.awaitEof(SOON);
    }

    /** It is not the target that keeps the client waiting. */
    @Test
    void answerHeldByMiddlewareLongerThanTheIdleTime_isSentWhole() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("whole"));
        fixture.start(fixture.to(upstream)
                .timeouts(LONG.withIdle(SHORT))
                .middleware((exchange, chain) -> chain.proceed(exchange)
                        .thenCompose(response -> CompletableFuture.supplyAsync(
                                () -> response,
                                CompletableFuture.delayedExecutor(SHORT.toMillis() * 3, TimeUnit.MILLISECONDS)))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo("whole");
    }

    // ---- answers that middleware holds

    private static Middleware onAnswer(Function<Response, CompletionStage<Response>> then) {
        return (exchange, chain) -> chain.proceed(exchange).thenCompose(then);
    }

    /** Asks for the first piece, and for no other. */
    private static final class OnePiece implements Flow.Subscriber<ByteBuffer> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(1);
        }

        @Override
        public void onNext(ByteBuffer item) {}

        @Override
        public void onError(Throwable throwable) {}

        @Override
        public void onComplete() {}
    }

    static final List<Consumer<Response>> HOLDERS = List.of(
            response -> {},
            response -> response.body().publisher(),
            response -> response.body().publisher().subscribe(new OnePiece()));

    /** Its connection was lost to all others for as long as the client stayed. */
    @ParameterizedTest
    @FieldSource("HOLDERS")
    void answerThatMiddlewareHolds_returns500AndFreesTheConnection(Consumer<Response> holder) {
        TestUpstream upstream = stallingAfter("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        fixture.start(fixture.to(upstream).timeouts(LONG.withMiddleware(SHORT)).middleware(onAnswer(response -> {
            holder.accept(response);
            return new CompletableFuture<>();
        })));
        assertFails(fixture.client().timeout(SOON).send(GET).readResponse(), FailureCode.MIDDLEWARE_FAILED);
        upstream.awaitConnectionClosed(SOON);
    }

    /** Asks for the next piece some time after it got the one before. */
    private static final class Slow implements Flow.Subscriber<ByteBuffer> {
        private final Executor later = CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS);
        private final CompletableFuture<Response> answer = new CompletableFuture<>();
        private Flow.Subscription subscription;
        private int bytes;

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            subscription.request(1);
        }

        @Override
        public void onNext(ByteBuffer item) {
            bytes += item.remaining();
            later.execute(() -> subscription.request(1));
        }

        @Override
        public void onError(Throwable problem) {
            answer.completeExceptionally(problem);
        }

        @Override
        public void onComplete() {
            answer.complete(Response.of(200, bytes + " bytes"));
        }
    }

    @Test
    void answerThatMiddlewareReadsSlowly_isNotHeld() {
        int size = 8 * 64 * 1024;
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("x".repeat(size))))
                .timeouts(LONG.withMiddleware(Duration.ofMillis(400)))
                .middleware(onAnswer(response -> {
                    Slow reader = new Slow();
                    response.body().publisher().subscribe(reader);
                    return reader.answer;
                })));
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo(size + " bytes");
    }
}
