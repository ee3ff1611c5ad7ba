package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.resilience.Timeouts;
import java.net.InetSocketAddress;

/** One request and its answer on a connection to a target. As a source it gives the answer's body. */
public interface UpstreamStream extends BodySource {

    /**
     * Begins the request with the head that the caller composed into the loop's scratch space. With a body the head
     * waits for the first bytes or a flush.
     *
     * @param headLength bytes of the head
     * @param bodyLength bytes of the body, 0 for none, -1 for a chunked one
     * @param head whether the method is HEAD, whose answer has no body
     * @param timeouts the deadlines of the exchange
     */
    BodySink send(int headLength, long bodyLength, boolean head, Timeouts timeouts);

    /** Whether it is the target's turn, and not that of the source of the request's body. */
    boolean awaitsTarget();

    /** Whether a byte of the request has left. */
    boolean anySent();

    /** Gives up the exchange: the connection is closed, and the listener called no more. */
    void abort();

    /** The target's address. */
    InetSocketAddress address();
}
