package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.OutboundQueue;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.protocol.http.HttpAttachments;
import io.undertow.util.HeaderMap;
import io.undertow.util.HttpString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.channels.StreamSinkChannel;

/**
 * The response of one exchange: Undertow's channel made a sink.
 *
 * <ol>
 *   <li>{@link #respond}: status and fields are handed to Undertow, which frames the body and sends them with its first
 *       bytes;
 *   <li>{@link #write}, {@link #flush}, {@link #end}: the body;
 *   <li>{@link #writable}: what the channel did not take is written, and the source goes on;
 *   <li>{@link #finish}: the last byte is flushed, and the stream is told.
 * </ol>
 */
final class MountedResponse implements BodySink {

    private static final Logger LOG = LoggerFactory.getLogger(MountedResponse.class);

    /** Framing and connection fields are Undertow's to make. */
    private static final long NOT_FORWARDED =
            FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.TRANSFER_ENCODING;

    private static final HttpString VIA = new HttpString("Via");

    private final MountedStream stream;
    private final HttpServerExchange exchange;
    private final IoLoop loop;

    private @Nullable StreamSinkChannel channel;
    private @Nullable OutboundQueue outbound;
    private boolean begun;
    private boolean unframed;
    private long declared = -1;
    private boolean ended;
    private boolean shut;
    private boolean flushing;
    private long bytes;
    private boolean sourceBlocked;
    private @Nullable BodySource source;

    MountedResponse(MountedStream stream, HttpServerExchange exchange, IoLoop loop) {
        this.stream = stream;
        this.exchange = exchange;
        this.loop = loop;
    }

    boolean hasBegun() {
        return begun;
    }

    /** Whether all of it was given to the channel or waits for it. */
    boolean hasEnded() {
        return ended;
    }

    /** Whether a normal close would look like the end of a complete body. */
    boolean endsWithTheConnection() {
        return unframed;
    }

    /** Whether Undertow is at work with the last flush, within which it may close the connection. */
    boolean isFlushing() {
        return flushing;
    }

    long bytes() {
        return bytes;
    }

    // ---- 1. the head

    void respond(
            int status,
            @Nullable ResponseHead reason,
            HeaderBlock headers,
            long bodyLength,
            long declaredLength,
            boolean close,
            boolean via) {
        if (begun) {
            throw new IllegalStateException("a response was begun before");
        }
        begun = true;
        exchange.setStatusCode(status);
        if (reason != null && reason.reasonLength() > 0) {
            exchange.setReasonPhrase(Ascii.string(reason.bytes(), reason.reasonOffset(), reason.reasonLength()));
        }
        if (close) {
            exchange.setPersistent(false);
        }
        HeaderMap to = exchange.getResponseHeaders();
        Set<HttpString> given = new HashSet<>(to.getHeaderNames());
        for (int i = 0; i < headers.count(); i++) {
            int id = headers.id(i);
            if (id == FieldId.REMOVED || (NOT_FORWARDED >>> id & 1) != 0) {
                continue;
            }
            HttpString name = new HttpString(headers.name(i));
            // What the server's own handlers have set stands, as with Undertow's own proxy.
            if (!given.contains(name)) {
                to.add(name, headers.value(i));
            }
        }
        if (reason != null && via) {
            to.add(VIA, "1.1 fairlead");
        }
        declared = declaredLength;
        if (declaredLength >= 0) {
            exchange.setResponseContentLength(declaredLength);
        }
        unframed = bodyLength < 0 && exchange.isHttp10();
    }

    @Override
    public void feed(BodySource newSource) {
        source = newSource;
    }

    private @Nullable OutboundQueue outbound() {
        OutboundQueue known = outbound;
        if (known == null) {
            StreamSinkChannel to = exchange.getResponseChannel();
            if (to == null) {
                LOG.error("another handler has taken the response of {}", exchange);
                stream.gone("no channel for the response");
                return null;
            }
            channel = to;
            to.getWriteSetter().set(MountedStream.guarded(ready -> writable()));
            known = new OutboundQueue(loop, to);
            outbound = known;
        }
        return known;
    }

