package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.internal.net.TargetUrls;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.route.RouteAction.Redirect;
import io.fairlead.proxy.route.RouteAction.Respond;
import io.fairlead.proxy.upstream.HostPolicy;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The table of everything that a configuration may hold: every object with its fields, and for each field its JSON name,
 * type, range, accessor, setter and a sentence. A new setting of the API is one line here; reader, writer, schema,
 * validator, comparison and documentation follow.
 */
final class Model {
    static final int VERSION = 1;

    private static final Type<Duration> DEADLINE = Types.duration(Duration.ZERO);

    private static final Type<Duration> ABOVE_ZERO = Types.duration(Duration.ofMillis(1));

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> BODYLESS = Set.of(204, 205, 304);

    static final ObjectType<Limits, Limits> LIMITS = new ObjectType<Limits, Limits>(
                    "Limits",
                    "What the clients of one listener may use up.",
                    Limits.ofDefaults(),
                    values -> Limits.ofDefaults(),
                    limits -> limits)
            .optional(
                    "maxConnections",
                    Types.integer(1),
                    Limits::maxConnections,
                    Limits::withMaxConnections,
                    "Connections in all; more are closed at once.")
            .optional(
                    "maxConnectionsPerClient",
                    Types.integer(0),
                    Limits::maxConnectionsPerClient,
                    Limits::withMaxConnectionsPerClient,
                    "Connections of one client address (IPv6: of one /64 network); more are closed at once. 0: no limit.")
            .optional(
                    "maxTargetBytes",
                    Types.integer(64, 61_440),
                    Limits::maxTargetBytes,
                    Limits::withMaxTargetBytes,
                    "Bytes of the request target; more is 414.")
            .optional(
                    "maxHeaderBytes",
                    Types.integer(256, 61_440),
                    Limits::maxHeaderBytes,
                    Limits::withMaxHeaderBytes,
                    "Bytes of a request's head; more is 431.")
            .optional(
                    "maxHeaderFields",
                    Types.integer(8, 1_000),
                    Limits::maxHeaderFields,
                    Limits::withMaxHeaderFields,
                    "Fields of a request's head; more is 431.")
            .optional(
                    "maxBodyBytes",
                    Types.bytes(0),
                    Limits::maxBodyBytes,
                    Limits::withMaxBodyBytes,
                    "Bytes of a request's body; more is 413. 0: no limit. A route may set its own.")
            .optional(
                    "minBodyBytesPerSecond",
                    Types.integer(0),
                    Limits::minBodyBytesPerSecond,
                    Limits::withMinBodyBytesPerSecond,
                    "The mean rate that a request's body must keep after its first 5 s; slower is 408. 0: no limit.");

    static final ObjectType<Listener, Listener.Builder> LISTENER = new ObjectType<Listener, Listener.Builder>(
                    "Listener",
                    "An address where clients connect.",
                    Listener.http(0),
                    // The host is optional in JSON, yet the builder takes it first.
                    values -> Listener.builder(values.text("host"), values.get("port")),
                    Listener.Builder::build)
            .defaulted("host", Syntax.HOST, Listener::host, "The address or local host name to bind.")
            .required("port", Types.integer(0, 65_535), Listener::port, "The port to bind; 0 takes a free one.")
            .optional("limits", LIMITS, Listener::limits, Listener.Builder::limits, "What a client may use up.")
            .optional(
                    "trustedProxies",
                    Types.mapped(Types.list(Syntax.NETWORK), TrustedProxies::new, TrustedProxies::networks),
                    Listener::trustedProxies,
                    Listener.Builder::trustedProxies,
                    "The networks whose `X-Forwarded-*` and `Forwarded` fields are believed.")
            .optional(
                    "halfClose",
                    Types.BOOLEAN,
                    Listener::halfClose,
                    Listener.Builder::halfClose,
                    "Whether a client that closed its sending side still gets its answer.");

