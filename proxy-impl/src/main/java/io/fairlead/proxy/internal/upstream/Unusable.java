package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.observe.TargetStatus.Obstacle.Kind;

/** Why a target gets no new requests. A target may have several reasons at once, and is back when the last one is gone. */
public enum Unusable {
    /** Its weight is 0. */
    DRAINING(Kind.DRAINING),
    /** It is drained by hand. Not the same as the weight, which an update may set while the drain goes on. */
    DRAINED(Kind.DRAINING),
    /** Its health check fails. */
    CHECK_FAILED(Kind.UNHEALTHY),
    /** Outlier detection ejected it. */
    EJECTED(Kind.EJECTED),
    /** Its circuit breaker is open. */
    BREAKER_OPEN(Kind.BREAKER_OPEN);

    private final Kind kind;

    Unusable(Kind kind) {
        this.kind = kind;
    }

    /** What the API calls it. */
    Kind kind() {
        return kind;
    }

    int bit() {
        return 1 << ordinal();
    }
}
