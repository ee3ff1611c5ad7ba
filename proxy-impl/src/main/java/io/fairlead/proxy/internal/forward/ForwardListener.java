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
     * The final response began, and no other attempt follows: whether something else answers in its place. Then its body is
     * thrown away, and {@link #replaced} follows.
     *
     * @param again whether another pool may get the request
     */
    boolean replaces(ResponseHead head, boolean again);

    /** The answer was thrown away that {@link #replaces} does not want. */
    void replaced(int status, boolean again);

    /**
     * The request was sent to nobody: no target is usable, a breaker is open, or a limit is reached.
     *
     * @param retryAfterSeconds when the client should come again; 0 if nobody knows
     */
    void refused(FailureCode code, String detail, int retryAfterSeconds);

    /**
     * No response comes.
     *
     * @param again whether another pool may get the request: none of it reached a target, or it is idempotent and all there
     */
    void forwardFailed(FailureCode code, String detail, boolean again);
}
