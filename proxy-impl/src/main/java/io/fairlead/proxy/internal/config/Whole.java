package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.internal.net.NameServers;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.tls.TrustedCertificates;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.tls.UpstreamTls;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.traffic.StickyCookie;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The rules that look at more than one object: unique names, references, addresses, whether there is a route at all. */
final class Whole {
    private final ProxyConfig config;
    private final @Nullable Registrations registrations;
    private final Context context;
    private final boolean partial;
    private final TreeSet<String> pools = new TreeSet<>();
    /** The places of pools whose names could not be read. */
    private final List<String> nameless = new ArrayList<>();

    private boolean mayBeMeant;

    private Whole(ProxyConfig config, @Nullable Registrations registrations, Context context, boolean partial) {
        this.config = config;
        this.registrations = registrations;
        this.context = context;
        this.partial = partial;
    }

    /**
     * Reports what is wrong, but for places where a problem is known already.
     *
     * @param registrations null if they are not known yet: then references to code are not checked
     * @param partial whether parts of the configuration could not be read
     */
    static void check(ProxyConfig config, @Nullable Registrations registrations, Context context, boolean partial) {
        new Whole(config, registrations, context, partial).check();
    }

    private void check() {
        // First: a name that stands twice is a problem, but it is read.
        readPools();
        listeners();
        pools();
        if (config.routes().isEmpty()) {
            report("MISSING", "routes", "no routes", "at least one route");
        }
        middleware("middleware", "", config.middleware());
        variables("middleware", "", config.middleware(), variablesOfAllRoutes(), "the match of some route");
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < config.routes().size(); i++) {
            Route route = config.routes().get(i);
            String place = "routes[" + i + "]";
            Integer first = ids.putIfAbsent(route.id(), i);
            if (first != null) {
                report(
                        "DUPLICATE",
                        place + ".id",
                        Context.quote(route.id()),
                        "an id other than that of routes[" + first + "]");
            }
            String in = " (route " + Context.quote(route.id()) + ")";
            references(route).forEach((at, name) -> upstream(place + "." + at, in, name));
            cookies(route, place, in);
            budget(route, place + ".retry.", in);
            sessionsOfFallbacks(route, place, in);
            middleware(place + ".middleware", in, route.middleware());
            variables(place + ".middleware", in, route.middleware(), variables(route, place), "the match");
            transforms(place + ".transforms", in, route.transforms());
        }
        matches();
    }

    /** Bad patterns and unreachable routes. */
    private void matches() {
        List<Route> routes = new ArrayList<>();
        for (int i = 0; i < config.routes().size(); i++) {
            Route route = config.routes().get(i);
            String place = "routes[" + i + "]";
            boolean unread = context.unread(place)
                    || context.brokenWithin(place + ".match")
                    || context.brokenWithin(place + ".order");
            // What could not be read takes every request, and would hide the others.
            routes.add(
                    unread ? route.toBuilder().match(Match.path("/unread/" + i)).build() : route);
            if (unread) {
                partsThatWereRead(route, place + ".match");
            }
        }
        for (Problem problem : RouteTable.problems(routes)) {
            int end = problem.place().indexOf(']');
            int index = Integer.parseInt(problem.place().substring("routes[".length(), end));
            String match = "routes[" + index + "].match";
            String path = problem.place().substring(match.length());
            String place = Model.MATCH.place(routes.get(index).match(), match, path);
            if (!path.isEmpty() || !context.brokenWithin(match)) {
                report(problem.code(), place, problem.value(), problem.expectation());
            }
        }
    }

    /** Bad patterns beside what could not be read. Not within lists, where that has moved the others from their places. */
    private void partsThatWereRead(Route route, String match) {
        for (Problem problem : RouteTable.problems(List.of(route))) {
            String path = problem.place().substring("routes[0].match".length());
            String place = Model.MATCH.place(route.match(), match, path);
            if (!path.isEmpty() && place.indexOf('[', match.length()) < 0) {
                report(problem.code(), place, problem.value(), problem.expectation());
            }
        }
    }

    /** One problem a place is enough: the second mostly follows from the first. */
    private void report(String code, String place, String value, String expectation) {
        if (!context.broken(place)) {
            context.report(code, place, value, expectation);
        }
    }

    private void listeners() {
        Map<String, Integer> addresses = new HashMap<>();
        for (int i = 0; i < config.listeners().size(); i++) {
            Listener listener = config.listeners().get(i);
            if (listener.port() == 0) {
                continue;
            }
            String address = listener.host().toLowerCase(Locale.ROOT) + ":" + listener.port();
            Integer first = addresses.putIfAbsent(address, i);
            if (first != null) {
                report(
                        "DUPLICATE",
                        "listeners[" + i + "].port",
                        address,
                        "an address other than that of listeners[" + first + "]");
            }
        }
    }

    private void pools() {
        Map<String, Integer> names = new HashMap<>();
        for (int i = 0; i < config.pools().size(); i++) {
            UpstreamPool pool = config.pools().get(i);
            String at = "pools[" + i + "]";
            String place = at + ".name";
            if (registrations != null && pool.targetSource().orElse(null) instanceof TargetSource.Registered source) {
                unknown(
                        "pools[" + i + "].targetSource.name",
                        " (pool " + Context.quote(pool.name()) + ")",
                        source.name(),
                        "discovery",
                        registrations.discoveries().keySet());
            }
            pool.healthCheck().ifPresent(check -> trustedCertificates(at + ".healthCheck.tls", check.tls()));
            if (pool.targetSource().orElse(null) instanceof TargetSource.DnsRecords records
                    && !NameServers.canReadRecords()) {
                report(
                        "MISSING_DEPENDENCY",
                        "pools[" + i + "].targetSource",
                        records.kind() == TargetSource.DnsRecords.Kind.SRV ? "srv" : "dnsRecords",
                        "dnsjava:dnsjava on the class path, which reads the records");
            }
            Integer first = names.putIfAbsent(pool.name(), i);
            if (first != null) {
                report(
                        "DUPLICATE",
                        place,
                        Context.quote(pool.name()),
                        "a name other than that of pools[" + first + "]");
            } else if (registrations != null && registrations.handlers().containsKey(pool.name())) {
                report(
                        "DUPLICATE",
                        place,
                        Context.quote(pool.name()),
                        "a name other than that of a registered handler");
            }
            if (registrations != null && pool.loadBalancer() instanceof LoadBalancer.Ref ref) {
                unknown(
                        "pools[" + i + "].loadBalancer.name",
                        " (pool " + Context.quote(pool.name()) + ")",
                        ref.name(),
                        "load balancer",
                        registrations.loadBalancers().keySet());
            }
        }
    }

    /** Read here only to see whether that works: who starts a proxy must not learn it from failing checks. */
    private void trustedCertificates(String place, UpstreamTls tls) {
        if (tls.trustedCertificates().isEmpty()) {
            return;
        }
        try {
            TrustedCertificates.read(tls.trustedCertificates());
        } catch (IOException e) {
            report(
                    "UNREADABLE",
                    place + ".trustedCertificates",
                    Context.quote(tls.trustedCertificates()),
                    "a PEM file of certificates: " + e.getMessage());
        }
    }

    private void upstream(String place, String in, String name) {
        if (pools.contains(name)) {
            return;
        }
        if (registrations != null) {
            TreeSet<String> known = new TreeSet<>(pools);
            known.addAll(registrations.handlers().keySet());
            unknown(place, in, name, "pool", known);
        } else if (partial && !mayBeMeant) {
            // The program may register a handler of that name later; but it is told of other problems in any case.
            List<String> all = new ArrayList<>(pools);
            nameless.forEach(pool -> all.add(pool + " once it has this name"));
            String meant = all.isEmpty() ? "a pool" : "one of the pools " + String.join(", ", all);
            report("UNKNOWN_REFERENCE", place, Context.quote(name) + in, meant + ", or a registered handler");
        }
    }

    /** Sorts out which names pools have, and whether those that have none may be what all unknown names mean. */
    private void readPools() {
        for (int i = 0; i < config.pools().size(); i++) {
            if (context.broken("pools[" + i + "].name")) {
                nameless.add("pools[" + i + "]");
            } else {
                pools.add(config.pools().get(i).name());
            }
        }
        long unknown = config.routes().stream()
                .flatMap(route -> references(route).values().stream())
                .filter(name -> !pools.contains(name))
                .distinct()
                .count();
        boolean unread = config.pools().isEmpty() && context.broken("pools");
        mayBeMeant = unread || !nameless.isEmpty() && unknown <= nameless.size();
    }

    /** The names of pools and handlers that a route forwards to, by their places in it. */
    private static Map<String, String> references(Route route) {
        Map<String, String> names = new LinkedHashMap<>();
        RouteAction action = route.action().orElse(null);
        if (action instanceof RouteAction.To to && to.upstream() instanceof UpstreamRef ref) {
            names.put("to", ref.name());
        } else if (action instanceof RouteAction.Split split) {
            List<Split.Share> shares = split.split().shares();
            for (int i = 0; i < shares.size(); i++) {
                if (shares.get(i).to() instanceof UpstreamRef ref) {
                    names.put("split.shares[" + i + "].to", ref.name());
                }
            }
        }
        for (int i = 0; i < route.fallbacks().size(); i++) {
            if (route.fallbacks().get(i).action() instanceof RouteAction.To to
                    && to.upstream() instanceof UpstreamRef ref) {
                names.put("fallbacks[" + i + "].to", ref.name());
            }
        }
        return names;
    }

    /** The budget of retries is the pool's: what a route asks for beside it would do nothing. */
    private void budget(Route route, String retry, String in) {
        RetryPolicy own = route.retry().orElse(null);
        if (own == null || partial) {
            return;
        }
        List<RetryPolicy> known = new ArrayList<>();
        known.add(RetryPolicy.ofDefaults());
        Collection<String> names = references(route).values();
        config.pools().stream().filter(pool -> names.contains(pool.name())).forEach(pool -> known.add(pool.retry()));
        String expectation = "what the pool has: the budget is set there, in its retry";
        if (known.stream().noneMatch(policy -> policy.budgetPercent() == own.budgetPercent())) {
            report("CONFLICT", retry + "budgetPercent", own.budgetPercent() + in, expectation);
        }
        if (known.stream().noneMatch(policy -> policy.budgetFloor() == own.budgetFloor())) {
            report("CONFLICT", retry + "budgetFloor", own.budgetFloor() + in, expectation);
        }
    }

    /** A split and one of its pools that give clients a cookie of one name would overwrite each other's. */
    private void cookies(Route route, String place, String in) {
        String at = place + ".split.stickyCookie.name";
        String cookie = route.action().orElse(null) instanceof RouteAction.Split split
                ? split.split().stickyCookie().map(StickyCookie::name).orElse(null)
                : null;
        if (cookie == null || context.broken(at)) {
            return;
        }
        Collection<String> names = references(route).values();
        for (UpstreamPool pool : config.pools()) {
            boolean same = pool.stickySession().orElse(null) instanceof StickySession.Cookie own
                    && own.name().equals(cookie);
            if (same && names.contains(pool.name())) {
                String expectation =
                        "a name other than that of the stickySession of pool " + Context.quote(pool.name());
                report("CONFLICT", at, Context.quote(cookie) + in, expectation);
                return;
            }
        }
    }

    /** A pool that answers for another must not overwrite what tells the client's target there. */
    private void sessionsOfFallbacks(Route route, String place, String in) {
        Map<String, StickySession> before = new LinkedHashMap<>();
        references(route).forEach((at, name) -> {
            StickySession own = config.pools().stream()
                    .filter(pool -> pool.name().equals(name))
                    .findFirst()
                    .flatMap(UpstreamPool::stickySession)
                    .orElse(null);
            if (own == null) {
                return;
            }
            if (at.startsWith("fallbacks[")) {
                before.entrySet().stream()
                        .filter(other -> !other.getKey().equals(name) && overwrite(other.getValue(), own))
                        .findFirst()
                        .ifPresent(other -> report(
                                "CONFLICT",
                                place + "." + at,
                                Context.quote(name) + in,
                                "a pool whose stickySession has a name other than that of pool "
                                        + Context.quote(other.getKey())));
            }
            before.put(name, own);
        });
    }

    private static boolean overwrite(StickySession one, StickySession other) {
        if (one instanceof StickySession.Cookie a && other instanceof StickySession.Cookie b) {
            return a.name().equals(b.name())
                    && a.path().equals(b.path())
                    && a.domain().equals(b.domain());
        }
        return one instanceof StickySession.Header
                && other instanceof StickySession.Header
                && one.name().equalsIgnoreCase(other.name());
    }

    private void middleware(String place, String in, List<Middleware> list) {
        for (int i = 0; i < list.size(); i++) {
            if (registrations == null) {
                continue;
            }
            String at = place + "[" + i + "]";
            Middleware one = list.get(i);
            if (one instanceof MiddlewareRef ref) {
                Middleware registered = registrations.middleware().get(ref.name());
                unknown(
                        at + ".ref",
                        in,
                        ref.name(),
                        "middleware",
                        registrations.middleware().keySet());
                if (registered instanceof RateLimit) {
                    // It is data that the configuration cannot show.
                    Model.MIDDLEWARE.check(registered, at, context);
                }
                one = registered == null ? one : registered;
            }
            if (one instanceof RateLimit rateLimit && rateLimit.store().isPresent()) {
                Collection<String> known = registrations.rateLimitStores().keySet();
                unknown(at + ".store", in, rateLimit.store().get(), "rate limit store", known);
            }
        }
    }

    /** Keys of rate limits that name a variable. Not where what has them could not be read, or has moved in its list. */
    private void variables(String place, String in, List<Middleware> list, @Nullable Set<String> captured, String by) {
        if (captured == null || partial && context.brokenWithin(place)) {
            return;
        }
        for (int i = 0; i < list.size(); i++) {
            Middleware given = list.get(i);
            Middleware meant = given instanceof MiddlewareRef ref && registrations != null
                    ? registrations.middleware().get(ref.name())
                    : given;
            if (meant instanceof RateLimit rateLimit) {
                RateLimitRules.checkVariables(rateLimit, place + "[" + i + "]", in, captured, by, context);
            }
        }
    }

    /** What the match of a route captures; null if that is not known. */
    private @Nullable Set<String> variables(Route route, String place) {
        return context.unread(place) || context.brokenWithin(place + ".match")
                ? null
                : RouteTable.variables(route.match());
    }

    private @Nullable Set<String> variablesOfAllRoutes() {
        Set<String> all = new TreeSet<>();
        for (int i = 0; i < config.routes().size(); i++) {
            Set<String> captured = variables(config.routes().get(i), "routes[" + i + "]");
            if (captured == null) {
                return null;
            }
            all.addAll(captured);
        }
        return config.routes().isEmpty() ? null : all;
    }

    private void transforms(String place, String in, List<Transform> list) {
        for (int i = 0; i < list.size(); i++) {
            if (registrations != null && list.get(i) instanceof Transform.BodyEdit edit) {
                Collection<String> known = registrations.bodyTransforms().keySet();
                unknown(place + "[" + i + "].name", in, edit.name(), "body transform", known);
            }
        }
    }

    private void unknown(String place, String in, String name, String kind, Collection<String> known) {
        if (!known.contains(name)) {
            String expectation = known.isEmpty()
                    ? "a " + kind + " of this name; none is defined"
                    : "one of: " + String.join(", ", new TreeSet<>(known));
            report("UNKNOWN_REFERENCE", place, Context.quote(name) + in, expectation);
        }
    }
}
