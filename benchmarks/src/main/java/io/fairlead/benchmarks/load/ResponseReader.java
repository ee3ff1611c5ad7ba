package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads the responses of one keep-alive HTTP/1.1 connection, whatever pieces they come in: a head, then a body framed by
 * Content-Length or chunks (RFC 9112 §6). Bodies are counted, not kept. A response that only the connection's end would
 * delimit is refused, since such a connection cannot be used again.
 */
final class ResponseReader {

    private static final int MAX_HEAD_BYTES = 32 * 1024;

    private enum State {
        HEAD,
        LENGTH_BODY,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_DATA_END,
        TRAILERS
    }

    private final byte[] head = new byte[MAX_HEAD_BYTES];
    private int headLength;
    private State state = State.HEAD;
    private long left;
    private int lineLength;
    private int status;
    private boolean reusable;
    private long bodyBytes;

    /** The status of the response that was completed last. */
    int status() {
        return status;
    }

    /** Whether the connection may carry another request after the response that was completed last. */
    boolean reusable() {
        return reusable;
    }

    /** Body bytes of all responses so far. */
    long bodyBytes() {
        return bodyBytes;
    }

    /**
     * Consumes bytes up to the end of one response.
     *
     * @return true when the response is complete, false when more bytes are needed
     * @throws IOException when the bytes are not a response this class can read
     */
    boolean read(ByteBuffer in) throws IOException {
        while (in.hasRemaining()) {
            switch (state) {
                case HEAD -> {
                    if (readHead(in)) {
                        return true;
                    }
                }
                case LENGTH_BODY -> {
                    if (skip(in)) {
                        return complete();
                    }
                }
                case CHUNK_SIZE -> readChunkSize(in.get());
                case CHUNK_DATA -> {
                    if (skip(in)) {
                        state = State.CHUNK_DATA_END;
                    }
                }
                case CHUNK_DATA_END -> {
                    if (in.get() == '\n') {
                        state = State.CHUNK_SIZE;
                        left = 0;
                        lineLength = 0;
                    }
                }
                case TRAILERS -> {
                    byte b = in.get();
                    if (b == '\n') {
                        if (lineLength == 0) {
                            return complete();
                        }
                        lineLength = 0;
                    } else if (b != '\r') {
                        lineLength++;
                    }
                }
            }
        }
        return false;
    }

    private boolean complete() {
        state = State.HEAD;
        headLength = 0;
        return true;
    }

    private boolean skip(ByteBuffer in) {
        int n = (int) Math.min(left, in.remaining());
        in.position(in.position() + n);
        left -= n;
        bodyBytes += n;
        return left == 0;
    }

    private boolean readHead(ByteBuffer in) throws IOException {
        while (in.hasRemaining()) {
            if (headLength == head.length) {
                throw new IOException("response head is longer than " + MAX_HEAD_BYTES + " bytes");
            }
            byte b = in.get();
            head[headLength++] = b;
            if (b == '\n' && headLength >= 4 && head[headLength - 2] == '\r' && head[headLength - 3] == '\n') {
                return headRead();
            }
        }
        return false;
    }

    private boolean headRead() throws IOException {
        String text = new String(head, 0, headLength, StandardCharsets.ISO_8859_1);
        if (!text.startsWith("HTTP/1.1 ") || text.length() < 12) {
            throw new IOException(
                    "not an HTTP/1.1 response: " + text.lines().findFirst().orElse(""));
        }
        status = Integer.parseInt(text.substring(9, 12));
        if (status / 100 == 1) {
            headLength = 0;
            return false;
        }
        String lower = text.toLowerCase(Locale.ROOT);
        reusable = !lower.contains("\r\nconnection: close\r\n");
        if (status == 204 || status == 304) {
            return complete();
        }
        if (lower.contains("\r\ntransfer-encoding: chunked\r\n")) {
            state = State.CHUNK_SIZE;
            left = 0;
            lineLength = 0;
            return false;
        }
        int length = lower.indexOf("\r\ncontent-length:");
        if (length < 0) {
            throw new IOException("response without Content-Length and without chunks");
        }
        int end = lower.indexOf('\r', length + 2);
        left = Long.parseLong(lower.substring(length + 17, end).trim());
        if (left == 0) {
            return complete();
        }
        state = State.LENGTH_BODY;
        return false;
    }

    private void readChunkSize(byte b) throws IOException {
        if (b == '\n') {
            state = left == 0 ? State.TRAILERS : State.CHUNK_DATA;
            lineLength = 0;
        } else if (b != '\r') {
            int digit = Character.digit(b, 16);
            if (digit < 0 || ++lineLength > 15) {
                throw new IOException("bad chunk size");
            }
            left = left * 16 + digit;
        }
    }
}
