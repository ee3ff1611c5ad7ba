package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.ErrorPage;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.tls.UpstreamTls;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.traffic.StickyCookie;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.HostPolicy;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

final class ConfigJsonTest {

    private static List<Problem> problems(String json) {
        return catchThrowableOfType(ConfigurationException.class, () -> ConfigJson.read(json))
                .problems();
    }

    private static List<String> lines(String json) {
        return problems(json).stream().map(Problem::toString).toList();
    }

    /** One of everything, given with all its keys. */
    private static ObjectNode everything() {
        ProxyConfig config = ProxyConfig.builder()
                .listener(Listener.builder("127.0.0.1", 8080)
                        .trustedProxies(io.fairlead.proxy.listener.TrustedProxies.of("10.0.0.0/8"))
                        .build())
                .pool(UpstreamPool.of("catalog", "http://10.0.0.1:8080", "http://10.0.0.2:8080"))
                .pool(UpstreamPool.of("canary", "http://10.0.1.1:8080"))
                .middleware(Middleware.ref("audit"))
                .route(Route.builder("catalog")
                        .match(Match.host("shop.example.com")
                                .and(Match.path("/api/{id}/**"))
                                .and(Match.method("GET", "HEAD"))
                                .and(Match.header("X-A", "1"))
                                .and(Match.queryRegex("q", "a+"))
                                .and(Match.cookie("c"))
                                .and(Match.clientAddress("10.0.0.0/8"))
                                .and(Match.any().or(Match.pathRegex("/x").not())))
                        .middleware(Middleware.ref("log"))
                        .middleware(RateLimit.of(10, Duration.ofSeconds(1))
                                .burst(20)
                                .and(100, Duration.ofHours(1))
                                .by(Key.clientAddress(), Key.header("X-Api-Key"), Key.pathVariable("id"))
                                .exempt("10.0.0.0/8")
                                .store("fleet"))
                        .transform(Transform.stripPrefix("/api"))
                        .transform(Transform.setRequestHeader("X-B", "2"))
                        .transform(Transform.pathRegex("/(a)", "/$1"))
                        .transform(Transform.requestBody("upper", 1000))
                        .transform(Transform.rewriteCookieDomain("*", ""))
                        .to(Upstream.ref("catalog"))
                        .timeouts(Timeouts.ofDefaults().withTotal(Duration.ofSeconds(7)))
                        .maxBodyBytes(5)
                        .build())
                .route(Route.builder("divided")
                        .match(Match.path("/divided/**"))
                        .split(Split.builder()
                                .share(Upstream.ref("catalog"), 9_999)
                                .share(Upstream.ref("canary"), 1)
                                .stickyCookie("side", Duration.ofDays(30))
                                .overrideHeader("X-Canary", "always", Upstream.ref("canary"))
                                .overrideCookie("canary", "never", Upstream.ref("catalog"))
                                .salt("shop")
                                .build())
                        .build())
                .route(Route.builder("keyed")
                        .match(Match.path("/keyed/**"))
                        .split(Split.builder()
                                .share(Upstream.ref("catalog"), 1)
                                .stickyBy(HashKey.header("X-User"), HashKey.clientAddress())
                                .build())
                        .build())
                .route(Route.builder("old").redirect(308, "/new{path}").build())
                .route(Route.builder("teapot")
                        .match(Match.path("/tea"))
                        .action(new RouteAction.Respond(418, Map.of("X-C", "3"), "short and stout"))
                        .build())
                .build();
        Context context = new Context(Placeholders.ofProcess(), true);
        return (ObjectNode) Model.CONFIG.write(config, context);
    }

