package io.fairlead.proxy.internal.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.middleware.Verdict;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.testing.ManualClock;
import io.fairlead.proxy.testing.TestRequest;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimiterTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final RateLimit ONE = RateLimit.of(1, Duration.ofHours(1));

    private final ManualClock clock = new ManualClock();

    private RateLimiter limiter(RateLimit rateLimit) {
        return new RateLimiter("r/test", rateLimit, new LocalStore(clock));
    }

    private static boolean passes(RateLimiter limiter, Exchange exchange) {
        return limiter.onRequest(exchange) == null;
    }

    private static Verdict.Refusal refusal(RateLimiter limiter, Exchange exchange) {
        Verdict verdict = limiter.onRequest(exchange);
        assertThat(verdict).isInstanceOf(Verdict.Refusal.class);
        return (Verdict.Refusal) verdict;
    }

    /** Whether the second of two requests is another client's. */
    private boolean apart(Key key, Exchange first, Exchange second) {
        RateLimiter limiter = limiter(ONE.by(key));
        assertThat(passes(limiter, first)).isTrue();
        assertThat(passes(limiter, first)).isFalse();
        return passes(limiter, second);
    }

    // ---- keys

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.2, 32, 64, true",
        "192.0.2.1, 192.0.2.254, 24, 64, false",
        "192.0.2.1, 192.0.3.1, 24, 64, true",
        "192.0.2.1, ::ffff:192.0.2.1, 32, 64, false",
        "2001:db8::1, 2001:db8::2, 32, 64, false",
        "2001:db8::1, 2001:db8::ffff:ffff:ffff:ffff, 32, 64, false",
        "2001:db8::1, 2001:db8:0:1::1, 32, 64, true",
        "2001:db8::1, 2001:db8:0:ffff::1, 32, 48, false",
        "2001:db8::1, 2001:db8:1::1, 32, 48, true",
        "2001:db8::1, 2001:db8::2, 32, 128, true",
        "2001:db8::, 2001:db8::1, 32, 127, false",
        "::1, 0.0.0.1, 32, 64, true",
        "::192.0.2.1, 192.0.2.1, 32, 128, true",
        "8000::, 7fff::, 32, 1, true",
    })
    void clientAddress_countsSoManyBitsOfIt(String one, String other, int ipv4, int ipv6, boolean apart) {
        assertThat(apart(Key.clientAddress(ipv4, ipv6), TestExchange.from(one), TestExchange.from(other)))
                .isEqualTo(apart);
    }

    @Test
    void clientAddress_isEachIpv4AddressAndEach64OfIpv6() {
        assertThat(Key.clientAddress()).isEqualTo(Key.clientAddress(32, 64));
    }

    @Test
    void values_areTakenFromWhereTheKeySays() {
        assertThat(apart(Key.header("X-Key"), TestExchange.with("x-key", "a"), TestExchange.with("X-Key", "a")))
                .isFalse();
        assertThat(apart(Key.header("X-Key"), TestExchange.with("X-Key", "a"), TestExchange.with("X-Key", "b")))
                .isTrue();
        assertThat(apart(
                        Key.cookie("id"),
                        TestExchange.with("Cookie", "a=1; id=x"),
                        TestExchange.with("Cookie", "id=x; a=2")))
                .isFalse();
        assertThat(apart(Key.cookie("id"), TestExchange.with("Cookie", "id=x"), TestExchange.with("Cookie", "id=y")))
                .isTrue();
        assertThat(apart(
                        Key.cookie("id"), TestExchange.with("Cookie", "id=x"), TestExchange.with("Cookie", "id=\"x\"")))
                .isFalse();
        assertThat(apart(
                        Key.query("q"),
                        TestExchange.of(TestRequest.get("/?q=%61")),
                        TestExchange.of(TestRequest.get("/?b=1&q=a"))))
                .isFalse();
        assertThat(apart(
                        Key.pathVariable("id"),
                        TestExchange.from("::1").variable("id", "1"),
                        TestExchange.from("::1").variable("id", "2")))
                .isTrue();
        assertThat(apart(
                        Key.route(),
                        TestExchange.from("::1").route("a"),
                        TestExchange.from("::1").route("b")))
                .isTrue();
    }

    @Test
    void severalKeys_areCountedByTheirCombination() {
        RateLimiter limiter = limiter(ONE.by(Key.clientAddress(), Key.header("A"), Key.header("B")));
        assertThat(passes(limiter, exchange("1", "23"))).isTrue();
        assertThat(passes(limiter, exchange("12", "3"))).isTrue();
        assertThat(passes(limiter, exchange("1", "2"))).isTrue();
        assertThat(passes(limiter, exchange("1:1", "23"))).isTrue();
        assertThat(passes(limiter, exchange("1", "23"))).isFalse();
    }

    private static TestExchange exchange(String a, String b) {
        return TestExchange.of(TestRequest.get("/").with("A", a).with("B", b));
    }

    @Test
    void longValues_areToldApartAndKeptShort() {
        String common = "x".repeat(5_000);
        assertThat(apart(Key.header("K"), TestExchange.with("K", common + "a"), TestExchange.with("K", common + "b")))
                .isTrue();
        assertThat(apart(Key.header("K"), TestExchange.with("K", common), TestExchange.with("K", common)))
                .isFalse();
        Object key = new KeyReader(List.of(Key.header("K"))).read(TestExchange.with("K", common));
        assertThat(String.valueOf(key)).hasSize(65);
        // Nobody else can have the key of a long value: as a value it would be a long one itself.
        assertThat(apart(Key.header("K"), TestExchange.with("K", common), TestExchange.with("K", String.valueOf(key))))
                .isTrue();
    }

    // ---- missing keys

    private static TestExchange keyless() {
        return TestExchange.of(TestRequest.get("/"));
    }

    @Test
    void missingKey_sharesALimitOfItsOwn() {
        RateLimiter limiter = limiter(ONE.by(Key.header("K")));
        assertThat(passes(limiter, keyless())).isTrue();
        assertThat(passes(limiter, TestExchange.with("K", "a"))).isTrue();
        assertThat(passes(limiter, keyless())).isFalse();
        assertThat(limiter.counts().missingKey()).isEqualTo(2);
    }

    @Test
    void missingPart_isCountedByTheOtherParts() {
        RateLimiter limiter = limiter(ONE.by(Key.clientAddress(), Key.header("K")));
        assertThat(passes(limiter, TestExchange.from("192.0.2.1"))).isTrue();
        assertThat(passes(limiter, TestExchange.from("192.0.2.2"))).isTrue();
        assertThat(passes(limiter, TestExchange.from("192.0.2.1"))).isFalse();
    }

    @Test
    void ambiguousOrEmptyKey_isMissing() {
        RateLimiter limiter = limiter(ONE.by(Key.header("K")).missingKey(MissingKey.DENY));
        assertThat(passes(limiter, TestExchange.with("K", ""))).isFalse();
        assertThat(passes(
                        limiter,
                        TestExchange.of(TestRequest.get("/").with("K", "a").with("K", "b"))))
                .isFalse();
        assertThat(passes(
                        limiter(ONE.by(Key.cookie("c")).missingKey(MissingKey.DENY)),
                        TestExchange.with("Cookie", "c=1; c=2")))
                .isFalse();
        assertThat(passes(
                        limiter(ONE.by(Key.query("q")).missingKey(MissingKey.DENY)),
                        TestExchange.of(TestRequest.get("/?q=1&q=2"))))
                .isFalse();
    }

    @Test
    void missingKeyThatIsAllowed_passesUncounted() {
        RateLimiter limiter = limiter(ONE.by(Key.header("K")).missingKey(MissingKey.ALLOW));
        for (int i = 0; i < 5; i++) {
            assertThat(passes(limiter, keyless())).isTrue();
        }
        assertThat(limiter.counts().missingKey()).isEqualTo(5);
        assertThat(limiter.counts().permitted()).isZero();
    }

    /** A client that added a second key evaded the limit, and an upstream may go by the first. */
    @Test
    void keyThatIsGivenTwice_isNotAllowedUncounted() {
        for (TestRequest twice : List.of(
                TestRequest.get("/").with("K", "a").with("K", "b"),
                TestRequest.get("/").with("Cookie", "K=a; K=b"),
                TestRequest.get("/?K=a&K=b"))) {
            Key key = twice.headers().contains("K")
                    ? Key.header("K")
                    : twice.headers().contains("Cookie") ? Key.cookie("K") : Key.query("K");
            RateLimiter limiter = limiter(ONE.by(key).missingKey(MissingKey.ALLOW));
            assertThat(passes(limiter, TestExchange.of(twice))).isTrue();
            assertThat(passes(limiter, TestExchange.of(twice))).isFalse();
            assertThat(passes(limiter, keyless())).isTrue();
        }
    }

    @Test
    void missingKeyThatIsDenied_isRefusedWithoutATime() {
        RateLimiter limiter = limiter(ONE.by(Key.header("K")).missingKey(MissingKey.DENY));
        Verdict.Refusal refusal = refusal(limiter, keyless());
        assertThat(refusal.code()).isEqualTo(FailureCode.RATE_LIMITED);
        assertThat(refusal.detail()).isEqualTo("rate limit r/test: no key");
        assertThat(refusal.fields().size()).isZero();
        assertThat(passes(
                        limiter(ONE.by(Key.header("K"))
                                .missingKey(MissingKey.DENY)
                                .dryRun(true)),
                        keyless()))
                .isTrue();
    }

    // ---- who is not limited

    @Test
    void exemptClients_passUncounted() {
        RateLimiter limiter = limiter(ONE.exempt("10.0.0.0/8", "2001:db8::/32"));
        for (String client : List.of("10.1.2.3", "::ffff:10.1.2.3", "2001:db8:7::1", "10.1.2.3")) {
            assertThat(passes(limiter, TestExchange.from(client))).isTrue();
        }
        assertThat(passes(limiter, TestExchange.from("11.1.2.3"))).isTrue();
        assertThat(passes(limiter, TestExchange.from("11.1.2.3"))).isFalse();
        assertThat(limiter.counts().exempt()).isEqualTo(4);
    }

    @Test
    void dryRun_countsAndTellsNobody() {
        RateLimiter limiter =
                limiter(RateLimit.of(2, SECOND).fields(RateLimitFields.ALWAYS).dryRun(true));
        for (int i = 0; i < 5; i++) {
            TestExchange exchange = TestExchange.from("::1");
            assertThat(passes(limiter, exchange)).isTrue();
            assertThat(limiter.editsResponses()).isFalse();
        }
        RateLimitCounts counts = limiter.counts();
        assertThat(counts.permitted()).isEqualTo(2);
        assertThat(counts.refused()).isEqualTo(3);
    }

    // ---- what is told

    @Test
    void refusal_hasRetryAfterAndTheFieldsOfTheLimitThatRefuses() {
        RateLimiter limiter = limiter(RateLimit.of(10, SECOND).burst(20).and(21, Duration.ofHours(1)));
        for (int i = 0; i < 20; i++) {
            assertThat(passes(limiter, TestExchange.from("::1"))).isTrue();
        }
        Verdict.Refusal first = refusal(limiter, TestExchange.from("::1"));
        assertThat(first.detail()).isEqualTo("rate limit r/test: 10-per-1s");
        assertThat(fields(first.fields()))
                .containsExactly(
                        "Retry-After: 1",
                        "RateLimit-Policy: \"10-per-1s\";q=10;w=1;fairlead-burst=20, \"21-per-1h\";q=21;w=3600",
                        "RateLimit: \"10-per-1s\";r=0;t=1");

        clock.advance(Duration.ofMillis(100));
        assertThat(passes(limiter, TestExchange.from("::1"))).isTrue();
        clock.advance(SECOND);
        Verdict.Refusal second = refusal(limiter, TestExchange.from("::1"));
        // An hour has 21 permits, the next of which comes 171.4 s after the first request.
        assertThat(fields(second.fields())).contains("Retry-After: 171", "RateLimit: \"21-per-1h\";r=0;t=171");
    }

    @Test
    void refusal_isSilentIfItShouldBe() {
        RateLimiter limiter = limiter(ONE.fields(RateLimitFields.NEVER));
        passes(limiter, TestExchange.from("::1"));
        assertThat(fields(refusal(limiter, TestExchange.from("::1")).fields())).containsExactly("Retry-After: 3600");
    }

    @Test
    void response_tellsWhatIsLeft() {
        RateLimiter limiter = limiter(RateLimit.of(100, Duration.ofMillis(500))
                .and(60, Duration.ofMinutes(1))
                .fields(RateLimitFields.ALWAYS));
        TestExchange exchange = TestExchange.from("::1");
        assertThat(passes(limiter, exchange)).isTrue();
        assertThat(limiter.editsResponses()).isTrue();
        Headers head = Headers.create();
        limiter.onResponse(exchange, 200, head);
        assertThat(fields(head))
                .containsExactly(
                        "RateLimit-Policy: \"100-per-500ms\";q=100, \"60-per-1m\";q=60;w=60",
                        "RateLimit: \"100-per-500ms\";r=99;t=1, \"60-per-1m\";r=59;t=59");
    }

    private static List<String> fields(Headers headers) {
        List<String> lines = new ArrayList<>();
        headers.forEach((name, value) -> lines.add(name + ": " + value));
        return lines;
    }

    // ---- stores

    @Test
    void storeThatDecidesLater_isWaitedFor() {
        CompletableFuture<RateLimitDecision> decision = new CompletableFuture<>();
        RateLimiter limiter =
                new RateLimiter("r/x", ONE, (name, config) -> (key, detailed) -> RateLimitDecision.later(decision));
        Verdict verdict = limiter.onRequest(TestExchange.from("::1"));
        assertThat(verdict).isInstanceOf(Verdict.Later.class);
        CompletableFuture<Verdict> made = ((Verdict.Later) verdict).verdict().toCompletableFuture();
        assertThat(made).isNotDone();
        decision.complete(RateLimitDecision.refuse(List.of()));
        assertThat(made.join()).isInstanceOf(Verdict.Refusal.class);
        assertThat(limiter.counts().refused()).isEqualTo(1);
    }

    @Test
    void storeThatFails_letsTheRequestPass() {
        RateLimiter throwing = new RateLimiter("r/x", ONE, (name, config) -> (key, detailed) -> {
            throw new IllegalStateException("no connection");
        });
        assertThat(passes(throwing, TestExchange.from("::1"))).isTrue();
        assertThat(throwing.counts().failed()).isEqualTo(1);

        RateLimiter failing = new RateLimiter(
                "r/x",
                ONE,
                (name, config) -> (key, detailed) -> RateLimitDecision.later(
                        CompletableFuture.failedFuture(new IllegalStateException("no connection"))));
        Verdict.Later later = (Verdict.Later) failing.onRequest(TestExchange.from("::1"));
        assertThat(later).isNotNull();
        assertThat(later.verdict().toCompletableFuture().join()).isNull();
        assertThat(failing.counts().failed()).isEqualTo(1);
    }

    /** These were a NullPointerException, an Error and a refusal, each of which the client got. */
    @Test
    void storeThatBreaksItsContract_letsTheRequestPass() {
        for (RateLimitStore.Counters broken : List.<RateLimitStore.Counters>of(
                (key, detailed) -> null,
                (key, detailed) -> {
                    throw new NoClassDefFoundError("client");
                },
                (key, detailed) ->
                        RateLimitDecision.permit(Collections.singletonList((RateLimitDecision.Standing) null)))) {
            RateLimiter limiter = new RateLimiter("r/x", ONE, (name, config) -> broken);
            assertThat(passes(limiter, TestExchange.from("::1"))).isTrue();
            assertThat(limiter.counts().failed()).isEqualTo(1);
        }
        RateLimitDecision twice =
                RateLimitDecision.later(CompletableFuture.completedFuture(RateLimitDecision.refuse(List.of())));
        for (CompletableFuture<RateLimitDecision> late : List.of(
                CompletableFuture.completedFuture(twice), CompletableFuture.<RateLimitDecision>completedFuture(null))) {
            RateLimiter limiter =
                    new RateLimiter("r/x", ONE, (name, config) -> (key, detailed) -> RateLimitDecision.later(late));
            Verdict.Later later = (Verdict.Later) limiter.onRequest(TestExchange.from("::1"));
            assertThat(later.verdict().toCompletableFuture().join()).isNull();
            assertThat(limiter.counts().failed()).isEqualTo(1);
        }
    }

    @Test
    void standingsThatCannotBe_areToldWithinBounds() {
        RateLimiter limiter = new RateLimiter(
                "r/x",
                RateLimit.of(5, SECOND).and(7, Duration.ofHours(1)).fields(RateLimitFields.ALWAYS),
                (name, config) -> (key, detailed) -> RateLimitDecision.permit(List.of(
                        new RateLimitDecision.Standing(config.limits().get(0), -5, Duration.ofSeconds(-3)),
                        new RateLimitDecision.Standing(config.limits().get(1), Long.MAX_VALUE, SECOND))));
        TestExchange exchange = TestExchange.from("::1");
        assertThat(passes(limiter, exchange)).isTrue();
        Headers head = Headers.create();
        limiter.onResponse(exchange, 200, head);
        assertThat(fields(head)).contains("RateLimit: \"5-per-1s\";r=0;t=1, \"7-per-1h\";r=7;t=3600");

        RateLimiter refusing = new RateLimiter(
                "r/x",
                ONE,
                (name, config) -> (key, detailed) -> RateLimitDecision.refuse(List.of(
                        new RateLimitDecision.Standing(config.limits().get(0), -1, ChronoUnit.FOREVER.getDuration()))));
        assertThat(fields(refusal(refusing, exchange).fields())).contains("Retry-After: 3153600000");
    }

    @Test
    void name_saysWhoIsCountedWhereThatIsNotTheDefault() {
        assertThat(RateLimiters.nameOf(RateLimit.of(10, SECOND).and(1000, Duration.ofHours(1))))
                .isEqualTo("10-per-1s+1000-per-1h");
        assertThat(RateLimiters.nameOf(RateLimit.of(10, SECOND)
                        .burst(20)
                        .by(
                                Key.clientAddress(),
                                Key.clientAddress(24, 48),
                                Key.header("X"),
                                Key.cookie("c"),
                                Key.query("q"),
                                Key.pathVariable("v"),
                                Key.route())
                        .missingKey(MissingKey.DENY)
                        .exempt("10.0.0.0/8", "::1")
                        .store("fleet")
                        .dryRun(true)))
                .isEqualTo("10-per-1s-burst-20;by=clientAddress,clientAddress/24/48,header:X,cookie:c,query:q,"
                        + "pathVariable:v,route;missingKey=DENY;exempt=10.0.0.0/8,::1;store=fleet");
    }

    @Test
    void store_getsTheNameAndTextsOfKeys() {
        List<String> asked = new ArrayList<>();
        RateLimiter limiter =
                new RateLimiter("catalog/1-per-1h", ONE.by(Key.clientAddress()), (name, config) -> (key, detailed) -> {
                    asked.add(name + " " + key);
                    return RateLimitDecision.permit();
                });
        passes(limiter, TestExchange.from("2001:db8::5"));
        passes(limiter, TestExchange.from("192.0.2.7"));
        assertThat(asked).containsExactly("catalog/1-per-1h 2001:db8:0:0:0:0:0:0", "catalog/1-per-1h 192.0.2.7");
    }
}
