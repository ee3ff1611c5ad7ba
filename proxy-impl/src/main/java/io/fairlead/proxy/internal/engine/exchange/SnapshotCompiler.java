package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.internal.discovery.Discoveries;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.forward.ReplayMemory;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.internal.ratelimit.RateLimiters;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.response.PageContents;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.traffic.SplitChooser;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.internal.upstream.TargetEvents;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes a {@link Snapshot} of a valid configuration, with the code that is registered. */
public final class SnapshotCompiler {

    private final Registrations registrations;
    private final NameResolver resolver;
    private final Discoveries discoveries;
    private final TargetEvents events;
    private final ReplayMemory replayMemory = new ReplayMemory(0);
    private final RateLimiters rateLimiters;

    public SnapshotCompiler(Registrations registrations, NameResolver resolver, Discoveries discoveries) {
        this.registrations = registrations;
        this.resolver = resolver;
        this.discoveries = discoveries;
        this.events = new TargetEvents(registrations.targetListeners());
        this.rateLimiters = new RateLimiters(registrations.rateLimitStores());
    }

    /**
     * The pools of a configuration by name: those that run already, as they are until {@link #updatePools}, and new ones.
     *
     * @param loops the I/O threads, as far as they are known; the timers of pools are spread over them
     */
    public Map<String, RunningPool> openPools(
            ProxyConfig wanted, Map<String, RunningPool> existing, List<IoLoop> loops, int loopCount) {
        Map<String, RunningPool> opened = new LinkedHashMap<>();
        String zone = wanted.zone().orElse(null);
        try {
            for (UpstreamPool pool : wanted.pools()) {
                RunningPool old = existing.get(pool.name());
                IoLoop home = loops.get(opened.size() % loops.size());
                opened.put(
                        pool.name(),
                        old != null
                                ? old
                                : new RunningPool(
                                        pool,
                                        zone,
                                        home,
                                        loopCount,
                                        resolver,
                                        discoveries,
                                        events,
                                        registrations.loadBalancers()));
            }
        } catch (RuntimeException | Error e) {
            closeMissing(opened, existing);
            throw e;
        }
        return opened;
    }

    /** Lets the pools that stay take their new settings; nothing can fail any more. */
    public static void updatePools(ProxyConfig wanted, Map<String, RunningPool> running) {
        String zone = wanted.zone().orElse(null);
        for (UpstreamPool pool : wanted.pools()) {
            RunningPool known = running.get(pool.name());
            if (known != null && !known.has(pool, zone)) {
                known.update(pool, zone);
            }
        }
    }

    /** Closes those of {@code some} that are not among {@code kept}. */
    public static void closeMissing(Map<String, RunningPool> some, Map<String, RunningPool> kept) {
        some.forEach((name, pool) -> {
            if (kept.get(name) != pool) {
                pool.close();
            }
        });
    }

    /**
     * Reads what the error pages of a configuration show from now on.
     *
     * @param former see {@link PageContents#read}
     */
    public static PageContents readPages(ProxyConfig wanted, PageContents former) {
        List<ErrorPage> all = new ArrayList<>(wanted.errorPages());
        wanted.routes().forEach(route -> all.addAll(route.errorPages()));
        return PageContents.read(all, former);
    }

    /**
     * The configuration ready to run on these pools. Reads no file.
     *
     * @param drained the ids of routes that take no new requests
     * @param pages what its error pages show
     */
    public Snapshot compile(
            ProxyConfig wanted, Map<String, RunningPool> running, Set<String> drained, PageContents pages) {
        replayMemory.limit(wanted.maxReplayMemoryBytes());
        ErrorPages ofProxy = ErrorPages.of(List.of(), wanted.errorPages(), pages);
        List<RoutePlan> plans = new ArrayList<>();
        for (Route route : wanted.routes()) {
            ErrorPages ofRoute = route.errorPages().isEmpty()
                    ? ofProxy
                    : ErrorPages.of(route.errorPages(), wanted.errorPages(), pages);
            plans.add(plan(wanted, route, running, ofRoute, drained.contains(route.id())));
        }
        List<NamedMiddleware> ofWhole = new ArrayList<>();
        add(ofWhole, "", wanted.middleware());
        return new Snapshot(
                wanted,
                RouteTable.compile(wanted.routes()),
                List.copyOf(plans),
                new MiddlewarePlan(ofWhole),
                new RequestComposer(wanted.forwardedHeaders(), wanted.via()),
                replayMemory,
                ofProxy);
    }

