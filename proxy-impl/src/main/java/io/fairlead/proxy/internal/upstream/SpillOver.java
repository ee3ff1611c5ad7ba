package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.observe.TargetEvent.What;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which tiers of a pool take requests, and says what there is to tell when that changes. Shares alone are no news:
 * while targets start slowly they move all the time. Guarded by the lock of the pool.
 */
final class SpillOver {

    private List<String> takers = List.of();
    private boolean on;

    /** What these tiers are against the former ones; null if there is nothing to tell. */
    @Nullable
    What next(Tiers tiers) {
        List<String> before = takers;
        List<String> now = tiers.takers();
        if (now.isEmpty()) {
            // What made the last target unusable was told, and what comes next is compared with what was before that.
            return null;
        }
        takers = now;
        boolean was = on;
        // Panic may lead back to the first tier, but not to the usual.
        on = tiers.spillsOver() || was && tiers.panics();
        if (on) {
            return !was ? What.SPILL_OVER_BEGAN : now.equals(before) ? null : What.SPILL_OVER_CHANGED;
        }
        return was ? What.SPILL_OVER_ENDED : null;
    }
}
