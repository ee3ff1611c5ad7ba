package io.fairlead.proxy.internal.time;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.time.TimerWheel.Timer;
import io.fairlead.proxy.testing.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

class TimerWheelTest {
    private static final long TICK = TimerWheel.TICK_NANOS;
    private static final long START = Long.MAX_VALUE - Duration.ofSeconds(3).toNanos();

    private final List<Throwable> failures = new ArrayList<>();
    private final TimerWheel wheel = new TimerWheel(START, (timer, failure) -> failures.add(failure));
    private final List<String> fired = new ArrayList<>();

    @Test
    void emptyWheel_hasNothingToWakeFor() {
        assertThat(wheel.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        wheel.advance(START + Duration.ofDays(400).toNanos());
        assertThat(wheel.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(wheel.size()).isZero();
    }

    @Test
    void deadline_firesOnceNeitherEarlyNorMoreThanATickLate() {
        Timer timer = named("a");
        wheel.schedule(timer, START + 5 * TICK + 1);
        assertThat(timer.isScheduled()).isTrue();
        wheel.advance(START + 5 * TICK);
        assertThat(fired).isEmpty();
        wheel.advance(START + 6 * TICK);
        wheel.advance(START + 7 * TICK);
        assertThat(fired).containsExactly("a");
        assertThat(timer.isScheduled()).isFalse();
        assertThat(wheel.size()).isZero();
    }

    @Test
    void deadlineOfThePast_firesInTheNextTick() {
        wheel.schedule(named("a"), START - Duration.ofHours(1).toNanos());
        wheel.advance(START);
        assertThat(fired).isEmpty();
        wheel.advance(START + TICK);
        assertThat(fired).containsExactly("a");
    }

    @Test
    void timerPushedBackAtEachRequest_wakesTheThreadSeldomAndFiresAtTheLastDeadline() {
        long idle = Duration.ofSeconds(60).toNanos();
        Timer timer = named("keep-alive");
        long now = START;
        int wakes = 0;
        for (int request = 0; request < 100_000; request++) {
            now += Duration.ofMillis(10).toNanos();
            if (wheel.nextDeadlineNanos() - now <= 0) {
                wheel.advance(now);
                wakes++;
            }
            wheel.schedule(timer, now + idle);
        }
        assertThat(fired).isEmpty();
        // 1,000 seconds: every slot of the third level is half a minute long.
        assertThat(wakes).isLessThan(1_000 / 20);
        wheel.advance(now + idle - 1);
        assertThat(fired).isEmpty();
        wheel.advance(now + idle + TICK);
        assertThat(fired).containsExactly("keep-alive");
    }

    @Test
    void earlierDeadline_movesTheTimer() {
        Timer timer = named("a");
        wheel.schedule(timer, START + Duration.ofMinutes(5).toNanos());
        wheel.schedule(timer, START + 3 * TICK);
        assertThat(wheel.nextDeadlineNanos()).isEqualTo(START + 3 * TICK);
        wheel.advance(START + 3 * TICK);
        assertThat(fired).containsExactly("a");
        assertThat(wheel.size()).isZero();
    }

    @Test
    void cancelledTimer_fallsOutTheFirstTimeItComesUp() {
        Timer timer = named("a");
        wheel.schedule(timer, START + Duration.ofMinutes(5).toNanos());
        wheel.cancel(timer);
        assertThat(timer.isScheduled()).isFalse();
        assertThat(wheel.size()).isOne();
        wheel.advance(wheel.nextDeadlineNanos());
        assertThat(wheel.size()).isZero();
        assertThat(wheel.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(fired).isEmpty();
    }

    @Test
    void cancelledTimerScheduledAgain_fires() {
        Timer timer = named("a");
        wheel.schedule(timer, START + 10 * TICK);
        wheel.cancel(timer);
        wheel.schedule(timer, START + 20 * TICK);
        wheel.advance(START + 19 * TICK);
        assertThat(fired).isEmpty();
        wheel.advance(START + 20 * TICK);
        assertThat(fired).containsExactly("a");
    }

    @Test
    void removedTimer_isForgottenAtOnce() {
        Timer timer = named("a");
        wheel.remove(timer);
        wheel.schedule(timer, START + 10 * TICK);
        wheel.remove(timer);
        assertThat(wheel.size()).isZero();
        assertThat(wheel.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void timerThatThrows_isReportedAndTheOthersFire() {
        IllegalStateException failure = new IllegalStateException("on purpose");
        wheel.schedule(
                timer(now -> {
                    throw failure;
                }),
                START + TICK);
        wheel.schedule(named("other"), START + TICK);
        wheel.advance(START + TICK);
        assertThat(failures).containsExactly(failure);
        assertThat(fired).containsExactly("other");
    }

    @Test
    void timerThatCancelsAnotherOfTheSameMoment_isObeyed() {
        Timer cancelled = named("cancelled");
        Timer removed = named("removed");
        Timer postponed = named("postponed");
        wheel.schedule(
                timer(now -> {
                    wheel.cancel(cancelled);
                    wheel.remove(removed);
                    wheel.schedule(postponed, now + 5 * TICK);
                }),
                START + TICK);
        wheel.schedule(cancelled, START + TICK);
        wheel.schedule(removed, START + TICK);
        wheel.schedule(postponed, START + TICK);
        wheel.advance(START + 2 * TICK);
        assertThat(fired).isEmpty();
        assertThat(wheel.size()).isOne();
        wheel.advance(START + 7 * TICK);
        assertThat(fired).containsExactly("postponed");
    }

    @Test
    void timerThatSchedulesItselfForThePast_firesOncePerAdvance() {
        Timer[] self = new Timer[1];
        self[0] = timer(now -> {
            fired.add("again");
            wheel.schedule(self[0], now - 1);
        });
        wheel.schedule(self[0], START);
        for (int i = 1; i <= 3; i++) {
            wheel.advance(START + i * 1_000 * TICK);
            assertThat(fired).hasSize(i);
        }
    }

    @Test
    void deadlineBeyondTheTopLevel_firesInTimeWithFewWakes() {
        long deadline = START + Duration.ofDays(40).toNanos();
        wheel.schedule(named("far"), deadline);
        int wakes = 0;
        while (fired.isEmpty()) {
            long wake = wheel.nextDeadlineNanos();
            assertThat(wake - (deadline + TICK)).isNegative();
            wheel.advance(wake);
            wakes++;
        }
        // 40 days are 25 turns of the top level.
        assertThat(wakes).isLessThan(35);
    }

    /** Random steps of all sizes against a list of deadlines; the clock overflows on the way. */
    @Test
    void randomUse_agreesWithAModel() {
        Seeds.run(300, random -> {
            Model model = new Model(random);
            int steps = 50 + random.nextInt(400);
            for (int i = 0; i < steps; i++) {
                model.step();
            }
            model.finish();
        });
    }

    private Timer named(String name) {
        return timer(now -> fired.add(name));
    }

    private static Timer timer(LongConsumer onFire) {
        return new Timer() {
            @Override
            protected void fire(long nowNanos) {
                onFire.accept(nowNanos);
            }
        };
    }

    private static final class Model {
        private final Random random;
        private final List<Entry> entries = new ArrayList<>();
        private final TimerWheel wheel;
        private long now;
        private long advanced;

        Model(Random random) {
            this.random = random;
            now = random.nextBoolean() ? random.nextLong() : Long.MAX_VALUE - random.nextInt(1_000_000_000);
            advanced = now;
            wheel = new TimerWheel(now, (timer, failure) -> {
                throw new AssertionError(failure);
            });
            int count = 1 + random.nextInt(40);
            for (int i = 0; i < count; i++) {
                entries.add(new Entry());
            }
        }

        void step() {
            Entry entry = entries.get(random.nextInt(entries.size()));
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> entry.schedule(now + span() - span() / 8);
                case 3 -> {
                    entry.active = false;
                    wheel.cancel(entry);
                }
                case 4 -> {
                    entry.active = false;
                    wheel.remove(entry);
                }
                // Time passes without the wheel being told, as it does between two wakes.
                case 5 -> now += random.nextInt((int) TICK * 3);
                case 6 -> {
                    now += span();
                    advance();
                }
                default -> {
                    long next = wheel.nextDeadlineNanos();
                    if (next != Long.MAX_VALUE && next - now > 0) {
                        now = next;
                    }
                    advance();
                }
            }
            check();
        }

        void finish() {
            for (int i = 0; wheel.size() > 0; i++) {
                assertThat(i).as("wakes until empty").isLessThan(1_000);
                now = wheel.nextDeadlineNanos();
                advance();
                check();
            }
            assertThat(wheel.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
            assertThat(entries).noneMatch(entry -> entry.active);
        }

        private void advance() {
            wheel.advance(now);
            advanced = now;
            for (Entry entry : entries) {
                if (entry.active) {
                    assertThat(now - entry.latest).as("missed").isNegative();
                }
            }
        }

        private void check() {
            int active = 0;
            long next = wheel.nextDeadlineNanos();
            for (Entry entry : entries) {
                assertThat(entry.isScheduled()).isEqualTo(entry.active);
                if (entry.active) {
                    active++;
                    assertThat(next - entry.latest).as("next wake").isLessThanOrEqualTo(0);
                }
            }
            assertThat(wheel.size()).isGreaterThanOrEqualTo(active);
        }

        /** From nothing to days, each magnitude as likely as the others. */
        private long span() {
            return random.nextLong() >>> 10 + random.nextInt(40);
        }

        private final class Entry extends Timer {
            private boolean active;
            private long deadline;
            /** By then it has fired. */
            private long latest;

            void schedule(long newDeadline) {
                active = true;
                deadline = newDeadline;
                latest = (deadline - advanced > 0 ? deadline : advanced) + TICK;
                wheel.schedule(this, newDeadline);
            }

            @Override
            protected void fire(long nowNanos) {
                assertThat(active).isTrue();
                assertThat(nowNanos).isEqualTo(now);
                assertThat(nowNanos - deadline).as("early").isGreaterThanOrEqualTo(0);
                active = false;
                if (random.nextInt(4) == 0) {
                    advanced = now;
                    schedule(now + span());
                }
            }
        }
    }
}
