package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.internal.resilience.BreakerCall;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one I/O thread has of a pool: its turn, its budget of retries, and what its last pick came to. Read and written by that
 * thread only.
 */
final class PoolShard {

    /** How often the strategy chooses for one attempt within a tier. */
    private static final int PICKS = 3;

    private final UpstreamPool config;
    private final TierPickers pickers;
    private final RetryBudget retries;

    /** What the target that was picked last wants to be told through; null if it has no breaker. */
    private @Nullable BreakerCall call;

    /** Where it begins to ask when it asks all of them. */
    private int walks;

    /** Why nothing was picked last. */
    private FailureCode refusal = FailureCode.UPSTREAM_UNAVAILABLE;

    PoolShard(UpstreamPool config, TierPickers pickers, RetryBudget retries) {
        this.config = config;
        this.pickers = pickers;
        this.retries = retries;
    }

    /** The same with other settings. */
    PoolShard with(UpstreamPool changed, TierPickers changedPickers) {
        PoolShard next = new PoolShard(changed, changedPickers, retries.configure(changed.retry()));
        // An update may come between a pick and its attempt, and a probe's permit that is lost never comes back.
        next.call = call;
        next.refusal = refusal;
        next.walks = walks;
        return next;
    }

    UpstreamPool config() {
        return config;
    }

    TierPickers pickers() {
        return pickers;
    }

    RetryBudget retries() {
        return retries;
    }

    @Nullable
    BreakerCall call() {
        return call;
    }

    FailureCode refusal() {
        return refusal;
    }

    void refused(FailureCode code) {
        refusal = code;
    }

    /** See {@link RunningPool#pick}. */
    @Nullable
    PoolTarget pick(Selection selection, Exchange exchange, List<PoolTarget> tried) {
        TargetSet only = selection.only();
        TargetSet drawn = only != null ? only : selection.tiers().at(pickers.draw(exchange));
        TargetSet from = selection.besides(drawn, tried);
        refusal = selection.open().isEmpty() ? FailureCode.UPSTREAM_UNAVAILABLE : FailureCode.UPSTREAM_CIRCUIT_OPEN;
        if (from.size() == 0) {
            return null;
        }
        PoolTarget picked = pickOf(from, exchange);
        return picked != null ? picked : pickElsewhere(selection, from, exchange, tried);
    }

    /** See {@link RunningPool#pickSession}. */
    boolean pickSession(Selection selection, PoolTarget target) {
        if (target.isUsableInSession(selection.panics()) && admits(target)) {
            return true;
        }
        refusal = FailureCode.UPSTREAM_SESSION_UNAVAILABLE;
        return false;
    }

    /**
     * Takes one of these that admits the attempt. A target refuses it that is at its limit, or whose breaker has let enough probes
     * through. The strategy says who is asked next, a few times; but each time costs it a look at all of them, and in an
     * overload, when all refuse, that is what a refusal must not cost. So the others are asked in their order.
     *
     * @return null if all of them refuse
     */
    private @Nullable PoolTarget pickOf(TargetSet all, Exchange exchange) {
        TargetSet left = all;
        for (int i = 0; i < PICKS; i++) {
            int place = left.size() == 1 ? 0 : pickers.pick(left, exchange);
            PoolTarget picked = left.target(place);
            if (admits(picked)) {
                return picked;
            }
            if (left.size() == 1) {
                return null;
            }
            left = left.without(place);
        }
        // From another one on each time, or those at the beginning would bear what all others refuse.
        int size = left.size();
        int place = Math.floorMod(walks++, size);
        for (int i = 0; i < size; i++) {
            PoolTarget next = left.target(place);
            if (admits(next)) {
                return next;
            }
            place = place + 1 == size ? 0 : place + 1;
        }
        return null;
    }

    /** Takes one of the other tiers when all of the first choice refuse. */
    private @Nullable PoolTarget pickElsewhere(
            Selection selection, TargetSet from, Exchange exchange, List<PoolTarget> tried) {
        Tiers tiers = selection.tiers();
        for (int i = 0; i < tiers.parts(); i++) {
            TargetSet others = tiers.part(i);
            if (others.part() != from.part() && others.hasOther(tried)) {
                PoolTarget picked = pickOf(others.without(tried), exchange);
                if (picked != null) {
                    return picked;
                }
            }
        }
        return null;
    }

    /** Counts an attempt on this target as under way; false if its limit or its breaker refuses that. */
    boolean admits(PoolTarget picked) {
        if (!picked.begun()) {
            refusal = FailureCode.UPSTREAM_OVERLOADED;
            return false;
        }
        Breaker asked = picked.breaker();
        if (asked == null) {
            call = null;
            return true;
        }
        call = asked.tryCall();
        if (call != null) {
            return true;
        }
        picked.ended();
        refusal = FailureCode.UPSTREAM_CIRCUIT_OPEN;
        return false;
    }
}