    @Test
    void checkOverTls_tellsWhomToTrust() {
        ProxyConfig config = ConfigJson.read("""
                {"version": 1, "pools": [
                  {"name": "a", "targets": ["http://a"], "healthCheck":
                    {"type": "https", "path": "/up", "port": 8443, "tls":
                      {"trustedCertificates": "ca.pem", "serverName": "a.test"}}},
                  {"name": "b", "targets": ["http://b"], "healthCheck":
                    {"type": "https", "path": "/up", "tls": {"verifyCertificate": false}}}]}
                """);
        assertThat(config.pools())
                .extracting(pool -> pool.healthCheck().orElseThrow())
                .containsExactly(
                        HealthCheck.httpsBuilder("/up")
                                .port(8443)
                                .tls(UpstreamTls.builder()
                                        .trustedCertificates("ca.pem")
                                        .serverName("a.test")
                                        .build())
                                .build(),
                        HealthCheck.httpsBuilder("/up")
                                .tls(UpstreamTls.builder()
                                        .verifyCertificate(false)
                                        .build())
                                .build());
        assertThat(ConfigJson.read(ConfigJson.write(config))).isEqualTo(config);
    }

    @Test
    void recordsOfNameServers_areASource() {
        ProxyConfig config = ConfigJson.read("""
                {"version": 1, "pools": [
                  {"name": "a", "targetSource": {"type": "srv", "name": "_http._tcp.a.test", "resolvers": "127.0.0.1:5353"}},
                  {"name": "b", "targetSource": {"type": "dnsRecords", "url": "http://b.test", "maxRefresh": "10s"}}]}
                """);
        assertThat(config.pools())
                .extracting(pool -> pool.targetSource().orElseThrow())
                .containsExactly(
                        TargetSource.srv("_http._tcp.a.test").resolver("127.0.0.1:5353"),
                        TargetSource.dnsRecords("http://b.test").maxRefresh(Duration.ofSeconds(10)));
        assertThat(ConfigJson.read(ConfigJson.write(config))).isEqualTo(config);
    }

    @Test
    void fallbacksAndErrorPages_areRead() {
        ProxyConfig config = ConfigJson.read("""
                {"version": 1,
                 "routes": [{"id": "r", "to": "p",
                   "fallbacks": [
                     {"to": "q", "statuses": ["502-504", "404"]},
                     {"respond": {"status": 200, "body": "[]"}, "failures": ["upstreamUnavailable"]}],
                   "errorPages": [{"text": "{status}", "statuses": "503", "intercept": true}]}],
                 "errorPages": [{"contentType": "application/json", "text": "{}"}]}
                """);
        assertThat(config.routes().get(0).fallbacks())
                .containsExactly(
                        Fallback.to(Upstream.ref("q"))
                                .onStatus(new StatusRange(502, 504))
                                .onStatus(404),
                        Fallback.of(new RouteAction.Respond(200, Map.of(), "[]"))
                                .onFailure(FailureCode.UPSTREAM_UNAVAILABLE));
        assertThat(config.routes().get(0).errorPages())
                .containsExactly(ErrorPage.html("{status}").on(503).intercept(true));
        assertThat(config.errorPages()).containsExactly(ErrorPage.json("{}"));
    }

    /** A name with a line break made two lines of one problem, the second of which could say anything. */
    @Test
    void placeWithALineBreak_staysOnItsLine() {
        List<String> problems = lines("""
                {"version": 1,
                 "ok\\n(fine)": 1,
                 "routes": [{"id": "r", "respond": {"status": 200, "headers": {"X\\r\\nall: fine": "a"}}}]}
                """);
        assertThat(problems)
                .anyMatch(problem -> problem.startsWith("ok\\u000a(fine)"))
                .anyMatch(problem -> problem.startsWith("routes[0].respond.headers.X\\u000d\\u000aall: fine"))
                .noneMatch(problem -> problem.chars().anyMatch(Character::isISOControl));
    }

    @Test
    void anyConfiguration_survivesTheRoundTrip() {
        Seeds.run(500, random -> {
            ProxyConfig config = new RandomConfig(random).config();
            String json = ConfigJson.write(config);
            assertThat(ConfigJson.read(json)).as(json).isEqualTo(config);
            assertThat(ConfigJson.write(ConfigJson.read(json))).isEqualTo(json);
        });
    }

    @Test
    void anyConfigurationWithDefaultsWritten_readsBackEqual() {
        Seeds.run(500, random -> {
            ProxyConfig config = new RandomConfig(random).config();
            Context context = new Context(Placeholders.ofProcess(), true);
            context.inherit(config.timeouts());
            String json = Model.CONFIG.write(config, context).toString();
            assertThat(ConfigJson.read(json)).as(json).isEqualTo(config);
        });
    }

