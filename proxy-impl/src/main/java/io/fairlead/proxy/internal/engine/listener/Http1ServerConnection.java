package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.ChunkFrame;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.ChunkedDecoder;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.PartialHead;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.http.StatusLine;
import io.fairlead.proxy.internal.net.ConnectionLimiter;
import io.fairlead.proxy.internal.response.ErrorBody;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.resilience.Timeouts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoUtils;
import org.xnio.Options;
import org.xnio.StreamConnection;
import org.xnio.conduits.ConduitStreamSinkChannel;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * A client's connection that speaks HTTP/1.1: reads requests one after the other and writes their responses.
 *
 * <p>One object is all of it, because ten thousand idle clients pay for each: the timer of the connection, the source of
 * the request body, the sink of the response body. All on one I/O thread.
 *
 * <pre>
 *   reading:  HEAD --complete--> BODY (if there is one) --end--> NONE --response done--> HEAD
 *   writing:  IDLE --respond()--> HEAD_PENDING --first write--> STREAMING --last byte out--> IDLE
 * </pre>
 *
 * <ol>
 *   <li>Reads stay switched on while an upstream works, so that a client that goes away is noticed at once; bytes that
 *       come then are the next, pipelined request and are kept for later.
 *   <li>What is read and not yet used is in {@code inbound}, a buffer of the loop, or for a head that has not come whole
 *       in {@code partial} and for pipelined bytes in {@code kept}, arrays of their size, because slow clients are many.
 *   <li>What the socket does not take is in {@code outbound}; the source then stops until it is written.
 * </ol>
 */
final class Http1ServerConnection extends TimerWheel.Timer implements ClientStream, BodySource, BodySink {

    private static final Logger LOG = LoggerFactory.getLogger(Http1ServerConnection.class);

    private static final int READ_HEAD = 0;
    private static final int READ_BODY = 1;
    private static final int READ_NONE = 2;
    private static final int READ_DRAIN = 3;

    private static final int WRITE_IDLE = 0;
    private static final int WRITE_HEAD_PENDING = 1;
    private static final int WRITE_STREAMING = 2;
    private static final int WRITE_DONE = 3;

    /** Pipelined bytes that are kept while a request is at work; beyond that reading stops. */
    private static final int MAX_KEPT_BYTES = 64 * 1024;

    /** What is read and thrown away of an unwanted upload, so that the answer is not lost in a reset. */
    private static final int MAX_DRAIN_BYTES = 64 * 1024;

    private static final long DRAIN_NANOS = 1_000_000_000L;
    private static final long RATE_GRACE_NANOS = 5_000_000_000L;
    private static final long RATE_STEP_NANOS = 1_000_000_000L;

    /** Framing and connection fields are ours to make. */
    private static final long NOT_FORWARDED =
            FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.TRANSFER_ENCODING;

