package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.ResponseHead;

/** Who hears of a forwarded request. Called on the I/O thread of the exchange. */
public interface ForwardListener {

    /** A connection to the target is at hand. */
    void forwarded();

    /** An interim response came. */
    void interim(ResponseHead head);

    /**
     * The final response began.
     *
     * @param body waits for its sink; empty if {@code bodyLength} is 0
     * @param bodyLength bytes of the body, 0 for none, -1 if unknown
     */
    void answered(ResponseHead head, BodySource body, long bodyLength);

    /**
     * The request was sent to nobody: no target is usable, a breaker is open, or a limit is reached.
     *
     * @param retryAfterSeconds when the client should come again; 0 if nobody knows
     */
    void refused(FailureCode code, String detail, int retryAfterSeconds);

    /** No response comes. */
    void forwardFailed(FailureCode code, String detail);
}