    @Test
    void drawnConfigurations_setEveryFieldOfTheTable() {
        Set<String> untouched = new TreeSet<>();
        Random random = new Random(1);
        List<ProxyConfig> configs = Stream.generate(() -> new RandomConfig(random).config())
                .limit(300)
                .toList();
        collect("", Model.CONFIG, configs, untouched);
        collect(
                "listeners.",
                Model.LISTENER,
                configs.stream().flatMap(c -> c.listeners().stream()).toList(),
                untouched);
        collect(
                "pools.",
                Model.POOL,
                configs.stream().flatMap(c -> c.pools().stream()).toList(),
                untouched);
        collect(
                "routes.",
                Model.ROUTE,
                configs.stream().flatMap(c -> c.routes().stream()).toList(),
                untouched);
        collect(
                "retry.",
                ResilienceTypes.RETRY,
                configs.stream()
                        .flatMap(c -> c.pools().stream())
                        .map(UpstreamPool::retry)
                        .toList(),
                untouched);
        collect(
                "timeouts.",
                ResilienceTypes.TIMEOUTS,
                configs.stream().map(ProxyConfig::timeouts).toList(),
                untouched);
        collect(
                "limits.",
                Model.LIMITS,
                configs.stream()
                        .flatMap(c -> c.listeners().stream())
                        .map(Listener::limits)
                        .toList(),
                untouched);
        List<RateLimit> rateLimits = configs.stream()
                .flatMap(c -> Stream.concat(
                        c.middleware().stream(), c.routes().stream().flatMap(route -> route.middleware().stream())))
                .filter(RateLimit.class::isInstance)
                .map(RateLimit.class::cast)
                .toList();
        collect("rateLimit.", RateLimitTypes.RATE_LIMIT, rateLimits, untouched);
        collect(
                "limit.",
                RateLimitTypes.LIMIT,
                rateLimits.stream().flatMap(one -> one.limits().stream()).toList(),
                untouched);
        Set<Object> keys = rateLimits.stream()
                .flatMap(one -> one.keys().stream())
                .map(Object::getClass)
                .collect(Collectors.toSet());
        assertThat(keys).containsExactlyInAnyOrder((Object[]) Key.class.getPermittedSubclasses());
        List<Split> splits = configs.stream()
                .flatMap(c -> c.routes().stream())
                .flatMap(route -> route.action().stream())
                .filter(RouteAction.Split.class::isInstance)
                .map(action -> ((RouteAction.Split) action).split())
                .toList();
        collect("split.", TrafficTypes.SPLIT, splits, untouched);
        collect(
                "stickyCookie.",
                TrafficTypes.STICKY_COOKIE,
                splits.stream().flatMap(one -> one.stickyCookie().stream()).toList(),
                untouched);
        // There is one version, and $schema is for editors.
        assertThat(untouched).containsExactly("$schema", "version");
    }

    private static <T> void collect(String prefix, ObjectType<T, ?> type, List<T> values, Set<String> untouched) {
        for (ObjectType.Field<T, ?, ?> field : type.fields()) {
            Object standard = field.getter().apply(type.prototype());
            if (values.stream().allMatch(value -> Objects.equals(field.getter().apply(value), standard))) {
                untouched.add(prefix + field.name());
            }
        }
    }

