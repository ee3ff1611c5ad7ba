package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.middleware.MiddlewareRef;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.route.RouteAction.Redirect;
import io.fairlead.proxy.route.RouteAction.Respond;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.transform.Transform.BodyEdit;
import io.fairlead.proxy.transform.Transform.CookieAttribute;
import io.fairlead.proxy.transform.Transform.Edit;
import io.fairlead.proxy.transform.Transform.Header;
import io.fairlead.proxy.transform.Transform.Part;
import io.fairlead.proxy.transform.Transform.Query;
import io.fairlead.proxy.transform.Transform.RewriteCookie;
import io.fairlead.proxy.upstream.HostPolicy;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The table of everything that a configuration may hold: every object with its fields, and for each field its JSON name,
 * type, range, accessor, setter and a sentence. A new setting of the API is one line here; reader, writer, schema,
 * validator, comparison and documentation follow.
 */
final class Model {
    static final int VERSION = 1;

    private static final Type<Duration> DEADLINE = Types.duration(Duration.ZERO);
    private static final Type<Duration> ABOVE_ZERO = Types.duration(Duration.ofMillis(1));
    private static final Type<Set<Integer>> STATUSES = Types.mapped(
            Types.list(Types.integer(400, 599)),
            list -> Set.copyOf(list),
            set -> set.stream().sorted().toList());
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    static final ObjectType<Timeouts, Timeouts> TIMEOUTS = new ObjectType<Timeouts, Timeouts>(
                    "Timeouts",
                    "The deadline of every phase of an exchange; `0s` switches one off.",
                    Timeouts.ofDefaults(),
                    values -> Timeouts.ofDefaults(),
                    timeouts -> timeouts)
            .optional(
                    "requestHead",
                    DEADLINE,
                    Timeouts::requestHead,
                    Timeouts::withRequestHead,
                    "From the first byte of a request's head to its last; 408.")
            .optional(
                    "connect",
                    DEADLINE,
                    Timeouts::connect,
                    Timeouts::withConnect,
                    "Making a connection to a target; 504.")
            .optional(
                    "responseHead",
                    DEADLINE,
                    Timeouts::responseHead,
                    Timeouts::withResponseHead,
                    "From the last byte of the request sent to the head of the answer; 504.")
            .optional(
                    "middleware",
                    DEADLINE,
                    Timeouts::middleware,
                    Timeouts::withMiddleware,
                    "What one middleware may take until it goes on or answers; 500.")
            .optional(
                    "attempt",
                    DEADLINE,
                    Timeouts::attempt,
                    Timeouts::withAttempt,
                    "One attempt, from picking the target to the head of the answer; 504.")
            .optional(
                    "total",
                    DEADLINE,
                    Timeouts::total,
                    Timeouts::withTotal,
                    "The whole exchange; 504, or a cut stream once the response has begun.")
            .optional(
                    "idle",
                    DEADLINE,
                    Timeouts::idle,
                    Timeouts::withIdle,
                    "Between two reads or writes of a body, on either side; 408, 504 or a cut stream.")
            .optional(
                    "keepAlive",
                    DEADLINE,
                    Timeouts::keepAlive,
                    Timeouts::withKeepAlive,
                    "How long a client's connection without a request is kept.");

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
            .shorthand("url");

    private static final Type<Duration> LOOKS = Types.duration(Duration.ofMillis(100));

    static final Variants<TargetSource> TARGET_SOURCE = new Variants<TargetSource>(
                    "TargetSource", "Where a pool finds servers beside those that are configured.")
            .add(
                    TargetSource.File.class,
                    new ObjectType<TargetSource.File, TargetSource.File>(
                                    "file",
                                    "In a file, as a JSON list or one URL a line, whose changes are noticed.",
                                    TargetSource.file(""),
                                    values -> TargetSource.file(values.text("path")),
                                    one -> one)
                            .required("path", Syntax.FILE_PATH, TargetSource.File::path, "The path of the file.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.File::refresh,
                                    TargetSource.File::refresh,
                                    "The pause between two looks at it."))
            .add(
                    TargetSource.Dns.class,
                    new ObjectType<TargetSource.Dns, TargetSource.Dns>(
                                    "dns",
                                    "All addresses of a name.",
                                    TargetSource.dns(""),
                                    values -> TargetSource.dns(values.text("url")),
                                    one -> one)
                            .required(
                                    "url",
                                    Syntax.TARGET_URL,
                                    TargetSource.Dns::url,
                                    "`http://host[:port]` with the name and the port of every target.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.Dns::refresh,
                                    TargetSource.Dns::refresh,
                                    "The pause between two lookups."))
            .add(
                    TargetSource.Registered.class,
                    new ObjectType<TargetSource.Registered, TargetSource.Registered>(
                                    "ref",
                                    "By code that the program registered.",
                                    TargetSource.ref(""),
                                    values -> TargetSource.ref(values.text("name")),
                                    one -> one)
                            .required(
                                    "name",
                                    Syntax.NAME,
                                    TargetSource.Registered::name,
                                    "The name it is registered under.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.Registered::refresh,
                                    TargetSource.Registered::refresh,
                                    "The pause between two calls."));

