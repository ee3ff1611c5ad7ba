package io.fairlead.proxy.spi;

import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.TargetListener;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.upstream.HandlerUpstream;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What a proxy is given beside its configuration: code by name, and settings of the process. It survives updates.
 *
 * @param name in threads and logs
 * @param ioThreads zero means one for each core
 * @param middleware by name
 * @param handlers functional upstreams by name
 * @param bodyTransforms functions on whole bodies by name
 * @param loadBalancers strategies of the program by name
 * @param rateLimitStores where rate limits may count, by name
 * @param discoveries finders of targets by name
 * @param exchangeListeners hear of every exchange
 * @param lifecycleListeners hear of start, update and stop
 * @param targetListeners hear of changes of the state of targets
 */
public record Registrations(
        String name,
        int ioThreads,
        Map<String, Middleware> middleware,
        Map<String, HandlerUpstream> handlers,
        Map<String, UnaryOperator<byte[]>> bodyTransforms,
        Map<String, TargetPickerFactory> loadBalancers,
        Map<String, RateLimitStore> rateLimitStores,
        Map<String, TargetDiscovery> discoveries,
        List<ExchangeListener> exchangeListeners,
        List<LifecycleListener> lifecycleListeners,
        List<TargetListener> targetListeners) {

    /** Copies everything. */
    public Registrations {
        middleware = Map.copyOf(middleware);
        handlers = Map.copyOf(handlers);
        bodyTransforms = Map.copyOf(bodyTransforms);
        loadBalancers = Map.copyOf(loadBalancers);
        rateLimitStores = Map.copyOf(rateLimitStores);
        discoveries = Map.copyOf(discoveries);
        exchangeListeners = List.copyOf(exchangeListeners);
        lifecycleListeners = List.copyOf(lifecycleListeners);
        targetListeners = List.copyOf(targetListeners);
    }

    /** No code, one I/O thread for each core. */
    public static Registrations none() {
        return new Registrations(
                "proxy", 0, Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), List.of(), List.of(),
                List.of());
    }
}
