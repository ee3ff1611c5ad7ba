package io.fairlead.proxy.resilience;

/** A condition on which an attempt is followed by another one, see {@link RetryPolicy.Builder#on}. */
public enum RetryOn {
    /**
     * No connection could be had: refused, unreachable, not resolved, not made in time, or none free at the target. Nothing
     * was sent, so that any method is tried again (RFC 9110 §9.2.2).
     */
    CONNECT_FAILURE,
    /**
     * The target closed or reset the connection before the head of its answer was complete, or sent what is no answer: not
     * HTTP, a head that is too large, or an upgrade that nobody had asked for.
     */
    RESET,
    /**
     * The head of the answer did not come within {@link Timeouts#attempt()} or {@link Timeouts#responseHead()}, or the target
     * did not take the body for {@link Timeouts#idle()}.
     */
    TIMEOUT,
    /** The target answered 502, 503 or 504. */
    GATEWAY_ERROR
}
