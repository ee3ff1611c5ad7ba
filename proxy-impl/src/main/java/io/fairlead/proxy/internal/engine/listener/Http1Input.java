package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.http.BodyDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * What a client has sent and nobody has used yet. It is in a buffer of the loop while it is at work, and in an array of
 * its size while it waits for its turn, because clients that wait are many.
 *
 * <p>A byte is copied twice at most, however many requests came at once: into the array when its read brought a request
 * too many, and out of it if it belongs to a body. What is used is not moved away but passed over; so there is room
 * again only once half of the array is used.
 */
final class Http1Input {

    /** Pipelined bytes that are kept while a request is at work. */
    static final int MAX_KEPT_BYTES = 64 * 1024;

    private final IoLoop loop;
    private @Nullable ByteBuffer bytes;
    private boolean ofLoop;

    Http1Input(IoLoop loop) {
        this.loop = loop;
    }

    /** What is to be used next, between position and limit; null if there is nothing. Who uses bytes moves the position. */
    @Nullable
    ByteBuffer bytes() {
        ByteBuffer current = bytes;
        if (current != null && !current.hasRemaining()) {
            release();
            return null;
        }
        return current;
    }

    boolean isEmpty() {
        return bytes() == null;
    }

    /** Reads when nothing is at hand; the count, or what {@code read} of the channel says if nothing came. */
    int read(ConduitStreamSourceChannel source) throws IOException {
        ByteBuffer buffer = loop.take();
        int count = 0;
        try {
            count = source.read(buffer);
        } finally {
            if (count <= 0) {
                loop.give(buffer);
            }
        }
        if (count > 0) {
            bytes = buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
            ofLoop = true;
        }
        return count;
    }

    /** Reads behind what waits already; there must be {@link #room}. */
    int readBehind(ConduitStreamSourceChannel source) throws IOException {
        ByteBuffer buffer = loop.take();
        try {
            buffer.limit(Math.min(buffer.limit(), buffer.position() + room()));
            int count = source.read(buffer);
            if (count > 0) {
                append(buffer.limit(buffer.position()).position(IoLoop.HEADROOM));
            }
            return count;
        } finally {
            loop.give(buffer);
        }
    }

    /** How much can be read behind what waits. */
    int room() {
        ByteBuffer waiting = bytes();
        if (waiting == null) {
            return MAX_KEPT_BYTES;
        }
        // Moved together only when it has moved on by half: so the moving stays below the reading.
        boolean worthMoving = waiting.position() >= MAX_KEPT_BYTES / 2;
        return MAX_KEPT_BYTES - (worthMoving ? waiting.remaining() : waiting.limit());
    }

    private void append(ByteBuffer more) {
        ByteBuffer waiting = bytes();
        int old = waiting == null ? 0 : waiting.remaining();
        if (waiting == null) {
            bytes = ByteBuffer.allocate(more.remaining()).put(more).flip();
        } else if (waiting.capacity() - waiting.limit() >= more.remaining()) {
            int from = waiting.position();
            int to = waiting.limit();
            waiting.limit(to + more.remaining()).position(to);
            waiting.put(more).position(from);
        } else {
            int size = Math.min(MAX_KEPT_BYTES, Math.max(old + more.remaining(), 2 * waiting.capacity()));
            bytes = ByteBuffer.allocate(size).put(waiting).put(more).flip();
        }
        ofLoop = false;
    }

    /** The request at hand is read to its end: what follows waits for its turn, and the loop gets its buffer back. */
    void keep() {
        ByteBuffer buffer = bytes();
        if (buffer != null && ofLoop) {
            bytes = ByteBuffer.allocate(buffer.remaining()).put(buffer).flip();
            ofLoop = false;
            loop.give(buffer);
        }
    }

    /** Nobody reads the body yet: what came of it waits like this too, if it is so little that a buffer would be wasted on it. */
    void park() {
        ByteBuffer buffer = bytes();
        if (buffer != null && buffer.remaining() <= IoLoop.DATA_BYTES / 2) {
            keep();
        }
    }

    /** Takes the data that {@code decoder} has found in {@link #bytes}, in a buffer of the loop; the rest stays. */
    ByteBuffer takePiece(BodyDecoder decoder) {
        ByteBuffer buffer = bytes;
        if (buffer == null) {
            throw new IllegalStateException("nothing was decoded");
        }
        if (ofLoop) {
            bytes = null;
            if (decoder.hasTail()) {
                ByteBuffer tail = buffer.duplicate().limit(decoder.tailTo()).position(decoder.tailFrom());
                bytes = ByteBuffer.allocate(tail.remaining()).put(tail).flip();
                ofLoop = false;
            }
            return buffer;
        }
        ByteBuffer piece = loop.take().put(buffer);
        passOver(decoder);
        return piece.limit(piece.position()).position(IoLoop.HEADROOM);
    }

    /** Goes on behind what {@code decoder} has decoded. */
    void passOver(BodyDecoder decoder) {
        ByteBuffer buffer = bytes;
        if (buffer != null) {
            buffer.limit(decoder.tailTo()).position(decoder.tailFrom());
        }
    }

    void release() {
        ByteBuffer buffer = bytes;
        if (buffer != null) {
            bytes = null;
            if (ofLoop) {
                loop.give(buffer);
            }
        }
    }
}
