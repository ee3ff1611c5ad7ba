package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * Reads the messages of one keep-alive HTTP/1.1 connection, whatever pieces they come in: a head, then a body framed by
 * Content-Length or chunks (RFC 9112 §6). Of bodies only the beginning is kept; the rest is counted.
 */
abstract class MessageReader {

    /** Framing: the body comes in chunks. */
    static final long CHUNKED = -1;

    /** Framing: this was only an interim answer, and another head follows. */
    static final long INTERIM = -2;

    private static final int MAX_HEAD_BYTES = 32 * 1024;
    private static final int KEPT_BYTES = 64;

    private enum State {
        HEAD,
        LENGTH_BODY,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_DATA_END,
        TRAILERS
    }

    private byte[] head = new byte[1024];
    private int headLength;
    private State state = State.HEAD;
    private long left;
    private int lineLength;
    private final byte[] kept = new byte[KEPT_BYTES];
    private int keptLength;
    private long messageBytes;
    private long bodyBytes;

    /**
     * Is told of a head.
     *
     * @param lower the head in lower case
     * @return the length of the body that follows, {@link #CHUNKED} or {@link #INTERIM}
     * @throws IOException when the head is not one that this reader can go on from
     */
    abstract long framing(String head, String lower) throws IOException;

    /** Body bytes of all messages so far. */
    final long bodyBytes() {
        return bodyBytes;
    }

    /** Body bytes of the message that was begun last. */
    final long messageBytes() {
        return messageBytes;
    }

    /** The first bytes, at most 64, of the body that was begun last. */
    final String bodyStart() {
        return new String(kept, 0, keptLength, StandardCharsets.ISO_8859_1);
    }

    /** The value of a field, or "-" if there is none; the name in lower case. */
    static String field(String head, String lower, String name) {
        int at = lower.indexOf("\r\n" + name + ":");
        if (at < 0) {
            return "-";
        }
        int from = at + name.length() + 3;
        return head.substring(from, head.indexOf('\r', from)).trim();
    }

    /** The framing that the fields say, and otherwise if they say nothing. */
    static long bodyOf(String lower, long otherwise) {
        if (lower.contains("\r\ntransfer-encoding: chunked\r\n")) {
            return CHUNKED;
        }
        String length = field(lower, lower, "content-length");
        return length.equals("-") ? otherwise : Long.parseLong(length);
    }

    /**
     * Consumes bytes up to the end of one message.
     *
     * @return true when the message is complete, false when more bytes are needed
     * @throws IOException when the bytes are not a message this class can read
     */
    final boolean read(ByteBuffer in) throws IOException {
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
        int keep = Math.min(n, kept.length - keptLength);
        if (keep > 0) {
            in.get(in.position(), kept, keptLength, keep);
            keptLength += keep;
        }
        in.position(in.position() + n);
        left -= n;
        messageBytes += n;
        bodyBytes += n;
        return left == 0;
    }

    private boolean readHead(ByteBuffer in) throws IOException {
        while (in.hasRemaining()) {
            if (headLength == MAX_HEAD_BYTES) {
                throw new IOException("a head is longer than " + MAX_HEAD_BYTES + " bytes");
            }
            if (headLength == head.length) {
                head = Arrays.copyOf(head, Math.min(MAX_HEAD_BYTES, 2 * headLength));
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
        keptLength = 0;
        messageBytes = 0;
        long framing = framing(text, text.toLowerCase(Locale.ROOT));
        if (framing == INTERIM) {
            headLength = 0;
            return false;
        }
        if (framing == 0) {
            return complete();
        }
        left = Math.max(0, framing);
        lineLength = 0;
        state = framing == CHUNKED ? State.CHUNK_SIZE : State.LENGTH_BODY;
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