    @Test
    void everyAccessorOfTheModel_standsInTheTable() {
        assertAccessors(ProxyConfig.class, Model.CONFIG, Set.of("toJson", "validate"));
        assertAccessors(Listener.class, Model.LISTENER, Set.of());
        assertAccessors(Limits.class, Model.LIMITS, Set.of());
        assertAccessors(Timeouts.class, ResilienceTypes.TIMEOUTS, Set.of());
        assertAccessors(UpstreamPool.class, Model.POOL, Set.of());
        assertAccessors(io.fairlead.proxy.upstream.Target.class, Model.TARGET, Set.of());
        assertAccessors(UpstreamTls.class, TlsTypes.UPSTREAM_TLS, Set.of());
        // The action stands as one of four keys.
        assertAccessors(Route.class, Model.ROUTE, Set.of("action"));
        // What keys() gives stands as by.
        assertAccessors(RateLimit.class, RateLimitTypes.RATE_LIMIT, Set.of("keys"));
        assertAccessors(Limit.class, RateLimitTypes.LIMIT, Set.of());
        // An empty list of keys is another setting than none.
        assertAccessors(Split.class, TrafficTypes.SPLIT, Set.of("keepsByKey"));
        assertAccessors(Split.Share.class, TrafficTypes.SHARE, Set.of());
        assertAccessors(StickyCookie.class, TrafficTypes.STICKY_COOKIE, Set.of());
        assertAccessors(RouteAction.Redirect.class, Model.REDIRECT, Set.of());
        assertAccessors(RouteAction.Respond.class, Model.RESPOND, Set.of());
    }

    private static void assertAccessors(Class<?> type, ObjectType<?, ?> object, Set<String> others) {
        List<String> names = new ArrayList<>();
        for (Method method : type.getDeclaredMethods()) {
            boolean accessor = Modifier.isPublic(method.getModifiers())
                    && !Modifier.isStatic(method.getModifiers())
                    && method.getParameterCount() == 0
                    && !Set.of("toString", "hashCode", "toBuilder").contains(method.getName());
            if (accessor && !others.contains(method.getName())) {
                names.add(method.getName());
            }
        }
        List<String> fields =
                object.fields().stream().map(ObjectType.Field::name).toList();
        assertThat(fields).as(type.getSimpleName()).containsAll(names);
    }

    @Test
    void anErrorInAnyPlace_isReportedWithThatPlace() {
        List<String> places = new ArrayList<>();
        walk(everything(), "", places, (parent, key, place) -> {
            JsonNode old = get(parent, key);
            // Of no use anywhere: a list of a list for a scalar or an object, a number for a list.
            JsonNode wrong = old.isArray()
                    ? JsonTree.NODES.numberNode(-7)
                    : JsonTree.NODES.arrayNode().addArray();
            if (old.isString() && place.endsWith("method[0]")) {
                wrong = JsonTree.NODES.numberNode(1);
            }
            JsonNode root = set(parent, key, wrong);
            List<Problem> problems = problems(root.toString());
            assertThat(problems).as(place).extracting(Problem::place).anyMatch(at -> Context.within(place, at));
            assertThat(problems).as(place).extracting(Problem::place).allMatch(at -> Context.within(place, at));
            set(parent, key, old);
        });
        assertThat(places).hasSizeGreaterThan(110).contains("routes[0].match.any[1].not.pathRegex");
    }

    @Test
    void anUnknownKeyInAnyObject_isReportedWithItsPlace() {
        ObjectNode root = everything();
        List<String> places = new ArrayList<>();
        walk(root, "", places, (parent, key, place) -> {
            if (get(parent, key) instanceof ObjectNode object && !place.endsWith(".headers")) {
                object.put("bogus", 1);
                assertThat(problems(ROOT.get().toString()))
                        .extracting(Problem::code, Problem::place)
                        .containsExactly(org.assertj.core.groups.Tuple.tuple("UNKNOWN_KEY", place + ".bogus"));
                object.remove("bogus");
            }
        });
    }

    /** The tree that is being walked, so that a visitor can print it whole. */
    private static final ThreadLocal<ObjectNode> ROOT = new ThreadLocal<>();

    @FunctionalInterface
    private interface Visitor {
        void visit(JsonNode parent, Object key, String place);
    }

    private static void walk(ObjectNode root, String place, List<String> places, Visitor visitor) {
        ROOT.set(root);
        children(root, place, places, visitor);
    }

    private static void children(JsonNode node, String place, List<String> places, Visitor visitor) {
        if (node instanceof ObjectNode object) {
            for (String name : List.copyOf(object.propertyNames())) {
                visit(node, name, Context.child(place, name), places, visitor);
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                visit(node, i, place + "[" + i + "]", places, visitor);
            }
        }
    }