    static final ObjectType<CircuitBreaker, CircuitBreaker.Builder> CIRCUIT_BREAKER = new ObjectType<
                    CircuitBreaker, CircuitBreaker.Builder>(
                    "CircuitBreaker",
                    "When to stop sending to what keeps failing, and when to try it again.",
                    CircuitBreaker.ofDefaults(),
                    values -> CircuitBreaker.builder(),
                    CircuitBreaker.Builder::build)
            .optional(
                    "failureRatePercent",
                    Types.integer(1, 100),
                    CircuitBreaker::failureRatePercent,
                    CircuitBreaker.Builder::failureRatePercent,
                    "The share of failures that opens it.")
            .optional(
                    "slowCallDuration",
                    DEADLINE,
                    CircuitBreaker::slowCallDuration,
                    CircuitBreaker.Builder::slowCallDuration,
                    "A call whose answer begins later is slow; `0s`: none is.")
            .optional(
                    "slowCallRatePercent",
                    Types.integer(1, 100),
                    CircuitBreaker::slowCallRatePercent,
                    CircuitBreaker.Builder::slowCallRatePercent,
                    "The share of slow calls that opens it.")
            .optional(
                    "window",
                    Types.duration(Duration.ofSeconds(1)),
                    CircuitBreaker::window,
                    CircuitBreaker.Builder::window,
                    "How far back it looks, in whole seconds up to `1h`; not used with `windowCalls`.")
            .optional(
                    "windowCalls",
                    Types.integer(0, 10_000),
                    CircuitBreaker::windowCalls,
                    CircuitBreaker.Builder::windowCalls,
                    "How many calls it looks back on; 0: those of `window`.")
            .optional(
                    "minimumCalls",
                    Types.integer(1),
                    CircuitBreaker::minimumCalls,
                    CircuitBreaker.Builder::minimumCalls,
                    "The calls it must have seen before it opens; not more than `windowCalls` where that is set.")
            .optional(
                    "openDuration",
                    Types.duration(Duration.ofMillis(10)),
                    CircuitBreaker::openDuration,
                    CircuitBreaker.Builder::openDuration,
                    "How long nothing is sent before the probes.")
            .optional(
                    "halfOpenCalls",
                    Types.integer(1, 1_000),
                    CircuitBreaker::halfOpenCalls,
                    CircuitBreaker.Builder::halfOpenCalls,
                    "The probes whose outcome closes it or opens it anew.")
            .rule(Model::checkCircuitBreaker);

