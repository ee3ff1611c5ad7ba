package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.engine.client.UpstreamListener;
import io.fairlead.proxy.internal.engine.client.UpstreamStream;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.resilience.BreakerCall;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One attempt: the request on its way to one target, and its answer back.
 *
 * <ol>
 *   <li>{@link #start}: ask for a connection, within the time of an attempt;
 *   <li>{@link #connected}: compose the head, send it, let the body follow;
 *   <li>{@link #head}, or {@link #failed}: tell the pool and {@link Forward};
 *   <li>the answer's body goes out through {@link #attach}, or is thrown away by {@link #discard};
 *   <li>{@link #released}: the target is free of it. Or {@link #giveUp}, at any time.
 * </ol>
 *
 * <p>Each has an object of its own, since what comes late from a connection that was given up must not reach the next
 * attempt. For the same reason it stands between the exchange and the stream as the source of the answer's body: the connection
 * goes back to its pool before the last piece is out, and what the exchange says after that must not reach whoever has it then.
 */
final class Attempt extends TimerWheel.Timer implements UpstreamListener, BodySource {

    private final Forward forward;
    private final IoLoop loop;
    private final RunningPool pool;
    private final PoolTarget target;
    private final OutgoingRequest request;
    private final int number;
    private final long begunAt;
    /** Since when the target has all of the request: what comes before is the client's time too. */
    private long turnSince;

    /** What the target's breaker is told through; null if it has none. */
    private final @Nullable BreakerCall call;

    /** When a connection was at hand; 0 before. */
    private long connectedAt;

    private boolean bodyBegun;
    private boolean requestSent;
    private boolean answered;
    private boolean timed;
    private boolean over;
    private ClientTarget.@Nullable Pending pending;
    private @Nullable UpstreamStream stream;

    /** @param target picked, and so counted as busy with it */
    Attempt(Forward forward, IoLoop loop, RunningPool pool, PoolTarget target, OutgoingRequest request, int number) {
        this.forward = forward;
        this.loop = loop;
        this.pool = pool;
        this.target = target;
        this.request = request;
        this.number = number;
        this.begunAt = loop.now();
        this.turnSince = begunAt;
        this.call = pool.call(loop);
    }

    PoolTarget target() {
        return target;
    }

    /** Whether a connection is still at work for it, or will be. */
    boolean isOpen() {
        return stream != null || pending != null;
    }

    /** Whether nothing of the request has been sent. */
    boolean isUntouched() {
        UpstreamStream open = stream;
        return open == null || !open.anySent();
    }

    /** Whether the source of the body has been asked for it. */
    boolean isBodyBegun() {
        return bodyBegun;
    }

    // ---- 1. a connection

    /**
     * Begins it.
     *
     * @param fresh whether a connection that was used before will not do
     * @param queues whether it may wait for a connection
     */
    void start(boolean fresh, boolean queues) {
        Duration limit = request.timeouts().attempt();
        if (!limit.isZero()) {
            timed = true;
            loop.schedule(this, begunAt + limit.toNanos());
        }
        ClientTarget.Pending waiting =
                target.client().acquire(loop, this, request.timeouts().connect(), fresh, queues);
        // Null if the listener was called already, and then this attempt may be over.
        if (waiting != null && !over) {
            pending = waiting;
        }
    }

    // ---- 2. the request

    @Override
    public void connected(UpstreamStream connected) {
        pending = null;
        if (over) {
            connected.abort();
            return;
        }
        stream = connected;
        connectedAt = loop.now();
        try {
            send(connected);
        } catch (RuntimeException | Error e) {
            // Thrown by what the request is made of, such as a body that somebody has read; it must not be lost in the
            // callback of a connection.
            giveUp(null);
            forward.failed(
                    this,
                    e instanceof ExchangeFailedException failed ? failed.code() : FailureCode.INTERNAL_ERROR,
                    e.toString(),
                    false,
                    false);
        }
    }

    private void send(UpstreamStream connected) {
        forward.connected();
        int head = request.composeHead(target, pool, forward.attemptHeader(), number);
        long length = request.outgoingLength();
        BodySink sink = connected.send(head, length, request.isHead(), request.timeouts());
        BodySource body = forward.body();
        if (length != 0 && body != null) {
            bodyBegun = true;
            sink.feed(body);
            if (request.bodyIsOfUserCode()) {
                // The head is in space that all exchanges of the loop share, and user code may end another one.
                sink.flush();
            }
            body.attach(sink);
            sink.flush();
        }
    }

    // ---- 3. what comes of it

    @Override
    public void sent() {
        requestSent = true;
        turnSince = loop.now();
    }

    @Override
    public void interim(ResponseHead head) {
        if (!over) {
            forward.interim(head);
        }
    }

    @Override
    public void head(ResponseHead head, long bodyLength) {
        stopTimer();
        if (answered) {
            return;
        }
        answered = true;
        pool.answered(loop, target, call, head.status(), loop.now() - turnSince);
        if (forward.hedges()) {
            target.answeredAt(loop.now());
        }
        forward.answered(this, head, bodyLength);
    }

    @Override
    public void failed(FailureCode code, String detail, boolean untouched, boolean stale) {
        pending = null;
        stream = null;
        if (over) {
            return;
        }
        stopTimer();
        // One that was idle and died tells nothing of the target: its server may have closed it in good order.
        if (isOfTarget(code) && !stale) {
            pool.failed(loop, target, call, code, loop.now() - begunAt);
        } else if (!answered) {
            release();
        }
        end();
        forward.failed(this, code, detail, untouched && !answered, stale && !answered);
    }

    /** Whether it is the target's doing, and not that of our own limits or of the request. */
    private static boolean isOfTarget(FailureCode code) {
        return code.side() == FailureCode.Side.UPSTREAM && code.phase() != FailureCode.Phase.ACQUIRE;
    }

    @Override
    public void bodyFailed(FailureCode code, String detail) {
        if (!over) {
            pool.failed(loop, target, call, code, loop.now() - begunAt);
        }
        released();
    }

    @Override
    protected void fire(long now) {
        timed = false;
        if (over || answered) {
            return;
        }
        UpstreamStream open = stream;
        if (open != null && !open.awaitsTarget()) {
            // It is the client who is slow, and other deadlines are for that.
            timed = true;
            loop.schedule(this, now + request.timeouts().attempt().toNanos());
            return;
        }
        boolean unsent = open == null;
        giveUp(FailureCode.UPSTREAM_ATTEMPT_TIMEOUT);
        forward.failed(
                this,
                FailureCode.UPSTREAM_ATTEMPT_TIMEOUT,
                (unsent ? "no connection within " : "no answer within ")
                        + request.timeouts().attempt(),
                unsent,
                false);
    }

    private void stopTimer() {
        if (timed) {
            timed = false;
            loop.remove(this);
        }
    }

    // ---- 4. the answer's body

    @Override
    public void attach(BodySink sink) {
        UpstreamStream open = stream;
        if (open == null) {
            sink.abort(FailureCode.INTERNAL_ERROR, "the exchange is over");
        } else {
            open.attach(sink);
        }
    }

    @Override
    public void resume() {
        UpstreamStream open = stream;
        if (open != null) {
            open.resume();
        }
    }

    /** Nobody wants the rest of the answer. */
    @Override
    public void cancel() {
        giveUp(null);
    }

    /** Something else answers: a short body is read over, so that the connection can be used again. */
    void discard(long bodyLength) {
        if (bodyLength == 0) {
            return;
        }
        // While it still sends, it would ask the request's body for more, which is the next attempt's by now.
        if (bodyBegun && !requestSent || bodyLength > DiscardedBody.MAX_BYTES) {
            giveUp(null);
        } else {
            attach(new DiscardedBody(this));
        }
    }

    // ---- 5. the end

    @Override
    public void released() {
        stream = null;
        end();
    }

    /**
     * An attempt at another target, which began later, was answered well. The target is blamed if it looks as if it hung: it
     * had so long for itself, and has answered nobody meanwhile. No deadline comes before the other's answer, so that
     * nobody would ever learn of it else.
     */
    void overtaken(long hedgeNanos) {
        long now = loop.now();
        long turn = now - (connectedAt == 0 ? begunAt : connectedAt);
        if (!over && !answered && isTargetsTurn() && turn >= hedgeNanos && !target.hasAnsweredSince(begunAt)) {
            pool.overtaken(loop, target, call, now - begunAt);
        }
    }

    /**
     * Ends it.
     *
     * @param cause what the target is to be blamed for if it was its turn to act; null for nothing
     * @return whether it was blamed
     */
    boolean giveUp(@Nullable FailureCode cause) {
        stopTimer();
        if (over) {
            return false;
        }
        boolean blamed = !answered && cause != null && isTargetsTurn();
        if (cause != null && blamed) {
            pool.failed(loop, target, call, cause, loop.now() - begunAt);
        } else if (!answered) {
            release();
        }
        ClientTarget.Pending waiting = pending;
        pending = null;
        if (waiting != null) {
            waiting.cancel();
        }
        UpstreamStream open = stream;
        stream = null;
        end();
        if (open != null) {
            open.abort();
        }
        return blamed;
    }

    private boolean isTargetsTurn() {
        ClientTarget.Pending waiting = pending;
        UpstreamStream open = stream;
        return open != null ? open.awaitsTarget() : waiting != null && waiting.isConnecting();
    }

    /** It was given up, through nobody's fault there: nothing is to be learnt from it. */
    private void release() {
        if (call != null) {
            call.released();
        }
    }

    private void end() {
        if (!over) {
            over = true;
            pool.ended(target);
            forward.ended(this);
        }
    }
}
