package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.engine.loop.RareLog;
import io.fairlead.proxy.internal.forward.Forward;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.forwarded.ResolvedClient;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.middleware.Verdict;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.route.RouteMatch;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.upstream.Target;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request with its response, on its way through the rooms. Made for one request and never used again, so that user
 * code that keeps it can never see another one's. On one I/O thread, but for the accessors, which user code may call
 * from another thread while its stage is not complete.
 *
 * <ol>
 *   <li>{@link #start}: find the route, check what the route limits;
 *   <li>run the middleware, if there is any: the built-ins that it begins with, then the rest ({@link ChainRun}); without
 *       middleware of users no future is made;
 *   <li>{@link #terminal}: edit the request, then forward it, call the functional upstream, or answer
 *       ({@link RoutedExchange});
 *   <li>{@link #send}: hand the response's head and body to the client's stream ({@link ClientResponse});
 *   <li>{@link #responseSent}, {@link #clientGone} or {@link #clientFailed}: the end, told once.
 * </ol>
 *
 * <p>A failure before the response has begun becomes an answer ({@link #fail}); after that the response is cut.
 *
 * <p>It is one object in several roles, for the sake of the requests that need nothing but to be forwarded. Each role is
 * a layer, which knows only the one below: {@link ClientRequest}, what the client asks; {@link UpstreamRequest}, what is
 * forwarded of it; {@link RoutedExchange}, the end of the chain. This class adds the way there and the end.
 */
public final class ProxyExchange extends RoutedExchange {

    private static final Logger LOG = LoggerFactory.getLogger(ProxyExchange.class);
    private static final RareLog FAILED = new RareLog(LOG, "an exchange failed");

    /** When a client may ask a drained route again: nobody knows when it is back, and asking costs little. */
    private static final String RETRY_SECONDS = "5";

    /** When it may ask an overloaded proxy again. */
    private static final String OVERLOAD_RETRY_SECONDS = "1";

    private final EngineServices services;
    private final long startNanos;

    private long id;
    private @Nullable Map<String, Object> attributes;
    private @Nullable CancelActions cancelActions;
    private @Nullable TotalTimer totalTimer;
    private @Nullable ChainRun chain;

    /** Whether it has a place among the requests under way. */
    private boolean counted;

    private boolean failed;
    private boolean over;
    private boolean cancelled;
    private @Nullable FailureCode failure;
    private @Nullable String failureDetail;

    /** Who waits for its end, if anybody does. */
    private @Nullable List<DrainWatch> watches;

    /** @param trust reads what a trusted peer says of the client; null if the peer is not trusted */
    public ProxyExchange(
            ClientStream stream,
            RequestHead head,
            Snapshot snapshot,
            EngineServices services,
            @Nullable ClientResolver trust) {
        super(stream, head, snapshot, trust);
        this.services = services;
        this.startNanos = loop.now();
    }

    // ---- 1. the route

    /** Begins; may be over when it returns. */
    public void start() {
        try {
            findRoute();
        } catch (RuntimeException | Error e) {
            FAILED.error(e);
            fail(FailureCode.INTERNAL_ERROR, e.toString());
        }
    }

    private void findRoute() {
        int most = snapshot.config().maxConcurrentRequests();
        if (most > 0 && !enter(most)) {
            HeaderBlock fields = new HeaderBlock();
            fields.add("Retry-After", OVERLOAD_RETRY_SECONDS);
            fail(FailureCode.PROXY_OVERLOADED, most + " requests are under way", fields);
            return;
        }
        RouteMatch match = snapshot.routes().find(this, client().getAddress());
        if (!match.found()) {
            if (refusedWithoutRoute()) {
                return;
            }
            if (match.allowedMethods().isEmpty()) {
                fail(FailureCode.ROUTE_NOT_FOUND, "no route");
            } else {
                methodNotAllowed(String.join(", ", match.allowedMethods()));
            }
            return;
        }
        variables = match.variables();
        RoutePlan chosen = snapshot.plans().get(match.index());
        plan = chosen;
        if (chosen.draining()) {
            HeaderBlock fields = new HeaderBlock();
            fields.add("Retry-After", RETRY_SECONDS);
            fail(FailureCode.ROUTE_DRAINING, "the route is being drained", fields);
            return;
        }
        if (chosen.maxBodyBytes() >= 0) {
            stream.maxBodyBytes(chosen.maxBodyBytes());
        }
        if (!stream.acceptsLength(head.contentLength())) {
            fail(FailureCode.CLIENT_BODY_TOO_LARGE, "Content-Length: " + head.contentLength());
            return;
        }
        Duration total = chosen.timeouts().total();
        if (!total.isZero()) {
            TotalTimer timer = new TotalTimer(startNanos + total.toNanos());
            totalTimer = timer;
            loop.schedule(timer, timer.deadline);
        }
        if (chosen.middleware().isEmpty()) {
            terminal(null);
        } else {
            runMiddleware(chosen.middleware());
        }
    }

    // ---- 2. the middleware

    private void runMiddleware(MiddlewarePlan middleware) {
        for (int place = 0; place < middleware.leading(); place++) {
            Verdict verdict = middleware.leading(place).onRequest(this);
            if (verdict instanceof Verdict.Refusal refusal) {
                refuse(refusal);
                return;
            }
            if (verdict instanceof Verdict.Answer answer) {
                send(answer.response());
                return;
            }
            if (verdict != null) {
                runChain(middleware, place, verdict);
                return;
            }
            builtInsPassed = place + 1;
        }
        if (builtInsPassed == middleware.all().size()) {
            terminal(null);
        } else {
            runChain(middleware, builtInsPassed, null);
        }
    }

    private void refuse(Verdict.Refusal refusal) {
        HeaderBlock fields = new HeaderBlock();
        refusal.fields().forEach(fields::add);
        fail(refusal.code(), refusal.detail(), fields);
    }

    /**
     * Asks the built-ins that the middleware of the whole proxy begins with about a request without route: who tries paths at
     * random is limited as well. For one that decides later nobody waits, because 404 costs no more than 429; it has counted.
     */
    private boolean refusedWithoutRoute() {
        MiddlewarePlan ofProxy = snapshot.middleware();
        for (int place = 0; place < ofProxy.leading(); place++) {
            if (ofProxy.leading(place).onRequest(this) instanceof Verdict.Refusal refusal) {
                refuse(refusal);
                return true;
            }
        }
        return false;
    }

    private void runChain(MiddlewarePlan middleware, int first, @Nullable Verdict begun) {
        ChainRun run = new ChainRun(this, middleware.all(), first, services.blocking());
        chain = run;
        run.start(begun);
    }

    /** Takes a place among the requests under way, which the end gives back. */
    private boolean enter(int most) {
        if (services.requests().incrementAndGet() > most) {
            services.requests().decrementAndGet();
            return false;
        }
        counted = true;
        return true;
    }

    private void methodNotAllowed(String allowed) {
        HeaderBlock fields = new HeaderBlock();
        fields.add("Allow", allowed);
        fail(FailureCode.ROUTE_METHOD_NOT_ALLOWED, "the route allows " + allowed, fields);
    }

    @Override
    boolean isOver() {
        return over;
    }

    // ---- failures

    /** Fails the exchange for good: with an answer if the response has not begun, else by cutting it. */
    @Override
    public void fail(FailureCode code, String detail) {
        HeaderBlock fields = new HeaderBlock();
        int retryAfter = retryAfterSeconds(code);
        if (retryAfter > 0) {
            fields.add("Retry-After", Integer.toString(retryAfter));
        }
        fail(code, detail, fields);
    }

    @Override
    void fail(FailureCode code, String detail, HeaderBlock fields) {
        // What fails because of an earlier failure tells nothing new, and must not cut that one's answer.
        if (over || failed) {
            return;
        }
        failed = true;
        failure = code;
        failureDetail = detail;
        cancelForward(code);
        if (response.isBegun()) {
            end(0);
            stopBodies();
            stream.cut();
        } else {
            stopHeldTimer();
            RoutePlan chosen = plan;
            ErrorPages pages = chosen == null ? snapshot.errorPages() : chosen.errorPages();
            response.sendError(
                    code,
                    pages.of(code, accept(), this::details),
                    fields,
                    snapshot.config().failureHeader());
        }
        releaseWaiting(code, detail);
    }

    private void releaseWaiting(FailureCode code, String detail) {
        failWaiting(code, detail);
        cancelled = true;
        CancelActions actions = cancelActions;
        cancelActions = null;
        if (actions != null) {
            actions.run();
        }
    }

    @Override
    ExchangeFailedException ended() {
        FailureCode code = failure;
        String detail = failureDetail;
        return new ExchangeFailedException(
                code == null ? FailureCode.MIDDLEWARE_FAILED : code, detail == null ? "the exchange is over" : detail);
    }

    // ---- 5. the end

    /** The last byte of the response is out. */
    public void responseSent(int status) {
        // Only what is left: a request that middleware did not wait for, an answer that it threw away.
        cancelForward(null);
        response.sent();
        stopRequest();
        end(status);
        FailureCode reason = failure == null ? FailureCode.MIDDLEWARE_FAILED : failure;
        failWaiting(reason, "the exchange is over");
    }

    /** The client went away. */
    public void clientGone(String detail) {
        clientFailed(FailureCode.CLIENT_GONE, detail);
    }

    /** The client's stream failed and nobody can be answered. */
    public void clientFailed(FailureCode code, String detail) {
        if (over) {
            return;
        }
        failure = code;
        failureDetail = detail;
        cancelForward(code);
        end(code.status());
        stopBodies();
        releaseWaiting(code, detail);
    }

    private void end(int status) {
        if (over) {
            return;
        }
        over = true;
        if (counted) {
            services.requests().decrementAndGet();
        }
        TotalTimer timer = totalTimer;
        if (timer != null) {
            loop.remove(timer);
        }
        ChainRun run = chain;
        if (run != null) {
            run.stop();
        }
        closeViews(failure == null ? FailureCode.MIDDLEWARE_FAILED : failure);
        if (!services.listeners().isEmpty()) {
            services.tell(toRecord(status));
        }
        List<DrainWatch> waiting = watches;
        if (waiting != null) {
            watches = null;
            waiting.forEach(DrainWatch::ended);
        }
    }

    // ---- drains

    /** Whether the watch is told of its end from now on; not if it is already, or if it is over. On its loop. */
    boolean watch(DrainWatch watch) {
        List<DrainWatch> waiting = watches;
        if (over || waiting != null && waiting.contains(watch)) {
            return false;
        }
        if (waiting == null) {
            waiting = new ArrayList<>();
            watches = waiting;
        }
        return waiting.add(watch);
    }

    boolean isWatched(DrainWatch watch) {
        List<DrainWatch> waiting = watches;
        return waiting != null && waiting.contains(watch);
    }

    boolean unwatch(DrainWatch watch) {
        List<DrainWatch> waiting = watches;
        return waiting != null && waiting.remove(watch);
    }

    /** The route that it takes; null if none was found. */
    public @Nullable String route() {
        RoutePlan chosen = plan;
        return chosen == null ? null : chosen.routeId();
    }

    /** The pool of its route, as it was when the exchange began; null if that has none. */
    public @Nullable RunningPool pool() {
        RoutePlan chosen = plan;
        return chosen == null ? null : chosen.pool();
    }

    /** The target that is at work for it; null if none is. */
    public @Nullable PoolTarget busyTarget() {
        Forward begun = forward;
        return begun == null || !begun.isOpen() ? null : begun.poolTarget();
    }

    DrainReport.Cut toCut() {
        Forward begun = forward;
        Target target = begun == null ? null : begun.target();
        return new DrainReport.Cut(
                head.method(),
                rawPath(),
                Optional.ofNullable(route()),
                Optional.ofNullable(target).map(Target::url),
                Duration.ofNanos(loop.now() - startNanos));
    }

    private String rawPath() {
        String target = head.target();
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    private ExchangeRecord toRecord(int status) {
        Forward begun = forward;
        Target target = begun == null ? null : begun.target();
        return new ExchangeRecord(
                id(),
                client(),
                head.method(),
                head.target(),
                host(),
                routeId(),
                Optional.ofNullable(begun).map(Forward::poolName),
                Optional.ofNullable(target).map(Target::url),
                attempts(),
                status,
                Optional.ofNullable(failure),
                Optional.ofNullable(failureDetail),
                fallbackCause(),
                stream.requestBytes(),
                stream.responseBytes(),
                startedAt(),
                new ExchangeRecord.Timings(
                        since(connectedNanos()),
                        since(response.headNanos()),
                        Duration.ofNanos(loop.now() - startNanos)));
    }

    private Optional<Duration> since(long nanos) {
        return nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos - startNanos));
    }

    private final class TotalTimer extends TimerWheel.Timer {
        private final long deadline;

        TotalTimer(long deadline) {
            this.deadline = deadline;
        }

        @Override
        protected void fire(long now) {
            ChainRun run = chain;
            String where = run == null || response.isBegun() ? "" : run.where();
            fail(FailureCode.TOTAL_TIMEOUT, "not over within " + timeouts().total() + where);
        }
    }

    // ---- what user code sees of it

    @Override
    public long id() {
        if (id == 0) {
            id = services.exchangeIds().incrementAndGet();
        }
        return id;
    }

    @Override
    public Request request() {
        return this;
    }

    @Override
    public InetSocketAddress client() {
        ResolvedClient known = resolved();
        return known == null ? stream.peer() : known.client();
    }

    @Override
    public InetSocketAddress peer() {
        return stream.peer();
    }

    @Override
    public InetSocketAddress local() {
        return stream.local();
    }

    @Override
    public Instant startedAt() {
        return loop.wallTime(startNanos);
    }

    @Override
    public Optional<Duration> remaining() {
        TotalTimer timer = totalTimer;
        if (timer == null) {
            return Optional.empty();
        }
        return over
                ? Optional.of(Duration.ZERO)
                : Optional.of(Duration.ofNanos(Math.max(0, timer.deadline - System.nanoTime())));
    }

    @Override
    public Optional<Object> attribute(String key) {
        Map<String, Object> known = attributes;
        return known == null ? Optional.empty() : Optional.ofNullable(known.get(key));
    }

    @Override
    public void attribute(String key, Object value) {
        Map<String, Object> known = attributes;
        if (known == null) {
            known = new HashMap<>();
            attributes = known;
        }
        known.put(key, value);
    }

    @Override
    public void onCancel(Runnable action) {
        loop.execute(() -> {
            if (cancelled) {
                CancelActions.run(action);
            } else if (!over) {
                CancelActions actions = cancelActions;
                if (actions == null) {
                    actions = new CancelActions();
                    cancelActions = actions;
                }
                actions.add(action);
            }
        });
    }
}
