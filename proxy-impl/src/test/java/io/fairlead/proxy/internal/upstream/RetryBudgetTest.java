package io.fairlead.proxy.internal.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.resilience.RetryPolicy;
import org.junit.jupiter.api.Test;

/** The retries that one thread may make: a share of the requests of the last ten seconds, and a floor. */
class RetryBudgetTest {

    private static final long SECOND = 1_000_000_000L;

    private long now = -5 * SECOND;

    private static RetryPolicy policy(int percent, int floor) {
        return RetryPolicy.builder().budgetPercent(percent).budgetFloor(floor).build();
    }

    /** Requests that are over at once. */
    private void requests(RetryBudget budget, int count) {
        for (int i = 0; i < count; i++) {
            budget.request(now);
            budget.left();
        }
    }

    private int retries(RetryBudget budget) {
        int count = 0;
        while (count < 10_000 && budget.tryRetry(now)) {
            count++;
        }
        return count;
    }

    @Test
    void noRequests_leaveTheFloor() {
        assertThat(retries(new RetryBudget(policy(20, 10), 1))).isEqualTo(10);
    }

    /** Requests that take longer than the window were forgotten while their target died. */
    @Test
    void requestsUnderWay_countHoweverLongAgoTheyCame() {
        RetryBudget budget = new RetryBudget(policy(20, 0), 1);
        for (int i = 0; i < 100; i++) {
            budget.request(now);
        }
        now += 60 * SECOND;
        assertThat(retries(budget)).isEqualTo(20);
        for (int i = 0; i < 100; i++) {
            budget.left();
        }
        now += 60 * SECOND;
        assertThat(retries(budget)).isZero();
    }

    @Test
    void floor_isSharedByTheThreadsRoundedUp() {
        assertThat(retries(new RetryBudget(policy(20, 10), 4))).isEqualTo(3);
    }

    @Test
    void manyRequests_allowTheirShareAndNotTheFloorBesides() {
        RetryBudget budget = new RetryBudget(policy(20, 10), 1);
        requests(budget, 1_000);
        assertThat(retries(budget)).isEqualTo(200);
    }

    @Test
    void noPercentAndNoFloor_allowNothing() {
        RetryBudget budget = new RetryBudget(policy(0, 0), 1);
        requests(budget, 1_000);
        assertThat(retries(budget)).isZero();
    }

    @Test
    void requestsAndRetries_countForTenSeconds() {
        RetryBudget budget = new RetryBudget(policy(20, 0), 1);
        requests(budget, 100);
        now += 5 * SECOND;
        requests(budget, 100);
        assertThat(retries(budget)).isEqualTo(40);
        // The first hundred are forgotten, the retries not yet.
        now += 5 * SECOND;
        requests(budget, 150);
        assertThat(retries(budget)).isEqualTo(10);
        now += 20 * SECOND;
        assertThat(retries(budget)).isZero();
        requests(budget, 10);
        assertThat(retries(budget)).isEqualTo(2);
    }

    @Test
    void otherNumbers_keepWhatWasCounted() {
        RetryBudget budget = new RetryBudget(policy(20, 0), 1);
        requests(budget, 100);
        assertThat(retries(budget)).isEqualTo(20);
        assertThat(retries(budget.configure(policy(50, 0)))).isEqualTo(30);
        assertThat(retries(budget.configure(policy(10, 0)))).isZero();
    }
}
