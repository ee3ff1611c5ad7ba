package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The strategies that draw and compare: how far they are from the ideal. It is, for targets of unequal weight, a share of the
 * requests as of the weights; for targets of unequal speed, equally many requests under way to each, and so a share in proportion
 * to the speed.
 */
final class LoadTest {
    private static final Exchange EXCHANGE = TestExchanges.of(1);
    private static final int REQUESTS = 200_000;

    private static double[] numbers(String text) {
        return Arrays.stream(text.split("/")).mapToDouble(Double::parseDouble).toArray();
    }

    private static void assertShares(double[] shares, double[] ideal, double percent) {
        double sum = Arrays.stream(ideal).sum();
        for (int i = 0; i < shares.length; i++) {
            double expected = ideal[i] / sum;
            assertThat(shares[i])
                    .as("target %d of %s", i, Arrays.toString(shares))
                    .isCloseTo(expected, offset(expected * percent / 100));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LEAST_REQUESTS, 1/2/3/4, 64",
        "LEAST_REQUESTS, 1/10, 64",
        "LEAST_REQUESTS, 1/1/1/1/2/2/2/4/4/4, 64",
        "LEAST_REQUESTS, 1/1/1/1/1/1/1/1/1/10, 64",
        "LEAST_REQUESTS, 1/99, 256",
        "POWER_OF_TWO_CHOICES, 1/2/3/4, 64",
        "POWER_OF_TWO_CHOICES, 1/10, 64",
        "POWER_OF_TWO_CHOICES, 1/1/1/1/2/2/2/4/4/4, 64",
        "POWER_OF_TWO_CHOICES, 1/1/1/1/1/1/1/1/1/10, 64",
        "POWER_OF_TWO_CHOICES, 1/99, 256",
        "PEAK_EWMA, 1/2/3/4, 64",
        "RANDOM, 1/2/3/4, 64"
    })
    void unequalWeights_areWithinTenPercentOfIdeal(LoadBalancer.Strategy strategy, String weights, int clients) {
        double[] ideal = numbers(weights);
        double[] nanos = new double[ideal.length];
        Arrays.fill(nanos, 1e6);
        double[] shares = new Simulation(strategy, TestCandidate.list(ideal), nanos, 42).shares(clients, REQUESTS);
        assertShares(shares, ideal, 10);
    }

