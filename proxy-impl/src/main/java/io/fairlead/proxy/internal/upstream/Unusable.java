package io.fairlead.proxy.internal.upstream;

/** Why a target gets no new requests. A target may have several reasons at once, and is back when the last one is gone. */
public enum Unusable {
    /** Its weight is 0, or it is drained by hand. */
    DRAINING,
    /** Its health check fails. */
    CHECK_FAILED,
    /** Outlier detection ejected it. */
    EJECTED,
    /** Its circuit breaker is open. */
    BREAKER_OPEN;

    int bit() {
        return 1 << ordinal();
    }
}
