package io.fairlead.proxy.observe;

import java.util.List;

/**
 * A pool at one moment.
 *
 * @param name of the pool
 * @param panicking whether unhealthy and ejected targets are used, because too few are left
 * @param targets in the order of the configuration
 */
public record PoolStatus(String name, boolean panicking, List<TargetStatus> targets) {

    /** Copies the list. */
    public PoolStatus {
        targets = List.copyOf(targets);
    }
}