    static final ObjectType<Target, Target.Builder> TARGET = new ObjectType<Target, Target.Builder>(
                    "Target",
                    "One server of a pool; its URL alone will do.",
                    Target.of(""),
                    values -> Target.builder(values.text("url")),
                    Target.Builder::build)
            .required("url", Syntax.TARGET_URL, Target::url, "`http://host[:port]`; the port defaults to 80.")
            .optional(
                    "weight",
                    Types.integer(0, 65_535),
                    Target::weight,
                    Target.Builder::weight,
                    "The share of the traffic against the others' weights; 0 drains.")
            .optional(
                    "priority",
                    Types.integer(0, 127),
                    Target::priority,
                    Target.Builder::priority,
                    "The tier it belongs to; the lowest is used first, a higher one as far as those before cannot take it.")
            .optional(
                    "zone",
                    Syntax.ZONE,
                    target -> target.zone().orElse(null),
                    Target.Builder::zone,
                    "The zone it runs in; none if left out.")
            .shorthand("url");

    static final ObjectType<UpstreamPool, UpstreamPool.Builder> POOL = new ObjectType<
                    UpstreamPool, UpstreamPool.Builder>(
                    "UpstreamPool",
                    "A named group of servers that answer alike, and how to connect to them.",
                    UpstreamPool.of(""),
                    values -> UpstreamPool.builder(values.text("name")),
                    UpstreamPool.Builder::build)
            .required("name", Syntax.NAME, UpstreamPool::name, "Unique; routes refer to it.")
            .optional(
                    "targets",
                    Types.list(TARGET),
                    UpstreamPool::targets,
                    (builder, targets) -> {
                        targets.forEach(builder::target);
                        return builder;
                    },
                    "The servers; at least one if there is no `targetSource`.")
            .optional(
                    "targetSource",
                    DiscoveryTypes.TARGET_SOURCE,
                    pool -> pool.targetSource().orElse(null),
                    UpstreamPool.Builder::targetSource,
                    "Where more servers are found.")
            .optional(
                    "loadBalancer",
                    BalancerTypes.LOAD_BALANCER,
                    UpstreamPool::loadBalancer,
                    UpstreamPool.Builder::loadBalancer,
                    "How a server is chosen.")
            .optional(
                    "stickySession",
                    StickyTypes.STICKY_SESSION,
                    pool -> pool.stickySession().orElse(null),
                    UpstreamPool.Builder::stickySession,
                    "How clients keep their server; each request may go to another one if left out.")
            .optional(
                    "spillOverThreshold",
                    Types.integer(0, 100),
                    UpstreamPool::spillOverThreshold,
                    UpstreamPool.Builder::spillOverThreshold,
                    "The percentage of usable servers of a tier, by weight, below which requests go to the next tier as well; 0:"
                            + " only once none is left.")
            .optional(
                    "zonePreference",
                    BalancerTypes.ZONE_PREFERENCE,
                    UpstreamPool::zonePreference,
                    UpstreamPool.Builder::zonePreference,
                    "Whether and how far servers of the proxy's own zone are preferred within their tier.")
            .optional(
                    "healthCheck",
                    HealthTypes.HEALTH_CHECK,
                    pool -> pool.healthCheck().orElse(null),
                    UpstreamPool.Builder::healthCheck,
                    "How the servers are asked whether they are well.")
            .optional(
                    "outlierDetection",
                    HealthTypes.OUTLIER_DETECTION,
                    UpstreamPool::outlierDetection,
                    UpstreamPool.Builder::outlierDetection,
                    "Which servers are ejected for what becomes of their requests.")
            .optional(
                    "panicThreshold",
                    Types.integer(0, 100),
                    UpstreamPool::panicThreshold,
                    UpstreamPool.Builder::panicThreshold,
                    "The percentage of usable servers below which unhealthy and ejected ones are used too; 0: never.")
            .optional(
                    "slowStart",
                    DEADLINE,
                    UpstreamPool::slowStart,
                    UpstreamPool.Builder::slowStart,
                    "How long a server takes to its whole share of requests after a recovery; `0s`: at once.")
            .optional(
                    "hostPolicy",
                    Types.choice(HostPolicy.class),
                    UpstreamPool::hostPolicy,
                    UpstreamPool.Builder::hostPolicy,
                    "Which Host field the servers get: the client's, or their own.")
            .optional(
                    "maxConnectionsPerTarget",
                    Types.integer(1),
                    UpstreamPool::maxConnectionsPerTarget,
                    UpstreamPool.Builder::maxConnectionsPerTarget,
                    "The most connections to one server, over all I/O threads.")
            .optional(
                    "maxQueued",
                    Types.integer(0),
                    UpstreamPool::maxQueued,
                    UpstreamPool.Builder::maxQueued,
                    "The most exchanges that wait for a connection to one server; 0: none waits.")
            .optional(
                    "queueTimeout",
                    ABOVE_ZERO,
                    UpstreamPool::queueTimeout,
                    UpstreamPool.Builder::queueTimeout,
                    "How long an exchange waits for a connection before it gets 503.")
            .optional(
                    "idleTimeout",
                    ABOVE_ZERO,
                    UpstreamPool::idleTimeout,
                    UpstreamPool.Builder::idleTimeout,
                    "How long an unused connection is kept; below the servers' own keep-alive time.")
            .optional(
                    "maxAge",
                    DEADLINE,
                    UpstreamPool::maxAge,
                    UpstreamPool.Builder::maxAge,
                    "The age at which a connection is not used again; `0s`: any age.")
            .optional(
                    "dnsRefresh",
                    Types.duration(Duration.ofSeconds(1)),
                    UpstreamPool::dnsRefresh,
                    UpstreamPool.Builder::dnsRefresh,
                    "How often names are resolved again.")
            .optional(
                    "maxResponseHeaderBytes",
                    Types.integer(1_024, 65_536),
                    UpstreamPool::maxResponseHeaderBytes,
                    UpstreamPool.Builder::maxResponseHeaderBytes,
                    "The most bytes that the head of an answer may have.")
            .optional(
                    "circuitBreaker",
                    ResilienceTypes.CIRCUIT_BREAKER,
                    pool -> pool.circuitBreaker().orElse(null),
                    UpstreamPool.Builder::circuitBreaker,
                    "Answers at once with 503 while the whole pool fails; none if left out.")
            .optional(
                    "targetCircuitBreaker",
                    ResilienceTypes.CIRCUIT_BREAKER,
                    pool -> pool.targetCircuitBreaker().orElse(null),
                    UpstreamPool.Builder::targetCircuitBreaker,
                    "Leaves out a server while it fails; none if left out.")
            .optional(
                    "targetConcurrency",
                    ResilienceTypes.CONCURRENCY_LIMIT,
                    pool -> pool.targetConcurrency().orElse(null),
                    UpstreamPool.Builder::targetConcurrency,
                    "The most requests under way to one server; only connections are limited if left out.")
            .optional(
                    "maxConcurrentRequests",
                    Types.integer(0),
                    UpstreamPool::maxConcurrentRequests,
                    UpstreamPool.Builder::maxConcurrentRequests,
                    "The most requests under way to the whole pool; more get 503 at once. 0: no limit.")
            .optional(
                    "retry",
                    ResilienceTypes.RETRY,
                    UpstreamPool::retry,
                    UpstreamPool.Builder::retry,
                    "Whether a failed attempt is followed by another one.")
            .rule(Model::checkPool);

