package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TierLoadsTest {
    private static final Offset<Double> CLOSE = within(1e-6);
    private static final int CASES = 2_000;

    /** Percent of each tier, of tiers of 100 each. */
    private static double[] loads(int threshold, double... usable) {
        double[] all = new double[usable.length];
        Arrays.fill(all, 100);
        return Arrays.stream(TierLoads.of(usable, all, threshold))
                .map(load -> load * 100)
                .toArray();
    }

    /** Envoy's own examples for its factor of 1.4, in whole percent (docs of its priority levels). */
    @ParameterizedTest
    @CsvSource({
        "100, 100, 100, 0",
        "72, 72, 100, 0",
        "71, 71, 100, 0",
        "50, 50, 71, 29",
        "25, 100, 36, 64",
        "0, 100, 0, 100",
        "20, 20, 50, 50",
        "5, 0, 100, 0",
    })
    void twoTiers_shareByWhatIsUsable(int first, int second, int firstLoad, int secondLoad) {
        assertThat(loads(70, first, second)).containsExactly(new double[] {firstLoad, secondLoad}, within(0.5));
    }

    @Test
    void threeTiers_eachTakeWhatIsLeft() {
        assertThat(loads(70, 25, 25, 100)).containsExactly(new double[] {35.714, 35.714, 28.571}, within(0.01));
        assertThat(loads(70, 0, 100, 100)).containsExactly(new double[] {0, 100, 0}, CLOSE);
        // They bear 10 + 20 + 10 of 70, and take all.
        assertThat(loads(70, 10, 20, 10)).containsExactly(new double[] {25, 50, 25}, CLOSE);
    }

    @Test
    void thresholdZero_leavesATierOnlyWhenNothingIsLeftOfIt() {
        assertThat(loads(0, 0.01, 100)).containsExactly(new double[] {100, 0}, CLOSE);
        assertThat(loads(0, 0, 100)).containsExactly(new double[] {0, 100}, CLOSE);
    }

    @Test
    void threshold100_spillsOverWithTheFirstTargetLost() {
        assertThat(loads(100, 100, 100)).containsExactly(new double[] {100, 0}, CLOSE);
        assertThat(loads(100, 90, 100)).containsExactly(new double[] {90, 10}, CLOSE);
    }

    @Test
    void nothingUsable_isNoShareForAnybody() {
        assertThat(loads(70, 0, 0)).containsOnly(0);
        assertThat(TierLoads.of(new double[] {0}, new double[] {0}, 70)).containsOnly(0);
        assertThat(TierLoads.of(new double[0], new double[0], 70)).isEmpty();
    }

    @Test
    void loads_addUpToAll_andMoveOneWay() {
        long seed = 20_261_123;
        Random random = new Random(seed);
        for (int i = 0; i < CASES; i++) {
            int size = 1 + random.nextInt(5);
            int threshold = random.nextInt(101);
            double[] all = random.doubles(size, 1, 1000).toArray();
            double[] usable = new double[size];
            for (int tier = 0; tier < size; tier++) {
                usable[tier] = random.nextInt(4) == 0 ? 0 : all[tier] * random.nextDouble();
            }
            String which = "seed " + seed + ", case " + i;
            double[] loads = TierLoads.of(usable, all, threshold);
            boolean any = Arrays.stream(usable).anyMatch(weight -> weight > 0);
            assertThat(Arrays.stream(loads).sum()).as(which).isCloseTo(any ? 1 : 0, CLOSE);
            for (int tier = 0; tier < size; tier++) {
                assertThat(loads[tier]).as(which).isBetween(0.0, 1.0 + 1e-9);
                if (usable[tier] == 0) {
                    assertThat(loads[tier]).as(which).isZero();
                }
            }

            // With more of one tier, that takes no less, and the tiers behind it no more.
            int grown = random.nextInt(size);
            double[] more = usable.clone();
            more[grown] += (all[grown] - usable[grown]) * random.nextDouble();
            double[] after = TierLoads.of(more, all, threshold);
            assertThat(after[grown]).as(which).isGreaterThanOrEqualTo(loads[grown] - 1e-9);
            for (int tier = grown + 1; tier < size; tier++) {
                assertThat(after[tier]).as(which).isLessThanOrEqualTo(loads[tier] + 1e-9);
            }
        }
    }

    /** Unless all are below the threshold together, nobody has to bear more than 100/threshold of the usual. */
    @Test
    void tierThatSpillsOver_isNotOverloaded() {
        Random random = new Random(7);
        for (int i = 0; i < CASES; i++) {
            int threshold = 1 + random.nextInt(100);
            double[] usable = {random.nextDouble() * 100, 100};
            double[] loads = TierLoads.of(usable, new double[] {100, 100}, threshold);
            assertThat(loads[0] * 100 / usable[0]).isLessThanOrEqualTo(100.0 / threshold + 1e-9);
        }
    }

    // ---- zones

    @ParameterizedTest
    @CsvSource({
        // all of both usable: the zone takes what its share of the targets bears
        "4, 4, 8, 8, 33.333, 100",
        "1, 1, 20, 20, 33.333, 14.29",
        "2, 2, 3, 3, 50, 80",
        "2, 2, 2, 2, 100, 50",
        // some lost: the same rule as for tiers
        "2, 4, 8, 8, 33.333, 71.43",
        "3, 4, 8, 8, 33.333, 100",
        "0, 4, 8, 8, 33.333, 0",
        "4, 4, 0, 8, 33.333, 100",
        "1, 20, 0, 1, 50, 100",
        // both below: in proportion to what they bear
        "1, 5, 1, 5, 50, 50",
    })
    void ownZone_takesWhatItBears(
            double ownUsable, double own, double otherUsable, double other, double trafficPercent, double share) {
        assertThat(100 * TierLoads.ofOwnZone(ownUsable, own, otherUsable, other, trafficPercent / 100, 70))
                .isCloseTo(share, within(0.01));
    }

    /** Three zones with as many proxies, one target against ten each: nobody gets more than the threshold allows. */
    @Test
    void zoneWithFewTargets_isNotOverrunByItsProxies() {
        double[] targets = {1, 10, 10};
        double[] got = new double[3];
        double sum = Arrays.stream(targets).sum();
        for (int zone = 0; zone < 3; zone++) {
            double other = sum - targets[zone];
            double share = TierLoads.ofOwnZone(targets[zone], targets[zone], other, other, 1.0 / 3, 70);
            for (int to = 0; to < 3; to++) {
                got[to] += to == zone ? share / 3 : (1 - share) / 3 * targets[to] / other;
            }
        }
        for (int zone = 0; zone < 3; zone++) {
            assertThat(got[zone] / targets[zone] * sum).isLessThan(1.01);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 70, 100})
    void ownZone_growsWithWhatIsUsable(int threshold) {
        Random random = new Random(threshold);
        for (int i = 0; i < CASES; i++) {
            double own = 1 + random.nextInt(100);
            double other = 1 + random.nextInt(100);
            double traffic = 0.01 + 0.99 * random.nextDouble();
            double usable = own * random.nextDouble();
            double otherUsable = random.nextBoolean() ? other : other * random.nextDouble();
            double share = TierLoads.ofOwnZone(usable, own, otherUsable, other, traffic, threshold);
            double more = usable + (own - usable) * random.nextDouble();
            assertThat(share).isBetween(0.0, 1.0);
            assertThat(TierLoads.ofOwnZone(more, own, otherUsable, other, traffic, threshold))
                    .isGreaterThanOrEqualTo(share - 1e-9);
        }
    }

    // ---- the draw

    @Test
    void drawWithoutKeys_isEven() {
        TierDraw draw = new TierDraw(LoadBalancer.roundRobin(), 1);
        double below = 0;
        for (int i = 0; i < 20_000; i++) {
            below += draw.of(TestExchanges.of(i)) < 0.71 ? 1 : 0;
        }
        assertThat(below / 20_000).isCloseTo(0.71, within(0.01));
    }

    @Test
    void drawByKey_isTheSameForAllThreadsAndEven() {
        LoadBalancer byUser = LoadBalancer.consistentHash(HashKey.header("X-User"));
        TierDraw one = new TierDraw(byUser, 1);
        TierDraw other = new TierDraw(byUser, 2);
        double below = 0;
        for (int i = 0; i < 20_000; i++) {
            double drawn = one.of(TestExchanges.of(i));
            assertThat(other.of(TestExchanges.of(i))).isEqualTo(drawn);
            below += drawn < 0.71 ? 1 : 0;
        }
        assertThat(below / 20_000).isCloseTo(0.71, within(0.01));
    }
}
