package io.fairlead.proxy.balancer;

/** How a pool chooses the target of a request. */
public sealed interface LoadBalancer {

    /** Each target in turn. Every I/O thread keeps its own turn, so no counter is shared on the path. */
    static LoadBalancer roundRobin() {
        return RoundRobin.INSTANCE;
    }

    /** Each target in turn. */
    enum RoundRobin implements LoadBalancer {
        /** The only one; it has no settings. */
        INSTANCE
    }
}
