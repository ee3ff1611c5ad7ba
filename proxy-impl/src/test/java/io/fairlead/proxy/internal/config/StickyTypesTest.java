package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.StickySession.SameSite;
import io.fairlead.proxy.balancer.StickySession.Secure;
import io.fairlead.proxy.balancer.StickySession.WhenUnavailable;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StickyTypesTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";
    private static final String OTHER = "fedcba9876543210fedcba9876543210";
    private static final StickySession.Cookie COOKIE = StickySession.cookie("sid", SECRET);

    private static ProxyConfig.Builder with(StickySession sticky) {
        return ProxyConfig.builder()
                .pool(UpstreamPool.builder("p")
                        .target("http://a")
                        .stickySession(sticky)
                        .build())
                .route(Route.builder("r").to(Upstream.ref("p")).build());
    }

    private static String json(String sticky) {
        return "{\"version\": 1, \"pools\": [{\"name\": \"p\", \"targets\": [\"http://a\"], \"stickySession\": "
                + sticky + "}], \"routes\": [{\"id\": \"r\", \"to\": \"p\"}]}";
    }

    private static ProxyConfig read(String sticky) {
        return ConfigJson.read(json(sticky), Map.of("STICKY", SECRET, "OLD", OTHER)::get);
    }

    private static List<String> problems(StickySession sticky) {
        return with(sticky).build().validate().stream()
                .map(StickyTypesTest::text)
                .toList();
    }

    private static String text(Problem problem) {
        return problem.code() + " " + problem;
    }

    @Test
    void everySettingOfACookie_isReadAndWritten() {
        ProxyConfig config = read("{\"type\": \"cookie\", \"name\": \"sid\", \"secret\": \"${env:STICKY}\","
                + " \"acceptedSecrets\": [\"${env:OLD}\"], \"whenUnavailable\": \"fail\", \"path\": \"/shop\","
                + " \"domain\": \"example.com\", \"maxAge\": \"1h\", \"httpOnly\": false, \"sameSite\": \"none\","
                + " \"secure\": \"always\"}");
        assertThat(config)
                .isEqualTo(with(COOKIE.withAcceptedSecrets(List.of(OTHER))
                                .withWhenUnavailable(WhenUnavailable.FAIL)
                                .withPath("/shop")
                                .withDomain("example.com")
                                .withMaxAge(Duration.ofHours(1))
                                .withHttpOnly(false)
                                .withSameSite(SameSite.NONE)
                                .withSecure(Secure.ALWAYS))
                        .build());
        String written = ConfigJson.write(config);
        assertThat(written).contains("${env:STICKY}", "${env:OLD}").doesNotContain(SECRET, OTHER);
        assertThat(ConfigJson.read(written, Map.of("STICKY", SECRET, "OLD", OTHER)::get))
                .isEqualTo(config);
    }

    @Test
    void everySettingOfAHeader_isReadAndWritten() {
        ProxyConfig config = read("{\"type\": \"header\", \"name\": \"X-Session\", \"secret\": \"${env:STICKY}\","
                + " \"acceptedSecrets\": [\"${env:OLD}\"], \"whenUnavailable\": \"fail\"}");
        assertThat(config)
                .isEqualTo(with(StickySession.header("X-Session", SECRET)
                                .withAcceptedSecrets(List.of(OTHER))
                                .withWhenUnavailable(WhenUnavailable.FAIL))
                        .build());
        assertThat(ConfigJson.write(config)).contains("\"whenUnavailable\": \"fail\"");
    }

    @Test
    void secretGivenAsItIs_isShownByNothing() {
        ProxyConfig config = with(COOKIE.withAcceptedSecrets(List.of(OTHER))).build();
        ProxyConfig changed =
                with(COOKIE.withAcceptedSecrets(List.of(OTHER + "x"))).build();
        assertThat(config.toJson()).contains("(redacted)").doesNotContain(SECRET, OTHER);
        assertThat(config.pools().get(0).stickySession().orElseThrow().toString())
                .doesNotContain(SECRET, OTHER);
        assertThat(config.toString()).doesNotContain(SECRET, OTHER);
        assertThat(StickySession.header("X-Session", SECRET).toString()).doesNotContain(SECRET);
        assertThat(config.diff(changed))
                .singleElement()
                .asString()
                .startsWith("pool \"p\": changed stickySession (another value of ")
                .doesNotContain(SECRET, OTHER);
        assertThat(config.diff(config)).isEmpty();
    }

    @Test
    void secretThatWasNotWritten_isAProblemWhenItIsReadBack() {
        String written = with(COOKIE).build().toJson();
        assertThatThrownBy(() -> ProxyConfig.fromJson(written))
                .isInstanceOfSatisfying(
                        ConfigurationException.class,
                        e -> assertThat(e.problems())
                                .extracting(StickyTypesTest::text)
                                .containsExactly(
                                        "INVALID pools[0].stickySession.secret: \"(redacted)\" (expected: the secret"
                                                + " itself, or where it is found, such as ${env:NAME}; it is not written to JSON)"));
    }

    @Test
    void secretThatIsWrong_isNotShownByItsProblem() {
        assertThat(problems(COOKIE.withAcceptedSecrets(List.of("hunter2", "${env:NAME}"))))
                .containsExactly(
                        "INVALID pools[0].stickySession.acceptedSecrets[0]: a text of 7 characters"
                                + " (expected: a secret of at least 32 characters)",
                        "INVALID pools[0].stickySession.acceptedSecrets[1]: a placeholder that was not resolved"
                                + " (expected: the secret itself; placeholders are resolved in JSON and properties only)");
        assertThat(problems(COOKIE.withAcceptedSecrets(List.of(OTHER, OTHER, SECRET))))
                .containsExactly(
                        "DUPLICATE pools[0].stickySession.acceptedSecrets[1]: a secret that was there before"
                                + " (expected: another secret)",
                        "DUPLICATE pools[0].stickySession.acceptedSecrets[2]: a secret that was there before"
                                + " (expected: another secret)");
        assertThat(problems(StickySession.header("X-Session", ""))).hasSize(1);
        assertThatThrownBy(() -> read("{\"type\": \"cookie\", \"name\": \"sid\", \"secret\": 12345678}"))
                .isInstanceOf(ConfigurationException.class)
                .message()
                .contains("pools[0].stickySession.secret")
                .doesNotContain("12345678");
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                Arguments.of("name", StickySession.cookie("a b", SECRET)),
                Arguments.of("name", StickySession.cookie("", SECRET)),
                Arguments.of("name", StickySession.cookie("__Host-sid", SECRET)),
                Arguments.of("name", StickySession.cookie("__secure-sid", SECRET)),
                Arguments.of(
                        "name",
                        StickySession.cookie("__Host-sid", SECRET)
                                .withSecure(Secure.ALWAYS)
                                .withPath("/a")),
                Arguments.of(
                        "name",
                        StickySession.cookie("__Host-sid", SECRET)
                                .withSecure(Secure.ALWAYS)
                                .withDomain("example.com")),
                Arguments.of("secret", StickySession.cookie("a", SECRET.substring(1))),
                Arguments.of("path", COOKIE.withPath("shop")),
                Arguments.of("path", COOKIE.withPath("")),
                Arguments.of("path", COOKIE.withPath("/a; Domain=evil")),
                Arguments.of("path", COOKIE.withPath("/a\r\nX: 1")),
                Arguments.of("domain", COOKIE.withDomain(".example.com")),
                Arguments.of("domain", COOKIE.withDomain("a; b")),
                Arguments.of("domain", COOKIE.withDomain("127.0.0.1")),
                Arguments.of("domain", COOKIE.withDomain("")),
                Arguments.of("maxAge", COOKIE.withMaxAge(Duration.ofSeconds(-1))),
                Arguments.of("maxAge", COOKIE.withMaxAge(Duration.ZERO)),
                Arguments.of("maxAge", COOKIE.withMaxAge(Duration.ofMillis(1_500))),
                Arguments.of("sameSite", COOKIE.withSameSite(SameSite.NONE)),
                Arguments.of("sameSite", COOKIE.withSameSite(SameSite.NONE).withSecure(Secure.NEVER)),
                Arguments.of("name", StickySession.header("", SECRET)),
                Arguments.of("name", StickySession.header("X Session", SECRET)),
                Arguments.of("name", StickySession.header("Host", SECRET)),
                Arguments.of("name", StickySession.header("Content-Length", SECRET)),
                Arguments.of("name", StickySession.header("cookie", SECRET)),
                Arguments.of("name", StickySession.header("Set-Cookie", SECRET)),
                Arguments.of("secret", StickySession.header("X-Session", "short")));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void badSetting_isOneProblemAtItsPlace(String place, StickySession sticky) {
        assertThat(with(sticky).build().validate())
                .extracting(Problem::place)
                .containsExactly("pools[0].stickySession." + place);
        assertThatThrownBy(() -> ReverseProxy.builder()
                        .route(Route.builder("r")
                                .to(UpstreamPool.builder("p")
                                        .target("http://a")
                                        .stickySession(sticky)
                                        .build())
                                .build())
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .message()
                .doesNotContain(SECRET);
    }

    @Test
    void prefixedCookie_andAHashBeside_areFine() {
        assertThat(problems(StickySession.cookie("__Host-sid", SECRET).withSecure(Secure.ALWAYS)))
                .isEmpty();
        ProxyConfig both = ProxyConfig.builder()
                .pool(UpstreamPool.builder("p")
                        .target("http://a")
                        .stickySession(COOKIE)
                        .loadBalancer(LoadBalancer.consistentHash(HashKey.clientAddress()))
                        .build())
                .route(Route.builder("r").to(Upstream.ref("p")).build())
                .build();
        assertThat(both.validate()).isEmpty();
    }

    /** The client's Authorization never reached the target, and the target's Location never the client. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authorization",
                "location",
                "Content-Type",
                "Date",
                "X-Forwarded-For",
                "x-forwarded-user",
                "Cache-Control",
                "WWW-Authenticate",
                "Accept",
                "If-None-Match",
                "Retry-After",
                "Vary",
                "Via"
            })
    void fieldThatMeansSomethingElse_isAProblem(String name) {
        assertThat(problems(StickySession.header(name, SECRET)))
                .containsExactly("INVALID pools[0].stickySession.name: \"" + name
                        + "\" (expected: a field of its own, such as X-Session, or a cookie)");
        assertThat(problems(StickySession.header("X-" + name + "-Session", SECRET)))
                .isEmpty();
    }

    @Test
    void cookieOfASplitThatOneOfItsPoolsHasToo_isAProblem() {
        UpstreamPool sticky = UpstreamPool.builder("p")
                .target("http://a")
                .stickySession(COOKIE)
                .build();
        for (String name : List.of("sid", "share")) {
            Split split = Split.builder()
                    .share(Upstream.ref("p"), 1)
                    .share(Upstream.ref("q"), 1)
                    .stickyCookie(name, Duration.ofDays(1))
                    .build();
            ProxyConfig config = ProxyConfig.builder()
                    .pool(sticky)
                    .pool(UpstreamPool.of("q", "http://b"))
                    .route(Route.builder("r").split(split).build())
                    .build();
            assertThat(config.validate().stream().map(StickyTypesTest::text).toList())
                    .isEqualTo(
                            name.equals("share")
                                    ? List.of()
                                    : List.of(
                                            "CONFLICT routes[0].split.stickyCookie.name: \"sid\" (route \"r\")"
                                                    + " (expected: a name other than that of the stickySession of pool \"p\")"));
        }
    }

    @Test
    void fieldThatCountsAttemptsToo_isAProblem() {
        UpstreamPool pool = UpstreamPool.builder("p")
                .target("http://a")
                .stickySession(StickySession.header("X-Session", SECRET))
                .retry(RetryPolicy.builder().attemptHeader("x-session").build())
                .build();
        ProxyConfig config = ProxyConfig.builder()
                .pool(pool)
                .route(Route.builder("r").to(Upstream.ref("p")).build())
                .build();
        assertThat(config.validate().stream().map(StickyTypesTest::text).toList())
                .containsExactly("CONFLICT pools[0].retry.attemptHeader: \"x-session\""
                        + " (expected: a name other than that of the stickySession)");
    }

    @Test
    void stickySessionWithoutItsParts_tellsAllThatIsMissing() {
        assertThatThrownBy(() -> read("{\"type\": \"cookie\", \"maxAge\": \"soon\", \"pth\": \"/\"}"))
                .isInstanceOfSatisfying(
                        ConfigurationException.class,
                        e -> assertThat(e.problems())
                                .extracting(problem -> problem.code() + " " + problem.place())
                                .containsExactly(
                                        "UNKNOWN_KEY pools[0].stickySession.pth",
                                        "MISSING pools[0].stickySession.name",
                                        "MISSING pools[0].stickySession.secret",
                                        "INVALID pools[0].stickySession.maxAge"));
    }

    private static List<String> problemsOfFallback(StickySession main, StickySession backup) {
        return with(main)
                .pool(UpstreamPool.builder("backup")
                        .target("http://b")
                        .stickySession(backup)
                        .build())
                .route(Route.builder("f")
                        .match(Match.path("/f"))
                        .to(Upstream.ref("p"))
                        .fallback(Fallback.to(Upstream.ref("backup")))
                        .fallback(Fallback.to(Upstream.ref("p")))
                        .build())
                .build()
                .validate()
                .stream()
                .map(StickyTypesTest::text)
                .toList();
    }

    @Test
    void fallbackPoolThatWouldOverwriteTheToken_isTold() {
        String problem = "CONFLICT routes[1].fallbacks[0].to: \"backup\" (route \"f\")"
                + " (expected: a pool whose stickySession has a name other than that of pool \"p\")";
        assertThat(problemsOfFallback(COOKIE, COOKIE)).contains(problem);
        assertThat(problemsOfFallback(StickySession.header("X-Sid", SECRET), StickySession.header("x-sid", SECRET)))
                .contains(problem);
    }

    @Test
    void fallbackPoolWithASessionOfItsOwn_isFine() {
        assertThat(problemsOfFallback(COOKIE, StickySession.cookie("other", SECRET)))
                .isEmpty();
        assertThat(problemsOfFallback(COOKIE, COOKIE.withPath("/b"))).isEmpty();
        assertThat(problemsOfFallback(COOKIE, StickySession.header("sid", SECRET)))
                .isEmpty();
    }
}
