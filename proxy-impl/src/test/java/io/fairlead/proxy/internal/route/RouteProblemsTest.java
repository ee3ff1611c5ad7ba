package io.fairlead.proxy.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteProblemsTest {

    private static List<Problem> problems(Match... matches) {
        List<Route> routes = new ArrayList<>();
        for (Match match : matches) {
            routes.add(Route.builder("r" + routes.size()).match(match).build());
        }
        return RouteTable.problems(routes);
    }

    private static List<String> unreachable(Match... matches) {
        return problems(matches).stream()
                .map(problem -> problem.code() + " " + problem.place())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "*.",
                "*example.com",
                "a.*.com",
                "**.a",
                "a..b",
                ".a",
                "a b",
                "a/b",
                "a:80",
                "http://a",
                "a?",
                "[::1",
                "::1"
            })
    void hostThatIsNone_isReported(String pattern) {
        assertThat(problems(Match.host(pattern)))
                .containsExactly(
                        new Problem("INVALID_PATTERN", "routes[0].match.host", pattern, HostPattern.EXPECTATION));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "*",
                "/a/*",
                "/a/**/b",
                "/a**",
                "/**/",
                "/a//b",
                "/a//**",
                "/a/./b",
                "/a/../b",
                "/a/%2e%2E/b",
                "/a;x",
                "/a?b",
                "/a#b",
                "/{}",
                "/{1a}",
                "/{a-b}",
                "/{a}.json",
                "/x{a}",
                "/{a",
                "/{a}/{a}"
            })
    void pathThatIsNone_isReported(String pattern) {
        assertThat(problems(Match.path(pattern))).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo("INVALID_PATTERN");
            assertThat(problem.place()).isEqualTo("routes[0].match.path");
            assertThat(problem.value()).isEqualTo(pattern);
            assertThat(problem.expectation()).isNotEmpty();
        });
    }

    static Stream<Arguments> otherMistakes() {
        return Stream.of(
                Arguments.of(Match.pathRegex("/("), "INVALID_REGEX", "routes[0].match.pathRegex"),
                Arguments.of(Match.pathRegex("/(?=a)"), "INVALID_REGEX", "routes[0].match.pathRegex"),
                Arguments.of(Match.pathRegex("/(a)\\1"), "INVALID_REGEX", "routes[0].match.pathRegex"),
                Arguments.of(Match.headerRegex("X", "["), "INVALID_REGEX", "routes[0].match.header"),
                Arguments.of(Match.queryRegex("x", "["), "INVALID_REGEX", "routes[0].match.query"),
                Arguments.of(Match.cookieRegex("x", "["), "INVALID_REGEX", "routes[0].match.cookie"),
                Arguments.of(Match.header("a b"), "INVALID_NAME", "routes[0].match.header"),
                Arguments.of(Match.query(""), "INVALID_NAME", "routes[0].match.query"),
                Arguments.of(Match.cookie("a=b"), "INVALID_NAME", "routes[0].match.cookie"),
                Arguments.of(Match.method(), "EMPTY_MATCH", "routes[0].match.method"),
                Arguments.of(Match.method("GET", "G T"), "INVALID_METHOD", "routes[0].match.method[1]"),
                Arguments.of(Match.method(""), "INVALID_METHOD", "routes[0].match.method[0]"),
                Arguments.of(Match.clientAddress(), "EMPTY_MATCH", "routes[0].match.clientAddress"),
                Arguments.of(
                        Match.clientAddress("::1", "10.0.0.0/99"),
                        "INVALID_NETWORK",
                        "routes[0].match.clientAddress[1]"),
                Arguments.of(new Match.And(List.of()), "EMPTY_MATCH", "routes[0].match.and"),
                Arguments.of(new Match.Or(List.of()), "EMPTY_MATCH", "routes[0].match.or"),
                Arguments.of(
                        Match.host("a").and(Match.path("/a").or(Match.path("b").not())),
                        "INVALID_PATTERN",
                        "routes[0].match.and[1].or[1].not.path"),
                Arguments.of(Match.host("*.a").and(Match.path("/{host}")), "DUPLICATE_VARIABLE", "routes[0].match"),
                Arguments.of(Match.any().not(), "UNREACHABLE_ROUTE", "routes[0].match"));
    }

    @ParameterizedTest
    @MethodSource("otherMistakes")
    void mistake_isReportedWithItsPlace(Match match, String code, String place) {
        assertThat(unreachable(match)).containsExactly(code + " " + place);
    }

    @Test
    void allMistakes_areReportedAtOnce() {
        assertThat(unreachable(Match.host("*"), Match.any(), Match.path("x").and(Match.method("")), Match.any()))
                .containsExactly(
                        "INVALID_PATTERN routes[0].match.host",
                        "INVALID_PATTERN routes[2].match.and[0].path",
                        "INVALID_METHOD routes[2].match.and[1].method[0]",
                        "UNREACHABLE_ROUTE routes[3].match");
    }

    @Test
    void tooManyAlternatives_areReported() {
        Match hosts = Match.host("a0");
        Match paths = Match.path("/p0");
        for (int i = 1; i < 40; i++) {
            hosts = hosts.or(Match.host("a" + i));
            paths = paths.or(Match.path("/p" + i));
        }
        assertThat(unreachable(hosts.and(paths))).containsExactly("MATCH_TOO_COMPLEX routes[0].match");
        assertThat(problems(hosts)).isEmpty();
    }

    @Test
    void sameMatchTwice_isUnreachable() {
        assertThat(problems(Match.path("/{a}"), Match.path("/{b}")))
                .containsExactly(new Problem(
                        "UNREACHABLE_ROUTE",
                        "routes[1].match",
                        "every request that fits route \"r1\" goes to route \"r0\"",
                        "a request that no earlier route takes"));
    }

    static Stream<Arguments> covered() {
        return Stream.of(
                Arguments.of(Match.host("*.b.c"), Match.host("*.c")),
                Arguments.of(Match.host("a.b.c"), Match.host("*.c")),
                Arguments.of(Match.path("/a/b"), Match.path("/a/**")),
                Arguments.of(Match.path("/a"), Match.path("/a/**")),
                Arguments.of(Match.path("/a/{x}/c"), Match.path("/{y}/{z}/c")),
                Arguments.of(Match.path("/a/b/**"), Match.path("/a/**")),
                Arguments.of(Match.path("/a/b"), Match.pathRegex("/a/[a-z]")),
                Arguments.of(Match.pathRegex("/a"), Match.host("h").or(Match.any())),
                Arguments.of(Match.method("GET"), Match.method("GET", "PUT")),
                Arguments.of(Match.header("X", "1"), Match.header("x")),
                Arguments.of(Match.header("X", "12"), Match.headerRegex("x", "[0-9]+")),
                Arguments.of(Match.queryRegex("x", "a"), Match.query("x")),
                Arguments.of(Match.clientAddress("10.1.0.0/16"), Match.clientAddress("10.0.0.0/8", "::1")),
                Arguments.of(
                        Match.header("A").or(Match.header("B")),
                        Match.header("B").or(Match.header("A"))),
                Arguments.of(Match.header("A").not(), Match.header("A", "1").not()),
                Arguments.of(Match.path("/a").or(Match.path("/b")), Match.path("/**")),
                Arguments.of(Match.host("h").and(Match.path("/a")), Match.path("/a")),
                Arguments.of(Match.any(), Match.any()));
    }

    @ParameterizedTest
    @MethodSource("covered")
    void earlierRouteThatIsMoreGeneral_makesUnreachable(Match covered, Match general) {
        assertThat(unreachableByOrder(covered, general)).containsExactly("UNREACHABLE_ROUTE routes[1].match");
    }

    static Stream<Arguments> notCovered() {
        return Stream.of(
                Arguments.of(Match.host("c"), Match.host("*.c")),
                Arguments.of(Match.any(), Match.path("/**")),
                Arguments.of(Match.pathRegex(".*"), Match.path("/**")),
                Arguments.of(Match.path("/a/**"), Match.path("/a/{x}")),
                Arguments.of(Match.path("/a/**"), Match.path("/a/{x}/**")),
                Arguments.of(Match.path("/a/"), Match.path("/a/{x}")),
                Arguments.of(Match.path("/a"), Match.path("/b").or(Match.path("/c"))),
                Arguments.of(Match.path("/a").or(Match.path("/c")), Match.path("/a")),
                Arguments.of(Match.method("GET", "PUT"), Match.method("GET")),
                Arguments.of(Match.any(), Match.method("GET")),
                Arguments.of(Match.header("X"), Match.header("X", "1")),
                Arguments.of(Match.cookie("x"), Match.cookie("X")),
                Arguments.of(Match.clientAddress("10.0.0.0/8", "::1"), Match.clientAddress("10.0.0.0/8")),
                Arguments.of(Match.header("A", "1").not(), Match.header("A").not()),
                Arguments.of(Match.path("/a"), Match.path("/a").and(Match.header("X"))));
    }

    @ParameterizedTest
    @MethodSource("notCovered")
    void earlierRouteThatLeavesSomething_isNoProblem(Match match, Match other) {
        assertThat(unreachableByOrder(match, other)).isEmpty();
    }

    private static List<String> unreachableByOrder(Match match, Match before) {
        List<Problem> problems = RouteTable.problems(List.of(
                Route.builder("before").order(-1).match(before).build(),
                Route.builder("route").match(match).build()));
        return problems.stream()
                .map(problem -> problem.code() + " " + problem.place())
                .toList();
    }

    @Test
    void moreGeneralRouteOfLowerPrecedence_isNoProblem() {
        assertThat(problems(Match.path("/**"), Match.path("/a/**"), Match.path("/a/b")))
                .isEmpty();
    }

    @Test
    void tenThousandRoutes_areCheckedInAFewSeconds() {
        Match[] matches = new Match[10_000];
        for (int i = 0; i < matches.length; i++) {
            matches[i] = i % 10 == 0
                    ? Match.pathRegex("/api/v1/r" + i + "/[0-9]+")
                    : Match.path("/api/v1/r" + i + (i % 3 == 0 ? "/{id}" : "/**"));
        }
        long before = System.nanoTime();
        assertThat(problems(matches)).isEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
    }
}