    private static final byte[] CONTINUE = Ascii.bytes("HTTP/1.1 100 Continue\r\n\r\n");
    private static final byte[] CLOSE_LINE = Ascii.bytes("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE_LINE = Ascii.bytes("Connection: keep-alive\r\n");
    private static final byte[] CHUNKED_LINE = Ascii.bytes("Transfer-Encoding: chunked\r\n");
    private static final byte[] LENGTH_NAME = Ascii.bytes("Content-Length: ");
    private static final byte[] HTTP11 = Ascii.bytes("HTTP/1.1 ");

    private final StreamConnection connection;
    private final ConduitStreamSourceChannel source;
    private final ConduitStreamSinkChannel sink;
    private final IoLoop loop;
    private final ListenerContext listener;
    private final ConnectionLimiter limiter;
    private final InetSocketAddress peer;
    private final InetSocketAddress local;

    private byte @Nullable [] forwardedLines;
    private boolean open = true;
    private boolean processing;
    private boolean draining;
    private boolean inputEnded;
    private boolean lingering;

    private int reading = READ_HEAD;
    private @Nullable ByteBuffer inbound;
    private byte @Nullable [] kept;
    private @Nullable PartialHead partial;
    private @Nullable ProxyExchange exchange;
    private @Nullable RequestHead head;
    private @Nullable BodySink bodySink;
    private boolean bodyBlocked;
    private @Nullable ChunkedDecoder chunks;
    private long bodyLeft;
    private long bodyBytes;
    private long maxBodyBytes;
    private boolean continueDue;
    private int drained;

    private int writing = WRITE_IDLE;
    private int status;
    private @Nullable ResponseHead reason;
    private @Nullable HeaderBlock headers;
    private long responseLength;
    private long declaredLength;
    private boolean chunkedResponse;
    private boolean closeAfter;
    private long responseBytes;
    private @Nullable ByteBuffer outbound;

    /** What waits behind {@code outbound}: a head, a piece and the end of a body at most. */
    private @Nullable ArrayDeque<ByteBuffer> outboundQueue;

    private boolean endWhenWritten;
    private @Nullable BodySource responseSource;

    // Deadlines; Long.MAX_VALUE when off.
    private long readDeadline = Long.MAX_VALUE;
    private long writeDeadline = Long.MAX_VALUE;
    private boolean headTimed;
    private long lastRead;
    private long rateStart;
    private long rateHeldUp;
    private long blockedSince;

    Http1ServerConnection(
            StreamConnection connection, IoLoop loop, ListenerContext listener, ConnectionLimiter limiter) {
        this.connection = connection;
        this.limiter = limiter;
        this.source = connection.getSourceChannel();
        this.sink = connection.getSinkChannel();
        this.loop = loop;
        this.listener = listener;
        this.peer = connection.getPeerAddress(InetSocketAddress.class);
        this.local = connection.getLocalAddress(InetSocketAddress.class);
    }

    /** Begins to read. */
    void start() {
        source.setReadListener(channel -> onReadable());
        sink.setWriteListener(channel -> onWritable());
        connection.setCloseListener(channel -> closed());
        listener.opened(this);
        readDeadline = loop.now() + nanos(timeouts().keepAlive());
        schedule();
        source.resumeReads();
    }

    private Timeouts timeouts() {
        return listener.snapshot().timeouts();
    }

    private static long nanos(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE / 4 : duration.toNanos();
    }

    // ---- reading

    private void onReadable() {
        try {
            readable();
        } catch (RuntimeException | Error e) {
            LOG.error("a client's connection failed", e);
            close();
        }
    }

    private void readable() {
        if (!open) {
            return;
        }
        if (bodyBlocked || inbound != null || inputEnded || kept != null && kept.length >= MAX_KEPT_BYTES) {
            source.suspendReads();
            return;
        }
        if (reading == READ_DRAIN && !lingering) {
            // The answer goes out first; then the rest of the upload is thrown away for a moment.
            source.suspendReads();
            return;
        }
        ByteBuffer buffer = loop.take();
        if (kept != null) {
            buffer.limit(buffer.limit() - kept.length);
        }
        int count;
        try {
            count = source.read(buffer);
        } catch (IOException e) {
            loop.give(buffer);
            gone("reset by the client");
            return;
        }
        if (count <= 0) {
            loop.give(buffer);
            if (count < 0) {
                inputEnded();
            }
            return;
        }
        if (reading == READ_DRAIN) {
            loop.give(buffer);
            drained += count;
            if (drained > MAX_DRAIN_BYTES) {
                close();
            }
            return;
        }
        if (reading == READ_NONE) {
            // 1. A pipelined request: it waits for its turn.
            keep(buffer.limit(buffer.position()).position(IoLoop.HEADROOM));
            loop.give(buffer);
            return;
        }
        lastRead = loop.now();
        inbound = buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
        process();
    }

    /** Copies what is left in {@code buffer} behind what is kept already. */
    private void keep(ByteBuffer buffer) {
        int old = kept == null ? 0 : kept.length;
        byte[] joined = kept == null ? new byte[buffer.remaining()] : Arrays.copyOf(kept, old + buffer.remaining());
        buffer.get(joined, old, buffer.remaining());
        kept = joined;
    }

    private void inputEnded() {
        inputEnded = true;
        switch (reading) {
            case READ_HEAD -> close();
            case READ_BODY -> gone("closed by the client within the request body");
            default -> {
                if (exchange == null && outbound == null) {
                    close();
                } else if (exchange == null || listener.halfClose()) {
                    source.suspendReads();
                    closeAfter |= isLastRequest();
                } else {
                    gone("closed by the client");
                }
            }
        }
    }

    /** Whether nothing can follow the request at hand, because the client has ended its side. */
    private boolean isLastRequest() {
        return inputEnded && kept == null;
    }

    private void gone(String detail) {
        open = false;
        ProxyExchange current = exchange;
        if (current != null) {
            current.clientGone(detail);
        }
        close();
    }

    /** Uses what was read until it is used up or has to wait. Not re-entrant: a response that is done calls it again. */
    private void process() {
        if (processing) {
            return;
        }
        processing = true;
        try {
            while (open && step()) {
                // The next request or the next piece.
            }
        } finally {
            processing = false;
        }
    }

    private boolean step() {
        switch (reading) {
            case READ_HEAD -> {
                return exchange == null && readHead();
            }
            case READ_BODY -> {
                return pushBody();
            }
            default -> {
                return false;
            }
        }
    }

    private boolean readHead() {
        if (inbound == null) {
            if (kept == null) {
                return false;
            }
            inbound = loop.take().put(kept);
            inbound.limit(inbound.position()).position(IoLoop.HEADROOM);
            kept = null;
        }
        ByteBuffer buffer = inbound;
        if (!buffer.hasRemaining()) {
            releaseInbound();
            return false;
        }
        ByteBuffer data = buffer;
        PartialHead begun = partial;
        if (begun != null) {
            if (!begun.add(buffer, listener.headLimits().maxHeaderBytes())) {
                releaseInbound();
                return false;
            }
            data = begun.bytes();
        }
        int size = loop.parser().parseRequest(data, listener.headLimits());
        if (size == HeadParser.INCOMPLETE) {
            if (begun == null) {
                partial = new PartialHead(buffer);
            }
            releaseInbound();
            if (inputEnded) {
                close();
                return false;
            }
            if (!headTimed) {
                headTimed = true;
                readDeadline = loop.now() + nanos(timeouts().requestHead());
                schedule();
            }
            return false;
        }
        partial = null;
        if (size == HeadParser.REFUSED) {
            releaseInbound();
            refuse(loop.parser().failure(), loop.parser().detail());
            return false;
        }
        // The head ended in this piece, so that what follows it is still there.
        buffer.position(buffer.limit() - (data.remaining() - size));
        begin(loop.parser().request());
        return true;
    }

    private void begin(RequestHead request) {
        head = request;
        headTimed = false;
        readDeadline = Long.MAX_VALUE;
        closeAfter = !request.keepAlive() || draining;
        responseBytes = 0;
        bodyBytes = 0;
        maxBodyBytes = listener.maxBodyBytes();
        bodySink = null;
        bodyBlocked = false;
        continueDue = request.expectContinue() && request.hasBody();
        if (request.hasBody()) {
            reading = READ_BODY;
            chunks = request.chunked() ? new ChunkedDecoder() : null;
            bodyLeft = request.contentLength();
        } else {
            reading = READ_NONE;
        }
        keepRest();
        ProxyExchange begun = listener.newExchange(this, request);
        exchange = begun;
        begun.start();
    }

    /** Once the request is read to its end, what follows in the buffer is another request's. */
    private void keepRest() {
        ByteBuffer buffer = inbound;
        if (buffer != null && reading == READ_NONE) {
            if (buffer.hasRemaining()) {
                keep(buffer);
            }
            releaseInbound();
        }
    }

    private void releaseInbound() {
        ByteBuffer buffer = inbound;
        if (buffer != null) {
            inbound = null;
            loop.give(buffer);
        }
    }

    /** A head that cannot become an exchange: answered here, and the connection closes. */
    private void refuse(FailureCode code, String detail) {
        listener.refused(this, code, detail);
        closeAfter = true;
        head = null;
        reading = READ_DRAIN;
        ErrorBody body = ErrorBody.of(code, null);
        HeaderBlock fields = new HeaderBlock();
        fields.add("Content-Type", body.contentType());
        if (code == FailureCode.CLIENT_METHOD_NOT_ALLOWED) {
            fields.add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
        }
        listener.addFailure(fields, code);
        BodySink response = respond(code.status(), null, fields, body.bytes().length, body.bytes().length, true);
        ByteBuffer buffer = loop.take();
        buffer.put(body.bytes()).flip().position(IoLoop.HEADROOM);
        if (response.write(buffer, true)) {
            loop.give(buffer);
        }
    }

    // ---- the request body

    @Override
    public BodySource requestBody() {
        return this;
    }

    @Override
    public boolean requestComplete() {
        return reading != READ_BODY;
    }

    @Override
    public long requestBytes() {
        return bodyBytes;
    }

    @Override
    public void maxBodyBytes(long maxBytes) {
        maxBodyBytes = maxBytes;
    }

    @Override
    public boolean acceptsLength(long length) {
        return maxBodyBytes == 0 || length <= maxBodyBytes;
    }

    @Override
    public void attach(BodySink newSink) {
        bodySink = newSink;
        long now = loop.now();
        lastRead = now;
        rateStart = now;
        rateHeldUp = 0;
        timeBody();
        // They were switched off if more came while there was nowhere to put it.
        if (open && reading == READ_BODY && !source.isReadResumed()) {
            source.resumeReads();
        }
        if (processing) {
            // The head was parsed by process(), which goes on with the body by itself; but the caller wants what is at
            // hand to leave together with its head.
            while (open && reading == READ_BODY && pushBody()) {
                // The next piece.
            }
        } else {
            process();
        }
    }

    @Override
    public void askForBody() {
        if (continueDue && writing == WRITE_IDLE) {
            asked();
            writeSmall(CONTINUE);
        }
    }

    /** The client has been told to go on; what it took until then was not its own doing. */
    private void asked() {
        continueDue = false;
        if (reading == READ_BODY && bodySink != null && !bodyBlocked) {
            lastRead = loop.now();
            rateStart = lastRead;
            rateHeldUp = 0;
            timeBody();
        }
    }

    @Override
    public void resume() {
        if (!bodyBlocked || !open) {
            return;
        }
        bodyBlocked = false;
        long now = loop.now();
        rateHeldUp += now - blockedSince;
        lastRead = now;
        timeBody();
        if (!source.isReadResumed()) {
            source.resumeReads();
        }
        process();
    }

    @Override
    public void cancel() {
        bodySink = null;
        if (reading == READ_BODY && !skipRest()) {
            stopBody();
        }
    }

    /** Reads over the rest of the body if all of it is at hand, so that the next request is found. */
    private boolean skipRest() {
        ByteBuffer buffer = inbound;
        if (buffer == null) {
            return false;
        }
        int limit = buffer.limit();
        int end;
        if (chunks != null) {
            if (chunks.decode(buffer, loop.parser()) != ChunkedDecoder.Result.DONE) {
                return false;
            }
            end = chunks.next();
        } else if (buffer.remaining() >= bodyLeft) {
            end = (int) (buffer.position() + bodyLeft);
        } else {
            return false;
        }
        if (end < limit) {
            keepTail(buffer, end, limit);
        }
        releaseInbound();
        reading = READ_NONE;
        readDeadline = Long.MAX_VALUE;
        return true;
    }

    private void stopBody() {
        bodySink = null;
        if (reading == READ_BODY) {
            // 2. Nobody reads the rest: the connection cannot find the next request.
            closeAfter = true;
            releaseInbound();
            reading = READ_DRAIN;
            drained = 0;
            readDeadline = Long.MAX_VALUE;
            if (open && !source.isReadResumed()) {
                source.resumeReads();
            }
        }
    }

    /** Pushes one piece; false when it has to wait. */
    private boolean pushBody() {
        ByteBuffer buffer = inbound;
        BodySink target = bodySink;
        if (target == null || bodyBlocked) {
            return false;
        }
        if (buffer == null) {
            if (inputEnded) {
                gone("closed by the client within the request body");
            }
            return false;
        }
        boolean last;
        if (chunks != null) {
            int limit = buffer.limit();
            ChunkedDecoder.Result result = chunks.decode(buffer, loop.parser());
            if (result == ChunkedDecoder.Result.MALFORMED) {
                bodyFailed(FailureCode.CLIENT_MALFORMED_BODY, "chunked coding");
                return false;
            }
            last = result == ChunkedDecoder.Result.DONE;
            if (last && chunks.next() < limit) {
                keepTail(buffer, chunks.next(), limit);
            }
        } else {
            int limit = buffer.limit();
            if (limit - buffer.position() > bodyLeft) {
                int end = (int) (buffer.position() + bodyLeft);
                keepTail(buffer, end, limit);
                buffer.limit(end);
            }
            bodyLeft -= buffer.remaining();
            last = bodyLeft == 0;
        }
        int size = buffer.remaining();
        bodyBytes += size;
        if (maxBodyBytes > 0 && bodyBytes > maxBodyBytes) {
            bodyFailed(FailureCode.CLIENT_BODY_TOO_LARGE, "more than " + maxBodyBytes + " bytes");
            return false;
        }
        HeaderBlock trailers = chunks == null ? null : chunks.trailers();
        inbound = null;
        if (last) {
            reading = READ_NONE;
            readDeadline = Long.MAX_VALUE;
        }
        boolean taken = true;
        if (size > 0 || last && trailers == null) {
            taken = target.write(buffer, last && trailers == null);
        }
        if (taken) {
            loop.give(buffer);
        }
        if (!last && !taken) {
            bodyBlocked = true;
            blockedSince = loop.now();
            readDeadline = Long.MAX_VALUE;
            return false;
        }
        if (last) {
            if (trailers != null) {
                target.end(trailers);
            }
            return true;
        }
        timeBody();
        target.flush();
        return true;
    }

    private void keepTail(ByteBuffer buffer, int from, int to) {
        ByteBuffer tail = buffer.duplicate();
        tail.limit(to).position(from);
        keep(tail);
    }

    private void bodyFailed(FailureCode code, String detail) {
        BodySink target = bodySink;
        ProxyExchange current = exchange;
        stopBody();
        if (target == Nowhere.INSTANCE) {
            // Nobody wanted it: the answer that is about to go out goes out, and the connection closes.
            return;
        }
        if (target != null) {
            target.abort(code, detail);
        }
        if (current != null) {
            current.fail(code, detail);
        }
    }

    private void timeBody() {
        if (reading != READ_BODY) {
            return;
        }
        long idle = lastRead + nanos(exchangeTimeouts().idle());
        long rate =
                listener.minBodyRate() > 0 ? Math.max(lastRead, rateStart + RATE_GRACE_NANOS) + RATE_STEP_NANOS : idle;
        readDeadline = Math.min(idle, rate);
        schedule();
    }

    private Timeouts exchangeTimeouts() {
        ProxyExchange current = exchange;
        return current == null ? timeouts() : current.timeouts();
    }

    // ---- the response

    @Override
    public void interim(int interimStatus, HeaderBlock fields) {
        RequestHead request = head;
        if (request == null
                || request.version() == HttpVersion.HTTP_1_0
                || writing != WRITE_IDLE
                || outbound != null
                || !open) {
            return;
        }
        if (interimStatus == 100) {
            asked();
        }
        byte[] line = StatusLine.of(interimStatus);
        byte[] bytes = new byte[line.length + fields.wireLength() + 2];
        System.arraycopy(line, 0, bytes, 0, line.length);
        int end = fields.writeTo(bytes, line.length, NOT_FORWARDED);
        bytes[end++] = '\r';
        bytes[end++] = '\n';
        writeSmall(Arrays.copyOf(bytes, end));
    }

    private void writeSmall(byte[] bytes) {
        ByteBuffer buffer = loop.take(bytes, bytes.length);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    @Override
    public BodySink respond(
            int newStatus,
            @Nullable ResponseHead newReason,
            HeaderBlock newHeaders,
            long bodyLength,
            long newDeclaredLength,
            boolean close) {
        if (writing != WRITE_IDLE) {
            throw new IllegalStateException("a response was begun before");
        }
        writing = WRITE_HEAD_PENDING;
        status = newStatus;
        reason = newReason;
        headers = newHeaders;
        responseLength = bodyLength;
        declaredLength = newDeclaredLength;
        RequestHead request = head;
        boolean http10 = request != null && request.version() == HttpVersion.HTTP_1_0;
        chunkedResponse = bodyLength < 0 && !http10;
        discardAtHand();
        // An upload that is not complete cannot be waited for: its end may never come.
        closeAfter |= close || draining || bodyLength < 0 && http10 || reading == READ_BODY || isLastRequest();
        return this;
    }

    /** A body that nobody reads and that came whole with its head is thrown away; the connection can go on. */
    private void discardAtHand() {
        if (reading != READ_BODY || bodySink != null || inbound == null || bodyBlocked) {
            return;
        }
        bodySink = Nowhere.INSTANCE;
        while (open && reading == READ_BODY && pushBody()) {
            // The next piece.
        }
    }

    private enum Nowhere implements BodySink {
        INSTANCE;

        @Override
        public void feed(BodySource newSource) {}

        @Override
        public boolean write(ByteBuffer data, boolean last) {
            return true;
        }

        @Override
        public void flush() {}

        @Override
        public void end(@Nullable HeaderBlock trailers) {}

        @Override
        public void abort(FailureCode code, String detail) {}
    }

    /** The sink is handed what feeds it, so that it can be told to go on. */
    @Override
    public void feed(BodySource newSource) {
        responseSource = newSource;
    }

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        if (!open) {
            return true;
        }
        int size = data.remaining();
        responseBytes += size;
        if (chunkedResponse) {
            ChunkFrame.put(data, size, last);
        }
        if (writing == WRITE_HEAD_PENDING) {
            writing = WRITE_STREAMING;
            int length = composeHead();
            byte[] bytes = loop.scratch();
            if (length <= data.position()) {
                data.position(data.position() - length);
                data.put(data.position(), bytes, 0, length);
            } else {
                ByteBuffer first = loop.take(bytes, length);
                if (writeOut(first)) {
                    loop.give(first);
                }
            }
        }
        if (last) {
            writing = WRITE_DONE;
        }
        boolean taken = writeOut(data);
        if (last) {
            if (taken && outbound == null) {
                done();
            } else {
                endWhenWritten = true;
            }
        }
        return taken;
    }

    @Override
    public void flush() {
        if (writing == WRITE_HEAD_PENDING && open) {
            writing = WRITE_STREAMING;
            writeHeadAlone();
        }
    }

    private void writeHeadAlone() {
        int length = composeHead();
        ByteBuffer buffer = loop.take(loop.scratch(), length);
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
    }

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        if (!open || writing == WRITE_DONE) {
            return;
        }
        ByteBuffer buffer = loop.take();
        int start = buffer.position();
        if (chunkedResponse) {
            ChunkFrame.putEnd(buffer, trailers);
        }
        buffer.limit(buffer.position()).position(start);
        if (writing == WRITE_HEAD_PENDING) {
            int length = composeHead();
            byte[] bytes = loop.scratch();
            if (length <= start) {
                buffer.position(start - length);
                buffer.put(start - length, bytes, 0, length);
            } else {
                ByteBuffer first = loop.take(bytes, length);
                if (writeOut(first)) {
                    loop.give(first);
                }
            }
        }
        writing = WRITE_DONE;
        if (writeOut(buffer)) {
            loop.give(buffer);
        }
        if (open && outbound == null) {
            done();
        } else {
            endWhenWritten = true;
        }
    }