    // ---- 2. the body

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        OutboundQueue queue = stream.isOpen() ? outbound() : null;
        if (queue == null || ended) {
            return true;
        }
        bytes += data.remaining();
        ended = last;
        boolean waiting = !queue.isEmpty();
        try {
            if (!queue.write(data)) {
                sourceBlocked = true;
                if (!waiting) {
                    stream.writeBy(stream.idleDeadline());
                }
                return false;
            }
        } catch (IOException e) {
            stream.gone("reset by the client");
            return true;
        }
        if (last) {
            finish();
        }
        return true;
    }

    @Override
    public void flush() {
        OutboundQueue queue = stream.isOpen() && !ended ? outbound() : null;
        StreamSinkChannel to = channel;
        if (queue == null || to == null || !queue.isEmpty()) {
            // What waits is flushed once it is written.
            return;
        }
        try {
            if (!flushOpen(to)) {
                stream.writeBy(stream.idleDeadline());
                to.resumeWrites();
            }
        } catch (IOException e) {
            stream.gone("reset by the client");
        }
    }

    /** Before the end is told; but Undertow takes the last byte of a known length for it, and then takes up the next request. */
    private boolean flushOpen(StreamSinkChannel to) throws IOException {
        if (bytes == declared) {
            stream.stopWatching();
        }
        return to.flush();
    }

    /** Only the body of a request is ever held back. */
    @Override
    public void heldBack() {}

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        OutboundQueue queue = stream.isOpen() && !ended ? outbound() : null;
        if (queue == null) {
            return;
        }
        ended = true;
        if (trailers != null) {
            HeaderMap map = new HeaderMap();
            trailers.forEach((name, value) -> map.add(new HttpString(name), value));
            exchange.putAttachment(HttpAttachments.RESPONSE_TRAILERS, map);
        }
        if (queue.isEmpty()) {
            finish();
        }
    }

    @Override
    public void abort(FailureCode code, String detail) {
        if (!stream.fail(code, detail)) {
            stream.cut();
        }
    }

    // ---- 3. what had to wait

    private void writable() {
        OutboundQueue queue = outbound;
        StreamSinkChannel to = channel;
        if (!stream.isOpen() || queue == null || to == null) {
            return;
        }
        long before = queue.written();
        try {
            if (!queue.drain()) {
                if (queue.written() != before) {
                    stream.writeBy(stream.idleDeadline());
                }
                return;
            }
            if (ended) {
                finish();
                return;
            }
            if (!flushOpen(to)) {
                return;
            }
        } catch (IOException e) {
            stream.gone("reset by the client");
            return;
        }
        to.suspendWrites();
        stream.writeBy(MountedStream.OFF);
        BodySource from = source;
        if (sourceBlocked && from != null) {
            sourceBlocked = false;
            from.resume();
        }
    }

    // ---- 4. the end

    private void finish() {
        StreamSinkChannel to = channel;
        if (to == null) {
            return;
        }
        boolean out;
        // Undertow takes up the next request, or closes the connection, within the last flush.
        stream.stopWatching();
        flushing = true;
        try {
            if (!shut) {
                shut = true;
                to.shutdownWrites();
            }
            out = to.flush();
        } catch (IOException e) {
            stream.gone("reset by the client");
            return;
        } finally {
            flushing = false;
        }
        if (out) {
            stream.responseSent();
            return;
        }
        stream.writeBy(stream.idleDeadline());
        to.resumeWrites();
    }

    /** The channel, to be closed; null if another handler has it. */
    @Nullable
    StreamSinkChannel channelToClose() {
        return channel == null ? exchange.getResponseChannel() : channel;
    }

    /** The exchange is over. */
    void drop() {
        source = null;
        OutboundQueue queue = outbound;
        if (queue != null) {
            queue.drop();
        }
    }
}
