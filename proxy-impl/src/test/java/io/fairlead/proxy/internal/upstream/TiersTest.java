package io.fairlead.proxy.internal.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.Pickers;
import io.fairlead.proxy.internal.balancer.TierDraw;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.observe.TierStatus;
import io.fairlead.proxy.observe.TierStatus.Zone;
import io.fairlead.proxy.testing.TestRequest;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which share of the requests each tier gets, by the picks themselves. */
class TiersTest {
    private static final int PICKS = 10_000;

    private final NameResolver resolver = new NameResolver(
            "tiers-test",
            name -> {
                throw new AssertionError("a literal is not looked up");
            },
            System::nanoTime);

    private final List<PoolTarget> targets = new ArrayList<>();
    private UpstreamPool.Builder config = UpstreamPool.builder("p");
    private String zone = "";

    @AfterEach
    void close() {
        targets.forEach(target -> target.client().close());
        resolver.close();
    }

    private PoolTarget add(int priority, String in) {
        Target.Builder target = Target.builder("http://127.0.0." + (1 + targets.size()) + ":" + (1000 + priority));
        target.priority(priority);
        if (!in.isEmpty()) {
            target.zone(in);
        }
        return add(target.build());
    }

    private PoolTarget add(Target target) {
        UpstreamPool pool = UpstreamPool.of("p");
        PoolTarget added = new PoolTarget(
                target,
                new ClientTarget(target, pool, 1, resolver),
                pool.outlierDetection(),
                1,
                (outlier, reason) -> {});
        targets.add(added);
        return added;
    }

    private void add(int count, int priority, String in) {
        for (int i = 0; i < count; i++) {
            add(priority, in);
        }
    }

    /** The first ones of a tier are gone. */
    private void lose(int count, int priority) {
        targets.stream()
                .filter(target -> target.target().priority() == priority)
                .filter(PoolTarget::isUsable)
                .limit(count)
                .forEach(target -> target.set(Unusable.CHECK_FAILED, true, "gone"));
    }

    private void recover() {
        targets.forEach(target -> target.set(Unusable.CHECK_FAILED, false, ""));
    }

    private Selection selection() {
        return Selection.of(targets, config.build(), zone.isEmpty() ? null : zone);
    }

    private PoolShard shard() {
        UpstreamPool pool = config.build();
        return new PoolShard(
                pool,
                new TierPickers(
                        part -> Pickers.of(pool, Map.of(), 0, 42 + part), new TierDraw(pool.loadBalancer(), 42)),
                new RetryBudget(pool.retry(), 1));
    }

    private static Exchange exchange(int user) {
        Request request = TestRequest.get("/").with("X-User", "user-" + user);
        return (Exchange) Proxy.newProxyInstance(
                TiersTest.class.getClassLoader(),
                new Class<?>[] {Exchange.class},
                (proxy, method, arguments) -> request);
    }

    /** Percent of the picks by target. */
    private Map<PoolTarget, Double> picks() {
        Selection selection = selection();
        PoolShard shard = shard();
        Map<PoolTarget, Double> shares = new HashMap<>();
        for (int i = 0; i < PICKS; i++) {
            PoolTarget picked = shard.pick(selection, exchange(i), List.of());
            assertThat(picked).isNotNull();
            picked.ended();
            shares.merge(picked, 100.0 / PICKS, Double::sum);
        }
        return shares;
    }

    /** Percent of the picks by priority. */
    private Map<Integer, Double> byPriority() {
        Map<Integer, Double> shares = new TreeMap<>();
        picks().forEach((target, share) -> shares.merge(target.target().priority(), share, Double::sum));
        return shares;
    }

    private Map<String, Double> byZone() {
        Map<String, Double> shares = new TreeMap<>();
        picks().forEach((target, share) -> shares.merge(target.target().zone().orElse(""), share, Double::sum));
        return shares;
    }

    private List<TierStatus> status() {
        return selection().tiers().status();
    }

    // ---- priorities

