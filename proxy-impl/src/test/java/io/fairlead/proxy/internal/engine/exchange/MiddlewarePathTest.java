package io.fairlead.proxy.internal.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.Records;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

@Timeout(30)
class MiddlewarePathTest {

    private static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    private final Records records = new Records();
    private final ExecutorService elsewhere = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "elsewhere");
        thread.setDaemon(true);
        return thread;
    });

    @AfterEach
    void endThread() {
        elsewhere.shutdownNow();
    }

    private ReverseProxy proxy(String url, Middleware... middleware) {
        return proxy(Timeouts.ofDefaults(), url, middleware);
    }

    private ReverseProxy proxy(Timeouts timeouts, String url, Middleware... middleware) {
        Route.Builder route = Route.builder("only").to(UpstreamPool.of("pool", url));
        for (Middleware one : middleware) {
            route.middleware(one);
        }
        return ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .ioThreads(1)
                .timeouts(timeouts)
                .stopTimeout(Duration.ofMillis(200))
                .onExchange(records)
                .route(route.build())
                .start();
    }

    private static RawResponse get(ReverseProxy proxy) {
        try (RawClient client = RawClient.connect(proxy.port())) {
            return client.send(GET).readResponse();
        }
    }

    @Test
    void globalAndRouteMiddleware_runInOrderAndBackInReverse() {
        List<String> order = new ArrayList<>();
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = ReverseProxy.builder()
                        .listener(Listener.http("127.0.0.1", 0))
                        .middleware(noting(order, "global-1"))
                        .middleware(noting(order, "global-2"))
                        .route(Route.builder("r")
                                .middleware(noting(order, "route-1"))
                                .middleware(noting(order, "route-2"))
                                .to(UpstreamPool.of("pool", upstream.url()))
                                .build())
                        .start()) {
            assertThat(get(proxy).bodyText()).isEqualTo("hi");
        }
        assertThat(order)
                .containsExactly(
                        ">global-1",
                        ">global-2",
                        ">route-1",
                        ">route-2",
                        "<route-2",
                        "<route-1",
                        "<global-2",
                        "<global-1");
    }

    private static Middleware noting(List<String> order, String name) {
        return (exchange, chain) -> {
            order.add(">" + name);
            return chain.proceed(exchange).thenApply(response -> {
                order.add("<" + name);
                return response;
            });
        };
    }

    @Test
    void stageCompletedOnAnotherThread_isSentAndTheConnectionGoesOn() {
        Middleware hop = (exchange, chain) -> CompletableFuture.runAsync(() -> {}, elsewhere)
                .thenComposeAsync(nothing -> chain.proceed(exchange), elsewhere)
                .thenApplyAsync(
                        response -> response.header(
                                "X-Thread", Thread.currentThread().getName()),
                        elsewhere);
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), hop, hop);
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < 3; i++) {
                RawResponse response = client.send(GET).readResponse();
                assertThat(response.status()).isEqualTo(200);
                assertThat(response.header("X-Thread")).contains("elsewhere");
                assertThat(response.bodyText()).isEqualTo("hi");
            }
            assertThat(upstream.connections()).isEqualTo(1);
        }
    }

    @Test
    void middlewareAnswersItself_upstreamIsNotCalled() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(
                        upstream.url(),
                        (exchange, chain) -> CompletableFuture.completedFuture(Response.of(403, "no")))) {
            RawResponse response = get(proxy);
            assertThat(response.status()).isEqualTo(403);
            assertThat(response.bodyText()).isEqualTo("no");
            assertThat(upstream.connections()).isZero();
        }
    }

    @Test
    void middlewareThrows_returns500AndNamesIt() {
        assertNamed(
                (exchange, chain) -> {
                    throw new IllegalArgumentException("boom");
                },
                "boom");
    }

    @Test
    void middlewareGivesFailedStage_returns500AndNamesIt() {
        assertNamed((exchange, chain) -> CompletableFuture.failedFuture(new IllegalArgumentException("boom")), "boom");
    }

    @Test
    void middlewareGivesNullStage_returns500AndNamesIt() {
        assertNamed((exchange, chain) -> null, "returned null");
    }

    @Test
    void middlewareGivesNullResponse_returns500AndNamesIt() {
        assertNamed((exchange, chain) -> CompletableFuture.completedFuture(null), "no response");
    }

    /** As the outermost of two, and as the inner one. */
    private void assertNamed(Middleware bad, String reason) {
        Middleware good = (exchange, chain) -> chain.proceed(exchange);
        for (boolean inner : new boolean[] {false, true}) {
            Records own = new Records();
            try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                    ReverseProxy proxy = ReverseProxy.builder()
                            .listener(Listener.http("127.0.0.1", 0))
                            .onExchange(own)
                            .register("good", good)
                            .register("bad", bad)
                            .route(Route.builder("r")
                                    .middleware(Middleware.ref(inner ? "good" : "bad"))
                                    .middleware(Middleware.ref(inner ? "bad" : "good"))
                                    .to(UpstreamPool.of("pool", upstream.url()))
                                    .build())
                            .start()) {
                assertThat(get(proxy).status()).isEqualTo(500);
                ExchangeRecord ended = own.first();
                assertThat(ended.failure()).contains(FailureCode.MIDDLEWARE_FAILED);
                assertThat(ended.detail().orElseThrow()).contains("\"bad\"").contains(reason);
                assertThat(ended.status()).isEqualTo(500);
            }
        }
    }

    @Test
    void middlewareNeverCompletes_endsAtTheTotalTimeoutAndIsNamed() {
        AtomicReference<CompletableFuture<Response>> kept = new AtomicReference<>();
        AtomicBoolean cancelled = new AtomicBoolean();
        Middleware silent = (exchange, chain) -> {
            exchange.onCancel(() -> cancelled.set(true));
            kept.set(new CompletableFuture<>());
            return kept.get();
        };
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy =
                        proxy(Timeouts.ofDefaults().withTotal(Duration.ofMillis(150)), upstream.url(), silent);
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().status()).isEqualTo(504);
            assertThat(records.first().failure()).contains(FailureCode.TOTAL_TIMEOUT);
            assertThat(records.first().detail().orElseThrow()).contains("only:0");
            // The answer is out a moment before the actions run.
            org.awaitility.Awaitility.await().untilTrue(cancelled);
            // What comes late is discarded, and the next request on the connection is not harmed.
            Discarded late = new Discarded();
            kept.get().complete(Response.of(200, Headers.create(), Body.of(late)));
            late.await();
            client.send(GET);
            assertThat(client.readResponse().status()).isEqualTo(504);
        }
    }

    @Test
    void middlewareNeitherGoesOnNorAnswers_failsAtItsDeadlineAndIsNamed() {
        Middleware silent = (exchange, chain) -> new CompletableFuture<>();
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy =
                        proxy(Timeouts.ofDefaults().withMiddleware(Duration.ofMillis(150)), upstream.url(), silent);
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().status()).isEqualTo(500);
            assertThat(records.first().failure()).contains(FailureCode.MIDDLEWARE_FAILED);
            assertThat(records.first().detail().orElseThrow()).contains("only:0");
        }
    }

    @Test
    void middlewareHasGoneOn_isNotHeldToItsDeadlineWhileTheUpstreamWorks() {
        Middleware later = (exchange, chain) -> {
            CompletableFuture<Response> result = new CompletableFuture<>();
            CompletableFuture.runAsync(() -> chain.proceed(exchange).whenComplete((response, problem) -> {
                if (problem != null) {
                    result.completeExceptionally(problem);
                } else {
                    result.complete(response);
                }
            }));
            return result;
        };
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.stall();
                });
                ReverseProxy proxy = proxy(
                        Timeouts.ofDefaults()
                                .withMiddleware(Duration.ofMillis(100))
                                .withResponseHead(Duration.ofMillis(400)),
                        upstream.url(),
                        later);
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().status()).isEqualTo(504);
            assertThat(records.first().failure()).contains(FailureCode.UPSTREAM_HEAD_TIMEOUT);
        }
    }

    /** A publisher that knows whether its subscriber gave it up. */
    private static final class Discarded implements Flow.Publisher<ByteBuffer> {
        private final CountDownLatch cancelled = new CountDownLatch(1);

        @Override
        public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
            subscriber.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {}

                @Override
                public void cancel() {
                    cancelled.countDown();
                }
            });
        }

        void await() {
            try {
                assertThat(cancelled.await(5, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void bodyReplacedWhileItIsSent_givesTheOldOneUp() {
        Discarded old = new Discarded();
        AtomicReference<Boolean> givenUp = new AtomicReference<>(false);
        Middleware replacing = (exchange, chain) -> {
            exchange.request().body(Body.of(old));
            return chain.proceed(exchange).thenApply(response -> {
                exchange.request().body(Body.of(new byte[] {'x'}));
                givenUp.set(old.cancelled.getCount() == 0);
                return response;
            });
        };
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.write(TestUpstream.ok("early"));
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream.url(), replacing);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
            assertThat(client.readResponse().bodyText()).isEqualTo("early");
            assertThat(givenUp.get()).isTrue();
        }
    }

    @Test
    void timeoutWhileTheUpstreamWorks_tellsTheMiddlewareThatWaits() throws Exception {
        CompletableFuture<Throwable> told = new CompletableFuture<>();
        Middleware waiting = (exchange, chain) ->
                chain.proceed(exchange).whenComplete((response, problem) -> told.complete(problem));
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.awaitClose();
                });
                ReverseProxy proxy =
                        proxy(Timeouts.ofDefaults().withTotal(Duration.ofMillis(150)), upstream.url(), waiting)) {
            assertThat(get(proxy).status()).isEqualTo(504);
            assertThat(told.get(5, TimeUnit.SECONDS)).isInstanceOf(ExchangeFailedException.class);
            upstream.awaitConnectionClosed(Duration.ofSeconds(5));
        }
    }

    @Test
    void clientGone_runsCancelActionsAndClosesTheUpstream() throws Exception {
        CountDownLatch cancelled = new CountDownLatch(1);
        Middleware watching = (exchange, chain) -> {
            exchange.onCancel(cancelled::countDown);
            return chain.proceed(exchange);
        };
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream.url(), watching)) {
            RawClient client = RawClient.connect(proxy.port());
            client.send(GET);
            upstream.awaitHeads(1);
            client.close();
            assertThat(cancelled.await(5, TimeUnit.SECONDS)).isTrue();
            upstream.awaitConnectionClosed(Duration.ofSeconds(5));
            assertThat(records.first().failure()).contains(FailureCode.CLIENT_GONE);
            assertThat(records.first().status()).isEqualTo(499);
        }
    }

    @Test
    void upstreamRefuses_middlewareRecoversWithItsOwnAnswer() throws Exception {
        int free;
        try (TestUpstream gone = TestUpstream.answering("")) {
            free = gone.port();
        }
        Middleware fallback = (exchange, chain) -> chain.proceed(exchange)
                .exceptionally(problem -> Response.of(
                        200, ((ExchangeFailedException) cause(problem)).code().name()));
        try (ReverseProxy proxy = proxy("http://127.0.0.1:" + free, fallback)) {
            RawResponse response = get(proxy);
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.bodyText()).isEqualTo("UPSTREAM_CONNECT_FAILED");
            assertThat(records.first().failure()).isEmpty();
            assertThat(records.first().attempts()).isEqualTo(1);
        }
    }

    private static Throwable cause(Throwable problem) {
        return problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem;
    }

    @Test
    void middlewareFailsWithACode_thatCodeIsAnswered() {
        Middleware refusing = (exchange, chain) -> CompletableFuture.failedFuture(
                new ExchangeFailedException(FailureCode.UPSTREAM_UNAVAILABLE, "by hand"));
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), refusing)) {
            assertThat(get(proxy).status()).isEqualTo(503);
            assertThat(records.first().detail()).contains("by hand");
        }
    }

    @Test
    void getIsRetriedAfterTheFirstAnswerWasDiscarded_secondAnswerIsSent() {
        Middleware retrying = (exchange, chain) -> chain.proceed(exchange).thenCompose(response -> {
            if (response.status() != 503) {
                return CompletableFuture.completedFuture(response);
            }
            response.body().discard();
            return chain.proceed(exchange);
        });
        try (TestUpstream upstream = TestUpstream.answering(
                        "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", TestUpstream.ok("hi"));
                ReverseProxy proxy = ReverseProxy.builder()
                        .listener(Listener.http("127.0.0.1", 0))
                        .onExchange(records)
                        .route(Route.builder("r")
                                .middleware(retrying)
                                .transform(Transform.addPrefix("/v1"))
                                .to(UpstreamPool.of("pool", upstream.url()))
                                .build())
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            RawResponse response =
                    client.send("GET /a HTTP/1.1\r\nHost: test\r\n\r\n").readResponse();
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.bodyText()).isEqualTo("hi");
            assertThat(records.first().attempts()).isEqualTo(2);
            assertThat(upstream.awaitRequests(2))
                    .allSatisfy(request -> assertThat(request.target()).isEqualTo("/v1/a"));
        }
    }

    @Test
    void postWithABodyInMemoryIsRetried_bodyGoesOutTwice() {
        Middleware retrying =
                (exchange, chain) -> exchange.request().body().replayable(1_000).thenCompose(body -> {
                    exchange.request().body(body);
                    return chain.proceed(exchange).thenCompose(first -> {
                        first.body().discard();
                        return chain.proceed(exchange);
                    });
                });
        try (TestUpstream upstream = TestUpstream.answering(
                        "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), retrying);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
            assertThat(client.readResponse().bodyText()).isEqualTo("hi");
            assertThat(upstream.awaitRequests(2)).allSatisfy(request -> {
                assertThat(request.bodyText()).isEqualTo("abc");
                assertThat(request.header("Content-Length")).contains("3");
                assertThat(request.header("Transfer-Encoding")).isEmpty();
            });
        }
    }

    @Test
    void proceedTwiceWithoutDiscarding_returns500() {
        Middleware twice = (exchange, chain) -> chain.proceed(exchange).thenCompose(first -> chain.proceed(exchange));
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), twice)) {
            assertThat(get(proxy).status()).isEqualTo(500);
            assertThat(records.first().detail().orElseThrow())
                    .contains("only:0")
                    .contains("proceed was called twice");
            upstream.awaitConnectionClosed(Duration.ofSeconds(5));
        }
    }

    @Test
    void proceedTwiceWithAStreamedUpload_returns500() {
        Middleware twice = (exchange, chain) -> chain.proceed(exchange).thenCompose(first -> {
            first.body().discard();
            return chain.proceed(exchange);
        });
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), twice);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
            assertThat(client.readResponse().status()).isEqualTo(500);
            assertThat(records.first().detail().orElseThrow()).contains("cannot be read again");
        }
    }

    @Test
    void responseThrownAway_releasesTheUpstreamConnection() {
        Middleware forgetful =
                (exchange, chain) -> chain.proceed(exchange).thenApply(response -> Response.of(200, "mine"));
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream.url(), forgetful)) {
            assertThat(get(proxy).bodyText()).isEqualTo("mine");
            upstream.awaitConnectionClosed(Duration.ofSeconds(5));
        }
    }

    @Test
    void middlewareThatDoesNotWaitForTheRest_answersAndTheRestIsCancelled() {
        Middleware impatient = (exchange, chain) -> {
            chain.proceed(exchange);
            return CompletableFuture.completedFuture(Response.of(200, "early"));
        };
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.awaitClose();
                });
                ReverseProxy proxy = proxy(upstream.url(), impatient);
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("early");
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("early");
        }
    }

    // ---- blocking

    @Test
    void blockingMiddleware_runsOnItsOwnThreadAndStreamsAnUpload() {
        AtomicReference<String> thread = new AtomicReference<>();
        Middleware counting = Middleware.blocking((exchange, rest) -> {
            thread.set(Thread.currentThread().getName());
            long bytes = 0;
            try (InputStream in = exchange.request().body().inputStream()) {
                byte[] buffer = new byte[8_192];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    bytes += n;
                }
            }
            exchange.request().body(Body.of("read " + bytes));
            Response response = rest.proceed(exchange);
            return response.header("X-Read", Long.toString(bytes));
        });
        int size = 10 << 20;
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), counting);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + size + "\r\n\r\n");
            client.send(new byte[size]);
            RawResponse response = client.readResponse();
            assertThat(response.header("X-Read")).contains(Integer.toString(size));
            assertThat(thread.get()).startsWith("fairlead-proxy-blocking-");
            assertThat(upstream.lastRequest().bodyText()).isEqualTo("read " + size);
            assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
        }
    }

    @Test
    void blockingMiddlewareThrows_returns500AndNamesIt() {
        assertNamed(
                Middleware.blocking((exchange, rest) -> {
                    throw new IOException("boom");
                }),
                "boom");
    }

    @Test
    void blockingMiddleware_recoversFromTheRestsFailure() throws Exception {
        int free;
        try (TestUpstream gone = TestUpstream.answering("")) {
            free = gone.port();
        }
        Middleware fallback = Middleware.blocking((exchange, rest) -> {
            try {
                return rest.proceed(exchange);
            } catch (ExchangeFailedException e) {
                return Response.of(200, e.code().name());
            }
        });
        try (ReverseProxy proxy = proxy("http://127.0.0.1:" + free, fallback)) {
            assertThat(get(proxy).bodyText()).isEqualTo("UPSTREAM_CONNECT_FAILED");
        }
    }

    @Test
    void timeoutWhileBlockingMiddlewareWaits_freesItsThread() throws Exception {
        CountDownLatch freed = new CountDownLatch(1);
        Middleware waiting = Middleware.blocking((exchange, rest) -> {
            try {
                return rest.proceed(exchange);
            } finally {
                freed.countDown();
            }
        });
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.awaitClose();
                });
                ReverseProxy proxy =
                        proxy(Timeouts.ofDefaults().withTotal(Duration.ofMillis(150)), upstream.url(), waiting)) {
            assertThat(get(proxy).status()).isEqualTo(504);
            assertThat(freed.await(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void proxyClosesWhileBlockingMiddlewareHangs_exchangeFailsAndTheThreadEnds() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Middleware hanging = Middleware.blocking((exchange, rest) -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            throw new IllegalStateException();
        });
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"))) {
            ReverseProxy proxy = proxy(upstream.url(), hanging);
            try (RawClient client = RawClient.connect(proxy.port())) {
                client.send(GET);
                assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
                assertThat(proxy.stop(Duration.ofMillis(50)).cut()).isEqualTo(1);
                client.awaitEof(Duration.ofSeconds(5));
            }
            assertThat(records.first().failure()).contains(FailureCode.PROXY_STOPPING);
            assertThat(interrupted.await(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** 200 threads and a queue of 1,000; where there are virtual threads the bound is too high for one process's sockets. */
    @Test
    @EnabledForJreRange(max = JRE.JAVA_20)
    void moreBlockingMiddlewareThanThreadsAndQueue_returns503() {
        CountDownLatch release = new CountDownLatch(1);
        Middleware hanging = Middleware.blocking((exchange, rest) -> {
            release.await();
            return Response.of(200, "late");
        });
        List<RawClient> clients = new ArrayList<>();
        try (ReverseProxy proxy = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .ioThreads(1)
                .stopTimeout(Duration.ofMillis(200))
                .onExchange(records)
                .route(Route.builder("only")
                        .middleware(hanging)
                        .respond(200, "")
                        .build())
                .start()) {
            for (int i = 0; i < 1_201; i++) {
                clients.add(RawClient.connect(proxy.port()).send(GET));
            }
            // One of them, whichever came last to the executor, is told at once; the others are served in the end.
            ExchangeRecord refused = records.first();
            assertThat(refused.failure()).contains(FailureCode.MIDDLEWARE_OVERLOADED);
            assertThat(refused.status()).isEqualTo(503);
            release.countDown();
            assertThat(records.await(1_201).stream().filter(ended -> ended.status() == 200))
                    .hasSize(1_200);
        } finally {
            clients.forEach(RawClient::close);
        }
    }

    @Test
    void inputStreamOnAnIoThread_isRefused() {
        Middleware wrong = (exchange, chain) -> {
            exchange.request().body().inputStream();
            return chain.proceed(exchange);
        };
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), wrong);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
            assertThat(client.readResponse().status()).isEqualTo(500);
            assertThat(records.first().detail().orElseThrow()).contains("Middleware.blocking");
        }
    }

    // ---- the end of an exchange

    @Test
    void listenerThrows_otherListenersAndTheClientAreNotHarmed() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = ReverseProxy.builder()
                        .listener(Listener.http("127.0.0.1", 0))
                        .onExchange(ended -> {
                            throw new AssertionError("a listener's fault");
                        })
                        .onExchange(records)
                        .route(Route.builder("r")
                                .to(UpstreamPool.of("pool", upstream.url()))
                                .build())
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 1; i <= 3; i++) {
                assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
                records.await(i);
            }
        }
    }

    @Test
    void exchangesKeptUnderLoad_showTheirOwnFinalValues() throws Exception {
        List<Exchange> kept = new ArrayList<>();
        Middleware keeping = (exchange, chain) -> {
            exchange.attribute("body", exchange.request().body());
            kept.add(exchange);
            return chain.proceed(exchange);
        };
        int count = 2_000;
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), keeping);
                RawClient client = RawClient.connect(proxy.port())) {
            for (int i = 0; i < count; i++) {
                client.send("POST /" + i + " HTTP/1.1\r\nHost: h" + i + "\r\nX-Number: " + i
                        + "\r\nContent-Length: 3\r\n\r\nabc");
                assertThat(client.readResponse().status()).isEqualTo(200);
                if (i % 7 == 0 && i > 0) {
                    // A kept body is read, discarded, or subscribed to while the connection carries another request.
                    Body old = (Body) kept.get(i - 1).attribute("body").orElseThrow();
                    old.discard();
                }
            }
            records.await(count);
            for (int i = 0; i < count; i++) {
                Exchange exchange = kept.get(i);
                assertThat(exchange.request().target()).isEqualTo("/" + i);
                assertThat(exchange.request().host()).isEqualTo("h" + i);
                assertThat(exchange.request().headers().first("X-Number")).contains(Integer.toString(i));
                assertThat(exchange.routeId()).contains("only");
            }
            assertThat(kept.stream().map(Exchange::id).distinct()).hasSize(count);
        }
    }

    @Test
    void bodyOfAnExchangeThatIsOver_cannotReadTheNextRequest() throws Exception {
        AtomicReference<Exchange> kept = new AtomicReference<>();
        CountDownLatch second = new CountDownLatch(1);
        CompletableFuture<Response> go = new CompletableFuture<>();
        Middleware keeping = (exchange, chain) -> {
            if (kept.compareAndSet(null, exchange)) {
                return CompletableFuture.completedFuture(Response.of(200));
            }
            second.countDown();
            return go.thenCompose(nothing -> chain.proceed(exchange));
        };
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("hi"));
                ReverseProxy proxy = proxy(upstream.url(), keeping);
                RawClient client = RawClient.connect(proxy.port())) {
            client.send("POST /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nfirst");
            assertThat(client.readResponse().status()).isEqualTo(200);
            client.send("POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nsecond");
            assertThat(second.await(5, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<byte[]> stolen =
                    kept.get().request().body().readAll(100).toCompletableFuture();
            assertThat(stolen.handle((bytes, problem) -> problem == null).get(5, TimeUnit.SECONDS))
                    .isFalse();
            go.complete(null);
            assertThat(client.readResponse().status()).isEqualTo(200);
            assertThat(upstream.lastRequest().bodyText()).isEqualTo("second");
        }
    }
}
