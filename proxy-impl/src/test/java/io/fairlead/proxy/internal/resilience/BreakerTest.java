package io.fairlead.proxy.internal.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.CircuitBreaker.State;
import io.fairlead.proxy.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BreakerTest {
    private static final long FAST = 1_000_000;
    private static final CircuitBreaker TEN_CALLS = CircuitBreaker.builder()
            .windowCalls(10)
            .minimumCalls(10)
            .openDuration(Duration.ofSeconds(5))
            .halfOpenCalls(3)
            .build();

    private final ManualClock clock = new ManualClock();
    private final List<String> changes = new ArrayList<>();

    private Breaker breaker(CircuitBreaker config) {
        return breaker(config, clock);
    }

    private Breaker breaker(CircuitBreaker config, ManualClock time) {
        return new Breaker("b", config, time, (from, to, reason) -> changes.add(from + " -> " + to + ": " + reason));
    }

    private static void succeed(Breaker breaker, int times) {
        for (int i = 0; i < times; i++) {
            breaker.succeeded(permit(breaker), FAST);
        }
    }

    private static void fail(Breaker breaker, int times) {
        for (int i = 0; i < times; i++) {
            breaker.failed(permit(breaker), FAST);
        }
    }

    private static int permit(Breaker breaker) {
        int permit = breaker.tryAcquire();
        assertThat(permit).as("permit").isNotEqualTo(Breaker.REFUSED);
        return permit;
    }

    private Breaker opened() {
        Breaker breaker = breaker(TEN_CALLS);
        fail(breaker, 10);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        changes.clear();
        return breaker;
    }

    @Test
    void tooManyFailures_open() {
        Breaker breaker = breaker(TEN_CALLS);
        succeed(breaker, 5);
        fail(breaker, 4);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        assertThat(breaker.retryAfterNanos()).isEqualTo(5_000_000_000L);
        assertThat(changes).containsExactly("CLOSED -> OPEN: 5 of 10 calls failed");
    }

    @Test
    void fewerCallsThanTheMinimum_doNotOpen() {
        Breaker breaker = breaker(TEN_CALLS);
        fail(breaker, 9);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void slowCalls_openThoughTheySucceed() {
        Breaker breaker = breaker(TEN_CALLS.toBuilder()
                .slowCallDuration(Duration.ofMillis(250))
                .slowCallRatePercent(80)
                .build());
        for (int i = 0; i < 8; i++) {
            breaker.succeeded(permit(breaker), Duration.ofMillis(251).toNanos());
        }
        succeed(breaker, 2);
        assertThat(changes).containsExactly("CLOSED -> OPEN: 0 of 10 calls failed, 8 took longer than 0.250 s");
    }

    @Test
    void slowCallsWithoutThatSetting_doNotOpen() {
        Breaker breaker = breaker(TEN_CALLS);
        for (int i = 0; i < 20; i++) {
            breaker.succeeded(permit(breaker), Duration.ofHours(2).toNanos());
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void failuresOlderThanTheWindow_areForgotten() {
        Breaker breaker = breaker(CircuitBreaker.builder()
                .window(Duration.ofSeconds(3))
                .minimumCalls(10)
                .build());
        fail(breaker, 9);
        clock.advance(Duration.ofSeconds(4));
        fail(breaker, 9);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        clock.advance(Duration.ofSeconds(1));
        fail(breaker, 1);
        assertThat(changes).containsExactly("CLOSED -> OPEN: 10 of 10 calls failed");
    }

    @Test
    void openTimeOver_letsTheProbesThroughAndNoMore() {
        Breaker breaker = opened();
        clock.advance(Duration.ofMillis(4_999));
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        clock.advance(Duration.ofMillis(2));
        int first = permit(breaker);
        permit(breaker);
        permit(breaker);
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        breaker.released(first);
        permit(breaker);
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        assertThat(changes).containsExactly("OPEN -> HALF_OPEN: open for 5 s");
    }

    @Test
    void goodProbes_close() {
        Breaker breaker = opened();
        clock.advance(Duration.ofSeconds(6));
        succeed(breaker, 3);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        assertThat(changes)
                .containsExactly(
                        "OPEN -> HALF_OPEN: open for 5 s",
                        "HALF_OPEN -> CLOSED: 3 probes, not too many failed or slow");
        // What it had seen before is forgotten.
        fail(breaker, 9);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void badProbes_openAnew() {
        Breaker breaker = opened();
        clock.advance(Duration.ofSeconds(6));
        succeed(breaker, 1);
        fail(breaker, 2);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        assertThat(breaker.retryAfterNanos()).isEqualTo(5_000_000_000L);
        assertThat(changes).last().isEqualTo("HALF_OPEN -> OPEN: 2 of 3 probes failed");
    }

    /** A call that began before it opened says nothing about the probes, and must not make room for another. */
    @Test
    void permitOfAnEarlierState_isDropped() {
        Breaker breaker = breaker(TEN_CALLS);
        int old = permit(breaker);
        int oldToo = permit(breaker);
        int oldest = permit(breaker);
        fail(breaker, 10);
        clock.advance(Duration.ofSeconds(6));
        int probe = permit(breaker);
        permit(breaker);
        permit(breaker);
        breaker.released(old);
        breaker.failed(oldToo, FAST);
        breaker.succeeded(oldest, FAST);
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        breaker.succeeded(probe, FAST);
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    }

    @Test
    void releasedCalls_countAsNothing() {
        Breaker breaker = breaker(TEN_CALLS);
        fail(breaker, 9);
        for (int i = 0; i < 100; i++) {
            breaker.released(permit(breaker));
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(changes).containsExactly("CLOSED -> OPEN: 10 of 10 calls failed");
    }

    @Test
    void breakerThatNobodyAsks_becomesHalfOpenWhenLookedAt() {
        Breaker breaker = opened();
        assertThat(breaker.halfOpenIfDue()).isTrue();
        clock.advance(Duration.ofSeconds(5).plusMillis(8));
        assertThat(breaker.halfOpenIfDue()).isFalse();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        // The look costs no probe.
        permit(breaker);
        permit(breaker);
        permit(breaker);
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
    }

    @Test
    void forcedStates_holdUntilReset() {
        Breaker breaker = breaker(TEN_CALLS);
        breaker.forceOpen();
        clock.advance(Duration.ofHours(1));
        assertThat(breaker.tryAcquire()).isEqualTo(Breaker.REFUSED);
        assertThat(breaker.halfOpenIfDue()).isFalse();
        assertThat(breaker.retryAfterNanos()).isEqualTo(5_000_000_000L);
        breaker.forceOpen();
        breaker.disable();
        fail(breaker, 100);
        breaker.reset();
        fail(breaker, 9);
        assertThat(changes)
                .containsExactly(
                        "CLOSED -> FORCED_OPEN: forced open by hand",
                        "FORCED_OPEN -> DISABLED: switched off by hand",
                        "DISABLED -> CLOSED: reset by hand");
        breaker.reset();
        fail(breaker, 9);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE - 1_000_000_000L, Long.MIN_VALUE, -1_500_000_000L, 1L})
    void clockThatOverflows_isSurvived(long start) {
        ManualClock time = new ManualClock(start);
        Breaker breaker = breaker(
                CircuitBreaker.builder()
                        .window(Duration.ofSeconds(4))
                        .minimumCalls(4)
                        .openDuration(Duration.ofSeconds(2))
                        .halfOpenCalls(1)
                        .build(),
                time);
        for (int i = 0; i < 4; i++) {
            time.advance(Duration.ofMillis(700));
            fail(breaker, 1);
        }
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        time.advance(Duration.ofMillis(2_001));
        succeed(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void manyThreads_agreeOnEveryChange() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        LongAdder refused = new LongAdder();
        Breaker breaker = new Breaker("b", TEN_CALLS, clock, (from, to, reason) -> {
            assertThat(from).isEqualTo(State.CLOSED);
            assertThat(to).isEqualTo(State.OPEN);
            opened.incrementAndGet();
        });
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                for (int call = 0; call < 10_000; call++) {
                    int permit = breaker.tryAcquire();
                    if (permit == Breaker.REFUSED) {
                        refused.increment();
                    } else {
                        breaker.failed(permit, FAST);
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join(20_000);
        }
        assertThat(opened).hasValue(1);
        // Besides the ten that open it, at most one more a thread is on its way.
        assertThat(refused.sum()).isBetween(40_000L - 10 - 3, 40_000L - 10);
    }

    /** resilience4j would run timers on a thread of its own. */
    @Test
    void breaker_startsNoThread() {
        Breaker breaker = opened();
        clock.advance(Duration.ofSeconds(6));
        succeed(breaker, 1);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.contains("CircuitBreaker"));
    }
}
