package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.LoadBalancer.ConsistentHash;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.testing.TestRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConsistentHashTest {
    private static final int KEYS = 20_000;
    private static final ConsistentHash BY_USER = LoadBalancer.consistentHash(HashKey.header("X-User"));

    private static int ports = 1;
    private static final List<Exchange> EXCHANGES = new ArrayList<>();

    static {
        for (int i = 0; i < KEYS; i++) {
            EXCHANGES.add(TestExchanges.of(i));
        }
    }

    /** The target of each key, by two pickers of different threads that must agree. */
    private static List<TestCandidate> targets(List<TestCandidate> list) {
        Candidates candidates = TestCandidate.candidates(list);
        TargetPicker picker = Pickers.of(BY_USER, 0, 1);
        TargetPicker other = Pickers.of(BY_USER, 3, 99);
        List<TestCandidate> targets = new ArrayList<>();
        for (Exchange exchange : EXCHANGES) {
            int place = picker.pick(candidates, exchange);
            // The other one gets a list of a retry each time, and so has no table.
            assertThat(other.pick(TestCandidate.candidates(list), exchange)).isEqualTo(place);
            targets.add(list.get(place));
        }
        return targets;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 10, 50})
    void targetThatLeaves_movesItsOwnKeysOnly(int count) {
        List<TestCandidate> all = TestCandidate.equal(count);
        List<TestCandidate> before = targets(all);
        TestCandidate gone = all.get(count / 2);
        List<TestCandidate> left = new ArrayList<>(all);
        left.remove(gone);
        List<TestCandidate> after = targets(left);
        int moved = 0;
        Set<TestCandidate> heirs = new HashSet<>();
        for (int i = 0; i < KEYS; i++) {
            if (before.get(i) == gone) {
                moved++;
                heirs.add(after.get(i));
            } else {
                assertThat(after.get(i)).isSameAs(before.get(i));
            }
        }
        assertThat(moved / (double) KEYS)
                .isLessThanOrEqualTo(1.0 / count + 0.05)
                .isPositive();
        // Not all to one neighbour.
        assertThat(heirs).hasSize(count - 1);
    }

    @Test
    void keys_areSpreadByWeight() {
        List<TestCandidate> all = TestCandidate.list(1, 2, 5, 2);
        List<TestCandidate> targets = targets(all);
        for (TestCandidate one : all) {
            double share = targets.stream().filter(target -> target == one).count() / (double) KEYS;
            assertThat(share).isCloseTo(one.weight / 10, offset(0.01));
        }
    }

    @Test
    void equalKeys_areSpreadEvenly() {
        List<TestCandidate> all = TestCandidate.equal(10);
        List<TestCandidate> targets = targets(all);
        for (TestCandidate one : all) {
            double share = targets.stream().filter(target -> target == one).count() / (double) KEYS;
            assertThat(share).isCloseTo(0.1, offset(0.01));
        }
    }

    @Test
    void weightThatGrows_takesKeysFromOthers_andMovesNoneBetweenThem() {
        List<TestCandidate> all = TestCandidate.equal(4);
        List<TestCandidate> before = targets(all);
        all.get(2).weight = 2;
        List<TestCandidate> after = targets(all);
        for (int i = 0; i < KEYS; i++) {
            assertThat(after.get(i)).isIn(before.get(i), all.get(2));
        }
    }

    @ParameterizedTest
    @CsvSource({"101", "125", "200"})
    void hotKey_fillsItsTargetUpToTheBoundOnly(int factor) {
        List<TestCandidate> all = TestCandidate.list(1, 1, 2, 2);
        Candidates candidates = TestCandidate.candidates(all);
        TargetPicker picker = Pickers.of(BY_USER.withBalanceFactor(factor), 0, 1);
        Set<Integer> used = new HashSet<>();
        for (int underWay = 0; underWay < 1_000; underWay++) {
            int place = picker.pick(candidates, EXCHANGES.get(7));
            used.add(place);
            TestCandidate picked = all.get(place);
            picked.inFlight++;
            double bound = Math.ceil(factor / 100.0 * (underWay + 1) * picked.weight / 6);
            assertThat((double) picked.inFlight).isLessThanOrEqualTo(bound);
        }
        assertThat(used).hasSizeGreaterThan(1);
    }

    @Test
    void hotKeyWithoutBound_staysWithItsTarget() {
        List<TestCandidate> all = TestCandidate.equal(4);
        Candidates candidates = TestCandidate.candidates(all);
        TargetPicker picker = Pickers.of(BY_USER.withBalanceFactor(0), 0, 1);
        int place = picker.pick(candidates, EXCHANGES.get(7));
        for (int i = 0; i < 1_000; i++) {
            all.get(place).inFlight++;
            assertThat(picker.pick(candidates, EXCHANGES.get(7))).isEqualTo(place);
        }
    }

    @Test
    void overloadedTarget_givesItsKeysToWhatTheyWouldHaveWithoutIt() {
        List<TestCandidate> all = TestCandidate.equal(5);
        List<TestCandidate> without = new ArrayList<>(all);
        TestCandidate full = without.remove(2);
        Candidates candidates = TestCandidate.candidates(all);
        Candidates others = TestCandidate.candidates(without);
        TargetPicker picker = Pickers.of(BY_USER, 0, 1);
        full.inFlight = 100;
        for (Exchange exchange : EXCHANGES.subList(0, 1_000)) {
            TestCandidate picked = all.get(picker.pick(candidates, exchange));
            assertThat(picked).isSameAs(without.get(picker.pick(others, exchange)));
        }
    }

    private static int placeOf(ConsistentHash config, Exchange exchange) {
        return Pickers.of(config, 0, 1).pick(TestCandidate.candidates(TestCandidate.equal(1_000)), exchange);
    }

    private static Exchange client(String address) throws Exception {
        InetSocketAddress socket = new InetSocketAddress(InetAddress.getByName(address), ports++);
        return TestExchanges.of(TestRequest.get("/"), socket, Map.of());
    }

    @Test
    void equalValueOfAnyKey_isTheSameTarget() {
        int expected = placeOf(BY_USER, TestExchanges.of(TestRequest.get("/").with("x-user", "J\u00fcrgen")));
        assertThat(List.of(
                        placeOf(
                                LoadBalancer.consistentHash(HashKey.cookie("u")),
                                TestExchanges.of(TestRequest.get("/").with("Cookie", "a=b; u=J\u00fcrgen"))),
                        placeOf(
                                LoadBalancer.consistentHash(HashKey.query("u")),
                                TestExchanges.of(TestRequest.get("/x?a=1&u=J%C3%BCrgen"))),
                        placeOf(
                                LoadBalancer.consistentHash(HashKey.attribute("u")),
                                TestExchanges.of(
                                        TestRequest.get("/"),
                                        new InetSocketAddress(1),
                                        Map.of("u", new StringBuilder("J\u00fcrgen"))))))
                .containsOnly(expected);
    }

    @Test
    void clientAddress_isTakenWithoutPort_andIpv6ByItsNetwork() throws Exception {
        ConsistentHash byClient = LoadBalancer.consistentHash(HashKey.clientAddress());
        assertThat(placeOf(byClient, client("192.0.2.1"))).isEqualTo(placeOf(byClient, client("192.0.2.1")));
        assertThat(placeOf(byClient, client("192.0.2.1"))).isNotEqualTo(placeOf(byClient, client("192.0.2.2")));
        assertThat(placeOf(byClient, client("2001:db8:1:2::1")))
                .isEqualTo(placeOf(byClient, client("2001:db8:1:2:ffff::9")))
                .isNotEqualTo(placeOf(byClient, client("2001:db8:1:3::1")));
    }

    @Test
    void missingKey_fallsBackInOrder_andThenToOneAtRandom() {
        ConsistentHash config = LoadBalancer.consistentHash(HashKey.header("X-User"), HashKey.cookie("u"));
        int expected = placeOf(config, TestExchanges.of(TestRequest.get("/").with("Cookie", "u=me")));
        assertThat(placeOf(config, TestExchanges.of(TestRequest.get("/").with("X-User", "me"))))
                .isEqualTo(expected);
        assertThat(placeOf(
                        config,
                        TestExchanges.of(TestRequest.get("/").with("X-User", "").with("Cookie", "u=me"))))
                .isEqualTo(expected);

        TargetPicker picker = Pickers.of(config, 0, 1);
        Candidates candidates = TestCandidate.candidates(TestCandidate.list(1, 3));
        int[] counts = new int[2];
        for (int i = 0; i < 10_000; i++) {
            counts[picker.pick(candidates, TestExchanges.of(TestRequest.get("/")))]++;
        }
        assertThat(counts[0]).isBetween(2_300, 2_700);
    }

    /** Proxies of a fleet, of this version and the next, send one key to one target. */
    @Test
    void hashes_neverChange() {
        assertThat(Long.toHexString(Hash.of("user-1"))).isEqualTo("20a1acc8fbacf55e");
        assertThat(Long.toHexString(Hash.of("http://10.0.0.1:8080"))).isEqualTo("cf54e1a273bdfc7e");
        assertThat(Long.toHexString(Hash.of("J\u00fcrgen \u20ac"))).isEqualTo("ff287352b99e1d1b");
        assertThat(placeOf(BY_USER, TestExchanges.of(7))).isEqualTo(422);
    }
}
