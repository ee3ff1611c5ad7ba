package io.fairlead.proxy.internal.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.TestExchanges;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestRequest;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.Upstream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitChooserTest {

    private static final HashKey USER = HashKey.header("X-User");

    private static Split.Builder split(int... weights) {
        Split.Builder split = Split.builder();
        for (int i = 0; i < weights.length; i++) {
            split.share(share(i), weights[i]);
        }
        return split;
    }

    private static Upstream share(int place) {
        return Upstream.ref("share-" + place);
    }

    private static SplitChooser chooser(Split split, long seed) {
        return new SplitChooser(split, "shop", new SplittableRandom(seed)::nextLong);
    }

    private static SplitChooser chooser(Split.Builder split) {
        return chooser(split.build(), 42);
    }

    @Test
    void valueOfAnOverride_isComparedToItsEnd() {
        byte[] bytes = "=sécret;".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(SplitChooser.isSame(bytes, 1, 6, "sécret")).isTrue();
        for (String other : List.of("", "secret", "Sécret", "sécreT", "sécre", "sécret;", "s\u01e9cret")) {
            assertThat(SplitChooser.isSame(bytes, 1, 6, other)).as(other).isFalse();
        }
    }

    private static Exchange user(int number) {
        return TestExchanges.of(TestRequest.get("/").with("X-User", "user-" + number));
    }

    /** The request as it comes from a client: its fields are bytes. */
    private static Request onTheWire(TestRequest request) {
        Headers fields = HeaderBlock.of(request.headers());
        return (Request) Proxy.newProxyInstance(
                SplitChooserTest.class.getClassLoader(),
                new Class<?>[] {Request.class},
                (proxy, method, arguments) -> method.getName().equals("headers") ? fields : method.invoke(request));
    }

    private static int[] draws(SplitChooser chooser, int shares, int count) {
        int[] counts = new int[shares];
        for (int i = 0; i < count; i++) {
            counts[chooser.place(SplitChooser.NO_KEY)]++;
        }
        return counts;
    }

    private static int[] users(SplitChooser chooser, int count) {
        return IntStream.range(0, count)
                .map(i -> chooser.place(chooser.key(user(i))))
                .toArray();
    }

    private static int count(int[] places, int place) {
        return (int) IntStream.of(places).filter(one -> one == place).count();
    }

    // ---- how much each gets

    /** Of a binomial distribution with n p = 100 all but one in 15,000 seeds lie within four standard deviations, 40. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 42, 2026})
    void oneInTenThousand_getsOneInTenThousandOfAMillion(long seed) {
        int[] counts = draws(chooser(split(9_999, 1).build(), seed), 2, 1_000_000);
        assertThat(counts[1]).isBetween(60, 140);
    }

    @Test
    void finerThanThat_isPossible() {
        int[] counts = draws(chooser(split(1_000_000, 20)), 2, 4_000_000);
        // 80 expected, and 4 times sqrt(80) around it.
        assertThat(counts[1]).isBetween(44, 116);
    }

    @Test
    void everyShare_getsItsWeightOverTheSum() {
        Seeds.run(20, random -> {
            int[] weights = IntStream.range(0, 2 + random.nextInt(5))
                    .map(i -> random.nextInt(1_000_001))
                    .toArray();
            weights[random.nextInt(weights.length)] = 1 + random.nextInt(1_000_000);
            double sum = IntStream.of(weights).asLongStream().sum();
            int draws = 100_000;
            for (boolean keyed : new boolean[] {false, true}) {
                SplitChooser chooser = chooser(split(weights).stickyBy(USER).build(), random.nextLong());
                int[] counts = new int[weights.length];
                int first = random.nextInt(1_000_000_000);
                for (int i = 0; i < draws; i++) {
                    counts[chooser.place(keyed ? chooser.key(user(first + i)) : SplitChooser.NO_KEY)]++;
                }
                for (int i = 0; i < weights.length; i++) {
                    double share = weights[i] / sum;
                    // Six standard deviations: once in half a billion.
                    double slack = 6 * Math.sqrt(draws * share * (1 - share)) + 1e-9;
                    assertThat((double) counts[i]).isBetween(draws * share - slack, draws * share + slack);
                }
            }
        });
    }

    @Test
    void weightOfZero_isNeverHitByAnyPoint() {
        for (long bits : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            for (int[] weights : new int[][] {{0, 5, 0}, {0, 0, 1}, {1, 0, 0}, {0, 1_000_000, 0}}) {
                int place = new SplitChooser(split(weights).build(), "r", () -> bits).place(SplitChooser.NO_KEY);
                assertThat(weights[place]).isPositive();
            }
        }
    }

    @Test
    void pointsAtTheEnds_areTheFirstAndTheLastShare() {
        Split split = split(1_000_000, 1_000_000, 1_000_000).build();
        assertThat(new SplitChooser(split, "r", () -> 0).place(SplitChooser.NO_KEY))
                .isZero();
        assertThat(new SplitChooser(split, "r", () -> -1).place(SplitChooser.NO_KEY))
                .isEqualTo(2);
    }

    // ---- who stays

    @Test
    void raisedWeight_keepsAllOfItsKeys() {
        Seeds.run(50, random -> {
            int[] before = IntStream.range(0, 2 + random.nextInt(4))
                    .map(i -> 1 + random.nextInt(random.nextBoolean() ? 1_000_000 : 10))
                    .toArray();
            int raised = random.nextInt(before.length);
            int[] after = before.clone();
            after[raised] += random.nextInt(1_000_001 - after[raised]);
            int[] were = users(chooser(split(before).stickyBy(USER)), 2_000);
            int[] are = users(chooser(split(after).stickyBy(USER)), 2_000);
            for (int i = 0; i < were.length; i++) {
                if (were[i] == raised) {
                    assertThat(are[i]).isEqualTo(raised);
                }
                if (before.length == 2) {
                    assertThat(are[i] == were[i] || are[i] == raised).isTrue();
                }
            }
        });
    }

    @Test
    void weightMovedBetweenNeighbours_movesNobodyElse() {
        Seeds.run(50, random -> {
            int[] before = IntStream.range(0, 3 + random.nextInt(3))
                    .map(i -> random.nextInt(10_000))
                    .toArray();
            before[0] += 1;
            int left = random.nextInt(before.length - 1);
            int moved = random.nextInt(before[left] + 1);
            int[] after = before.clone();
            after[left] -= moved;
            after[left + 1] += moved;
            int[] were = users(chooser(split(before).stickyBy(USER)), 2_000);
            int[] are = users(chooser(split(after).stickyBy(USER)), 2_000);
            for (int i = 0; i < were.length; i++) {
                assertThat(are[i] == were[i] || were[i] == left && are[i] == left + 1)
                        .isTrue();
            }
        });
    }

    @Test
    void canaryThatGrowsStepByStep_neverLosesAUser() {
        int[] before = users(chooser(split(10_000, 0).stickyBy(USER)), 50_000);
        assertThat(count(before, 1)).isZero();
        for (int weight : new int[] {1, 10, 100, 500, 2_500, 5_000, 9_999, 10_000}) {
            int[] now = users(chooser(split(10_000 - weight, weight).stickyBy(USER)), 50_000);
            for (int i = 0; i < now.length; i++) {
                assertThat(now[i]).isGreaterThanOrEqualTo(before[i]);
            }
            assertThat(count(now, 1) / 50_000.0).isBetween(weight / 10_000.0 - 0.01, weight / 10_000.0 + 0.01);
            before = now;
        }
        assertThat(count(before, 1)).isEqualTo(50_000);
    }

    // ---- who agrees

    /** Proxies of a fleet, of this version and the next, send one key to one share. */
    @Test
    void equalKeys_agreeWhateverTheRandomnessAndForEver() {
        Split split = split(1, 1, 1, 1).stickyBy(USER).build();
        assertThat(users(chooser(split, 1), 1_000)).isEqualTo(users(chooser(split, 2), 1_000));
        assertThat(users(chooser(split, 3), 16)).containsExactly(3, 0, 3, 1, 0, 2, 1, 3, 1, 2, 1, 0, 3, 3, 1, 2);
    }

    @Test
    void routesWithoutASalt_divideIndependently_andThoseOfOneSaltAlike() {
        Split half = split(1, 1).stickyBy(USER).build();
        int[] shop = users(new SplitChooser(half, "shop"), 10_000);
        int[] cart = users(new SplitChooser(half, "cart"), 10_000);
        int same =
                (int) IntStream.range(0, 10_000).filter(i -> shop[i] == cart[i]).count();
        assertThat(same).isBetween(4_800, 5_200);

        Split salted = half.toBuilder().salt("beta").build();
        assertThat(users(new SplitChooser(salted, "shop"), 1_000))
                .isEqualTo(users(new SplitChooser(salted, "cart"), 1_000))
                .isEqualTo(users(new SplitChooser(half, "beta"), 1_000));
    }

    @Test
    void keys_areTakenInTheirOrder_andARequestWithNoneGoesAtRandom() {
        SplitChooser chooser = chooser(split(1, 1).stickyBy(USER, HashKey.cookie("u")));
        long both = chooser.key(
                TestExchanges.of(TestRequest.get("/").with("X-User", "me").with("Cookie", "u=you")));
        long header = chooser.key(TestExchanges.of(TestRequest.get("/").with("X-User", "me")));
        long cookie = chooser.key(TestExchanges.of(TestRequest.get("/").with("Cookie", "a=b; u=me")));
        assertThat(both).isEqualTo(header).isEqualTo(cookie);
        assertThat(chooser.key(TestExchanges.of(TestRequest.get("/").with("X-User", ""))))
                .isEqualTo(SplitChooser.NO_KEY);
        assertThat(draws(chooser, 2, 1_000)[0]).isBetween(400, 600);
    }

    @Test
    void keyOfARequest_isTheSameAsBytesAndAsTexts() {
        SplitChooser chooser =
                chooser(split(1, 1).stickyBy(USER, HashKey.cookie("u"), HashKey.query("q"), HashKey.attribute("a")));
        List<TestRequest> requests = List.of(
                TestRequest.get("/").with("x-user", "J\u00fcrgen"),
                TestRequest.get("/").with("X-User", "").with("Cookie", "b=1;u=\u00ff; c"),
                TestRequest.get("/?q=7").with("Cookie", "u="),
                TestRequest.get("/"));
        InetSocketAddress client = new InetSocketAddress("192.0.2.1", 1);
        for (TestRequest request : requests) {
            assertThat(chooser.key(TestExchanges.of(onTheWire(request), client, Map.of("a", 5))))
                    .isEqualTo(chooser.key(TestExchanges.of(request, client, Map.of("a", 5))))
                    .isNotEqualTo(SplitChooser.NO_KEY);
        }
    }

    // ---- the cookie

    private static SplitChooser withCookie(Duration maxAge) {
        return chooser(split(1, 1).stickyCookie("side", maxAge));
    }

    private static long keyOf(SplitChooser chooser, String... cookieFields) {
        TestRequest request = TestRequest.get("/");
        for (String field : cookieFields) {
            request.with("Cookie", field);
        }
        long key = chooser.key(TestExchanges.of(request));
        assertThat(chooser.key(TestExchanges.of(onTheWire(request), new InetSocketAddress("192.0.2.1", 1), Map.of())))
                .isEqualTo(key);
        return key;
    }

    @Test
    void cookieThatIsGiven_readsBack() {
        SplitChooser chooser = withCookie(Duration.ofDays(30));
        Random random = new Random(7);
        for (int i = 0; i < 1_000; i++) {
            long key = i == 0 ? -1 : i == 1 ? 1 : random.nextLong();
            String field = chooser.setCookie(key, i % 2 == 0);
            assertThat(field)
                    .matches("side=[0-9a-f]{16}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"
                            + (i % 2 == 0 ? "; Secure" : ""));
            assertThat(keyOf(chooser, "a=b; " + field.substring(0, field.indexOf(';')) + "; c=d"))
                    .isEqualTo(key);
        }
        assertThat(keyOf(chooser, "$Version=\"1\"; side=\"000000000000000a\";$Path=\"/\""))
                .isEqualTo(10);
        assertThat(withCookie(Duration.ZERO).setCookie(1, false))
                .isEqualTo("side=0000000000000001; Path=/; HttpOnly; SameSite=Lax");
    }

    @Test
    void newKeys_areNeverTheOneThatMeansNone() {
        SplitChooser chooser = new SplitChooser(split(1).build(), "r", () -> 0);
        assertThat(chooser.newKey()).isNotEqualTo(SplitChooser.NO_KEY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "side=",
                "side",
                "side=1",
                "side=0000000000000000",
                "side=00000000000000001",
                "side=000000000000001",
                "side=000000000000000A",
                "side=000000000000000g",
                "side=\"000000000000001\"",
                "side=\"0000000000000001",
                "side=\"00000000000000001",
                "side=00000000 0000001",
                "side=-000000000000001",
                "Side=0000000000000001",
                "xside=0000000000000001",
                "=0000000000000001"
            })
    void anythingElseInTheCookie_isNoKey(String field) {
        assertThat(keyOf(withCookie(Duration.ZERO), field)).isEqualTo(SplitChooser.NO_KEY);
    }

    @Test
    void cookieOfTheNameThatSomebodyElseSet_isPassedOver() {
        SplitChooser chooser = withCookie(Duration.ZERO);
        assertThat(keyOf(chooser, "side=left; side=0000000000000005")).isEqualTo(5);
        assertThat(keyOf(chooser, "side=left", "a=b;side=0000000000000006 ; side=0000000000000007"))
                .isEqualTo(6);
    }

    // ---- overrides

    private static int overridden(SplitChooser chooser, TestRequest request) {
        int place = chooser.overridden(request);
        assertThat(chooser.overridden(onTheWire(request))).isEqualTo(place);
        return place;
    }

    @Test
    void overrides_areExactAndTheFirstThatFitsWins() {
        SplitChooser chooser = chooser(split(9_999, 1, 0)
                .overrideHeader("X-Canary", "always", share(1))
                .overrideCookie("canary", "never", share(0))
                .overrideHeader("X-Canary", "zero", share(2)));
        assertThat(overridden(chooser, TestRequest.get("/"))).isNegative();
        assertThat(overridden(chooser, TestRequest.get("/").with("x-canary", "always")))
                .isEqualTo(1);
        for (String other : List.of("Always", "always ", "alway", "alwaysx", "")) {
            assertThat(overridden(
                            chooser,
                            TestRequest.get("/").with("Other", "always").with("Cookie", "canary=" + other)))
                    .isNegative();
        }
        assertThat(overridden(
                        chooser, TestRequest.get("/").with("X-Canary", "no").with("X-Canary", "always")))
                .isEqualTo(1);
        assertThat(overridden(chooser, TestRequest.get("/").with("Cookie", "a=b; canary=maybe; canary=never")))
                .isZero();
        assertThat(overridden(
                        chooser,
                        TestRequest.get("/").with("Cookie", "canary=never").with("X-Canary", "always")))
                .isEqualTo(1);
        // Weight 0 is no obstacle.
        assertThat(overridden(chooser, TestRequest.get("/").with("X-Canary", "zero")))
                .isEqualTo(2);
    }

    // ---- explain

    @Test
    void explanation_namesSharesAndWhatDecides() {
        Split split = split(3, 1)
                .stickyBy(USER, HashKey.query("u"), HashKey.clientAddress())
                .overrideCookie("canary", "secret", share(1))
                .build();
        List<String> lines = new ArrayList<>();
        for (TestRequest request : List.of(
                TestRequest.get("/").with("Cookie", "canary=secret"),
                TestRequest.get("/").with("X-User", "user-1"),
                TestRequest.get("/?u=user-1"),
                TestRequest.get("/"))) {
            var choice = SplitExplainer.explain(split, "shop", request);
            assertThat(choice.shares()).extracting("to").containsExactly("share-0", "share-1");
            assertThat(choice.shares()).extracting("percent").containsExactly(75.0, 25.0);
            lines.add(choice.chosen().orElse("?") + " " + choice.reason());
        }
        String place = "share-"
                + new SplitChooser(split, "shop").place(chooser(split, 1).key(user(1)));
        assertThat(lines)
                .containsExactly(
                        "share-1 overrides[0]: the cookie \"canary\"",
                        place + " stickyBy[0]: the header \"X-User\"",
                        place + " stickyBy[1]: the query parameter \"u\"",
                        "? stickyBy[2]: the client's address");
        assertThat(SplitExplainer.explain(split(1).build(), "shop", TestRequest.get("/"))
                        .reason())
                .isEqualTo("at random");
        assertThat(SplitExplainer.explain(
                                split(1).stickyCookie("side", Duration.ZERO).build(), "shop", TestRequest.get("/"))
                        .reason())
                .isEqualTo("at random, and kept by the cookie \"side\" that the client is given");
    }
}
