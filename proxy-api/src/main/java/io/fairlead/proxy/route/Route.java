package io.fairlead.proxy.route;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Which requests go where. Immutable; data in it compares by value, code by identity.
 *
 * <p>Of the routes that match, the one with the lowest {@link #order()} wins; among equals the more specific one: exact
 * host before wildcard (longer first) before none, then exact path before template before prefix (longer first) before regular
 * expression before none, then more conditions before fewer, then the one that was added first.
 */
public final class Route {

    private final String id;
    private final Match match;
    private final int order;
    private final List<Middleware> middleware;
    private final List<Transform> transforms;
    private final @Nullable RouteAction action;
    private final @Nullable Timeouts timeouts;
    private final long maxBodyBytes;
    private final @Nullable RetryPolicy retry;
    private final List<Fallback> fallbacks;
    private final List<ErrorPage> errorPages;

    private Route(Builder builder) {
        this.id = builder.id;
        this.match = builder.match;
        this.order = builder.order;
        this.middleware = List.copyOf(builder.middleware);
        this.transforms = List.copyOf(builder.transforms);
        this.action = builder.action;
        this.timeouts = builder.timeouts;
        this.maxBodyBytes = builder.maxBodyBytes;
        this.retry = builder.retry;
        this.fallbacks = List.copyOf(builder.fallbacks);
        this.errorPages = List.copyOf(builder.errorPages);
    }

    /** Begins a route with this id, which must be unique in the proxy. */
    public static Builder builder(String id) {
        return new Builder(requireNonNull(id, "id"));
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder(id);
        builder.match = match;
        builder.order = order;
        builder.middleware.addAll(middleware);
        builder.transforms.addAll(transforms);
        builder.action = action;
        builder.timeouts = timeouts;
        builder.maxBodyBytes = maxBodyBytes;
        builder.retry = retry;
        builder.fallbacks.addAll(fallbacks);
        builder.errorPages.addAll(errorPages);
        return builder;
    }

    /** The unique id, which records and messages show. */
    public String id() {
        return id;
    }

    /** Which requests it takes. */
    public Match match() {
        return match;
    }

    /** Lower comes first, whatever the specificity. */
    public int order() {
        return order;
    }

    /** Code around its exchanges, outermost first; runs inside the proxy's own middleware. */
    public List<Middleware> middleware() {
        return middleware;
    }

    /** Edits of what is forwarded and returned, in order. */
    public List<Transform> transforms() {
        return transforms;
    }

    /** What it does; empty if nothing was set, which the proxy's {@code build()} reports. */
    public Optional<RouteAction> action() {
        return Optional.ofNullable(action);
    }

    /** Its own deadlines in place of the proxy's; {@code requestHead} and {@code keepAlive} have no effect here. */
    public Optional<Timeouts> timeouts() {
        return Optional.ofNullable(timeouts);
    }

    /** Its own limit on request bodies in place of the listener's; zero means no limit. */
    public OptionalLong maxBodyBytes() {
        return maxBodyBytes == Builder.UNSET ? OptionalLong.empty() : OptionalLong.of(maxBodyBytes);
    }

    /** Its own retries in place of the pool's; the budget stays the pool's. */
    public Optional<RetryPolicy> retry() {
        return Optional.ofNullable(retry);
    }

    /** What answers when its upstream fails, asked in order. */
    public List<Fallback> fallbacks() {
        return fallbacks;
    }

    /** The bodies of its error answers, which come before the proxy's. */
    public List<ErrorPage> errorPages() {
        return errorPages;
    }

    private List<Object> state() {
        return List.of(
                id,
                match,
                order,
                middleware,
                transforms,
                Optional.ofNullable(action),
                timeouts(),
                maxBodyBytes,
                retry(),
                fallbacks,
                errorPages);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Route route && state().equals(route.state());
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return "Route[" + id + " " + match + "]";
    }

    /** Collects the settings of a route. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private static final long UNSET = Long.MIN_VALUE;

        private final String id;
        private Match match = Match.any();
        private int order;
        private final List<Middleware> middleware = new ArrayList<>();
        private final List<Transform> transforms = new ArrayList<>();
        private @Nullable RouteAction action;
        private @Nullable Timeouts timeouts;
        private long maxBodyBytes = UNSET;
        private @Nullable RetryPolicy retry;
        private final List<Fallback> fallbacks = new ArrayList<>();
        private final List<ErrorPage> errorPages = new ArrayList<>();

        private Builder(String id) {
            this.id = id;
        }

        /** Which requests it takes. Default: every request. */
        public Builder match(Match match) {
            this.match = requireNonNull(match, "match");
            return this;
        }

        /** Lower comes first, whatever the specificity; may be negative. Default: 0. */
        public Builder order(int order) {
            this.order = order;
            return this;
        }

        /** Adds code around its exchanges, inside what was added before. */
        public Builder middleware(Middleware middleware) {
            this.middleware.add(requireNonNull(middleware, "middleware"));
            return this;
        }

        /** Adds an edit, applied after those added before. */
        public Builder transform(Transform transform) {
            this.transforms.add(requireNonNull(transform, "transform"));
            return this;
        }

        /** Forwards to this pool, or calls this functional upstream. */
        public Builder to(Upstream upstream) {
            return action(new RouteAction.To(requireNonNull(upstream, "upstream")));
        }

        /** Divides its requests between pools or functional upstreams. */
        public Builder split(Split split) {
            return action(new RouteAction.Split(requireNonNull(split, "split")));
        }

        /** Answers with a redirect, see {@link RouteAction.Redirect}. */
        public Builder redirect(int status, String location) {
            return action(new RouteAction.Redirect(status, requireNonNull(location, "location")));
        }

        /** Answers with this text. */
        public Builder respond(int status, String body) {
            return action(new RouteAction.Respond(
                    status, Map.of("Content-Type", "text/plain; charset=utf-8"), requireNonNull(body, "body")));
        }

        /** What it does. The last call counts. */
        public Builder action(RouteAction action) {
            this.action = requireNonNull(action, "action");
            return this;
        }

        /** Its own deadlines. Default: the proxy's. */
        public Builder timeouts(Timeouts timeouts) {
            this.timeouts = requireNonNull(timeouts, "timeouts");
            return this;
        }

        /** Its own limit on request bodies, in bytes; zero means no limit. Default: the listener's. */
        public Builder maxBodyBytes(long maxBodyBytes) {
            this.maxBodyBytes = maxBodyBytes;
            return this;
        }

        /** Its own retries; the budget stays the pool's. Default: the pool's. */
        public Builder retry(RetryPolicy retry) {
            this.retry = requireNonNull(retry, "retry");
            return this;
        }

        /** Adds what answers when its upstream fails and those added before do not. Default: none, the failure answers. */
        public Builder fallback(Fallback fallback) {
            fallbacks.add(requireNonNull(fallback, "fallback"));
            return this;
        }

        /** Adds the body of some of its error answers, see {@link ErrorPage}. Default: those of the proxy. */
        public Builder errorPage(ErrorPage errorPage) {
            errorPages.add(requireNonNull(errorPage, "errorPage"));
            return this;
        }

        /** The route. */
        public Route build() {
            return new Route(this);
        }
    }
}