    private RoutePlan plan(
            ProxyConfig wanted,
            Route route,
            Map<String, RunningPool> running,
            ErrorPages errorPages,
            boolean draining) {
        List<NamedMiddleware> middleware = new ArrayList<>();
        add(middleware, "", wanted.middleware());
        add(middleware, route.id(), route.middleware());
        RouteAction action = route.action().orElseThrow();
        RoutePlan plan = new RoutePlan(
                route.id(),
                new MiddlewarePlan(middleware),
                TransformPlan.compile(route.transforms(), registrations.bodyTransforms()),
                route.timeouts().orElse(wanted.timeouts()),
                route.maxBodyBytes().orElse(-1),
                null,
                null,
                route.retry().orElse(null),
                null,
                action,
                fallbacks(route, running),
                errorPages,
                draining);
        if (action instanceof RouteAction.To to) {
            return to(plan, to.upstream(), running);
        } else if (action instanceof RouteAction.Split split) {
            return plan.withSplit(new SplitPlan(
                    new SplitChooser(split.split(), route.id()),
                    split.split().shares().stream()
                            .map(share -> to(plan, share.to(), running))
                            .toList()));
        }
        return plan;
    }

    private RoutePlan to(RoutePlan plan, Upstream upstream, Map<String, RunningPool> running) {
        if (!(upstream instanceof UpstreamRef ref)) {
            throw new IllegalStateException("route \"" + plan.routeId() + "\" refers to code");
        }
        HandlerUpstream handler = registrations.handlers().get(ref.name());
        return plan.withUpstream(running.get(ref.name()), handler == null ? null : handler.handler());
    }

    private FallbackPlan fallbacks(Route route, Map<String, RunningPool> running) {
        if (route.fallbacks().isEmpty()) {
            return FallbackPlan.NONE;
        }
        List<FallbackPlan.Step> steps = new ArrayList<>();
        for (Fallback fallback : route.fallbacks()) {
            RunningPool pool = null;
            HandlerUpstream handler = null;
            if (fallback.action() instanceof RouteAction.To to && to.upstream() instanceof UpstreamRef ref) {
                pool = running.get(ref.name());
                handler = registrations.handlers().get(ref.name());
            }
            steps.add(FallbackPlan.Step.of(fallback, pool, handler == null ? null : handler.handler()));
        }
        return new FallbackPlan(steps);
    }

    /**
     * Adds the middleware of a place.
     *
     * @param place the id of the route; empty for the whole proxy
     */
    private void add(List<NamedMiddleware> all, String place, List<Middleware> wanted) {
        Map<String, Integer> rateLimits = new HashMap<>();
        for (Middleware given : wanted) {
            String name = given instanceof MiddlewareRef ref
                    ? ref.name()
                    : given.getClass().getName();
            Middleware code = given instanceof MiddlewareRef ref ? registered(ref) : given;
            if (code instanceof RateLimit data) {
                // By what it limits, so that another one before it does not take its counts; a number tells equal ones
                // apart.
                name = place + "/" + RateLimiters.nameOf(data);
                int number = rateLimits.merge(name, 1, Integer::sum);
                name = number == 1 ? name : name + "#" + number;
                code = rateLimiters.get(name, data);
            }
            all.add(new NamedMiddleware(name, code));
        }
    }

    private Middleware registered(MiddlewareRef ref) {
        Middleware registered = registrations.middleware().get(ref.name());
        if (registered == null) {
            throw new IllegalStateException("middleware \"" + ref.name() + "\" is not registered");
        }
        return registered;
    }
}
