package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which targets of a pool may be picked at this moment; immutable, made anew whenever something changes.
 *
 * @param only those that all requests go to; null while several tiers share them
 * @param tiers all that may be picked
 * @param ejected those against which an ejection speaks and nothing else: the last resort of a request that failed at all
 *     the others
 * @param open those with an open breaker; nobody asks these breakers, so the path looks whether their time is over
 * @param counts how many are well, in words
 */
record Selection(@Nullable TargetSet only, Tiers tiers, TargetSet ejected, List<PoolTarget> open, String counts) {

    /**
     * What may be picked of these. Called under the lock of the pool.
     *
     * @param zone of the proxy
     */
    static Selection of(Collection<PoolTarget> targets, UpstreamPool config, @Nullable String zone) {
        Tiers tiers = Tiers.of(targets, config, zone);
        long well = targets.stream().filter(PoolTarget::isUsable).count();
        long all = targets.stream().filter(target -> !target.isDraining()).count();
        return new Selection(
                tiers.only(),
                tiers,
                new TargetSet(
                        targets.stream()
                                .filter(target -> target.isOnly(Unusable.EJECTED))
                                .toList(),
                        0),
                targets.stream()
                        .filter(target -> target.is(Unusable.BREAKER_OPEN))
                        .toList(),
                well + " of " + all + " targets are usable");
    }

    /** All that may be picked, whichever tier they are of. */
    TargetSet usable() {
        return tiers.usable();
    }

    /** Whether so few are well that the others are used too. */
    boolean panics() {
        return tiers.panics();
    }

    /**
     * Those that a request may go to which failed at these: of its own tier, else of the first tier that has others, else those
     * that are ejected; all of its tier again if there is no other.
     */
    TargetSet besides(TargetSet drawn, List<PoolTarget> tried) {
        if (tried.isEmpty()) {
            return drawn;
        }
        TargetSet others = drawn.without(tried);
        if (others.size() == 0) {
            others = tiers.besides(tried);
        }
        if (others == null) {
            others = ejected.without(tried);
        }
        return others.size() == 0 ? drawn : others;
    }

    /** Lets those breakers half open whose time is over. */
    void halfOpenDue() {
        for (int i = 0; i < open.size(); i++) {
            var breaker = open.get(i).breaker();
            if (breaker != null) {
                breaker.halfOpenIfDue();
            }
        }
    }
}
