package io.fairlead.proxy.observe;

import java.time.Instant;

/**
 * A change of the state of a target, or of its pool as a whole.
 *
 * @param time when it was decided
 * @param pool the pool's name
 * @param target the target's URL; empty for what concerns the pool as a whole
 * @param what what changed
 * @param reason what was seen, in words: {@code 5 consecutive 5xx, last 503}
 */
public record TargetEvent(Instant time, String pool, String target, What what, String reason) {

    /** What changed. */
    public enum What {
        /** The active check finds it healthy: after it was unhealthy, or for the first time. */
        HEALTHY,
        /** The active check finds it unhealthy: it gets no requests. */
        UNHEALTHY,
        /** Outlier detection has ejected it: it gets no requests for a while. */
        EJECTED,
        /** Its ejection is over. */
        RETURNED,
        /** Outlier detection would have ejected it, but too many are ejected, or it is the last one. */
        EJECTION_WITHHELD,
        /** It begins with a share of its weight, which grows. */
        SLOW_START_BEGAN,
        /** It has its whole weight. */
        SLOW_START_ENDED,
        /** Its circuit breaker, or the pool's, lets no requests through. */
        BREAKER_OPEN,
        /** The breaker lets a few requests through to see. */
        BREAKER_HALF_OPEN,
        /** The breaker lets requests through. */
        BREAKER_CLOSED,
        /** It gets no new requests and finishes those that it has. */
        DRAINING,
        /** It has finished what it had. */
        DRAINED,
        /** Its drain was undone: it gets requests again, unless something else is against it. */
        UNDRAINED,
        /** The pool has it from now on. */
        ADDED,
        /** The pool does not have it any more. */
        REMOVED,
        /** The pool's target source gives no good answer; the targets that it gave before stay. */
        SOURCE_FAILED,
        /** The pool's target source gives good answers again. */
        SOURCE_RECOVERED,
        /** So few targets are usable that the pool uses the unhealthy and ejected ones too. */
        PANIC_BEGAN,
        /** Enough are usable again. */
        PANIC_ENDED,
        /** Requests go to other tiers or zones than they do while all targets are usable. */
        SPILL_OVER_BEGAN,
        /** They still do, but to others than before. */
        SPILL_OVER_CHANGED,
        /** They go where they go while all targets are usable. */
        SPILL_OVER_ENDED
    }
}
