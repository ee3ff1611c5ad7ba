package io.fairlead.benchmarks;

import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.resilience.CircuitBreaker;
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
 * What a circuit breaker adds to a call: a permit, and the outcome given back. All threads share one breaker.
 *
 * <p>{@code java -jar benchmarks/target/benchmarks.jar BreakerBenchmark -t 4 -prof gc}
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BreakerBenchmark {

    /** The window: 10 seconds or 100 calls. */
    @Param({"time", "calls"})
    public String window;

    private Breaker closed;
    private Breaker open;

    @Setup
    public void setUp() {
        closed = breaker();
        open = breaker();
        open.forceOpen();
    }

    private Breaker breaker() {
        CircuitBreaker config = CircuitBreaker.builder()
                .windowCalls(window.equals("calls") ? 100 : 0)
                .build();
        return new Breaker("benchmark", config, System::nanoTime, (from, to, reason) -> {});
    }

    @Benchmark
    public int success() {
        int permit = closed.tryAcquire();
        closed.succeeded(permit, 1_000_000);
        return permit;
    }

    /** A client that went away: the permit alone. */
    @Benchmark
    public int released() {
        int permit = closed.tryAcquire();
        closed.released(permit);
        return permit;
    }

    @Benchmark
    public int refused() {
        return open.tryAcquire();
    }
}
