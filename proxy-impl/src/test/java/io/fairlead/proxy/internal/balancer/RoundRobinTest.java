package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.testing.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The two strategies that go by turns. */
final class RoundRobinTest {
    private static final Exchange EXCHANGE = TestExchanges.of(1);

    private static TargetPicker picker(LoadBalancer.Strategy strategy, int thread) {
        return Pickers.of(strategy, thread, 1);
    }

    /** The names of those that are picked: a for the first target, b for the second. */
    private static String picks(TargetPicker picker, Candidates candidates, int count) {
        StringBuilder picks = new StringBuilder();
        for (int i = 0; i < count; i++) {
            TestCandidate picked = (TestCandidate) candidates.get(picker.pick(candidates, EXCHANGE));
            picks.append(name(picked));
        }
        return picks.toString();
    }

    private static char name(TestCandidate candidate) {
        String url = candidate.target().url();
        return (char) ('a' + Integer.parseInt(url.substring("http://10.0.0.".length(), url.lastIndexOf(':'))));
    }

    @ParameterizedTest
    @CsvSource({
        "ROUND_ROBIN, 1/1/1, abcabcabc",
        "ROUND_ROBIN, 7/7/7, abcabcabc",
        "ROUND_ROBIN, 3/1, aaabaaab",
        "ROUND_ROBIN, 1/2/1, babcbabc",
        "ROUND_ROBIN, 5/1/1, aaaaabcaaaaabc",
        "WEIGHTED_ROUND_ROBIN, 1/1/1, abcabcabc",
        "WEIGHTED_ROUND_ROBIN, 5/1/1, aabacaaaabacaa",
        "WEIGHTED_ROUND_ROBIN, 3/1, aabaaaba",
        "WEIGHTED_ROUND_ROBIN, 4/3/2, abcabacba"
    })
    void turns_areThese(LoadBalancer.Strategy strategy, String weights, String expected) {
        double[] numbers = Arrays.stream(weights.split("/"))
                .mapToDouble(Double::parseDouble)
                .toArray();
        Candidates candidates = TestCandidate.candidates(TestCandidate.list(numbers));
        assertThat(picks(picker(strategy, 0), candidates, expected.length())).isEqualTo(expected);
    }

    @Test
    void threads_beginAtDifferentTargets() {
        Candidates candidates = TestCandidate.candidates(TestCandidate.equal(3));
        StringBuilder first = new StringBuilder();
        for (int thread = 0; thread < 4; thread++) {
            first.append(picks(picker(LoadBalancer.Strategy.ROUND_ROBIN, thread), candidates, 1));
            first.append(picks(picker(LoadBalancer.Strategy.WEIGHTED_ROUND_ROBIN, thread), candidates, 1));
        }
        assertThat(first.toString()).isEqualTo("aabbccaa");
    }

