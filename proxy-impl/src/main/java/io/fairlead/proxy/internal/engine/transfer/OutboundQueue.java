package io.fairlead.proxy.internal.engine.transfer;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.xnio.channels.StreamSinkChannel;

/**
 * What a socket did not take. As long as it takes everything, nothing waits here and nothing is copied; else the buffer
 * stays, writes are switched on, and what is written meanwhile waits behind it: a head, a piece and the end of a body at
 * most, because a source stops when its buffer was kept. All on the I/O thread of the socket.
 *
 * <p>The owner watches the time, switches writes off again, and tells the source to go on.
 */
public final class OutboundQueue {

    private static final int MAX_WAITING = 5;

    private final IoLoop loop;
    private final StreamSinkChannel channel;
    private @Nullable ByteBuffer first;
    private @Nullable ArrayDeque<ByteBuffer> rest;
    private long written;

    public OutboundQueue(IoLoop loop, StreamSinkChannel channel) {
        this.loop = loop;
        this.channel = channel;
    }

    /** Whether nothing waits. */
    public boolean isEmpty() {
        return first == null;
    }

    /** Whether so much waits already that {@link #write} would throw. */
    public boolean isFull() {
        return first != null && rest != null && rest.size() >= MAX_WAITING - 1;
    }

    /** Bytes that the socket has taken since it was opened; who compares it with an earlier value sees progress. */
    public long written() {
        return written;
    }

    /**
     * Writes a buffer of the loop, behind what waits.
     *
     * @return true if all of it went out and the buffer is the caller's again; false if it is kept
     * @throws IOException if nobody is there to take it; the buffer is the caller's again
     */
    public boolean write(ByteBuffer buffer) throws IOException {
        if (first != null) {
            enqueue(buffer);
            return false;
        }
        while (buffer.hasRemaining()) {
            int count = channel.write(buffer);
            if (count == 0) {
                first = buffer;
                channel.resumeWrites();
                return false;
            }
            written += count;
        }
        return true;
    }

    private void enqueue(ByteBuffer buffer) {
        if (isFull()) {
            throw new IllegalStateException("written to while blocked");
        }
        ArrayDeque<ByteBuffer> queue = rest;
        if (queue == null) {
            queue = new ArrayDeque<>(MAX_WAITING);
            rest = queue;
        }
        queue.addLast(buffer);
    }

    /** Writes what waits as far as the socket takes it; true if nothing waits any more. */
    public boolean drain() throws IOException {
        ByteBuffer buffer = first;
        while (buffer != null) {
            if (buffer.hasRemaining()) {
                written += channel.write(buffer);
                if (buffer.hasRemaining()) {
                    return false;
                }
            }
            loop.give(buffer);
            buffer = rest == null ? null : rest.pollFirst();
            first = buffer;
        }
        rest = null;
        return true;
    }

    /** Gives back what waits, unwritten. */
    public void drop() {
        if (first != null) {
            loop.give(first);
            first = null;
        }
        if (rest != null) {
            rest.forEach(loop::give);
            rest = null;
        }
    }
}
