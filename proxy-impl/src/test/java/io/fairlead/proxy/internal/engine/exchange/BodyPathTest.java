package io.fairlead.proxy.internal.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.BodyTooLargeException;
import io.fairlead.proxy.http.ByteTransformer;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.Records;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class BodyPathTest {

    private static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc";

    private final Records records = new Records();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private ReverseProxy proxy;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            if (one instanceof RawClient) {
                one.close();
            }
        }
        try {
            LeakCheck.awaitIdle(proxy);
        } finally {
            proxy.stop(Duration.ZERO);
            for (AutoCloseable one : opened) {
                one.close();
            }
        }
    }

    private TestUpstream upstream(String... answers) {
        TestUpstream upstream = TestUpstream.answering(answers);
        opened.add(upstream);
        return upstream;
    }

    private RawClient start(Upstream to, Middleware middleware, Transform... transforms) {
        Route.Builder route = Route.builder("only").to(to);
        for (Transform transform : transforms) {
            route.transform(transform);
        }
        if (middleware != null) {
            route.middleware(middleware);
        }
        proxy = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .ioThreads(1)
                .onExchange(records)
                .registerBodyTransform(
                        "upper",
                        bytes -> new String(bytes, StandardCharsets.ISO_8859_1)
                                .toUpperCase(Locale.ROOT)
                                .getBytes(StandardCharsets.ISO_8859_1))
                .route(route.build())
                .start();
        return client();
    }

    private RawClient client() {
        RawClient client = RawClient.connect(proxy.port());
        opened.add(client);
        return client;
    }

    private RawClient start(TestUpstream upstream, Middleware middleware, Transform... transforms) {
        return start(UpstreamPool.of("pool", upstream.url()), middleware, transforms);
    }

    private static Middleware onRequest(UnaryOperator<Body> change) {
        return (exchange, chain) -> {
            exchange.request().body(change.apply(exchange.request().body()));
            return chain.proceed(exchange);
        };
    }

    private static Middleware onResponse(UnaryOperator<Body> change) {
        return (exchange, chain) ->
                chain.proceed(exchange).thenApply(response -> response.withBody(change.apply(response.body())));
    }

    /** Upper case, and a mark at the end. */
    private static final class Shouting implements ByteTransformer {
        @Override
        public ByteBuffer apply(ByteBuffer piece) {
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            return ByteBuffer.wrap(new String(bytes, StandardCharsets.ISO_8859_1)
                    .toUpperCase(Locale.ROOT)
                    .getBytes(StandardCharsets.ISO_8859_1));
        }

        @Override
        public ByteBuffer finish() {
            return ByteBuffer.wrap(new byte[] {'!'});
        }
    }

    @Test
    void requestBodyTransformed_goesChunkedWithoutLengthAndDigest() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client = start(upstream, onRequest(body -> body.transform(new Shouting())));
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Digest: x\r\nContent-Length: 3\r\n\r\nabc");
        assertThat(client.readResponse().status()).isEqualTo(200);
        ReceivedRequest received = upstream.lastRequest();
        assertThat(received.bodyText()).isEqualTo("ABC!");
        assertThat(received.header("Content-Length")).isEmpty();
        assertThat(received.header("Content-Digest")).isEmpty();
        assertThat(received.headers("Transfer-Encoding")).containsExactly("chunked");
        assertThat(client.send(POST).readResponse().status()).isEqualTo(200);
    }

    @Test
    void responseBodyTransformed_goesChunkedWithoutLengthAndETag() {
        TestUpstream upstream =
                upstream("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nX-Kept: yes\r\nContent-Length: 3\r\n\r\nabc");
        RawClient client = start(upstream, onResponse(body -> body.transform(new Shouting())));
        for (int i = 0; i < 3; i++) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(response.bodyText()).isEqualTo("ABC!");
            assertThat(response.header("Content-Length")).isEmpty();
            assertThat(response.header("ETag")).isEmpty();
            assertThat(response.header("X-Kept")).contains("yes");
            assertThat(response.header("Transfer-Encoding")).contains("chunked");
        }
        assertThat(upstream.connections()).isEqualTo(1);
    }

    @Test
    void responseBodyTransformed_toHeadAnd304AddsNoBody() {
        TestUpstream upstream = upstream(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
        RawClient client = start(upstream, onResponse(body -> body.transform(new Shouting())));
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readResponse(true).status()).isEqualTo(200);
        assertThat(client.send(GET).readResponse(true).status()).isEqualTo(304);
        assertThat(client.send(GET).readResponse(true).status()).isEqualTo(304);
    }

    @Test
    void trailersBothWays_surviveTransformedBodies() {
        TestUpstream upstream =
                upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n");
        RawClient client = start(upstream, (exchange, chain) -> {
            exchange.request().body(exchange.request().body().transform(new Shouting()));
            return chain.proceed(exchange)
                    .thenApply(response -> response.withBody(response.body().transform(new Shouting())));
        });
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\nX-Check: 9\r\n\r\n");
        RawResponse response = client.readResponse();
        assertThat(response.bodyText()).isEqualTo("HI!");
        assertThat(response.trailers().first("X-Sum")).contains("7");
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("ABC!");
        assertThat(upstream.lastRequest().trailers().first("X-Check")).contains("9");
    }

    @Test
    void requestBodyReplacedByBytes_goesWithItsLength() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client = start(upstream, onRequest(body -> Body.of("other")));
        client.send(POST);
        assertThat(client.readResponse().status()).isEqualTo(200);
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("other");
        assertThat(upstream.lastRequest().headers("Content-Length")).containsExactly("5");
    }

    @Test
    void requestBodyReplacedByAPublisher_goesChunked() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client = start(upstream, onRequest(body -> Body.of(new Counting(3, 4))));
        client.send(GET);
        assertThat(client.readResponse().status()).isEqualTo(200);
        assertThat(upstream.lastRequest().body()).hasSize(12);
        assertThat(upstream.lastRequest().headers("Transfer-Encoding")).containsExactly("chunked");
    }

    @Test
    void requestBodyReadAndNotReplaced_returns500AndTellsWhy() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client = start(
                upstream,
                (exchange, chain) ->
                        exchange.request().body().readAll(100).thenCompose(bytes -> chain.proceed(exchange)));
        assertThat(client.send(POST).readResponse().status()).isEqualTo(500);
        assertThat(records.first().failure()).contains(FailureCode.MIDDLEWARE_FAILED);
        assertThat(records.first().detail().orElseThrow())
                .contains("request body was read")
                .contains("only");
    }

    @Test
    void responseBodyReadAndNotReplaced_returns500() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client = start(
                upstream,
                (exchange, chain) -> chain.proceed(exchange)
                        .thenCompose(response -> response.body().readAll(100).thenApply(bytes -> response)));
        assertThat(client.send(GET).readResponse().status()).isEqualTo(500);
        assertThat(records.first().failure()).contains(FailureCode.MIDDLEWARE_FAILED);
    }

    @Test
    void readAllAboveItsCap_failsTheStage() {
        TestUpstream upstream = upstream(TestUpstream.ok("longer than four"));
        RawClient client = start(
                upstream,
                (exchange, chain) -> chain.proceed(exchange)
                        .thenCompose(response -> response.body().readAll(4).handle((bytes, problem) -> {
                            Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
                            return Response.of(200, cause instanceof BodyTooLargeException ? "too large" : "read");
                        })));
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("too large");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("too large");
    }

    @Test
    void bodyTransforms_editBothBodiesAndSetTheirLengths() {
        TestUpstream upstream = upstream(TestUpstream.ok("hi"));
        RawClient client =
                start(upstream, null, Transform.requestBody("upper", 100), Transform.responseBody("upper", 100));
        RawResponse response = client.send(POST).readResponse();
        assertThat(response.bodyText()).isEqualTo("HI");
        assertThat(response.header("Content-Length")).contains("2");
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("ABC");
        assertThat(upstream.lastRequest().headers("Content-Length")).containsExactly("3");
    }

    @Test
    void bodyAboveATransformsCap_returns413ForTheRequestAnd500ForTheResponse() {
        TestUpstream upstream = upstream(TestUpstream.ok("too long for it"));
        RawClient client = start(upstream, null, Transform.requestBody("upper", 5), Transform.responseBody("upper", 5));
        assertThat(client.send(GET).readResponse().status()).isEqualTo(500);
        assertThat(records.first().failure()).contains(FailureCode.TRANSFORM_FAILED);
        RawClient second = client();
        second.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabcdef");
        assertThat(second.readResponse().status()).isEqualTo(413);
    }

    @Test
    void unreadRequestBodyThatCameWithItsHead_isDiscardedAndTheConnectionGoesOn() {
        RawClient client = start(Upstream.handler(request -> Response.of(200, request.target())), null);
        for (int i = 0; i < 3; i++) {
            client.send("POST /" + i + " HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
            RawResponse response = client.readResponse();
            assertThat(response.bodyText()).isEqualTo("/" + i);
            assertThat(response.header("Connection")).isEmpty();
        }
    }

    @Test
    void fileBody_isSentWithItsLength(@TempDir Path folder) throws Exception {
        byte[] content = new byte[300_000];
        new Random(7).nextBytes(content);
        Path file = Files.write(folder.resolve("file"), content);
        RawClient client = start(Upstream.handler(request -> Response.of(200, Headers.create(), Body.of(file))), null);
        for (int i = 0; i < 2; i++) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(response.header("Content-Length")).contains("300000");
            assertThat(response.body()).isEqualTo(content);
        }
    }

    @Test
    void publisherToAClientThatDoesNotRead_isNotAskedForMore() {
        Counting endless = new Counting(Integer.MAX_VALUE, 64 * 1024);
        start(Upstream.handler(request -> Response.of(200, Headers.create(), Body.of(endless))), null);
        RawClient slow =
                RawClient.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port()), 4_096);
        opened.add(slow);
        slow.send(GET);
        slow.readHead();
        // It stands still once the kernel's buffers and ours are full: far below what it would give.
        long seen = Await.standstill(endless.given, Duration.ofMillis(200));
        assertThat(seen).isGreaterThan(0).isLessThan(32L << 20);
        slow.close();
        assertThat(endless.awaitCancelled()).isTrue();
    }

    @Test
    void readerOfAnUploadThatAsksForNothing_stopsTheClient() throws Exception {
        CompletableFuture<Flow.Subscription> subscribed = new CompletableFuture<>();
        AtomicLong read = new AtomicLong();
        CompletableFuture<Response> answer = new CompletableFuture<>();
        RawClient client = start(
                Upstream.asyncHandler(request -> {
                    request.body().publisher().subscribe(new Flow.Subscriber<>() {
                        @Override
                        public void onSubscribe(Flow.Subscription subscription) {
                            subscribed.complete(subscription);
                        }

                        @Override
                        public void onNext(ByteBuffer piece) {
                            read.addAndGet(piece.remaining());
                        }

                        @Override
                        public void onError(Throwable problem) {
                            answer.completeExceptionally(problem);
                        }

                        @Override
                        public void onComplete() {
                            answer.complete(Response.of(200, "read " + read.get()));
                        }
                    });
                    return answer;
                }),
                null);
        int size = 24 << 20;
        AtomicLong sent = new AtomicLong();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + size + "\r\n\r\n");
        CompletableFuture<Void> upload = CompletableFuture.runAsync(() -> {
            byte[] piece = new byte[64 * 1024];
            while (sent.get() < size) {
                client.send(piece);
                sent.addAndGet(piece.length);
            }
        });
        Flow.Subscription subscription = subscribed.get(5, TimeUnit.SECONDS);
        assertThat(Await.standstill(sent, Duration.ofMillis(200))).isLessThan(size);
        assertThat(read).hasValue(0);
        subscription.request(Long.MAX_VALUE);
        upload.get(10, TimeUnit.SECONDS);
        assertThat(client.readResponse().bodyText()).isEqualTo("read " + size);
    }

    /** Gives so many pieces of this size, as far as it is asked. */
    private static final class Counting implements Flow.Publisher<ByteBuffer> {
        final AtomicLong given = new AtomicLong();
        private final AtomicInteger left;
        private final int size;
        private final CompletableFuture<Boolean> cancelled = new CompletableFuture<>();

        Counting(int pieces, int size) {
            this.left = new AtomicInteger(pieces);
            this.size = size;
        }

        boolean awaitCancelled() {
            return cancelled.orTimeout(5, TimeUnit.SECONDS).join();
        }

        @Override
        public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
            subscriber.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    // From another thread, so that the stack does not grow with the stream.
                    CompletableFuture.runAsync(() -> {
                        for (long i = 0; i < n && !cancelled.isDone(); i++) {
                            if (left.getAndDecrement() <= 0) {
                                subscriber.onComplete();
                                return;
                            }
                            given.addAndGet(size);
                            subscriber.onNext(ByteBuffer.allocate(size));
                        }
                    });
                }

                @Override
                public void cancel() {
                    cancelled.complete(true);
                }
            });
        }
    }

    // ---- functional upstreams and fixed answers

    @Test
    void handlerAnswersLaterOnAnotherThread_isSent() {
        RawClient client = start(
                Upstream.asyncHandler(request -> CompletableFuture.supplyAsync(() -> Response.of(201, "made"))), null);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(201);
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("made");
    }

    @Test
    void handlerThrowsOrGivesNull_returns500() {
        RawClient client = start(
                Upstream.asyncHandler(request -> switch (request.target()) {
                    case "/throw" -> throw new IllegalArgumentException("boom");
                    case "/null" -> null;
                    case "/nothing" -> CompletableFuture.completedFuture(null);
                    default -> CompletableFuture.failedFuture(new IllegalArgumentException("boom"));
                }),
                null);
        for (String target : List.of("/throw", "/null", "/nothing", "/fail")) {
            client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
            assertThat(client.readResponse().status()).isEqualTo(500);
        }
        assertThat(records.await(4))
                .allSatisfy(ended -> assertThat(ended.failure()).contains(FailureCode.HANDLER_FAILED));
    }

    @Test
    void handlerGivesTheSameResponseAgain_editsDoNotPileUp() {
        Response constant = Response.of(200, "same");
        RawClient client =
                start(Upstream.handler(request -> constant), null, Transform.addResponseHeader("X-Edited", "once"));
        for (int i = 0; i < 3; i++) {
            RawResponse answer = client.send(GET).readResponse();
            assertThat(answer.bodyText()).isEqualTo("same");
            assertThat(answer.headers("X-Edited")).containsExactly("once");
        }
        assertThat(constant.headers().contains("X-Edited")).isFalse();
    }

    @Test
    void bodySubscribedTwice_secondReaderIsRefusedAndTheFirstReadsOn() throws Exception {
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        RawClient client = start(
                Upstream.asyncHandler(request -> {
                    Flow.Publisher<ByteBuffer> publisher = request.body().publisher();
                    CompletableFuture<byte[]> first =
                            Body.of(publisher).readAll(100).toCompletableFuture();
                    Body.of(publisher).readAll(100).whenComplete((bytes, problem) -> refused.complete(problem));
                    return first.thenApply(bytes -> Response.of(200, new String(bytes, StandardCharsets.US_ASCII)));
                }),
                null);
        assertThat(client.send(POST).readResponse().bodyText()).isEqualTo("abc");
        assertThat(refused.get(5, TimeUnit.SECONDS))
                .hasStackTraceContaining("IllegalStateException")
                .hasStackTraceContaining("has a reader already");
    }

    @Test
    void headToAHandler_tellsTheLengthAndSendsNoBody() {
        RawClient client = start(Upstream.handler(request -> Response.of(200, "hello")), null);
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readResponse(true).header("Content-Length")).contains("5");
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("hello");
    }

    @Test
    void bodyOfUnknownLengthToHttp10_endsWithTheConnection() {
        RawClient client = start(
                Upstream.handler(request -> Response.of(200, Headers.create(), Body.of(new Counting(3, 10)))), null);
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        RawResponse response = client.readResponse();
        assertThat(response.header("Transfer-Encoding")).isEmpty();
        assertThat(response.header("Connection")).contains("close");
        assertThat(response.body()).hasSize(30);
    }

    @Test
    void bodyThatWasReadBefore_returns500InsteadOfACut() {
        Body once = Body.of(new Counting(1, 10));
        RawClient client = start(Upstream.handler(request -> Response.of(200, Headers.create(), once)), null);
        assertThat(client.send(GET).readResponse().body()).hasSize(10);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(500);
        assertThat(records.await(2).get(1).failure()).contains(FailureCode.HANDLER_FAILED);
    }

    @Test
    void publisherThatFails_cutsTheResponseVisibly() {
        Flow.Publisher<ByteBuffer> failing = subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            private boolean begun;

            @Override
            public void request(long n) {
                if (!begun) {
                    begun = true;
                    subscriber.onNext(ByteBuffer.wrap(new byte[] {'a'}));
                } else {
                    subscriber.onError(new IllegalStateException("broke"));
                }
            }

            @Override
            public void cancel() {}
        });
        RawClient client =
                start(Upstream.handler(request -> Response.of(200, Headers.create(), Body.of(failing))), null);
        assertThat(client.send(GET).readResponse().complete()).isFalse();
        assertThat(records.first().failure()).contains(FailureCode.HANDLER_FAILED);
    }

    @Test
    void requestBodyAnsweredBack_isEchoed() {
        RawClient client = start(Upstream.handler(request -> Response.of(200, Headers.create(), request.body())), null);
        byte[] content = new byte[1 << 20];
        new Random(3).nextBytes(content);
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + content.length + "\r\n\r\n");
        CompletableFuture<RawClient> upload = CompletableFuture.supplyAsync(() -> client.send(content));
        assertThat(client.readResponse().body()).isEqualTo(content);
        upload.join();
    }

    @Test
    void redirectAndFixedAnswer_areGivenWithoutAnUpstream() {
        proxy = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("old")
                        .match(Match.path("/old/**"))
                        .redirect(308, "https://{host}/new{path}{query}")
                        .build())
                .route(Route.builder("fixed")
                        .match(Match.path("/fixed"))
                        .respond(418, "short and stout")
                        .build())
                .start();
        RawClient client = client();
        client.send("GET /old/a%20b?x=1 HTTP/1.1\r\nHost: shop.test:81\r\n\r\n");
        RawResponse redirect = client.readResponse();
        assertThat(redirect.status()).isEqualTo(308);
        assertThat(redirect.header("Location")).contains("https://shop.test/new/old/a%20b?x=1");
        assertThat(redirect.header("Content-Length")).contains("0");
        client.send("POST /fixed HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
        RawResponse fixed = client.readResponse();
        assertThat(fixed.status()).isEqualTo(418);
        assertThat(fixed.bodyText()).isEqualTo("short and stout");
        client.send("GET /none HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readResponse().status()).isEqualTo(404);
    }
}
