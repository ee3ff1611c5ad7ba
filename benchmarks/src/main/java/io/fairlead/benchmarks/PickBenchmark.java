package io.fairlead.benchmarks;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.Pickers;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one pick costs, on one thread. Every pick changes the load: its target gets a request, and another one loses one.
 * {@code -prof gc} shows that nothing is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class PickBenchmark {

    /** A key that is there already, so that looking for it in a request is not measured. */
    private static final LoadBalancer HASH = LoadBalancer.consistentHash(HashKey.attribute("user"));

    @Param({
        "roundRobin",
        "weightedRoundRobin",
        "leastRequests",
        "powerOfTwoChoices",
        "random",
        "peakEwma",
        "consistentHash"
    })
    public String strategy;

    @Param({"10", "100"})
    public int targets;

    @Param({"equal", "unequal"})
    public String weights;

    private TargetPicker picker;
    private Candidates candidates;
    private Load[] loads;
    private Exchange exchange;
    private int next;

    @Setup(Level.Trial)
    public void setUp() {
        UpstreamPool.Builder pool = UpstreamPool.builder("p").loadBalancer(loadBalancer());
        loads = new Load[targets];
        for (int i = 0; i < targets; i++) {
            Target target = Target.builder("http://10.0.0." + i + ":8080")
                    .weight(weights.equals("equal") ? 1 : 1 + i % 4)
                    .build();
            pool.target(target);
            loads[i] = new Load(target);
            loads[i].inFlight.set(2);
        }
        picker = Pickers.of(pool.build(), Map.of(), 0, 42);
        Load[] all = loads;
        candidates = new Candidates() {
            @Override
            public int size() {
                return all.length;
            }

            @Override
            public Candidate get(int index) {
                return all[index];
            }
        };
        exchange = new OneAttribute("user-4711");
    }

    private LoadBalancer loadBalancer() {
        return switch (strategy) {
            case "roundRobin" -> LoadBalancer.roundRobin();
            case "weightedRoundRobin" -> LoadBalancer.weightedRoundRobin();
            case "leastRequests" -> LoadBalancer.leastRequests();
            case "powerOfTwoChoices" -> LoadBalancer.powerOfTwoChoices();
            case "random" -> LoadBalancer.random();
            case "peakEwma" -> LoadBalancer.peakEwma();
            default -> HASH;
        };
    }

    @Benchmark
    public int pick() {
        int picked = picker.pick(candidates, exchange);
        loads[picked].inFlight.getAndIncrement();
        int ended = next;
        next = ended + 1 == targets ? 0 : ended + 1;
        if (loads[ended].inFlight.get() > 0) {
            loads[ended].inFlight.getAndDecrement();
        }
        return picked;
    }

    private static final class Load implements Candidate {
        private final Target target;
        private final AtomicInteger inFlight = new AtomicInteger();

        Load(Target target) {
            this.target = target;
        }

        @Override
        public Target target() {
            return target;
        }

        @Override
        public double weight() {
            return target.weight();
        }

        @Override
        public int inFlight() {
            return inFlight.get();
        }

        @Override
        public long latencyNanos() {
            return 1_000_000;
        }
    }

    /** Has an attribute and nothing else. */
    private static final class OneAttribute implements Exchange {
        private final Optional<Object> value;

        OneAttribute(Object value) {
            this.value = Optional.of(value);
        }

        @Override
        public Optional<Object> attribute(String key) {
            return value;
        }

        @Override
        public void attribute(String key, Object changed) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public Request request() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<String> routeId() {
            return Optional.empty();
        }

        @Override
        public Map<String, String> variables() {
            return Map.of();
        }

        @Override
        public InetSocketAddress client() {
            throw new UnsupportedOperationException();
        }

        @Override
        public InetSocketAddress peer() {
            throw new UnsupportedOperationException();
        }

        @Override
        public InetSocketAddress local() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant startedAt() {
            return Instant.EPOCH;
        }

        @Override
        public Optional<Duration> remaining() {
            return Optional.empty();
        }

        @Override
        public void onCancel(Runnable action) {
            throw new UnsupportedOperationException();
        }
    }
}
