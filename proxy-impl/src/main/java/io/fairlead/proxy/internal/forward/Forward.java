package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.RareLog;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.upstream.PoolEntry;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RetryBudget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.internal.upstream.Session;
import io.fairlead.proxy.internal.upstream.Sessions;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.upstream.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards one request to a pool: the attempt loop.
 *
 * <ol>
 *   <li>{@link #attempt}: pick a target that was not tried yet, and let an {@link Attempt} talk to it;
 *   <li>{@link #failed} or {@link #answered}: hand over what came of it, or
 *   <li>{@link #again}: let the next attempt follow, at once or after a pause, if the policy wants it and it can do no harm.
 * </ol>
 *
 * <p>A request whose answer takes long may have a second attempt beside the first ({@link #hedge}). Whoever answers first is
 * heard; a failure counts only when there is no other attempt under way.
 *
 * <p>What is left when no attempt follows may be answered by something else ({@link ForwardListener#replaces}); if that is another
 * pool, it takes the body along ({@link #follow}).
 *
 * <p>A connection that had been idle and ended before a byte of the answer came was most likely closed by the target while
 * the request was on its way. Then the request is sent once more on a new connection, to the same target if that still takes it,
 * whatever the policy says, if that cannot do harm (RFC 9112 §9.3.1).
 */
public final class Forward {

    private static final Logger LOG = LoggerFactory.getLogger(Forward.class);
    private static final RareLog FAILED = new RareLog(LOG, "an attempt failed");

    private final IoLoop loop;
    private final RunningPool pool;
    private final OutgoingRequest request;
    private final ForwardListener listener;
    private final RetryPolicy policy;
    /** Whether another pool may get the request when this one fails. */
    private final boolean followed;

    private int attempts;
    /** Attempts but for those that only replace a connection. */
    private int tries;

    private List<PoolTarget> tried = List.of();
    /** Whether those may be tried again if there are no others. */
    private boolean sameTarget;
    /** Of the attempt that another one follows. */
    private @Nullable FailureCode lastFailure;

    private String lastDetail = "";
    private boolean connectionReplaced;
    /** It has waited for a connection as long as a request may. */
    private boolean queueTimeUp;

    private boolean over;
    /** The client has the answer of the attempt that is under way. */
    private boolean delivered;

    private final long begunAt;
    private @Nullable PoolEntry entry;
    private @Nullable RetryBudget budget;
    /** Which target the client has; null if the pool has no sticky sessions. */
    private @Nullable Session session;

    private @Nullable Attempt current;
    /** The attempt beside it. */
    private @Nullable Attempt rival;

    private @Nullable Hedge hedge;
    private @Nullable PoolTarget target;
    private @Nullable ReplayBody replay;
    private @Nullable Pause pause;

    /** @param followed whether another pool may get the request when this one fails, so that its body must be kept */
    public Forward(
            IoLoop loop,
            RunningPool pool,
            OutgoingRequest request,
            RetryPolicy policy,
            ForwardListener listener,
            boolean followed) {
        this.loop = loop;
        this.pool = pool;
        this.request = request;
        this.policy = policy;
        this.listener = listener;
        this.followed = followed;
        this.begunAt = loop.now();
    }

    /**
     * The same request to another pool, after this one has failed; what is kept of its body goes along. Begins by itself, once
     * the failed connection has come to its end.
     */
    public Forward follow(RunningPool next, RetryPolicy nextPolicy) {
        Forward following = new Forward(loop, next, request, nextPolicy, listener, followed);
        detach();
        following.replay = replay;
        replay = null;
        cancel(null);
        loop.later(following::startUnlessOver);
        return following;
    }

    private void startUnlessOver() {
        if (over) {
            return;
        }
        try {
            start();
        } catch (RuntimeException | Error e) {
            FAILED.error(e);
            fail(FailureCode.INTERNAL_ERROR, e.toString(), false);
        }
    }

    public void start() {
        PoolEntry entered = pool.enter(loop);
        if (entered == null) {
            refuse();
            return;
        }
        entry = entered;
        RetryBudget retries = pool.retries(loop);
        budget = retries;
        retries.request(begunAt);
        Sessions sessions = pool.sessions();
        if (sessions != null) {
            session = sessions.of(request.exchange().request().headers());
        }
        Duration hedgeAfter = policy.hedgeAfter();
        if (!hedgeAfter.isZero() && Retries.isSafe(request.method()) && request.outgoingLength() == 0) {
            Hedge waiting = new Hedge();
            hedge = waiting;
            loop.schedule(waiting, begunAt + hedgeAfter.toNanos());
        }
        attempt();
    }

    public int attempts() {
        return attempts;
    }

    /** The pool that it forwards to. */
    public RunningPool pool() {
        return pool;
    }

    /** The field that tells targets the number of the attempt, if there is one. */
    public Optional<String> attemptHeader() {
        return policy.attemptHeader();
    }

    public String poolName() {
        return pool.config().name();
    }

    /** The target that was tried last; null if none was. */
    public @Nullable Target target() {
        return target == null ? null : target.target();
    }

    /** The running target that was tried last; null if none was. */
    public @Nullable PoolTarget poolTarget() {
        return target;
    }

    /** Whether an answer was handed over, and all of it has come. */
    public boolean isAnswered() {
        return delivered && !isOpen();
    }

    /** Whether a connection is still at work for this request, or will be. */
    public boolean isOpen() {
        return pause != null || isOpen(current) || isOpen(rival);
    }

    private static boolean isOpen(@Nullable Attempt attempt) {
        return attempt != null && attempt.isOpen();
    }

    /**
     * The exchange is over, or nobody wants the rest of the answer.
     *
     * @param cause what the exchange failed with; null if it did not
     */
    public void cancel(@Nullable FailureCode cause) {
        over = true;
        Pause waiting = pause;
        if (waiting != null) {
            pause = null;
            loop.remove(waiting);
        }
        stopHedge();
        // A target that has not answered until the request's time was up is to blame, others are not.
        FailureCode blame = cause == FailureCode.TOTAL_TIMEOUT ? cause : null;
        boolean blamed = giveUp(current, blame) | giveUp(rival, blame);
        ReplayBody body = replay;
        if (body != null) {
            replay = null;
            body.close();
        }
        // Waiting in our own queue, or for the client's body, says nothing of the pool.
        if (blamed || blame != null && lastFailure != null) {
            tellFailed();
        }
        leave();
    }

    /** Whether the target was to blame. */
    private static boolean giveUp(@Nullable Attempt attempt, @Nullable FailureCode cause) {
        return attempt != null && attempt.giveUp(cause);
    }

    // ---- 1. an attempt

    private void attempt() {
        PoolTarget picked = pick();
        FailureCode before = lastFailure;
        if (picked == null && before != null) {
            // What failed first says more than that the others are busy.
            tellFailed();
            fail(before, lastDetail + "; no other target takes the request", true);
            return;
        }
        if (picked == null) {
            if (tries > 0) {
                // Those that answered before were not good enough.
                tellFailed();
            }
            refuse();
            return;
        }
        tries++;
        begin(picked, false);
    }

    /** The target of the client's session if it can be had, else another one if the session may move. */
    private @Nullable PoolTarget pick() {
        Session bound = session;
        PoolTarget own = bound == null ? null : bound.target();
        if (bound != null && own != null && (bound.isStrict() || !tried.contains(own))) {
            if (pool.pickSession(loop, own)) {
                return own;
            }
            if (bound.isStrict()) {
                return null;
            }
        }
        return pool.pick(loop, request.exchange(), tried, tried.isEmpty() || sameTarget);
    }

    /** The pool has no target for the request, or not now. */
    private void refuse() {
        FailureCode code = pool.refusal(loop);
        over = true;
        stopHedge();
        leave();
        String pool = "pool \"" + poolName() + "\" ";
        listener.refused(
                code,
                switch (code) {
                    case UPSTREAM_CIRCUIT_OPEN -> pool + "has an open circuit breaker";
                    case UPSTREAM_OVERLOADED -> pool + "has as many requests as it may";
                    case UPSTREAM_SESSION_UNAVAILABLE -> pool + "may not use the target of the client's session";
                    default -> pool + "has no usable target";
                },
                retryAfterSeconds(code));
    }

    private int retryAfterSeconds(FailureCode code) {
        Session bound = session;
        PoolTarget own = bound == null ? null : bound.target();
        return code == FailureCode.UPSTREAM_SESSION_UNAVAILABLE && own != null
                ? pool.sessionRetryAfterSeconds(own)
                : pool.retryAfterSeconds(code);
    }

    private void begin(PoolTarget picked, boolean fresh) {
        Attempt begun = newAttempt(picked);
        current = begun;
        begun.start(fresh, !queueTimeUp);
    }

    private Attempt newAttempt(PoolTarget picked) {
        attempts++;
        target = picked;
        return new Attempt(this, loop, pool, picked, request, attempts);
    }

    void connected() {
        listener.forwarded();
    }

    void interim(ResponseHead head) {
        Session bound = session;
        if (bound != null) {
            bound.hide(head);
        }
        listener.interim(head);
    }

    /** The body of the request, which all attempts share. */
    @Nullable
    BodySource body() {
        ReplayBody known = replay;
        if (known != null) {
            return known;
        }
        BodySource body = request.outgoingBody();
        long length = request.outgoingLength();
        // Also where there is only one attempt: a connection that was closed is replaced without asking the policy.
        if (body == null || length == 0 || length > policy.maxReplayBytes()) {
            return body;
        }
        known = new ReplayBody(
                loop,
                body,
                policy.maxReplayBytes(),
                request.replayMemory(),
                maySendTwice() ? () -> true : this::isUntouched);
        replay = known;
        return known;
    }

    /** Whether a target may get the request that another one, or the same, may have acted on. */
    private boolean maySendTwice() {
        return request.isIdempotent() || policy.nonIdempotent();
    }

    /** Whether nothing of the attempt under way has been sent. */
    private boolean isUntouched() {
        Attempt running = current;
        return running != null && running.isUntouched();
    }

    /** Another target is asked too; the first attempt goes on. */
    private void hedge() {
        hedge = null;
        Attempt slow = current;
        if (over || pause != null || slow == null || !slow.isOpen() || !hasTriesLeft()) {
            return;
        }
        Session bound = session;
        if (bound != null && bound.target() == slow.target()) {
            // Being slow is no reason to take a client from its target.
            return;
        }
        List<PoolTarget> all = with(slow.target());
        if (!pool.hasOther(all) || !pool.retries(loop).tryRetry(loop.now())) {
            return;
        }
        PoolTarget picked = pool.pick(loop, request.exchange(), all, false);
        if (picked != null) {
            tries++;
            Attempt begun = newAttempt(picked);
            rival = begun;
            begun.start(false, !queueTimeUp);
        }
    }

    private void stopHedge() {
        Hedge waiting = hedge;
        if (waiting != null) {
            hedge = null;
            loop.remove(waiting);
        }
    }

    /** Takes an attempt that has failed out of the race; false if it is the last one. */
    private boolean dropped(Attempt failed) {
        Attempt other = failed == current ? rival : current;
        if (!isOpen(other)) {
            return false;
        }
        tried = with(failed.target());
        current = other;
        rival = null;
        return true;
    }

    private List<PoolTarget> with(PoolTarget one) {
        List<PoolTarget> all = new ArrayList<>(tried);
        all.add(one);
        return all;
    }

    // ---- 2. what came of it

    void answered(Attempt attempt, ResponseHead head, long bodyLength) {
        // By which of the two answers: one without a body is over by now, and not open any more.
        if (rival != null && Retries.wants(policy, request, head) && dropped(attempt)) {
            attempt.discard(bodyLength);
            return;
        }
        if (Retries.wants(policy, request, head) && maySendAgain(attempt) && hasTriesLeft()) {
            long wait = Retries.retryAfterNanos(head);
            if (again(attempt, wait, policy.sameTarget(), head.status() + " of " + attempt.target())) {
                attempt.discard(bodyLength);
                return;
            }
        }
        boolean again = followed && maySendAgain(attempt);
        if (listener.replaces(head, again)) {
            if (dropped(attempt)) {
                attempt.discard(bodyLength);
            } else {
                replace(attempt, head.status(), bodyLength, again);
            }
            return;
        }
        stopHedge();
        Attempt other = attempt == rival ? current : rival;
        if (other != null && attempt == rival && isGood(head.status())) {
            other.overtaken(policy.hedgeAfter().toNanos());
        }
        giveUp(other, null);
        current = attempt;
        rival = null;
        target = attempt.target();
        ReplayBody body = replay;
        if (body != null) {
            body.settle();
        }
        PoolEntry entered = entry;
        if (entered != null && entered.isWatched()) {
            entered.answered(head.status(), loop.now() - begunAt);
        }
        Session bound = session;
        if (bound != null) {
            bound.tell(head, attempt.target(), request.exchange().request());
        }
        delivered = true;
        listener.answered(head, attempt, bodyLength);
    }

    /** An error may come at once: to be slower than that is no fault. */
    private static boolean isGood(int status) {
        return !OutlierWatch.isFailure(status) && status != 429;
    }

    /** Whether another target may be asked beside the first. */
    boolean hedges() {
        return !policy.hedgeAfter().isZero();
    }

    private void replace(Attempt attempt, int status, long bodyLength, boolean again) {
        over = true;
        stopHedge();
        PoolEntry entered = entry;
        if (entered != null && entered.isWatched()) {
            entered.answered(status, loop.now() - begunAt);
        }
        // From here on the request's body may be another pool's, and nobody gives up an answer that is read over.
        detach();
        current = null;
        rival = null;
        attempt.discard(bodyLength);
        leave();
        listener.replaced(status, again);
    }

    /**
     * The answer's body is thrown away; a short one is read over, so that the connection can be used again.
     *
     * @param bodyLength as it was told
     */
    public void discardAnswer(long bodyLength) {
        Attempt answered = current;
        if (answered != null) {
            // It is read over, whatever becomes of the exchange.
            current = null;
            answered.discard(bodyLength);
        }
    }

    /** @param untouched whether the target cannot have acted on the request */
    void failed(Attempt attempt, FailureCode code, String detail, boolean untouched, boolean stale) {
        if (dropped(attempt)) {
            return;
        }
        boolean harmless = (untouched || maySendTwice()) && isBodyThere(attempt);
        if (harmless && stale && !connectionReplaced && (untouched || request.isIdempotent())) {
            connectionReplaced = true;
            detach();
            // Its limit or its breaker may have nothing left for it by now.
            PoolTarget next = pool.again(loop, attempt.target()) ? attempt.target() : pick();
            if (next == null) {
                refuse();
            } else {
                begin(next, true);
            }
            return;
        }
        boolean hadNoTurn = code.phase() == FailureCode.Phase.ACQUIRE;
        queueTimeUp |= code == FailureCode.UPSTREAM_QUEUE_TIMEOUT;
        if (harmless && Retries.wants(policy, code) && hasTriesLeft()) {
            lastFailure = code;
            lastDetail = detail;
            // A target whose queue is full has too much to do as it is: it is not asked again.
            boolean same = policy.sameTarget() && !hadNoTurn;
            if (again(attempt, untouched ? Retries.REACHED_NOBODY : 0, same, code + " of " + attempt.target())) {
                return;
            }
        }
        if (code.side() == FailureCode.Side.UPSTREAM && !hadNoTurn) {
            tellFailed();
        }
        fail(code, detail, harmless);
    }

    /** Nothing of this attempt is under way any more. */
    void ended(Attempt attempt) {
        if (delivered && attempt == current) {
            leave();
        }
    }

    private void tellFailed() {
        PoolEntry entered = entry;
        if (entered != null) {
            entered.failed(loop.now() - begunAt);
        }
    }

    private void leave() {
        PoolEntry entered = entry;
        if (entered != null) {
            entry = null;
            entered.leave();
            RetryBudget counted = budget;
            if (counted != null) {
                counted.left();
            }
        }
    }

    private void fail(FailureCode code, String detail, boolean again) {
        over = true;
        stopHedge();
        leave();
        listener.forwardFailed(code, detail, again);
    }

    // ---- 3. once more

    private boolean hasTriesLeft() {
        return !over && tries < policy.maxAttempts();
    }

    /** Whether the request may be sent again though the target may have acted on it, and is all there. */
    private boolean maySendAgain(Attempt attempt) {
        return maySendTwice() && isBodyThere(attempt);
    }

    /** Whether another attempt would get all of the body. */
    private boolean isBodyThere(Attempt attempt) {
        ReplayBody body = replay;
        return !attempt.isBodyBegun() || body != null && body.isComplete();
    }

    /**
     * Lets another attempt follow, or does not: no other target, no budget, no time.
     *
     * @param wait nanoseconds that the target wants to be left alone, or {@link Retries#REACHED_NOBODY}
     * @param same whether it may be the same target if there is no other
     */
    private boolean again(Attempt failed, long wait, boolean same, String reason) {
        boolean reachedNobody = wait == Retries.REACHED_NOBODY;
        List<PoolTarget> all = with(failed.target());
        Session bound = session;
        boolean other = (bound == null || !bound.isStrict()) && pool.hasResort(all);
        if (!other && !same) {
            return false;
        }
        sameTarget = same;
        long delay = other && reachedNobody ? 0 : Retries.backoffNanos(policy, tries);
        if (!other && wait > 0) {
            if (wait > policy.maxRetryAfter().toNanos()) {
                return false;
            }
            delay = Math.max(delay, wait);
        }
        if (delay > 0 && !hasTimeFor(delay)) {
            return false;
        }
        // Last, because it counts.
        if (!reachedNobody && !pool.retries(loop).tryRetry(loop.now())) {
            LOG.debug("no retry after {}: the budget of pool {} is used up", reason, poolName());
            return false;
        }
        LOG.debug("another attempt after {}", reason);
        tried = all;
        detach();
        Pause waiting = new Pause();
        pause = waiting;
        if (delay > 0) {
            loop.schedule(waiting, loop.now() + delay);
        } else {
            // Not in this call: the failed connection is in the middle of its end.
            loop.later(this::attemptUnlessOver);
        }
        return true;
    }

    private boolean hasTimeFor(long delay) {
        return request.exchange()
                .remaining()
                .map(left -> left.toNanos() > delay)
                .orElse(true);
    }

    private void detach() {
        ReplayBody body = replay;
        if (body != null) {
            body.detach();
        }
    }

    private void attemptUnlessOver() {
        pause = null;
        if (over) {
            return;
        }
        try {
            attempt();
        } catch (RuntimeException | Error e) {
            FAILED.error(e);
            fail(FailureCode.INTERNAL_ERROR, e.toString(), false);
        }
    }

    /** Until another target is asked as well. */
    private final class Hedge extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            try {
                hedge();
            } catch (RuntimeException | Error e) {
                // The first attempt may answer yet.
                FAILED.error(e);
            }
        }
    }

    /** Between two attempts. */
    private final class Pause extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            attemptUnlessOver();
        }
    }
}
