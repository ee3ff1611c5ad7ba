package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.ChunkFrame;
import io.fairlead.proxy.internal.engine.transfer.OutboundQueue;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.http.StatusLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.xnio.conduits.ConduitStreamSinkChannel;

/**
 * Writes the responses of a client's connection. One for each connection, begun anew for each request.
 *
 * <ol>
 *   <li>{@link #interim}: before the response, as often as the upstream likes;
 *   <li>{@link #respond}: status and fields are taken, and wait;
 *   <li>{@link #write} or {@link #flush}: the head goes out, in the room before the first bytes of the body if it fits there;
 *   <li>the body follows, in chunks or as it is;
 *   <li>its last bytes are out: the connection is told.
 * </ol>
 */
final class Http1ResponseWriter implements BodySink {

    private static final int IDLE = 0;
    private static final int HEAD_PENDING = 1;
    private static final int STREAMING = 2;
    private static final int DONE = 3;

    /** Framing and connection fields are ours to make. */
    private static final long NOT_FORWARDED =
            FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.TRANSFER_ENCODING;

    private static final byte[] CONTINUE = Ascii.bytes("HTTP/1.1 100 Continue\r\n\r\n");
    private static final byte[] CLOSE_LINE = Ascii.bytes("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE_LINE = Ascii.bytes("Connection: keep-alive\r\n");
    private static final byte[] CHUNKED_LINE = Ascii.bytes("Transfer-Encoding: chunked\r\n");
    private static final byte[] LENGTH_NAME = Ascii.bytes("Content-Length: ");
    private static final byte[] HTTP11 = Ascii.bytes("HTTP/1.1 ");

    private final Http1ServerConnection connection;
    private final ConduitStreamSinkChannel sink;
    private final IoLoop loop;
    private final ListenerContext listener;
    private final OutboundQueue outbound;

    private int state = IDLE;
    private boolean http10;
    private int status;
    private @Nullable ResponseHead upstream;
    private @Nullable HeaderBlock headers;
    private long length;
    private long declaredLength;
    private boolean chunked;
    private long bytes;
    private boolean endWhenWritten;
    private @Nullable BodySource source;

    Http1ResponseWriter(
            Http1ServerConnection connection, ConduitStreamSinkChannel sink, IoLoop loop, ListenerContext listener) {
        this.connection = connection;
        this.sink = sink;
        this.loop = loop;
        this.listener = listener;
        this.outbound = new OutboundQueue(loop, sink);
    }

    /** A request begins; null if its head could not be read. */
    void begin(@Nullable RequestHead request) {
        http10 = request != null && request.version() == HttpVersion.HTTP_1_0;
        bytes = 0;
    }

    /** Whether no final response is under way. */
    boolean isIdle() {
        return state == IDLE;
    }

    /** Whether the socket has taken all that was written. */
    boolean isWritten() {
        return outbound.isEmpty();
    }

    /** Whether a normal close would look like the end of a complete body. */
    boolean endsWithTheConnection() {
        return !chunked && length < 0;
    }

    /** Bytes of the body so far, without framing. */
    long bytes() {
        return bytes;
    }

    // ---- 1. interim responses

    /** Sends an interim response if the client can take it now; whether it was sent. */
    boolean interim(int interimStatus, HeaderBlock fields) {
        boolean awaited = interimStatus == 100 && connection.isContinueDue();
        if (http10
                || state != IDLE
                || !connection.isOpen()
                || !outbound.isEmpty() && !(awaited && !outbound.isFull())) {
            return false;
        }
        byte[] line = StatusLine.of(interimStatus);
        byte[] head = new byte[line.length + fields.wireLength() + 2];
        System.arraycopy(line, 0, head, 0, line.length);
        int end = fields.writeTo(head, line.length, NOT_FORWARDED);
        head[end++] = '\r';
        head[end++] = '\n';
        writeSmall(Arrays.copyOf(head, end));
        return true;
    }

    void continueNow() {
        writeSmall(CONTINUE);
    }

    private void writeSmall(byte[] message) {
        ByteBuffer buffer = loop.take(message, message.length);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    // ---- 2. the response begins

    void respond(
            int newStatus,
            @Nullable ResponseHead newUpstream,
            HeaderBlock newHeaders,
            long bodyLength,
            long newDeclaredLength) {
        if (state != IDLE) {
            throw new IllegalStateException("a response was begun before");
        }
        state = HEAD_PENDING;
        status = newStatus;
        upstream = newUpstream;
        headers = newHeaders;
        length = bodyLength;
        declaredLength = newDeclaredLength;
        chunked = bodyLength < 0 && !http10;
    }

    @Override
    public void feed(BodySource newSource) {
        source = newSource;
    }

    // ---- 3. and 4. head and body

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        if (!connection.isOpen()) {
            return true;
        }
        int size = data.remaining();
        bytes += size;
        if (chunked) {
            ChunkFrame.put(data, size, last);
        }
        if (state == HEAD_PENDING) {
            state = STREAMING;
            putHead(data);
        }
        if (last) {
            state = DONE;
        }
        boolean taken = writeOut(data);
        if (last) {
            finish();
        }
        return taken;
    }

    /** Puts the head before the data if there is room, else sends it first. */
    private void putHead(ByteBuffer data) {
        int size = composeHead();
        byte[] head = loop.scratch();
        if (size <= data.position()) {
            data.position(data.position() - size);
            data.put(data.position(), head, 0, size);
        } else {
            writeHead(size);
        }
    }

    private void writeHead(int size) {
        ByteBuffer buffer = loop.take(loop.scratch(), size);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    @Override
    public void flush() {
        if (state == HEAD_PENDING && connection.isOpen()) {
            state = STREAMING;
            writeHead(composeHead());
        }
    }

    /** Only the body of a request is ever held back. */
    @Override
    public void heldBack() {}

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        if (!connection.isOpen() || state == DONE) {
            return;
        }
        ByteBuffer buffer = loop.take();
        int start = buffer.position();
        if (chunked) {
            ChunkFrame.putEnd(buffer, trailers);
        }
        buffer.limit(buffer.position()).position(start);
        if (state == HEAD_PENDING) {
            putHead(buffer);
        }
        state = DONE;
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
        finish();
    }

    @Override
    public void abort(FailureCode code, String detail) {
        ProxyExchange current = connection.exchange();
        if (current != null) {
            current.fail(code, detail);
        } else {
            connection.cut();
        }
    }

    /** Writes the head into the loop's scratch space and returns its length. */
    private int composeHead() {
        HeaderBlock fields = headers;
        ResponseHead from = upstream;
        if (fields == null) {
            throw new IllegalStateException("no response");
        }
        headers = null;
        upstream = null;
        byte[] head = loop.scratch(fields.wireLength() + 256 + (from == null ? 0 : from.reasonLength()));
        int at = from != null && from.reasonLength() > 0
                ? putStatusLine(head, from)
                : put(head, 0, StatusLine.of(status));
        at = fields.writeTo(head, at, NOT_FORWARDED);
        if (fields.find(FieldId.DATE) < 0) {
            // RFC 9110 §6.6.1: who forwards a response without Date adds it.
            at = put(head, at, loop.dateLine());
        }
        if (from != null) {
            at = put(head, at, listener.viaLine(from.version()));
        }
        if (chunked) {
            at = put(head, at, CHUNKED_LINE);
        } else if (declaredLength >= 0) {
            at = put(head, at, LENGTH_NAME);
            at = Ascii.putDecimal(head, at, declaredLength);
            head[at++] = '\r';
            head[at++] = '\n';
        }
        if (connection.closesAfter()) {
            at = put(head, at, CLOSE_LINE);
        } else if (http10) {
            at = put(head, at, KEEP_ALIVE_LINE);
        }
        head[at++] = '\r';
        head[at++] = '\n';
        return at;
    }

    private int putStatusLine(byte[] head, ResponseHead from) {
        int at = put(head, 0, HTTP11);
        head[at] = (byte) ('0' + status / 100);
        head[at + 1] = (byte) ('0' + status / 10 % 10);
        head[at + 2] = (byte) ('0' + status % 10);
        head[at + 3] = ' ';
        at += 4;
        System.arraycopy(from.bytes(), from.reasonOffset(), head, at, from.reasonLength());
        at += from.reasonLength();
        head[at++] = '\r';
        head[at++] = '\n';
        return at;
    }

    private static int put(byte[] target, int at, byte[] what) {
        System.arraycopy(what, 0, target, at, what.length);
        return at + what.length;
    }

    /** Writes; true if all went out, false if the buffer is kept. A failed write counts as done: nobody is there. */
    private boolean writeOut(ByteBuffer buffer) {
        boolean waiting = !outbound.isEmpty();
        try {
            if (outbound.write(buffer)) {
                return true;
            }
        } catch (IOException e) {
            connection.gone("reset by the client");
            return true;
        }
        if (!waiting) {
            connection.writeBy(loop.now() + connection.idleNanos());
        }
        return false;
    }

    /** The socket takes more. */
    void writable() {
        long before = outbound.written();
        try {
            if (!outbound.drain()) {
                if (outbound.written() != before) {
                    connection.writeBy(loop.now() + connection.idleNanos());
                }
                return;
            }
        } catch (IOException e) {
            connection.gone("reset by the client");
            return;
        }
        sink.suspendWrites();
        connection.writeBy(Http1ServerConnection.OFF);
        if (endWhenWritten) {
            sent();
            return;
        }
        BodySource from = source;
        if (from != null) {
            from.resume();
        }
    }

    // ---- 5. the end

    private void finish() {
        if (outbound.isEmpty()) {
            sent();
        } else {
            endWhenWritten = true;
        }
    }

    private void sent() {
        state = IDLE;
        endWhenWritten = false;
        source = null;
        connection.responseSent(status);
    }

    /** The connection is closed. */
    void drop() {
        outbound.drop();
        source = null;
    }
}
