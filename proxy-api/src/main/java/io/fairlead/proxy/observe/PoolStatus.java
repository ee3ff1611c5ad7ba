package io.fairlead.proxy.observe;

import java.util.List;

/**
 * A pool at one moment.
 *
 * @param name of the pool
 * @param panicking whether unhealthy and ejected targets are used, because too few are left
 * @param targets in the order of the configuration
 * @param tiers which share of the requests goes where, in the order of their use; one for a pool whose targets have all the
 *     same priority, unless it prefers a zone
 */
public record PoolStatus(String name, boolean panicking, List<TargetStatus> targets, List<TierStatus> tiers) {

    /** Copies the lists. */
    public PoolStatus {
        tiers = List.copyOf(tiers);
        targets = List.copyOf(targets);
    }
}
