package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.undertow.io.IoCallback;
import io.undertow.io.Sender;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RequestTooBigException;
import io.undertow.server.protocol.http.HttpAttachments;
import io.undertow.server.protocol.http.HttpContinue;
import io.undertow.util.HeaderMap;
import io.undertow.util.HeaderValues;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.channels.StreamSourceChannel;

/**
 * The request body of one exchange: Undertow's channel made a source.
 *
 * <ol>
 *   <li>{@link #attach}: it is read as far as it goes, then whenever more comes;
 *   <li>each piece goes to the sink, within the limit, until the sink keeps one;
 *   <li>its end: the stream is told, and watches the client from then on;
 *   <li>{@link #readOver}: what nobody wanted is thrown away for a moment after the answer.
 * </ol>
 */
final class MountedRequestBody implements BodySource {

    private static final Logger LOG = LoggerFactory.getLogger(MountedRequestBody.class);

    private static final int MAX_READ_OVER_BYTES = 64 * 1024;

    private final MountedStream stream;
    private final HttpServerExchange exchange;
    private final RequestHead head;
    private final IoLoop loop;

    private @Nullable StreamSourceChannel channel;
    private @Nullable BodySink sink;
    private boolean reading;
    private boolean blocked;
    private boolean ended;
    private boolean continueDue;
    private boolean readingOver;
    private long bytes;
    private long maxBytes;
    private int readOver;

    MountedRequestBody(MountedStream stream, HttpServerExchange exchange, RequestHead head, IoLoop loop) {
        this.stream = stream;
        this.exchange = exchange;
        this.head = head;
        this.loop = loop;
        this.ended = !head.hasBody();
        this.continueDue = head.expectContinue() && head.hasBody();
    }

    boolean hasEnded() {
        return ended;
    }

    long bytes() {
        return bytes;
    }

    void maxBytes(long max) {
        maxBytes = max;
    }

    boolean accepts(long length) {
        return maxBytes == 0 || length <= maxBytes;
    }

    // ---- 1. somebody reads it

    @Override
    public void attach(BodySink newSink) {
        sink = newSink;
        time();
        read();
        if (isHeldBack() && sink == newSink) {
            newSink.heldBack();
        }
    }

    @Override
    public void resume() {
        if (blocked && stream.isOpen()) {
            blocked = false;
            time();
            read();
        }
    }

    @Override
    public void cancel() {
        stop();
        if (!ended && !readingOver && !continueDue && stream.isOpen()) {
            discardAtHand();
        }
    }

    /** What has come already is read over, so that a small body does not cost the client its connection. */
    private void discardAtHand() {
        StreamSourceChannel from = channel();
        if (from == null || reading) {
            return;
        }
        ByteBuffer buffer = loop.take();
        try {
            int count = 1;
            for (int left = MAX_READ_OVER_BYTES; left > 0 && count > 0; left -= count) {
                buffer.clear();
                count = from.read(buffer);
            }
            if (count < 0) {
                ended();
            }
        } catch (IOException e) {
            // It stays without its end, and the connection closes after the answer.
            LOG.debug("the rest of a body is broken", e);
        } finally {
            loop.give(buffer);
        }
    }

    private void stop() {
        sink = null;
        blocked = false;
        if (!readingOver) {
            stream.readBy(MountedStream.OFF);
        }
        StreamSourceChannel from = channel;
        if (from != null && stream.isOpen() && !ended) {
            from.suspendReads();
        }
    }

    /** Tells a client that waits for it to go on (RFC 9110 §10.1.1). */
    void ask() {
        if (!continueDue) {
            return;
        }
        continueDue = false;
        if (sink != null && !blocked) {
            time();
        }
        HttpContinue.sendContinueResponse(exchange, new IoCallback() {
            @Override
            public void onComplete(HttpServerExchange ignored, Sender sender) {}

            @Override
            public void onException(HttpServerExchange ignored, Sender sender, IOException problem) {
                stream.gone("reset by the client");
            }
        });
    }

    /** Whether the client rightly waits until it is told to go on. */
    private boolean isHeldBack() {
        return continueDue && bytes == 0 && !ended;
    }

    private void time() {
        if (!ended) {
            // While it is held back it is the other side's turn, which is told so and timed there.
            stream.readBy(isHeldBack() && !stream.answerBegun() ? MountedStream.OFF : stream.idleDeadline());
        }
    }

    @Nullable
    StreamSourceChannel channel() {
        StreamSourceChannel known = channel;
        if (known == null) {
            known = exchange.getRequestChannel();
            channel = known;
            if (known != null) {
                known.getReadSetter().set(MountedStream.guarded(ready -> {
                    if (readingOver) {
                        readOver();
                    } else {
                        read();
                    }
                }));
            }
        }
        return known;
    }

