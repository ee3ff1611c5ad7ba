package io.fairlead.proxy;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.BuiltInMiddleware;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetListener;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.ProxyProvider;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A reverse proxy that runs inside this JVM. Several may run side by side.
 *
 * <pre>{@code
 * ReverseProxy proxy = ReverseProxy.to("http://localhost:9000").listen(8080).start();
 * }</pre>
 *
 * <p>All methods may be called from any thread; {@link #stop} and {@link #close} not from an I/O thread of this proxy.
 */
public interface ReverseProxy extends AutoCloseable {

    /** Begins a proxy without routes. */
    static Builder builder() {
        return new Builder();
    }

    /** Begins a proxy that forwards everything to these targets. */
    static Builder to(String... urls) {
        return to(UpstreamPool.of("default", urls));
    }

    /** Begins a proxy that forwards everything to this pool or functional upstream. */
    static Builder to(Upstream upstream) {
        return builder().route(Route.builder("default").to(upstream).build());
    }

    /**
     * Binds all listeners and takes connections. If one cannot be bound, none stays bound.
     *
     * @return this proxy
     * @throws IllegalStateException if it was started or closed before
     * @throws java.io.UncheckedIOException if an address cannot be bound
     */
    ReverseProxy start();

    /** The bound addresses, in the order of the listeners; empty before the start and after the stop. */
    List<InetSocketAddress> addresses();

    /** The port of the first listener, as bound. */
    default int port() {
        if (addresses().isEmpty()) {
            throw new IllegalStateException("the proxy is not listening");
        }
        return addresses().get(0).getPort();
    }

    /**
     * The pools of the configuration in force and the state of their targets at this moment; empty before the start and
     * once a stop is over.
     */
    List<PoolStatus> pools();

    /** The configuration in force. */
    ProxyConfig config();

    /**
     * Puts another configuration in force without dropping a request. What did not change keeps its connections; an
     * exchange finishes on the configuration it began with; what is removed drains.
     *
     * @throws ConfigurationException with all problems; the running configuration then stays as it is
     * @throws java.io.UncheckedIOException if a new listener cannot be bound; the running configuration stays
     */
    void update(ProxyConfig config);

    /** Why a GET of this target at this host would go where it goes. */
    default Explanation explain(String host, String target) {
        return explain("GET", host, target, Map.of());
    }

    /**
     * Why a request would go where it goes.
     *
     * @param headers header fields, one value a name
     */
    Explanation explain(String method, String host, String target, Map<String, String> headers);

    /** What the rate limits in force have decided, those of the whole proxy first; empty before the start. */
    List<RateLimitCounts> rateLimits();

    /**
     * Sends the requests of a route to another pool from one moment on: a request goes to the former pool or to the new one,
     * and none is lost in between. It is an {@link #update} that changes nothing else, so that {@link #config()} tells it. The
     * returned drain follows the route's requests that still are with the former one; what is not over when the time is gets
     * 503 {@code DRAIN_TIMEOUT}, or is cut. Its {@code undo()} sends the route back where it went before, unless it goes
     * elsewhere by then. A route with a {@link Split} has the one pool then, and the split again after the undo.
     *
     * @param pool the name of a pool of the configuration
     * @param timeout zero or less cuts at once
     * @throws IllegalArgumentException if there is no such route or pool, or if the route answers by itself
     * @throws ConfigurationException if the pool does not go with the rest of the route; nothing changes then
     * @throws IllegalStateException if the proxy does not run
     */
    Drain switchRoute(String routeId, String pool, Duration timeout);

    /**
     * Gives a share of a route's split another weight from one moment on, as an {@link #update} would that changed nothing
     * else. {@link #config()} tells it from now on; a later {@code update} puts its own weights in force. Requests under way
     * stay where they are, and no connection is lost.
     *
     * @param pool the name of the share's pool or registered handler
     * @param weight 0 to 1,000,000
     * @throws IllegalArgumentException if there is no such route, if it has no split, or no share of this name
     * @throws ConfigurationException if the weight is out of range, or if no share has a weight above 0 then; nothing changes
     * @throws IllegalStateException if the proxy is closed
     */
    void setShare(String routeId, String pool, int weight);

    /**
     * Adds a target to a pool of the running configuration, as an {@link #update} would that changed nothing else.
     * {@link #config()} tells it from now on; a later {@code update} puts its own targets in force.
     *
     * @throws IllegalArgumentException if there is no such pool, or if it has a target with this URL
     * @throws ConfigurationException if the target is not valid; nothing changes then
     * @throws IllegalStateException if the proxy is closed
     */
    void addTarget(String pool, Target target);

    /**
     * Takes a target out of a pool, as {@link #addTarget} adds one. It finishes the requests that it has. A target that a
     * {@link UpstreamPool#targetSource} has found is not of the configuration and cannot be removed: drain it.
     *
     * @param url the target's, as configured
     * @throws IllegalArgumentException if there is no such pool or target
     * @throws ConfigurationException if it is the last one
     * @throws IllegalStateException if the proxy is closed
     */
    void removeTarget(String pool, String url);

    /**
     * Gives a target of a pool another weight, as {@link #addTarget} adds one; its connections and its state stay.
     *
     * @param url the target's, as configured
     * @param weight 0 to 65,535; 0 drains
     * @throws IllegalArgumentException if there is no such pool or target
     * @throws ConfigurationException if the weight is out of range
     * @throws IllegalStateException if the proxy is closed
     */
    void setWeight(String pool, String url, int weight);

    /**
     * Whether it takes requests and goes on doing so: from the start until {@link #stop} or {@link #close} begins. What a
     * readiness probe asks; see {@link ProxyConfig#stopDelay()}.
     */
    boolean isReady();

    /**
     * Takes no more connections on a listener, closes its idle ones, and lets its exchanges finish; what is not over when the
     * time is gets 503 {@code DRAIN_TIMEOUT}, or is cut. New connections are refused, so that a load balancer in front goes
     * elsewhere. {@link #addresses()} does not tell the address until the drain is undone.
     *
     * @param address as {@link #addresses()} tells it
     * @param timeout zero or less cuts at once
     * @throws IllegalArgumentException if no listener is bound there
     * @throws IllegalStateException if the proxy does not run
     */
    Drain drainListener(InetSocketAddress address, Duration timeout);

    /**
     * Answers new requests of a route with 503 {@code ROUTE_DRAINING} and {@code Retry-After}, and lets those under way finish;
     * what is not over when the time is gets 503 {@code DRAIN_TIMEOUT}, or is cut. No other route takes its requests: they
     * are its own.
     *
     * @param timeout zero or less cuts at once
     * @throws IllegalArgumentException if there is no route of this id
     * @throws IllegalStateException if the proxy does not run
     */
    Drain drainRoute(String routeId, Duration timeout);

    /**
     * Gives a target no new requests, as if its weight were 0, and lets those under way finish; what is not over when the time
     * is gets 503 {@code DRAIN_TIMEOUT}, or is cut. Its connections are closed as they become idle.
     *
     * @param pool the pool's name
     * @param url the target's, as configured
     * @param timeout zero or less cuts at once
     * @throws IllegalArgumentException if there is no such pool or target
     * @throws IllegalStateException if the proxy does not run
     */
    Drain drainTarget(String pool, String url, Duration timeout);

    /**
     * Opens or switches off the circuit breaker of a pool by hand, or gives it back to itself. It holds until it is changed
     * again, across updates that leave the breaker's settings as they are.
     *
     * @param state {@code FORCED_OPEN}, {@code DISABLED}, or {@code CLOSED}, which also forgets what it has seen
     * @throws IllegalArgumentException if there is no such pool, if it has no breaker, or for another state
     * @throws IllegalStateException if the proxy does not run
     */
    void circuitBreaker(String pool, CircuitBreaker.State state);

    /** The same for the breaker of one target, given by its URL as configured. */
    void circuitBreaker(String pool, String targetUrl, CircuitBreaker.State state);

    /**
     * Is not ready any more, waits for the configuration's {@code stopDelay}, stops taking connections, closes idle ones, lets
     * exchanges finish, and cuts the rest when the time is over. Answers say {@code Connection: close} from the beginning.
     * Does nothing if it was closed before. From its beginning on nothing can be changed any more: updates, drains and their undo
     * throw {@code IllegalStateException}.
     *
     * <p>An interrupt does not shorten it: a thread that is interrupted waits as well, and is interrupted afterwards.
     *
     * @param timeout from the beginning to the end, the delay included; zero or less cuts at once
     * @return what finished and what had to be cut
     * @throws IllegalStateException on an I/O thread of this proxy, where listeners and middleware run: it would wait
     *     for itself
     */
    DrainReport stop(Duration timeout);

    /**
     * {@link #stop} with the configuration's {@code stopTimeout}, also on a thread that is interrupted. Frees every thread, socket
     * and buffer.
     */
    @Override
    void close();

    /** Waits until the proxy is closed by another thread; for programs that have nothing else to do. */
    void await() throws InterruptedException;

    /** Collects a proxy. Rejects only null until {@link #build()}, which reports all problems at once. */
    final class Builder {
        private final ProxyConfig.Builder config;
        private final Map<String, Middleware> middleware = new LinkedHashMap<>();
        private final Map<String, HandlerUpstream> handlers = new LinkedHashMap<>();
        private final Map<String, UnaryOperator<byte[]>> bodyTransforms = new LinkedHashMap<>();
        private final Map<String, TargetPickerFactory> loadBalancers = new LinkedHashMap<>();
        private final Map<String, RateLimitStore> rateLimitStores = new LinkedHashMap<>();
        private final Map<String, TargetDiscovery> discoveries = new LinkedHashMap<>();
        private final List<ExchangeListener> exchangeListeners = new ArrayList<>();
        private final List<LifecycleListener> lifecycleListeners = new ArrayList<>();
        private final List<TargetListener> targetListeners = new ArrayList<>();
        private final List<UpstreamPool> pools = new ArrayList<>();
        private String name = "proxy";
        private int ioThreads;

        private Builder() {
            this(ProxyConfig.builder());
        }

        private Builder(ProxyConfig.Builder config) {
            this.config = config;
        }

        /** Begins with this configuration; what was added before is lost, registrations stay. */
        public Builder config(ProxyConfig start) {
            Builder next = new Builder(start.toBuilder());
            next.middleware.putAll(middleware);
            next.handlers.putAll(handlers);
            next.bodyTransforms.putAll(bodyTransforms);
            next.loadBalancers.putAll(loadBalancers);
            next.rateLimitStores.putAll(rateLimitStores);
            next.discoveries.putAll(discoveries);
            next.exchangeListeners.addAll(exchangeListeners);
            next.lifecycleListeners.addAll(lifecycleListeners);
            next.targetListeners.addAll(targetListeners);
            next.pools.addAll(start.pools());
            next.name = name;
            next.ioThreads = ioThreads;
            return next;
        }

        /** The name in threads ({@code fairlead-<name>-io-1}) and logs. Default: {@code proxy}. */
        public Builder name(String name) {
            this.name = HttpSyntax.requireToken(name);
            return this;
        }

        /** The number of I/O threads; zero means one for each core. Default: zero. */
        public Builder ioThreads(int ioThreads) {
            if (ioThreads < 0) {
                throw new IllegalArgumentException("ioThreads: " + ioThreads + " (expected: >= 0)");
            }
            this.ioThreads = ioThreads;
            return this;
        }

        /** Adds HTTP on this port of all addresses; 0 takes a free one. */
        public Builder listen(int port) {
            return listener(Listener.http(port));
        }

        /** Adds a listener. */
        public Builder listener(Listener listener) {
            config.listener(listener);
            return this;
        }

        /** Adds a pool for routes that refer to it by name; a pool given to a route need not be added. */
        public Builder pool(UpstreamPool pool) {
            addPool(requireNonNull(pool, "pool"));
            return this;
        }

        /** Adds a route, with the pool or handler that it holds. */
        public Builder route(Route route) {
            config.route(requireNonNull(route, "route"));
            return this;
        }

        /**
         * Adds middleware around every exchange that found a route, inside what was added before. Rate limits that come before
         * all code also count requests that no route takes.
         */
        public Builder middleware(Middleware added) {
            config.middleware(added);
            return this;
        }

        /** The deadlines. Default: {@link Timeouts#ofDefaults()}. */
        public Builder timeouts(Timeouts timeouts) {
            config.timeouts(timeouts);
            return this;
        }

        /** Which fields tell the upstream of the client. Default: {@link ForwardedHeaders#X_FORWARDED}. */
        public Builder forwardedHeaders(ForwardedHeaders forwardedHeaders) {
            config.forwardedHeaders(forwardedHeaders);
            return this;
        }

        /** Whether {@code Via} is added. Default: true. */
        public Builder via(boolean via) {
            config.via(via);
            return this;
        }

        /** Whether an error answer carries its code in a {@code Fairlead-Failure} field. Default: false. */
        public Builder failureHeader(boolean failureHeader) {
            config.failureHeader(failureHeader);
            return this;
        }

        /** How long {@link ReverseProxy#close()} lets exchanges finish. Default: 30 s. */
        public Builder stopTimeout(Duration stopTimeout) {
            config.stopTimeout(stopTimeout);
            return this;
        }

        /** How long the proxy is not ready before it refuses connections. Default: zero. See {@link ProxyConfig#stopDelay()}. */
        public Builder stopDelay(Duration stopDelay) {
            config.stopDelay(stopDelay);
            return this;
        }

        /** The zone that the proxy itself runs in. Default: none. See {@link ProxyConfig.Builder#zone}. */
        public Builder zone(String zone) {
            config.zone(zone);
            return this;
        }

        /** See {@link ProxyConfig.Builder#maxConcurrentRequests}. Default: 0, no limit. */
        public Builder maxConcurrentRequests(int maxConcurrentRequests) {
            config.maxConcurrentRequests(maxConcurrentRequests);
            return this;
        }

        /** See {@link ProxyConfig.Builder#maxReplayMemoryBytes}. Default: 67,108,864. */
        public Builder maxReplayMemoryBytes(long maxReplayMemoryBytes) {
            config.maxReplayMemoryBytes(maxReplayMemoryBytes);
            return this;
        }

        /** Adds the body of some error answers, see {@link ErrorPage}; a route may have its own. */
        public Builder errorPage(ErrorPage errorPage) {
            config.errorPage(errorPage);
            return this;
        }

        /** Registers middleware that configuration refers to by this name. */
        public Builder register(String registeredName, Middleware registered) {
            middleware.put(requireNonNull(registeredName, "name"), requireNonNull(registered, "middleware"));
            return this;
        }

        /** Registers code that finds targets, which {@link TargetSource#ref} refers to by this name. */
        public Builder register(String registeredName, TargetDiscovery registered) {
            discoveries.put(requireNonNull(registeredName, "name"), requireNonNull(registered, "discovery"));
            return this;
        }

        /** Registers a functional upstream that configuration refers to by this name. */
        public Builder register(String registeredName, HandlerUpstream registered) {
            handlers.put(requireNonNull(registeredName, "name"), requireNonNull(registered, "handler"));
            return this;
        }

        /** Registers a store of counters that a {@code RateLimit} refers to by this name. */
        public Builder registerRateLimitStore(String registeredName, RateLimitStore registered) {
            rateLimitStores.put(requireNonNull(registeredName, "name"), requireNonNull(registered, "store"));
            return this;
        }

        /** Registers a function on whole bodies for {@code Transform.requestBody} and {@code responseBody}. */
        public Builder registerBodyTransform(String registeredName, UnaryOperator<byte[]> function) {
            bodyTransforms.put(requireNonNull(registeredName, "name"), requireNonNull(function, "function"));
            return this;
        }

        /** Registers a strategy of one's own that {@code LoadBalancer.ref} refers to by this name. */
        public Builder register(String registeredName, TargetPickerFactory registered) {
            loadBalancers.put(requireNonNull(registeredName, "name"), requireNonNull(registered, "factory"));
            return this;
        }

        /** Adds a listener that hears of every exchange when it is over. */
        public Builder onExchange(ExchangeListener listener) {
            exchangeListeners.add(requireNonNull(listener, "listener"));
            return this;
        }

        /** Adds a listener that hears of start, update and stop. */
        public Builder onLifecycle(LifecycleListener listener) {
            lifecycleListeners.add(requireNonNull(listener, "listener"));
            return this;
        }

        /** Adds a listener that hears of every change of the state of targets: unhealthy, ejected, returned and so on. */
        public Builder onTarget(TargetListener listener) {
            targetListeners.add(requireNonNull(listener, "listener"));
            return this;
        }

        /**
         * The proxy, not yet started.
         *
         * @throws ConfigurationException with all problems of the configuration
         * @throws IllegalStateException if no engine is on the class path
         */
        public ReverseProxy build() {
            ProxyConfig data = toData();
            Registrations registrations = new Registrations(
                    name,
                    ioThreads,
                    middleware,
                    handlers,
                    bodyTransforms,
                    loadBalancers,
                    rateLimitStores,
                    discoveries,
                    exchangeListeners,
                    lifecycleListeners,
                    targetListeners);
            return ProxyProvider.load().create(data, registrations);
        }

        /** Builds the proxy and starts it. */
        public ReverseProxy start() {
            return build().start();
        }

        /** Replaces code and pools inside routes by names, so that what is left is data. */
        private ProxyConfig toData() {
            ProxyConfig given = config.build();
            List<Route> routes = new ArrayList<>();
            for (Route route : given.routes()) {
                routes.add(toData(route));
            }
            ProxyConfig.Builder data = given.toBuilder();
            data.replaceRoutes(routes);
            data.replaceMiddleware(given.middleware().stream()
                    .map(one -> toData("middleware", one))
                    .toList());
            List<UpstreamPool> known = given.pools();
            for (UpstreamPool pool : pools) {
                if (!known.contains(pool)) {
                    data.pool(pool);
                }
            }
            return data.build();
        }

        private Route toData(Route route) {
            Route.Builder data = Route.builder(route.id()).match(route.match()).order(route.order());
            route.middleware().forEach(one -> data.middleware(toData(route.id(), one)));
            route.transforms().forEach(data::transform);
            route.timeouts().ifPresent(data::timeouts);
            route.maxBodyBytes().ifPresent(data::maxBodyBytes);
            route.retry().ifPresent(data::retry);
            route.errorPages().forEach(data::errorPage);
            for (int i = 0; i < route.fallbacks().size(); i++) {
                Fallback fallback = route.fallbacks().get(i);
                data.fallback(fallback.withAction(toData(route.id() + ":fallback-" + i, fallback.action())));
            }
            route.action().ifPresent(action -> data.action(toData(route.id(), action)));
            return data.build();
        }

        private RouteAction toData(String place, RouteAction action) {
            if (action instanceof RouteAction.To to) {
                return new RouteAction.To(toData(place, to.upstream()));
            }
            return action instanceof RouteAction.Split split
                    ? new RouteAction.Split(toData(place, split.split()))
                    : action;
        }

        /** What stands in it twice, such as in a share and in an override, gets one name. */
        private Split toData(String place, Split split) {
            Map<Upstream, Upstream> names = new HashMap<>();
            Function<Upstream, Upstream> name =
                    upstream -> names.computeIfAbsent(upstream, one -> toData(place + ":" + names.size(), one));
            return split.toBuilder()
                    .shares(split.shares().stream()
                            .map(one -> new Split.Share(name.apply(one.to()), one.weight()))
                            .toList())
                    .overrides(split.overrides().stream()
                            .map(one -> one.withTo(name.apply(one.to())))
                            .toList())
                    .build();
        }

        private Upstream toData(String place, Upstream upstream) {
            if (upstream instanceof UpstreamPool pool) {
                addPool(pool);
                return new UpstreamRef(pool.name());
            }
            if (upstream instanceof HandlerUpstream handler) {
                String generated = "handler:" + place;
                handlers.put(generated, handler);
                return new UpstreamRef(generated);
            }
            return upstream;
        }

        private Middleware toData(String place, Middleware given) {
            if (given instanceof MiddlewareRef || given instanceof BuiltInMiddleware) {
                return given;
            }
            for (Map.Entry<String, Middleware> known : middleware.entrySet()) {
                if (known.getValue() == given) {
                    return new MiddlewareRef(known.getKey());
                }
            }
            String generated = place + ":" + middleware.size();
            middleware.put(generated, given);
            return new MiddlewareRef(generated);
        }

        /** Two equal pools are one; two different ones of a name are left to the validator. */
        private void addPool(UpstreamPool pool) {
            if (!pools.contains(pool)) {
                pools.add(pool);
            }
        }
    }
}
