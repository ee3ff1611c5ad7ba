package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.RouteAction;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The fallbacks of a route, in order. */
public final class FallbackPlan {

    /** Of a route that has none. */
    public static final FallbackPlan NONE = new FallbackPlan(List.of());

    /**
     * One of them.
     *
     * @param pool where it forwards to; null if it answers by itself
     * @param handler the function that answers; null if there is none
     * @param action what it is else: a redirect or fixed content
     */
    record Step(
            List<StatusRange> statuses,
            Set<FailureCode> failures,
            @Nullable RunningPool pool,
            @Nullable Function<Request, CompletionStage<Response>> handler,
            RouteAction action) {

        static Step of(
                Fallback fallback,
                @Nullable RunningPool pool,
                @Nullable Function<Request, CompletionStage<Response>> handler) {
            return new Step(fallback.statuses(), fallback.failures(), pool, handler, fallback.action());
        }

        /** Whether its condition holds. */
        private boolean isFor(@Nullable FailureCode code, int status) {
            return code == null ? statuses.stream().anyMatch(range -> range.contains(status)) : failures.contains(code);
        }
    }

    /**
     * What has failed.
     *
     * @param code the failure; null if the upstream answered
     * @param status of the upstream's answer; not looked at with a code
     * @param again whether another pool may get the request
     * @param by the pool that failed; null if it was none
     */
    record Failed(
            @Nullable FailureCode code,
            int status,
            boolean again,
            @Nullable RunningPool by) {}

    private final Step[] steps;
    private final boolean hasPool;

    FallbackPlan(List<Step> steps) {
        this.steps = steps.toArray(Step[]::new);
        this.hasPool = steps.stream().anyMatch(step -> step.pool() != null);
    }

    boolean isEmpty() {
        return steps.length == 0;
    }

    /** Whether one of them is a pool, which may need the request's body a second time. */
    boolean hasPool() {
        return hasPool;
    }

    Step step(int place) {
        return steps[place];
    }

    /**
     * The place of the first that answers.
     *
     * @param from the place to look from
     * @param hasHost whether the request has a host, which some redirects need
     * @return -1 if none does
     */
    int next(int from, Failed failed, boolean hasHost) {
        for (int place = from; place < steps.length; place++) {
            Step step = steps[place];
            boolean possible = step.pool() != null
                    // The pool that has just failed would fail again.
                    ? failed.again() && step.pool() != failed.by()
                    : hasHost || !LocalAnswers.needsHost(step.action());
            if (possible && step.isFor(failed.code(), failed.status())) {
                return place;
            }
        }
        return -1;
    }
}
