package io.fairlead.proxy.internal.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitDecision.Standing;
import io.fairlead.proxy.ratelimit.RateLimitStore.Counters;
import io.fairlead.proxy.testing.ManualClock;
import io.fairlead.proxy.testing.Seeds;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LocalStoreTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    // Where nanoTime overflows after a minute.
    private final ManualClock clock =
            new ManualClock(Long.MAX_VALUE - Duration.ofMinutes(1).toNanos());

    private Counters open(RateLimit rateLimit) {
        return new LocalStore(clock).open("test", rateLimit);
    }

    private static int permitted(Counters counters, Object key, int requests) {
        int permitted = 0;
        for (int i = 0; i < requests; i++) {
            permitted += counters.take(key, false).permitted() ? 1 : 0;
        }
        return permitted;
    }

    @Test
    void freshBucket_permitsItsBurstAndNoMore() {
        assertThat(permitted(open(RateLimit.of(100, SECOND)), "", 500)).isEqualTo(100);
        assertThat(permitted(open(RateLimit.of(100, SECOND).burst(7)), "", 500)).isEqualTo(7);
        assertThat(permitted(open(RateLimit.of(100, SECOND).burst(250)), "", 500))
                .isEqualTo(250);
        assertThat(permitted(open(RateLimit.of(100, SECOND).burst(1)), "", 500)).isEqualTo(1);
    }

    @Test
    void drainedBucket_getsOnePermitBackEachCycle() {
        Counters counters = open(RateLimit.of(100, SECOND).burst(20));
        permitted(counters, "", 20);
        for (int i = 0; i < 50; i++) {
            clock.advance(Duration.ofMillis(10));
            assertThat(permitted(counters, "", 3)).isEqualTo(1);
        }
        clock.advance(Duration.ofMillis(75));
        assertThat(permitted(counters, "", 20)).isEqualTo(7);
    }

    @Test
    void longPause_givesBackNoMoreThanTheBurst() {
        Counters counters = open(RateLimit.of(100, SECOND).burst(20));
        permitted(counters, "", 20);
        clock.advance(Duration.ofDays(3));
        assertThat(permitted(counters, "", 500)).isEqualTo(20);
    }

    /** Where a limiter that counts in windows lets twice as many through: at the end of one and the beginning of the next. */
    @Test
    void burstsBesideEachOther_areNotTwiceTheLimit() {
        Counters counters = open(RateLimit.of(100, SECOND));
        permitted(counters, "", 1);
        clock.advance(Duration.ofMillis(990));
        int before = permitted(counters, "", 500);
        clock.advance(Duration.ofMillis(20));
        int after = permitted(counters, "", 500);

        assertThat(before).isEqualTo(100);
        assertThat(after).isEqualTo(2);
    }

    @Test
    void refusal_tellsWhenTheNextPermitComes() {
        Counters counters = open(RateLimit.of(3, SECOND).burst(5));
        permitted(counters, "", 5);
        clock.advance(Duration.ofNanos(123_456_789));

        RateLimitDecision refusal = counters.take("", false);

        assertThat(refusal.permitted()).isFalse();
        Standing standing = refusal.standings().get(0);
        assertThat(standing.remaining()).isZero();
        assertThat(standing.untilNext()).isEqualTo(Duration.ofNanos(333_333_333 - 123_456_789));
        clock.advance(standing.untilNext().minusNanos(1));
        assertThat(counters.take("", false).permitted()).isFalse();
        clock.advance(Duration.ofNanos(1));
        assertThat(counters.take("", false).permitted()).isTrue();
        assertThat(counters.take("", false).permitted()).isFalse();
    }

    @Test
    void permit_tellsWhatIsLeftIfAsked() {
        Counters counters = open(RateLimit.of(10, SECOND).burst(12));
        assertThat(counters.take("", false).standings()).isEmpty();
        assertThat(counters.take("", true).standings())
                .containsExactly(new Standing(new Limit(10, SECOND, 12), 10, Duration.ofMillis(100)));
    }

    @Test
    void severalLimits_takeOfAllOrOfNone() {
        Counters counters = open(RateLimit.of(2, SECOND).and(5, Duration.ofHours(1)));
        int total = permitted(counters, "", 10);
        assertThat(total).isEqualTo(2);
        clock.advance(SECOND);
        total += permitted(counters, "", 10);
        clock.advance(SECOND);
        total += permitted(counters, "", 10);
        // What the first limit refused was not taken of the second.
        assertThat(total).isEqualTo(5);

        RateLimitDecision refusal = counters.take("", false);
        assertThat(refusal.standings()).extracting(Standing::remaining).containsExactly(1L, 0L);
        // Nor is that taken of the first what the second refuses.
        permitted(counters, "", 10);
        assertThat(counters.take("", false).standings())
                .extracting(Standing::remaining)
                .containsExactly(1L, 0L);
    }

    /** A bucket that fills up a drop at a time passes the same requests, but for one permit: here it comes in one piece. */
    @Test
    void randomRequests_passAsThroughABucket() {
        Seeds.run(20, random -> {
            int permits = 1 + random.nextInt(50);
            long period = Duration.ofMillis(100 + random.nextInt(5_000)).toNanos();
            int burst = 1 + random.nextInt(2 * permits);
            long cycle = period / permits;
            Counters counters = open(RateLimit.of(new Limit(permits, Duration.ofNanos(period), burst)));
            ArrayDeque<Long> passed = new ArrayDeque<>();
            long start = clock.nanoTime();
            double tokens = burst;
            for (int i = 0; i < 3_000; i++) {
                boolean pause = random.nextInt(10) == 0;
                long step = (long) (random.nextDouble() * (pause ? 3 * period : cycle));
                clock.advance(Duration.ofNanos(step));
                tokens = Math.min(burst, tokens + (double) step / cycle);
                long now = clock.nanoTime() - start;
                if (counters.take("", false).permitted()) {
                    assertThat(tokens).as("permitted request %d", i).isGreaterThan(-0.01);
                    tokens -= 1;
                    passed.add(now);
                } else {
                    assertThat(tokens).as("refused request %d", i).isLessThan(1.01);
                }
                while (!passed.isEmpty() && now - passed.peek() >= period) {
                    passed.remove();
                }
                assertThat(passed.size()).as("passed in one period").isLessThanOrEqualTo(burst + permits + 1);
            }
        });
    }

    @Test
    void keys_areCountedByThemselves() {
        Counters counters = open(RateLimit.of(5, SECOND).by(Key.header("X")));
        assertThat(permitted(counters, "a", 10)).isEqualTo(5);
        assertThat(permitted(counters, "b", 10)).isEqualTo(5);
        assertThat(permitted(counters, "a", 10)).isZero();
    }

    @Test
    void keyWhoseBucketIsFullAgain_isForgotten() {
        Counters counters = open(RateLimit.of(10, SECOND).burst(20).by(Key.header("X")));
        for (int i = 0; i < 100; i++) {
            permitted(counters, "key-" + i, 20);
        }
        clock.advance(Duration.ofMillis(1_999));
        assertThat(permitted(counters, "key-7", 20)).isEqualTo(19);
        clock.advance(Duration.ofMillis(2));
        permitted(counters, "other", 1);
        assertThat(counters.keys()).isEqualTo(2);
        assertThat(permitted(counters, "key-7", 20)).isEqualTo(1);
    }

    /** A client that is being limited asks often, and the many keys of a flood come once each. */
    @Test
    void floodOfKeys_staysBoundedAndDoesNotResetTheLimitOfABusyOne() {
        Counters counters =
                open(RateLimit.of(10, Duration.ofHours(1)).maxKeys(1_000).by(Key.header("X")));
        int busy = permitted(counters, "busy", 100);
        for (int i = 0; i < 200_000; i++) {
            counters.take("flood-" + i, false);
            if (i % 100 == 0) {
                busy += permitted(counters, "busy", 1);
            }
        }
        assertThat(counters.keys()).isLessThanOrEqualTo(1_010);
        assertThat(busy).isEqualTo(10);
    }

    @Test
    void fourThreads_getExactlyWhatThereIs() throws Exception {
        Counters one = open(RateLimit.of(1_000, Duration.ofHours(1)));
        Counters two = open(RateLimit.of(1_000, Duration.ofHours(1)).and(700, Duration.ofDays(1)));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<int[]>> results = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                results.add(threads.submit(() -> new int[] {permitted(one, "", 5_000), permitted(two, "", 5_000)}));
            }
            int ofOne = 0;
            int ofTwo = 0;
            for (Future<int[]> result : results) {
                ofOne += result.get()[0];
                ofTwo += result.get()[1];
            }
            assertThat(ofOne).isEqualTo(1_000);
            assertThat(ofTwo).isEqualTo(700);
        } finally {
            threads.shutdownNow();
        }
    }
}
