package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What middleware and handlers do wrong, or in an order that nobody expects, harms their own exchange at most. */
class UserCodeTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static final String POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";

    // ---- framing fields

    @Test
    void contentLengthThatMiddlewareRemoves_isSentAllTheSame() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            exchange.request().headers().remove("Content-Length");
            return chain.proceed(exchange);
        }));
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(200);
        assertThat(upstream.awaitRequests(1).get(0).bodyText()).isEqualTo("hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {GET, POST})
    void contentLengthThatMiddlewareMakesUp_isNotSent(String request) {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            exchange.request().headers().add("Content-Length", "7");
            return chain.proceed(exchange);
        }));
        assertThat(fixture.client().send(request).readResponse().status()).isEqualTo(200);
        assertThat(upstream.awaitRequests(1).get(0).headers("Content-Length")).doesNotContain("7");
    }

    @Test
    void hostThatMiddlewareAddsTwice_isSentOnce() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            exchange.request().headers().add("Host", "other");
            return chain.proceed(exchange);
        }));
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
        assertThat(upstream.awaitRequests(1).get(0).headers("Host")).containsExactly("test");
    }

    // ---- bodies

    /** A stream whose first event comes late is seen to have begun. */
    @Test
    void bodyWithoutAFirstPieceYet_sendsItsHead() {
        SubmissionPublisher<ByteBuffer> events = new SubmissionPublisher<>(Runnable::run, 8);
        fixture.start(fixture.listening(
                ReverseProxy.to(Upstream.handler(request -> Response.of(200, Headers.create(), Body.of(events))))));
        RawResponse response = fixture.client().timeout(SOON).send(GET).readResponse(false, () -> {
            events.submit(ByteBuffer.wrap("event".getBytes()));
            events.close();
        });
        assertThat(response.bodyText()).isEqualTo("event");
    }

    /** Target and exchange waited for the rest for ever, and the place at the target was never given back. */
    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT"})
    void requestBodyThatBreaksOff_failsTheExchange(String method) {
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.method().equals("GET")) {
                exchange.write(TestUpstream.ok("ok"));
            } else {
                exchange.awaitClose();
            }
        });
        UpstreamPool pool = UpstreamPool.builder("default")
                .target(upstream.url())
                .targetConcurrency(ConcurrencyLimit.of(1))
                .build();
        fixture.start(fixture.to(pool).middleware((exchange, chain) -> {
            if (!exchange.request().method().equals("GET")) {
                exchange.request().body(Body.of(breaking()));
            }
            return chain.proceed(exchange);
        }));
        RawResponse response =
                fixture.client().send(POST.replace("POST", method)).readResponse();
        assertThat(response.status()).isEqualTo(500);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.MIDDLEWARE_FAILED.name());
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
    }

    /** Nobody needs the rest of a request that is answered already. */
    @Test
    void requestBodyThatBreaksOffAfterTheAnswer_doesNotCostIt() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                    .awaitClose();
        });
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            CompletableFuture<Flow.Subscriber<? super ByteBuffer>> reader = new CompletableFuture<>();
            exchange.request()
                    .body(Body.of(subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
                        @Override
                        public void request(long count) {
                            reader.complete(subscriber);
                        }

                        @Override
                        public void cancel() {}
                    })));
            return chain.proceed(exchange).thenApply(response -> {
                reader.join().onError(new IllegalStateException("broken"));
                return response;
            });
        }));
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(413);
    }

    @Test
    void requestBodyThatIsShorterThanItAnnounced_failsTheExchange() {
        TestUpstream upstream = fixture.upstream(ScriptedExchange::awaitClose);
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            exchange.request().body(Body.of(Body.of("four").publisher(), 5));
            return chain.proceed(exchange);
        }));
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(500);
        assertThat(fixture.awaitRecord().detail().orElse("")).contains("4 of the 5 bytes");
    }

    /** One piece and then an error. */
    private static Flow.Publisher<ByteBuffer> breaking() {
        return subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            private boolean begun;

            @Override
            public void request(long count) {
                if (begun) {
                    subscriber.onError(new IllegalStateException("broken"));
                } else {
                    begun = true;
                    subscriber.onNext(ByteBuffer.wrap(new byte[] {'h', 'i'}));
                }
            }

            @Override
            public void cancel() {}
        });
    }

    @Test
    void trailersThatThrow_cutTheResponse() {
        Body body = new Faulty(Body.of("text".getBytes()));
        fixture.start(fixture.listening(
                ReverseProxy.to(Upstream.handler(request -> Response.of(200, Headers.create(), body)))));
        assertThat(fixture.client().send(GET).readUntilClosed()).asString().doesNotContain("0\r\n\r\n");
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.HANDLER_FAILED);
    }

    /** The connection is in its pool again when its last piece is handed over; the exchange must end all the same. */
    @Test
    void readerThatThrowsAtTheLastPiece_endsTheExchange() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("whole")))
                .middleware((exchange, chain) -> chain.proceed(exchange).thenCompose(response -> {
                    response.body().publisher().subscribe(new Thrower());
                    return new CompletableFuture<>();
                })));
        assertThat(fixture.client().timeout(SOON).send(GET).readResponse().status())
                .isEqualTo(500);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.MIDDLEWARE_FAILED);
    }

    // ---- deadlines

    /** The deadline is for the answer to begin; how long the stream then lasts is not the middleware's fault. */
    @Test
    void answerOfMiddleware_mayLastLongerThanItsDeadline() {
        SubmissionPublisher<ByteBuffer> events = new SubmissionPublisher<>(Runnable::run, 8);
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok")))
                .timeouts(Timeouts.ofDefaults().withMiddleware(Duration.ofMillis(200)))
                .middleware((exchange, chain) -> CompletableFuture.supplyAsync(
                        () -> Response.of(200, Headers.create(), Body.of(events)),
                        CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS))));
        RawResponse response = fixture.client()
                .send(GET)
                .readResponse(
                        false,
                        () -> CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS)
                                .execute(() -> {
                                    events.submit(ByteBuffer.wrap("late".getBytes()));
                                    events.close();
                                }));
        assertThat(response.bodyText()).isEqualTo("late");
    }

    // ---- retries

    @Test
    void retryAfterAFailureBeforeTheConnection_isTried() {
        fixture.start(fixture.to(UpstreamPool.builder("default")
                        .target("http://name.invalid")
                        .build())
                .middleware((exchange, chain) -> chain.proceed(exchange)
                        .handle((response, problem) -> problem)
                        .thenApplyAsync(
                                problem -> problem, CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS))
                        .thenCompose(problem -> chain.proceed(exchange))
                        .handle((response, problem) -> problem)
                        .thenApplyAsync(
                                problem -> problem, CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS))
                        .thenCompose(problem -> chain.proceed(exchange))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_NAME_NOT_RESOLVED.name());
    }

    // ---- answers of the proxy's own

    @Test
    void redirectToThePath_neverLeadsToAnotherHost() {
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("r")
                        .match(Match.any())
                        .redirect(308, "{path}/")
                        .build()));
        RawResponse response = fixture.client()
                .send("GET //evil.example HTTP/1.1\r\nHost: test\r\n\r\n")
                .readResponse();
        assertThat(response.header("Location")).contains("/evil.example/");
    }

    /** It was sent to {@code https:///path}. */
    @ParameterizedTest
    @ValueSource(strings = {"GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nHost:\r\n\r\n"})
    void redirectToTheHostOfARequestWithoutOne_returns400(String request) {
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("r")
                        .match(Match.any())
                        .redirect(308, "https://{host}{path}")
                        .build()));
        RawResponse response = fixture.client().send(request).readResponse();
        assertThat(response.status()).isEqualTo(400);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.CLIENT_BAD_HOST.name());
        assertThat(response.header("Location")).isEmpty();
        assertThat(fixture.client().send(GET).readResponse().header("Location")).contains("https://test/");
    }

    @Test
    void brokenBodyThatNobodyReads_doesNotCostTheAnswer() {
        fixture.start(fixture.listening(ReverseProxy.to(Upstream.handler(request -> Response.of(200, "own")))));
        RawClient client = fixture.client();
        RawResponse response = client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
                .readResponse();
        assertThat(response.bodyText()).isEqualTo("own");
        assertThat(response.header("Connection")).contains("close");
        client.awaitEof(SOON);
    }

    @Test
    void brokenBodyInThePacketOfItsHead_leavesNothingBehind() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        RawResponse response = fixture.client()
                .send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
                .readResponse();
        assertThat(response.status()).isEqualTo(400);
    }

    private record Faulty(Body body) implements Body {
        @Override
        public OptionalLong length() {
            return OptionalLong.empty();
        }

        @Override
        public Optional<Headers> trailers() {
            throw new IllegalStateException("no trailers");
        }

        @Override
        public Flow.Publisher<ByteBuffer> publisher() {
            return body.publisher();
        }

        @Override
        public void discard() {
            body.discard();
        }
    }

    private static final class Thrower implements Flow.Subscriber<ByteBuffer> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(10);
        }

        @Override
        public void onNext(ByteBuffer item) {
            throw new IllegalStateException("cannot read");
        }

        @Override
        public void onError(Throwable throwable) {}

        @Override
        public void onComplete() {}
    }
}