    @Test
    void allPrimariesUsable_backupGetsNothing() {
        add(4, 0, "");
        add(2, 1, "");
        assertThat(byPriority()).containsOnlyKeys(0);
        assertThat(selection().only()).isNotNull();
        assertThat(status())
                .containsExactly(
                        new TierStatus(0, Zone.ALL, 100, 100, 4, 4), new TierStatus(1, Zone.ALL, 0, 100, 2, 2));
    }

    @ParameterizedTest
    @EnumSource(LoadBalancer.Strategy.class)
    void halfOfThePrimariesGone_backupTakesWhatTheyDoNotBear(LoadBalancer.Strategy strategy) {
        config.loadBalancer(strategy);
        add(4, 0, "");
        add(2, 1, "");
        lose(2, 0);
        Map<PoolTarget, Double> picks = picks();
        assertThat(picks).doesNotContainKeys(targets.get(0), targets.get(1));
        assertThat(picks.get(targets.get(2))).isCloseTo(35.7, within(2.0));
        assertThat(picks.get(targets.get(3))).isCloseTo(35.7, within(2.0));
        assertThat(picks.get(targets.get(4))).isCloseTo(14.3, within(2.0));
        assertThat(picks.get(targets.get(5))).isCloseTo(14.3, within(2.0));
    }

    @Test
    void eachReason_countsAsLoss_andAWeightOfZeroDoesNot() {
        add(4, 0, "");
        add(1, 1, "");
        targets.get(0).set(Unusable.EJECTED, true, "");
        targets.get(1).set(Unusable.DRAINED, true, "");
        assertThat(byPriority().get(1)).isCloseTo(28.6, within(1.5));
        targets.get(1).set(Unusable.DRAINED, false, "");
        targets.get(1).set(Unusable.BREAKER_OPEN, true, "");
        assertThat(byPriority().get(1)).isCloseTo(28.6, within(1.5));

        recover();
        targets.get(0).set(Unusable.EJECTED, false, "");
        targets.get(1).set(Unusable.BREAKER_OPEN, false, "");
        for (int i = 0; i < 2; i++) {
            targets.get(i)
                    .configure(targets.get(i).target().toBuilder().weight(0).build());
        }
        assertThat(byPriority()).containsOnlyKeys(0);
        assertThat(status().get(0)).isEqualTo(new TierStatus(0, Zone.ALL, 100, 100, 2, 2));
    }

    @Test
    void weights_sayHowMuchOfATierIsLost() {
        PoolTarget heavy = add(Target.builder("http://127.0.0.1:1").weight(3).build());
        add(0, "");
        add(1, "");
        heavy.set(Unusable.EJECTED, true, "");
        assertThat(status().get(0).usablePercent()).isEqualTo(25);
        assertThat(byPriority().get(0)).isCloseTo(35.7, within(1.5));
    }

    @Test
    void slowStart_bringsTheTierBackBitByBit() {
        add(2, 0, "");
        add(1, 1, "");
        lose(2, 0);
        assertThat(byPriority()).containsOnlyKeys(1);
        recover();
        targets.get(0).share(0.1);
        targets.get(1).share(0.1);
        assertThat(byPriority().get(0)).isCloseTo(14.3, within(1.5));
        targets.get(0).share(0.7);
        targets.get(1).share(0.7);
        assertThat(byPriority()).containsOnlyKeys(0);
    }

    @Test
    void gapsInPriorities_doNotMatter() {
        add(1, 5, "");
        add(1, 127, "");
        assertThat(byPriority()).containsOnlyKeys(5);
        lose(1, 5);
        assertThat(byPriority()).containsOnlyKeys(127);
    }

    @Test
    void thresholdZero_usesTheBackupOnlyWhenNoPrimaryIsLeft() {
        config.spillOverThreshold(0);
        add(4, 0, "");
        add(1, 1, "");
        lose(3, 0);
        assertThat(byPriority()).containsOnlyKeys(0);
        lose(1, 0);
        assertThat(byPriority()).containsOnlyKeys(1);
    }

