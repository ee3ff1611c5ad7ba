package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.internal.resilience.BreakerCall;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one I/O thread has of a pool: its turn, its budget of retries, and what its last pick came to. Read and written by that
 * thread only.
 */
final class PoolShard {

    private final UpstreamPool config;
    private final TierPickers pickers;
    private final RetryBudget retries;

    /** What the target that was picked last wants to be told through; null if it has no breaker. */
    private @Nullable BreakerCall call;

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
        PoolTarget picked = pickOne(from, exchange);
        return admits(picked) ? picked : pickAnother(selection, from, exchange, tried, picked);
    }

    /** See {@link RunningPool#pickSession}. */
    boolean pickSession(Selection selection, PoolTarget target) {
        if (target.isUsableInSession(selection.panics()) && admits(target)) {
            return true;
        }
        refusal = FailureCode.UPSTREAM_SESSION_UNAVAILABLE;
        return false;
    }

    private PoolTarget pickOne(TargetSet from, Exchange exchange) {
        return from.size() == 1 ? from.target(0) : pickers.pick(from, exchange);
    }

    /**
     * Takes the others of a target that is at its limit, or whose breaker has let enough probes through: those of its tier, and
     * then those of the other tiers that were not tried.
     */
    private @Nullable PoolTarget pickAnother(
            Selection selection, TargetSet from, Exchange exchange, List<PoolTarget> tried, PoolTarget first) {
        List<PoolTarget> refusing = new ArrayList<>();
        refusing.add(first);
        boolean elsewhere = false;
        while (true) {
            TargetSet others = elsewhere ? selection.tiers().besides(refusing) : from.without(refusing);
            if (!elsewhere && others != null && others.size() == 0) {
                elsewhere = true;
                refusing.addAll(tried);
                others = selection.tiers().besides(refusing);
            }
            if (others == null) {
                return null;
            }
            PoolTarget picked = pickOne(others, exchange);
            if (admits(picked)) {
                return picked;
            }
            refusing.add(picked);
        }
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
