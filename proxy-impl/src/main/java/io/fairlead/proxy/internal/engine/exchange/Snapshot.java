package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.internal.forward.ReplayMemory;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.ratelimit.RateLimiter;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.resilience.Timeouts;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A configuration ready to run: immutable, swapped as a whole. An exchange keeps the one that it began with.
 *
 * @param config what it was made of
 * @param routes finds the place of a request's route
 * @param plans what to do, by that place
 * @param middleware of the whole proxy; what it begins with sees requests that have no route, too
 * @param composer of the heads that go upstream
 * @param replayMemory for request bodies that may be sent again
 * @param errorPages the bodies of error answers to requests that have no route
 */
public record Snapshot(
        ProxyConfig config,
        RouteTable routes,
        List<RoutePlan> plans,
        MiddlewarePlan middleware,
        RequestComposer composer,
        ReplayMemory replayMemory,
        ErrorPages errorPages) {

    private static final byte[] VIA_11 = Ascii.bytes("Via: 1.1 fairlead\r\n");
    private static final byte[] VIA_10 = Ascii.bytes("Via: 1.0 fairlead\r\n");
    private static final byte[] NONE = new byte[0];

    public Timeouts timeouts() {
        return config.timeouts();
    }

    /** The line that a response gets that was received in this version; empty if Via is off. */
    public byte[] viaLine(HttpVersion received) {
        return !config.via() ? NONE : received == HttpVersion.HTTP_1_0 ? VIA_10 : VIA_11;
    }

    /** What the rate limits have decided, each once. */
    public List<RateLimitCounts> rateLimits() {
        Set<RateLimiter> all = new LinkedHashSet<>();
        addRateLimits(middleware, all);
        plans.forEach(plan -> addRateLimits(plan.middleware(), all));
        return all.stream().map(RateLimiter::counts).toList();
    }

    private static void addRateLimits(MiddlewarePlan plan, Set<RateLimiter> all) {
        for (NamedMiddleware one : plan.all()) {
            if (one.middleware() instanceof RateLimiter limiter) {
                all.add(limiter);
            }
        }
    }
}