    private static void visit(JsonNode parent, Object key, String place, List<String> places, Visitor visitor) {
        places.add(place);
        visitor.visit(parent, key, place);
        children(get(parent, key), place, places, visitor);
    }

    private static JsonNode get(JsonNode parent, Object key) {
        return key instanceof Integer index ? parent.get(index) : parent.get((String) key);
    }

    private static JsonNode set(JsonNode parent, Object key, JsonNode value) {
        if (key instanceof Integer index) {
            ((ArrayNode) parent).set(index, value);
        } else {
            ((ObjectNode) parent).set((String) key, value);
        }
        return ROOT.get();
    }

    @Test
    void twentyErrors_giveTwentyProblems() {
        String json = """
                {
                  "listners": [],
                  "listeners": [
                    {"host": "127.0.0.1", "port": 70000, "limits": {"maxHeaderFields": 2}},
                    {"host": "not a host", "port": "80"},
                    {"host": "127.0.0.1", "port": 81, "port": 82, "trustedProxies": ["10.0.0.0/33"]}
                  ],
                  "timeouts": {"connect": "-1s", "idle": 60, "total": "soon"},
                  "pools": [
                    {"name": "orders", "targets": ["https://10.0.0.1"], "maxQueue": 5},
                    {"name": "users", "targets": [], "hostPolicy": "keep"},
                    {"name": "orders", "targets": ["http://10.0.0.1:8080/path"]}
                  ],
                  "routes": [
                    {"id": "a", "match": {"path": "/a", "method": ["G T"]}, "to": "ordres"},
                    {"id": "b", "match": {"path": "/b"}, "redirect": {"status": 304, "location": "/"}},
                    {"id": "c", "match": {"path": "/c"}, "transforms": [{"type": "stripPrefx", "prefix": "/c"}]}
                  ]
                }
                """;
        assertThat(problems(json))
                .extracting(Problem::code, Problem::place)
                .map(Object::toString)
                .containsExactlyInAnyOrder(
                        "(\"DUPLICATE_KEY\", \"listeners[2].port\")",
                        "(\"UNKNOWN_KEY\", \"listners\")",
                        "(\"MISSING\", \"version\")",
                        "(\"OUT_OF_RANGE\", \"listeners[0].port\")",
                        "(\"OUT_OF_RANGE\", \"listeners[0].limits.maxHeaderFields\")",
                        "(\"INVALID\", \"listeners[1].host\")",
                        "(\"WRONG_TYPE\", \"listeners[1].port\")",
                        "(\"INVALID\", \"listeners[2].trustedProxies[0]\")",
                        "(\"OUT_OF_RANGE\", \"timeouts.connect\")",
                        "(\"WRONG_TYPE\", \"timeouts.idle\")",
                        "(\"INVALID\", \"timeouts.total\")",
                        "(\"UNKNOWN_KEY\", \"pools[0].maxQueue\")",
                        "(\"INVALID\", \"pools[0].targets[0]\")",
                        "(\"INVALID\", \"pools[1].hostPolicy\")",
                        "(\"MISSING\", \"pools[1].targets\")",
                        "(\"INVALID\", \"pools[2].targets[0]\")",
                        "(\"INVALID\", \"routes[0].match.method[0]\")",
                        "(\"OUT_OF_RANGE\", \"routes[1].redirect.status\")",
                        "(\"INVALID\", \"routes[2].transforms[0].type\")",
                        "(\"MISSING\", \"routes[2]\")",
                        "(\"DUPLICATE\", \"pools[2].name\")",
                        "(\"UNKNOWN_REFERENCE\", \"routes[0].to\")");
    }

