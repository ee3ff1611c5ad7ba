package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.http.ResponseHead;

/** Who sends a request upstream and hears of its answer. Called on the I/O thread of the exchange. */
public interface UpstreamListener {

    /** A connection is at hand; the request may be sent. */
    void connected(UpstreamStream stream);

    /** The last byte of a request with a body is out: it is the target's turn from now on. */
    default void sent() {}

    /** An interim response came: 100 to 199 without 101. */
    void interim(ResponseHead head);

    /**
     * The final response began. Its body waits in the stream until that is attached to a sink.
     *
     * @param bodyLength bytes of the body, 0 for none, -1 if unknown
     */
    void head(ResponseHead head, long bodyLength);

    /** The stream is of no use any more: its connection may belong to another exchange by now. */
    void released();

    /** The final response broke off within its body; the sink has not been told yet. */
    void bodyFailed(FailureCode code, String detail);

    /**
     * No final response comes.
     *
     * @param untouched whether the target cannot have acted on the request: nothing of it was sent
     * @param stale whether a connection that was used before ended before a byte of the answer came
     */
    void failed(FailureCode code, String detail, boolean untouched, boolean stale);
}
