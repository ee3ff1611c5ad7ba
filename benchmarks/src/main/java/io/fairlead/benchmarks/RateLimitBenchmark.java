package io.fairlead.benchmarks;

import io.fairlead.proxy.internal.ratelimit.LocalStore;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a decision of a rate limit costs, its key read already: one of 10,000 keys in turn, or the one limit for all. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(1)
public class RateLimitBenchmark {

    private static final int KEYS = 10_000;

    private final String[] keys = new String[KEYS];
    private RateLimitStore.Counters keyed;
    private RateLimitStore.Counters twoLimits;
    private RateLimitStore.Counters together;
    private RateLimitStore.Counters drained;

    /** Each thread takes the keys in a turn of its own. */
    @State(Scope.Thread)
    public static class Turn {
        private int at;

        int next() {
            at = (at + 7_919) % KEYS;
            return at;
        }
    }

    @Setup
    public void setUp() {
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "client-" + i;
        }
        LocalStore store = new LocalStore(System::nanoTime);
        RateLimit ample = RateLimit.of(1_000_000, Duration.ofSeconds(1)).burst(10_000_000);
        keyed = store.open("keyed", ample.by(Key.header("X")));
        twoLimits =
                store.open("two", ample.and(1_000_000_000, Duration.ofHours(1)).by(Key.header("X")));
        together = store.open("together", ample);
        drained = store.open("drained", RateLimit.of(1, Duration.ofHours(1)).by(Key.header("X")));
    }

    @Benchmark
    public RateLimitDecision oneOfManyKeys(Turn turn) {
        return keyed.take(keys[turn.next()], false);
    }

    @Benchmark
    public RateLimitDecision twoLimits(Turn turn) {
        return twoLimits.take(keys[turn.next()], false);
    }

    @Benchmark
    public RateLimitDecision oneForAll() {
        return together.take("", false);
    }

    @Benchmark
    public RateLimitDecision refused(Turn turn) {
        return drained.take(keys[turn.next()], false);
    }
}
