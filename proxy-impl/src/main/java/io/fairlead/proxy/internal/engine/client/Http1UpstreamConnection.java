package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.ChunkFrame;
import io.fairlead.proxy.internal.engine.transfer.OutboundQueue;
import io.fairlead.proxy.internal.http.BodyDecoder;
import io.fairlead.proxy.internal.http.ChunkedDecoder;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.PartialHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.resilience.Timeouts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;
import org.xnio.conduits.ConduitStreamSinkChannel;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * A connection to a target that speaks HTTP/1.1: one request at a time, and between them idle in its pool, where its
 * reads stay on so that a target that closes is noticed.
 *
 * <p>One I/O thread. The life of an exchange on it:
 *
 * <ol>
 *   <li>{@link #send} takes the head; the body comes through the sink that it returns.
 *   <li>What is read is parsed as a head, interim ones are told and forgotten, until a final one is told.
 *   <li>Its body is pushed to the sink that was attached; without one what was read waits in {@code inbound}.
 *   <li>Before the last piece is pushed, the connection is back in its pool: the piece is in a buffer already, and the
 *       client's next request may come while it is pushed.
 * </ol>
 */
final class Http1UpstreamConnection extends TimerWheel.Timer implements UpstreamStream, BodySink {

    private static final Logger LOG = LoggerFactory.getLogger(Http1UpstreamConnection.class);

    private static final int READ_IDLE = 0;
    private static final int READ_HEAD = 1;
    private static final int READ_BODY = 2;

    private static final long OFF = Long.MAX_VALUE;

    private final StreamConnection connection;
    private final ConduitStreamSourceChannel source;
    private final ConduitStreamSinkChannel sink;
    private final IoLoop loop;
    private final LoopTarget target;
    private final InetSocketAddress address;
    private final long openedAt;

    private boolean open = true;
    private boolean used;
    private @Nullable UpstreamListener listener;
    private long keepIdleNanos;
    private long idleSince;

    // The request.
    private int headLength;
    private boolean requestDone;

    /** The client sends the body only once the target has asked for it. */
    private boolean heldBack;

    private boolean chunkedRequest;
    private long sentBefore;
    private boolean sendFailed;
    private boolean headRequest;
    private final OutboundQueue outbound;
    private @Nullable BodySource requestSource;
    private Timeouts timeouts = Timeouts.ofDefaults();

    // The answer.
    private int reading = READ_IDLE;
    private boolean anyReceived;
    private @Nullable ByteBuffer inbound;
    private @Nullable PartialHead partial;
    private @Nullable BodySink responseSink;
    private boolean blocked;
    private boolean pushing;
    private final BodyDecoder decoder = new BodyDecoder();
    private boolean reusable;

    private long readDeadline = OFF;
    private long writeDeadline = OFF;

    Http1UpstreamConnection(StreamConnection connection, IoLoop loop, LoopTarget target, InetSocketAddress address) {
        this.connection = connection;
        this.source = connection.getSourceChannel();
        this.sink = connection.getSinkChannel();
        this.loop = loop;
        this.outbound = new OutboundQueue(loop, sink);
        this.target = target;
        this.address = address;
        this.openedAt = loop.now();
        this.keepIdleNanos = target.idleNanos();
        source.setReadListener(channel -> onReadable());
        sink.setWriteListener(channel -> onWritable());
        source.resumeReads();
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    /** Whether an exchange may begin on it. */
    boolean usable(long now) {
        long maxAge = target.maxAgeNanos();
        return open && now - idleSince < keepIdleNanos && (maxAge == 0 || now - openedAt < maxAge);
    }

    /** Begins idle, when the exchange that it was made for is over. */
    void park() {
        requestDone = true;
        reusable = true;
        finish();
    }

    /** Gives the connection to an exchange. */
    void lease(UpstreamListener newListener) {
        listener = newListener;
        readDeadline = OFF;
        newListener.connected(this);
    }

    // ---- the request

    @Override
    public BodySink send(int newHeadLength, long bodyLength, boolean head, Timeouts newTimeouts) {
        headLength = newHeadLength;
        timeouts = newTimeouts;
        headRequest = head;
        chunkedRequest = bodyLength < 0;
        requestDone = bodyLength == 0;
        heldBack = false;
        sentBefore = outbound.written();
        anyReceived = false;
        sendFailed = false;
        reading = READ_HEAD;
        reusable = true;
        responseSink = null;
        blocked = false;
        partial = null;
        if (requestDone) {
            flush();
            requestSent();
        }
        return this;
    }

    private void requestSent() {
        if (reading == READ_HEAD && listener != null && outbound.isEmpty()) {
            readDeadline = deadline(timeouts.responseHead());
            schedule();
        }
    }

    private long deadline(Duration duration) {
        return duration.isZero() ? OFF : loop.now() + duration.toNanos();
    }

    @Override
    public void feed(BodySource newSource) {
        requestSource = newSource;
    }

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        if (!open || sendFailed || listener == null) {
            return true;
        }
        notHeldBack();
        int size = data.remaining();
        if (chunkedRequest) {
            ChunkFrame.put(data, size, last);
        }
        if (headLength > 0) {
            int length = headLength;
            headLength = 0;
            if (length <= data.position()) {
                data.position(data.position() - length);
                data.put(data.position(), loop.scratch(), 0, length);
            } else {
                writeHead(length);
            }
        }
        boolean taken = writeOut(data);
        if (last) {
            requestDone = true;
            requestSent();
        }
        return taken;
    }

    @Override
    public void flush() {
        if (headLength > 0 && open) {
            int length = headLength;
            headLength = 0;
            writeHead(length);
        }
    }

    private void writeHead(int length) {
        ByteBuffer buffer = loop.take(loop.scratch(), length);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    /** The target has the head, and it is its turn: what it takes until 100 or an answer is its own doing. */
    @Override
    public void heldBack() {
        flush();
        if (reading == READ_HEAD && listener != null && !requestDone) {
            heldBack = true;
            readDeadline = deadline(timeouts.responseHead());
            schedule();
        }
    }

    private void notHeldBack() {
        if (heldBack) {
            heldBack = false;
            if (reading == READ_HEAD) {
                readDeadline = OFF;
            }
        }
    }

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        if (!open || requestDone || sendFailed) {
            return;
        }
        flush();
        requestDone = true;
        if (chunkedRequest) {
            ByteBuffer buffer = loop.take();
            int start = buffer.position();
            ChunkFrame.putEnd(buffer, trailers);
            buffer.limit(buffer.position()).position(start);
            if (writeOut(buffer)) {
                loop.give(buffer);
            }
        }
        requestSent();
    }

    /** The client's side failed: the target must not take what it got for a whole request. */
    @Override
    public void abort(FailureCode code, String detail) {
        abort();
    }

    /** Whether a byte of this request has left. */
    private boolean anySent() {
        return outbound.written() != sentBefore;
    }

    private boolean writeOut(ByteBuffer buffer) {
        boolean waiting = !outbound.isEmpty();
        try {
            if (outbound.write(buffer)) {
                return true;
            }
        } catch (IOException e) {
            sendFailed();
            return true;
        }
        if (!waiting) {
            timeWrite();
        }
        return false;
    }

    private void timeWrite() {
        writeDeadline = deadline(timeouts.idle());
        schedule();
    }

    /**
     * The target takes no more. It may have answered before it closed, for instance 413; so the answer is still read,
     * and only its absence is a failure.
     */
    private void sendFailed() {
        sendFailed = true;
        reusable = false;
        dropOutbound();
        BodySource from = requestSource;
        if (!anySent()) {
            // Nothing can have been answered. Not in this call: the caller may be in the middle of beginning.
            loop.later(() -> {
                if (sendFailed && listener != null) {
                    fail(FailureCode.UPSTREAM_SEND_FAILED, "the connection was closed while the request was sent");
                }
            });
        } else if (from != null) {
            requestSource = null;
            from.cancel();
        }
        if (reading == READ_HEAD) {
            readDeadline = deadline(timeouts.responseHead());
            schedule();
        }
    }

    private void dropOutbound() {
        outbound.drop();
        writeDeadline = OFF;
    }

    private void onWritable() {
        try {
            writable();
        } catch (RuntimeException | Error e) {
            LOG.error("a connection to {} failed", address, e);
            fail(FailureCode.INTERNAL_ERROR, e.toString());
        }
    }

    private void writable() {
        if (!open) {
            return;
        }
        long before = outbound.written();
        try {
            if (!outbound.drain()) {
                if (outbound.written() != before) {
                    timeWrite();
                }
                return;
            }
        } catch (IOException e) {
            sink.suspendWrites();
            sendFailed();
            return;
        }
        sink.suspendWrites();
        writeDeadline = OFF;
        if (requestDone) {
            requestSent();
            return;
        }
        BodySource from = requestSource;
        if (from != null) {
            from.resume();
        }
    }

    // ---- the answer

    private void onReadable() {
        try {
            readable();
        } catch (RuntimeException | Error e) {
            LOG.error("a connection to {} failed", address, e);
            fail(FailureCode.INTERNAL_ERROR, e.toString());
        }
    }

    private void readable() {
        if (!open) {
            return;
        }
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
            ended("reset by the target");
            return;
        }
        if (count <= 0) {
            loop.give(buffer);
            if (count < 0) {
                ended("closed by the target");
            }
            return;
        }
        if (listener == null) {
            // Bytes that nobody asked for: whatever follows could be taken for the answer to the next request.
            loop.give(buffer);
            close();
            return;
        }
        anyReceived = true;
        inbound = buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
        process();
    }

    private void ended(String detail) {
        if (listener == null) {
            close();
        } else if (reading == READ_BODY && decoder.untilEnd() && detail.startsWith("closed")) {
            BodySink to = responseSink;
            if (to == null || blocked) {
                // Known again once the sink has taken what came before: the socket stays at its end.
                source.suspendReads();
                return;
            }
            finish();
            to.end(null);
        } else if (reading == READ_BODY) {
            fail(FailureCode.UPSTREAM_BODY_FAILED, detail + " within the body");
        } else if (sendFailed) {
            fail(FailureCode.UPSTREAM_SEND_FAILED, detail);
        } else if (anyReceived) {
            fail(FailureCode.UPSTREAM_MALFORMED_RESPONSE, detail + " within the head");
        } else {
            fail(FailureCode.UPSTREAM_CLOSED, detail + " before it answered");
        }
    }

    private void process() {
        if (pushing) {
            return;
        }
        pushing = true;
        try {
            while (inbound != null && (reading == READ_HEAD ? readHead(inbound) : pushBody(inbound))) {
                // The next head or piece.
            }
        } finally {
            pushing = false;
        }
    }

    private boolean readHead(ByteBuffer buffer) {
        UpstreamListener current = listener;
        if (current == null) {
            releaseInbound();
            return false;
        }
        if (!buffer.hasRemaining()) {
            releaseInbound();
            return false;
        }
        ByteBuffer data = buffer;
        PartialHead begun = partial;
        if (begun != null) {
            if (!begun.add(buffer, target.maxResponseHeaderBytes())) {
                releaseInbound();
                return false;
            }
            data = begun.bytes();
        }
        HeadParser parser = loop.parser();
        int size = parser.parseResponse(data, target.maxResponseHeaderBytes());
        if (size == HeadParser.INCOMPLETE) {
            if (begun == null) {
                partial = new PartialHead(buffer);
            }
            releaseInbound();
            return false;
        }
        partial = null;
        if (size == HeadParser.REFUSED) {
            FailureCode code = parser.failure();
            String detail = parser.detail();
            releaseInbound();
            fail(code, detail);
            return false;
        }
        // The head ended in this piece, so that what follows it is still there.
        buffer.position(buffer.limit() - (data.remaining() - size));
        ResponseHead head = parser.response();
        if (head.status() == 101) {
            releaseInbound();
            fail(FailureCode.UPSTREAM_UNEXPECTED_UPGRADE, "101 unasked");
            return false;
        }
        if (head.status() < 200) {
            if (head.status() == 100) {
                notHeldBack();
            }
            current.interim(head);
            return open;
        }
        begin(head, current);
        return inbound != null;
    }

    private void begin(ResponseHead head, UpstreamListener current) {
        reading = READ_BODY;
        readDeadline = OFF;
        long length;
        // RFC 9112 §6.3: these never have a body, whatever their fields say.
        if (headRequest || head.status() == 204 || head.status() == 304) {
            length = 0;
        } else if (head.chunked()) {
            length = -1;
        } else {
            length = head.contentLength();
        }
        decoder.begin(length != 0 && head.chunked(), length);
        reusable = reusable && head.keepAlive() && !decoder.untilEnd() && requestDone;
        keepAliveHint(head);
        if (length == 0) {
            ByteBuffer buffer = inbound;
            if (buffer != null && buffer.hasRemaining()) {
                reusable = false;
            }
            releaseInbound();
            finish();
        }
        current.head(head, length);
    }

    /** A target that tells how long it keeps connections is left a second before it closes. */
    private void keepAliveHint(ResponseHead head) {
        int at = head.find(FieldId.KEEP_ALIVE);
        if (at < 0) {
            return;
        }
        String value = head.value(at);
        int from = value.indexOf("timeout=");
        if (from < 0) {
            return;
        }
        long seconds = 0;
        for (int i = from + 8; i < value.length() && i < from + 16; i++) {
            int digit = value.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            seconds = seconds * 10 + digit;
        }
        keepIdleNanos = Math.min(target.idleNanos(), Math.max(0, seconds - 1) * 1_000_000_000L);
    }

    @Override
    public void attach(BodySink newSink) {
        responseSink = newSink;
        if (listener != null && reading == READ_BODY && !blocked) {
            // Not earlier: as long as nobody takes the body, it is not the target that keeps the exchange waiting.
            timeBody();
        }
        if (!source.isReadResumed() && open) {
            source.resumeReads();
        }
        if (!pushing) {
            process();
            newSink.flush();
        }
    }

    @Override
    public void resume() {
        if (!blocked || !open) {
            return;
        }
        blocked = false;
        timeBody();
        if (!source.isReadResumed()) {
            source.resumeReads();
        }
        process();
    }

    @Override
    public void cancel() {
        if (reading == READ_BODY) {
            abort();
        }
    }

    /** Pushes one piece; false when it has to wait. */
    private boolean pushBody(ByteBuffer buffer) {
        BodySink to = responseSink;
        if (to == null || blocked) {
            return false;
        }
        ChunkedDecoder.Result result = decoder.decode(buffer, loop.parser());
        if (result == ChunkedDecoder.Result.MALFORMED) {
            releaseInbound();
            fail(FailureCode.UPSTREAM_BODY_FAILED, "chunked coding");
            return false;
        }
        boolean last = result == ChunkedDecoder.Result.DONE;
        HeaderBlock trailers = last ? decoder.trailers() : null;
        // More than the body is thrown away with the connection.
        reusable &= !decoder.hasTail();
        inbound = null;
        boolean some = buffer.hasRemaining();
        if (last) {
            finish();
        } else {
            timeBody();
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
            return false;
        }
        if (!taken) {
            blocked = true;
            readDeadline = OFF;
            return false;
        }
        to.flush();
        return false;
    }

    private void timeBody() {
        readDeadline = deadline(timeouts.idle());
        schedule();
    }

    /** The exchange is over for this connection: it goes back to its pool, or closes. */
    private void finish() {
        UpstreamListener done = listener;
        listener = null;
        if (done != null) {
            done.released();
        }
        requestSource = null;
        responseSink = null;
        reading = READ_IDLE;
        decoder.end();
        readDeadline = OFF;
        used = true;
        if (open && reusable && requestDone && outbound.isEmpty() && !sendFailed) {
            idleSince = loop.now();
            readDeadline = idleSince + keepIdleNanos;
            schedule();
            target.idle(this);
        } else {
            close();
        }
    }

    @Override
    public void abort() {
        listener = null;
        requestSource = null;
        responseSink = null;
        close();
    }

    private void fail(FailureCode code, String detail) {
        UpstreamListener current = listener;
        BodySink to = responseSink;
        boolean body = reading == READ_BODY;
        boolean stale = used && !anyReceived;
        boolean untouched = !anySent();
        listener = null;
        requestSource = null;
        responseSink = null;
        close();
        if (current == null) {
            return;
        }
        if (body && to != null) {
            to.abort(code, detail);
        } else {
            current.failed(code, detail, untouched, stale);
        }
    }

    // ---- time and end

    private void schedule() {
        if (!open) {
            return;
        }
        long deadline = Math.min(readDeadline, writeDeadline);
        if (deadline == OFF) {
            loop.cancel(this);
        } else {
            loop.schedule(this, deadline);
        }
    }

    @Override
    protected void fire(long now) {
        if (!open) {
            return;
        }
        if (writeDeadline != OFF && now - writeDeadline >= 0) {
            fail(FailureCode.UPSTREAM_SEND_TIMEOUT, "the target takes no more bytes");
        } else if (readDeadline != OFF && now - readDeadline >= 0) {
            if (listener == null) {
                close();
            } else if (reading == READ_BODY) {
                fail(FailureCode.UPSTREAM_BODY_TIMEOUT, "the body stalled");
            } else {
                fail(FailureCode.UPSTREAM_HEAD_TIMEOUT, "no answer within " + timeouts.responseHead());
            }
        } else {
            schedule();
        }
    }

    private void releaseInbound() {
        ByteBuffer buffer = inbound;
        if (buffer != null) {
            inbound = null;
            loop.give(buffer);
        }
    }

    void close() {
        if (!open) {
            return;
        }
        open = false;
        IoUtils.safeClose(connection);
        loop.remove(this);
        releaseInbound();
        partial = null;
        dropOutbound();
        target.closed(this);
    }
}
