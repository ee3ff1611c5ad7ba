package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.resilience.Breaker;
import org.jspecify.annotations.Nullable;

/**
 * The place of one request in a pool that has a breaker or a limit of its own: what became of it is told once, and it leaves
 * once. A pool without either gives the same empty one to all, so that only who limits pays for an object.
 */
public final class PoolEntry {

    static final PoolEntry FREE = new PoolEntry(null, Breaker.REFUSED, null);

    private final @Nullable Breaker breaker;
    private final @Nullable PaddedCounter requests;
    private int permit;
    private boolean left;

    PoolEntry(@Nullable Breaker breaker, int permit, @Nullable PaddedCounter requests) {
        this.breaker = breaker;
        this.permit = permit;
        this.requests = requests;
    }

    /** Whether a breaker wants to know what becomes of the request; else nobody needs to look at the clock for it. */
    public boolean isWatched() {
        return breaker != null;
    }

    /** The client gets this answer of a target, after this time. */
    public void answered(int status, long nanos) {
        Breaker told = breaker;
        if (told != null && permit != Breaker.REFUSED) {
            if (OutlierWatch.isFailure(status)) {
                told.failed(permit, nanos);
            } else {
                told.succeeded(permit, nanos);
            }
            permit = Breaker.REFUSED;
        }
    }

    /** The targets gave no answer. */
    public void failed(long nanos) {
        Breaker told = breaker;
        if (told != null && permit != Breaker.REFUSED) {
            told.failed(permit, nanos);
            permit = Breaker.REFUSED;
        }
    }

    /** Nothing of the request is under way any more. If nothing was told before, nothing is to be learnt from it. */
    public void leave() {
        Breaker told = breaker;
        if (told != null && permit != Breaker.REFUSED) {
            told.released(permit);
            permit = Breaker.REFUSED;
        }
        PaddedCounter counted = requests;
        if (counted != null && !left) {
            left = true;
            counted.getAndDecrement();
        }
    }
}
