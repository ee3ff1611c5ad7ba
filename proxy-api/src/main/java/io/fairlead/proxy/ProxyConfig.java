package io.fairlead.proxy;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.spi.ProxyProvider;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything a proxy does, as data: listeners, pools, routes and settings. Code is referred to by name, see
 * {@link Middleware#ref} and {@link io.fairlead.proxy.upstream.Upstream#ref}. Immutable; compares by value.
 */
public final class ProxyConfig {

    private final List<Listener> listeners;
    private final List<UpstreamPool> pools;
    private final List<Route> routes;
    private final List<Middleware> middleware;
    private final Timeouts timeouts;
    private final ForwardedHeaders forwardedHeaders;
    private final boolean via;
    private final boolean failureHeader;
    private final Duration stopTimeout;
    private final Duration stopDelay;
    private final long maxReplayMemoryBytes;
    private final int maxConcurrentRequests;
    private final @Nullable String zone;
    private final List<ErrorPage> errorPages;

    private ProxyConfig(Builder builder) {
        this.listeners = List.copyOf(builder.listeners);
        this.pools = List.copyOf(builder.pools);
        this.routes = List.copyOf(builder.routes);
        this.middleware = List.copyOf(builder.middleware);
        this.timeouts = builder.timeouts;
        this.forwardedHeaders = builder.forwardedHeaders;
        this.via = builder.via;
        this.failureHeader = builder.failureHeader;
        this.stopTimeout = builder.stopTimeout;
        this.stopDelay = builder.stopDelay;
        this.maxReplayMemoryBytes = builder.maxReplayMemoryBytes;
        this.maxConcurrentRequests = builder.maxConcurrentRequests;
        this.zone = builder.zone;
        this.errorPages = List.copyOf(builder.errorPages);
    }

    /** Begins an empty configuration. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads a configuration from JSON.
     *
     * @throws ConfigurationException with all problems if the text is no JSON, or does not fit the schema
     */
    public static ProxyConfig fromJson(String json) {
        return ProxyProvider.load().fromJson(requireNonNull(json, "json"));
    }

    /** The configuration as JSON, which {@link #fromJson} reads back to an equal one. */
    public String toJson() {
        return ProxyProvider.load().toJson(this);
    }

    /** Everything that is wrong with this configuration, with its place; empty when it may run. */
    public List<Problem> validate() {
        return ProxyProvider.load().validate(this);
    }

    /** What {@code update(other)} would change: one line for each listener, pool, route or setting that differs. */
    public List<String> diff(ProxyConfig other) {
        return ProxyProvider.load().diff(this, requireNonNull(other, "other"));
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.listeners.addAll(listeners);
        builder.pools.addAll(pools);
        builder.routes.addAll(routes);
        builder.middleware.addAll(middleware);
        builder.timeouts = timeouts;
        builder.forwardedHeaders = forwardedHeaders;
        builder.via = via;
        builder.failureHeader = failureHeader;
        builder.stopTimeout = stopTimeout;
        builder.stopDelay = stopDelay;
        builder.maxReplayMemoryBytes = maxReplayMemoryBytes;
        builder.maxConcurrentRequests = maxConcurrentRequests;
        builder.zone = zone;
        builder.errorPages.addAll(errorPages);
        return builder;
    }

    /** Where clients connect. */
    public List<Listener> listeners() {
        return listeners;
    }

    /** The pools that routes refer to by name. */
    public List<UpstreamPool> pools() {
        return pools;
    }

    /** The routes, in the order in which they were added. */
    public List<Route> routes() {
        return routes;
    }

    /**
     * Middleware around every exchange that found a route, outermost first. Rate limits at its beginning see the others too.
     */
    public List<Middleware> middleware() {
        return middleware;
    }

    /** The deadlines, unless a route has its own. */
    public Timeouts timeouts() {
        return timeouts;
    }

    /** Which fields tell the upstream of the client. */
    public ForwardedHeaders forwardedHeaders() {
        return forwardedHeaders;
    }

    /** Whether {@code Via} is added to requests and responses (RFC 9110 §7.6.3). */
    public boolean via() {
        return via;
    }

    /** Whether an error answer carries its code in a {@code Fairlead-Failure} field. */
    public boolean failureHeader() {
        return failureHeader;
    }

    /** How long {@code close()} lets exchanges finish. */
    public Duration stopTimeout() {
        return stopTimeout;
    }

    /**
     * How long a stop leaves the listeners open after the proxy has become not ready, so that load balancers in front see it
     * first and send nothing more. Counts as part of the time that the stop has.
     */
    public Duration stopDelay() {
        return stopDelay;
    }

    /** The most memory that request bodies kept for another attempt take in all. */
    public long maxReplayMemoryBytes() {
        return maxReplayMemoryBytes;
    }

    /** The most requests under way in all; 0 means no limit. */
    public int maxConcurrentRequests() {
        return maxConcurrentRequests;
    }

    /** The zone that the proxy itself runs in; empty if none is told. Pools may prefer targets of this zone. */
    public Optional<String> zone() {
        return Optional.ofNullable(zone);
    }

    /** The bodies of error answers, for those to which a route has none of its own. */
    public List<ErrorPage> errorPages() {
        return errorPages;
    }

    private List<Object> state() {
        return List.of(
                listeners,
                pools,
                routes,
                middleware,
                timeouts,
                forwardedHeaders,
                via,
                failureHeader,
                stopTimeout,
                stopDelay,
                maxReplayMemoryBytes,
                maxConcurrentRequests,
                zone(),
                errorPages);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProxyConfig config && state().equals(config.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "ProxyConfig[listeners=" + listeners + ", pools=" + pools + ", routes=" + routes + "]";
    }

    /** Collects a configuration. Rejects only null. */
    public static final class Builder {
        private final List<Listener> listeners = new ArrayList<>();
        private final List<UpstreamPool> pools = new ArrayList<>();
        private final List<Route> routes = new ArrayList<>();
        private final List<Middleware> middleware = new ArrayList<>();
        private Timeouts timeouts = Timeouts.ofDefaults();
        private ForwardedHeaders forwardedHeaders = ForwardedHeaders.X_FORWARDED;
        private boolean via = true;
        private boolean failureHeader;
        private Duration stopTimeout = Duration.ofSeconds(30);
        private Duration stopDelay = Duration.ZERO;
        private long maxReplayMemoryBytes = 64L * 1024 * 1024;
        private int maxConcurrentRequests;
        private @Nullable String zone;
        private final List<ErrorPage> errorPages = new ArrayList<>();

        private Builder() {}

        /** Adds a listener. */
        public Builder listener(Listener listener) {
            listeners.add(requireNonNull(listener, "listener"));
            return this;
        }

        /** Adds a pool. */
        public Builder pool(UpstreamPool pool) {
            pools.add(requireNonNull(pool, "pool"));
            return this;
        }

        /** Puts a pool in the place of the one of its name; adds it if there is none. */
        public Builder replacePool(UpstreamPool pool) {
            for (int i = 0; i < pools.size(); i++) {
                if (pools.get(i).name().equals(pool.name())) {
                    pools.set(i, pool);
                    return this;
                }
            }
            return pool(pool);
        }

        /** Adds a route. */
        public Builder route(Route route) {
            routes.add(requireNonNull(route, "route"));
            return this;
        }

        /** Puts a route in the place of the one of its id; adds it if there is none. */
        public Builder replaceRoute(Route route) {
            for (int i = 0; i < routes.size(); i++) {
                if (routes.get(i).id().equals(route.id())) {
                    routes.set(i, route);
                    return this;
                }
            }
            return route(route);
        }

        /**
         * Adds middleware around every exchange that found a route, inside what was added before. Rate limits that come before
         * all else see the others too.
         */
        public Builder middleware(Middleware middleware) {
            this.middleware.add(requireNonNull(middleware, "middleware"));
            return this;
        }

        /** The deadlines. Default: {@link Timeouts#ofDefaults()}. */
        public Builder timeouts(Timeouts timeouts) {
            this.timeouts = requireNonNull(timeouts, "timeouts");
            return this;
        }

        /** Which fields tell the upstream of the client. Default: {@link ForwardedHeaders#X_FORWARDED}. */
        public Builder forwardedHeaders(ForwardedHeaders forwardedHeaders) {
            this.forwardedHeaders = requireNonNull(forwardedHeaders, "forwardedHeaders");
            return this;
        }

        /** Whether {@code Via} is added. Default: true. */
        public Builder via(boolean via) {
            this.via = via;
            return this;
        }

        /** Whether an error answer carries its code in a {@code Fairlead-Failure} field. Default: false. */
        public Builder failureHeader(boolean failureHeader) {
            this.failureHeader = failureHeader;
            return this;
        }

        /** How long {@code close()} lets exchanges finish; zero cuts them at once. Default: 30 s. */
        public Builder stopTimeout(Duration stopTimeout) {
            this.stopTimeout = requireNonNull(stopTimeout, "stopTimeout");
            return this;
        }

        /**
         * How long a stop leaves the listeners open after {@link ReverseProxy#isReady()} has become false; below
         * {@link #stopTimeout}, unless zero. Set it a little above the interval at which a load balancer in front asks for
         * readiness. Requests that still come are served, with {@code Connection: close}. Default: zero.
         */
        public Builder stopDelay(Duration stopDelay) {
            this.stopDelay = requireNonNull(stopDelay, "stopDelay");
            return this;
        }

        /**
         * The most memory that request bodies kept for another attempt take in all, in bytes; a body that finds none is sent
         * once. 0: none is kept. Default: 67,108,864.
         */
        public Builder maxReplayMemoryBytes(long maxReplayMemoryBytes) {
            this.maxReplayMemoryBytes = maxReplayMemoryBytes;
            return this;
        }

        /**
         * The most requests under way in all, over all listeners, routes and pools; one more gets 503 and Retry-After at once,
         * before a route is looked for. 0: no limit but those of connections and pools. Default: 0.
         */
        public Builder maxConcurrentRequests(int maxConcurrentRequests) {
            this.maxConcurrentRequests = maxConcurrentRequests;
            return this;
        }

        /**
         * The zone that the proxy itself runs in, 1 to 100 characters without spaces; pools prefer targets of an equal zone,
         * see {@link UpstreamPool#zonePreference()}. In JSON {@code ${env:ZONE}} takes it from the environment. Default: none.
         */
        public Builder zone(String zone) {
            this.zone = requireNonNull(zone, "zone");
            return this;
        }

        /** Adds the body of some error answers, see {@link ErrorPage}. Default: none, they have two lines of text or JSON. */
        public Builder errorPage(ErrorPage errorPage) {
            errorPages.add(requireNonNull(errorPage, "errorPage"));
            return this;
        }

        /** Replaces the routes added so far; what {@link ReverseProxy.Builder} uses. */
        Builder replaceRoutes(List<Route> newRoutes) {
            routes.clear();
            routes.addAll(newRoutes);
            return this;
        }

        /** Replaces the middleware added so far. */
        Builder replaceMiddleware(List<Middleware> newMiddleware) {
            middleware.clear();
            middleware.addAll(newMiddleware);
            return this;
        }

        /** The configuration, not yet validated. */
        public ProxyConfig build() {
            return new ProxyConfig(this);
        }
    }
}
