package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.http.BodyDecoder;
import io.fairlead.proxy.internal.http.ChunkedDecoder;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.PartialHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * Reads the answers of a connection to a target. One for each connection, begun anew for each request.
 *
 * <ol>
 *   <li>{@link #begin}: a request is under way, and a head is waited for.
 *   <li>{@link #readable}: bytes have come, or the end.
 *   <li>Heads: interim ones are told and forgotten, until a final one is told. One that has not come whole is in {@code
 *       partial}, an array of its size.
 *   <li>The body is pushed to the sink that was attached; without one what was read waits in {@code inbound}, a buffer of the
 *       loop, and reading stops if more comes.
 * </ol>
 */
final class Http1AnswerReader {

    private static final int IDLE = 0;
    private static final int HEAD = 1;
    private static final int BODY = 2;

    private final Http1UpstreamConnection connection;
    private final ConduitStreamSourceChannel source;
    private final IoLoop loop;
    private final int maxHeadBytes;
    private final BodyDecoder decoder = new BodyDecoder();

    private int state = IDLE;
    private boolean toHead;
    private boolean anyReceived;
    private @Nullable ByteBuffer inbound;
    private @Nullable PartialHead partial;
    private @Nullable BodySink sink;
    private boolean blocked;
    private boolean pushing;

    Http1AnswerReader(
            Http1UpstreamConnection connection, ConduitStreamSourceChannel source, IoLoop loop, int maxHeadBytes) {
        this.connection = connection;
        this.source = source;
        this.loop = loop;
        this.maxHeadBytes = maxHeadBytes;
    }

    // ---- 1. an answer is waited for

    /** @param newToHead whether the request is a HEAD, whose answer has no body */
    void begin(boolean newToHead) {
        state = HEAD;
        toHead = newToHead;
        anyReceived = false;
        partial = null;
        sink = null;
        blocked = false;
    }

    boolean awaitsHead() {
        return state == HEAD;
    }

    boolean isInBody() {
        return state == BODY;
    }

    boolean anyReceived() {
        return anyReceived;
    }

    /** Who takes the body; nobody else is told of it from here on. */
    @Nullable
    BodySink forgetSink() {
        BodySink known = sink;
        sink = null;
        return known;
    }

    /** The exchange is over for this connection. */
    void finish() {
        sink = null;
        state = IDLE;
        decoder.end();
    }

    void close() {
        release();
        partial = null;
    }

    private void release() {
        ByteBuffer buffer = inbound;
        if (buffer != null) {
            inbound = null;
            loop.give(buffer);
        }
    }

    // ---- 2. bytes have come

    void readable() {
        if (inbound != null || blocked) {
            source.suspendReads();
            return;
        }
        ByteBuffer buffer = loop.take();
        int count;
        try {
            count = source.read(buffer);
        } catch (IOException e) {
            loop.give(buffer);
            ended(false);
            return;
        }
        if (count <= 0) {
            loop.give(buffer);
            if (count < 0) {
                ended(true);
            }
            return;
        }
        if (!connection.isLeased()) {
            // Bytes that nobody asked for: whatever follows could be taken for the answer to the next request.
            loop.give(buffer);
            connection.close();
            return;
        }
        anyReceived = true;
        inbound = buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
        process();
    }

    /** @param closed whether the target has closed in order, and not reset */
    private void ended(boolean closed) {
        String detail = closed ? "closed by the target" : "reset by the target";
        if (!connection.isLeased()) {
            connection.close();
        } else if (state == BODY && decoder.untilEnd() && closed) {
            BodySink to = sink;
            if (to == null || blocked) {
                // Known again once the sink has taken what came before: the socket stays at its end.
                source.suspendReads();
                return;
            }
            connection.finish();
            to.end(null);
        } else if (state == BODY) {
            connection.fail(FailureCode.UPSTREAM_BODY_FAILED, detail + " within the body");
        } else {
            connection.endedWithoutAnswer(detail);
        }
    }

    private void resumeReads() {
        if (connection.isOpen() && !source.isReadResumed()) {
            source.resumeReads();
        }
    }

    /** Not re-entrant: what a piece sets off may call again. */
    private void process() {
        if (pushing) {
            return;
        }
        pushing = true;
        try {
            while (inbound != null && (state == HEAD ? readHead(inbound) : pushBody(inbound))) {
                // The next head or piece.
            }
        } finally {
            pushing = false;
        }
    }

    // ---- 3. heads

    private boolean readHead(ByteBuffer buffer) {
        UpstreamListener listener = connection.listener();
        if (listener == null || !buffer.hasRemaining()) {
            release();
            return false;
        }
        ByteBuffer data = buffer;
        PartialHead begun = partial;
        if (begun != null) {
            if (!begun.add(buffer, maxHeadBytes)) {
                release();
                return false;
            }
            data = begun.bytes();
        }
        HeadParser parser = loop.parser();
        int size = parser.parseResponse(data, maxHeadBytes);
        if (size == HeadParser.INCOMPLETE) {
            if (begun == null) {
                partial = new PartialHead(buffer);
            }
            release();
            return false;
        }
        partial = null;
        if (size == HeadParser.REFUSED) {
            return fail(parser.failure(), parser.detail());
        }
        // The head ended in this piece, so that what follows it is still there.
        buffer.position(buffer.limit() - (data.remaining() - size));
        ResponseHead head = parser.response();
        if (head.status() == 101) {
            return fail(FailureCode.UPSTREAM_UNEXPECTED_UPGRADE, "101 unasked");
        }
        if (head.status() < 200) {
            connection.interim(head, listener);
            return connection.isOpen();
        }
        beginBody(head, listener);
        return inbound != null;
    }

    private boolean fail(FailureCode code, String detail) {
        release();
        connection.fail(code, detail);
        return false;
    }

    private void beginBody(ResponseHead head, UpstreamListener listener) {
        state = BODY;
        long length;
        // RFC 9112 §6.3: these never have a body, whatever their fields say.
        if (toHead || head.status() == 204 || head.status() == 304) {
            length = 0;
        } else if (head.chunked()) {
            length = -1;
        } else {
            length = head.contentLength();
        }
        decoder.begin(length != 0 && head.chunked(), length);
        connection.answered(head, decoder.untilEnd());
        if (length == 0) {
            ByteBuffer buffer = inbound;
            if (buffer != null && buffer.hasRemaining()) {
                connection.notReusable();
            }
            release();
            connection.finish();
        }
        listener.head(head, length);
    }

    // ---- 4. the body

    void attach(BodySink newSink) {
        sink = newSink;
        if (connection.isLeased() && state == BODY && !blocked) {
            // Not earlier: as long as nobody takes the body, it is not the target that keeps the exchange waiting.
            connection.readWithin(connection.timeouts().idle());
        }
        resumeReads();
        if (!pushing) {
            process();
            newSink.flush();
        }
    }

    void resume() {
        if (blocked && connection.isOpen()) {
            blocked = false;
            connection.readWithin(connection.timeouts().idle());
            resumeReads();
            process();
        }
    }

    /** Pushes what was read; always false, as there is no more. */
    private boolean pushBody(ByteBuffer buffer) {
        BodySink to = sink;
        if (to == null || blocked) {
            return false;
        }
        ChunkedDecoder.Result result = decoder.decode(buffer, loop.parser());
        if (result == ChunkedDecoder.Result.MALFORMED) {
            return fail(FailureCode.UPSTREAM_BODY_FAILED, "chunked coding");
        }
        boolean last = result == ChunkedDecoder.Result.DONE;
        HeaderBlock trailers = last ? decoder.trailers() : null;
        if (decoder.hasTail()) {
            // More than the body is thrown away with the connection.
            connection.notReusable();
        }
        inbound = null;
        boolean some = buffer.hasRemaining();
        if (last) {
            connection.finish();
        } else {
            connection.readWithin(connection.timeouts().idle());
        }
        boolean taken = true;
        if (some || last && trailers == null) {
            taken = to.write(buffer, last && trailers == null);
        }
        if (taken) {
            loop.give(buffer);
        }
        if (last) {
            if (trailers != null) {
                to.end(trailers);
            }
        } else if (taken) {
            to.flush();
        } else {
            blocked = true;
            connection.stopReadTimer();
        }
        return false;
    }
}
