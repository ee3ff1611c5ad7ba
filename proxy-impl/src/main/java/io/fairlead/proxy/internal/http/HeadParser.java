package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads of requests and responses, and is the guard at the door: what it returns has a sound grammar (RFC 9112
 * §2-§5), one valid Host, and a framing that no two recipients can read differently (RFC 9112 §6.3, §11.2).
 *
 * <p>A parser holds scratch space and serves one I/O thread; nothing of one head is left for the next, because every
 * field is written before it is read. The steps of a parse:
 *
 * <ol>
 *   <li>copy the bytes at hand into the scratch array of a {@link HeadScan} (they may be in a direct buffer);
 *   <li>read the start line, then each field line, in one pass; stop at the first fault ({@link RequestParser}, {@link
 *       ResponseParser});
 *   <li>if the bytes end before the head does, say so ({@link #INCOMPLETE}); the caller keeps them and comes back;
 *   <li>check Host, {@link Framing framing}, connection options and expectation;
 *   <li>hand out a head with an exact copy of its bytes.
 * </ol>
 */
public final class HeadParser {

    /** What {@link #parseRequest} and {@link #parseResponse} return when more bytes are needed. */
    public static final int INCOMPLETE = -1;

    /** What they return when the head is refused; see {@link #failure()}. */
    public static final int REFUSED = -2;

    /** Most heads are shorter; the rest of a buffer, which may be full of body, is not copied for them. */
    private static final int FIRST_BYTES = 2048;

    private static final int MAX_TRAILER_FIELDS = 100;

    private final HeadScan scan = new HeadScan();
    private final RequestParser requests = new RequestParser(scan);
    private final ResponseParser responses = new ResponseParser(scan);
    private @Nullable RequestHead request;
    private @Nullable ResponseHead response;

    /** Why the head was refused. */
    public FailureCode failure() {
        FailureCode failure = scan.failure;
        return failure == null ? FailureCode.INTERNAL_ERROR : failure;
    }

    /** What was wrong, for the log. */
    public String detail() {
        return scan.detail;
    }

    /** The request that was parsed last. */
    public RequestHead request() {
        if (request == null) {
            throw new IllegalStateException("no request was parsed");
        }
        RequestHead result = request;
        request = null;
        return result;
    }

    /** The response that was parsed last. */
    public ResponseHead response() {
        if (response == null) {
            throw new IllegalStateException("no response was parsed");
        }
        ResponseHead result = response;
        response = null;
        return result;
    }

    /**
     * Parses a request head at the buffer's position, which is not moved.
     *
     * @return the bytes that the head takes up, {@link #INCOMPLETE} or {@link #REFUSED}
     */
    public int parseRequest(ByteBuffer data, HeadLimits limits) {
        // A client may send an empty line too much before a request (RFC 9112 §2.2).
        int skip = 0;
        if (data.remaining() == 1 && data.get(data.position()) == '\r') {
            return INCOMPLETE;
        }
        if (data.remaining() >= 2 && data.get(data.position()) == '\r' && data.get(data.position() + 1) == '\n') {
            skip = 2;
        }
        int available = (int) Math.min(data.remaining() - skip, limits.maxHeaderBytes() + 1L);
        for (int size = Math.min(available, FIRST_BYTES); ; size = Math.min(available, size * 4)) {
            scan.load(data, skip, size);
            int result = requests.parse(limits);
            if (result > 0) {
                request = requests.head();
                return scan.at + skip;
            }
            if (result == REFUSED) {
                return REFUSED;
            }
            if (size == available) {
                break;
            }
        }
        return available > limits.maxHeaderBytes() ? requests.endless(limits) : INCOMPLETE;
    }

    /**
     * Parses a response head at the buffer's position, which is not moved.
     *
     * @return the bytes that the head takes up, {@link #INCOMPLETE} or {@link #REFUSED}
     */
    public int parseResponse(ByteBuffer data, int maxHeaderBytes) {
        int available = (int) Math.min(data.remaining(), maxHeaderBytes + 1L);
        for (int size = Math.min(available, FIRST_BYTES); ; size = Math.min(available, size * 4)) {
            scan.load(data, 0, size);
            int result = responses.parse();
            if (result > 0) {
                response = responses.head();
                return scan.at;
            }
            if (result == REFUSED) {
                return REFUSED;
            }
            if (size == available) {
                break;
            }
        }
        return available > maxHeaderBytes
                ? scan.refuse(FailureCode.UPSTREAM_HEADERS_TOO_LARGE, "more than " + maxHeaderBytes + " bytes")
                : INCOMPLETE;
    }

    /**
     * Parses trailer fields from an array: lines without the empty one at the end.
     *
     * @return the fields, or null if they are refused
     */
    @Nullable
    HeaderBlock parseTrailers(byte[] lines, int length, FailureCode code) {
        scan.loadLines(lines, length);
        if (scan.fields(MAX_TRAILER_FIELDS, code, code) <= 0) {
            return null;
        }
        // A trailer must not change framing, routing or authentication (RFC 9110 §6.5.1).
        for (int i = 0; i < scan.count; i++) {
            int id = scan.id(i);
            if (id == FieldId.CONTENT_LENGTH || id == FieldId.HOST || FieldId.isHopByHop(id)) {
                return null;
            }
        }
        return new HeaderBlock(Arrays.copyOf(lines, length), length, scan.copyIndex(), scan.count);
    }
}