    @ParameterizedTest
    @CsvSource({
        "LEAST_REQUESTS, 1/2/3/4, 64",
        "LEAST_REQUESTS, 1/10, 64",
        "LEAST_REQUESTS, 1/1/1/1/2/2/2/4/4/4, 64",
        "LEAST_REQUESTS, 1/1/1/1/1/1/1/1/1/10, 64",
        "POWER_OF_TWO_CHOICES, 1/10, 64",
        "POWER_OF_TWO_CHOICES, 1/2/3/4, 256",
        "POWER_OF_TWO_CHOICES, 1/1/1/1/1/1/1/1/1/10, 256"
    })
    void unequalSpeeds_areWithinTenPercentOfIdeal(LoadBalancer.Strategy strategy, String times, int clients) {
        double[] nanos = numbers(times);
        double[] speeds = Arrays.stream(nanos).map(time -> 1 / time).toArray();
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] *= 1e6;
        }
        double[] shares =
                new Simulation(strategy, TestCandidate.equal(nanos.length), nanos, 42).shares(clients, REQUESTS);
        assertShares(shares, speeds, 10);
    }

    @ParameterizedTest
    @EnumSource(names = {"LEAST_REQUESTS", "POWER_OF_TWO_CHOICES", "PEAK_EWMA", "RANDOM"})
    void idleTargets_shareByWeight(LoadBalancer.Strategy strategy) {
        double[] weights = {1, 2, 5, 12};
        double[] nanos = {1e6, 1e6, 1e6, 1e6};
        double[] shares = new Simulation(strategy, TestCandidate.list(weights), nanos, 7).shares(1, REQUESTS);
        assertShares(shares, weights, 5);
    }

    /** A canary of weight 1 beside 99 must not get every second request because it is idle. */
    @ParameterizedTest
    @EnumSource(names = {"LEAST_REQUESTS", "POWER_OF_TWO_CHOICES", "PEAK_EWMA"})
    void lightTargetUnderLittleLoad_doesNotGetMoreThanItsShare(LoadBalancer.Strategy strategy) {
        for (int clients : new int[] {2, 4, 16, 64}) {
            double[] shares = new Simulation(strategy, TestCandidate.list(1, 99), new double[] {1e6, 1e6}, 7)
                    .shares(clients, REQUESTS);
            assertThat(shares[0]).as("%d clients", clients).isBetween(0.004, 0.011);
        }
    }

    @Test
    void leastRequests_takesTheLeastLoaded() {
        List<TestCandidate> list = TestCandidate.list(1, 2, 1);
        list.get(0).inFlight = 3;
        list.get(1).inFlight = 4;
        list.get(2).inFlight = 5;
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(LoadBalancer.leastRequests(), 0, 1);
        for (int i = 0; i < 100; i++) {
            assertThat(picker.pick(candidates, EXCHANGE)).isEqualTo(1);
        }
    }

    @Test
    void leastRequests_drawsAmongEqualOnes() {
        List<TestCandidate> list = TestCandidate.equal(4);
        list.get(1).inFlight = 1;
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(LoadBalancer.leastRequests(), 0, 1);
        int[] counts = new int[4];
        for (int i = 0; i < 30_000; i++) {
            counts[picker.pick(candidates, EXCHANGE)]++;
        }
        assertThat(counts[1]).isZero();
        assertThat(counts[0]).isBetween(9_500, 10_500);
        assertThat(counts[2]).isBetween(9_500, 10_500);
    }

    @Test
    void powerOfTwo_neverTakesTheMostLoaded() {
        List<TestCandidate> list = TestCandidate.equal(5);
        list.get(3).inFlight = 1;
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(LoadBalancer.powerOfTwoChoices(), 0, 1);
        for (int i = 0; i < 10_000; i++) {
            assertThat(picker.pick(candidates, EXCHANGE)).isNotEqualTo(3);
        }
    }

    @Test
    void peakEwma_prefersTheQuickOne_asLongAsItIsNotBusy() {
        List<TestCandidate> list = TestCandidate.equal(2);
        list.get(0).latencyNanos = 1_000_000;
        list.get(1).latencyNanos = 10_000_000;
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(LoadBalancer.peakEwma(), 0, 1);
        for (int busy = 0; busy < 9; busy++) {
            list.get(0).inFlight = busy;
            assertThat(picker.pick(candidates, EXCHANGE)).isEqualTo(0);
        }
        list.get(0).inFlight = 10;
        assertThat(picker.pick(candidates, EXCHANGE)).isEqualTo(1);
    }

    @Test
    void peakEwma_triesUnknownTargets_withOneRequestAtATime() {
        List<TestCandidate> list = TestCandidate.equal(2);
        list.get(0).latencyNanos = 1_000_000;
        list.get(0).inFlight = 5;
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(LoadBalancer.peakEwma(), 0, 1);
        assertThat(picker.pick(candidates, EXCHANGE)).isEqualTo(1);
        list.get(1).inFlight = 1;
        for (int i = 0; i < 100; i++) {
            assertThat(picker.pick(candidates, EXCHANGE)).isEqualTo(0);
        }
    }

    /** Drawn from a list that was not there before, from its table, and from another list in between. */
    @Test
    void draws_haveTheSharesOfTheWeights_withTableAndWithout() {
        double[] weights = {1, 60, 2, 37};
        List<TestCandidate> list = TestCandidate.list(weights);
        Candidates usual = TestCandidate.candidates(list);
        Sampler sampler = new Sampler(5);
        int[] tabled = new int[4];
        int[] walked = new int[4];
        int[] seconds = new int[4];
        for (int i = 0; i < REQUESTS; i++) {
            tabled[sampler.first(usual)]++;
            Candidates once = TestCandidate.candidates(list);
            int first = sampler.first(once);
            walked[first]++;
            int second = sampler.second(once, first);
            assertThat(second).isNotEqualTo(first);
            if (first == 1) {
                seconds[second]++;
            }
        }
        assertShares(shares(tabled), weights, 10);
        assertShares(shares(walked), weights, 10);
        assertThat(seconds[3] / (double) walked[1]).isCloseTo(37 / 40.0, offset(0.02));
    }

    private static double[] shares(int[] counts) {
        double sum = Arrays.stream(counts).sum();
        return Arrays.stream(counts).mapToDouble(count -> count / sum).toArray();
    }
}
