package io.fairlead.proxy.balancer;

import io.fairlead.proxy.upstream.UpstreamPool;

/**
 * Makes the pickers of one's own strategy, registered under a name that {@link LoadBalancer#ref} refers to:
 *
 * <pre>{@code
 * ReverseProxy.builder()
 *         .register("first", pool -> (candidates, exchange) -> 0)
 *         .route(Route.builder("all")
 *                 .to(UpstreamPool.builder("p").loadBalancer(LoadBalancer.ref("first")).target(..).build())
 *                 .build())
 * }</pre>
 *
 * <p>{@link PickerContract} checks what it makes.
 */
@FunctionalInterface
public interface TargetPickerFactory {

    /**
     * Makes a picker. Called once for each I/O thread of each pool that names this strategy, on that thread, again for each
     * further tier of targets that it uses, and again when an update changes the strategy of the pool; must not block. What it throws, or null, fails the request with 500
     * ({@code INTERNAL_ERROR}).
     *
     * @param pool as configured at this moment
     */
    TargetPicker create(UpstreamPool pool);
}
