package io.fairlead.proxy.internal.lifecycle;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.List;

/**
 * Edits of a configuration that the API offers by one call each: the configuration with the edit, or an {@link
 * IllegalArgumentException} if what it names is not there. Whether the result is valid is not asked here.
 */
final class LiveEdits {

    private LiveEdits() {}

    static UpstreamPool addTarget(UpstreamPool pool, Target target) {
        requireNonNull(target, "target");
        if (pool.targets().stream().anyMatch(one -> one.url().equals(target.url()))) {
            throw new IllegalArgumentException(
                    "pool \"" + pool.name() + "\" has a target \"" + target.url() + "\" already");
        }
        return pool.toBuilder().target(target).build();
    }

    static UpstreamPool removeTarget(UpstreamPool pool, String url) {
        Target gone = target(pool, url);
        return pool.toBuilder()
                .targets(pool.targets().stream().filter(one -> one != gone).toList())
                .build();
    }

    static UpstreamPool setWeight(UpstreamPool pool, String url, int weight) {
        Target old = target(pool, url);
        Target changed = old.toBuilder().weight(weight).build();
        return pool.toBuilder()
                .targets(pool.targets().stream()
                        .map(one -> one == old ? changed : one)
                        .toList())
                .build();
    }

    private static Target target(UpstreamPool pool, String url) {
        return pool.targets().stream()
                .filter(one -> one.url().equals(url))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "pool \"" + pool.name() + "\" has no target \"" + url + "\" in its configuration"));
    }

    static UpstreamPool pool(ProxyConfig config, String name) {
        return config.pools().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no pool has the name \"" + name + "\""));
    }

    static Route route(ProxyConfig config, String id) {
        return config.routes().stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no route has the id \"" + id + "\""));
    }

    /** The split of a route with another weight of one share. */
    static RouteAction setShare(Route route, String pool, int weight) {
        if (!(route.action().orElse(null) instanceof RouteAction.Split action)) {
            throw new IllegalArgumentException("route \"" + route.id() + "\" has no split");
        }
        Upstream share = Upstream.ref(pool);
        List<Split.Share> before = action.split().shares();
        if (before.stream().noneMatch(one -> one.to().equals(share))) {
            throw new IllegalArgumentException(
                    "the split of route \"" + route.id() + "\" has no share \"" + pool + "\"");
        }
        List<Split.Share> after = before.stream()
                .map(one -> one.to().equals(share) ? new Split.Share(share, weight) : one)
                .toList();
        return new RouteAction.Split(action.split().toBuilder().shares(after).build());
    }

    /** The configuration with another action of the route. */
    static ProxyConfig with(ProxyConfig config, Route route, RouteAction action) {
        return config.toBuilder()
                .replaceRoute(route.toBuilder().action(action).build())
                .build();
    }

    /** What an action forwards to; nothing if it answers by itself. */
    static List<Upstream> upstreams(RouteAction action) {
        if (action instanceof RouteAction.To to) {
            return List.of(to.upstream());
        }
        return action instanceof RouteAction.Split split
                ? split.split().shares().stream().map(Split.Share::to).toList()
                : List.of();
    }
}
