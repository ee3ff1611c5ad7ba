package io.fairlead.proxy.internal.balancer;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.Map;

/** Makes the pickers of a pool. */
public final class Pickers {

    private Pickers() {}

    /** Whether pickers of this strategy may look at latencies, which cost each answer the clock and a write that threads share. */
    public static boolean readLatency(LoadBalancer loadBalancer) {
        return loadBalancer == LoadBalancer.Strategy.PEAK_EWMA || loadBalancer instanceof LoadBalancer.Ref;
    }

    /**
     * The picker of one I/O thread for a pool's strategy.
     *
     * @param registered the strategies of the program by name
     * @param thread the number of the I/O thread: threads take their turns from different targets on, or all of them would
     *     send their first request to the first one
     * @param seed of what is drawn at random; different ones for different threads and proxies
     */
    public static TargetPicker of(
            UpstreamPool pool, Map<String, TargetPickerFactory> registered, int thread, long seed) {
        LoadBalancer loadBalancer = pool.loadBalancer();
        if (loadBalancer instanceof LoadBalancer.Ref ref) {
            TargetPickerFactory factory = registered.get(ref.name());
            if (factory == null) {
                throw new IllegalStateException("load balancer \"" + ref.name() + "\" is not registered");
            }
            return requireNonNull(factory.create(pool), () -> "load balancer \"" + ref.name() + "\" made null");
        }
        return of(loadBalancer, thread, seed);
    }

    /** The picker of one I/O thread for a strategy that is built in. */
    static TargetPicker of(LoadBalancer loadBalancer, int thread, long seed) {
        if (loadBalancer instanceof LoadBalancer.ConsistentHash hash) {
            return new ConsistentHashPicker(hash, seed);
        }
        if (loadBalancer instanceof LoadBalancer.Strategy strategy) {
            return switch (strategy) {
                case ROUND_ROBIN -> new RoundRobinPicker(thread, seed);
                case WEIGHTED_ROUND_ROBIN -> new WeightedRoundRobinPicker(thread, seed);
                case LEAST_REQUESTS -> new LeastRequestsPicker(seed);
                case POWER_OF_TWO_CHOICES -> new PowerOfTwoPicker(seed);
                case RANDOM -> new RandomPicker(seed);
                case PEAK_EWMA -> new PeakEwmaPicker(seed);
            };
        }
        throw new IllegalArgumentException("no picker for " + loadBalancer);
    }
}
