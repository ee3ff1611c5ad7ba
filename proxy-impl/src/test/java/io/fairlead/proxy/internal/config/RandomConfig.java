package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.Middleware;
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
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.tls.UpstreamTls;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.HostPolicy;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

/** Draws configurations that a proxy could run, with every setting of the API now and then. */
final class RandomConfig {
    /** From files, since a secret that is given as it is cannot be written. */
    private static final List<String> SECRETS = List.of(secret("a"), secret("b"), secret("c"));

    private static final Path PAGE = page();

    private final Random random;

    RandomConfig(Random random) {
        this.random = random;
    }

    private static String secret(String of) {
        try {
            Path file = Files.createTempFile("fairlead-secret", ".txt");
            file.toFile().deleteOnExit();
            Files.writeString(file, of.repeat(32));
            return Objects.requireNonNull(Placeholders.ofProcess().resolve("${file:" + file + "}", "", new Context()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path page() {
        try {
            Path file = Files.createTempFile("page", ".html");
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ProxyConfig config() {
        ProxyConfig.Builder config = ProxyConfig.builder();
        for (int i = random.nextInt(3); i > 0; i--) {
            config.listener(listener(20_000 + i));
        }
        int pools = 1 + random.nextInt(3);
        for (int i = 0; i < pools; i++) {
            config.pool(pool("pool " + i));
        }
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            config.route(route("route-" + i, pools));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            config.errorPage(errorPage());
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            config.middleware(middleware(Set.of()));
        }
        sometimes(() -> config.timeouts(timeouts()));
        sometimes(() -> config.forwardedHeaders(one(ForwardedHeaders.values())));
        sometimes(() -> config.via(random.nextBoolean()));
        sometimes(() -> config.failureHeader(random.nextBoolean()));
        sometimes(() -> {
            Duration delay = duration();
            config.stopDelay(delay).stopTimeout(delay.plus(duration()).plusMillis(1));
        });
        sometimes(() -> config.maxReplayMemoryBytes(random.nextInt(1_000_000)));
        sometimes(() -> config.maxConcurrentRequests(random.nextInt(1_000_000)));
        sometimes(() -> config.zone("eu-1a"));
        return config.build();
    }

    private Listener listener(int port) {
        Listener.Builder listener = Listener.builder(one("0.0.0.0", "127.0.0.1", "::1", "localhost"), port);
        sometimes(() -> listener.limits(limits()));
        sometimes(() -> listener.trustedProxies(new TrustedProxies(some(this::network))));
        sometimes(() -> listener.halfClose(random.nextBoolean()));
        return listener.build();
    }

    private Limits limits() {
        return new Limits(
                1 + random.nextInt(100_000),
                random.nextInt(1_000),
                64 + random.nextInt(1_000),
                256 + random.nextInt(60_000),
                8 + random.nextInt(900),
                one(0L, 1L, Long.MAX_VALUE),
                random.nextInt(1_000));
    }

    private Timeouts timeouts() {
        return new Timeouts(
                duration(), duration(), duration(), duration(), duration(), duration(), duration(), duration());
    }

    private UpstreamPool pool(String name) {
        UpstreamPool.Builder pool = UpstreamPool.builder(name);
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            Target.Builder target =
                    Target.builder(one("http://10.0.0.", "http://[::1]:8", "http://my_service.local:808") + i);
            sometimes(() -> target.weight(random.nextInt(65_536)));
            sometimes(() -> target.priority(random.nextInt(128)));
            sometimes(() -> target.zone(one("eu-1a", "eu-1b")));
            pool.target(target.build());
        }
        sometimes(() -> pool.loadBalancer(loadBalancer()));
        sometimes(() -> pool.spillOverThreshold(random.nextInt(101)));
        sometimes(() -> pool.zonePreference(
                new ZonePreference(random.nextBoolean(), random.nextInt(101), 1 + random.nextInt(10))));
        sometimes(() -> pool.stickySession(stickySession()));
        sometimes(() -> pool.healthCheck(healthCheck()));
        sometimes(() -> pool.outlierDetection(outlierDetection()));
        sometimes(() -> pool.panicThreshold(random.nextInt(101)));
        sometimes(() -> pool.slowStart(duration()));
        sometimes(() -> pool.targetSource(one(
                        TargetSource.file("targets.json"),
                        TargetSource.dns("http://catalog.local:8080"),
                        dnsRecords(),
                        TargetSource.ref(name()))
                .refresh(duration().plusMillis(100))));
        sometimes(() -> pool.hostPolicy(one(HostPolicy.values())));
        sometimes(() -> pool.maxConnectionsPerTarget(1 + random.nextInt(5_000)));
        sometimes(() -> pool.maxQueued(random.nextInt(5_000)));
        sometimes(() -> pool.queueTimeout(duration().plusMillis(1)));
        sometimes(() -> pool.idleTimeout(duration().plusMillis(1)));
        sometimes(() -> pool.maxAge(duration()));
        sometimes(() -> pool.dnsRefresh(duration().plusSeconds(1)));
        sometimes(() -> pool.maxResponseHeaderBytes(1_024 + random.nextInt(60_000)));
        sometimes(() -> pool.circuitBreaker(circuitBreaker()));
        sometimes(() -> pool.targetCircuitBreaker(circuitBreaker()));
        sometimes(() -> pool.retry(retry()));
        sometimes(() -> pool.targetConcurrency(
                random.nextBoolean() ? ConcurrencyLimit.of(1 + random.nextInt(9)) : ConcurrencyLimit.adaptive(2, 100)));
        sometimes(() -> pool.maxConcurrentRequests(random.nextInt(5_000)));
        return pool.build();
    }

    private TargetSource dnsRecords() {
        TargetSource.DnsRecords records = random.nextBoolean()
                ? TargetSource.srv("_http._tcp.catalog.local")
                : TargetSource.dnsRecords("http://catalog.local:8080");
        if (random.nextBoolean()) {
            records = records.resolver("10.0.0.53").resolver("[::1]:5353");
        }
        // Above any of the pauses drawn for the shortest.
        records = records.maxRefresh(Duration.ofDays(1_000).plus(duration()));
        if (random.nextBoolean()) {
            records = records.timeout(Duration.ofMillis(1 + random.nextInt(60_000)));
        }
        return random.nextBoolean() ? records : records.maxTargets(1 + random.nextInt(4_096));
    }

    private CircuitBreaker circuitBreaker() {
        CircuitBreaker.Builder breaker = CircuitBreaker.builder();
        sometimes(() -> breaker.failureRatePercent(1 + random.nextInt(100)));
        sometimes(() -> breaker.slowCallDuration(duration()));
        sometimes(() -> breaker.slowCallRatePercent(1 + random.nextInt(100)));
        sometimes(() -> breaker.window(Duration.ofSeconds(1 + random.nextInt(3_600))));
        sometimes(() -> breaker.windowCalls(100 + random.nextInt(1_000)));
        sometimes(() -> breaker.minimumCalls(1 + random.nextInt(100)));
        sometimes(() -> breaker.openDuration(duration().plusMillis(10)));
        sometimes(() -> breaker.halfOpenCalls(1 + random.nextInt(100)));
        return breaker.build();
    }

    private HealthCheck healthCheck() {
        boolean http = random.nextBoolean();
        boolean tls = http && random.nextBoolean();
        String path = one("/", "/healthz?full=1");
        HealthCheck.Builder check =
                tls ? HealthCheck.httpsBuilder(path) : http ? HealthCheck.builder(path) : HealthCheck.tcpBuilder();
        if (tls) {
            UpstreamTls.Builder trust = UpstreamTls.builder();
            sometimes(() -> trust.serverName("shop.example.com"));
            sometimes(() -> trust.verifyCertificate(false));
            check.tls(trust.build());
        }
        if (http) {
            sometimes(() -> check.method(one("HEAD", "OPTIONS")));
            sometimes(() -> check.host(one("shop.example.com", "[::1]:80")));
            sometimes(() -> check.header("X-" + name(), fieldValue()));
            sometimes(() -> check.expectStatus(200, 399).expectStatus(401));
            sometimes(() -> check.method("GET").expectedBody(text()));
            sometimes(() -> check.maxBodyBytes(100 + random.nextInt(65_000)));
        }
        sometimes(() -> check.port(random.nextInt(65_536)));
        Duration timeout = duration().plusMillis(1);
        check.interval(timeout.plus(duration()).plusMillis(10));
        sometimes(() -> check.timeout(timeout));
        sometimes(() -> check.jitterPercent(random.nextInt(51)));
        sometimes(() -> check.rise(1 + random.nextInt(10)).fall(1 + random.nextInt(10)));
        sometimes(() -> check.transitionInterval(duration()));
        sometimes(() -> check.unhealthyInterval(duration()));
        sometimes(() -> check.minUnhealthy(duration()));
        sometimes(() -> check.usableBeforeFirstCheck(random.nextBoolean()));
        sometimes(() -> check.warmUp(duration()));
        return check.build();
    }

    private OutlierDetection outlierDetection() {
        OutlierDetection.Builder detection = OutlierDetection.builder();
        sometimes(() -> detection.consecutive5xx(random.nextInt(100)));
        sometimes(() -> detection.consecutiveGatewayErrors(random.nextInt(100)));
        sometimes(() -> detection.consecutiveLocalOriginFailures(random.nextInt(100)));
        sometimes(() -> detection.successRateDeviation(random.nextInt(10_000)));
        sometimes(() -> detection.successRateMinTargets(2 + random.nextInt(10)));
        sometimes(() -> detection.successRateMinRequests(1 + random.nextInt(100)));
        sometimes(() -> detection.failurePercentage(random.nextInt(101)));
        sometimes(() -> detection.failurePercentageMinTargets(1 + random.nextInt(10)));
        sometimes(() -> detection.failurePercentageMinRequests(1 + random.nextInt(100)));
        sometimes(() -> detection.interval(duration().plusMillis(100)));
        Duration base = duration().plusMillis(1);
        sometimes(() -> detection.baseEjectionTime(base).maxEjectionTime(base.plus(duration())));
        sometimes(() -> detection.maxEjectionPercent(random.nextInt(101)));
        sometimes(() -> detection.earlyReturn(one(OutlierDetection.EarlyReturn.values())));
        return detection.build();
    }

    private RetryPolicy retry() {
        RetryPolicy.Builder retry = RetryPolicy.builder();
        sometimes(() -> retry.maxAttempts(1 + random.nextInt(10)));
        sometimes(() -> retry.on(some(() -> one(RetryOn.values())).toArray(new RetryOn[0])));
        sometimes(() -> retry.statuses(random.ints(random.nextInt(3), 400, 600).toArray()));
        sometimes(() -> retry.safeMethodStatuses(500));
        sometimes(() -> retry.responseHeaders("X-" + name()));
        sometimes(() -> retry.nonIdempotent(random.nextBoolean()));
        sometimes(() -> retry.sameTarget(random.nextBoolean()));
        sometimes(() -> retry.backoff(Duration.ofMillis(random.nextInt(250))));
        sometimes(() -> retry.maxBackoff(duration().plusMillis(250)));
        sometimes(() -> retry.maxRetryAfter(duration()));
        sometimes(() -> retry.budgetPercent(random.nextInt(101)));
        sometimes(() -> retry.budgetFloor(random.nextInt(100)));
        sometimes(() -> retry.maxReplayBytes(random.nextInt(100_000)));
        sometimes(() -> retry.attemptHeader("X-Try-" + name()));
        sometimes(() -> retry.maxAttempts(2 + random.nextInt(9)).hedgeAfter(duration()));
        return retry.build();
    }

    private LoadBalancer loadBalancer() {
        return switch (random.nextInt(4)) {
            case 0 -> LoadBalancer.ref(name());
            case 1 -> LoadBalancer.consistentHash(hashKey());
            case 2 ->
                LoadBalancer.consistentHash(hashKey(), hashKey(), hashKey())
                        .withBalanceFactor(one(0, 101, 125, 10_000));
            default -> one(LoadBalancer.Strategy.values());
        };
    }

    private StickySession stickySession() {
        List<String> accepted = some(() -> one(SECRETS.subList(1, 3).toArray(new String[0]))).stream()
                .distinct()
                .toList();
        StickySession.WhenUnavailable policy = one(StickySession.WhenUnavailable.values());
        if (random.nextBoolean()) {
            return new StickySession.Header("X-" + name(), SECRETS.get(0), accepted, policy);
        }
        StickySession.Cookie cookie = StickySession.cookie(name(), SECRETS.get(0))
                .withAcceptedSecrets(accepted)
                .withWhenUnavailable(policy)
                .withPath(one("/", "/shop"))
                .withHttpOnly(random.nextBoolean())
                .withSecure(one(StickySession.Secure.values()))
                .withSameSite(one(StickySession.SameSite.LAX, StickySession.SameSite.STRICT));
        cookie = random.nextBoolean() ? cookie.withDomain("example.com") : cookie;
        cookie = random.nextBoolean()
                ? cookie.withSecure(StickySession.Secure.ALWAYS).withSameSite(StickySession.SameSite.NONE)
                : cookie;
        return random.nextBoolean() ? cookie.withMaxAge(Duration.ofSeconds(1 + random.nextInt(100_000))) : cookie;
    }

    private HashKey hashKey() {
        return switch (random.nextInt(5)) {
            case 0 -> HashKey.header(name());
            case 1 -> HashKey.cookie(name());
            case 2 -> HashKey.query(one("q p", "user"));
            case 3 -> HashKey.attribute(one("user id", "tenant"));
            default -> HashKey.clientAddress();
        };
    }

    private Middleware middleware(Set<String> variables) {
        return random.nextBoolean() ? Middleware.ref(name()) : rateLimit(variables);
    }

    private RateLimit rateLimit(Set<String> variables) {
        List<Limit> limits = new ArrayList<>();
        for (Duration period : List.of(duration().plusMillis(1), Duration.ofDays(30))) {
            Limit limit = Limit.of(1 + random.nextInt(1_000), period);
            limits.add(random.nextBoolean() ? limit : limit.withBurst(1 + random.nextInt(1_000)));
        }
        RateLimit rateLimit = RateLimit.of(limits.subList(0, 1 + random.nextInt(2)));
        if (random.nextBoolean()) {
            rateLimit = rateLimit.by(keys(variables));
        }
        if (random.nextBoolean()) {
            rateLimit = rateLimit.missingKey(one(MissingKey.values()));
        }
        if (random.nextBoolean()) {
            rateLimit = rateLimit.exempt(some(this::network));
        }
        if (random.nextBoolean()) {
            rateLimit = rateLimit.fields(one(RateLimitFields.values()));
        }
        if (random.nextBoolean()) {
            rateLimit = rateLimit.dryRun(random.nextBoolean()).maxKeys(1 + random.nextInt(1_000_000));
        }
        return random.nextBoolean() ? rateLimit : rateLimit.store(name());
    }

    private List<Key> keys(Set<String> variables) {
        List<Key> keys = new ArrayList<>();
        sometimes(() -> keys.add(
                random.nextBoolean()
                        ? Key.clientAddress()
                        : Key.clientAddress(1 + random.nextInt(32), 1 + random.nextInt(128))));
        sometimes(() -> keys.add(Key.header(name())));
        sometimes(() -> keys.add(Key.cookie(name())));
        sometimes(() -> keys.add(Key.query(one("q p", "user"))));
        sometimes(() -> keys.add(Key.route()));
        variables.forEach(variable -> sometimes(() -> keys.add(Key.pathVariable(variable))));
        Collections.shuffle(keys, random);
        return keys;
    }

    private Route route(String id, int pools) {
        Match match = match(3);
        Set<String> variables = RouteTable.variables(match);
        Route.Builder route = Route.builder(id).match(match);
        sometimes(() -> route.order(random.nextInt()));
        for (int i = random.nextInt(3); i > 0; i--) {
            route.middleware(middleware(variables == null ? Set.of() : variables));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            route.transform(transform());
        }
        switch (random.nextInt(4)) {
            case 3 -> route.split(split(pools));
            case 0 -> route.redirect(one(301, 302, 303, 307, 308), "/there" + fieldValue());
            case 1 -> {
                Map<String, String> headers = new LinkedHashMap<>();
                sometimes(() -> headers.put("X-" + name(), fieldValue()));
                sometimes(() -> headers.put("Content-Type", "text/html"));
                int status = 200 + random.nextInt(400);
                route.action(new RouteAction.Respond(status, headers, body(status)));
            }
            default -> {
                route.to(Upstream.ref("pool " + random.nextInt(pools)));
                for (int i = random.nextInt(3); i > 0; i--) {
                    route.fallback(fallback(pools));
                }
            }
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            route.errorPage(errorPage());
        }
        sometimes(() -> route.timeouts(timeouts()));
        sometimes(() -> route.timeouts(Timeouts.ofDefaults().withTotal(duration())));
        sometimes(() -> route.maxBodyBytes(random.nextInt(100_000)));
        sometimes(() -> route.retry(
                retry().toBuilder().budgetPercent(20).budgetFloor(10).build()));
        return route.build();
    }

    private Split split(int pools) {
        Split.Builder split = Split.builder();
        int shares = 1 + random.nextInt(pools);
        for (int i = 0; i < shares; i++) {
            split.share(Upstream.ref("pool " + i), i == 0 ? 1 + random.nextInt(1_000_000) : random.nextInt(1_000_001));
        }
        if (random.nextBoolean()) {
            sometimes(() -> split.stickyBy(hashKey(), hashKey()));
        } else {
            sometimes(() -> split.stickyCookie(name(), Duration.ofSeconds(random.nextInt(100_000))));
        }
        sometimes(() -> split.overrideHeader("X-" + name(), "always", Upstream.ref("pool " + random.nextInt(shares))));
        sometimes(() -> split.overrideCookie("o-" + name(), "a=\"b\"", Upstream.ref("pool " + random.nextInt(shares))));
        sometimes(() -> split.salt(name()));
        return split.build();
    }

    private Fallback fallback(int pools) {
        Fallback fallback = switch (random.nextInt(3)) {
            case 0 -> Fallback.to(Upstream.ref("pool " + random.nextInt(pools)));
            case 1 -> Fallback.redirect(one(302, 307), "/sorry" + fieldValue());
            default -> {
                int status = 200 + random.nextInt(400);
                yield Fallback.respond(status, body(status));
            }
        };
        if (random.nextBoolean()) {
            fallback = fallback.onStatus(404).onStatus(new StatusRange(500, 599));
        }
        return random.nextBoolean()
                ? fallback
                : fallback.onFailure(FailureCode.UPSTREAM_UNAVAILABLE, FailureCode.UPSTREAM_CONNECT_FAILED);
    }

    private String body(int status) {
        return status == 204 || status == 205 || status == 304 ? "" : text();
    }

    private ErrorPage errorPage() {
        String type = one("text/html; charset=utf-8", "application/json", "text/plain");
        ErrorPage page =
                random.nextBoolean() ? ErrorPage.of(type, "{status}" + text()) : ErrorPage.file(type, PAGE.toString());
        if (random.nextBoolean()) {
            page = page.on(404, 503).on(new StatusRange(500, 599));
        }
        return page.intercept(random.nextBoolean());
    }

    private Match match(int depth) {
        return switch (random.nextInt(depth > 0 ? 16 : 13)) {
            case 0 -> Match.any();
            case 1 -> Match.host(one("a.example.com", "*.example.com"));
            case 2 -> Match.path(one("/", "/api/**", "/users/{id}/orders"));
            case 3 -> Match.pathRegex("/v[0-9]+/(?<rest>.*)");
            case 4 -> Match.method(one("GET", "POST"), "PATCH");
            case 5 -> Match.header(name());
            case 6 -> Match.header(name(), fieldValue());
            case 7 -> Match.headerRegex(name(), "a.*");
            case 8 -> random.nextBoolean() ? Match.query(name()) : Match.query("q p", text());
            case 9 -> Match.queryRegex(name(), "[^x]+");
            case 10 -> random.nextBoolean() ? Match.cookie(name()) : Match.cookie(name(), text());
            case 11 -> Match.cookieRegex(name(), "a|b");
            case 12 -> Match.clientAddress(network(), network());
            case 13 -> new Match.And(matches(depth - 1));
            case 14 -> new Match.Or(matches(depth - 1));
            default -> match(depth - 1).not();
        };
    }

    private List<Match> matches(int depth) {
        List<Match> parts = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            parts.add(match(depth));
        }
        return parts;
    }

    private Transform transform() {
        return switch (random.nextInt(26)) {
            case 0 -> Transform.setPath("/{id}/x");
            case 1 -> Transform.stripPrefix("/api");
            case 2 -> Transform.addPrefix("/v1");
            case 3 -> Transform.pathRegex("/(?<a>[^/]+)/(.*)", one("/$1", "/${a}", "\\$", "$0"));
            case 4 -> Transform.setQuery("a b", text());
            case 5 -> Transform.addQuery(name(), text());
            case 6 -> Transform.removeQuery(name());
            case 7 -> Transform.setRequestHeader(name(), fieldValue().strip());
            case 8 -> Transform.addRequestHeader(name(), fieldValue().strip());
            case 9 -> Transform.removeRequestHeader(name());
            case 10 -> Transform.setResponseHeader(name(), fieldValue().strip());
            case 11 -> Transform.addResponseHeader(name(), fieldValue().strip());
            case 12 -> Transform.removeResponseHeader(name());
            case 13 -> Transform.setResponseTrailer(name(), fieldValue().strip());
            case 14 -> Transform.removeResponseTrailer(name());
            case 15 -> Transform.rewriteLocation("http://internal:8080/", one("/shop/", ""));
            case 16 -> Transform.rewriteCookieDomain(one("*", "internal"), one("example.com", ""));
            case 17 -> Transform.rewriteCookiePath("/", "/shop/");
            case 18 -> Transform.requestBody(name(), 1 + random.nextInt(100));
            case 19 -> Transform.responseBody(name(), Integer.MAX_VALUE);
            case 24 -> Transform.pathTemplate("/api/{id}/**", one("/v2/{id}/**", "/x{id}", "/**"));
            case 20 -> Transform.setRequestTrailer(name(), fieldValue().strip());
            case 21 -> Transform.addRequestTrailer(name(), fieldValue().strip());
            case 22 -> Transform.removeRequestTrailer(name());
            case 23 -> Transform.addResponseTrailer(name(), fieldValue().strip());
            default -> Transform.setRequestHeader("Host", "{host}");
        };
    }

    private Duration duration() {
        return switch (random.nextInt(6)) {
            case 0 -> Duration.ZERO;
            case 1 -> Duration.ofNanos(random.nextInt(Integer.MAX_VALUE));
            case 2 -> Duration.ofMillis(random.nextInt(100_000));
            case 3 -> Duration.ofSeconds(random.nextInt(10_000));
            case 4 -> Duration.ofMinutes(random.nextInt(10_000));
            default -> Duration.ofHours(random.nextInt(100));
        };
    }

    private String network() {
        return one("10.0.0.0/8", "192.168.1.1", "::1/128", "fe80::/10");
    }

    private String name() {
        return one("audit", "X-Name", "a.b", "x_1");
    }

    /** Everything that could be mistaken for JSON, for a placeholder or for an escape. */
    private String text() {
        return random.nextInt(3) == 0
                ? fieldValue()
                : one("", "\u20ac\n\t\"\\", "\ud83d\ude00", "\u0000", fieldValue());
    }

    private String fieldValue() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(
                    one("$", "{", "}", "${", "$${", "${env:HOME}", "${name}", "a", " ", "\"", "\\", "\u00e9", "env:"));
        }
        return text.toString();
    }

    private <T> List<T> some(Supplier<T> supplier) {
        List<T> list = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            list.add(supplier.get());
        }
        return list;
    }

    @SafeVarargs
    private <T> T one(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private void sometimes(Runnable action) {
        if (random.nextBoolean()) {
            action.run();
        }
    }
}