    @Override
    public void abort(FailureCode code, String detail) {
        ProxyExchange current = exchange;
        if (current != null) {
            current.fail(code, detail);
        } else {
            cut();
        }
    }

    /** Writes the head into the loop's scratch space and returns its length. */
    private int composeHead() {
        HeaderBlock fields = headers;
        ResponseHead upstream = reason;
        if (fields == null) {
            throw new IllegalStateException("no response");
        }
        headers = null;
        reason = null;
        byte[] bytes = loop.scratch(fields.wireLength() + 256 + (upstream == null ? 0 : upstream.reasonLength()));
        int at;
        if (upstream != null && upstream.reasonLength() > 0) {
            at = put(bytes, 0, HTTP11);
            bytes[at] = (byte) ('0' + status / 100);
            bytes[at + 1] = (byte) ('0' + status / 10 % 10);
            bytes[at + 2] = (byte) ('0' + status % 10);
            bytes[at + 3] = ' ';
            at += 4;
            System.arraycopy(upstream.bytes(), upstream.reasonOffset(), bytes, at, upstream.reasonLength());
            at += upstream.reasonLength();
            bytes[at++] = '\r';
            bytes[at++] = '\n';
        } else {
            at = put(bytes, 0, StatusLine.of(status));
        }
        at = fields.writeTo(bytes, at, NOT_FORWARDED);
        if (fields.find(FieldId.DATE) < 0) {
            // RFC 9110 §6.6.1: who forwards a response without Date adds it.
            at = put(bytes, at, loop.dateLine());
        }
        if (upstream != null) {
            at = put(bytes, at, listener.viaLine(upstream.version()));
        }
        if (chunkedResponse) {
            at = put(bytes, at, CHUNKED_LINE);
        } else if (declaredLength >= 0) {
            at = put(bytes, at, LENGTH_NAME);
            at = Ascii.putDecimal(bytes, at, declaredLength);
            bytes[at++] = '\r';
            bytes[at++] = '\n';
        }
        RequestHead request = head;
        if (closeAfter) {
            at = put(bytes, at, CLOSE_LINE);
        } else if (request != null && request.version() == HttpVersion.HTTP_1_0) {
            at = put(bytes, at, KEEP_ALIVE_LINE);
        }
        bytes[at++] = '\r';
        bytes[at++] = '\n';
        return at;
    }

