package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.ChunkFrame;
import io.fairlead.proxy.internal.engine.transfer.OutboundQueue;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xnio.conduits.ConduitStreamSinkChannel;

/**
 * Writes the requests of a connection to a target. One for each connection, begun anew for each request.
 *
 * <ol>
 *   <li>{@link #begin}: the head is in the loop's scratch space, and without a body it goes out at once;
 *   <li>{@link #write} or {@link #flush}: it goes out, in the room before the first bytes of the body if it fits there;
 *   <li>the body follows; {@link #heldBack} tells that the target has to ask for it first;
 *   <li>its last bytes are out: from now on the target is waited for.
 * </ol>
 *
 * <p>A target that takes no more may have answered before it closed, for instance 413: so a failed write is no failure yet,
 * only the absence of an answer is.
 */
final class Http1RequestWriter implements BodySink {

    private final Http1UpstreamConnection connection;
    private final ConduitStreamSinkChannel sink;
    private final IoLoop loop;
    private final OutboundQueue outbound;

    private int headLength;
    private boolean chunked;
    private boolean withBody;
    private boolean done;
    private boolean heldBack;
    private boolean failed;
    private long sentBefore;
    private @Nullable BodySource source;

    Http1RequestWriter(Http1UpstreamConnection connection, ConduitStreamSinkChannel sink, IoLoop loop) {
        this.connection = connection;
        this.sink = sink;
        this.loop = loop;
        this.outbound = new OutboundQueue(loop, sink);
    }

    // ---- 1. the head

    void begin(int newHeadLength, long bodyLength) {
        headLength = newHeadLength;
        chunked = bodyLength < 0;
        withBody = bodyLength != 0;
        done = bodyLength == 0;
        heldBack = false;
        failed = false;
        sentBefore = outbound.written();
        if (done) {
            flush();
            timeAnswer();
        }
    }

    /** There is no request, and it is over. */
    void beginNothing() {
        done = true;
    }

    /** Whether the request is complete, as far as its source goes. */
    boolean isDone() {
        return done;
    }

    /** Whether all of it is out. */
    boolean isSent() {
        return done && !failed && outbound.isEmpty();
    }

    /** Whether the target has to answer, to take more, or to ask for the body. */
    boolean awaitsTarget() {
        return done || heldBack || failed || !outbound.isEmpty();
    }

    /** Whether a byte of it has left. */
    boolean anySent() {
        return outbound.written() != sentBefore;
    }

    /** Whether the target took no more. */
    boolean hasFailed() {
        return failed;
    }

    @Override
    public void feed(BodySource newSource) {
        source = newSource;
    }

    // ---- 2. and 3. head and body

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        if (failed || !connection.isLeased()) {
            return true;
        }
        notHeldBack();
        int size = data.remaining();
        if (chunked) {
            ChunkFrame.put(data, size, last);
        }
        if (headLength > 0) {
            int length = headLength;
            headLength = 0;
            if (length <= data.position()) {
                data.position(data.position() - length);
                data.put(data.position(), loop.scratch(), 0, length);
            } else {
                writeHead(length);
            }
        }
        boolean taken = writeOut(data);
        if (last) {
            done = true;
            timeAnswer();
        }
        return taken;
    }

    @Override
    public void flush() {
        if (headLength > 0 && connection.isOpen()) {
            int length = headLength;
            headLength = 0;
            writeHead(length);
        }
    }

    private void writeHead(int length) {
        ByteBuffer buffer = loop.take(loop.scratch(), length);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    /** The target has the head, and it is its turn: what it takes until 100 or an answer is its own doing. */
    @Override
    public void heldBack() {
        flush();
        if (connection.awaitsHead() && !done) {
            heldBack = true;
            connection.readWithin(connection.timeouts().responseHead());
        }
    }

    /** The body comes, or the target has asked for it. */
    void notHeldBack() {
        if (heldBack) {
            heldBack = false;
            if (connection.awaitsHead()) {
                connection.stopReadTimer();
            }
        }
    }

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        if (done || failed || !connection.isOpen()) {
            return;
        }
        flush();
        done = true;
        if (chunked) {
            ByteBuffer buffer = loop.take();
            int start = buffer.position();
            ChunkFrame.putEnd(buffer, trailers);
            buffer.limit(buffer.position()).position(start);
            if (writeOut(buffer)) {
                loop.give(buffer);
            }
        }
        timeAnswer();
    }

    /** The client's side failed: the target must not take what it got for a whole request. */
    @Override
    public void abort(FailureCode code, String detail) {
        connection.abort();
    }

    private boolean writeOut(ByteBuffer buffer) {
        boolean waiting = !outbound.isEmpty();
        try {
            if (outbound.write(buffer)) {
                return true;
            }
        } catch (IOException e) {
            failed();
            return true;
        }
        if (!waiting) {
            connection.writeWithin(connection.timeouts().idle());
        }
        return false;
    }

    /** The socket takes more. */
    void writable() {
        long before = outbound.written();
        try {
            if (!outbound.drain()) {
                if (outbound.written() != before) {
                    connection.writeWithin(connection.timeouts().idle());
                }
                return;
            }
        } catch (IOException e) {
            sink.suspendWrites();
            failed();
            return;
        }
        sink.suspendWrites();
        connection.stopWriteTimer();
        BodySource from = source;
        if (done) {
            timeAnswer();
        } else if (from != null) {
            from.resume();
        }
    }

    // ---- 4. all of it is out

    private void timeAnswer() {
        if (connection.awaitsHead() && outbound.isEmpty()) {
            connection.readWithin(connection.timeouts().responseHead());
            UpstreamListener listener = connection.listener();
            if (withBody && listener != null) {
                listener.sent();
            }
        }
    }

    private void failed() {
        failed = true;
        drop();
        if (!anySent()) {
            // Nothing can have been answered. Not in this call: the caller may be in the middle of beginning.
            loop.later(() -> {
                if (failed) {
                    connection.fail(
                            FailureCode.UPSTREAM_SEND_FAILED, "the connection was closed while the request was sent");
                }
            });
        } else {
            BodySource from = source;
            source = null;
            if (from != null) {
                from.cancel();
            }
        }
        if (connection.awaitsHead()) {
            connection.readWithin(connection.timeouts().responseHead());
        }
    }

    /** The exchange is over: its source is called no more. */
    void forgetSource() {
        source = null;
    }

    void drop() {
        outbound.drop();
        connection.stopWriteTimer();
    }
}