    // ---- 2. piece by piece

    /** Pushes until the channel or the sink has enough. Not re-entrant: a sink that goes on at once calls resume. */
    private void read() {
        StreamSourceChannel from = channel();
        if (reading || from == null) {
            return;
        }
        reading = true;
        try {
            while (stream.isOpen() && !ended && !blocked && sink != null && readPiece(from, sink)) {
                // The next piece.
            }
        } finally {
            reading = false;
        }
    }

    private boolean readPiece(StreamSourceChannel from, BodySink target) {
        ByteBuffer buffer = loop.take();
        int count;
        try {
            count = from.read(buffer);
        } catch (RequestTooBigException e) {
            loop.give(buffer);
            failed(FailureCode.CLIENT_BODY_TOO_LARGE, "the server's limit");
            return false;
        } catch (IOException e) {
            loop.give(buffer);
            if (exchange.getConnection().isOpen()) {
                failed(FailureCode.CLIENT_MALFORMED_BODY, "the body broke off");
            } else {
                stream.gone("closed by the client within the request body");
            }
            return false;
        }
        if (count == 0) {
            loop.give(buffer);
            from.resumeReads();
            target.flush();
            return false;
        }
        if (count < 0) {
            loop.give(buffer);
            if (!head.chunked() && bytes < head.contentLength()) {
                failed(FailureCode.CLIENT_MALFORMED_BODY, "less than Content-Length");
                return false;
            }
            ended();
            target.end(trailers());
            return false;
        }
        bytes += count;
        if (maxBytes > 0 && bytes > maxBytes) {
            loop.give(buffer);
            failed(FailureCode.CLIENT_BODY_TOO_LARGE, "more than " + maxBytes + " bytes");
            return false;
        }
        if (!head.chunked() && bytes > head.contentLength()) {
            loop.give(buffer);
            failed(FailureCode.CLIENT_MALFORMED_BODY, "more than Content-Length");
            return false;
        }
        boolean last = !head.chunked() && bytes == head.contentLength();
        if (last) {
            ended();
        } else {
            time();
        }
        buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
        if (target.write(buffer, last)) {
            loop.give(buffer);
        } else if (!last) {
            blocked = true;
            stream.readBy(MountedStream.OFF);
            from.suspendReads();
        }
        return true;
    }

    private void failed(FailureCode code, String detail) {
        BodySink target = sink;
        stop();
        if (target != null) {
            target.abort(code, detail);
        }
        stream.fail(code, detail);
    }

    /** The client has sent nothing for too long. */
    void timedOut() {
        failed(FailureCode.CLIENT_BODY_TIMEOUT, "the body stalled");
    }

    // ---- 3. its end

    private void ended() {
        ended = true;
        stream.readBy(MountedStream.OFF);
        StreamSourceChannel from = channel;
        if (from != null) {
            from.suspendReads();
        }
        stream.requestRead();
    }

    private @Nullable HeaderBlock trailers() {
        HeaderMap given = exchange.getAttachment(HttpAttachments.REQUEST_TRAILERS);
        if (given == null || given.size() == 0) {
            return null;
        }
        HeaderBlock trailers = new HeaderBlock();
        for (HeaderValues values : given) {
            String name = values.getHeaderName().toString();
            byte[] bytes = Ascii.bytes(name);
            int id = FieldId.of(bytes, 0, bytes.length);
            // RFC 9110 §6.5.1: a trailer must not change framing, routing or authentication.
            if (FieldId.isHopByHop(id) || id == FieldId.HOST || id == FieldId.CONTENT_LENGTH) {
                continue;
            }
            for (String value : values) {
                trailers.add(name, value);
            }
        }
        return trailers;
    }

    // ---- 4. what nobody wanted

    /** Begins to throw away what still comes; false if there is nothing to read from. */
    boolean beginReadOver() {
        readingOver = true;
        return channel() != null;
    }

    boolean isReadingOver() {
        return readingOver;
    }

    /**
     * Over HTTP/2 Undertow answers frames of a stream that was reset with GOAWAY, which would end the other streams too, so
     * there only time counts.
     */
    void readOver() {
        StreamSourceChannel from = channel;
        if (!stream.isOpen() || from == null) {
            return;
        }
        ByteBuffer buffer = loop.take();
        int count;
        try {
            while ((count = from.read(buffer)) > 0 && (stream.isMultiplexed() || readOver <= MAX_READ_OVER_BYTES)) {
                readOver += count;
                buffer.clear();
            }
        } catch (IOException e) {
            count = 1;
        }
        loop.give(buffer);
        if (count < 0) {
            stream.release();
        } else if (count > 0) {
            stream.closeConnection();
        } else {
            from.resumeReads();
        }
    }
}
