package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.internal.engine.client.ClientPool;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes a {@link Snapshot} of a valid configuration, with the code that is registered. */
public final class SnapshotCompiler {

    private final Registrations registrations;
    private final NameResolver resolver;

    public SnapshotCompiler(Registrations registrations, NameResolver resolver) {
        this.registrations = registrations;
        this.resolver = resolver;
    }

    /** The pools of a configuration by name: those that run already and did not change, and new ones. */
    public Map<String, ClientPool> openPools(ProxyConfig wanted, Map<String, ClientPool> existing, int loopCount) {
        Map<String, ClientPool> opened = new LinkedHashMap<>();
        try {
            for (UpstreamPool pool : wanted.pools()) {
                ClientPool old = existing.get(pool.name());
                opened.put(
                        pool.name(),
                        old != null && old.config().equals(pool) ? old : new ClientPool(pool, loopCount, resolver));
            }
        } catch (RuntimeException | Error e) {
            closeMissing(opened, existing);
            throw e;
        }
        return opened;
    }

    /** Closes those of {@code some} that are not among {@code kept}. */
    public static void closeMissing(Map<String, ClientPool> some, Map<String, ClientPool> kept) {
        some.forEach((name, pool) -> {
            if (kept.get(name) != pool) {
                pool.close();
            }
        });
    }

    /** The configuration ready to run on these pools. */
    public Snapshot compile(ProxyConfig wanted, Map<String, ClientPool> running) {
        List<RoutePlan> plans = new ArrayList<>();
        for (Route route : wanted.routes()) {
            plans.add(plan(wanted, route, running));
        }
        return new Snapshot(
                wanted,
                RouteTable.compile(wanted.routes()),
                List.copyOf(plans),
                new RequestComposer(wanted.forwardedHeaders(), wanted.via()));
    }

    private RoutePlan plan(ProxyConfig wanted, Route route, Map<String, ClientPool> running) {
        List<NamedMiddleware> middleware = new ArrayList<>();
        wanted.middleware().forEach(one -> middleware.add(find(one)));
        route.middleware().forEach(one -> middleware.add(find(one)));
        RouteAction action = route.action().orElseThrow();
        ClientPool pool = null;
        HandlerUpstream handler = null;
        Map<String, byte[]> authorities = new HashMap<>();
        if (action instanceof RouteAction.To to && to.upstream() instanceof UpstreamRef ref) {
            pool = running.get(ref.name());
            handler = registrations.handlers().get(ref.name());
            if (pool != null) {
                for (Target target : pool.config().targets()) {
                    authorities.put(
                            target.url(), Ascii.bytes(URI.create(target.url()).getRawAuthority()));
                }
            }
        }
        return new RoutePlan(
                route.id(),
                List.copyOf(middleware),
                TransformPlan.compile(route.transforms(), registrations.bodyTransforms()),
                route.timeouts().orElse(wanted.timeouts()),
                route.maxBodyBytes().orElse(-1),
                pool,
                Map.copyOf(authorities),
                handler == null ? null : handler.handler(),
                action);
    }

    private NamedMiddleware find(Middleware given) {
        if (given instanceof MiddlewareRef ref) {
            Middleware registered = registrations.middleware().get(ref.name());
            if (registered == null) {
                throw new IllegalStateException("middleware \"" + ref.name() + "\" is not registered");
            }
            return new NamedMiddleware(ref.name(), registered);
        }
        return new NamedMiddleware(given.getClass().getName(), given);
    }
}
