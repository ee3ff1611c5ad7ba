package io.fairlead.proxy.route;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.exchange.FallbackCause;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Upstream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;

/**
 * What answers when the upstream of a route fails a request: another pool, a function, a redirect or fixed content. Never once
 * the client has a byte of an answer, and never for what the client or the proxy itself is to blame for: rate limits, drains,
 * a client that went away, the total deadline. Immutable; compares by value, functions by identity.
 *
 * <p>The fallbacks of a route are asked in order; the first whose condition fits answers, and if that one fails too, those
 * behind it are asked with the new failure. Each is used once at most for a request.
 *
 * <p>Another pool gets the request under the rules of a retry: nothing of it reached the first one, or it is idempotent
 * (RFC 9110 §9.2.2) and its body was not begun or is kept in full, see {@code RetryPolicy.maxReplayBytes}. It has its own retries,
 * limits, health and breakers; the total deadline goes on.
 */
public final class Fallback {

    /** What a fallback answers with nothing set: every failure of the upstream or of a handler before an answer began. */
    public static final Set<FailureCode> FAILURES = failuresOfUpstreams();

    private final RouteAction action;
    private final List<StatusRange> statuses;
    private final Set<FailureCode> failures;

    private Fallback(RouteAction action, List<StatusRange> statuses, Set<FailureCode> failures) {
        this.action = action;
        this.statuses = List.copyOf(statuses);
        this.failures = failures;
    }

    private static Set<FailureCode> failuresOfUpstreams() {
        EnumSet<FailureCode> codes = EnumSet.of(FailureCode.HANDLER_FAILED);
        for (FailureCode code : FailureCode.values()) {
            if (code.side() == FailureCode.Side.UPSTREAM && code.phase() != FailureCode.Phase.RESPONSE_BODY) {
                codes.add(code);
            }
        }
        return Collections.unmodifiableSet(codes);
    }

    /** Forwards to another pool, or calls a functional upstream. */
    public static Fallback to(Upstream upstream) {
        return of(new RouteAction.To(requireNonNull(upstream, "upstream")));
    }

    /** Answers with this text. */
    public static Fallback respond(int status, String body) {
        return of(new RouteAction.Respond(
                status, Map.of("Content-Type", "text/plain; charset=utf-8"), requireNonNull(body, "body")));
    }

    /** Answers with a redirect, see {@link RouteAction.Redirect}; passed over for a request without the host that it needs. */
    public static Fallback redirect(int status, String location) {
        return of(new RouteAction.Redirect(status, requireNonNull(location, "location")));
    }

    /**
     * Answers with a function, which learns what failed. It runs on an I/O thread and must not block. A request body that was
     * begun to be sent is used up.
     */
    public static Fallback handler(BiFunction<Request, FallbackCause, Response> handler) {
        requireNonNull(handler, "handler");
        return asyncHandler((request, cause) -> CompletableFuture.completedFuture(handler.apply(request, cause)));
    }

    /** Answers with a function whose result comes later, from any thread. */
    public static Fallback asyncHandler(BiFunction<Request, FallbackCause, CompletionStage<Response>> handler) {
        requireNonNull(handler, "handler");
        return to(new HandlerUpstream(
                request -> handler.apply(request, FallbackCause.of(request).orElseThrow())));
    }

    /** Does what a route may do. */
    public static Fallback of(RouteAction action) {
        return new Fallback(requireNonNull(action, "action"), List.of(), FAILURES);
    }

    /** The same on answers with one of these statuses too, 400 to 599. Default: none, whatever an upstream answers stands. */
    public Fallback onStatus(int... more) {
        return onStatus(Arrays.stream(more)
                .mapToObj(status -> new StatusRange(status, status))
                .toArray(StatusRange[]::new));
    }

    /** The same on answers with a status in one of these ranges too, within 400 to 599. */
    public Fallback onStatus(StatusRange... more) {
        List<StatusRange> all = new ArrayList<>(statuses);
        all.addAll(Arrays.asList(more));
        return new Fallback(action, all, failures);
    }

    /**
     * The same on these failures only; on none if there are none given, which leaves the statuses.
     *
     * @param only some of {@link #FAILURES}
     */
    public Fallback onFailure(FailureCode... only) {
        EnumSet<FailureCode> codes = EnumSet.noneOf(FailureCode.class);
        codes.addAll(Arrays.asList(only));
        return new Fallback(action, statuses, Collections.unmodifiableSet(codes));
    }

    /** What it does. */
    public RouteAction action() {
        return action;
    }

    /** The same conditions with something else to do. */
    public Fallback withAction(RouteAction newAction) {
        return new Fallback(requireNonNull(newAction, "action"), statuses, failures);
    }

    /** The statuses of answers that it replaces. */
    public List<StatusRange> statuses() {
        return statuses;
    }

    /** The failures that it replaces. */
    public Set<FailureCode> failures() {
        return failures;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Fallback fallback
                && action.equals(fallback.action)
                && statuses.equals(fallback.statuses)
                && failures.equals(fallback.failures);
    }

    @Override
    public int hashCode() {
        return action.hashCode();
    }

    @Override
    public String toString() {
        return "Fallback[" + action + "]";
    }
}
