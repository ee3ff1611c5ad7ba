package io.fairlead.proxy.discovery;

import io.fairlead.proxy.upstream.Target;
import java.util.List;

/**
 * Finds targets in a registry of one's own. Registered under a name with
 * {@link io.fairlead.proxy.ReverseProxy.Builder#register(String, TargetDiscovery)} and referred to by
 * {@link TargetSource#ref}.
 */
@FunctionalInterface
public interface TargetDiscovery {

    /**
     * All targets of the pool at this moment. May block for a while; two threads ask all sources of a proxy that are code, so that
     * one that takes long keeps others waiting. Never called by two threads at a time for one pool, but maybe for several pools.
     *
     * @return at least one target, in an order that does not change without need; an empty list counts as a failure, and so does
     *     null
     * @throws Exception if they cannot be found; the last good answer stays in use
     */
    List<Target> find() throws Exception;
}
