package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.RouteAction;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is done with the requests of one route.
 *
 * @param routeId of the route
 * @param middleware the proxy's and then the route's own, outermost first
 * @param transforms edits of what is forwarded
 * @param timeouts the route's or the proxy's
 * @param maxBodyBytes the route's limit; -1 for the listener's, 0 for none
 * @param split chooses the plan that takes the place of this one, at the end of the chain; null if there is no choice
 * @param pool where requests go; null if the route answers by itself, or before the choice
 * @param retry the route's own policy; null for the pool's
 * @param handler the functional upstream; null if there is none
 * @param answer a redirect or fixed answer; null if there is none
 * @param fallbacks what answers when the pool or the functional upstream fails
 * @param errorPages the bodies of its error answers
 * @param draining whether it takes no new requests
 */
public record RoutePlan(
        String routeId,
        MiddlewarePlan middleware,
        TransformPlan transforms,
        Timeouts timeouts,
        long maxBodyBytes,
        @Nullable SplitPlan split,
        @Nullable RunningPool pool,
        @Nullable RetryPolicy retry,
        @Nullable Function<Request, CompletionStage<Response>> handler,
        @Nullable RouteAction answer,
        FallbackPlan fallbacks,
        ErrorPages errorPages,
        boolean draining) {

    /** The same with a choice before it. */
    RoutePlan withSplit(SplitPlan chosenBy) {
        return new RoutePlan(
                routeId,
                middleware,
                transforms,
                timeouts,
                maxBodyBytes,
                chosenBy,
                pool,
                retry,
                handler,
                answer,
                fallbacks,
                errorPages,
                draining);
    }

    /** The same with somewhere to go. */
    RoutePlan withUpstream(@Nullable RunningPool to, @Nullable Function<Request, CompletionStage<Response>> calling) {
        return new RoutePlan(
                routeId,
                middleware,
                transforms,
                timeouts,
                maxBodyBytes,
                split,
                to,
                retry,
                calling,
                answer,
                fallbacks,
                errorPages,
                draining);
    }
}
