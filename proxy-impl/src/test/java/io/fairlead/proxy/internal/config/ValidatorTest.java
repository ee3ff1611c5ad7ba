package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.tls.UpstreamTls;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ValidatorTest {
    private static final Route ROUTE = Route.builder("r").respond(200, "").build();

    private static List<String> problems(ProxyConfig.Builder config) {
        return problems(config, Registrations.none());
    }

    private static List<String> problems(ProxyConfig.Builder config, Registrations registrations) {
        return Validator.validate(config.build(), registrations).stream()
                .map(problem -> problem.code() + " " + problem)
                .toList();
    }

    private static TargetSource.DnsRecords srv() {
        return TargetSource.srv("_http._tcp.catalog.example.com.");
    }

    private static UpstreamTls unverified() {
        return UpstreamTls.builder().verifyCertificate(false).build();
    }

    private static HealthCheck https(UpstreamTls tls) {
        return HealthCheck.httpsBuilder("/healthz").tls(tls).build();
    }

    private static ProxyConfig.Builder with(Route.Builder route) {
        return ProxyConfig.builder().route(route.build());
    }

    private static Route.Builder answering() {
        return Route.builder("r").respond(200, "");
    }

    /** It was accepted and did nothing. */
    @Test
    void budgetOfARouteThatIsNotThePools_isAProblem() {
        RetryPolicy policy =
                RetryPolicy.builder().budgetPercent(50).budgetFloor(3).build();
        UpstreamPool same =
                UpstreamPool.builder("same").target("http://a").retry(policy).build();
        ProxyConfig config = ProxyConfig.builder()
                .pool(same)
                .pool(UpstreamPool.of("other", "http://b"))
                .route(Route.builder("a")
                        .match(Match.path("/a"))
                        .to(Upstream.ref("same"))
                        .retry(policy)
                        .build())
                .route(Route.builder("b")
                        .match(Match.path("/b"))
                        .to(Upstream.ref("other"))
                        .retry(policy)
                        .build())
                .route(Route.builder("c")
                        .to(Upstream.ref("same"))
                        .retry(RetryPolicy.recommended())
                        .build())
                .build();
        assertThat(Validator.validate(config, null))
                .extracting(Problem::toString)
                .containsExactly(
                        "routes[1].retry.budgetPercent: 50 (route \"b\") (expected: what the pool has: the budget is set there,"
                                + " in its retry)",
                        "routes[1].retry.budgetFloor: 3 (route \"b\") (expected: what the pool has: the budget is set there,"
                                + " in its retry)");
    }

    @Test
    void minimalConfiguration_hasNoProblem() {
        assertThat(problems(ProxyConfig.builder().route(ROUTE))).isEmpty();
    }

    @Test
    void noRoutes_isAProblem() {
        assertThat(problems(ProxyConfig.builder()))
                .containsExactly("MISSING routes: no routes (expected: at least one route)");
    }

    @Test
    void fallbacksThatCannotAnswer_areProblems() {
        Route.Builder route = Route.builder("r")
                .to(Upstream.ref("p"))
                .fallback(Fallback.to(Upstream.ref("gone")))
                .fallback(Fallback.respond(199, "").onStatus(200, 404))
                .fallback(Fallback.redirect(200, "/").onStatus(new StatusRange(503, 502)))
                .fallback(Fallback.respond(200, "").onFailure())
                .fallback(Fallback.respond(200, "").onFailure(FailureCode.RATE_LIMITED));
        assertThat(problems(with(route).pool(UpstreamPool.of("p", "http://a"))))
                .containsExactly(
                        "OUT_OF_RANGE routes[0].fallbacks[1].respond.status: 199 (expected: 200 to 599)",
                        "INVALID routes[0].fallbacks[1].statuses[0]: \"200\""
                                + " (expected: a status of 400 to 599 such as 503, or a range such as 502-504)",
                        "OUT_OF_RANGE routes[0].fallbacks[2].redirect.status: 200 (expected: 301 to 308)",
                        "INVALID routes[0].fallbacks[2].statuses[0]: \"503-502\""
                                + " (expected: a status of 400 to 599 such as 503, or a range such as 502-504)",
                        "MISSING routes[0].fallbacks[3]: neither failures nor statuses"
                                + " (expected: a failure or status on which it answers)",
                        "INVALID routes[0].fallbacks[4].failures[0]: \"rateLimited\" (expected: one of: "
                                + Fallback.FAILURES.stream()
                                        .map(ValidatorTest::camelCase)
                                        .collect(Collectors.joining(", "))
                                + ")",
                        "UNKNOWN_REFERENCE routes[0].fallbacks[0].to: \"gone\" (route \"r\") (expected: one of: p)");
    }

    private static String camelCase(FailureCode code) {
        String[] words = code.name().toLowerCase(Locale.ROOT).split("_");
        StringBuilder name = new StringBuilder(words[0]);
        for (int i = 1; i < words.length; i++) {
            name.append(Character.toUpperCase(words[i].charAt(0))).append(words[i].substring(1));
        }
        return name.toString();
    }

    @Test
    void fallbacksOfARouteThatAnswersByItself_areAProblem() {
        assertThat(problems(with(answering().fallback(Fallback.respond(200, "")))))
                .containsExactly("CONFLICT routes[0].fallbacks: fallbacks of a route that answers by itself"
                        + " (expected: a route to a pool or handler)");
    }

    @Test
    void errorPagesThatCannotBeSent_areProblems(@TempDir Path folder) throws IOException {
        Path large = Files.write(folder.resolve("large"), new byte[1024 * 1024 + 1]);
        Path latin = Files.write(folder.resolve("latin"), new byte[] {(byte) 0xe9, 'a'});
        Path fine = Files.writeString(folder.resolve("fine"), "\u00e9");
        ProxyConfig.Builder config = ProxyConfig.builder()
                .route(ROUTE)
                .errorPage(ErrorPage.file("text/html", fine.toString()))
                .errorPage(ErrorPage.file("text/html", "/no/such/file"))
                .errorPage(ErrorPage.file("text/html", large.toString()))
                .errorPage(ErrorPage.file("text/html", latin.toString()))
                .errorPage(ErrorPage.file("text/html", folder.toString()))
                .errorPage(ErrorPage.html(""))
                .errorPage(ErrorPage.of("text/*", "a"))
                .errorPage(ErrorPage.of("text/html\r\nX: y", "a"))
                .errorPage(ErrorPage.html("a").on(399))
                .errorPage(ErrorPage.of("text/html; q=1 ;Charset = \"utf-16\"", "a"))
                .errorPage(ErrorPage.of("text/html;charset=UTF-8", "a"));
        assertThat(problems(config))
                .containsExactly(
                        "INVALID errorPages[1].file: \"/no/such/file\" (expected: a file that is there)",
                        "INVALID errorPages[2].file: \"" + large + "\" (expected: a file of at most 1048576 bytes)",
                        "INVALID errorPages[3].file: \"" + latin + "\" (expected: a file in UTF-8)",
                        "INVALID errorPages[4].file: \"" + folder + "\" (expected: a file that can be read)",
                        "MISSING errorPages[5]: a page without content (expected: one of: text, file)",
                        "INVALID errorPages[6].contentType: \"text/*\""
                                + " (expected: a media type such as text/html; charset=utf-8)",
                        "INVALID errorPages[7].contentType: \"text/html\\u000d\\u000aX: y\""
                                + " (expected: a media type such as text/html; charset=utf-8)",
                        "INVALID errorPages[8].statuses[0]: \"399\""
                                + " (expected: a status of 400 to 599 such as 503, or a range such as 502-504)",
                        "INVALID errorPages[9].contentType: \"text/html; q=1 ;Charset = \"utf-16\"\""
                                + " (expected: no charset but utf-8, in which the content is sent)");
    }

    @Test
    void bodyWithAStatusThatHasNone_isAProblem() {
        ProxyConfig.Builder config = ProxyConfig.builder()
                .pool(UpstreamPool.of("p", "http://a"))
                .route(Route.builder("a")
                        .match(Match.path("/a"))
                        .respond(204, "x")
                        .build())
                .route(Route.builder("b")
                        .match(Match.path("/b"))
                        .respond(304, "")
                        .build())
                .route(Route.builder("c")
                        .to(Upstream.ref("p"))
                        .fallback(Fallback.respond(205, "x"))
                        .build());
        assertThat(problems(config))
                .containsExactly(
                        "CONFLICT routes[0].respond.body: \"x\" (expected: no body with status 204)",
                        "CONFLICT routes[2].fallbacks[0].respond.body: \"x\" (expected: no body with status 205)");
    }

    @Test
    void equalNames_areProblems() {
        ProxyConfig.Builder config = ProxyConfig.builder()
                .listener(Listener.http("localhost", 80))
                .listener(Listener.http("LOCALHOST", 80))
                .listener(Listener.http(0))
                .listener(Listener.http(0))
                .pool(UpstreamPool.of("p", "http://a"))
                .pool(UpstreamPool.of("p", "http://b"))
                .route(ROUTE)
                .route(answering().match(Match.path("/a")).build());
        assertThat(problems(config))
                .containsExactly(
                        "DUPLICATE listeners[1].port: localhost:80 (expected: an address other than that of listeners[0])",
                        "DUPLICATE pools[1].name: \"p\" (expected: a name other than that of pools[0])",
                        "DUPLICATE routes[1].id: \"r\" (expected: an id other than that of routes[0])");
    }

    @Test
    void targetsThatAreOneServer_areProblems() {
        UpstreamPool pool = UpstreamPool.of(
                "p", "http://a", "http://A", "http://a:80", "http://a:81", "http://10.0.0.1", "http://10.0.0.1:80");
        assertThat(problems(ProxyConfig.builder().pool(pool).route(ROUTE)))
                .containsExactly(
                        "DUPLICATE pools[0].targets[1].url: \"http://A\" (expected: a URL other than those before it)",
                        "DUPLICATE pools[0].targets[2].url: \"http://a:80\" (expected: a URL other than those before it)",
                        "DUPLICATE pools[0].targets[5].url: \"http://10.0.0.1:80\""
                                + " (expected: a URL other than those before it)");
    }

    @Test
    void retriesThatContradictThemselves_areProblems() {
        UpstreamPool pool = UpstreamPool.of("p", "http://a").toBuilder()
                .retry(RetryPolicy.builder()
                        .maxAttempts(1)
                        .hedgeAfter(Duration.ofMillis(10))
                        .backoff(Duration.ofSeconds(1))
                        .statuses(399)
                        .budgetPercent(101)
                        .build())
                .build();
        assertThat(problems(ProxyConfig.builder().pool(pool).route(ROUTE)))
                .containsExactly(
                        "OUT_OF_RANGE pools[0].retry.statuses[0]: 399 (expected: 400 to 599)",
                        "OUT_OF_RANGE pools[0].retry.budgetPercent: 101 (expected: 0 to 100)",
                        "OUT_OF_RANGE pools[0].retry.maxBackoff: 250ms (expected: not below backoff, 1s)",
                        "OUT_OF_RANGE pools[0].retry.hedgeAfter: 10ms"
                                + " (expected: 0s with maxAttempts 1, as a second target is a second attempt)");
    }

    @Test
    void unknownReferences_areProblemsWhereRegistrationsAreKnown() {
        ProxyConfig.Builder config = with(Route.builder("shop")
                        .to(Upstream.ref("ordres"))
                        .middleware(Middleware.ref("audt"))
                        .transform(Transform.requestBody("uper", 10)))
                .pool(UpstreamPool.of("orders", "http://a"))
                .middleware(Middleware.ref("nope"));
        Registrations known = new Registrations(
                "proxy",
                0,
                Map.of("audit", (exchange, chain) -> chain.proceed(exchange)),
                Map.of(),
                Map.of("upper", bytes -> bytes),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                List.of());
        assertThat(problems(config, known))
                .containsExactly(
                        "UNKNOWN_REFERENCE middleware[0].ref: \"nope\" (expected: one of: audit)",
                        "UNKNOWN_REFERENCE routes[0].to: \"ordres\" (route \"shop\") (expected: one of: orders)",
                        "UNKNOWN_REFERENCE routes[0].middleware[0].ref: \"audt\" (route \"shop\") (expected: one of: audit)",
                        "UNKNOWN_REFERENCE routes[0].transforms[0].name: \"uper\" (route \"shop\") (expected: one of: upper)");
        assertThat(Validator.validate(config.build(), null)).isEmpty();
    }

    @Test
    void routeThatNoRequestReaches_isAProblem() {
        ProxyConfig.Builder config = with(Route.builder("all")
                        .match(Match.path("/a/**"))
                        .respond(200, ""))
                .route(answering().match(Match.path("/a/b")).order(1).build());
        assertThat(problems(config))
                .containsExactly("UNREACHABLE_ROUTE routes[1].match: every request that fits route \"r\" goes to route"
                        + " \"all\" (expected: a request that no earlier route takes)");
    }

    @Test
    void routeWithoutAction_isAProblem() {
        assertThat(problems(with(Route.builder("a"))))
                .containsExactly(
                        "MISSING routes[0]: route \"a\" without action (expected: one of: to, split, redirect, respond)");
    }

    @Test
    void codeOrPoolInPlaceOfAName_isAProblem() {
        ProxyConfig.Builder config = with(Route.builder("a")
                .middleware((exchange, chain) -> chain.proceed(exchange))
                .to(UpstreamPool.of("p", "http://a")));
        assertThat(Validator.validate(config.build(), Registrations.none()))
                .extracting(Problem::code)
                .containsExactly("NOT_DATA", "NOT_DATA");
    }

    private static Arguments bad(String place, ProxyConfig.Builder config) {
        return Arguments.of(place, config);
    }

    private static ProxyConfig.Builder with(UpstreamPool.Builder pool) {
        return ProxyConfig.builder().route(ROUTE).pool(pool.build());
    }

    private static UpstreamPool.Builder other(UnaryOperator<Target.Builder> settings) {
        return pool().target(settings.apply(Target.builder("http://b")).build());
    }

    private static ZonePreference zones() {
        return ZonePreference.ofDefaults();
    }

    private static ProxyConfig.Builder with(ZonePreference zones) {
        return with(pool().zonePreference(zones));
    }

    private static UpstreamPool.Builder pool() {
        return UpstreamPool.builder("p").target("http://a");
    }

    private static ProxyConfig.Builder hashing(int balanceFactor, HashKey... keys) {
        return with(pool().loadBalancer(new LoadBalancer.ConsistentHash(List.of(keys), balanceFactor)));
    }

    private static HealthCheck.Builder http() {
        return HealthCheck.builder("/");
    }

    private static OutlierDetection.Builder outlier() {
        return OutlierDetection.builder();
    }

    private static ProxyConfig.Builder with(HealthCheck.Builder check) {
        return with(pool().healthCheck(check.build()));
    }

    private static ProxyConfig.Builder with(OutlierDetection.Builder detection) {
        return with(pool().outlierDetection(detection.build()));
    }

    private static ProxyConfig.Builder with(Limits limits) {
        return ProxyConfig.builder()
                .route(ROUTE)
                .listener(Listener.builder("::1", 0).limits(limits).build());
    }

    private static CircuitBreaker.Builder breaker() {
        return CircuitBreaker.builder();
    }

    private static ProxyConfig.Builder with(CircuitBreaker.Builder breaker) {
        return with(pool().circuitBreaker(breaker.build()));
    }

    private static ProxyConfig.Builder with(Timeouts timeouts) {
        return ProxyConfig.builder().route(ROUTE).timeouts(timeouts);
    }

    private static ProxyConfig.Builder with(Transform transform) {
        return with(answering().transform(transform));
    }

    private static ProxyConfig.Builder with(Match match) {
        return with(answering().match(match));
    }

    private static ProxyConfig.Builder with(RouteAction action) {
        return with(Route.builder("r").action(action));
    }

    private static ProxyConfig.Builder limited(RateLimit limit) {
        return with(answering().middleware(limit));
    }

    private static ProxyConfig.Builder limited(int permits, Duration period, int burst) {
        return limited(RateLimit.of(new Limit(permits, period, burst)));
    }

    private static RateLimit perSecond() {
        return RateLimit.of(1, Duration.ofSeconds(1));
    }

    private static ProxyConfig.Builder limitedBy(Key... keys) {
        return limited(perSecond().by(keys));
    }

    private static Stream<Arguments> badRateLimits() {
        Duration second = Duration.ofSeconds(1);
        String limit = "routes[0].middleware[0]";
        return Stream.of(
                bad(limit + ".limits", limited(RateLimit.of(List.of()))),
                bad(limit + ".limits[0].permits", limited(RateLimit.of(0, second))),
                bad(limit + ".limits[0].permits", limited(RateLimit.of(-1, second))),
                bad(limit + ".limits[0].permits", limited(1_001, Duration.ofMillis(1), 1)),
                bad(limit + ".limits[0].period", limited(1, Duration.ZERO, 1)),
                bad(limit + ".limits[0].period", limited(1, second.negated(), 1)),
                bad(limit + ".limits[0].period", limited(1, Duration.ofDays(40_000), 1)),
                bad(limit + ".limits[0].burst", limited(1, second, 0)),
                bad(limit + ".limits[0].burst", limited(1, second, -1)),
                bad(limit + ".limits[0].burst", limited(1, Duration.ofDays(1), Integer.MAX_VALUE)),
                bad(limit + ".limits[1].permits", limited(perSecond().and(0, Duration.ofHours(1)))),
                bad(limit + ".limits[1].period", limited(perSecond().and(1, second))),
                bad(limit + ".limits[1].period", limited(perSecond().and(2, Duration.ofMillis(1_000)))),
                bad(limit + ".by[0].name", limitedBy(Key.header(""))),
                bad(limit + ".by[0].name", limitedBy(Key.header("a b"))),
                bad(limit + ".by[0].name", limitedBy(Key.cookie("a;b"))),
                bad(limit + ".by[0].name", limitedBy(Key.query(""))),
                bad(limit + ".by[0].name", limitedBy(Key.pathVariable(""))),
                bad(limit + ".by[1].name", limitedBy(Key.route(), Key.pathVariable("id"))),
                bad(limit + ".by[0].ipv4Prefix", limitedBy(Key.clientAddress(0, 64))),
                bad(limit + ".by[0].ipv4Prefix", limitedBy(Key.clientAddress(33, 64))),
                bad(limit + ".by[0].ipv6Prefix", limitedBy(Key.clientAddress(32, 129))),
                bad(limit + ".by[2]", limitedBy(Key.route(), Key.cookie("a"), Key.route())),
                bad(limit + ".exempt[1]", limited(perSecond().exempt("10.0.0.0/8", "10.0.0.0/33"))),
                bad(limit + ".exempt[0]", limited(perSecond().exempt("localhost"))),
                bad(limit + ".maxKeys", limited(perSecond().maxKeys(0))),
                bad(limit + ".maxKeys", limited(perSecond().maxKeys(10_000_001))),
                bad(limit + ".store", limited(perSecond().store(""))),
                bad(limit + ".store", limited(perSecond().store("fleet"))),
                bad(
                        "middleware[0].limits[0].permits",
                        ProxyConfig.builder().route(ROUTE).middleware(RateLimit.of(0, second))));
    }

    private static final Upstream STABLE = Upstream.ref("stable");
    private static final Upstream CANARY = Upstream.ref("canary");

    private static ProxyConfig.Builder with(Split.Builder split) {
        return ProxyConfig.builder()
                .pool(UpstreamPool.of("stable", "http://a"))
                .pool(UpstreamPool.of("canary", "http://b"))
                .route(Route.builder("r").split(split.build()).build());
    }

    private static Split.Builder split() {
        return Split.builder().share(STABLE, 9_999).share(CANARY, 1);
    }

    private static Stream<Arguments> badSplits() {
        String split = "routes[0].split";
        Duration day = Duration.ofDays(1);
        return Stream.of(
                bad(split + ".shares", with(Split.builder())),
                bad(split + ".shares", with(Split.builder().share(STABLE, 0))),
                bad(split + ".shares", with(Split.builder().share(STABLE, 0).share(CANARY, 0))),
                bad(split + ".shares[0].weight", with(Split.builder().share(STABLE, -1))),
                bad(
                        split + ".shares[2].weight",
                        with(split().share(Upstream.ref("x"), 1_000_001)).pool(UpstreamPool.of("x", "http://x"))),
                bad(split + ".shares[2].to", with(split().share(CANARY, 5))),
                bad(split + ".shares[2].to", with(split().share(Upstream.ref("canry"), 5))),
                bad(split + ".shares[2].to", with(split().share(Upstream.ref(""), 5))),
                bad(split + ".overrides[0].to", with(split().overrideHeader("X", "a", Upstream.ref("beta")))),
                bad(
                        split + ".overrides[1].to",
                        with(split().overrideHeader("X", "a", CANARY).overrideCookie("x", "a", Upstream.ref("r")))),
                bad(split + ".overrides[0].name", with(split().overrideHeader("a b", "a", CANARY))),
                bad(split + ".overrides[0].name", with(split().overrideCookie("a;", "a", CANARY))),
                bad(split + ".overrides[0].value", with(split().overrideHeader("X", "", CANARY))),
                bad(split + ".overrides[0].value", with(split().overrideHeader("X", " a", CANARY))),
                bad(split + ".overrides[0].value", with(split().overrideHeader("X", "a\nb", CANARY))),
                bad(split + ".overrides[0].value", with(split().overrideCookie("X", "a;b", CANARY))),
                bad(split + ".stickyBy[0].name", with(split().stickyBy(HashKey.cookie("a b")))),
                bad(split + ".stickyCookie.name", with(split().stickyCookie("a b", day))),
                bad(split + ".stickyCookie.name", with(split().stickyCookie("a=b", day))),
                bad(split + ".stickyCookie.name", with(split().stickyCookie("__Host-side", day))),
                bad(split + ".stickyCookie.name", with(split().stickyCookie("__secure-side", day))),
                bad(split + ".stickyCookie.maxAge", with(split().stickyCookie("a", day.negated()))),
                bad(split + ".stickyCookie.maxAge", with(split().stickyCookie("a", Duration.ofMillis(1_500)))),
                bad(split, with(split().stickyCookie("a", day).stickyBy(HashKey.clientAddress()))),
                bad(split + ".stickyBy", with(split().stickyBy())),
                bad(
                        split + ".overrides[0].name",
                        with(split().stickyCookie("side", day).overrideCookie("side", "a", CANARY))),
                bad(
                        split + ".overrides[1]",
                        with(split().overrideHeader("X-A", "a", CANARY).overrideHeader("x-a", "a", STABLE))),
                bad(
                        split + ".overrides[1]",
                        with(split().overrideCookie("a", "a", CANARY).overrideCookie("a", "a", STABLE))),
                bad(split + ".salt", with(split().salt(""))));
    }

    @Test
    void badSplit_isToldAllAtOnce() {
        Split.Builder bad = Split.builder()
                .share(STABLE, -1)
                .share(CANARY, 1_000_001)
                .share(STABLE, 1)
                .share(Upstream.ref("canry"), 1)
                .stickyBy(HashKey.header(""))
                .stickyCookie("a b", Duration.ofSeconds(-1))
                .overrideHeader("", "a", CANARY);
        assertThat(problems(with(bad)))
                .containsExactly(
                        "OUT_OF_RANGE routes[0].split.shares[0].weight: -1 (expected: 0 to 1000000)",
                        "OUT_OF_RANGE routes[0].split.shares[1].weight: 1000001 (expected: 0 to 1000000)",
                        "INVALID routes[0].split.stickyBy[0].name: \"\" (expected: a token (RFC 9110 5.6.2))",
                        "INVALID routes[0].split.stickyCookie.name: \"a b\" (expected: a token (RFC 9110 5.6.2))",
                        "OUT_OF_RANGE routes[0].split.stickyCookie.maxAge: -1s (expected: >= 0s)",
                        "INVALID routes[0].split.overrides[0].name: \"\" (expected: a token (RFC 9110 5.6.2))",
                        "CONFLICT routes[0].split: stickyBy and stickyCookie (expected: only one of: stickyBy, stickyCookie)",
                        "DUPLICATE routes[0].split.shares[2].to: \"stable\" (expected: another one than that of shares[0])",
                        "UNKNOWN_REFERENCE routes[0].split.shares[3].to: \"canry\" (route \"r\") (expected: one of: canary, stable)");
    }

    @Test
    void overrideThatNamesNoShare_isToldTheShares() {
        assertThat(problems(with(split().overrideHeader("X", "a", Upstream.ref("beta")))))
                .containsExactly(
                        "UNKNOWN_REFERENCE routes[0].split.overrides[0].to: \"beta\" (expected: one of: stable, canary)");
    }

    @Test
    void overridesThatDiffer_areNoProblem() {
        assertThat(problems(with(split().stickyCookie("side", Duration.ZERO)
                        .overrideCookie("Side", "a", CANARY)
                        .overrideCookie("a", "a", CANARY)
                        .overrideCookie("A", "a", STABLE)
                        .overrideHeader("a", "a", STABLE)
                        .overrideHeader("A", "A", CANARY)
                        .overrideHeader("a", "a", STABLE))))
                .isEmpty();
    }

    @Test
    void twoKindsOfStickiness_hideNoOverrideThatNamesNoShare() {
        assertThat(problems(with(split().stickyCookie("side", Duration.ZERO)
                        .stickyBy(HashKey.clientAddress())
                        .overrideHeader("X", "a", Upstream.ref("beta")))))
                .containsExactly(
                        "CONFLICT routes[0].split: stickyBy and stickyCookie (expected: only one of: stickyBy, stickyCookie)",
                        "UNKNOWN_REFERENCE routes[0].split.overrides[0].to: \"beta\" (expected: one of: stable, canary)");
    }

    static Stream<Arguments> outOfRange() {
        return Stream.of(badSettings(), badRateLimits(), badSplits()).flatMap(one -> one);
    }

    private static Stream<Arguments> badSettings() {
        Duration negative = Duration.ofMillis(-1);
        Limits limits = Limits.ofDefaults();
        Timeouts timeouts = Timeouts.ofDefaults();
        return Stream.of(
                bad("stopTimeout", ProxyConfig.builder().route(ROUTE).stopTimeout(negative)),
                bad("stopDelay", ProxyConfig.builder().route(ROUTE).stopDelay(negative)),
                bad("stopDelay", ProxyConfig.builder().route(ROUTE).stopDelay(Duration.ofSeconds(30))),
                bad("listeners[0].port", ProxyConfig.builder().route(ROUTE).listener(Listener.http(65_536))),
                bad("listeners[0].port", ProxyConfig.builder().route(ROUTE).listener(Listener.http(-1))),
                bad("listeners[0].host", ProxyConfig.builder().route(ROUTE).listener(Listener.http("a b", 1))),
                bad("listeners[0].host", ProxyConfig.builder().route(ROUTE).listener(Listener.http("1.2.3", 1))),
                bad(
                        "listeners[0].trustedProxies[1]",
                        ProxyConfig.builder()
                                .route(ROUTE)
                                .listener(Listener.builder("a", 1)
                                        .trustedProxies(TrustedProxies.of("::/0", "example.com"))
                                        .build())),
                bad("listeners[0].limits.maxConnections", with(limits.withMaxConnections(0))),
                bad("listeners[0].limits.maxConnectionsPerClient", with(limits.withMaxConnectionsPerClient(-1))),
                bad("listeners[0].limits.maxTargetBytes", with(limits.withMaxTargetBytes(63))),
                bad("listeners[0].limits.maxTargetBytes", with(limits.withMaxTargetBytes(65_537))),
                bad("listeners[0].limits.maxHeaderBytes", with(limits.withMaxHeaderBytes(255))),
                bad("listeners[0].limits.maxHeaderFields", with(limits.withMaxHeaderFields(1_001))),
                bad("listeners[0].limits.maxBodyBytes", with(limits.withMaxBodyBytes(-1))),
                bad("listeners[0].limits.minBodyBytesPerSecond", with(limits.withMinBodyBytesPerSecond(-1))),
                bad("timeouts.requestHead", with(timeouts.withRequestHead(negative))),
                bad("timeouts.connect", with(timeouts.withConnect(negative))),
                bad("timeouts.responseHead", with(timeouts.withResponseHead(negative))),
                bad("timeouts.attempt", with(timeouts.withAttempt(negative))),
                bad("timeouts.total", with(timeouts.withTotal(negative))),
                bad("timeouts.idle", with(timeouts.withIdle(negative))),
                bad("timeouts.keepAlive", with(timeouts.withKeepAlive(Duration.ofDays(40_000)))),
                bad("pools[0].name", ProxyConfig.builder().route(ROUTE).pool(UpstreamPool.of(" ", "http://a"))),
                bad("pools[0].targets", ProxyConfig.builder().route(ROUTE).pool(UpstreamPool.of("p"))),
                bad("pools[0].targets[1]", with(pool().target("http://a/path"))),
                bad("pools[0].targets[1].priority", with(other(target -> target.priority(-1)))),
                bad("pools[0].targets[1].priority", with(other(target -> target.priority(128)))),
                bad("pools[0].targets[1].zone", with(other(target -> target.zone("")))),
                bad("pools[0].targets[1].zone", with(other(target -> target.zone("eu 1a")))),
                bad("pools[0].targets[1].zone", with(other(target -> target.zone("eu-1a\r\n")))),
                bad("pools[0].targets[1].zone", with(other(target -> target.zone("z".repeat(101))))),
                bad("pools[0].spillOverThreshold", with(pool().spillOverThreshold(-1))),
                bad("pools[0].spillOverThreshold", with(pool().spillOverThreshold(101))),
                bad("pools[0].zonePreference.trafficPercent", with(zones().withTrafficPercent(-1))),
                bad("pools[0].zonePreference.trafficPercent", with(zones().withTrafficPercent(101))),
                bad("pools[0].zonePreference.minTargets", with(zones().withMinTargets(0))),
                bad("zone", ProxyConfig.builder().route(ROUTE).zone("")),
                bad("zone", ProxyConfig.builder().route(ROUTE).zone("eu\u00001a")),
                bad("zone", ProxyConfig.builder().route(ROUTE).zone("z".repeat(101))),
                bad("pools[0].loadBalancer.balanceFactor", hashing(100, HashKey.clientAddress())),
                bad("pools[0].loadBalancer.balanceFactor", hashing(-1, HashKey.clientAddress())),
                bad("pools[0].loadBalancer.balanceFactor", hashing(10_001, HashKey.clientAddress())),
                bad("pools[0].loadBalancer.keys", hashing(125)),
                bad("pools[0].loadBalancer.keys[1].name", hashing(125, HashKey.query("a"), HashKey.header("a b"))),
                bad("pools[0].loadBalancer.keys[0].name", hashing(125, HashKey.cookie("a;b"))),
                bad("pools[0].loadBalancer.keys[0].name", hashing(125, HashKey.query(""))),
                bad("pools[0].loadBalancer.keys[0].key", hashing(125, HashKey.attribute(""))),
                bad("pools[0].loadBalancer.name", with(pool().loadBalancer(LoadBalancer.ref("nope")))),
                bad(
                        "pools[0].healthCheck",
                        with(pool().healthCheck(http().tls(unverified()).build()))),
                bad(
                        "pools[0].healthCheck.tls.serverName",
                        with(pool().healthCheck(https(
                                UpstreamTls.builder().serverName("10.0.0.1").build())))),
                bad(
                        "pools[0].healthCheck.tls.serverName",
                        with(pool().healthCheck(https(
                                UpstreamTls.builder().serverName("a:443").build())))),
                bad(
                        "pools[0].healthCheck.tls.trustedCertificates",
                        with(pool().healthCheck(https(UpstreamTls.builder()
                                .trustedCertificates("no-such-file.pem")
                                .build())))),
                bad(
                        "pools[0].healthCheck.tls.trustedCertificates",
                        with(pool().healthCheck(https(unverified().toBuilder()
                                .trustedCertificates("no-such-file.pem")
                                .build())))),
                bad("pools[0].targetSource.path", with(pool().targetSource(TargetSource.file("")))),
                bad("pools[0].targetSource.url", with(pool().targetSource(TargetSource.dns("http://a/b")))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.ref("nope")))),
                bad(
                        "pools[0].targetSource.refresh",
                        with(pool().targetSource(TargetSource.file("a").refresh(Duration.ofMillis(99))))),
                bad("pools[0].targetSource.url", with(pool().targetSource(TargetSource.dnsRecords("http://10.0.0.1")))),
                bad("pools[0].targetSource.url", with(pool().targetSource(TargetSource.dnsRecords("http://[::1]:80")))),
                bad("pools[0].targetSource.url", with(pool().targetSource(TargetSource.dnsRecords("catalog")))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.srv("")))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.srv("http://a")))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.srv("a..b")))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.srv("a".repeat(64))))),
                bad("pools[0].targetSource.name", with(pool().targetSource(TargetSource.srv("a.".repeat(128))))),
                bad("pools[0].targetSource.resolvers[0]", with(pool().targetSource(srv().resolver("ns.example")))),
                bad("pools[0].targetSource.resolvers[0]", with(pool().targetSource(srv().resolver("10.0.0.1:0")))),
                bad(
                        "pools[0].targetSource.resolvers[1]",
                        with(pool().targetSource(srv().resolver("::1").resolver("[::1]:")))),
                bad("pools[0].targetSource.refresh", with(pool().targetSource(srv().refresh(Duration.ZERO)))),
                bad("pools[0].targetSource.maxRefresh", with(pool().targetSource(srv().maxRefresh(Duration.ZERO)))),
                bad(
                        "pools[0].targetSource.maxRefresh",
                        with(pool().targetSource(srv().maxRefresh(Duration.ofMillis(999))))),
                bad("pools[0].targetSource.timeout", with(pool().targetSource(srv().timeout(Duration.ZERO)))),
                bad("pools[0].targetSource.timeout", with(pool().targetSource(srv().timeout(Duration.ofSeconds(61))))),
                bad("pools[0].targetSource.maxTargets", with(pool().targetSource(srv().maxTargets(0)))),
                bad("pools[0].targetSource.maxTargets", with(pool().targetSource(srv().maxTargets(4_097)))),
                bad("pools[0].panicThreshold", with(pool().panicThreshold(101))),
                bad("pools[0].slowStart", with(pool().slowStart(negative))),
                bad(
                        "pools[0].retry.attemptHeader",
                        with(pool().retry(RetryPolicy.builder()
                                .attemptHeader("bad name")
                                .build()))),
                bad(
                        "pools[0].retry.attemptHeader",
                        with(pool().retry(RetryPolicy.builder()
                                .attemptHeader("Content-Length")
                                .build()))),
                bad(
                        "pools[0].retry.attemptHeader",
                        with(pool().retry(RetryPolicy.builder()
                                .attemptHeader("host")
                                .build()))),
                bad(
                        "pools[0].retry.responseHeaders[0]",
                        with(pool().retry(RetryPolicy.builder()
                                .responseHeaders("a b")
                                .build()))),
                bad("pools[0].healthCheck.path", with(HealthCheck.builder("healthz"))),
                bad("pools[0].healthCheck.path", with(HealthCheck.builder("/a b"))),
                bad("pools[0].healthCheck.method", with(http().method("CONNECT"))),
                bad("pools[0].healthCheck.method", with(http().method("A B"))),
                bad("pools[0].healthCheck.host", with(http().host("a/b"))),
                bad("pools[0].healthCheck.headers.HOST", with(http().header("HOST", "a"))),
                bad("pools[0].healthCheck.headers.Connection", with(http().header("Connection", "close"))),
                bad("pools[0].healthCheck.headers.A", with(http().header("A", "\r\n"))),
                bad(
                        "pools[0].healthCheck.expectedStatuses[1]",
                        with(http().expectStatus(200).expectStatus(600))),
                bad("pools[0].healthCheck.expectedStatuses[0]", with(http().expectStatus(300, 200))),
                bad("pools[0].healthCheck.expectedStatuses[0]", with(http().expectStatus(100))),
                bad("pools[0].healthCheck.expectedStatuses[0]", with(http().expectStatus(-1, 20_000))),
                bad(
                        "pools[0].healthCheck.expectedBody",
                        with(http().method("HEAD").expectedBody("ok"))),
                bad("pools[0].healthCheck.maxBodyBytes", with(http().maxBodyBytes(0))),
                bad(
                        "pools[0].healthCheck.maxBodyBytes",
                        with(http().maxBodyBytes(1).expectedBody("ok"))),
                bad("pools[0].healthCheck.port", with(http().port(65_536))),
                bad("pools[0].healthCheck.interval", with(http().interval(Duration.ZERO))),
                bad("pools[0].healthCheck.jitterPercent", with(http().jitterPercent(51))),
                bad("pools[0].healthCheck.timeout", with(http().timeout(Duration.ZERO))),
                bad("pools[0].healthCheck.timeout", with(http().timeout(Duration.ofSeconds(6)))),
                bad("pools[0].healthCheck.rise", with(http().rise(0))),
                bad("pools[0].healthCheck.fall", with(http().fall(0))),
                bad("pools[0].healthCheck.transitionInterval", with(http().transitionInterval(negative))),
                bad("pools[0].healthCheck.unhealthyInterval", with(http().unhealthyInterval(negative))),
                bad("pools[0].healthCheck.minUnhealthy", with(http().minUnhealthy(negative))),
                bad("pools[0].healthCheck.warmUp", with(http().warmUp(negative))),
                bad("pools[0].healthCheck", with(HealthCheck.tcpBuilder().host("a"))),
                bad("pools[0].healthCheck.fall", with(HealthCheck.tcpBuilder().fall(-1))),
                bad("pools[0].outlierDetection.consecutive5xx", with(outlier().consecutive5xx(-1))),
                bad(
                        "pools[0].outlierDetection.consecutiveGatewayErrors",
                        with(outlier().consecutiveGatewayErrors(-1))),
                bad(
                        "pools[0].outlierDetection.consecutiveLocalOriginFailures",
                        with(outlier().consecutiveLocalOriginFailures(10_001))),
                bad(
                        "pools[0].outlierDetection.successRateDeviation",
                        with(outlier().successRateDeviation(-1))),
                bad(
                        "pools[0].outlierDetection.successRateMinTargets",
                        with(outlier().successRateMinTargets(1))),
                bad(
                        "pools[0].outlierDetection.successRateMinRequests",
                        with(outlier().successRateMinRequests(0))),
                bad(
                        "pools[0].outlierDetection.failurePercentage",
                        with(outlier().failurePercentage(101))),
                bad(
                        "pools[0].outlierDetection.failurePercentageMinTargets",
                        with(outlier().failurePercentageMinTargets(0))),
                bad(
                        "pools[0].outlierDetection.failurePercentageMinRequests",
                        with(outlier().failurePercentageMinRequests(0))),
                bad("pools[0].outlierDetection.interval", with(outlier().interval(Duration.ZERO))),
                bad("pools[0].outlierDetection.baseEjectionTime", with(outlier().baseEjectionTime(Duration.ZERO))),
                bad(
                        "pools[0].outlierDetection.maxEjectionTime",
                        with(outlier().maxEjectionTime(Duration.ofSeconds(29)))),
                bad(
                        "pools[0].outlierDetection.maxEjectionPercent",
                        with(outlier().maxEjectionPercent(101))),
                bad("pools[0].maxConnectionsPerTarget", with(pool().maxConnectionsPerTarget(0))),
                bad("pools[0].maxQueued", with(pool().maxQueued(-1))),
                bad("pools[0].queueTimeout", with(pool().queueTimeout(Duration.ZERO))),
                bad("pools[0].idleTimeout", with(pool().idleTimeout(Duration.ZERO))),
                bad("pools[0].maxAge", with(pool().maxAge(negative))),
                bad("pools[0].dnsRefresh", with(pool().dnsRefresh(Duration.ofMillis(999)))),
                bad("pools[0].maxResponseHeaderBytes", with(pool().maxResponseHeaderBytes(1_023))),
                bad("pools[0].circuitBreaker.failureRatePercent", with(breaker().failureRatePercent(0))),
                bad("pools[0].circuitBreaker.failureRatePercent", with(breaker().failureRatePercent(101))),
                bad("pools[0].circuitBreaker.slowCallDuration", with(breaker().slowCallDuration(negative))),
                bad(
                        "pools[0].circuitBreaker.slowCallRatePercent",
                        with(breaker().slowCallRatePercent(0))),
                bad("pools[0].circuitBreaker.window", with(breaker().window(Duration.ZERO))),
                bad("pools[0].circuitBreaker.window", with(breaker().window(Duration.ofMillis(1_500)))),
                bad("pools[0].circuitBreaker.window", with(breaker().window(Duration.ofSeconds(3_601)))),
                bad("pools[0].circuitBreaker.windowCalls", with(breaker().windowCalls(10_001))),
                bad("pools[0].circuitBreaker.minimumCalls", with(breaker().minimumCalls(0))),
                bad("pools[0].circuitBreaker.minimumCalls", with(breaker().windowCalls(19))),
                bad("pools[0].circuitBreaker.openDuration", with(breaker().openDuration(Duration.ofMillis(9)))),
                bad("pools[0].circuitBreaker.halfOpenCalls", with(breaker().halfOpenCalls(0))),
                bad(
                        "pools[0].targetCircuitBreaker.halfOpenCalls",
                        with(pool().targetCircuitBreaker(
                                        breaker().halfOpenCalls(1_001).build()))),
                bad("pools[0].targetConcurrency.max", with(pool().targetConcurrency(ConcurrencyLimit.of(0)))),
                bad("pools[0].targetConcurrency.min", with(pool().targetConcurrency(ConcurrencyLimit.adaptive(-1, 2)))),
                bad("pools[0].targetConcurrency.min", with(pool().targetConcurrency(ConcurrencyLimit.adaptive(3, 2)))),
                bad("pools[0].maxConcurrentRequests", with(pool().maxConcurrentRequests(-1))),
                bad("routes[0].id", with(Route.builder("").respond(200, ""))),
                bad("routes[0].maxBodyBytes", with(answering().maxBodyBytes(-1))),
                bad("routes[0].timeouts.idle", with(answering().timeouts(timeouts.withIdle(negative)))),
                bad("routes[0].to", with(Route.builder("r").to(Upstream.ref("")))),
                bad("routes[0].redirect.status", with(new RouteAction.Redirect(304, "/"))),
                bad("routes[0].redirect.status", with(new RouteAction.Redirect(200, "/"))),
                bad("routes[0].redirect.location", with(new RouteAction.Redirect(302, ""))),
                bad("routes[0].redirect.location", with(new RouteAction.Redirect(302, "/\r\nSet-Cookie: a=b"))),
                bad("routes[0].respond.status", with(new RouteAction.Respond(199, Map.of(), ""))),
                bad("routes[0].respond.headers.a b", with(new RouteAction.Respond(200, Map.of("a b", ""), ""))),
                bad("routes[0].respond.headers.A", with(new RouteAction.Respond(200, Map.of("A", "a\nb"), ""))),
                bad(
                        "routes[0].respond.headers.Content-Length",
                        with(new RouteAction.Respond(200, Map.of("Content-Length", "1"), ""))),
                bad("routes[0].transforms[0].path", with(Transform.setPath("a"))),
                bad("routes[0].transforms[0].path", with(Transform.setPath("/a?b"))),
                bad("routes[0].transforms[0].prefix", with(Transform.stripPrefix("api"))),
                bad("routes[0].transforms[0].prefix", with(Transform.addPrefix(""))),
                bad("routes[0].transforms[0].regex", with(Transform.pathRegex("(", ""))),
                bad("routes[0].transforms[0].replacement", with(Transform.pathRegex("(a)", "$2"))),
                bad("routes[0].transforms[0].replacement", with(Transform.pathRegex("(a)", "${b}"))),
                bad("routes[0].transforms[0].replacement", with(Transform.pathRegex("(a)", "a\\"))),
                bad("routes[0].transforms[0].name", with(Transform.setQuery("", "a"))),
                bad("routes[0].transforms[0].name", with(Transform.removeQuery(""))),
                bad("routes[0].transforms[0].name", with(Transform.setRequestHeader("a:", "b"))),
                bad("routes[0].transforms[0].name", with(Transform.setRequestHeader("transfer-encoding", "chunked"))),
                bad("routes[0].transforms[0].value", with(Transform.addResponseHeader("A", "\u20ac"))),
                bad("routes[0].transforms[0].name", with(Transform.removeResponseTrailer(""))),
                bad("routes[0].transforms[0].from", with(Transform.rewriteLocation("", "a"))),
                bad("routes[0].transforms[0].from", with(Transform.rewriteCookieDomain(".a", "b"))),
                bad("routes[0].transforms[0].to", with(Transform.rewriteCookiePath("/a", "/b; Secure"))),
                bad("routes[0].transforms[0].maxBytes", with(Transform.requestBody("upper", 0))),
                bad(
                        "routes[0].transforms[0]",
                        with(new Transform.BodyEdit(Transform.Part.RESPONSE_TRAILER, "upper", 1))),
                bad("routes[0].match.path", with(Match.path(""))),
                bad("routes[0].match.pathRegex", with(Match.pathRegex("["))),
                bad("routes[0].match.method", with(Match.method())),
                bad("routes[0].match.method[0]", with(Match.method("A B"))),
                bad("routes[0].match.header.name", with(Match.header(""))),
                bad("routes[0].match.header.value", with(Match.header("A", "\n"))),
                bad("routes[0].match.query.regex", with(Match.queryRegex("a", "*"))),
                bad("routes[0].match.clientAddress[0]", with(Match.clientAddress("10.0.0.0/99"))),
                bad("routes[0].match.all", with(new Match.And(List.of()))),
                bad("routes[0].match.any", with(new Match.Or(List.of()))),
                bad("routes[0].match.not.host", with(Match.host("").not())),
                bad("routes[0].match.path", with(Match.path("a"))),
                bad("routes[0].match.path", with(Match.host("a").and(Match.path("b")))),
                bad("routes[0].match.host", with(Match.host("a.*").and(Match.path("/b")))),
                bad(
                        "routes[0].match.all[2].path",
                        with(Match.cookie("a").and(Match.cookie("b")).and(Match.path("b")))),
                bad("routes[0].match.any[1].path", with(Match.path("/a").or(Match.path("b")))),
                bad(
                        "routes[0].match.not.any[1].path",
                        with(Match.path("/a")
                                .and(Match.host("a").or(Match.path("b")).not()))),
                bad(
                        "routes[0].match.all[1].path",
                        with(new Match.And(
                                List.of(Match.path("/a"), new Match.And(List.of(Match.host("a"), Match.path("b"))))))),
                bad("routes[0].match.all[1].cookie.name", with(Match.cookie("a").and(Match.cookie("=")))));
    }

    @ParameterizedTest(name = "{index} {0}")
    @MethodSource("outOfRange")
    void settingOutOfItsRange_isOneProblemAtItsPlace(String place, ProxyConfig.Builder config) {
        Registrations registrations = new Registrations(
                "proxy",
                0,
                Map.of(),
                Map.of(),
                Map.of("upper", bytes -> bytes),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                List.of());
        assertThat(Validator.validate(config.build(), registrations))
                .extracting(Problem::place)
                .containsExactly(place);
    }

    @Test
    void timeoutOfAHealthCheck_followsFromAShorterInterval() {
        HealthCheck often = http().interval(Duration.ofSeconds(1)).build();
        assertThat(often.timeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(problems(with(pool().healthCheck(often)))).isEmpty();
        assertThat(often.toBuilder().interval(Duration.ofSeconds(9)).build().timeout())
                .isEqualTo(Duration.ofSeconds(2));
        HealthCheck own = http().timeout(Duration.ofSeconds(3)).build();
        assertThat(own.toBuilder().interval(Duration.ofSeconds(9)).build().timeout())
                .isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void badRateLimits_areAllToldAtOnce() {
        RateLimit limit = RateLimit.of(
                        new Limit(0, Duration.ZERO, 0),
                        new Limit(-1, Duration.ofSeconds(1), 5),
                        new Limit(5, Duration.ofSeconds(1), -1),
                        new Limit(2_000, Duration.ofMillis(1), 1))
                .by(Key.header(""), Key.clientAddress(99, 64), Key.route(), Key.route(), Key.pathVariable("id"))
                .exempt("10.0.0.0/8", "10.0.0.0/33")
                .maxKeys(0)
                .store("fleet");
        assertThat(problems(limited(limit)))
                .containsExactly(
                        "OUT_OF_RANGE routes[0].middleware[0].limits[0].permits: 0 (expected: >= 1)",
                        "OUT_OF_RANGE routes[0].middleware[0].limits[0].period: 0s (expected: >= 1ms)",
                        "OUT_OF_RANGE routes[0].middleware[0].limits[1].permits: -1 (expected: >= 1)",
                        "OUT_OF_RANGE routes[0].middleware[0].limits[2].burst: -1 (expected: >= 1)",
                        "OUT_OF_RANGE routes[0].middleware[0].limits[3].permits: 2000 (expected: <= 1000 in 1ms)",
                        "INVALID routes[0].middleware[0].by[0].name: \"\" (expected: a token (RFC 9110 5.6.2))",
                        "OUT_OF_RANGE routes[0].middleware[0].by[1].ipv4Prefix: 99 (expected: 1 to 32)",
                        "INVALID routes[0].middleware[0].exempt[1]: \"10.0.0.0/33\" (expected: a CIDR block such as 10.0.0.0/8, or an address)",
                        "OUT_OF_RANGE routes[0].middleware[0].maxKeys: 0 (expected: 1 to 10000000)",
                        "DUPLICATE routes[0].middleware[0].limits[2].period: 1s (expected: a period other than that of limits[1])",
                        "DUPLICATE routes[0].middleware[0].by[3]: \"route\" (expected: a key other than that of by[2])",
                        "UNKNOWN_REFERENCE routes[0].middleware[0].store: \"fleet\" (route \"r\") (expected: a rate limit store of this name; none is defined)",
                        "UNKNOWN_REFERENCE routes[0].middleware[0].by[4].name: \"id\" (route \"r\") (expected: a variable that the match captures; there is none)");
    }

    /** The configuration shows only its name. */
    @Test
    void registeredRateLimit_isCheckedWhereItIsReferredTo() {
        ProxyConfig.Builder config = with(answering().middleware(Middleware.ref("slow")));
        Registrations known = new Registrations(
                "proxy",
                0,
                Map.of("slow", RateLimit.of(0, Duration.ofSeconds(1)).by(Key.pathVariable("id"))),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                List.of());
        assertThat(problems(config, known))
                .containsExactly(
                        "OUT_OF_RANGE routes[0].middleware[0].limits[0].permits: 0 (expected: >= 1)",
                        "UNKNOWN_REFERENCE routes[0].middleware[0].by[0].name: \"id\" (route \"r\") (expected: a variable that the match captures; there is none)");
    }

    @Test
    void pathVariableThatTheMatchDoesNotCapture_isAProblem() {
        RateLimit byId = perSecond().by(Key.pathVariable("id"));
        ProxyConfig.Builder config = ProxyConfig.builder()
                .middleware(byId)
                .route(answering()
                        .match(Match.path("/orders/{order}").and(Match.host("*.example.com")))
                        .middleware(byId)
                        .build())
                .route(Route.builder("none").middleware(byId).respond(200, "").build());
        assertThat(problems(config))
                .containsExactly(
                        "UNKNOWN_REFERENCE middleware[0].by[0].name: \"id\" (expected: one that the match of some route captures: host, order)",
                        "UNKNOWN_REFERENCE routes[0].middleware[0].by[0].name: \"id\" (route \"r\") (expected: one that the match captures: host, order)",
                        "UNKNOWN_REFERENCE routes[1].middleware[0].by[0].name: \"id\" (route \"none\") (expected: a variable that the match captures; there is none)");
    }

    static Stream<Match> matchesWithId() {
        return Stream.of(
                Match.path("/users/{id}/**"),
                Match.pathRegex("/(?<id>[0-9]+)"),
                Match.path("/all").or(Match.method("GET").and(Match.path("/users/{id}"))));
    }

    @ParameterizedTest
    @MethodSource("matchesWithId")
    void pathVariableThatTheMatchMayCapture_isFine(Match match) {
        RateLimit byId = perSecond().by(Key.pathVariable("id"));
        assertThat(problems(with(answering().match(match).middleware(byId)))).isEmpty();
        // Of the whole proxy: one route is enough.
        assertThat(problems(with(answering().match(match))
                        .route(Route.builder("rest").respond(200, "").build())
                        .middleware(byId)))
                .isEmpty();
    }

    @Test
    void pathVariableOfAMatchThatIsWrong_isNotToldBesideIt() {
        assertThat(problems(with(answering()
                        .match(Match.path("users/{id}"))
                        .middleware(perSecond().by(Key.pathVariable("idd"))))))
                .singleElement()
                .asString()
                .contains("routes[0].match.path");
    }

    @Test
    void variableThatAMatchOnlyExcludes_isNotCaptured() {
        assertThat(problems(with(answering()
                        .match(Match.path("/users/{id}").not())
                        .middleware(perSecond().by(Key.pathVariable("id"))))))
                .singleElement()
                .asString()
                .contains("there is none");
    }

    @Test
    void settingsOfHealthThatContradict_areAllToldAtOnce() {
        UpstreamPool.Builder pool = pool().healthCheck(
                        http().rise(0).fall(0).timeout(Duration.ofSeconds(6)).build())
                .outlierDetection(
                        outlier().maxEjectionPercent(101).failurePercentage(-1).build())
                .panicThreshold(-1);
        assertThat(problems(with(pool)))
                .containsExactly(
                        "OUT_OF_RANGE pools[0].healthCheck.rise: 0 (expected: >= 1)",
                        "OUT_OF_RANGE pools[0].healthCheck.fall: 0 (expected: >= 1)",
                        "OUT_OF_RANGE pools[0].healthCheck.timeout: 6s (expected: <= interval, 5s)",
                        "OUT_OF_RANGE pools[0].outlierDetection.failurePercentage: -1 (expected: 0 to 100)",
                        "OUT_OF_RANGE pools[0].outlierDetection.maxEjectionPercent: 101 (expected: 0 to 100)",
                        "OUT_OF_RANGE pools[0].panicThreshold: -1 (expected: 0 to 100)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://a",
                "http://a:1",
                "HTTP://A.example:65535",
                "http://127.0.0.1:80",
                "http://[::1]",
                "http://[::1]:80",
                "http://my_service:80",
                "http://xn--e1afmkfd.example"
            })
    void urlsOfTargets_areAccepted(String url) {
        assertThat(problems(with(UpstreamPool.builder("p").target(url)))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "a:80",
                "http://",
                "http://:80",
                "http:/a",
                "https://a",
                "h2c://a",
                "http://a/",
                "http://a?b",
                "http://a#b",
                "http://u:p@a",
                "http://a:",
                "http://a:0",
                "http://a:65536",
                "http://a:8o",
                "http://[::1",
                "http://::1",
                "http://256.1.1.1",
                "http://1.2.3",
                "http://a b",
                "http://a..b",
                "http://[a]:1",
                " http://a"
            })
    void urlsThatAreNoTargets_areProblems(String url) {
        assertThat(Validator.validate(
                        with(UpstreamPool.builder("p").target(url)).build(), null))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.place()).isEqualTo("pools[0].targets[0]");
                    assertThat(problem.expectation()).startsWith("http://host[:port]");
                });
    }
}
