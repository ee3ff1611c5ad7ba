package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(30)
class RateLimitTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final RateLimit TWO = RateLimit.of(2, HOUR);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private ReverseProxy.Builder limited(Middleware... middleware) {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("hi"));
        Route.Builder route = Route.builder("r").to(UpstreamPool.of("pool", upstream.url()));
        List.of(middleware).forEach(route::middleware);
        return fixture.listening(ReverseProxy.builder()).route(route.build());
    }

    private static RawResponse get(RawClient client) {
        return client.send(GET).readResponse();
    }

    private static List<Integer> statuses(RawClient client, int count) {
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            statuses.add(get(client).status());
        }
        return statuses;
    }

    // ---- refusals

    @Test
    void requestBeyondTheLimit_isRefusedAndTheConnectionGoesOn() {
        ReverseProxy proxy = fixture.start(limited(TWO.by(Key.clientAddress())));
        RawClient client = fixture.client();
        assertThat(statuses(client, 2)).containsExactly(200, 200);

        RawResponse refused = get(client);

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.header("Retry-After")).contains("1800");
        assertThat(refused.header("RateLimit-Policy")).contains("\"2-per-1h\";q=2;w=3600");
        assertThat(refused.header("RateLimit")).contains("\"2-per-1h\";r=0;t=1800");
        assertThat(refused.header("Fairlead-Failure")).contains("RATE_LIMITED");
        assertThat(refused.bodyText()).isEqualTo("429 Too Many Requests\nRATE_LIMITED\n");
        assertThat(statuses(client, 1)).containsExactly(429);
        RateLimitCounts counts = proxy.rateLimits().get(0);
        assertThat(counts.name()).isEqualTo("r/2-per-1h;by=clientAddress");
        assertThat(counts.permitted()).isEqualTo(2);
        assertThat(counts.refused()).isEqualTo(2);
        assertThat(counts.keys()).isEqualTo(1);
    }

    @Test
    void refusal_standsInTheRecord() {
        fixture.start(limited(TWO));
        statuses(fixture.client(), 3);
        assertThat(fixture.awaitRecord().failure()).isEmpty();
        fixture.awaitRecord();
        ExchangeRecord refused = fixture.awaitRecord();
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.failure()).contains(FailureCode.RATE_LIMITED);
        assertThat(refused.detail()).contains("rate limit r/2-per-1h: 2-per-1h");
        assertThat(refused.attempts()).isZero();
        assertThat(refused.routeId()).contains("r");
    }

    @Test
    void clientThatPrefersJson_getsProblemDetails() {
        fixture.start(limited(RateLimit.of(1, HOUR)));
        RawClient client = fixture.client();
        get(client);
        RawResponse refused = client.send("GET / HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\n\r\n")
                .readResponse();
        assertThat(refused.header("Content-Type")).contains("application/problem+json");
        assertThat(refused.bodyText()).contains("\"status\":429", "\"code\":\"RATE_LIMITED\"");
        assertThat(refused.header("Retry-After")).contains("3600");
    }

    @Test
    void refusedUpload_isReadOverAndTheConnectionGoesOn() {
        fixture.start(limited(RateLimit.of(1, HOUR)));
        RawClient client = fixture.client();
        get(client);
        assertThat(client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
                        .readResponse()
                        .status())
                .isEqualTo(429);
        assertThat(get(client).status()).isEqualTo(429);
    }

    @Test
    void clientBehindATrustedProxy_isTheOneThatIsNamed() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("hi"));
        fixture.start(fixture.watched(ReverseProxy.builder())
                .listener(Listener.builder("127.0.0.1", 0)
                        .trustedProxies(TrustedProxies.of("127.0.0.1"))
                        .build())
                .route(Route.builder("r")
                        .middleware(
                                RateLimit.of(1, HOUR).by(Key.clientAddress()).exempt("198.51.100.0/24"))
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build()));
        RawClient client = fixture.client();
        List<Integer> statuses = new ArrayList<>();
        for (String address : List.of(
                "192.0.2.1", "192.0.2.2", "192.0.2.1", "198.51.100.1", "198.51.100.1", "2001:db8::1", "2001:db8::2")) {
            statuses.add(client.send("GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: " + address + "\r\n\r\n")
                    .readResponse()
                    .status());
        }
        assertThat(statuses).containsExactly(200, 200, 429, 200, 200, 200, 429);
    }

    @Test
    void limitOfTheWholeProxy_countsAllRoutesTogetherUnlessByRoute() {
        ReverseProxy.Builder builder = fixture.listening(ReverseProxy.builder())
                .middleware(RateLimit.of(3, HOUR))
                .middleware(RateLimit.of(2, HOUR).by(Key.route()));
        for (String id : List.of("a", "b")) {
            builder.route(Route.builder(id)
                    .match(Match.path("/" + id))
                    .respond(200, id)
                    .build());
        }
        ReverseProxy proxy = fixture.start(builder);
        RawClient client = fixture.client();
        List<Integer> statuses = new ArrayList<>();
        for (String path : List.of("a", "a", "b", "b")) {
            statuses.add(client.send("GET /" + path + " HTTP/1.1\r\nHost: test\r\n\r\n")
                    .readResponse()
                    .status());
        }
        assertThat(statuses).containsExactly(200, 200, 200, 429);
        assertThat(proxy.rateLimits())
                .extracting(RateLimitCounts::name, RateLimitCounts::permitted)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("/3-per-1h", 3L),
                        org.assertj.core.groups.Tuple.tuple("/2-per-1h;by=route", 3L));
    }

    // ---- responses

    /** Who tried paths at random was not limited: without a route there was no middleware. */
    @Test
    void limitOfTheWholeProxy_countsRequestsWithoutARoute() {
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder())
                .middleware(RateLimit.of(3, HOUR).by(Key.clientAddress(), Key.route()))
                .route(Route.builder("r")
                        .match(Match.path("/here").and(Match.method("GET")))
                        .respond(200, "ok")
                        .build()));
        RawClient client = fixture.client();
        List<Integer> statuses = new ArrayList<>();
        for (String start : List.of("GET /a", "GET /b", "POST /here", "GET /c", "POST /here", "GET /here")) {
            statuses.add(client.send(start + " HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
                    .readResponse()
                    .status());
        }
        assertThat(statuses).containsExactly(404, 404, 405, 429, 429, 200);
        assertThat(proxy.rateLimits().get(0).refused()).isEqualTo(2);
    }

    @Test
    void passedAnswer_tellsOfTheLimitIfItShould() {
        fixture.start(limited(TWO.fields(RateLimitFields.ALWAYS)));
        RawResponse passed = get(fixture.client());
        assertThat(passed.bodyText()).isEqualTo("hi");
        assertThat(passed.header("RateLimit-Policy")).contains("\"2-per-1h\";q=2;w=3600");
        assertThat(passed.header("RateLimit")).contains("\"2-per-1h\";r=1;t=1800");
        assertThat(passed.header("Retry-After")).isEmpty();
    }

    @Test
    void passedAnswer_tellsNothingByDefault() {
        fixture.start(limited(TWO));
        RawResponse passed = get(fixture.client());
        assertThat(passed.header("RateLimit-Policy")).isEmpty();
        assertThat(passed.header("RateLimit")).isEmpty();
    }

    @Test
    void editedAnswer_tellsOfTheLimit() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("hi"));
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("r")
                        .middleware(TWO.fields(RateLimitFields.ALWAYS))
                        .transform(Transform.setResponseHeader("X-Edited", "yes"))
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build()));
        RawResponse passed = get(fixture.client());
        assertThat(passed.header("X-Edited")).contains("yes");
        assertThat(passed.header("RateLimit")).contains("\"2-per-1h\";r=1;t=1800");
        assertThat(passed.bodyText()).isEqualTo("hi");
    }

    /** A handler may give one object to all; it must not collect the fields of every request. */
    @Test
    void responseThatAHandlerGivesAgain_hasTheFieldsOnce() {
        Response always = Response.of(200, Headers.create().set("X-Same", "1"), io.fairlead.proxy.http.Body.of("hi"));
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("r")
                        .middleware(RateLimit.of(10, HOUR).fields(RateLimitFields.ALWAYS))
                        .to(Upstream.handler(request -> always))
                        .build()));
        RawClient client = fixture.client();
        get(client);
        get(client);
        RawResponse third = get(client);
        assertThat(third.fields().values("RateLimit")).containsExactly("\"10-per-1h\";r=7;t=2520");
        assertThat(third.header("X-Same")).contains("1");
        assertThat(always.headers().size()).isEqualTo(1);
    }

    // ---- among other middleware

    @Test
    void limitBetweenOtherMiddleware_runsAtItsPlace() {
        List<String> order = new ArrayList<>();
        Middleware outer = (exchange, chain) -> {
            order.add("outer");
            return chain.proceed(exchange)
                    .whenComplete((response, problem) -> order.add(
                            problem == null
                                    ? "outer " + response.headers().contains("RateLimit")
                                    : "outer " + ((ExchangeFailedException) problem.getCause()).code()));
        };
        Middleware inner = (exchange, chain) -> {
            order.add("inner");
            return chain.proceed(exchange)
                    .whenComplete((response, problem) ->
                            order.add("inner " + response.headers().contains("RateLimit")));
        };
        fixture.start(limited(outer, RateLimit.of(1, HOUR).fields(RateLimitFields.ALWAYS), inner));
        RawClient client = fixture.client();

        assertThat(get(client).header("RateLimit")).isPresent();
        assertThat(order).containsExactly("outer", "inner", "inner false", "outer true");

        order.clear();
        RawResponse refused = get(client);
        assertThat(order).containsExactly("outer", "outer RATE_LIMITED");
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.header("Retry-After")).contains("3600");
        assertThat(refused.header("RateLimit")).contains("\"1-per-1h\";r=0;t=3600");
    }

    @Test
    void limitBeforeOtherMiddleware_seesWhatThatMadeOfTheResponse() {
        Middleware inner =
                (exchange, chain) -> chain.proceed(exchange).thenApply(response -> response.header("X-Inner", "1"));
        fixture.start(limited(
                RateLimit.of(5, HOUR).fields(RateLimitFields.ALWAYS),
                RateLimit.of(1, Duration.ofMinutes(30)).fields(RateLimitFields.ALWAYS),
                inner));
        RawClient client = fixture.client();
        RawResponse passed = get(client);
        assertThat(passed.header("X-Inner")).contains("1");
        // The inner limit is the first to edit the response.
        assertThat(passed.fields().values("RateLimit"))
                .containsExactly("\"1-per-30m\";r=0;t=1800", "\"5-per-1h\";r=4;t=2880");
        assertThat(get(client).fields().values("RateLimit")).containsExactly("\"1-per-30m\";r=0;t=1800");
    }

    @Test
    void middlewareThatFails_mayGiveFieldsToItsAnswer() {
        fixture.start(limited((exchange, chain) ->
                CompletableFuture.failedFuture(new ExchangeFailedException(FailureCode.MIDDLEWARE_OVERLOADED, "busy")
                        .withFields(Headers.create().set("Retry-After", "7")))));
        RawResponse failed = get(fixture.client());
        assertThat(failed.status()).isEqualTo(503);
        assertThat(failed.header("Retry-After")).contains("7");
        assertThat(fixture.awaitRecord().detail()).contains("busy");
    }

    // ---- stores

    private ReverseProxy.Builder stored(RateLimitStore store) {
        return limited(TWO.store("fleet").fields(RateLimitFields.ALWAYS)).registerRateLimitStore("fleet", store);
    }

    @Test
    void storeThatDecidesOnAnotherThread_isWaitedFor() {
        ExecutorService elsewhere = Executors.newSingleThreadExecutor();
        try {
            AtomicLong left = new AtomicLong(2);
            fixture.start(stored((name, config) ->
                    (key, detailed) -> RateLimitDecision.later(CompletableFuture.supplyAsync(
                            () -> {
                                long now = left.decrementAndGet();
                                List<RateLimitDecision.Standing> standings = List.of(new RateLimitDecision.Standing(
                                        config.limits().get(0), Math.max(0, now), Duration.ofSeconds(9)));
                                return now < 0
                                        ? RateLimitDecision.refuse(standings)
                                        : RateLimitDecision.permit(standings);
                            },
                            elsewhere))));
            RawClient client = fixture.client();
            assertThat(get(client).header("RateLimit")).contains("\"2-per-1h\";r=1;t=1800");
            assertThat(get(client).status()).isEqualTo(200);
            RawResponse refused = get(client);
            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.header("Retry-After")).contains("9");
        } finally {
            elsewhere.shutdownNow();
        }
    }

    @Test
    void storeThatFails_letsRequestsPass() {
        ReverseProxy proxy = fixture.start(stored((name, config) -> (key, detailed) ->
                RateLimitDecision.later(CompletableFuture.failedFuture(new IllegalStateException("gone")))));
        assertThat(statuses(fixture.client(), 4)).containsOnly(200);
        assertThat(proxy.rateLimits().get(0).failed()).isEqualTo(4);
    }

    @Test
    void storeThatNeverDecides_isGivenUpAtTheDeadlineOfMiddleware() {
        fixture.start(stored((name, config) ->
                        (key, detailed) -> RateLimitDecision.later(new CompletableFuture<RateLimitDecision>()))
                .timeouts(Timeouts.ofDefaults().withMiddleware(Duration.ofMillis(50))));
        assertThat(get(fixture.client()).status()).isEqualTo(500);
        ExchangeRecord failed = fixture.awaitRecord();
        assertThat(failed.failure()).contains(FailureCode.MIDDLEWARE_FAILED);
        assertThat(failed.detail().orElse("")).contains("r/2-per-1h");
    }

    // ---- updates

    private static ProxyConfig config(RateLimit... limits) {
        Route.Builder route = Route.builder("r").respond(200, "ok");
        List.of(limits).forEach(route::middleware);
        return ProxyConfig.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(route.build())
                .build();
    }

    @Test
    void update_keepsTheCountsOfAnEqualLimitOfTheRoute() {
        ReverseProxy proxy =
                fixture.start(ReverseProxy.builder().config(config(TWO)).ioThreads(1));
        RawClient client = fixture.client();
        assertThat(statuses(client, 3)).containsExactly(200, 200, 429);

        proxy.update(config(RateLimit.of(50, HOUR), RateLimit.of(2, HOUR)).toBuilder()
                .via(false)
                .build());
        assertThat(statuses(client, 1)).containsExactly(429);
        assertThat(proxy.rateLimits())
                .extracting(RateLimitCounts::name, RateLimitCounts::refused)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("r/50-per-1h", 0L),
                        org.assertj.core.groups.Tuple.tuple("r/2-per-1h", 2L));

        proxy.update(config(TWO.burst(3)));
        assertThat(statuses(client, 4)).containsExactly(200, 200, 200, 429);
    }

    /** Its name was a matter of how many limits with the same numbers stood before it, and with the name went its counts. */
    @Test
    void update_keepsTheCountsOfALimitWhenOneWithTheSameNumbersGoes() {
        RateLimit byClient = TWO.by(Key.clientAddress()).dryRun(true);
        RateLimit byKey = TWO.by(Key.header("K"));
        ReverseProxy proxy = fixture.start(
                ReverseProxy.builder().config(config(byClient, byKey)).ioThreads(1));
        RawClient client = fixture.client();
        String request = "GET / HTTP/1.1\r\nHost: test\r\nK: k\r\n\r\n";
        for (int status : new int[] {200, 200, 429}) {
            assertThat(client.send(request).readResponse().status()).isEqualTo(status);
        }
        proxy.update(config(byKey));
        assertThat(client.send(request).readResponse().status()).isEqualTo(429);
        assertThat(proxy.rateLimits())
                .extracting(RateLimitCounts::name, RateLimitCounts::refused)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("r/2-per-1h;by=header:K", 2L));
    }

    @Test
    void twoEqualLimitsOfARoute_countEachForItself() {
        ReverseProxy proxy =
                fixture.start(ReverseProxy.builder().config(config(TWO, TWO)).ioThreads(1));
        assertThat(statuses(fixture.client(), 3)).containsExactly(200, 200, 429);
        assertThat(proxy.rateLimits())
                .extracting(RateLimitCounts::name, RateLimitCounts::permitted, RateLimitCounts::refused)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("r/2-per-1h", 2L, 1L),
                        org.assertj.core.groups.Tuple.tuple("r/2-per-1h#2", 2L, 0L));
    }

    // ---- load

    /** One answer: when its request was sent and when it was here. It was decided in between, on the same clock. */
    private record Answer(long sent, long received, boolean passed) {}

    /** A refusal, and how many requests had passed before it: that is known but for those on their way meanwhile. */
    private record Refusal(long sent, long received, long passedAtLeast, long passedAtMost) {
        static Refusal of(Answer refusal, List<Answer> passed) {
            return new Refusal(
                    refusal.sent,
                    refusal.received,
                    passed.stream().filter(one -> one.received <= refusal.sent).count(),
                    passed.stream().filter(one -> one.sent <= refusal.received).count());
        }
    }

    /**
     * What the load run shows in ten seconds, in two. It counts between any two refusals, against the time between them. When
     * a decision was made is known from when its request was sent and its answer came, so that a machine that is busy
     * makes nothing wrong: it makes that time less sure.
     */
    @Test
    void eightClientsAtFullSpeed_getTheRateAndTheBurst() throws Exception {
        int rate = 400;
        int burst = 100;
        fixture.start(fixture.listening(ReverseProxy.builder())
                .ioThreads(2)
                .route(Route.builder("r")
                        .middleware(RateLimit.of(rate, Duration.ofSeconds(1)).burst(burst))
                        .respond(200, "ok")
                        .build()));
        List<Answer> answers = answers(8, Duration.ofSeconds(2));
        List<Answer> passed = answers.stream().filter(Answer::passed).toList();

        // Never more than the burst and what has come back since the first request. That comes at fixed times, of which
        // one
        // more may lie in between.
        long first = answers.stream().mapToLong(Answer::sent).min().orElseThrow();
        long last = answers.stream().mapToLong(Answer::received).max().orElseThrow();
        assertThat((double) passed.size()).isLessThanOrEqualTo(burst + permits(rate, first, last) + 1);

        // These came one after the other for sure, and one each 5 ms is enough. At each the bucket had less than one
        // permit.
        List<Refusal> refusals = new ArrayList<>();
        answers.stream()
                .filter(answer -> !answer.passed)
                .sorted(Comparator.comparingLong(Answer::received))
                .filter(answer ->
                        refusals.isEmpty() || answer.sent >= refusals.get(refusals.size() - 1).received + 5_000_000)
                .forEach(answer -> refusals.add(Refusal.of(answer, passed)));
        assertThat(refusals).hasSizeGreaterThan(1);
        assertThat(refusals.get(0).passedAtMost).isGreaterThanOrEqualTo(burst);
        for (int i = 0; i < refusals.size(); i++) {
            Refusal from = refusals.get(i);
            double ranOver = 0;
            for (int j = i + 1; j < refusals.size(); j++) {
                Refusal to = refusals.get(j);
                // Where nobody asked for so long that the bucket was full again, it lost what came back beyond that.
                double mostThatCameBack = permits(rate, refusals.get(j - 1).sent, to.received);
                ranOver += Math.max(0, 1 + mostThatCameBack - burst);
                assertThat((double) to.passedAtMost - from.passedAtLeast)
                        .isGreaterThanOrEqualTo(permits(rate, from.received, to.sent) - ranOver - 1);
                assertThat((double) to.passedAtLeast - from.passedAtMost)
                        .isLessThanOrEqualTo(permits(rate, from.sent, to.received) + 1);
            }
        }
    }

    private static double permits(int rate, long from, long to) {
        return rate * (to - from) / 1e9;
    }

    /** What so many clients get that ask without a pause. */
    private List<Answer> answers(int clients, Duration length) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            CountDownLatch ready = new CountDownLatch(clients);
            List<Future<List<Answer>>> running = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                RawClient client = fixture.client();
                running.add(threads.submit(() -> {
                    ready.countDown();
                    ready.await();
                    List<Answer> own = new ArrayList<>();
                    long end = System.nanoTime() + length.toNanos();
                    while (System.nanoTime() < end) {
                        long sent = System.nanoTime();
                        boolean passed = get(client).status() == 200;
                        own.add(new Answer(sent, System.nanoTime(), passed));
                    }
                    return own;
                }));
            }
            List<Answer> all = new ArrayList<>();
            for (Future<List<Answer>> one : running) {
                all.addAll(one.get(20, TimeUnit.SECONDS));
            }
            return all;
        } finally {
            threads.shutdownNow();
        }
    }
}