    private static int put(byte[] target, int at, byte[] bytes) {
        System.arraycopy(bytes, 0, target, at, bytes.length);
        return at + bytes.length;
    }

    /** Writes; true if all went out, false if the buffer is kept. A failed write counts as done: nobody is there. */
    private boolean writeOut(ByteBuffer buffer) {
        if (outbound != null) {
            ArrayDeque<ByteBuffer> queue = outboundQueue;
            if (queue == null) {
                queue = new ArrayDeque<>(4);
                outboundQueue = queue;
            }
            if (queue.size() > 3) {
                throw new IllegalStateException("written to while blocked");
            }
            queue.addLast(buffer);
            return false;
        }
        try {
            while (buffer.hasRemaining()) {
                if (sink.write(buffer) == 0) {
                    outbound = buffer;
                    sink.resumeWrites();
                    writeDeadline = loop.now() + nanos(exchangeTimeouts().idle());
                    schedule();
                    return false;
                }
            }
        } catch (IOException e) {
            gone("reset by the client");
        }
        return true;
    }

    private void onWritable() {
        try {
            writable();
        } catch (RuntimeException | Error e) {
            LOG.error("a client's connection failed", e);
            close();
        }
    }

    private void writable() {
        if (!open) {
            return;
        }
        boolean progress = false;
        while (outbound != null) {
            ByteBuffer buffer = outbound;
            try {
                int count = buffer.hasRemaining() ? sink.write(buffer) : 0;
                progress |= count > 0;
            } catch (IOException e) {
                gone("reset by the client");
                return;
            }
            if (buffer.hasRemaining()) {
                if (progress) {
                    writeDeadline = loop.now() + nanos(exchangeTimeouts().idle());
                    schedule();
                }
                return;
            }
            loop.give(buffer);
            outbound = outboundQueue == null ? null : outboundQueue.pollFirst();
        }
        outboundQueue = null;
        sink.suspendWrites();
        writeDeadline = Long.MAX_VALUE;
        if (endWhenWritten) {
            done();
            return;
        }
        BodySource from = responseSource;
        if (from != null) {
            from.resume();
        }
    }

