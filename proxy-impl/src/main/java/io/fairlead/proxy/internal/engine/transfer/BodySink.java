package io.fairlead.proxy.internal.engine.transfer;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where a body goes: the framing and the socket of one leg. Called by one {@link BodySource}, on the I/O thread of the
 * exchange.
 */
public interface BodySink {

    /** Tells the sink whom to call when it can take more; before the first write. */
    void feed(BodySource source);

    /**
     * Takes the bytes between position and limit of a buffer of the loop. The sink may overwrite what lies before and
     * after them in the buffer, to put its framing there.
     *
     * @param last whether the body ends with these bytes, without trailers; {@link #end} is not called then
     * @return true if the bytes were taken and the buffer is the source's again; false if the sink keeps the buffer: the
     *     source then stops until {@link BodySource#resume}, unless this was the last
     */
    boolean write(ByteBuffer data, boolean last);

    /** The source has no more for now; everything goes out, the head included. */
    void flush();

    /** The body is complete. */
    void end(@Nullable HeaderBlock trailers);

    /**
     * The body does not come before the sink's peer asks for it with 100 (RFC 9110 §10.1.1), so that it is that peer's turn.
     * The next write ends that.
     */
    void heldBack();

    /** The body will not be complete; the peer must be able to see that. */
    void abort(FailureCode code, String detail);
}
