package io.fairlead.proxy.internal.http;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The bytes of a head that has not come whole. A parser has no memory and begins at the first byte each time; a sender
 * that drips one byte a packet would so make the work grow with the square of the head. Therefore a new piece is a
 * reason to parse again only if it may end the head, if the limit is passed, or if all parses together stay within a
 * few times the bytes that have come: faults are still refused early, and the work is linear.
 */
public final class PartialHead {

    /** Bytes that may be parsed in vain whatever has come; heads in a few packets stay below. */
    private static final int FREE_WORK_BYTES = 16 * 1024;

    private static final long WORK_FACTOR = 4;

    private byte[] bytes;
    private int length;
    private long work;

    /** Begins with what was parsed without finding the end; the piece is used up. */
    public PartialHead(ByteBuffer parsed) {
        length = parsed.remaining();
        bytes = new byte[length];
        parsed.get(bytes);
        work = length;
    }

    /**
     * Adds a piece, which is used up.
     *
     * @param maxBytes of a head; with more it is time for the parser to refuse
     * @return whether the head is to be parsed again
     */
    public boolean add(ByteBuffer piece, int maxBytes) {
        int from = length;
        int size = piece.remaining();
        if (bytes.length - length < size) {
            bytes = Arrays.copyOf(bytes, Math.max(length + size, length + length / 2));
        }
        piece.get(bytes, length, size);
        length += size;
        if (length > maxBytes || mayEnd(from) || work + length <= FREE_WORK_BYTES + WORK_FACTOR * length) {
            work += length;
            return true;
        }
        return false;
    }

    /** Whether an empty line ends at or after {@code from}; with bare LFs too, which the parser then refuses. */
    private boolean mayEnd(int from) {
        for (int i = Math.max(from, 1); i < length; i++) {
            if (bytes[i] == '\n' && (bytes[i - 1] == '\n' || i > 1 && bytes[i - 1] == '\r' && bytes[i - 2] == '\n')) {
                return true;
            }
        }
        return false;
    }

    /** All that has come. */
    public ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    /** Bytes that were given to the parser so far, each time anew. */
    long work() {
        return work;
    }
}