    @Test
    void problems_tellPlaceValueAndExpectation() {
        assertThat(lines("""
                                {"version": 1, "pools": [{"name": "orders", "targets": ["https://a"], "hostPolcy": "x",
                                  "maxQueued": -1, "queueTimeout": "0s"}],
                                 "routes": [{"id": "x", "to": "ordres"}]}
                                """))
                .containsExactly(
                        "pools[0].hostPolcy: unknown key (expected: hostPolicy)",
                        "pools[0].targets[0]: \"https://a\" (expected: http://host[:port] (https is not supported yet))",
                        "pools[0].maxQueued: -1 (expected: >= 0)",
                        "pools[0].queueTimeout: 0s (expected: >= 1ms)",
                        "routes[0].to: \"ordres\" (route \"x\") (expected: one of the pools orders, or a registered handler)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "{", "[1,", "{\"version\": 1,}", "{\"version\": 1} x", "nul", "{'a': 1}"})
    void textThatIsNoJson_isOneProblemOfSyntax(String json) {
        assertThat(problems(json)).hasSize(1).first().extracting(Problem::code).isEqualTo("SYNTAX");
    }

    @Test
    void problemOfSyntax_tellsLineColumnAndReason() {
        assertThat(lines("{\"version\": 1,\n \"via\": tru}"))
                .containsExactly("line 2, column 9: Unrecognized token 'tru' (expected: JSON (RFC 8259))");
        assertThat(lines("{\"version\": 1,}"))
                .containsExactly(
                        "line 1, column 15: Unexpected character ('}' (code 125)) (expected: JSON (RFC 8259))");
        assertThat(lines("{\"version\": 1"))
                .containsExactly("line 1, column 14: Unexpected end-of-input (expected: JSON (RFC 8259))");
    }

    @Test
    void missingSecret_isToldInWords() {
        assertThat(
                        lines(
                                "{\"pools\": [{\"name\": \"a\", \"targets\": [\"http://a\"], \"stickySession\": {\"type\": \"header\"}}]}"))
                .contains(
                        "pools[0].stickySession.name: missing (expected: field name)",
                        "pools[0].stickySession.secret: missing (expected: a secret of at least 32 characters, such as ${env:NAME}"
                                + " or ${file:PATH})");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "1", "null", "\"x\""})
    void rootThatIsNoObject_isOneProblem(String json) {
        assertThat(problems(json)).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo("WRONG_TYPE");
            assertThat(problem.place()).isEqualTo("$");
        });
    }

    @Test
    void matchThatIsUnreadable_hidesNoOtherRouteAndNoOtherProblem() {
        assertThat(lines("""
                        {"version": 1, "routes": [
                          {"id": "a", "match": 5, "respond": {"status": 200}},
                          {"id": "b", "match": {"path": "/b", "hots": "h"}, "respond": {"status": 200}},
                          {"id": "c", "match": {"path": "no slash"}},
                          {"id": "d", "match": {"path": "/d"}, "respond": {"status": 200}},
                          {"id": "e", "match": {"path": "/d"}, "respond": {"status": 200}},
                          7]}
                        """))
                .containsExactly(
                        "routes[0].match: 5 (expected: an object, such as {\"path\": \"/api/**\"})",
                        "routes[1].match.hots: unknown key (expected: host)",
                        "routes[2]: route \"c\" without action (expected: one of: to, split, redirect, respond)",
                        "routes[5]: 7 (expected: an object)",
                        "routes[2].match.path: no slash (expected: a path that begins with \"/\")",
                        "routes[4].match: every request that fits route \"e\" goes to route \"d\" (expected: a request that no"
                                + " earlier route takes)");
    }

    @Test
    void textThatIsNestedTooDeep_isOneProblem() {
        assertThat(problems("[".repeat(100_000)))
                .singleElement()
                .extracting(Problem::code)
                .isEqualTo("SYNTAX");
    }

    @Test
    void whatIsMissing_isToldWithItsType() {
        assertThat(lines("{\"pools\": [{}]}"))
                .contains(
                        "version: missing (expected: 1)",
                        "pools[0].name: missing (expected: name)",
                        "pools[0].targets: missing (expected: list of Target, or a targetSource)");
    }

