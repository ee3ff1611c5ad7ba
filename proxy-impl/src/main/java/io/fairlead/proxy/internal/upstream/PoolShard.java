package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.TargetPicker;
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
    private final TargetPicker picker;
    private final RetryBudget retries;

    /** What the target that was picked last wants to be told through; null if it has no breaker. */
    private @Nullable BreakerCall call;

    /** Why nothing was picked last. */
    private FailureCode refusal = FailureCode.UPSTREAM_UNAVAILABLE;

    PoolShard(UpstreamPool config, TargetPicker picker, RetryBudget retries) {
        this.config = config;
        this.picker = picker;
        this.retries = retries;
    }

    /** The same with other settings. */
    PoolShard with(UpstreamPool changed, TargetPicker changedPicker) {
        PoolShard next = new PoolShard(changed, changedPicker, retries.configure(changed.retry()));
        // An update may come between a pick and its attempt, and a probe's permit that is lost never comes back.
        next.call = call;
        next.refusal = refusal;
        return next;
    }

    UpstreamPool config() {
        return config;
    }

    TargetPicker picker() {
        return picker;
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
        selection.halfOpenDue();
        TargetSet from = selection.besides(tried);
        refusal = selection.open().isEmpty() ? FailureCode.UPSTREAM_UNAVAILABLE : FailureCode.UPSTREAM_CIRCUIT_OPEN;
        if (from.size() == 0) {
            return null;
        }
        PoolTarget picked = pickOne(from, exchange);
        return admits(picked) ? picked : pickAnother(from, exchange, picked);
    }

    private PoolTarget pickOne(TargetSet from, Exchange exchange) {
        return from.target(from.size() == 1 ? 0 : picker.pick(from, exchange));
    }

    /** Takes the others of a target that is at its limit, or whose breaker has let enough probes through. */
    private @Nullable PoolTarget pickAnother(TargetSet from, Exchange exchange, PoolTarget first) {
        List<PoolTarget> refusing = new ArrayList<>();
        refusing.add(first);
        while (true) {
            TargetSet others = from.without(refusing);
            if (others.size() == 0) {
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