    @ParameterizedTest
    @EnumSource(names = {"ROUND_ROBIN", "WEIGHTED_ROUND_ROBIN"})
    void everyRun_hasTheSharesOfTheWeights(LoadBalancer.Strategy strategy) {
        Seeds.run(100, random -> {
            double[] weights = new double[1 + random.nextInt(8)];
            double total = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = 1 + random.nextInt(20);
                total += weights[i];
            }
            Candidates candidates = TestCandidate.candidates(TestCandidate.list(weights));
            TargetPicker picker = picker(strategy, random.nextInt(4));
            int[] counts = new int[weights.length];
            int rounds = 10;
            for (int i = 0; i < total * rounds; i++) {
                counts[picker.pick(candidates, EXCHANGE)]++;
            }
            for (int i = 0; i < weights.length; i++) {
                assertThat((double) counts[i]).isCloseTo(weights[i] * rounds, offset(2.0));
            }
        });
    }

    /** Retries took the next turn: the neighbour of the target that fails got its load, and the failing one another turn. */
    @ParameterizedTest
    @CsvSource({
        "ROUND_ROBIN, 1/1/1/1",
        "ROUND_ROBIN, 5/1/1",
        "ROUND_ROBIN, 1/5/1",
        "ROUND_ROBIN, 1/2/3/4",
        "WEIGHTED_ROUND_ROBIN, 1/1/1/1",
        "WEIGHTED_ROUND_ROBIN, 5/1/1",
        "WEIGHTED_ROUND_ROBIN, 1/2/3/4"
    })
    void targetThatFailsEveryTime_keepsItsTurn_andLeavesItsLoadToAllOthers(
            LoadBalancer.Strategy strategy, String numbers) {
        double[] weights = Arrays.stream(numbers.split("/"))
                .mapToDouble(Double::parseDouble)
                .toArray();
        double total = Arrays.stream(weights).sum();
        int requests = 40_000;
        for (int bad = 0; bad < weights.length; bad++) {
            List<TestCandidate> all = TestCandidate.list(weights);
            Candidates usual = TestCandidate.candidates(all);
            TargetPicker picker = picker(strategy, 0);
            int[] first = new int[weights.length];
            int[] served = new int[weights.length];
            for (int i = 0; i < requests; i++) {
                int picked = picker.pick(usual, EXCHANGE);
                first[picked]++;
                if (picked == bad) {
                    List<TestCandidate> left = new ArrayList<>(all);
                    left.remove(bad);
                    int retry = picker.pick(TestCandidate.candidates(left), EXCHANGE);
                    picked = retry < bad ? retry : retry + 1;
                }
                served[picked]++;
            }
            for (int i = 0; i < weights.length; i++) {
                double turns = requests * weights[i] / total;
                double share = i == bad ? 0 : requests * weights[i] / (total - weights[bad]);
                assertThat((double) first[i]).as("turns, %d fails", bad).isCloseTo(turns, offset(10.0));
                assertThat((double) served[i]).as("served, %d fails", bad).isCloseTo(share, offset(share * 0.04));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ROUND_ROBIN", "WEIGHTED_ROUND_ROBIN"})
    void listThatChanges_goesOnWithTheNextTurn(LoadBalancer.Strategy strategy) {
        List<TestCandidate> all = TestCandidate.equal(4);
        TargetPicker picker = picker(strategy, 0);
        assertThat(picks(picker, TestCandidate.candidates(all), 2)).isEqualTo("ab");
        // b leaves and comes back. A smaller list may be that of a retry when it comes for the first time.
        String less = picks(picker, TestCandidate.candidates(List.of(all.get(0), all.get(2), all.get(3))), 4);
        String again = picks(picker, TestCandidate.candidates(all), 4);
        if (strategy == LoadBalancer.Strategy.ROUND_ROBIN) {
            assertThat(less.substring(1) + again).isEqualTo("cdabcda");
        } else {
            assertThat(less.substring(1, 3)).isEqualTo("cd");
            assertThat(again.chars().distinct().count()).isEqualTo(4);
        }
    }

    @Test
    void weightsOfAnotherScale_leaveNoDebts() {
        List<TestCandidate> all = TestCandidate.list(60_000, 1, 1);
        TargetPicker picker = picker(LoadBalancer.Strategy.WEIGHTED_ROUND_ROBIN, 0);
        picks(picker, TestCandidate.candidates(all), 1_000);
        all.forEach(one -> one.weight = 1);
        String picks = picks(picker, TestCandidate.candidates(all), 30);
        assertThat(picks.chars().filter(c -> c == 'a').count()).isBetween(9L, 11L);
    }

    @Test
    void weightThatChanges_isRespectedFromTheNextListOn() {
        List<TestCandidate> all = TestCandidate.list(1, 1);
        for (LoadBalancer.Strategy strategy :
                List.of(LoadBalancer.Strategy.ROUND_ROBIN, LoadBalancer.Strategy.WEIGHTED_ROUND_ROBIN)) {
            TargetPicker picker = picker(strategy, 0);
            all.get(0).weight = 1;
            assertThat(picks(picker, TestCandidate.candidates(all), 4)).isEqualTo("abab");
            all.get(0).weight = 3;
            String picks = picks(picker, TestCandidate.candidates(all), 40);
            assertThat(picks.chars().filter(c -> c == 'a').count())
                    .as("%s %s", strategy, picks)
                    .isBetween(29L, 31L);
        }
    }
}
