package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.resilience.Timeouts;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;

/**
 * A connection to a target that speaks HTTP/1.1: one request at a time, and between them idle in its pool, where its
 * reads stay on so that a target that closes is noticed.
 *
 * <p>It has two halves, which live as long as it does and know it, but not each other: {@link Http1RequestWriter} and
 * {@link Http1AnswerReader}. One I/O thread. The life of an exchange on it:
 *
 * <ol>
 *   <li>{@link #lease}: the exchange gets the connection.
 *   <li>{@link #send} takes the head; the body comes through the sink that it returns.
 *   <li>What is read is parsed as a head, interim ones are told and forgotten, until a final one is told.
 *   <li>Its body is pushed to the sink that was attached ({@link #attach}).
 *   <li>{@link #finish}: before the last piece is pushed, the connection is back in its pool: the piece is in a buffer
 *       already, and the client's next request may come while it is pushed. Or {@link #fail}, or {@link #abort}.
 * </ol>
 */
final class Http1UpstreamConnection extends TimerWheel.Timer implements UpstreamStream {

    private static final Logger LOG = LoggerFactory.getLogger(Http1UpstreamConnection.class);

    private static final long OFF = Long.MAX_VALUE;

    private final StreamConnection connection;
    private final IoLoop loop;
    private final LoopTarget target;
    private final InetSocketAddress address;
    private final Http1RequestWriter request;
    private final Http1AnswerReader answer;
    private final long openedAt;

    private boolean open = true;
    private boolean used;
    private boolean reusable;
    private @Nullable UpstreamListener listener;
    private Timeouts timeouts = Timeouts.ofDefaults();
    private long keepIdleNanos;
    private long idleSince;

    private long readDeadline = OFF;
    private long writeDeadline = OFF;

