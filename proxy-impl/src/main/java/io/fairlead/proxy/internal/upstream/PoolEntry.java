package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.resilience.BreakerCall;
import org.jspecify.annotations.Nullable;

/**
 * The place of one request in a pool that has a breaker or a limit of its own: what became of it is told once, and it leaves
 * once. A pool without either gives the same empty one to all, so that only who limits pays for an object.
 */
public final class PoolEntry {

    static final PoolEntry FREE = new PoolEntry(null, null);

    private final @Nullable BreakerCall call;
    private final @Nullable PaddedCounter requests;
    private boolean left;

    /**
     * @param call of the pool's breaker, if it has one
     * @param requests counts the requests in the pool, if their number is limited
     */
    PoolEntry(@Nullable BreakerCall call, @Nullable PaddedCounter requests) {
        this.call = call;
        this.requests = requests;
    }

    /** Whether a breaker wants to know what becomes of the request; else nobody needs to look at the clock for it. */
    public boolean isWatched() {
        return call != null;
    }

    /** The client gets this answer of a target, after this time. */
    public void answered(int status, long nanos) {
        BreakerCall told = call;
        if (told != null && OutlierWatch.isFailure(status)) {
            told.failed(nanos);
        } else if (told != null) {
            told.succeeded(nanos);
        }
    }

    /** The targets gave no answer. */
    public void failed(long nanos) {
        BreakerCall told = call;
        if (told != null) {
            told.failed(nanos);
        }
    }

    /** Nothing of the request is under way any more. If nothing was told before, nothing is to be learnt from it. */
    public void leave() {
        BreakerCall told = call;
        if (told != null) {
            told.released();
        }
        PaddedCounter counted = requests;
        if (counted != null && !left) {
            left = true;
            counted.getAndDecrement();
        }
    }
}
