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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a decision of a rate limit costs, its key read already: for one of many keys in turn, or with the one limit for all. With
 * 16 keys it is the decision that is timed; with 10,000, taken so that none is in a cache near the core, it is the memory too.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(1)
public class RateLimitBenchmark {

    @Param({"16", "10000"})
    private int keyCount;

    private String[] keys;
    private RateLimitStore.Counters keyed;
    private RateLimitStore.Counters twoLimits;
    private RateLimitStore.Counters together;
    private RateLimitStore.Counters drained;

    /** Each thread takes the keys in a turn of its own. */
    @State(Scope.Thread)
    public static class Turn {
        private int at;

        int next() {
            at += 7_919;
            return at & Integer.MAX_VALUE;
        }
    }

    @Setup
    public void setUp() {
        keys = new String[keyCount];
        for (int i = 0; i < keyCount; i++) {
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
        return keyed.take(keys[turn.next() % keyCount], false);
    }

    @Benchmark
    public RateLimitDecision twoLimits(Turn turn) {
        return twoLimits.take(keys[turn.next() % keyCount], false);
    }

    @Benchmark
    public RateLimitDecision oneForAll() {
        return together.take("", false);
    }

    @Benchmark
    public RateLimitDecision refused(Turn turn) {
        return drained.take(keys[turn.next() % keyCount], false);
    }
}
