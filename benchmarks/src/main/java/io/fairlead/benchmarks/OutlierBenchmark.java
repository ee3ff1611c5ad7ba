package io.fairlead.benchmarks;

import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.internal.health.OutlierWatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
 * What outlier detection adds to an answer. All threads share one target.
 *
 * <p>{@code java -jar benchmarks/target/benchmarks.jar OutlierBenchmark -t 4 -prof gc}
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class OutlierBenchmark {

    private static final int LOOPS = 64;

    /** Failures in a row alone, or shares of requests as well. */
    @Param({"row", "rates"})
    public String watched;

    private OutlierWatch watch;
    private final AtomicInteger threads = new AtomicInteger();

    /** The I/O thread that each thread stands for. */
    @State(Scope.Thread)
    public static class Loop {
        private int index;

        /** Takes the next one. */
        @Setup
        public void setUp(OutlierBenchmark of) {
            index = of.threads.getAndIncrement() % LOOPS;
        }
    }

    @Setup
    public void setUp() {
        OutlierDetection config = OutlierDetection.builder()
                .consecutive5xx(5)
                .successRateDeviation(watched.equals("rates") ? 1_900 : 0)
                .build();
        watch = new OutlierWatch(config, LOOPS, reason -> {});
    }

    @Benchmark
    public void goodAnswer(Loop loop) {
        watch.answered(loop.index, 200);
    }
}
