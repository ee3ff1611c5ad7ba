package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.ResponseHead;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** The client's side of one exchange, whatever protocol it speaks. */
public interface ClientStream {

    IoLoop loop();

    InetSocketAddress peer();

    InetSocketAddress local();

    /** {@code http} or {@code https}, as the client speaks it. */
    default String scheme() {
        return "http";
    }

    /** The lines that tell an upstream of this connection's client, when its peer is not trusted to say it itself. */
    byte[] forwardedLines();

    /** Asks for a body that the client holds back until it is told to go on (RFC 9110 §10.1.1). */
    void askForBody();

    /** The request body; pushes once it has a sink. */
    BodySource requestBody();

    /** Whether the request body has been read to its end. */
    boolean requestComplete();

    /** Bytes of the request body read so far, without framing. */
    long requestBytes();

    /** The limit on the request body, known once the route is; 0 means none. */
    void maxBodyBytes(long maxBytes);

    /** Whether a body of this length is within the limit; -1 if unknown. */
    boolean acceptsLength(long length);

    /** Sends an interim response at once, if the client understands it. */
    void interim(int status, HeaderBlock headers);

    /**
     * Begins the final response; its head goes out with the first bytes of the body.
     *
     * @param reason the upstream's head, whose reason phrase is kept; null for an answer of our own
     * @param headers fields without hop-by-hop and framing fields
     * @param bodyLength bytes of the body, -1 if unknown, 0 for none
     * @param declaredLength what Content-Length says; -1 for no such field. Differs from {@code bodyLength} for HEAD and
     *     304
     * @param close whether the connection cannot be used for another request
     */
    BodySink respond(
            int status,
            @Nullable ResponseHead reason,
            HeaderBlock headers,
            long bodyLength,
            long declaredLength,
            boolean close);

    /** Bytes of the response body written so far, without framing. */
    long responseBytes();

    /** The client went away or sent no more; for the exchange to ask. */
    boolean isOpen();

    /** Cuts the response so that the client can see that it is not complete. */
    void cut();
}