    /** They were told only once all pools had names, in a second round. One pool can be what one name means, no more. */
    @Test
    void moreNamesThanPoolsWithoutOne_areToldBesideThem() {
        assertThat(lines("""
                                {"version": 1,
                                 "pools": [{"name": "users", "targets": ["http://a"]}, {"targets": ["http://b"]}],
                                 "routes": [{"id": "x", "match": {"path": "/x"}, "to": "ordres"},
                                            {"id": "y", "match": {"path": "/y"}, "to": "users"},
                                            {"id": "z", "match": {"path": "/z"}, "to": "orders"}]}
                                """))
                .containsExactly(
                        "pools[1].name: missing (expected: name)",
                        "routes[0].to: \"ordres\" (route \"x\") (expected: one of the pools users, pools[1] once it has"
                                + " this name, or a registered handler)",
                        "routes[2].to: \"orders\" (route \"z\") (expected: one of the pools users, pools[1] once it has"
                                + " this name, or a registered handler)");
    }

    @Test
    void anotherVersion_isAProblem() {
        assertThat(lines("{\"version\": 2, \"routes\": [{\"id\": \"a\", \"respond\": {\"status\": 200}}]}"))
                .containsExactly("version: 2 (expected: 1)");
    }

    @Test
    void severalActions_areAProblem() {
        assertThat(lines("{\"version\": 1, \"pools\": [{\"name\": \"p\", \"targets\": [\"http://a\"]}],"
                        + " \"routes\": [{\"id\": \"a\", \"to\": \"p\", \"respond\": {\"status\": 200}}]}"))
                .containsExactly("routes[0]: to and respond (expected: only one of: to, split, redirect, respond)");
    }

    @Test
    void keysOfAMatch_meanAndInTheirOrder() {
        ProxyConfig config = ConfigJson.read("""
                {"version": 1, "routes": [{"id": "a", "respond": {"status": 200}, "match":
                  {"path": "/a", "host": "h", "method": "GET", "not": {"header": {"name": "X", "regex": "a+"}}}}]}
                """);
        assertThat(config.routes().get(0).match())
                .isEqualTo(Match.path("/a")
                        .and(Match.host("h"))
                        .and(Match.method("GET"))
                        .and(Match.headerRegex("X", "a+").not()));
    }

    @Test
    void twoConditionsOfOneKind_areWrittenAsAll() {
        Route route = Route.builder("a")
                .match(Match.header("X").and(Match.header("Y")))
                .respond(200, "")
                .build();
        String json = ConfigJson.write(ProxyConfig.builder().route(route).build());
        assertThat(json).contains("\"all\"");
        assertThat(ConfigJson.read(json).routes()).containsExactly(route);
    }

