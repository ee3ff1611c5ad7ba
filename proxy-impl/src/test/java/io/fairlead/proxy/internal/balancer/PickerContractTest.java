package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.PickerContract;
import io.fairlead.proxy.balancer.TargetPicker;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every strategy keeps the contract, and the contract finds who does not. */
final class PickerContractTest {

    static Stream<LoadBalancer> builtIn() {
        HashKey user = HashKey.header("X-User");
        return Stream.concat(
                Stream.of(LoadBalancer.Strategy.values()),
                Stream.of(
                        LoadBalancer.consistentHash(user),
                        LoadBalancer.consistentHash(user, HashKey.query("user"), HashKey.cookie("user"))
                                .withBalanceFactor(101),
                        LoadBalancer.consistentHash(HashKey.query("user")).withBalanceFactor(0),
                        LoadBalancer.consistentHash(HashKey.cookie("user")),
                        LoadBalancer.consistentHash(HashKey.attribute("user")),
                        LoadBalancer.consistentHash(HashKey.clientAddress())));
    }

    @ParameterizedTest
    @MethodSource("builtIn")
    void strategyThatIsBuiltIn_keepsTheContract(LoadBalancer loadBalancer) {
        AtomicInteger threads = new AtomicInteger();
        assertThatCode(() -> PickerContract.verify(
                        () -> Pickers.of(loadBalancer, threads.get(), 1_000 + threads.getAndIncrement())))
                .doesNotThrowAnyException();
    }

    @Test
    void placeBehindTheList_isFound() {
        assertViolates(() -> (candidates, exchange) -> candidates.size(), "one candidate: picked 1 (expected: 0 to 0)");
    }

    @Test
    void placeBeforeTheList_isFound() {
        assertViolates(
                () -> (candidates, exchange) -> candidates.size() == 1_000 ? -1 : 0,
                "1000 candidates: picked -1 (expected: 0 to 999)");
    }

    @Test
    void turnThatIsNotTakenBackWhenTheListShrinks_isFound() {
        assertViolates(
                () -> {
                    int[] size = {0};
                    return (candidates, exchange) -> {
                        size[0] = Math.max(size[0], candidates.size());
                        return size[0] - 1;
                    };
                },
                "a list that changes: picked");
    }

    @Test
    void tableThatARetryMakesStale_isFound() {
        assertViolates(
                () -> {
                    int[] size = {0};
                    return (candidates, exchange) -> {
                        // Never looks again: right as long as nobody leaves.
                        size[0] = size[0] == 0 ? candidates.size() : size[0];
                        return size[0] - 1;
                    };
                },
                "a retry: picked 6 (expected: 0 to 5)");
    }

    @Test
    void requestWithoutTheField_thatThrows_isFound() {
        assertViolates(
                () -> (candidates, exchange) -> Math.floorMod(
                        exchange.request()
                                .headers()
                                .first("X-User")
                                .orElseThrow()
                                .hashCode(),
                        candidates.size()),
                "a request without fields: threw java.util.NoSuchElementException");
    }

    @Test
    void clientWithoutAddress_thatThrows_isFound() {
        assertViolates(
                () -> (candidates, exchange) ->
                        Math.floorMod(exchange.client().getAddress().hashCode(), candidates.size()),
                "a client without an address: threw java.lang.NullPointerException");
    }

    @Test
    void sumThatOverflows_isFound() {
        assertViolates(
                () -> (candidates, exchange) -> {
                    int sum = 0;
                    for (int i = 0; i < candidates.size(); i++) {
                        sum += candidates.get(i).inFlight();
                    }
                    return sum % candidates.size();
                },
                "under way/latency 2147483647/0 2147483647/0 0/0: picked -2");
    }

    /** Right with every weight that a target may be given, and not with what is left of it in a slow start. */
    @Test
    void weightsTakenForWholeNumbers_areFound() {
        assertViolates(
                () -> (candidates, exchange) -> {
                    int sum = 0;
                    for (int i = 0; i < candidates.size(); i++) {
                        sum += (int) Math.max(candidates.get(i).weight(), 0);
                    }
                    // As Random.nextInt(sum) does.
                    return Math.floorMod(candidates.get(0).hashCode(), sum) % candidates.size();
                },
                "weights 0.1 0.1: threw java.lang.ArithmeticException");
    }

    @Test
    void supplierWithoutPickers_isFound() {
        assertViolates(() -> null, "one candidate: the supplier gave null");
    }

    private static void assertViolates(Supplier<TargetPicker> pickers, String violation) {
        assertThatThrownBy(() -> PickerContract.verify(pickers))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("the picker violates its contract:\n- ")
                .hasMessageContaining(violation);
    }
}
