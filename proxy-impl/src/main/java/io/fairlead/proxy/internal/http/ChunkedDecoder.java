package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Undoes the chunked coding (RFC 9112 §7.1) in place: the data of the chunks in a buffer is moved together, so that it
 * goes on as one piece with a framing of our own. Strict, because a lenient reader in front of another lenient reader
 * is how requests are smuggled: CR LF ends a line and nothing else does, sizes are plain hex digits.
 */
public final class ChunkedDecoder {

    /** What {@link #decode} found. */
    public enum Result {
        /** The buffer is used up; the body goes on. */
        MORE,
        /** The body ended; {@link #next()} is where the rest of the buffer begins. */
        DONE,
        /** The coding is broken. */
        MALFORMED
    }

    /**
     * Bytes of chunk extensions beyond the bytes of data: a sender that signs each of its chunks may go on for ever, one
     * that sends little else is stopped (RFC 9112 §7.1.1).
     */
    private static final int MAX_EXTENSION_BYTES = 1024;

    private static final int MAX_SIZE_DIGITS = 15;
    private static final int MAX_TRAILER_BYTES = 8192;

    private static final int SIZE = 0;
    private static final int EXTENSION = 1;
    private static final int SIZE_LF = 2;
    private static final int DATA = 3;
    private static final int DATA_CR = 4;
    private static final int DATA_LF = 5;
    private static final int TRAILER_START = 6;
    private static final int TRAILER = 7;
    private static final int TRAILER_LF = 8;
    private static final int LAST_LF = 9;
    private static final int END = 10;

    private static final byte[] NONE = new byte[0];

    private int state = SIZE;
    private long left;
    private int digits;
    private long extension;
    private byte[] trailerBytes = NONE;
    private int trailerLength;
    private @Nullable HeaderBlock trailers;
    private int next;

    /** The trailer fields once the body ended; null if there were none. */
    public @Nullable HeaderBlock trailers() {
        return trailers;
    }

    /** Where the buffer goes on after the body. */
    public int next() {
        return next;
    }

    /** Whether the end of the body was seen. */
    public boolean ended() {
        return state == END;
    }

    /**
     * Decodes the bytes between position and limit. Afterwards position and limit enclose the data; when the body ended,
     * what follows it in the buffer is untouched and begins at {@link #next()}.
     *
     * @param parser reads the trailer fields
     */
    public Result decode(ByteBuffer buffer, HeadParser parser) {
        int in = buffer.position();
        int limit = buffer.limit();
        int start = in;
        int out = in;
        boolean some = false;
        while (in < limit) {
            if (state == DATA) {
                int size = (int) Math.min(left, limit - in);
                if (!some) {
                    start = in;
                    out = in;
                    some = true;
                }
                if (out != in) {
                    buffer.put(out, buffer, in, size);
                }
                out += size;
                in += size;
                left -= size;
                extension = Math.max(0, extension - size);
                if (left == 0) {
                    state = DATA_CR;
                }
                continue;
            }
            byte b = buffer.get(in++);
            switch (state) {
                case SIZE -> {
                    int digit = Character.digit(b, 16);
                    if (digit >= 0) {
                        if (++digits > MAX_SIZE_DIGITS) {
                            return Result.MALFORMED;
                        }
                        left = left << 4 | digit;
                    } else if (digits == 0 || b != '\r' && b != ';') {
                        return Result.MALFORMED;
                    } else {
                        state = b == '\r' ? SIZE_LF : EXTENSION;
                    }
                }
                case EXTENSION -> {
                    if (b == '\r') {
                        state = SIZE_LF;
                    } else if (b < ' ' && b != '\t' && b >= 0 || b == 127 || ++extension > MAX_EXTENSION_BYTES) {
                        return Result.MALFORMED;
                    }
                }
                case SIZE_LF -> {
                    if (b != '\n') {
                        return Result.MALFORMED;
                    }
                    state = left == 0 ? TRAILER_START : DATA;
                    digits = 0;
                }
                case DATA_CR -> {
                    if (b != '\r') {
                        return Result.MALFORMED;
                    }
                    state = DATA_LF;
                }
                case DATA_LF -> {
                    if (b != '\n') {
                        return Result.MALFORMED;
                    }
                    state = SIZE;
                }
                case TRAILER_START, TRAILER -> {
                    if (b == '\r') {
                        state = state == TRAILER_START ? LAST_LF : TRAILER_LF;
                    } else if (b == '\n' || !keep(b)) {
                        return Result.MALFORMED;
                    } else {
                        state = TRAILER;
                    }
                }
                case TRAILER_LF -> {
                    if (b != '\n' || !keep((byte) '\r') || !keep(b)) {
                        return Result.MALFORMED;
                    }
                    state = TRAILER_START;
                }
                case LAST_LF -> {
                    if (b != '\n') {
                        return Result.MALFORMED;
                    }
                    state = END;
                    if (trailerLength > 0) {
                        trailers = parser.parseTrailers(trailerBytes, trailerLength, FailureCode.CLIENT_MALFORMED_BODY);
                        if (trailers == null) {
                            return Result.MALFORMED;
                        }
                    }
                    next = in;
                    buffer.limit(out).position(start);
                    return Result.DONE;
                }
                default -> throw new IllegalStateException("decoding after the end");
            }
        }
        buffer.limit(out).position(start);
        return Result.MORE;
    }

    private boolean keep(byte b) {
        if (trailerLength == trailerBytes.length) {
            if (trailerLength == MAX_TRAILER_BYTES) {
                return false;
            }
            trailerBytes = Arrays.copyOf(trailerBytes, Math.min(MAX_TRAILER_BYTES, Math.max(256, trailerLength * 2)));
        }
        trailerBytes[trailerLength++] = b;
        return true;
    }
}