    static final ObjectType<MiddlewareRef, MiddlewareRef> MIDDLEWARE_REF = new ObjectType<MiddlewareRef, MiddlewareRef>(
                    "ref",
                    "Middleware that the program registered under a name.",
                    new MiddlewareRef(""),
                    values -> new MiddlewareRef(values.text("ref")),
                    ref -> ref)
            .required("ref", Syntax.NAME, MiddlewareRef::name, "The name it is registered under.");

    static final Variants<Middleware> MIDDLEWARE = new Variants<Middleware>(
                    "Middleware",
                    "Code around an exchange: a `ref` to what the program registered, or one of Fairlead's own.")
            .untagged(MiddlewareRef.class, MIDDLEWARE_REF)
            .add(RateLimit.class, RateLimitTypes.RATE_LIMIT)
            .elseCode("registered middleware, referred to by Middleware.ref(name)");

    static final MatchType MATCH = new MatchType();

    static final ObjectType<Redirect, Redirect> REDIRECT = new ObjectType<Redirect, Redirect>(
                    "Redirect",
                    "Answers with a redirect.",
                    new Redirect(302, "/"),
                    values -> new Redirect(values.get("status"), values.text("location")),
                    redirect -> redirect)
            .required("status", Types.integer(301, 308), Redirect::status, "301, 302, 303, 307 or 308.")
            .required(
                    "location",
                    Syntax.LOCATION,
                    Redirect::location,
                    "The Location field; `{name}` stands for a variable, empty if it was not captured, `{path}`, `{query}` and `{host}` for those of the request;"
                            + " one without a host is answered 400 where `{host}` is needed.")
            .rule((redirect, place, context) -> {
                if (!REDIRECTS.contains(redirect.status()) && !context.broken(place + ".status")) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".status",
                            String.valueOf(redirect.status()),
                            "one of: 301, 302, 303, 307, 308");
                }
            });

    static final ObjectType<Respond, Respond> RESPOND = new ObjectType<Respond, Respond>(
                    "Respond",
                    "Answers with fixed content.",
                    new Respond(200, Map.of(), ""),
                    values -> new Respond(values.get("status"), Map.of(), ""),
                    respond -> respond)
            .required("status", Types.integer(200, 599), Respond::status, "200 to 599.")
            .optional(
                    "headers",
                    Types.map("object of header fields", Syntax::settableField, Syntax.FIELD_VALUE),
                    Respond::headers,
                    (respond, headers) -> new Respond(respond.status(), headers, respond.body()),
                    "Header fields.")
            .optional(
                    "body",
                    Syntax.ANY_TEXT,
                    Respond::body,
                    (respond, body) -> new Respond(respond.status(), respond.headers(), body),
                    "Text, sent in UTF-8; none with 204, 205 and 304.")
            .rule((respond, place, context) -> {
                // RFC 9110 §15.3.5, §15.3.6 and §15.4.5: there would be no place for it.
                if (BODYLESS.contains(respond.status()) && !respond.body().isEmpty() && !context.broken(place)) {
                    context.report(
                            "CONFLICT",
                            place + ".body",
                            Context.quote(respond.body()),
                            "no body with status " + respond.status());
                }
            });

    private static final ObjectType<Fallback, Fallback> FALLBACK =
            FallbackTypes.fallback(TrafficTypes.UPSTREAM, REDIRECT, RESPOND);

    static final ObjectType<Route, Route.Builder> ROUTE = new ObjectType<Route, Route.Builder>(
                    "Route",
                    "Which requests go where. One of `to`, `split`, `redirect` and `respond` is needed.",
                    Route.builder("").build(),
                    values -> Route.builder(values.text("id")),
                    Route.Builder::build)
            .required("id", Syntax.NAME, Route::id, "Unique; records and messages show it.")
            .optional("match", MATCH, Route::match, Route.Builder::match, "Which requests it takes; all if left out.")
            .optional(
                    "order",
                    Types.integer(Integer.MIN_VALUE),
                    Route::order,
                    Route.Builder::order,
                    "Lower comes first, whatever the specificity.")
            .optional(
                    "middleware",
                    Types.list(MIDDLEWARE),
                    Route::middleware,
                    (builder, list) -> {
                        list.forEach(builder::middleware);
                        return builder;
                    },
                    "Code around its exchanges, outermost first.")
            .optional(
                    "transforms",
                    Types.list(TransformTypes.TRANSFORM),
                    Route::transforms,
                    (builder, list) -> {
                        list.forEach(builder::transform);
                        return builder;
                    },
                    "Edits of what is forwarded and returned, in order.")
            .optional(
                    "to",
                    TrafficTypes.UPSTREAM,
                    route -> route.action().orElse(null) instanceof RouteAction.To to ? to.upstream() : null,
                    Route.Builder::to,
                    "The name of a pool, or of a handler that the program registered.")
            .optional(
                    "split",
                    TrafficTypes.SPLIT,
                    route -> route.action().orElse(null) instanceof RouteAction.Split split ? split.split() : null,
                    Route.Builder::split,
                    "Divides its requests between pools or handlers.")
            .optional(
                    "redirect",
                    REDIRECT,
                    route -> action(route, Redirect.class),
                    Route.Builder::action,
                    "Answers with a redirect.")
            .optional(
                    "respond",
                    RESPOND,
                    route -> action(route, Respond.class),
                    Route.Builder::action,
                    "Answers with fixed content.")
            .optional(
                    "timeouts",
                    new ResilienceTypes.RouteTimeouts(),
                    route -> route.timeouts().orElse(null),
                    Route.Builder::timeouts,
                    "Its own deadlines; what is left out is as in the proxy's.")
            .optional(
                    "maxBodyBytes",
                    Types.bytes(0),
                    route -> route.maxBodyBytes().isPresent()
                            ? (Long) route.maxBodyBytes().getAsLong()
                            : null,
                    Route.Builder::maxBodyBytes,
                    "Its own limit on request bodies, in bytes; 0: no limit. The listener's if left out.")
            .optional(
                    "retry",
                    ResilienceTypes.RETRY,
                    route -> route.retry().orElse(null),
                    Route.Builder::retry,
                    "Its own retries; the pool's if left out. The budget is the pool's always: another one is reported.")
            .optional(
                    "fallbacks",
                    Types.list(FALLBACK),
                    Route::fallbacks,
                    (builder, list) -> {
                        list.forEach(builder::fallback);
                        return builder;
                    },
                    "What answers when its pool or handler fails, asked in order.")
            .optional(
                    "errorPages",
                    Types.list(ErrorPageTypes.ERROR_PAGE),
                    Route::errorPages,
                    (builder, list) -> {
                        list.forEach(builder::errorPage);
                        return builder;
                    },
                    "The bodies of its error answers; the proxy's come after them.")
            .notBoth("to", "split", "redirect", "respond")
            .rule((route, place, context) -> {
                FallbackTypes.checkRoute(route, place, context);
                boolean broken = context.broken(place + ".to")
                        || context.broken(place + ".split")
                        || context.broken(place + ".redirect")
                        || context.broken(place + ".respond");
                if (route.action().isEmpty() && !broken) {
                    context.report(
                            "MISSING",
                            place,
                            "route " + Context.quote(route.id()) + " without action",
                            "one of: to, split, redirect, respond");
                }
            });

    static final ObjectType<ProxyConfig, ProxyConfig.Builder> CONFIG = new ObjectType<ProxyConfig, ProxyConfig.Builder>(
                    "ProxyConfig",
                    "Everything a proxy does, as data.",
                    ProxyConfig.builder().build(),
                    values -> ProxyConfig.builder(),
                    ProxyConfig.Builder::build)
            .<String>optional(
                    "$schema", Syntax.ANY_TEXT, config -> null, (builder, text) -> builder, "For editors; not used.")
            .required("version", Types.integer(VERSION, VERSION), config -> VERSION, "The version of this format: 1.")
            .optional(
                    "listeners",
                    Types.list(LISTENER),
                    ProxyConfig::listeners,
                    (builder, list) -> {
                        list.forEach(builder::listener);
                        return builder;
                    },
                    "Where clients connect; none for a proxy that is mounted in another server.")
            .optional(
                    "timeouts",
                    new ResilienceTypes.ProxyTimeouts(),
                    ProxyConfig::timeouts,
                    ProxyConfig.Builder::timeouts,
                    "The deadlines, unless a route has its own.")
            .optional(
                    "pools",
                    Types.list(POOL),
                    ProxyConfig::pools,
                    (builder, list) -> {
                        list.forEach(builder::pool);
                        return builder;
                    },
                    "The pools that routes refer to by name.")
            .optional(
                    "middleware",
                    Types.list(MIDDLEWARE),
                    ProxyConfig::middleware,
                    (builder, list) -> {
                        list.forEach(builder::middleware);
                        return builder;
                    },
                    "Middleware around every exchange that found a route, outermost first.")
            .optional(
                    "routes",
                    Types.list(ROUTE),
                    ProxyConfig::routes,
                    (builder, list) -> {
                        list.forEach(builder::route);
                        return builder;
                    },
                    "Which request goes where. At least one is needed to run.")
            .optional(
                    "forwardedHeaders",
                    Types.choice(ForwardedHeaders.class),
                    ProxyConfig::forwardedHeaders,
                    ProxyConfig.Builder::forwardedHeaders,
                    "Which fields tell the upstream of the client.")
            .optional(
                    "via",
                    Types.BOOLEAN,
                    ProxyConfig::via,
                    ProxyConfig.Builder::via,
                    "Whether `Via` is added to requests and responses.")
            .optional(
                    "failureHeader",
                    Types.BOOLEAN,
                    ProxyConfig::failureHeader,
                    ProxyConfig.Builder::failureHeader,
                    "Whether an error answer carries its code in a `Fairlead-Failure` field.")
            .optional(
                    "stopTimeout",
                    DEADLINE,
                    ProxyConfig::stopTimeout,
                    ProxyConfig.Builder::stopTimeout,
                    "How long a stop lets exchanges finish; `0s` cuts them at once.")
            .optional(
                    "stopDelay",
                    DEADLINE,
                    ProxyConfig::stopDelay,
                    ProxyConfig.Builder::stopDelay,
                    "How long a stop leaves the listeners open after the proxy has become not ready; part of `stopTimeout`.")
            .optional(
                    "maxReplayMemoryBytes",
                    Types.bytes(0),
                    ProxyConfig::maxReplayMemoryBytes,
                    ProxyConfig.Builder::maxReplayMemoryBytes,
                    "The most memory that request bodies kept for another attempt take in all; 0: none is kept.")
            .optional(
                    "maxConcurrentRequests",
                    Types.integer(0),
                    ProxyConfig::maxConcurrentRequests,
                    ProxyConfig.Builder::maxConcurrentRequests,
                    "The most requests under way in all; more get 503 and Retry-After at once. 0: no limit.")
            .optional(
                    "zone",
                    Syntax.ZONE,
                    config -> config.zone().orElse(null),
                    ProxyConfig.Builder::zone,
                    "The zone that the proxy itself runs in, whose servers are preferred; none if left out.")
            .optional(
                    "errorPages",
                    Types.list(ErrorPageTypes.ERROR_PAGE),
                    ProxyConfig::errorPages,
                    (builder, list) -> {
                        list.forEach(builder::errorPage);
                        return builder;
                    },
                    "The bodies of error answers, where a route has none of its own; two lines of text or JSON if left out.")
            .rule(Model::checkStop);

    private Model() {}

    private static void checkStop(ProxyConfig config, String place, Context context) {
        Duration delay = config.stopDelay();
        boolean broken = context.broken("stopDelay") || context.broken("stopTimeout");
        if (!broken && !delay.isZero() && delay.compareTo(config.stopTimeout()) >= 0) {
            context.report(
                    "OUT_OF_RANGE",
                    "stopDelay",
                    Durations.format(delay),
                    "below stopTimeout, " + Durations.format(config.stopTimeout()));
        }
    }

    private static <A extends RouteAction> @Nullable A action(Route route, Class<A> type) {
        RouteAction action = route.action().orElse(null);
        return type.isInstance(action) ? type.cast(action) : null;
    }

    /** The URL tells targets apart. */
    private static void checkPool(UpstreamPool pool, String place, Context context) {
        boolean broken = context.broken(place + ".targets") || context.broken(place + ".targetSource");
        if (pool.targets().isEmpty() && pool.targetSource().isEmpty() && !broken) {
            context.report("MISSING", place + ".targets", "missing", "list of Target, or a targetSource");
        }
        String attempts = pool.retry().attemptHeader().orElse("");
        if (pool.stickySession().orElse(null) instanceof StickySession.Header session
                && !attempts.isEmpty()
                && session.name().equalsIgnoreCase(attempts)) {
            context.report(
                    "CONFLICT",
                    place + ".retry.attemptHeader",
                    Context.quote(attempts),
                    "a name other than that of the stickySession");
        }
        boolean moved = context.moved(place + ".targets");
        Set<String> urls = new HashSet<>();
        for (int i = 0; i < pool.targets().size(); i++) {
            String url = pool.targets().get(i).url();
            String at = place + ".targets[" + i + "].url";
            if (!urls.add(TargetUrls.same(url)) && !moved && !context.broken(at)) {
                context.report("DUPLICATE", at, Context.quote(url), "a URL other than those before it");
            }
        }
    }

    /** Every object of the table in the order of the documentation. */
    static List<ObjectType<?, ?>> objects() {
        return List.of(
                CONFIG,
                LISTENER,
                LIMITS,
                ResilienceTypes.TIMEOUTS,
                POOL,
                TARGET,
                ResilienceTypes.RETRY,
                ResilienceTypes.CIRCUIT_BREAKER,
                ResilienceTypes.CONCURRENCY_LIMIT,
                HealthTypes.OUTLIER_DETECTION,
                TlsTypes.UPSTREAM_TLS,
                BalancerTypes.ZONE_PREFERENCE,
                ROUTE,
                TrafficTypes.SPLIT,
                TrafficTypes.SHARE,
                TrafficTypes.STICKY_COOKIE,
                REDIRECT,
                RESPOND,
                FALLBACK,
                ErrorPageTypes.ERROR_PAGE,
                RateLimitTypes.LIMIT);
    }
}