    Http1UpstreamConnection(StreamConnection connection, IoLoop loop, LoopTarget target, InetSocketAddress address) {
        this.connection = connection;
        this.loop = loop;
        this.target = target;
        this.address = address;
        this.openedAt = loop.now();
        this.keepIdleNanos = target.idleNanos();
        this.request = new Http1RequestWriter(this, connection.getSinkChannel(), loop);
        this.answer = new Http1AnswerReader(this, connection.getSourceChannel(), loop, target.maxResponseHeaderBytes());
        connection.getSourceChannel().setReadListener(channel -> onReadable());
        connection.getSinkChannel().setWriteListener(channel -> onWritable());
        connection.getSourceChannel().resumeReads();
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    boolean isOpen() {
        return open;
    }

    /** Whether an exchange has it. */
    boolean isLeased() {
        return open && listener != null;
    }

    @Nullable
    UpstreamListener listener() {
        return listener;
    }

    /** The deadlines of the exchange that has it. */
    Timeouts timeouts() {
        return timeouts;
    }

    /** Whether an exchange may begin on it. */
    boolean usable(long now) {
        long maxAge = target.maxAgeNanos();
        return open && now - idleSince < keepIdleNanos && (maxAge == 0 || now - openedAt < maxAge);
    }

    /** Begins idle, when the exchange that it was made for is over. */
    void park() {
        request.beginNothing();
        reusable = true;
        finish();
    }

    // ---- 1. and 2. an exchange gets it and sends its request

    /** Gives the connection to an exchange. */
    void lease(UpstreamListener newListener) {
        listener = newListener;
        readDeadline = OFF;
        newListener.connected(this);
    }

    @Override
    public BodySink send(int headLength, long bodyLength, boolean head, Timeouts newTimeouts) {
        timeouts = newTimeouts;
        reusable = true;
        answer.begin(head);
        request.begin(headLength, bodyLength);
        return request;
    }

    private void onWritable() {
        try {
            if (open) {
                request.writable();
            }
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    /** XNIO would swallow what a callback throws, and the request would hang. */
    private void failed(Throwable problem) {
        LOG.error("a connection to {} failed", address, problem);
        fail(FailureCode.INTERNAL_ERROR, problem.toString());
    }

    // ---- 3. and 4. its answer

    private void onReadable() {
        try {
            if (open) {
                answer.readable();
            }
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    /** Whether an exchange waits for the head of its answer. */
    boolean awaitsHead() {
        return listener != null && answer.awaitsHead();
    }

    void interim(ResponseHead head, UpstreamListener to) {
        if (head.status() == 100) {
            request.notHeldBack();
        }
        to.interim(head);
    }

    /** The final head is there. */
    void answered(ResponseHead head, boolean untilEnd) {
        readDeadline = OFF;
        reusable = reusable && head.keepAlive() && !untilEnd && request.isDone();
        keepAliveHint(head);
    }

    /** What came does not end where the answer ends. */
    void notReusable() {
        reusable = false;
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
    public void attach(BodySink sink) {
        answer.attach(sink);
    }

    @Override
    public void resume() {
        answer.resume();
    }

    @Override
    public void cancel() {
        if (answer.isInBody()) {
            abort();
        }
    }

    // ---- 5. the exchange is over

    /** It goes back to its pool, or closes. */
    void finish() {
        UpstreamListener done = listener;
        listener = null;
        if (done != null) {
            done.released();
        }
        request.forgetSource();
        answer.finish();
        readDeadline = OFF;
        used = true;
        if (open && reusable && request.isSent()) {
            idleSince = loop.now();
            readDeadline = idleSince + keepIdleNanos;
            schedule();
            target.idle(this);
        } else {
            close();
        }
    }

    @Override
    public boolean awaitsTarget() {
        return request.awaitsTarget();
    }

    @Override
    public boolean anySent() {
        return request.anySent();
    }

    @Override
    public void abort() {
        listener = null;
        request.forgetSource();
        answer.forgetSink();
        close();
    }

    void endedWithoutAnswer(String detail) {
        if (request.hasFailed()) {
            fail(FailureCode.UPSTREAM_SEND_FAILED, detail);
        } else if (answer.anyReceived()) {
            fail(FailureCode.UPSTREAM_CLOSED, detail + " within the head of its answer");
        } else {
            fail(FailureCode.UPSTREAM_CLOSED, detail + " before it answered");
        }
    }

    void fail(FailureCode code, String detail) {
        UpstreamListener current = listener;
        boolean body = answer.isInBody();
        // One that let the time pass was open: it is its target that does not answer.
        boolean ended = code == FailureCode.UPSTREAM_CLOSED || code == FailureCode.UPSTREAM_SEND_FAILED;
        boolean stale = ended && used && !answer.anyReceived();
        boolean untouched = !request.anySent();
        BodySink to = answer.forgetSink();
        request.forgetSource();
        listener = null;
        close();
        if (current == null) {
            return;
        }
        if (body && to != null) {
            current.bodyFailed(code, detail);
            to.abort(code, detail);
        } else {
            current.failed(code, detail, untouched, stale);
        }
    }

    void close() {
        if (!open) {
            return;
        }
        open = false;
        IoUtils.safeClose(connection);
        loop.remove(this);
        answer.close();
        request.drop();
        target.closed(this);
    }

    // ---- time

    /** The target has this long to send more; zero means for ever. */
    void readWithin(Duration time) {
        readDeadline = deadline(time);
        schedule();
    }

    void stopReadTimer() {
        readDeadline = OFF;
    }

    /** The target has this long to take more; zero means for ever. */
    void writeWithin(Duration time) {
        writeDeadline = deadline(time);
        schedule();
    }

    void stopWriteTimer() {
        writeDeadline = OFF;
    }

    private long deadline(Duration time) {
        return time.isZero() ? OFF : loop.now() + time.toNanos();
    }

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
            } else if (answer.isInBody()) {
                fail(FailureCode.UPSTREAM_BODY_TIMEOUT, "the body stalled");
            } else {
                fail(FailureCode.UPSTREAM_HEAD_TIMEOUT, "no answer within " + timeouts.responseHead());
            }
        } else {
            schedule();
        }
    }
}
