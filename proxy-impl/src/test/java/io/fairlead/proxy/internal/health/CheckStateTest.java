package io.fairlead.proxy.internal.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.internal.health.CheckState.Change;
import io.fairlead.proxy.internal.health.CheckState.Verdict;
import io.fairlead.proxy.testing.ManualClock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class CheckStateTest {
    /** Near the overflow of nanoTime. */
    private final ManualClock clock = new ManualClock(Long.MAX_VALUE - 10);

    private static HealthCheck.Builder check() {
        return HealthCheck.builder("/");
    }

    private CheckState state(HealthCheck.Builder config) {
        return new CheckState(config.build(), clock.nanoTime(), false);
    }

    private @Nullable Change pass(CheckState state) {
        return state.passed(clock.nanoTime(), "status 200");
    }

    private @Nullable Change fail(CheckState state) {
        return state.failed(clock.nanoTime(), "status 503");
    }

    private void fail(CheckState state, int times) {
        for (int i = 0; i < times; i++) {
            fail(state);
        }
    }

    @Test
    void firstPass_settlesThatTheTargetIsHealthy() {
        CheckState state = state(check().rise(5));
        assertThat(state.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(state.isUsable()).isTrue();
        assertThat(pass(state))
                .isEqualTo(new Change(Verdict.UNKNOWN, Verdict.HEALTHY, "the first check passed: status 200"));
        assertThat(pass(state)).isNull();
    }

    @Test
    void unknownTarget_isNotUsedIfThatIsWanted() {
        CheckState state = state(check().usableBeforeFirstCheck(false));
        assertThat(state.isUsable()).isFalse();
        fail(state, 1);
        assertThat(state.isUsable()).isFalse();
        pass(state);
        assertThat(state.isUsable()).isTrue();
    }

    @Test
    void targetThatWasUsedBefore_staysInUseUntilTheFirstVerdict() {
        HealthCheck config = check().usableBeforeFirstCheck(false).fall(1).build();
        CheckState state = new CheckState(config, clock.nanoTime(), true);
        assertThat(state.isUsable()).isTrue();
        fail(state);
        assertThat(state.isUsable()).isFalse();
    }

    @Test
    void failuresInARow_makeUnhealthy() {
        CheckState state = state(check().fall(3));
        pass(state);
        fail(state, 2);
        pass(state);
        fail(state, 2);
        assertThat(state.verdict()).isEqualTo(Verdict.HEALTHY);
        assertThat(fail(state))
                .isEqualTo(new Change(
                        Verdict.HEALTHY, Verdict.UNHEALTHY, "3 checks in a row failed, the last: status 503"));
        assertThat(state.isUsable()).isFalse();
        assertThat(fail(state)).isNull();
    }

    @Test
    void passesInARow_makeHealthyAgain() {
        CheckState state = state(check().fall(1).rise(2));
        assertThat(fail(state)).extracting(Change::reason).isEqualTo("a check failed: status 503");
        pass(state);
        fail(state);
        pass(state);
        assertThat(state.verdict()).isEqualTo(Verdict.UNHEALTHY);
        assertThat(pass(state))
                .isEqualTo(new Change(
                        Verdict.UNHEALTHY, Verdict.HEALTHY, "2 checks in a row passed, the last: status 200"));
    }

    @Test
    void flappingTarget_staysUnhealthyForItsTime() {
        CheckState state = state(check().fall(1).rise(1).minUnhealthy(Duration.ofSeconds(30)));
        pass(state);
        fail(state);
        clock.advance(Duration.ofMillis(29_999));
        assertThat(pass(state)).isNull();
        clock.advance(Duration.ofMillis(1));
        assertThat(pass(state)).isNotNull();
        // A failing one is not kept in use for any time.
        assertThat(fail(state)).isNotNull();
    }

    @Test
    void failuresWithinTheWarmUp_doNotCount() {
        CheckState state = state(check().fall(2).warmUp(Duration.ofSeconds(10)));
        fail(state, 5);
        clock.advance(Duration.ofSeconds(10));
        assertThat(fail(state)).isNull();
        assertThat(fail(state)).isNotNull();
    }

    @Test
    void firstPass_endsTheWarmUp() {
        CheckState state = state(check().fall(1).warmUp(Duration.ofSeconds(10)));
        pass(state);
        assertThat(fail(state)).isNotNull();
    }

    private static long millis(CheckState state, double random) {
        return Duration.ofNanos(state.intervalNanos(random)).toMillis();
    }

    @Test
    void interval_isShorterInTransition() {
        CheckState state = state(check().jitterPercent(0)
                .fall(2)
                .rise(2)
                .interval(Duration.ofSeconds(5))
                .transitionInterval(Duration.ofSeconds(1))
                .unhealthyInterval(Duration.ofSeconds(20)));
        assertThat(millis(state, 0)).isEqualTo(5_000);
        pass(state);
        assertThat(millis(state, 0)).isEqualTo(5_000);
        fail(state);
        assertThat(millis(state, 0)).isEqualTo(1_000);
        fail(state);
        assertThat(millis(state, 0)).isEqualTo(20_000);
        pass(state);
        assertThat(millis(state, 0)).isEqualTo(1_000);
    }

    @Test
    void transitionInterval_holdsOnlyWhereItIsShorter() {
        CheckState state = state(check().jitterPercent(0).interval(Duration.ofMillis(100)));
        fail(state);
        assertThat(millis(state, 0)).isEqualTo(100);
    }

    @Test
    void jitter_goesBothWays() {
        CheckState state = state(check().jitterPercent(10).interval(Duration.ofSeconds(10)));
        assertThat(millis(state, 0)).isEqualTo(9_000);
        assertThat(millis(state, 0.5)).isEqualTo(10_000);
        assertThat(millis(state, 1)).isEqualTo(11_000);
    }

    @Test
    void otherSettings_keepWhatIsKnown() {
        CheckState state = state(check().fall(3));
        pass(state);
        fail(state, 2);
        state.configure(check().fall(5).build());
        fail(state, 2);
        assertThat(state.verdict()).isEqualTo(Verdict.HEALTHY);
        assertThat(fail(state)).isNotNull();
    }
}
