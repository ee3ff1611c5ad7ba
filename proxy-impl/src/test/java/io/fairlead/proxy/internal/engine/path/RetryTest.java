package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a failed attempt is followed by another one, and when it must not be. Requests go to the first target first. */
class RetryTest {
    private static final String POST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    private static final String UNAVAILABLE = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static UpstreamPool.Builder pool(TestUpstream... upstreams) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default").loadBalancer(LoadBalancer.roundRobin());
        for (TestUpstream upstream : upstreams) {
            pool.target(upstream.url());
        }
        return pool;
    }

    private static UpstreamPool pool(UnaryOperator<RetryPolicy.Builder> retry, TestUpstream... upstreams) {
        return pool(upstreams).retry(retry.apply(RetryPolicy.builder()).build()).build();
    }

    private TestUpstream refusing() {
        TestUpstream upstream = fixture.upstream(exchange -> {});
        upstream.stopListening();
        return upstream;
    }

    private TestUpstream resetting() {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.reset();
        });
    }

    private TestUpstream good() {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("good"));
        });
    }

    private void assertGood(RawResponse response) {
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo("good");
    }

    private static String put(int bytes) {
        return "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: " + bytes + "\r\n\r\n" + body(bytes);
    }

    private static String body(int bytes) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; body.length() < bytes; i++) {
            body.append(i).append(' ');
        }
        return body.substring(0, bytes);
    }

    // ---- what leads to another attempt, with nothing set

    @ParameterizedTest
    @ValueSource(strings = {GET, POST})
    void targetThatRefusesConnections_isReplacedByAnotherWhateverTheMethod(String request) {
        TestUpstream good = good();
        fixture.start(fixture.to(pool(refusing(), good).build()));
        assertGood(fixture.client().send(request).readResponse());
        ExchangeRecord done = fixture.awaitRecord();
        assertThat(done.attempts()).isEqualTo(2);
        assertThat(done.upstream()).contains(good.url());
        assertThat(done.failure()).isEmpty();
    }

    @Test
    void targetThatResetsBeforeItAnswers_isReplacedForAnIdempotentRequest() {
        fixture.start(fixture.to(pool(resetting(), good()).build()));
        assertGood(fixture.client().send(GET).readResponse());
    }

    @Test
    void targetThatResetsWithinTheHead_isReplacedForAnIdempotentRequest() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Le").flush();
            exchange.reset();
        });
        fixture.start(fixture.to(pool(broken, good()).build()));
        assertGood(fixture.client().send(GET).readResponse());
    }

    @Test
    void targetThatResetsAPost_mayHaveActedOnIt() {
        TestUpstream good = good();
        fixture.start(fixture.to(pool(resetting(), good).build()));
        assertThat(fixture.client().send(POST).readResponse().status()).isEqualTo(502);
        assertThat(good.requests()).isEmpty();
    }

    @Test
    void answerThatHasBegun_isCutAndNotReplaced() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").flush();
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(broken, good).build()));
        assertThat(fixture.client().send(GET).readUntilClosed()).asString().endsWith("first");
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.UPSTREAM_BODY_FAILED);
        assertThat(good.requests()).isEmpty();
    }

    @Test
    void answer503_goesToTheClient() {
        TestUpstream good = good();
        fixture.start(fixture.to(pool(fixture.answering(UNAVAILABLE), good).build()));
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("busy");
        assertThat(good.requests()).isEmpty();
    }

    @Test
    void targetsThatAllRefuse_areEachTriedOnce() {
        fixture.start(fixture.to(pool(refusing(), refusing()).build()));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(502);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_CONNECT_FAILED.name());
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
    }

    @Test
    void failureThatNoOtherTargetCanTakeOver_isTold() {
        CountDownLatch done = new CountDownLatch(1);
        TestUpstream busy = fixture.upstream(exchange -> {
            exchange.readHead();
            done.await(5, TimeUnit.SECONDS);
            exchange.write(TestUpstream.ok("good"));
        });
        fixture.start(fixture.to(
                pool(busy, refusing()).targetConcurrency(ConcurrencyLimit.of(1)).build()));
        RawClient first = fixture.client().send(GET);
        busy.awaitHeads(1);
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_CONNECT_FAILED.name());
        done.countDown();
        assertGood(first.readResponse());
    }

    @Test
    void onlyTarget_isNotTriedAgain() {
        fixture.start(fixture.to(pool(refusing()).build()));
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(502);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
    }

    // ---- bodies

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 40_000, 65_536})
    void body_isSentAgainWhole(int bytes) {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(broken, good).build()));
        assertGood(fixture.client().send(put(bytes)).readResponse());
        assertThat(good.lastRequest().bodyText()).isEqualTo(body(bytes));
    }

    @Test
    void bodyOfWhichHalfHasCome_isSentAgainWithItsRest() {
        byte[] read = new byte[100];
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.readRaw(read);
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(broken, good).build()));
        RawClient client = fixture.client().send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nfirst");
        good.awaitHeads(1);
        client.send("other");
        assertGood(client.readResponse());
        assertThat(good.lastRequest().bodyText()).isEqualTo("firstother");
    }

    @Test
    void chunkedBodyWithTrailers_isSentAgainWithThem() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(broken, good).build()));
        assertGood(fixture.client()
                .send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n")
                .readResponse());
        ReceivedRequest received = good.lastRequest();
        assertThat(received.bodyText()).isEqualTo("hello world");
        assertThat(good.rawBytes()).asString().contains("X-Sum: 7");
    }

    @Test
    void bodyLongerThanIsKept_isSentOnce() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(retry -> retry.maxReplayBytes(1_000), broken, good)));
        assertThat(fixture.client().send(put(1_001)).readResponse().status()).isEqualTo(502);
        assertThat(good.requests()).isEmpty();
    }

    @Test
    void chunkedBodyThatGrowsTooLong_isSentOnceAndWhole() {
        TestUpstream good = good();
        fixture.start(fixture.to(pool(retry -> retry.maxReplayBytes(8), good)));
        assertGood(fixture.client()
                .send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
                .readResponse());
        assertThat(good.lastRequest().bodyText()).isEqualTo("hello world");
    }

    @Test
    void bodyWithoutMemoryToKeepIt_isSentOnce() {
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.reset();
        });
        TestUpstream good = good();
        fixture.start(fixture.to(pool(broken, good).build()).maxReplayMemoryBytes(100));
        assertThat(fixture.client().send(put(1_000)).readResponse().status()).isEqualTo(502);
        assertThat(good.requests()).isEmpty();
    }

    /** What the first time kept was never given back, so that after some requests no body could be sent again. */
    @Test
    void middlewareThatForwardsAgain_findsTheMemoryOfTheFirstTime() {
        AtomicInteger arrived = new AtomicInteger();
        TestUpstream.Script fourthTime = exchange -> {
            exchange.readBody();
            if (arrived.incrementAndGet() < 4) {
                exchange.reset();
            } else {
                exchange.write(TestUpstream.ok("good"));
            }
        };
        Middleware again = (exchange, chain) -> exchange.request()
                .body()
                .replayable(5_000)
                .thenCompose(body -> {
                    exchange.request().body(body);
                    return chain.proceed(exchange);
                })
                .handle((response, problem) ->
                        problem == null ? CompletableFuture.completedFuture(response) : chain.proceed(exchange))
                .thenCompose(Function.identity());
        UpstreamPool twice =
                pool(retry -> retry.maxAttempts(2), fixture.upstream(fourthTime), fixture.upstream(fourthTime));
        fixture.start(fixture.to(twice).middleware(again).maxReplayMemoryBytes(1_024));
        assertGood(fixture.client().send(put(1_000)).readResponse());
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(4);
    }

    // ---- answers

    @Test
    void gatewayError_isReplacedIfThePolicySaysSo() {
        TestUpstream busy = fixture.answering(UNAVAILABLE, UNAVAILABLE);
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR), busy, good())));
        RawClient client = fixture.client();
        assertGood(client.send(GET).readResponse());
        assertGood(client.send(GET).readResponse());
        assertGood(client.send(GET).readResponse());
        // The answers that were thrown away were read to their end, so that their connection was used again.
        assertThat(busy.connections()).isEqualTo(1);
    }

    @Test
    void status_isReplacedForSafeMethodsOnlyIfThePolicySaysSo() {
        String error = "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops";
        TestUpstream broken = fixture.answering(error, error);
        fixture.start(fixture.to(pool(retry -> retry.safeMethodStatuses(500), broken, good())));
        RawClient client = fixture.client();
        assertGood(client.send(GET).readResponse());
        assertGood(client.send(GET).readResponse());
        assertThat(client.send("DELETE / HTTP/1.1\r\nHost: test\r\n\r\n")
                        .readResponse()
                        .status())
                .isEqualTo(500);
    }

    @Test
    void fieldOfAnAnswer_asksForAnotherAttempt() {
        TestUpstream unsure = fixture.answering("HTTP/1.1 200 OK\r\nX-Retry: please\r\nContent-Length: 2\r\n\r\nno");
        fixture.start(fixture.to(pool(retry -> retry.responseHeaders("x-retry"), unsure, good())));
        assertGood(fixture.client().send(GET).readResponse());
    }

    @Test
    void everyTargetBusy_sendsTheLastAnswer() {
        TestUpstream one = fixture.answering(UNAVAILABLE);
        TestUpstream two = fixture.answering(UNAVAILABLE.replace("busy", "full"));
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR), one, two)));
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("full");
    }

    @Test
    void postThatGotA503_isSentAgainOnlyIfAllowed() {
        TestUpstream one = fixture.answering(UNAVAILABLE);
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).nonIdempotent(true), one, good())));
        assertGood(fixture.client().send(POST).readResponse());
    }

    @Test
    void routesOwnPolicy_comesBeforeThePools() {
        TestUpstream one = fixture.answering(UNAVAILABLE);
        UpstreamPool pool = pool(one, good()).build();
        fixture.start(fixture.listening(ReverseProxy.builder())
                .pool(pool)
                .route(Route.builder("all")
                        .to(pool)
                        .retry(RetryPolicy.recommended())
                        .build()));
        assertGood(fixture.client().send(GET).readResponse());
    }

    // ---- time

    @Test
    void targetThatHangs_isReplacedAfterTheTimeOfAnAttempt() {
        TestUpstream hanging = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.TIMEOUT), hanging, good()))
                .timeouts(Timeouts.ofDefaults().withAttempt(Duration.ofMillis(100))));
        assertGood(fixture.client().send(GET).readResponse());
        hanging.awaitConnectionClosed(SOON);
    }

    @Test
    void totalTime_endsAllAttempts() {
        TestUpstream one = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        TestUpstream two = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        // Without a pause, which a machine that is busy may have no time left for.
        fixture.start(fixture.to(
                        pool(retry -> retry.on(RetryOn.TIMEOUT).sameTarget(true).backoff(Duration.ZERO), one, two))
                .timeouts(Timeouts.ofDefaults()
                        .withAttempt(Duration.ofMillis(100))
                        .withTotal(Duration.ofMillis(150))));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(504);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.TOTAL_TIMEOUT.name());
    }

    @Test
    void retryAfter_isWaitedForBeforeTheSameTargetIsTriedAgain() {
        TestUpstream busy = fixture.answering(
                "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", TestUpstream.ok("good"));
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).sameTarget(true), busy)));
        long begun = System.nanoTime();
        assertGood(fixture.client().send(GET).readResponse());
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(Duration.ofMillis(990));
    }

    @ParameterizedTest
    @ValueSource(strings = {"60", "99999999999999999999"})
    void retryAfterThatIsTooLong_isToldToTheClient(String seconds) {
        TestUpstream busy =
                fixture.answering("HTTP/1.1 503 Busy\r\nRetry-After: " + seconds + "\r\nContent-Length: 4\r\n\r\nbusy");
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).sameTarget(true), busy)));
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.bodyText()).isEqualTo("busy");
        assertThat(response.header("Retry-After")).contains(seconds);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
    }

    @Test
    void clientThatLeavesBetweenTwoAttempts_isNotForwardedAgain() {
        TestUpstream busy = fixture.answering(
                "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", TestUpstream.ok("late"));
        fixture.start(fixture.to(pool(
                retry -> retry.on(RetryOn.GATEWAY_ERROR).sameTarget(true).maxRetryAfter(Duration.ofMinutes(2)), busy)));
        RawClient client = fixture.client().send(GET);
        busy.awaitRequests(1);
        client.close();
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.CLIENT_GONE);
        assertThat(busy.requests()).hasSize(1);
    }

    // ---- asking two at once

    private TestUpstream hanging() {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
    }

    @Test
    void targetThatTakesLong_isGivenUpWhenAnotherAnswersFirst() {
        TestUpstream slow = hanging();
        fixture.start(fixture.to(pool(retry -> retry.hedgeAfter(Duration.ofMillis(30)), slow, good())));
        assertGood(fixture.client().send(GET).readResponse());
        slow.awaitConnectionClosed(SOON);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
    }

    @Test
    void firstTarget_isStillHeardWhenTheOtherFails() {
        CountDownLatch otherAsked = new CountDownLatch(1);
        TestUpstream slow = fixture.upstream(exchange -> {
            exchange.readHead();
            otherAsked.await(5, TimeUnit.SECONDS);
            exchange.write(TestUpstream.ok("good"));
        });
        TestUpstream broken = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.reset();
            otherAsked.countDown();
        });
        fixture.start(fixture.to(pool(retry -> retry.hedgeAfter(Duration.ofMillis(30)), slow, broken)));
        assertGood(fixture.client().send(GET).readResponse());
    }

    /** An answer without a body is over when its head is there, and passed for one of an attempt that was alone. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void firstTarget_isStillHeardWhenTheOtherAnswersBadlyWithoutABody(int maxAttempts) {
        CountDownLatch otherAsked = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        TestUpstream.Script script = exchange -> {
            exchange.readHead();
            switch (asked.getAndIncrement()) {
                case 0 -> {
                    otherAsked.await(5, TimeUnit.SECONDS);
                    exchange.write(TestUpstream.ok("good"));
                }
                case 1 -> {
                    exchange.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                            .flush();
                    otherAsked.countDown();
                }
                default -> exchange.awaitClose();
            }
        };
        fixture.start(fixture.to(pool(
                retry -> retry.on(RetryOn.GATEWAY_ERROR)
                        .hedgeAfter(Duration.ofMillis(30))
                        .maxAttempts(maxAttempts),
                fixture.upstream(script),
                fixture.upstream(script),
                fixture.upstream(script))));
        assertGood(fixture.client().send(GET).readResponse());
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(2);
        assertThat(asked).hasValue(2);
    }

    /** Each of its requests was answered by another target before any deadline came, so that nothing was held against it. */
    @Test
    void targetThatIsOvertakenAgainAndAgain_isEjected() {
        TestUpstream slow = hanging();
        List<TargetEvent> events = new CopyOnWriteArrayList<>();
        fixture.start(fixture.to(pool(retry -> retry.hedgeAfter(Duration.ofMillis(30)), slow, good()))
                .onTarget(events::add));
        RawClient client = fixture.client();
        for (int i = 0; i < 10; i++) {
            assertGood(client.send(GET).readResponse());
        }
        ProxyFixture.await("an event", () -> !events.isEmpty());
        assertThat(events.get(0).what()).isEqualTo(TargetEvent.What.EJECTED);
        assertThat(events.get(0).target()).isEqualTo(slow.url());
        assertThat(events.get(0).reason()).startsWith("5 consecutive failures without an answer");
    }

    /** All requests went to the one that failed at once, because the other seemed to be too slow. */
    @Test
    void targetThatIsSlowerThanAnError_isNotBlamed() {
        TestUpstream failing = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n");
        });
        List<TargetEvent> events = new CopyOnWriteArrayList<>();
        ReverseProxy proxy =
                fixture.start(fixture.to(pool(retry -> retry.hedgeAfter(Duration.ofMillis(30)), hanging(), failing))
                        .onTarget(events::add));
        RawClient client = fixture.client();
        for (int i = 0; i < 20; i++) {
            assertThat(client.send(GET).readResponse().status()).isEqualTo(500);
        }
        LeakCheck.awaitThreads(proxy);
        assertThat(events).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {POST, "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx"})
    void requestThatIsNotSafeOrHasABody_isNotAskedTwice(String request) {
        TestUpstream slow = hanging();
        TestUpstream other = good();
        fixture.start(fixture.to(pool(retry -> retry.on().hedgeAfter(Duration.ofMillis(30)), slow, other))
                .timeouts(Timeouts.ofDefaults().withAttempt(Duration.ofMillis(300))));
        assertThat(fixture.client().send(request).readResponse().status()).isEqualTo(504);
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(1);
        assertThat(other.requests()).isEmpty();
    }

    @Test
    void clientThatLeaves_endsBothAttempts() {
        TestUpstream one = hanging();
        TestUpstream two = hanging();
        fixture.start(fixture.to(pool(retry -> retry.hedgeAfter(Duration.ofMillis(30)), one, two)));
        RawClient client = fixture.client().send(GET);
        one.awaitHeads(1);
        two.awaitHeads(1);
        client.close();
        one.awaitConnectionClosed(SOON);
        two.awaitConnectionClosed(SOON);
    }

    // ---- limits

    @Test
    void attempts_haveALimit() {
        TestUpstream busy = fixture.answering(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE);
        fixture.start(fixture.to(
                pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).sameTarget(true).backoff(Duration.ZERO), busy)));
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("busy");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(3);
        assertThat(busy.requests()).hasSize(3);
    }

    @Test
    void retriesBeyondTheBudget_areNotMade() {
        TestUpstream one = fixture.answering(UNAVAILABLE, UNAVAILABLE);
        fixture.start(fixture.to(
                pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).budgetPercent(0).budgetFloor(1), one, good())));
        RawClient client = fixture.client();
        assertGood(client.send(GET).readResponse());
        assertGood(client.send(GET).readResponse());
        assertThat(client.send(GET).readResponse().status()).isEqualTo(503);
    }

    @Test
    void attemptHeader_countsTheAttemptsAndReplacesTheClients() {
        TestUpstream one = fixture.answering(UNAVAILABLE);
        TestUpstream two = good();
        fixture.start(fixture.to(pool(retry -> retry.on(RetryOn.GATEWAY_ERROR).attemptHeader("X-Attempt"), one, two)));
        assertGood(fixture.client()
                .send("GET / HTTP/1.1\r\nHost: test\r\nX-Attempt: 77\r\n\r\n")
                .readResponse());
        assertThat(one.lastRequest().headers("X-Attempt")).containsExactly("1");
        assertThat(two.lastRequest().headers("X-Attempt")).containsExactly("2");
    }
}