    @Test
    void tiersThatAreAllBelow_takeMoreInProportion() {
        config.panicThreshold(0);
        add(10, 0, "");
        add(10, 1, "");
        lose(8, 0);
        lose(6, 1);
        assertThat(byPriority().get(0)).isCloseTo(33.3, within(1.5));
        assertThat(byPriority().get(1)).isCloseTo(66.7, within(1.5));
    }

    @Test
    void consistentHash_keepsEachKeyInItsTierAndAtItsTarget() {
        config.loadBalancer(LoadBalancer.consistentHash(HashKey.header("X-User")));
        add(4, 0, "");
        add(2, 1, "");
        Map<Integer, PoolTarget> before = byUser();
        lose(2, 0);
        Map<Integer, PoolTarget> half = byUser();
        assertThat(byUser()).isEqualTo(half);
        int stayed = 0;
        int lost = 0;
        for (int user : before.keySet()) {
            if (before.get(user).isUsable()) {
                stayed += half.get(user) == before.get(user) ? 1 : 0;
                // A key of a primary that is well is there still, or has spilled over.
                assertThat(half.get(user) == before.get(user)
                                || half.get(user).target().priority() == 1)
                        .isTrue();
            } else {
                lost++;
            }
        }
        assertThat(stayed / (double) (PICKS - lost)).isCloseTo(0.714, within(0.02));
    }

    private Map<Integer, PoolTarget> byUser() {
        Selection selection = selection();
        PoolShard shard = shard();
        Map<Integer, PoolTarget> picked = new TreeMap<>();
        for (int user = 0; user < PICKS; user++) {
            PoolTarget one = shard.pick(selection, exchange(user), List.of());
            one.ended();
            picked.put(user, one);
        }
        return picked;
    }

    @ParameterizedTest
    @EnumSource(LoadBalancer.Strategy.class)
    void pick_allocatesNothing_alsoWhileTiersShare(LoadBalancer.Strategy strategy) {
        config.loadBalancer(strategy);
        add(4, 0, "");
        add(2, 1, "");
        assertThat(allocated(selection())).isLessThan(PICKS);
        lose(2, 0);
        assertThat(selection().only()).isNull();
        assertThat(allocated(selection())).isLessThan(PICKS);
    }

    /** Bytes of so many picks: far below one for each. */
    private long allocated(Selection selection) {
        PoolShard shard = shard();
        Exchange exchange = exchange(1);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        // What the first rounds allocate is the tables, and what compiles.
        for (int round = 0; round < 5; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < PICKS; i++) {
                shard.pick(selection, exchange, List.of()).ended();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    // ---- retries and limits

    @Test
    void retry_goesToTheOthersOfTheTier_thenToTheNextTiers_thenToEjectedOnes() {
        add(2, 0, "");
        add(1, 1, "");
        add(1, 2, "");
        PoolTarget ejected = add(0, "");
        ejected.set(Unusable.EJECTED, true, "");
        config.spillOverThreshold(50);
        Selection selection = selection();
        PoolShard shard = shard();
        List<PoolTarget> tried = new ArrayList<>();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            PoolTarget next = shard.pick(selection, exchange(i), List.copyOf(tried));
            assertThat(tried).doesNotContain(next);
            tried.add(next);
            order.add(next.target().priority());
            next.ended();
        }
        assertThat(order).containsExactly(0, 0, 1, 2, 0);
        assertThat(tried.get(4)).isSameAs(ejected);
        // All have failed: the tier begins anew.
        assertThat(shard.pick(selection, exchange(1), tried).target().priority())
                .isZero();
    }

    @Test
    void targetsAtTheirLimit_passTheRequestOnToTheNextTier() {
        add(2, 0, "");
        add(2, 1, "");
        targets.forEach(target -> target.limit(1, null));
        Selection selection = selection();
        PoolShard shard = shard();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            order.add(shard.pick(selection, exchange(i), List.of()).target().priority());
        }
        assertThat(order).containsExactly(0, 0, 1, 1);
        assertThat(shard.pick(selection, exchange(5), List.of())).isNull();
    }

