package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.exchange.FallbackCause;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers when the pool of a route fails, and when nothing else may. */
class FallbackTest {
    private static final String POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    private static final String PUT = "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    private static final String BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private TestUpstream refusing() {
        TestUpstream upstream = fixture.upstream(exchange -> {});
        upstream.stopListening();
        return upstream;
    }

    private TestUpstream resetting() {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.reset();
        });
    }

    private TestUpstream answering(String text) {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok(text));
        });
    }

    private static UpstreamPool pool(String name, TestUpstream upstream) {
        return UpstreamPool.builder(name).target(upstream.url()).build();
    }

    private ReverseProxy start(UpstreamPool pool, UnaryOperator<Route.Builder> settings) {
        return fixture.start(proxy(pool, settings));
    }

    private ReverseProxy.Builder proxy(UpstreamPool pool, UnaryOperator<Route.Builder> settings) {
        return fixture.listening(ReverseProxy.builder()
                .route(settings.apply(Route.builder("r").to(pool)).build()));
    }

    private static void assertAnswer(RawResponse response, int status, String text) {
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.bodyText()).isEqualTo(text);
    }

    // ---- who answers

    @ParameterizedTest
    @ValueSource(strings = {GET, POST})
    void poolThatRefusesConnections_isReplacedByAnotherWhateverTheMethod(String request) {
        TestUpstream backup = answering("backup");
        start(pool("main", refusing()), route -> route.fallback(Fallback.to(pool("backup", backup))));
        assertAnswer(fixture.client().send(request).readResponse(), 200, "backup");
        ExchangeRecord done = fixture.awaitRecord();
        assertThat(done.failure()).isEmpty();
        assertThat(done.fallback().flatMap(FallbackCause::code)).contains(FailureCode.UPSTREAM_CONNECT_FAILED);
        assertThat(done.pool()).contains("backup");
        assertThat(done.upstream()).contains(backup.url());
        assertThat(done.attempts()).isEqualTo(2);
    }

    @Test
    void fixedContent_answersWithTheConnectionKept() {
        start(pool("main", refusing()), route -> route.fallback(Fallback.respond(200, "[]")));
        RawClient client = fixture.client();
        assertAnswer(client.send(GET).readResponse(), 200, "[]");
        assertAnswer(client.send(POST).readResponse(), 200, "[]");
        assertAnswer(client.send(GET).readResponse(), 200, "[]");
    }

    @Test
    void redirect_isOneToo() {
        start(pool("main", refusing()), route -> route.fallback(Fallback.redirect(302, "https://{host}/sorry")));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(302);
        assertThat(response.header("Location")).contains("https://test/sorry");
    }

    @Test
    void redirectThatNeedsAHost_isPassedOverWithoutOne() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.redirect(302, "https://{host}/sorry"))
                        .fallback(Fallback.respond(200, "no host")));
        RawResponse response = fixture.client().send("GET / HTTP/1.0\r\n\r\n").readResponse();
        assertAnswer(response, 200, "no host");
    }

    @Test
    void handler_learnsWhatFailed() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.handler(
                        (request, cause) -> Response.of(200, request.method() + " " + cause + " " + cause.status()))));
        assertAnswer(
                fixture.client().send(GET).readResponse(), 200, "GET " + FailureCode.UPSTREAM_CONNECT_FAILED + " 502");
    }

    @Test
    void registeredHandler_asksForTheCause() {
        ReverseProxy.Builder proxy =
                proxy(pool("main", refusing()), route -> route.fallback(Fallback.to(Upstream.ref("sorry"))));
        proxy.register("sorry", (HandlerUpstream)
                Upstream.handler(request -> Response.of(200, String.valueOf(FallbackCause.of(request)))));
        fixture.start(proxy);
        assertThat(fixture.client().send(GET).readResponse().bodyText()).contains("UPSTREAM_CONNECT_FAILED");
    }

    @Test
    void handlerThatAnswersLater_isWaitedFor() {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        AtomicReference<String> body = new AtomicReference<>();
        start(
                pool("main", resetting()),
                route -> route.fallback(Fallback.asyncHandler((request, cause) -> {
                    // It went to the first pool, and cannot be read a second time.
                    try {
                        request.body().readAll(10);
                        body.set("there");
                    } catch (IllegalStateException e) {
                        body.set("gone");
                    }
                    return answer;
                })));
        RawClient client = fixture.client().send(POST);
        ProxyFixture.await("the handler's call", () -> body.get() != null);
        answer.complete(Response.of(200, "later"));
        assertAnswer(client.readResponse(), 200, "later");
        assertThat(body.get()).isEqualTo("gone");
    }

    @Test
    void handlerOfARequestThatReachedNobody_readsItsBody() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.asyncHandler((request, cause) ->
                        request.body().readAll(10).thenApply(bytes -> Response.of(200, new String(bytes) + "!")))));
        assertAnswer(fixture.client().send(POST).readResponse(), 200, "hello!");
    }

    @Test
    void handlerThatFails_leavesItToTheNext() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.handler((request, cause) -> {
                            throw new IllegalStateException("broken too");
                        }))
                        .fallback(Fallback.respond(200, "last")));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "last");
        assertThat(fixture.awaitRecord().fallback().flatMap(FallbackCause::code))
                .contains(FailureCode.UPSTREAM_CONNECT_FAILED);
    }

    @Test
    void routeToAHandlerThatFails_hasFallbacksToo() {
        fixture.start(fixture.listening(ReverseProxy.builder()
                .route(Route.builder("r")
                        .to(Upstream.handler(request -> {
                            throw new IllegalStateException("broken");
                        }))
                        .fallback(Fallback.to(pool("backup", answering("backup"))))
                        .build())));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "backup");
        // Who knows what the handler did of it.
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(500);
    }

    @Test
    void poolsThatAllFail_areEachAskedOnceAndTheLastFailureIsTold() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.to(pool("second", refusing())))
                        .fallback(Fallback.to(pool("third", resetting()))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_CLOSED.name());
        ExchangeRecord done = fixture.awaitRecord();
        assertThat(done.attempts()).isEqualTo(3);
        assertThat(done.failure()).contains(FailureCode.UPSTREAM_CLOSED);
        assertThat(done.fallback().flatMap(FallbackCause::code)).contains(FailureCode.UPSTREAM_CONNECT_FAILED);
    }

    @Test
    void fallbackToThePoolThatFailed_isPassedOver() {
        UpstreamPool main = pool("main", refusing());
        start(main, route -> route.fallback(Fallback.to(main)).fallback(Fallback.respond(200, "sorry")));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "sorry");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
    }

    // ---- bodies

    @Test
    void postThatWasSent_doesNotGoToAnotherPool() {
        TestUpstream backup = answering("backup");
        start(pool("main", resetting()), route -> route.fallback(Fallback.to(pool("backup", backup))));
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(502);
        assertThat(backup.requests()).isEmpty();
        assertThat(fixture.awaitRecord().fallback()).isEmpty();
    }

    @Test
    void postThatWasSent_isAnsweredByWhatNeedsNoBody() {
        TestUpstream backup = answering("backup");
        start(
                pool("main", resetting()),
                route -> route.fallback(Fallback.to(pool("backup", backup))).fallback(Fallback.respond(202, "queued")));
        RawClient client = fixture.client();
        assertAnswer(client.send(POST).readResponse(), 202, "queued");
        assertAnswer(client.send(POST).readResponse(), 202, "queued");
        assertThat(backup.requests()).isEmpty();
    }

    /** Also where the pool itself would not try again, and so has no use for the body. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void smallPut_isSentAgainWhole(int attempts) {
        TestUpstream backup = answering("backup");
        UpstreamPool main = UpstreamPool.builder("main")
                .target(resetting().url())
                .retry(RetryPolicy.builder().maxAttempts(attempts).build())
                .build();
        start(main, route -> route.fallback(Fallback.to(pool("backup", backup))));
        assertAnswer(fixture.client().send(PUT).readResponse(), 200, "backup");
        assertThat(backup.lastRequest().bodyText()).isEqualTo("hello");
    }

    @Test
    void putOfWhichHalfHasCome_isSentWithItsRest() {
        byte[] read = new byte[100];
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.readRaw(read);
            exchange.reset();
        });
        TestUpstream backup = answering("backup");
        start(pool("main", broken), route -> route.fallback(Fallback.to(pool("backup", backup))));
        RawClient client = fixture.client().send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nfirst");
        backup.awaitHeads(1);
        assertAnswer(client.send("other").readResponse(), 200, "backup");
        assertThat(backup.lastRequest().bodyText()).isEqualTo("firstother");
    }

    @Test
    void putThatIsTooLongToBeKept_isAnsweredByTheFailure() {
        TestUpstream backup = answering("backup");
        UpstreamPool main = UpstreamPool.builder("main")
                .target(resetting().url())
                .retry(RetryPolicy.builder().maxReplayBytes(4).build())
                .build();
        start(main, route -> route.fallback(Fallback.to(pool("backup", backup))));
        assertThat(fixture.client().send(PUT).readResponse().status()).isEqualTo(502);
        assertThat(backup.requests()).isEmpty();
    }

    @Test
    void uploadThatGoesOnWhileFixedContentAnswers_isReadOver() {
        byte[] read = new byte[100];
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            if (exchange.method().equals("PUT")) {
                exchange.readRaw(read);
            }
            exchange.reset();
        });
        start(pool("main", broken), route -> route.fallback(Fallback.respond(200, "sorry")));
        RawClient client = fixture.client().send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nfirst");
        assertAnswer(client.readResponse(), 200, "sorry");
        assertAnswer(client.send("other" + GET).readResponse(), 200, "sorry");
    }

    // ---- when

    @Test
    void statusOfAnAnswer_leadsToAFallbackOnlyIfNamed() {
        TestUpstream busy = fixture.answering(BUSY, BUSY, BUSY);
        start(
                pool("main", busy),
                route -> route.fallback(
                                Fallback.to(pool("backup", answering("backup"))).onStatus(503))
                        .fallback(Fallback.respond(200, "posted").onStatus(500, 503)));
        RawClient client = fixture.client();
        assertAnswer(client.send(GET).readResponse(), 200, "backup");
        assertThat(fixture.awaitRecord().fallback()).contains(FallbackCause.status(503));
        assertAnswer(client.send(PUT).readResponse(), 200, "backup");
        assertAnswer(client.send(POST).readResponse(), 200, "posted");
        // What it said was read to its end, so that its connection was used again.
        assertThat(busy.connections()).isEqualTo(1);
    }

    @Test
    void statusThatIsNotNamed_goesToTheClient() {
        start(
                pool("main", fixture.answering(BUSY)),
                route -> route.fallback(Fallback.respond(200, "sorry").onStatus(502)));
        assertAnswer(fixture.client().send(GET).readResponse(), 503, "busy");
        assertThat(fixture.awaitRecord().fallback()).isEmpty();
    }

    @Test
    void failureThatIsNotNamed_goesToTheClient() {
        start(
                pool("main", refusing()),
                route -> route.fallback(Fallback.respond(200, "closed").onFailure(FailureCode.UPSTREAM_CLOSED))
                        .fallback(Fallback.respond(200, "none").onFailure().onStatus(502)));
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(502);
    }

    @Test
    void statusOfTheFallback_isItsOwnAndGoesToTheClient() {
        start(
                pool("main", fixture.answering(BUSY)),
                route -> route.fallback(Fallback.to(pool("backup", fixture.answering(BUSY.replace("busy", "also"))))
                        .onStatus(503)));
        assertAnswer(fixture.client().send(GET).readResponse(), 503, "also");
    }

    @Test
    void answerThatHasBegun_isCutAndNotReplaced() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").flush();
            exchange.reset();
        });
        start(pool("main", broken), route -> route.fallback(Fallback.respond(200, "sorry")));
        assertThat(fixture.client().send(GET).readUntilClosed()).asString().endsWith("first");
        assertThat(fixture.awaitRecord().fallback()).isEmpty();
    }

    @Test
    void openBreaker_leadsToTheFallbackAtOnce() {
        TestUpstream broken = fixture.answering(BUSY, BUSY);
        UpstreamPool main = UpstreamPool.builder("main")
                .target(broken.url())
                .circuitBreaker(
                        CircuitBreaker.builder().windowCalls(2).minimumCalls(2).build())
                .build();
        start(main, route -> route.fallback(Fallback.respond(200, "sorry").onStatus(503)));
        RawClient client = fixture.client();
        for (int i = 0; i < 4; i++) {
            assertAnswer(client.send(GET).readResponse(), 200, "sorry");
        }
        // What a fallback replaces counts against the pool that failed.
        assertThat(broken.requests()).hasSize(2);
        fixture.awaitRecord();
        fixture.awaitRecord();
        assertThat(fixture.awaitRecord().fallback().flatMap(FallbackCause::code))
                .contains(FailureCode.UPSTREAM_CIRCUIT_OPEN);
    }

    @Test
    void timeout_leadsToTheFallbackWithinTheTotalDeadline() {
        TestUpstream silent = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        start(
                pool("main", silent),
                route -> route.timeouts(Timeouts.ofDefaults()
                                // The backup's too, which may be slow on a busy machine.
                                .withResponseHead(Duration.ofMillis(500))
                                .withTotal(Duration.ofSeconds(8)))
                        .fallback(Fallback.to(pool("backup", answering("backup")))));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "backup");
    }

    @Test
    void totalDeadline_holdsAcrossBothPools() {
        TestUpstream.Script silent = exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        };
        TestUpstream backup = fixture.upstream(silent);
        start(
                pool("main", fixture.upstream(silent)),
                route -> route.timeouts(Timeouts.ofDefaults()
                                .withResponseHead(Duration.ofMillis(300))
                                .withTotal(Duration.ofMillis(450)))
                        .fallback(Fallback.to(pool("backup", backup)))
                        .fallback(Fallback.respond(200, "too late")));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.TOTAL_TIMEOUT.name());
        assertThat(backup.requests()).hasSize(1);
    }

    @Test
    void rateLimit_isNoFailureOfThePool() {
        start(
                pool("main", answering("main")),
                route -> route.middleware(RateLimit.of(1, Duration.ofHours(1)))
                        .fallback(Fallback.respond(200, "sorry").onStatus(429)));
        RawClient client = fixture.client();
        assertAnswer(client.send(GET).readResponse(), 200, "main");
        assertThat(client.send(GET).readResponse().status()).isEqualTo(429);
    }

    @Test
    void drainedRoute_isNoFailureOfThePool() {
        ReverseProxy proxy =
                start(pool("main", answering("main")), route -> route.fallback(Fallback.respond(200, "sorry")));
        proxy.drainRoute("r", Duration.ZERO);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(503);
    }

    @Test
    void clientThatLeaves_isNoFailureOfThePool() {
        TestUpstream silent = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        TestUpstream backup = answering("backup");
        start(pool("main", silent), route -> route.fallback(Fallback.to(pool("backup", backup))));
        RawClient client = fixture.client().send(GET);
        silent.awaitHeads(1);
        client.close();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        assertThat(backup.requests()).isEmpty();
    }

    // ---- who sees it

    @Test
    void middleware_seesTheAnswerOfTheFallback() {
        AtomicReference<String> seen = new AtomicReference<>();
        start(
                pool("main", refusing()),
                route -> route.middleware((exchange, chain) -> chain.proceed(exchange)
                                .thenApply(response -> {
                                    seen.set(response.status() + " "
                                            + exchange.fallbackCause().orElseThrow());
                                    return response.header("X-Seen", "yes");
                                }))
                        .fallback(Fallback.to(pool("backup", answering("backup")))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertAnswer(response, 200, "backup");
        assertThat(response.header("X-Seen")).contains("yes");
        assertThat(seen.get()).isEqualTo("200 UPSTREAM_CONNECT_FAILED");
    }

    @Test
    void middlewareThatProceedsAgain_hasTheFallbacksAnew() {
        start(
                pool("main", refusing()),
                route -> route.middleware(
                                (exchange, chain) -> chain.proceed(exchange).thenCompose(first -> {
                                    first.body().discard();
                                    return chain.proceed(exchange);
                                }))
                        .fallback(Fallback.respond(200, "sorry")));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "sorry");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
    }

    @Test
    void transformsOfTheRoute_holdForItsFallbacks() {
        TestUpstream backup = answering("backup");
        start(
                pool("main", refusing()),
                route -> route.transform(Transform.addPrefix("/v1"))
                        .transform(Transform.setResponseHeader("X-Edited", "yes"))
                        .fallback(Fallback.to(pool("backup", backup))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.header("X-Edited")).contains("yes");
        assertThat(backup.lastRequest().head()).startsWith("GET /v1/ ");
    }

    @Test
    void update_changesFallbacks() {
        UpstreamPool main = pool("main", refusing());
        ReverseProxy proxy = start(main, route -> route);
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().status()).isEqualTo(502);
        Route before = proxy.config().routes().get(0);
        proxy.update(proxy.config().toBuilder()
                .replaceRoute(before.toBuilder()
                        .fallback(Fallback.respond(200, "new"))
                        .build())
                .build());
        assertAnswer(client.send(GET).readResponse(), 200, "new");
        proxy.update(proxy.config().toBuilder().replaceRoute(before).build());
        assertThat(client.send(GET).readResponse().status()).isEqualTo(502);
    }

    @Test
    void fallbackPool_retriesByItsOwnPolicy() {
        TestUpstream backup = answering("backup");
        UpstreamPool second = UpstreamPool.builder("backup")
                .target(refusing().url())
                .target(backup.url())
                .loadBalancer(LoadBalancer.roundRobin())
                .build();
        start(pool("main", refusing()), route -> route.retry(RetryPolicy.none()).fallback(Fallback.to(second)));
        assertAnswer(fixture.client().send(GET).readResponse(), 200, "backup");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(3);
    }
}
