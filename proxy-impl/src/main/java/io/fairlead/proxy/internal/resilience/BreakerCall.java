package io.fairlead.proxy.internal.resilience;

/**
 * One call that a breaker let through. What became of it is told to that breaker, whatever the settings say by then, and only
 * the first time. Not for several threads at once.
 */
public final class BreakerCall {

    private final Breaker breaker;
    private final int permit;
    private boolean told;

    BreakerCall(Breaker breaker, int permit) {
        this.breaker = breaker;
        this.permit = permit;
    }

    /** It was answered well after this time. */
    public void succeeded(long nanos) {
        if (!told) {
            told = true;
            breaker.succeeded(permit, nanos);
        }
    }

    /** It failed after this time. */
    public void failed(long nanos) {
        if (!told) {
            told = true;
            breaker.failed(permit, nanos);
        }
    }

    /** It came to nothing that says anything about the target. */
    public void released() {
        if (!told) {
            told = true;
            breaker.released(permit);
        }
    }
}
