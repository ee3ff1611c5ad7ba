package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.client.ClientPool;
import io.fairlead.proxy.internal.engine.client.UpstreamListener;
import io.fairlead.proxy.internal.engine.client.UpstreamStream;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.upstream.Target;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Forwards one request to a pool: the attempt loop.
 *
 * <ol>
 *   <li>pick a target;
 *   <li>get a connection to it;
 *   <li>compose the head, send it, let the body follow;
 *   <li>hand over the answer, or the failure.
 * </ol>
 *
 * <p>A connection that had been idle and ended before a byte of the answer came was most likely closed by the target while
 * the request was on its way. Then the request is sent once more, on a new connection, if that cannot do harm: nothing
 * of it had been sent, or it is idempotent and has no body that is gone by now (RFC 9112 §9.3.1).
 *
 * <p>It stands between the exchange and the stream as the source of the answer's body, because the connection goes back
 * to its pool before the last piece is out: what the exchange says after that must not reach whoever has it then.
 */
public final class Forward implements UpstreamListener, BodySource {

    private final IoLoop loop;
    private final ClientPool pool;
    private final OutgoingRequest request;
    private final ForwardListener listener;
    private int target = -1;
    private int attempts;
    private boolean bodyBegun;
    private boolean over;
    private ClientPool.@Nullable Pending pending;
    private @Nullable UpstreamStream stream;
    private @Nullable AttemptTimer timer;

    public Forward(IoLoop loop, ClientPool pool, OutgoingRequest request, ForwardListener listener) {
        this.loop = loop;
        this.pool = pool;
        this.request = request;
        this.listener = listener;
    }

    public void start() {
        target = pool.pick(loop);
        Duration limit = request.timeouts().attempt();
        if (!limit.isZero()) {
            AttemptTimer armed = new AttemptTimer();
            timer = armed;
            loop.schedule(armed, loop.now() + limit.toNanos());
        }
        attempt(false);
    }

    private void attempt(boolean fresh) {
        attempts++;
        pending = pool.acquire(loop, target, this, request.timeouts().connect(), fresh);
    }

    public int attempts() {
        return attempts;
    }

    public String poolName() {
        return pool.config().name();
    }

    /** The target that was tried last; null if none was. */
    public @Nullable Target target() {
        return target < 0 ? null : pool.target(target);
    }

    @Override
    public void connected(UpstreamStream connected) {
        pending = null;
        if (over) {
            connected.abort();
            return;
        }
        stream = connected;
        try {
            begin(connected);
        } catch (RuntimeException | Error e) {
            // Thrown by what the request is made of, such as a body that somebody has read; it must not be lost in the
            // callback of a connection.
            cancel();
            listener.forwardFailed(
                    e instanceof ExchangeFailedException failed ? failed.code() : FailureCode.INTERNAL_ERROR,
                    e.toString());
        }
    }

    private void begin(UpstreamStream connected) {
        listener.forwarded();
        int head = request.composeHead(pool.target(target));
        long length = request.outgoingLength();
        BodySink sink = connected.send(head, length, request.isHead(), request.timeouts());
        BodySource body = request.outgoingBody();
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

    @Override
    public void interim(ResponseHead head) {
        listener.interim(head);
    }

    @Override
    public void head(ResponseHead head, long bodyLength) {
        stopTimer();
        if (!over) {
            listener.answered(head, this, bodyLength);
        }
    }

    @Override
    public void released() {
        stream = null;
    }

    /** Whether a connection is still at work for this request, or will be. */
    public boolean isOpen() {
        return stream != null || pending != null;
    }

    @Override
    public void attach(BodySink sink) {
        UpstreamStream answered = stream;
        if (answered == null) {
            sink.abort(FailureCode.INTERNAL_ERROR, "the exchange is over");
        } else {
            answered.attach(sink);
        }
    }

    @Override
    public void resume() {
        UpstreamStream answered = stream;
        if (answered != null) {
            answered.resume();
        }
    }

    @Override
    public void failed(FailureCode code, String detail, boolean untouched, boolean stale) {
        pending = null;
        stream = null;
        if (over) {
            return;
        }
        boolean harmless = !bodyBegun && (untouched || request.isIdempotent());
        if (stale && harmless && attempts == 1) {
            attempt(true);
            return;
        }
        over = true;
        stopTimer();
        listener.forwardFailed(code, detail);
    }

    /** The exchange is over, or nobody wants the rest of the answer. */
    @Override
    public void cancel() {
        over = true;
        stopTimer();
        ClientPool.Pending waiting = pending;
        pending = null;
        if (waiting != null) {
            waiting.cancel();
        }
        UpstreamStream open = stream;
        stream = null;
        if (open != null) {
            open.abort();
        }
    }

    private void stopTimer() {
        AttemptTimer armed = timer;
        if (armed != null) {
            timer = null;
            loop.remove(armed);
        }
    }

    private final class AttemptTimer extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            timer = null;
            if (!over) {
                cancel();
                listener.forwardFailed(
                        FailureCode.UPSTREAM_ATTEMPT_TIMEOUT,
                        "no answer within " + request.timeouts().attempt());
            }
        }
    }
}