    @Test
    void deadlinesThatARouteLeavesOut_areTheProxys() {
        ProxyConfig config = ConfigJson.read("""
                {"version": 1, "routes": [{"id": "a", "respond": {"status": 200}, "timeouts": {"connect": "1s"}}],
                 "timeouts": {"total": "9s", "connect": "2s"}}
                """);
        assertThat(config.routes().get(0).timeouts())
                .contains(Timeouts.ofDefaults().withTotal(Duration.ofSeconds(9)).withConnect(Duration.ofSeconds(1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"60s", "1m", "60000ms", "PT1M", "pt60s"})
    void durations_readInAllForms(String text) {
        ProxyConfig config = ConfigJson.read("{\"version\": 1, \"stopTimeout\": \"" + text + "\"}");
        assertThat(config.stopTimeout()).isEqualTo(Duration.ofMinutes(1));
        assertThat(ConfigJson.write(config)).contains("\"stopTimeout\": \"1m\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "5 s", "1.5s", "99999999999999999999s", "999999999999999999d", "PT", "1m30s"})
    void durationsThatAreNone_areAProblem(String text) {
        assertThat(problems("{\"version\": 1, \"stopTimeout\": \"" + text + "\"}"))
                .anyMatch(problem ->
                        problem.code().equals("INVALID") && problem.place().equals("stopTimeout"));
    }

    @Test
    void numbersBeyondTheType_areOutOfRange() {
        assertThat(lines("{\"version\": 1, \"routes\": [{\"id\": \"a\", \"respond\": {\"status\": 200}, \"order\":"
                        + " 3000000000, \"maxBodyBytes\": 1e3}], \"pools\": [{\"name\": \"p\", \"targets\":"
                        + " [\"http://a\"], \"maxQueued\": 99999999999999999999}]}"))
                .containsExactly(
                        "pools[0].maxQueued: 99999999999999999999 (expected: <= 2147483647)",
                        "routes[0].order: 3000000000 (expected: <= 2147483647)",
                        "routes[0].maxBodyBytes: 1000.0 (expected: a whole number)");
    }

    @Test
    void defaults_areNotWritten() {
        ProxyConfig config = ProxyConfig.builder()
                .listener(Listener.http(8080))
                .pool(UpstreamPool.builder("a")
                        .target("http://b")
                        .hostPolicy(HostPolicy.TARGET)
                        .build())
                .route(Route.builder("r").to(Upstream.ref("a")).build())
                .forwardedHeaders(ForwardedHeaders.OFF)
                .build();
        assertThat(ConfigJson.write(config)).isEqualTo("""
                        {
                          "version": 1,
                          "listeners": [ {
                            "port": 8080
                          } ],
                          "pools": [ {
                            "name": "a",
                            "targets": [ "http://b" ],
                            "hostPolicy": "target"
                          } ],
                          "routes": [ {
                            "id": "r",
                            "to": "a"
                          } ],
                          "forwardedHeaders": "off"
                        }
                        """);
    }

    @Test
    void codeInAConfiguration_isNotWritten() {
        ProxyConfig config = ProxyConfig.builder()
                .middleware((exchange, chain) -> chain.proceed(exchange))
                .route(Route.builder("a").to(UpstreamPool.of("p", "http://a")).build())
                .build();
        ConfigurationException thrown =
                catchThrowableOfType(ConfigurationException.class, () -> ConfigJson.write(config));
        assertThat(thrown.problems())
                .extracting(Problem::code, Problem::place)
                .map(Object::toString)
                .containsExactly("(\"NOT_DATA\", \"middleware[0]\")", "(\"NOT_DATA\", \"routes[0].to\")");
    }

    /** Each of them follows from what could not be read, or would stand at the place of another. */
    @Test
    void rateLimitThatIsUnreadableInPart_hidesNoOtherProblemAndBringsNone() {
        assertThat(lines("""
                        {"version": 1, "routes": [{"id": "r", "match": {"path": "/{id}"}, "respond": {"status": 200}, "middleware": [
                          {"type": "rateLimit", "limits": [{"permits": 1}, {"permits": 0, "period": "1s"}, {"permits": 2, "period": "1s"}],
                           "by": ["clientAddress", {"type": "header"}, "route", "route"]},
                          {"type": "rateLimit", "limits": [5, {"permits": 1, "period": "1s"}, {"permits": 2, "period": "1s"}],
                           "by": ["clientAdress", {"type": "pathVariable", "name": "idd"}, "route", "route"]},
                          {"type": "rateLimits", "limits": []}]}]}
                        """))
                .containsExactly(
                        "routes[0].middleware[0].limits[0].period: missing (expected: duration, at least 1ms)",
                        "routes[0].middleware[0].limits[1].permits: 0 (expected: >= 1)",
                        "routes[0].middleware[0].by[1].name: missing (expected: a name of letters, digits and characters such as - and _)",
                        "routes[0].middleware[0].limits[2].period: 1s (expected: a period other than that of limits[1])",
                        "routes[0].middleware[0].by[3]: \"route\" (expected: a key other than that of by[2])",
                        "routes[0].middleware[1].limits[0]: 5 (expected: an object)",
                        "routes[0].middleware[1].by[0]: \"clientAdress\" (expected: clientAddress)",
                        "routes[0].middleware[2].type: \"rateLimits\" (expected: rateLimit)");
    }

    /** It was told only once the unknown key was mended. */
    @Test
    void badPatternBesideAnUnknownKey_isToldWithIt() {
        assertThat(lines("""
                                {"version": 1, "listeners": [{"port": 0}], "pools": [{"name": "a", "targets": ["http://127.0.0.1:9"]}],
                                 "routes": [{"id": "r", "match": {"path": "api/**", "pathh": "x"}, "to": "a"}]}
                                """))
                .containsExactly(
                        "routes[0].match.pathh: unknown key (expected: path)",
                        "routes[0].match.path: api/** (expected: a path that begins with \"/\")");
    }
}