    static final ObjectType<RetryPolicy, RetryPolicy.Builder> RETRY = new ObjectType<RetryPolicy, RetryPolicy.Builder>(
                    "RetryPolicy",
                    "Whether a failed attempt is followed by another one.",
                    RetryPolicy.ofDefaults(),
                    values -> RetryPolicy.builder(),
                    RetryPolicy.Builder::build)
            .optional(
                    "maxAttempts",
                    Types.integer(1, 10),
                    RetryPolicy::maxAttempts,
                    RetryPolicy.Builder::maxAttempts,
                    "Attempts for one request, the first included; 1: no retry.")
            .optional(
                    "on",
                    Types.mapped(
                            Types.list(Types.choice(RetryOn.class)),
                            list -> Set.copyOf(list),
                            set -> set.stream().sorted().toList()),
                    RetryPolicy::on,
                    (builder, set) -> builder.on(set.toArray(new RetryOn[0])),
                    "On what another attempt follows.")
            .optional(
                    "statuses",
                    STATUSES,
                    RetryPolicy::statuses,
                    (builder, set) -> builder.statuses(ints(set)),
                    "Statuses of answers on which another attempt follows.")
            .optional(
                    "safeMethodStatuses",
                    STATUSES,
                    RetryPolicy::safeMethodStatuses,
                    (builder, set) -> builder.safeMethodStatuses(ints(set)),
                    "The same, for GET, HEAD and OPTIONS only.")
            .optional(
                    "responseHeaders",
                    Types.list(Syntax.FIELD_NAME),
                    RetryPolicy::responseHeaders,
                    (builder, list) -> builder.responseHeaders(list.toArray(new String[0])),
                    "Fields of an answer whose presence asks for another attempt.")
            .optional(
                    "nonIdempotent",
                    Types.BOOLEAN,
                    RetryPolicy::nonIdempotent,
                    RetryPolicy.Builder::nonIdempotent,
                    "Whether requests such as POST are sent again though the target may have acted on them.")
            .optional(
                    "sameTarget",
                    Types.BOOLEAN,
                    RetryPolicy::sameTarget,
                    RetryPolicy.Builder::sameTarget,
                    "Whether a target is tried again when there is no other.")
            .optional(
                    "backoff",
                    DEADLINE,
                    RetryPolicy::backoff,
                    RetryPolicy.Builder::backoff,
                    "The longest pause before the second attempt; it doubles with each further one. `0s`: no pauses.")
            .optional(
                    "maxBackoff",
                    DEADLINE,
                    RetryPolicy::maxBackoff,
                    RetryPolicy.Builder::maxBackoff,
                    "The longest pause before any attempt.")
            .optional(
                    "maxRetryAfter",
                    DEADLINE,
                    RetryPolicy::maxRetryAfter,
                    RetryPolicy.Builder::maxRetryAfter,
                    "How long a Retry-After is waited for before the same target is tried again.")
            .optional(
                    "budgetPercent",
                    Types.integer(0, 100),
                    RetryPolicy::budgetPercent,
                    RetryPolicy.Builder::budgetPercent,
                    "Retries for a hundred requests to the pool, counted over ten seconds.")
            .optional(
                    "budgetFloor",
                    Types.integer(0),
                    RetryPolicy::budgetFloor,
                    RetryPolicy.Builder::budgetFloor,
                    "Retries in ten seconds that the budget allows in any case.")
            .optional(
                    "maxReplayBytes",
                    Types.integer(0),
                    RetryPolicy::maxReplayBytes,
                    RetryPolicy.Builder::maxReplayBytes,
                    "The most bytes of a request body that are kept for another attempt; 0: none.")
            .optional(
                    "attemptHeader",
                    Syntax.ADDED_FIELD,
                    policy -> policy.attemptHeader().orElse(null),
                    RetryPolicy.Builder::attemptHeader,
                    "The field that tells the target the number of the attempt; not sent if left out.")
            .optional(
                    "hedgeAfter",
                    DEADLINE,
                    RetryPolicy::hedgeAfter,
                    RetryPolicy.Builder::hedgeAfter,
                    "How long an answer is waited for before another target is asked as well; `0s`: never.")
            .rule((policy, place, context) -> {
                boolean broken = context.broken(place + ".backoff") || context.broken(place + ".maxBackoff");
                if (!broken && policy.maxBackoff().compareTo(policy.backoff()) < 0) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".maxBackoff",
                            Durations.format(policy.maxBackoff()),
                            "not below backoff, " + Durations.format(policy.backoff()));
                }
                if (policy.maxAttempts() == 1
                        && policy.hedgeAfter().compareTo(Duration.ZERO) > 0
                        && !context.broken(place + ".maxAttempts")) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".hedgeAfter",
                            Durations.format(policy.hedgeAfter()),
                            "0s with maxAttempts 1, as a second target is a second attempt");
                }
            });

    static final ObjectType<ConcurrencyLimit, ConcurrencyLimit> CONCURRENCY_LIMIT = new ObjectType<
                    ConcurrencyLimit, ConcurrencyLimit>(
                    "ConcurrencyLimit",
                    "How many requests may be under way to one server at once.",
                    ConcurrencyLimit.of(1),
                    values -> ConcurrencyLimit.of(values.get("max")),
                    limit -> limit)
            .required("max", Types.integer(1), ConcurrencyLimit::max, "The most requests.")
            .optional(
                    "min",
                    Types.integer(0),
                    ConcurrencyLimit::min,
                    (limit, min) -> new ConcurrencyLimit(limit.max(), min),
                    "Above 0, the limit follows what the server can do, between this and `max`.")
            .rule((limit, place, context) -> {
                String at = place + ".min";
                if (limit.min() > limit.max() && !context.broken(at) && !context.broken(place + ".max")) {
                    context.report("CONFLICT", at, String.valueOf(limit.min()), "<= max, which is " + limit.max());
                }
            });

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
                    TARGET_SOURCE,
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
                    CIRCUIT_BREAKER,
                    pool -> pool.circuitBreaker().orElse(null),
                    UpstreamPool.Builder::circuitBreaker,
                    "Answers at once with 503 while the whole pool fails; none if left out.")
            .optional(
                    "targetCircuitBreaker",
                    CIRCUIT_BREAKER,
                    pool -> pool.targetCircuitBreaker().orElse(null),
                    UpstreamPool.Builder::targetCircuitBreaker,
                    "Leaves out a server while it fails; none if left out.")
            .optional(
                    "targetConcurrency",
                    CONCURRENCY_LIMIT,
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
                    RETRY,
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

    static final Variants<Key> RATE_LIMIT_KEY = rateLimitKeys();

    static final ObjectType<Limit, Limit> LIMIT = new ObjectType<Limit, Limit>(
                    "Limit",
                    "So many requests in a time, and so many at once after a pause: a token bucket.",
                    Limit.of(1, Duration.ofSeconds(1)),
                    values -> Limit.of(values.get("permits"), values.get("period")),
                    limit -> limit)
            .required("permits", Types.integer(1), Limit::permits, "How many requests a period.")
            .required("period", ABOVE_ZERO, Limit::period, "The time.")
            .optional(
                    "burst",
                    Types.integer(1),
                    limit -> limit.burst() == limit.permits() ? null : (Integer) limit.burst(),
                    Limit::withBurst,
                    "How many may come at once after a pause; as many as in a period if left out.")
            .rule(RateLimitRules::checkLimit);

    static final ObjectType<RateLimit, RateLimit> RATE_LIMIT = new ObjectType<RateLimit, RateLimit>(
                    "rateLimit",
                    "Refuses requests beyond a limit with 429.",
                    RateLimit.of(List.of()),
                    values -> RateLimit.of(values.<List<Limit>>get("limits")),
                    rateLimit -> rateLimit)
            .required("limits", Types.list(LIMIT, 1, false), RateLimit::limits, "All of them must permit a request.")
            .optional(
                    "by",
                    Types.list(RATE_LIMIT_KEY),
                    RateLimit::keys,
                    (rateLimit, keys) -> rateLimit.by(keys),
                    "What tells requests apart that are counted by themselves; all together if left out.")
            .optional(
                    "missingKey",
                    Types.choice(MissingKey.class),
                    RateLimit::missingKey,
                    RateLimit::missingKey,
                    "What becomes of a request without the key.")
            .optional(
                    "exempt",
                    Types.list(Syntax.NETWORK),
                    RateLimit::exempt,
                    (rateLimit, networks) -> rateLimit.exempt(networks),
                    "The networks whose clients pass uncounted.")
            .optional(
                    "fields",
                    Types.choice(RateLimitFields.class),
                    RateLimit::fields,
                    RateLimit::fields,
                    "Which answers carry `RateLimit-Policy` and `RateLimit`.")
            .optional(
                    "dryRun",
                    Types.BOOLEAN,
                    RateLimit::dryRun,
                    RateLimit::dryRun,
                    "Whether it counts what it would refuse, and refuses nothing.")
            .optional(
                    "maxKeys",
                    Types.integer(1, 10_000_000),
                    RateLimit::maxKeys,
                    RateLimit::maxKeys,
                    "The most keys that are counted in this process at once, about 600 bytes each.")
            .optional(
                    "store",
                    Syntax.NAME,
                    rateLimit -> rateLimit.store().orElse(null),
                    RateLimit::store,
                    "The name of a registered store of counters; in this process if left out.")
            .rule(RateLimitRules::checkRateLimit);

    static final Variants<Middleware> MIDDLEWARE = new Variants<Middleware>(
                    "Middleware",
                    "Code around an exchange: a `ref` to what the program registered, or one of Fairlead's own.")
            .untagged(MiddlewareRef.class, MIDDLEWARE_REF)
            .add(RateLimit.class, RATE_LIMIT)
            .elseCode("registered middleware, referred to by Middleware.ref(name)");

    static final Variants<Transform> TRANSFORM = transforms();

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
                    "The Location field; `{name}` stands for a variable, `{path}`, `{query}` and `{host}` for those of the request;"
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
                    "Text, sent in UTF-8.");

    static final Type<Upstream> UPSTREAM = new DataOnly<>(
            Types.mapped(Syntax.NAME, UpstreamRef::new, UpstreamRef::name),
            UpstreamRef.class,
            "the name of a pool or of a registered handler, Upstream.ref(name)");

    static final ObjectType<Route, Route.Builder> ROUTE = new ObjectType<Route, Route.Builder>(
                    "Route",
                    "Which requests go where. One of `to`, `redirect` and `respond` is needed.",
                    Route.builder("").build(),
                    values -> Route.builder(values.text("id")),
                    Route.Builder::build)
            .required("id", Syntax.NAME, Route::id, "Unique; log and metrics show it.")
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
                    Types.list(TRANSFORM),
                    Route::transforms,
                    (builder, list) -> {
                        list.forEach(builder::transform);
                        return builder;
                    },
                    "Edits of what is forwarded and returned, in order.")
            .optional(
                    "to",
                    UPSTREAM,
                    route -> route.action().orElse(null) instanceof RouteAction.To to ? to.upstream() : null,
                    Route.Builder::to,
                    "The name of a pool, or of a handler that the program registered.")
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
                    new RouteTimeouts(),
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
                    RETRY,
                    route -> route.retry().orElse(null),
                    Route.Builder::retry,
                    "Its own retries; the budget stays the pool's. The pool's if left out.")
            .notBoth("to", "redirect", "respond")
            .rule((route, place, context) -> {
                boolean broken = context.broken(place + ".to")
                        || context.broken(place + ".redirect")
                        || context.broken(place + ".respond");
                if (route.action().isEmpty() && !broken) {
                    context.report(
                            "MISSING",
                            place,
                            "route " + Context.quote(route.id()) + " without action",
                            "one of: to, redirect, respond");
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
                    new ProxyTimeouts(),
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

    private static int[] ints(Set<Integer> set) {
        return set.stream().mapToInt(Integer::intValue).toArray();
    }

    private static <A extends RouteAction> @Nullable A action(Route route, Class<A> type) {
        RouteAction action = route.action().orElse(null);
        return type.isInstance(action) ? type.cast(action) : null;
    }

    private static Variants<Key> rateLimitKeys() {
        return new Variants<Key>("RateLimitKey", "What tells requests apart for a rate limit.")
                .add(
                        Key.ClientAddress.class,
                        new ObjectType<Key.ClientAddress, Key.ClientAddress>(
                                        "clientAddress",
                                        "The client's address or network.",
                                        new Key.ClientAddress(32, 64),
                                        values -> new Key.ClientAddress(
                                                values.get("ipv4Prefix"), values.get("ipv6Prefix")),
                                        key -> key)
                                .defaulted(
                                        "ipv4Prefix",
                                        Types.integer(1, 32),
                                        Key.ClientAddress::ipv4Prefix,
                                        "The bits of an IPv4 address that count.")
                                .defaulted(
                                        "ipv6Prefix",
                                        Types.integer(1, 128),
                                        Key.ClientAddress::ipv6Prefix,
                                        "The bits of an IPv6 address that count."))
                .add(
                        Key.Header.class,
                        named("header", "A request header field.", Syntax.TOKEN, Key.Header::new, Key.Header::name))
                .add(Key.Cookie.class, named("cookie", "A cookie.", Syntax.TOKEN, Key.Cookie::new, Key.Cookie::name))
                .add(
                        Key.Query.class,
                        named("query", "A query parameter.", Syntax.TEXT, Key.Query::new, Key.Query::name))
                .add(
                        Key.PathVariable.class,
                        named(
                                "pathVariable",
                                "What the route's match captured.",
                                Syntax.NAME,
                                Key.PathVariable::new,
                                Key.PathVariable::name))
                .add(
                        Key.Route.class,
                        new ObjectType<>(
                                "route", "The route.", Key.Route.INSTANCE, values -> Key.Route.INSTANCE, key -> key));
    }

    private static <K> ObjectType<K, K> named(
            String type, String doc, Type<String> syntax, Function<String, K> make, Function<K, String> name) {
        return new ObjectType<K, K>(type, doc, make.apply(""), values -> make.apply(values.text("name")), key -> key)
                .required("name", syntax, name, "Its name.");
    }

    private static Variants<Transform> transforms() {
        Variants<Transform> table = new Variants<>(
                "Transform",
                "An edit of the request on its way upstream or of the response on its way back. In values `{name}` stands"
                        + " for a variable of the match.");
        table.add(
                Transform.SetPath.class,
                new ObjectType<Transform.SetPath, Transform.SetPath>(
                                "setPath",
                                "Replaces the path; the query stays.",
                                new Transform.SetPath("/"),
                                values -> new Transform.SetPath(values.text("path")),
                                one -> one)
                        .required("path", Syntax.PATH, Transform.SetPath::path, "The new path, with variables."));
        table.add(
                Transform.StripPrefix.class,
                new ObjectType<Transform.StripPrefix, Transform.StripPrefix>(
                                "stripPrefix",
                                "Removes a prefix of whole segments, if it is there.",
                                new Transform.StripPrefix("/"),
                                values -> new Transform.StripPrefix(values.text("prefix")),
                                one -> one)
                        .required(
                                "prefix",
                                Syntax.PATH,
                                Transform.StripPrefix::prefix,
                                "The prefix, of whole segments."));
        table.add(
                Transform.AddPrefix.class,
                new ObjectType<Transform.AddPrefix, Transform.AddPrefix>(
                                "addPrefix",
                                "Puts something before the path.",
                                new Transform.AddPrefix("/"),
                                values -> new Transform.AddPrefix(values.text("prefix")),
                                one -> one)
                        .required("prefix", Syntax.PATH, Transform.AddPrefix::prefix, "The prefix, with variables."));
        table.add(
                Transform.PathRegex.class,
                new ObjectType<Transform.PathRegex, Transform.PathRegex>(
                                "pathRegex",
                                "Replaces each match in the raw path.",
                                new Transform.PathRegex("", ""),
                                values -> new Transform.PathRegex(values.text("regex"), values.text("replacement")),
                                one -> one)
                        .required("regex", Syntax.EXPRESSION, Transform.PathRegex::regex, "What to look for.")
                        .required(
                                "replacement",
                                Syntax.ANY_TEXT,
                                Transform.PathRegex::replacement,
                                "With `$1` or `${name}` for groups."));
        table.add(
                Transform.PathTemplate.class,
                new ObjectType<Transform.PathTemplate, Transform.PathTemplate>(
                                "pathTemplate",
                                "Rewrites a path that fits a template, such as `/api/{id}/**`, to another one.",
                                new Transform.PathTemplate("", ""),
                                values ->
                                        new Transform.PathTemplate(values.text("template"), values.text("replacement")),
                                one -> one)
                        .required("template", Syntax.PATH, Transform.PathTemplate::template, "As the path of a match.")
                        .required(
                                "replacement",
                                Syntax.PATH,
                                Transform.PathTemplate::replacement,
                                "With variables of the template and the match, and `**` at its end."));
        query(table, "setQuery", Edit.SET, "Sets a query parameter in place of those of its name.");
        query(table, "addQuery", Edit.ADD, "Adds a query parameter.");
        query(table, "removeQuery", Edit.REMOVE, "Removes the query parameters of a name.");
        header(
                table,
                "setRequestHeader",
                Part.REQUEST,
                Edit.SET,
                "Sets a request header field in place of those of its name.");
        header(table, "addRequestHeader", Part.REQUEST, Edit.ADD, "Adds a request header field.");
        header(table, "removeRequestHeader", Part.REQUEST, Edit.REMOVE, "Removes the request header fields of a name.");
        header(
                table,
                "setRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.SET,
                "Sets a request trailer field in place of those of its name; a body is sent chunked then.");
        header(
                table,
                "addRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.ADD,
                "Adds a request trailer field; a body is sent chunked then.");
        header(
                table,
                "removeRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.REMOVE,
                "Removes the request trailer fields of a name.");
        header(
                table,
                "setResponseHeader",
                Part.RESPONSE,
                Edit.SET,
                "Sets a response header field in place of those of its name.");
        header(table, "addResponseHeader", Part.RESPONSE, Edit.ADD, "Adds a response header field.");
        header(
                table,
                "removeResponseHeader",
                Part.RESPONSE,
                Edit.REMOVE,
                "Removes the response header fields of a name.");
        header(
                table,
                "setResponseTrailer",
                Part.RESPONSE_TRAILER,
                Edit.SET,
                "Sets a response trailer field in place of those of its name.");
        header(table, "addResponseTrailer", Part.RESPONSE_TRAILER, Edit.ADD, "Adds a response trailer field.");
        header(
                table,
                "removeResponseTrailer",
                Part.RESPONSE_TRAILER,
                Edit.REMOVE,
                "Removes the response trailer fields of a name.");
        table.add(
                Transform.RewriteLocation.class,
                new ObjectType<Transform.RewriteLocation, Transform.RewriteLocation>(
                                "rewriteLocation",
                                "Rewrites the beginning of Location and Content-Location fields.",
                                new Transform.RewriteLocation("", ""),
                                values -> new Transform.RewriteLocation(values.text("from"), values.text("to")),
                                one -> one)
                        .required("from", Syntax.ANY_TEXT, Transform.RewriteLocation::from, "The beginning to replace.")
                        .required("to", Syntax.ANY_TEXT, Transform.RewriteLocation::to, "What stands there instead."));
        cookie(
                table,
                "rewriteCookieDomain",
                CookieAttribute.DOMAIN,
                Syntax.COOKIE_DOMAIN,
                "Rewrites the Domain attribute of Set-Cookie fields.",
                "The domain to replace, without leading dot; `*` for any.",
                "The new domain; empty removes the attribute.");
        cookie(
                table,
                "rewriteCookiePath",
                CookieAttribute.PATH,
                Syntax.PATH,
                "Rewrites the beginning of the Path attribute of Set-Cookie fields.",
                "The beginning to replace.",
                "What stands there instead.");
        body(
                table,
                "requestBody",
                Part.REQUEST,
                "Replaces the request body by what a registered function makes of it.");
        body(
                table,
                "responseBody",
                Part.RESPONSE,
                "Replaces the response body by what a registered function makes of it.");
        return table.rule(Model::checkTransform);
    }

    /** The URL tells targets apart. */
    private static void checkPool(UpstreamPool pool, String place, Context context) {
        boolean broken = context.broken(place + ".targets") || context.broken(place + ".targetSource");
        if (pool.targets().isEmpty() && pool.targetSource().isEmpty() && !broken) {
            context.report("MISSING", place + ".targets", "missing", "list of Target, or a targetSource");
        }
        boolean moved = context.moved(place + ".targets");
        Set<String> urls = new HashSet<>();
        for (int i = 0; i < pool.targets().size(); i++) {
            String url = pool.targets().get(i).url();
            String at = place + ".targets[" + i + "].url";
            // Scheme and host are the same in any case, and so is the default port (RFC 9110 §4.2.3).
            String lower = url.toLowerCase(Locale.ROOT);
            String same = lower.endsWith(":80") ? lower.substring(0, lower.length() - 3) : lower;
            if (!urls.add(same) && !moved && !context.broken(at)) {
                context.report("DUPLICATE", at, Context.quote(url), "a URL other than those before it");
            }
        }
    }

    /** The rules of the edits themselves, which the room of the transforms knows. */
    private static void checkTransform(Transform transform, String place, Context context) {
        if (transform instanceof Transform.PathRegex && context.brokenWithin(place)) {
            // What could not be read is empty, and the replacement would not fit that.
            return;
        }
        String prefix = "transforms";
        for (Problem problem : TransformPlan.problems(List.of(transform), prefix)) {
            String at = place + problem.place().substring((prefix + "[0]").length());
            JsonNode value = TRANSFORM
                    .write(transform, context)
                    .path(problem.place().substring(problem.place().lastIndexOf('.') + 1));
            if (!context.broken(at)) {
                // The value is taken from what would be written, where a secret is its placeholder.
                String shown = value.isString() ? Context.quote(value.stringValue()) : problem.value();
                context.report(problem.code(), at, shown, problem.expectation());
            }
        }
    }

    private static void checkCircuitBreaker(CircuitBreaker breaker, String place, Context context) {
        Duration window = breaker.window();
        String at = place + ".window";
        if (!context.broken(at) && (window.toNanosPart() != 0 || window.compareTo(Duration.ofHours(1)) > 0)) {
            context.report("OUT_OF_RANGE", at, Durations.format(window), "whole seconds, at most 1h");
        }
        int calls = breaker.windowCalls();
        String minimum = place + ".minimumCalls";
        if (calls > 0 && breaker.minimumCalls() > calls && !context.broken(minimum)) {
            context.report(
                    "CONFLICT", minimum, String.valueOf(breaker.minimumCalls()), "<= windowCalls, which is " + calls);
        }
    }

    private static void query(Variants<Transform> table, String name, Edit edit, String doc) {
        ObjectType<Query, Query> type = new ObjectType<Query, Query>(
                        name,
                        doc,
                        new Query(edit, "", ""),
                        values -> new Query(edit, values.text("name"), edit == Edit.REMOVE ? "" : values.text("value")),
                        one -> one)
                .required("name", Syntax.ANY_TEXT, Query::name, "The parameter, decoded.");
        if (edit != Edit.REMOVE) {
            type.required("value", Syntax.ANY_TEXT, Query::value, "Decoded, with variables.");
        }
        table.add(
                Query.class,
                type,
                one -> one.edit() == edit && (edit != Edit.REMOVE || one.value().isEmpty()));
    }

    private static void header(Variants<Transform> table, String name, Part part, Edit edit, String doc) {
        ObjectType<Header, Header> type = new ObjectType<Header, Header>(
                        name,
                        doc,
                        new Header(part, edit, "", ""),
                        values -> new Header(
                                part, edit, values.text("name"), edit == Edit.REMOVE ? "" : values.text("value")),
                        one -> one)
                .required("name", Syntax.FIELD, Header::name, "The field.");
        if (edit != Edit.REMOVE) {
            type.required("value", Syntax.ANY_TEXT, Header::value, "With variables.");
        }
        table.add(
                Header.class,
                type,
                one -> one.part() == part
                        && one.edit() == edit
                        && (edit != Edit.REMOVE || one.value().isEmpty()));
    }

    private static void cookie(
            Variants<Transform> table,
            String name,
            CookieAttribute attribute,
            Type<String> from,
            String doc,
            String fromDoc,
            String toDoc) {
        table.add(
                RewriteCookie.class,
                new ObjectType<RewriteCookie, RewriteCookie>(
                                name,
                                doc,
                                new RewriteCookie(attribute, "", ""),
                                values -> new RewriteCookie(attribute, values.text("from"), values.text("to")),
                                one -> one)
                        .required("from", from, RewriteCookie::from, fromDoc)
                        .required("to", Syntax.ANY_TEXT, RewriteCookie::to, toDoc),
                one -> one.attribute() == attribute);
    }

    private static void body(Variants<Transform> table, String name, Part part, String doc) {
        table.add(
                BodyEdit.class,
                new ObjectType<BodyEdit, BodyEdit>(
                                name,
                                doc,
                                new BodyEdit(part, "", 1),
                                values -> new BodyEdit(part, values.text("name"), values.get("maxBytes")),
                                one -> one)
                        .required(
                                "name", Syntax.NAME, BodyEdit::name, "The name that the function is registered under.")
                        .required(
                                "maxBytes",
                                Types.integer(1),
                                BodyEdit::maxBytes,
                                "The longest body that is held in memory for it."),
                one -> one.part() == part);
    }

    /** Remembers the proxy's deadlines for the routes, which come later in the table. */
    private static final class ProxyTimeouts extends Delegate<Timeouts> {
        @Override
        Timeouts read(JsonNode json, String place, Context context) {
            Timeouts timeouts = TIMEOUTS.read(json, place, context);
            context.inherit(timeouts);
            return timeouts;
        }

        @Override
        JsonNode write(Timeouts value, Context context) {
            return TIMEOUTS.write(value, context);
        }

        @Override
        Type<Timeouts> type() {
            return TIMEOUTS;
        }
    }

    /** What a route leaves out is as in the proxy's, so that {@code total} holds for all routes but where it is changed. */
    private static final class RouteTimeouts extends Delegate<Timeouts> {
        @Override
        Timeouts read(JsonNode json, String place, Context context) {
            return TIMEOUTS.read(json, place, context, context.timeouts(), null);
        }

        @Override
        JsonNode write(Timeouts value, Context context) {
            return TIMEOUTS.write(value, context, context.timeouts());
        }

        @Override
        Type<Timeouts> type() {
            return TIMEOUTS;
        }
    }

    private abstract static class Delegate<T> extends Type<T> {
        abstract Type<T> type();

        @Override
        void check(T value, String place, Context context) {
            type().check(value, place, context);
        }

        @Override
        ObjectNode schema(ConfigSchema.Definitions definitions) {
            return type().schema(definitions);
        }

        @Override
        String label() {
            return type().label();
        }
    }

    /** One of the forms that an interface of the API has is data; the others hold code and are reported. */
    private static final class DataOnly<T, D extends T> extends Type<T> {
        private final Type<D> type;
        private final Class<D> data;
        private final String expectation;

        DataOnly(Type<D> type, Class<D> data, String expectation) {
            this.type = type;
            this.data = data;
            this.expectation = expectation;
        }

        @Override
        @Nullable
        T read(JsonNode json, String place, Context context) {
            return type.read(json, place, context);
        }

        @Override
        JsonNode write(T value, Context context) {
            return data.isInstance(value)
                    ? type.write(data.cast(value), context)
                    : JsonTree.NODES.stringNode(String.valueOf(value));
        }

        @Override
        void check(T value, String place, Context context) {
            if (data.isInstance(value)) {
                type.check(data.cast(value), place, context);
            } else {
                context.report("NOT_DATA", place, Context.abbreviate(String.valueOf(value)), expectation);
            }
        }

        @Override
        ObjectNode schema(ConfigSchema.Definitions definitions) {
            return type.schema(definitions);
        }

        @Override
        String label() {
            return type.label();
        }
    }

    /** Every object of the table in the order of the documentation. */
    static List<ObjectType<?, ?>> objects() {
        return List.of(
                CONFIG,
                LISTENER,
                LIMITS,
                TIMEOUTS,
                POOL,
                TARGET,
                RETRY,
                CIRCUIT_BREAKER,
                CONCURRENCY_LIMIT,
                HealthTypes.OUTLIER_DETECTION,
                ROUTE,
                REDIRECT,
                RESPOND,
                LIMIT);
    }
}