    /** With all of 600 targets at their limit, a refusal once took half a second of the I/O thread. */
    @ParameterizedTest
    @EnumSource(LoadBalancer.Strategy.class)
    void allTargetsAtTheirLimit_refuseCheaply(LoadBalancer.Strategy strategy) {
        config.loadBalancer(strategy);
        addMany(500, 0);
        addMany(100, 1);
        targets.forEach(target -> target.limit(0, null));
        Selection selection = selection();
        PoolShard shard = shard();
        Exchange exchange = exchange(1);
        shard.pick(selection, exchange, List.of());
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10; i++) {
            assertThat(shard.pick(selection, exchange, List.of())).isNull();
            assertThat(shard.refusal()).isEqualTo(FailureCode.UPSTREAM_OVERLOADED);
        }
        // A few lists of all targets, and not one for each target.
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10 * 64_000);
        assertThat(targets).allMatch(target -> target.inFlight() == 0);
    }

    @ParameterizedTest
    @EnumSource(LoadBalancer.Strategy.class)
    void oneTargetOfManyBelowItsLimit_isFound(LoadBalancer.Strategy strategy) {
        config.loadBalancer(strategy);
        addMany(40, 0);
        addMany(40, 1);
        for (PoolTarget free : targets) {
            targets.forEach(target -> target.limit(target == free ? 1 : 0, null));
            assertThat(shard().pick(selection(), exchange(1), List.of())).isSameAs(free);
            free.ended();
        }
    }

    /** What one full target refuses goes to those that the strategy wants, and what many refuse to all others. */
    @Test
    void targetsAtTheirLimit_spillOverToAllOthers() {
        addMany(8, 0);
        targets.subList(0, 2).forEach(target -> target.limit(0, null));
        picks().forEach((target, share) -> assertThat(share).isCloseTo(100.0 / 6, within(2.0)));
        targets.subList(0, 4).forEach(target -> target.limit(0, null));
        Map<PoolTarget, Double> picks = picks();
        assertThat(picks).containsOnlyKeys(targets.subList(4, 8));
        picks.values().forEach(share -> assertThat(share).isGreaterThan(20));
    }

    private void addMany(int count, int priority) {
        for (int i = 0; i < count; i++) {
            add(Target.builder("http://127.1." + i / 250 + "." + (1 + i % 250) + ":" + (1000 + priority))
                    .priority(priority)
                    .build());
        }
    }

    @Test
    void retryThatMeetsALimit_triesNoTargetTwice() {
        add(2, 0, "");
        add(1, 1, "");
        targets.get(1).limit(0, null);
        targets.get(2).limit(0, null);
        assertThat(shard().pick(selection(), exchange(1), List.of(targets.get(0))))
                .isNull();
    }

    // ---- panic

    @Test
    void backupThatIsWell_isNoPanic() {
        config.panicThreshold(50);
        add(4, 0, "");
        add(1, 1, "");
        lose(4, 0);
        assertThat(selection().panics()).isFalse();
        assertThat(byPriority()).containsOnlyKeys(1);
    }

    @Test
    void allTiersBelowThePanicThreshold_useTheirIllOnesToo_withTheSharesOfTheWellOnes() {
        config.panicThreshold(50);
        add(5, 0, "");
        add(5, 1, "");
        lose(5, 0);
        lose(3, 1);
        Selection selection = selection();
        assertThat(selection.panics()).isTrue();
        // Nothing is known to work in the first tier, so it does not get all of them back.
        Map<PoolTarget, Double> picks = picks();
        assertThat(picks).hasSize(5);
        picks.forEach((target, share) -> {
            assertThat(target.target().priority()).isEqualTo(1);
            assertThat(share).isCloseTo(20, within(2.0));
        });
    }

    @Test
    void nothingUsableAnywhere_goesToTheFirstTierInPanic_andNowhereWithoutPanic() {
        add(2, 0, "");
        add(2, 1, "");
        lose(2, 0);
        lose(2, 1);
        assertThat(selection().panics()).isTrue();
        assertThat(byPriority()).containsOnlyKeys(0);
        config.panicThreshold(0);
        assertThat(selection().panics()).isFalse();
        assertThat(shard().pick(selection(), exchange(1), List.of())).isNull();
    }

    // ---- zones

    @Test
    void ownZone_isPreferredWithinTheTier() {
        add(2, 0, "a");
        add(2, 0, "b");
        add(2, 0, "c");
        assertThat(byZone()).containsOnlyKeys("a", "b", "c");
        zone = "b";
        assertThat(byZone()).containsOnlyKeys("b");
        config.zonePreference(ZonePreference.off());
        assertThat(byZone()).containsOnlyKeys("a", "b", "c");
    }

    @Test
    void zoneWithoutTargetsOfItsOwn_usesAll() {
        add(1, 0, "a");
        add(1, 0, "b");
        zone = "c";
        assertThat(byZone()).containsOnlyKeys("a", "b");
        assertThat(status()).containsExactly(new TierStatus(0, Zone.ALL, 100, 100, 2, 2));
    }

    @Test
    void ownZoneThatLosesTargets_spillsOverToTheOtherZonesFirst_thenToTheNextTier() {
        zone = "a";
        add(4, 0, "a");
        add(4, 0, "b");
        add(4, 1, "a");
        lose(2, 0);
        // 50 % of the own zone bear 71 %, and 75 % of the tier bear all.
        assertThat(status())
                .extracting(TierStatus::zone, one -> Math.round(one.loadPercent()))
                .containsExactly(tuple(Zone.OWN, 71L), tuple(Zone.OTHER, 29L), tuple(Zone.ALL, 0L));
        lose(2, 0);
        lose(2, 0);
        // Nothing is left of the own zone, and 25 % of the tier bear 36 %.
        Map<Integer, Double> shares = byPriority();
        assertThat(shares.get(0)).isCloseTo(35.7, within(1.5));
        assertThat(shares.get(1)).isCloseTo(64.3, within(1.5));
    }

    @Test
    void zoneWithFewTargets_takesNoMoreThanItsShare_unlessTold() {
        zone = "a";
        add(1, 0, "a");
        add(10, 0, "b");
        add(10, 0, "c");
        assertThat(byZone().get("a")).isCloseTo(14.3, within(1.5));
        config.zonePreference(ZonePreference.ofDefaults().withTrafficPercent(2));
        assertThat(byZone()).containsOnlyKeys("a");
        config.zonePreference(ZonePreference.ofDefaults().withTrafficPercent(100));
        assertThat(byZone().get("a")).isCloseTo(4.8, within(1.0));
        config.zonePreference(ZonePreference.ofDefaults().withMinTargets(2));
        assertThat(status()).containsExactly(new TierStatus(0, Zone.ALL, 100, 100, 21, 21));
    }

    @Test
    void targetsWithoutZone_areAZoneOfTheirOwn() {
        zone = "a";
        add(2, 0, "a");
        add(2, 0, "");
        assertThat(byZone()).containsOnlyKeys("a");
    }

    // ---- whatever there is

    @Test
    void anyPool_sharesAllRequestsAmongTargetsThatMayBePicked() {
        for (int seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            targets.forEach(target -> target.client().close());
            targets.clear();
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                Target.Builder target = Target.builder("http://127.0.0." + i)
                        .priority(random.nextInt(3))
                        .weight(random.nextInt(4));
                if (random.nextBoolean()) {
                    target.zone(random.nextBoolean() ? "a" : "b");
                }
                PoolTarget added = add(target.build());
                if (random.nextInt(3) == 0) {
                    // DRAINING is what the weight says.
                    Unusable[] reasons = Unusable.values();
                    added.set(reasons[1 + random.nextInt(reasons.length - 1)], true, "at random");
                }
                added.share(random.nextBoolean() ? 1 : 0.1 + 0.9 * random.nextDouble());
            }
            config.spillOverThreshold(random.nextInt(101))
                    .panicThreshold(List.of(0, 1, 50, 100).get(random.nextInt(4)))
                    .zonePreference(
                            new ZonePreference(random.nextInt(4) > 0, random.nextInt(101), 1 + random.nextInt(2)));
            zone = List.of("", "a", "c").get(random.nextInt(3));
            hasShares("seed " + seed + " " + targets);
        }
    }

    private void hasShares(String which) {
        Selection selection = selection();
        List<PoolTarget> usable = targets.stream()
                .filter(target -> selection.panics() ? target.isUsableInPanic() : target.isUsable())
                .toList();
        List<TierStatus> tiers = selection.tiers().status();
        assertThat(tiers.stream().mapToDouble(TierStatus::loadPercent).sum())
                .as(which)
                .isCloseTo(usable.isEmpty() ? 0 : 100, within(1e-6));
        assertThat(selection.usable().size()).as(which).isEqualTo(usable.size());
        long takers = tiers.stream().filter(tier -> tier.loadPercent() > 0).count();
        assertThat(selection.only() != null).as(which).isEqualTo(takers < 2);
        PoolShard shard = shard();
        for (int i = 0; i < 20; i++) {
            PoolTarget picked = shard.pick(selection, exchange(i), List.of());
            if (usable.isEmpty()) {
                assertThat(picked).as(which).isNull();
            } else {
                assertThat(picked).as(which).isIn(usable);
                picked.ended();
            }
        }
        // Everything that may be picked is reached by attempts that go on, each once.
        List<PoolTarget> tried = new ArrayList<>();
        while (tried.size() < usable.size()) {
            PoolTarget next = shard.pick(selection, exchange(1), List.copyOf(tried));
            assertThat(next).as(which).isIn(usable).isNotIn(tried);
            next.ended();
            tried.add(next);
        }
        assertThat(selection.usable().hasOther(tried)).as(which).isFalse();
    }

    // ---- what is told

    @Test
    void changesOfWhoTakesRequests_areTold_andSharesAloneAreNot() {
        add(4, 0, "");
        add(2, 1, "");
        SpillOver watch = new SpillOver();
        assertThat(watch.next(selection().tiers())).isNull();
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isNull();
        lose(1, 0);
        Tiers half = selection().tiers();
        assertThat(watch.next(half)).isEqualTo(What.SPILL_OVER_BEGAN);
        assertThat(half.describe())
                .isEqualTo("priority 0: 2 of 4 usable (50 % by weight), takes 71 %;"
                        + " priority 1: 2 of 2 usable (100 % by weight), takes 29 %");
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isNull();
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_CHANGED);
        recover();
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_ENDED);
        assertThat(watch.next(selection().tiers())).isNull();
    }

    @Test
    void panicThatLeadsBackToTheFirstTier_doesNotEndTheSpillOver() {
        add(1, 0, "");
        add(1, 1, "");
        SpillOver watch = new SpillOver();
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_BEGAN);
        lose(1, 1);
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_CHANGED);
        targets.get(1).set(Unusable.CHECK_FAILED, false, "");
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_CHANGED);
        recover();
        assertThat(watch.next(selection().tiers())).isEqualTo(What.SPILL_OVER_ENDED);
    }

    @Test
    void poolOfOneTier_tellsNothingWhateverBecomesOfIt() {
        add(2, 0, "a");
        SpillOver watch = new SpillOver();
        assertThat(watch.next(selection().tiers())).isNull();
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isNull();
        lose(1, 0);
        assertThat(watch.next(selection().tiers())).isNull();
        config.panicThreshold(0);
        assertThat(watch.next(selection().tiers())).isNull();
        recover();
        assertThat(watch.next(selection().tiers())).isNull();
    }

    @Test
    void zoneThatNeverTakesAll_isTheUsualAndNoSpillOver() {
        zone = "a";
        add(1, 0, "a");
        add(4, 0, "b");
        assertThat(selection().only()).isNull();
        assertThat(new SpillOver().next(selection().tiers())).isNull();
    }
}
