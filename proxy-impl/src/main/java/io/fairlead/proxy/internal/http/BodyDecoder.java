package io.fairlead.proxy.internal.http;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the end of a body in what was read (RFC 9112 §6.3), whatever frames it: chunks, a length, or the end of the
 * connection. One for each connection, begun anew for each body.
 */
public final class BodyDecoder {

    private @Nullable ChunkedDecoder chunks;
    private boolean untilEnd;
    private long left;
    private int tailFrom;
    private int tailTo;

    /**
     * Begins a body that is not empty.
     *
     * @param length bytes; -1 without a length: then it is chunked, or goes on until the connection ends
     */
    public void begin(boolean chunked, long length) {
        chunks = chunked ? new ChunkedDecoder() : null;
        untilEnd = !chunked && length < 0;
        left = length;
    }

    /**
     * Decodes what lies between position and limit, which enclose the data of the body afterwards. What follows the body
     * is untouched and lies between {@link #tailFrom} and {@link #tailTo}.
     *
     * @param parser reads the trailer fields
     */
    public ChunkedDecoder.Result decode(ByteBuffer buffer, HeadParser parser) {
        tailTo = buffer.limit();
        tailFrom = tailTo;
        ChunkedDecoder coding = chunks;
        if (coding != null) {
            ChunkedDecoder.Result result = coding.decode(buffer, parser);
            if (result == ChunkedDecoder.Result.DONE) {
                tailFrom = coding.next();
            }
            return result;
        }
        if (untilEnd) {
            return ChunkedDecoder.Result.MORE;
        }
        if (buffer.remaining() > left) {
            tailFrom = (int) (buffer.position() + left);
            buffer.limit(tailFrom);
        }
        left -= buffer.remaining();
        return left == 0 ? ChunkedDecoder.Result.DONE : ChunkedDecoder.Result.MORE;
    }

    /** Where what follows the body begins in the buffer that was decoded last. */
    public int tailFrom() {
        return tailFrom;
    }

    /** Where that buffer ended. */
    public int tailTo() {
        return tailTo;
    }

    /** Whether something follows the body in the buffer that was decoded last. */
    public boolean hasTail() {
        return tailFrom < tailTo;
    }

    /** Bytes that the body is still to have by its length; -1 if it has none. */
    public long left() {
        return left;
    }

    /** Whether only the end of the connection is the end of the body. */
    public boolean untilEnd() {
        return untilEnd;
    }

    /** The trailer fields once the body ended; null if there were none. */
    public @Nullable HeaderBlock trailers() {
        return chunks == null ? null : chunks.trailers();
    }

    /** Forgets the body, so that nothing of it stays in memory. */
    public void end() {
        chunks = null;
    }
}