    @Override
    public long responseBytes() {
        return responseBytes;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** The response is out. */
    private void done() {
        ProxyExchange finished = exchange;
        writing = WRITE_IDLE;
        endWhenWritten = false;
        responseSource = null;
        exchange = null;
        if (finished != null) {
            finished.responseSent(status);
        }
        if (!open) {
            return;
        }
        if (reading == READ_BODY) {
            cancel();
        }
        if (closeAfter || draining) {
            if (reading == READ_DRAIN && !inputEnded) {
                linger();
            } else {
                close();
            }
            return;
        }
        head = null;
        chunks = null;
        bodySink = null;
        reading = READ_HEAD;
        readDeadline = loop.now() + nanos(timeouts().keepAlive());
        schedule();
        if (!source.isReadResumed()) {
            source.resumeReads();
        }
        process();
    }

    /**
     * Closes our side and reads on for a moment: a close with unread bytes would make the system send a reset, which
     * may overtake the answer (RFC 9112 §9.6).
     */
    private void linger() {
        lingering = true;
        kept = null;
        writing = WRITE_DONE;
        try {
            sink.shutdownWrites();
            sink.flush();
        } catch (IOException e) {
            close();
            return;
        }
        readDeadline = loop.now() + DRAIN_NANOS;
        schedule();
        if (!source.isReadResumed()) {
            source.resumeReads();
        }
    }

    @Override
    public void cut() {
        if (!open) {
            return;
        }
        try {
            // Without a chunked coding or length a normal close looks like a complete body.
            if (!chunkedResponse && responseLength < 0) {
                connection.setOption(Options.CLOSE_ABORT, Boolean.TRUE);
            }
        } catch (IOException e) {
            LOG.debug("no reset", e);
        }
        exchange = null;
        close();
    }

    // ---- time

    private void schedule() {
        if (released) {
            return;
        }
        long deadline = Math.min(readDeadline, writeDeadline);
        if (deadline == Long.MAX_VALUE) {
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
        if (writeDeadline != Long.MAX_VALUE && now - writeDeadline >= 0) {
            ProxyExchange current = exchange;
            if (current != null) {
                current.clientFailed(FailureCode.CLIENT_WRITE_TIMEOUT, "the client takes no more bytes");
            }
            close();
            return;
        }
        if (readDeadline != Long.MAX_VALUE && now - readDeadline >= 0) {
            readTimedOut(now);
        } else {
            schedule();
        }
    }

    private void readTimedOut(long now) {
        readDeadline = Long.MAX_VALUE;
        switch (reading) {
            case READ_HEAD -> {
                if (headTimed) {
                    partial = null;
                    refuse(FailureCode.CLIENT_HEAD_TIMEOUT, "the head did not come whole");
                } else {
                    close();
                }
            }
            case READ_BODY -> {
                long idle = nanos(exchangeTimeouts().idle());
                if (now - lastRead >= idle) {
                    bodyFailed(FailureCode.CLIENT_BODY_TIMEOUT, "the body stalled");
                } else if (tooSlow(now)) {
                    bodyFailed(
                            FailureCode.CLIENT_BODY_TOO_SLOW,
                            "less than " + listener.minBodyRate() + " bytes a second");
                } else {
                    readDeadline = Math.min(lastRead + idle, now + RATE_STEP_NANOS);
                    schedule();
                }
            }
            default -> close();
        }
    }

    private boolean tooSlow(long now) {
        if (continueDue && bodyBytes == 0) {
            return false;
        }
        long elapsed = now - rateStart - rateHeldUp;
        return listener.minBodyRate() > 0
                && elapsed > RATE_GRACE_NANOS
                && bodyBytes < (elapsed - RATE_GRACE_NANOS) / 1_000_000_000.0 * listener.minBodyRate();
    }

    // ---- the end

    /** No further request is taken; closes at once if none is at work. */
    void drain() {
        draining = true;
        if (exchange == null && reading == READ_HEAD && writing == WRITE_IDLE) {
            close();
        }
    }

    boolean isBusy() {
        return exchange != null;
    }

    /** Cuts what is at work; for a stop whose time is over. */
    void stopNow() {
        ProxyExchange current = exchange;
        if (current != null) {
            current.clientFailed(FailureCode.PROXY_STOPPING, "stopped before the exchange was over");
        }
        close();
    }

    void close() {
        IoUtils.safeClose(connection);
        closed();
    }

    private boolean released;

    private void closed() {
        open = false;
        if (released) {
            return;
        }
        released = true;
        loop.remove(this);
        releaseInbound();
        kept = null;
        partial = null;
        if (outbound != null) {
            loop.give(outbound);
            outbound = null;
        }
        if (outboundQueue != null) {
            outboundQueue.forEach(loop::give);
            outboundQueue = null;
        }
        responseSource = null;
        listener.closed(this, limiter);
        ProxyExchange current = exchange;
        exchange = null;
        if (current != null) {
            current.clientGone("the connection was closed");
        }
    }

    @Override
    public IoLoop loop() {
        return loop;
    }

    @Override
    public byte[] forwardedLines() {
        byte[] lines = forwardedLines;
        if (lines == null) {
            lines = listener.forwardedLines(peer, local);
            forwardedLines = lines;
        }
        return lines;
    }

    @Override
    public InetSocketAddress peer() {
        return peer;
    }

    @Override
    public InetSocketAddress local() {
        return local;
    }
}
