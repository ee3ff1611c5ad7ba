package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.BytesSource;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.PartialHead;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.net.ConnectionLimiter;
import io.fairlead.proxy.internal.response.ErrorBody;
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
import org.xnio.Options;
import org.xnio.StreamConnection;
import org.xnio.conduits.ConduitStreamSinkChannel;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * A client's connection that speaks HTTP/1.1: reads requests one after the other and has their responses written.
 *
 * <p><b>The picture.</b> The connection has three parts, which live as long as it does and know it; none knows another but
 * for the body, which is read from the input. All are on one I/O thread, and no lock is needed.
 *
 * <pre>
 *                     +--> {@link Http1Input}: what came and is not used yet <--+
 *   the connection ---+--> {@link Http1RequestBody}: a {@link BodySource} ------+--> the exchange's sink
 *                     +--> {@link Http1ResponseWriter}: a {@link BodySink}     <---- the exchange's source
 * </pre>
 *
 * <p><b>Its life</b> goes through three phases:
 *
 * <pre>
 *   HEAD --complete--> REQUEST --response sent, body read--> HEAD
 *                         +--body given up--> DRAIN --response sent--> linger --> closed
 * </pre>
 *
 * <ol>
 *   <li>{@link #readable}: bytes have come. Reads stay switched on while an upstream works, so that a client that goes away
 *       is noticed at once; bytes that come then are the next, pipelined request and are kept for later.
 *   <li>{@link #process}: uses them, until they are used up or have to wait: heads here, bodies in the body. A head that
 *       has not come whole is in {@code partial}, an array of its size, because slow clients are many.
 *   <li>{@link #begin}: a request begins, or {@link #refuse}: its head is answered here.
 *   <li>{@link #respond}: its response begins, and it is settled whether the connection closes after it.
 *   <li>{@link #responseSent}: the next request, the rest of a body that nobody wants, or the end.
 *   <li>{@link #fire}: a deadline has passed. The connection is its own timer, whatever phase it is in.
 *   <li>{@link #closed}: the end, once.
 * </ol>
 */
final class Http1ServerConnection extends TimerWheel.Timer implements ClientStream {

    /** A deadline that is switched off. */
    static final long OFF = Long.MAX_VALUE;

    private static final Logger LOG = LoggerFactory.getLogger(Http1ServerConnection.class);

    private static final int HEAD = 0;
    private static final int REQUEST = 1;

    /** What comes is not understood any more. It is thrown away for a moment once the answer is out. */
    private static final int DRAIN = 2;

    /** What is read and thrown away of an unwanted upload, so that the answer is not lost in a reset. */
    private static final int MAX_DRAIN_BYTES = 64 * 1024;

    private static final long DRAIN_NANOS = 1_000_000_000L;

    private final StreamConnection connection;
    private final ConduitStreamSourceChannel source;
    private final ConduitStreamSinkChannel sink;
    private final IoLoop loop;
    private final ListenerContext listener;
    private final ConnectionLimiter limiter;
    private final InetSocketAddress peer;
    private final InetSocketAddress local;
    private final Http1Input input;
    private final Http1RequestBody body;
    private final Http1ResponseWriter response;

    private byte @Nullable [] forwardedLines;
    private boolean open = true;
    private boolean released;
    private boolean processing;
    private boolean draining;
    private boolean inputEnded;
    private boolean closeAfter;

    /** The answer is out, and the rest of a body that nobody wants is still to come. */
    private boolean awaitingBodyEnd;

    private boolean lingering;
    private int drained;

    private int phase = HEAD;
    private @Nullable PartialHead partial;
    private boolean headTimed;
    private @Nullable ProxyExchange exchange;

    private long readDeadline = OFF;
    private long writeDeadline = OFF;

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
        this.input = new Http1Input(loop);
        this.body = new Http1RequestBody(this, input, loop, listener);
        this.response = new Http1ResponseWriter(this, sink, loop, listener);
    }

    /** Begins to read. */
    void start() {
        source.setReadListener(channel -> onReadable());
        sink.setWriteListener(channel -> onWritable());
        connection.setCloseListener(channel -> closed());
        listener.opened(this);
        readBy(loop.now() + nanos(timeouts().keepAlive()));
        source.resumeReads();
    }

    private Timeouts timeouts() {
        return listener.snapshot().timeouts();
    }

    private static long nanos(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE / 4 : duration.toNanos();
    }

    // ---- 1. bytes have come

    private void onReadable() {
        try {
            readable();
        } catch (RuntimeException | Error e) {
            // XNIO would swallow it, and the request would hang.
            LOG.error("a client's connection failed", e);
            close();
        }
    }

    private void readable() {
        if (!open) {
            return;
        }
        if (mustWait()) {
            source.suspendReads();
            return;
        }
        // A pipelined request waits for its turn.
        boolean early = phase == REQUEST && !body.isPending();
        int count;
        try {
            count = early ? input.readBehind(source) : input.read(source);
        } catch (IOException e) {
            gone("reset by the client");
            return;
        }
        if (count < 0) {
            endOfInput();
        } else if (count > 0 && phase == DRAIN) {
            input.release();
            drained += count;
            if (lingering && drained > MAX_DRAIN_BYTES) {
                close();
            }
        } else if (count > 0 && !early) {
            body.arrived();
            process();
        }
    }

    /** Whether there is no place for more bytes, or no sense in them. */
    private boolean mustWait() {
        if (inputEnded) {
            return true;
        }
        return switch (phase) {
            case REQUEST -> body.isPending() ? body.isBlocked() || !input.isEmpty() : input.room() == 0;
            // Thrown away; but before the answer is out no more than needed to notice a client that goes away.
            case DRAIN -> !lingering && drained > MAX_DRAIN_BYTES;
            default -> false;
        };
    }

    private void endOfInput() {
        inputEnded = true;
        if (phase == REQUEST && body.isReadOver()) {
            // No next request stands behind it any more.
            body.giveUp();
        }
        if (phase == HEAD) {
            close();
        } else if (phase == REQUEST && body.isPending()) {
            gone("closed by the client within the request body");
        } else if (exchange == null && response.isWritten()) {
            close();
        } else if (exchange == null || listener.halfClose()) {
            source.suspendReads();
            closeAfter |= isLastRequest();
        } else {
            gone("closed by the client");
        }
    }

    /** Whether nothing can follow the request at hand, because the client has ended its side. */
    private boolean isLastRequest() {
        return inputEnded && input.isEmpty();
    }

    boolean inputEnded() {
        return inputEnded;
    }

    void resumeReads() {
        if (open && !source.isReadResumed()) {
            source.resumeReads();
        }
    }

    // ---- 2. they are used

    /** Uses what was read until it is used up or has to wait. Not re-entrant: a response that is done calls it again. */
    void process() {
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

    boolean isProcessing() {
        return processing;
    }

    private boolean step() {
        return switch (phase) {
            case HEAD -> readHead();
            case REQUEST -> body.isPending() && body.push();
            default -> false;
        };
    }

    private boolean readHead() {
        ByteBuffer buffer = input.bytes();
        if (buffer == null) {
            return false;
        }
        ByteBuffer data = buffer;
        PartialHead begun = partial;
        if (begun != null) {
            if (!begun.add(buffer, listener.headLimits().maxHeaderBytes())) {
                input.release();
                return false;
            }
            data = begun.bytes();
        }
        int size = loop.parser().parseRequest(data, listener.headLimits());
        if (size == HeadParser.INCOMPLETE) {
            if (begun == null) {
                partial = new PartialHead(buffer);
            }
            input.release();
            if (inputEnded) {
                close();
                return false;
            }
            if (!headTimed) {
                headTimed = true;
                readBy(loop.now() + nanos(timeouts().requestHead()));
            }
            resumeReads();
            return false;
        }
        partial = null;
        if (size == HeadParser.REFUSED) {
            input.release();
            refuse(loop.parser().failure(), loop.parser().detail());
            return false;
        }
        // The head ended in this piece, so that what follows it is still there.
        buffer.position(buffer.limit() - (data.remaining() - size));
        begin(loop.parser().request());
        return true;
    }

    // ---- 3. a request begins

    private void begin(RequestHead request) {
        phase = REQUEST;
        headTimed = false;
        readDeadline = OFF;
        closeAfter = !request.keepAlive() || draining;
        response.begin(request);
        body.begin(request);
        if (!body.isPending()) {
            input.keep();
        }
        ProxyExchange begun = listener.newExchange(this, request);
        exchange = begun;
        begun.start();
        input.park();
    }

    /** A head that cannot become an exchange: answered here, and the connection closes. */
    private void refuse(FailureCode code, String detail) {
        listener.refused(this, code, detail);
        phase = DRAIN;
        closeAfter = true;
        response.begin(null);
        ErrorBody error = listener.errorBody(code);
        HeaderBlock fields = new HeaderBlock();
        error.describeIn(fields);
        if (code == FailureCode.CLIENT_METHOD_NOT_ALLOWED) {
            fields.add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
        }
        listener.addFailure(fields, code);
        BodySink answer = respond(code.status(), null, fields, error.bytes().length, error.bytes().length, true);
        if (error.bytes().length == 0) {
            answer.end(null);
            return;
        }
        BytesSource content = new BytesSource(loop, error.bytes());
        answer.feed(content);
        content.attach(answer);
    }

    @Nullable
    ProxyExchange exchange() {
        return exchange;
    }

    /** The time between two bytes that the exchange at hand allows. */
    long idleNanos() {
        ProxyExchange current = exchange;
        return nanos((current == null ? timeouts() : current.timeouts()).idle());
    }

    @Override
    public BodySource requestBody() {
        return body;
    }

    @Override
    public boolean requestComplete() {
        return !body.isPending();
    }

    @Override
    public long requestBytes() {
        return body.bytes();
    }

    @Override
    public void maxBodyBytes(long maxBytes) {
        body.maxBytes(maxBytes);
    }

    @Override
    public boolean acceptsLength(long length) {
        return body.accepts(length);
    }

    @Override
    public void askForBody() {
        if (body.isContinueDue() && response.isIdle()) {
            body.asked();
            response.continueNow();
        }
    }

    boolean isContinueDue() {
        return body.isContinueDue();
    }

    // ---- 4. its response begins

    @Override
    public void interim(int status, HeaderBlock fields) {
        if (response.interim(status, fields) && status == 100) {
            body.asked();
        }
    }

    @Override
    public BodySink respond(
            int status,
            @Nullable ResponseHead reason,
            HeaderBlock headers,
            long bodyLength,
            long declaredLength,
            boolean close) {
        response.respond(status, reason, headers, bodyLength, declaredLength);
        closeAfter |= close
                || draining
                || listener.isLeaving()
                || response.endsWithTheConnection()
                // An upload that is not complete cannot be waited for: its end may never come.
                || body.isPending() && !body.isReadOver() && !body.isAtHand()
                || isLastRequest();
        return response;
    }

    boolean answerBegun() {
        return !response.isIdle();
    }

    boolean closesAfter() {
        return closeAfter;
    }

    @Override
    public long responseBytes() {
        return response.bytes();
    }

    private void onWritable() {
        try {
            if (open) {
                response.writable();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("a client's connection failed", e);
            close();
        }
    }

    // ---- 5. it is sent

    void responseSent(int status) {
        ProxyExchange finished = exchange;
        exchange = null;
        if (finished != null) {
            finished.responseSent(status);
        }
        if (!open) {
            return;
        }
        if (body.isPending()) {
            body.cancel();
        }
        if (closeAfter || draining) {
            body.giveUp();
            if (phase == DRAIN && !inputEnded) {
                linger();
            } else {
                close();
            }
        } else if (body.isPending()) {
            // The next request stands behind the rest of the body.
            awaitingBodyEnd = true;
            readBy(loop.now() + DRAIN_NANOS);
        } else {
            nextRequest();
        }
    }

    private void nextRequest() {
        phase = HEAD;
        awaitingBodyEnd = false;
        readBy(loop.now() + nanos(timeouts().keepAlive()));
        if (input.room() > 0) {
            resumeReads();
        }
        process();
    }

    /** The body is read over to its end. */
    void bodyReadOver() {
        if (!awaitingBodyEnd) {
            input.keep();
        } else if (draining) {
            close();
        } else {
            nextRequest();
        }
    }

    /** The end of the body will not be reached: nobody knows where the next request would begin. */
    void bodyGivenUp() {
        phase = DRAIN;
        closeAfter = true;
        readDeadline = OFF;
        input.release();
        if (awaitingBodyEnd) {
            linger();
        }
    }

    /**
     * Closes our side and reads on for a moment: a close with unread bytes would make the system send a reset, which
     * may overtake the answer (RFC 9112 §9.6).
     */
    private void linger() {
        if (lingering) {
            return;
        }
        lingering = true;
        drained = 0;
        input.release();
        try {
            sink.shutdownWrites();
            sink.flush();
        } catch (IOException e) {
            close();
            return;
        }
        readBy(loop.now() + DRAIN_NANOS);
        resumeReads();
    }

    /** The client is not there any more. */
    void gone(String detail) {
        open = false;
        ProxyExchange current = exchange;
        if (current != null) {
            current.clientGone(detail);
        }
        close();
    }

    @Override
    public void cut() {
        if (!open) {
            return;
        }
        try {
            if (response.endsWithTheConnection()) {
                connection.setOption(Options.CLOSE_ABORT, Boolean.TRUE);
            }
        } catch (IOException e) {
            LOG.debug("no reset", e);
        }
        exchange = null;
        close();
    }

    // ---- 6. time

    void readBy(long deadline) {
        readDeadline = deadline;
        if (deadline != OFF) {
            schedule();
        }
    }

    void writeBy(long deadline) {
        writeDeadline = deadline;
        if (deadline != OFF) {
            schedule();
        }
    }

    private void schedule() {
        if (released) {
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
            ProxyExchange current = exchange;
            if (current != null) {
                current.clientFailed(FailureCode.CLIENT_WRITE_TIMEOUT, "the client takes no more bytes");
            }
            close();
        } else if (readDeadline != OFF && now - readDeadline >= 0) {
            readDeadline = OFF;
            if (phase == HEAD && headTimed) {
                partial = null;
                refuse(FailureCode.CLIENT_HEAD_TIMEOUT, "the head did not come whole");
            } else if (exchange != null && body.isPending() && !body.isReadOver()) {
                body.timedOut(now);
            } else {
                close();
            }
        } else {
            schedule();
        }
    }

    // ---- 7. the end

    /** No further request is taken; closes at once if none is at work. */
    void drain() {
        draining = true;
        if (exchange == null && phase == HEAD) {
            close();
        }
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

    private void closed() {
        open = false;
        if (released) {
            return;
        }
        released = true;
        loop.remove(this);
        input.release();
        partial = null;
        response.drop();
        listener.closed(this, limiter);
        ProxyExchange current = exchange;
        exchange = null;
        if (current != null) {
            current.clientGone("the connection was closed");
        }
    }

    // ---- what the exchange asks

    @Override
    public boolean isOpen() {
        return open;
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
