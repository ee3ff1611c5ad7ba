package io.fairlead.proxy.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.TestRequest;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    private static final InetAddress CLIENT = IpLiterals.parse("192.0.2.7");

    private static Route route(String id, Match match) {
        return Route.builder(id).match(match).build();
    }

    private static RouteTable table(Match... matches) {
        List<Route> routes = new ArrayList<>();
        for (Match match : matches) {
            routes.add(route("r" + routes.size(), match));
        }
        return RouteTable.compile(routes);
    }

    private static int winner(TestRequest request, Match... matches) {
        return table(matches).find(request, CLIENT).index();
    }

    private static boolean fits(Match match, TestRequest request) {
        return table(match).find(request, CLIENT).found();
    }

    @ParameterizedTest
    @CsvSource({
        "shop.example.com, shop.example.com, true",
        "Shop.Example.COM, shop.example.com, true",
        "shop.example.com, example.com, false",
        "shop.example.com, shop.example.com., true",
        "*.example.com, shop.example.com, true",
        "*.example.com, a.b.example.com, true",
        "*.example.com, example.com, false",
        "*.example.com, .example.com, false",
        "*.example.com, badexample.com, false",
        "*.example.com, '', false",
        "*.com, example.com, true",
        "bücher.example, xn--bcher-kva.example, true",
        "[::1], [::1], true",
        "127.0.0.1, 127.0.0.1, true",
    })
    void hostPattern_fitsOrNot(String pattern, String host, boolean expected) {
        assertThat(fits(Match.host(pattern), TestRequest.get(host, "/"))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/health, /health, true",
        "/health, /health/, false",
        "/health, /healthy, false",
        "/health, /Health, false",
        "/health, /x/..//%68ealth;v=1, true",
        "/, /, true",
        "/, //, true",
        "/, /a, false",
        "/api/**, /api, true",
        "/api/**, /api/, true",
        "/api/**, /api/a/b, true",
        "/api/**, /apis, false",
        "/api/**, /api%2Fx, false",
        "/**, /, true",
        "/**, /a, true",
        "/**, *, false",
        "/users/{id}, /users/7, true",
        "/users/{id}, /users/, false",
        "/users/{id}, /users/7/, false",
        "/users/{id}, /users/7/x, false",
        "/users/{id}/, /users/7/, true",
        "/users/{id}/orders, /users/7/orders, true",
        "/users/{id}/**, /users/7, true",
        "/users/{id}/**, /users/7/x/y, true",
        "/users/{id}/**, /users/, false",
        "/{a}/{b}, /x/y, true",
        "/café, /caf%c3%a9, true",
        "/a b, /a%20b, true",
        "/%7Euser, /~user, true",
        "/a%2fb, /a%2Fb, true",
    })
    void pathPattern_fitsOrNot(String pattern, String path, boolean expected) {
        assertThat(fits(Match.path(pattern), TestRequest.get("h", path))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "/items/[0-9]+, /items/12, true",
        "/items/[0-9]+, /items/12/x, false",
        "^/items?$, /item, true",
        "/ab*, /a, true",
        "/a|/b, /b, true",
        ".*, *, true",
        "(?i)/ABC, /abc, true",
        "/a\\b/.*, /a/x, true",
        "/a\\b.*, /ab, false",
        "/a^b, /ab, false",
        "^/a[^b]c$, /axc, true",
        "/a+/b, /aaa/b, true",
        "/a{2}, /aa, true",
        "/a{0}b, /b, true",
        "'/a(,|b)', '/a,', true",
        "/a$, /a, true",
        "/a, /ab, false",
    })
    void pathRegex_matchesTheWholePath(String regex, String path, boolean expected) {
        assertThat(fits(Match.pathRegex(regex), TestRequest.get("h", path))).isEqualTo(expected);
    }

    @Test
    void fields_areComparedByTheirTest() {
        TestRequest request = TestRequest.get("h", "/?a=1&b=x+y%26z&flag&a=2&%63=3&&")
                .with("X-Env", "blue")
                .with("x-env", "green")
                .with("Cookie", "id=7; theme = dark ;q=\"x\"")
                .with("Cookie", "late=1");
        assertThat(fits(Match.header("x-ENV"), request)).isTrue();
        assertThat(fits(Match.header("X-Other"), request)).isFalse();
        assertThat(fits(Match.header("X-Env", "blue"), request)).isTrue();
        assertThat(fits(Match.header("X-Env", "green"), request)).isTrue();
        assertThat(fits(Match.header("X-Env", "Green"), request)).isFalse();
        assertThat(fits(Match.headerRegex("X-Env", "gr.*n"), request)).isTrue();
        assertThat(fits(Match.headerRegex("X-Env", "gr"), request)).isFalse();
        assertThat(fits(Match.query("flag"), request)).isTrue();
        assertThat(fits(Match.query("flag", ""), request)).isTrue();
        assertThat(fits(Match.query("fla"), request)).isFalse();
        assertThat(fits(Match.query(""), request)).isFalse();
        assertThat(fits(Match.query("a", "2"), request)).isTrue();
        assertThat(fits(Match.query("b", "x y&z"), request)).isTrue();
        assertThat(fits(Match.query("c", "3"), request)).isTrue();
        assertThat(fits(Match.queryRegex("a", "[2-9]"), request)).isTrue();
        assertThat(fits(Match.query("a"), TestRequest.get("h", "/"))).isFalse();
        assertThat(fits(Match.cookie("id", "7"), request)).isTrue();
        assertThat(fits(Match.cookie("theme", "dark"), request)).isTrue();
        assertThat(fits(Match.cookie("q", "\"x\""), request)).isTrue();
        assertThat(fits(Match.cookie("late"), request)).isTrue();
        assertThat(fits(Match.cookie("ID"), request)).isFalse();
        assertThat(fits(Match.cookieRegex("id", "[0-9]"), request)).isTrue();
    }

    @Test
    void clientAddress_isTheOneGiven() {
        Match match = Match.clientAddress("192.0.2.0/24", "::1");
        assertThat(fits(match, TestRequest.get("h", "/"))).isTrue();
        assertThat(table(match)
                        .find(TestRequest.get("h", "/"), IpLiterals.parse("192.0.3.1"))
                        .found())
                .isFalse();
    }

    @Test
    void variables_areCapturedAndDecodedOnce() {
        Match match = Match.host("*.example.com")
                .and(Match.path("/users/{id}/**"))
                .and(Match.pathRegex("/users/[^/]*/(?P<rest>.*)"))
                .and(Match.pathRegex("/.*(?<none>nothing)?"));
        RouteMatch found = table(match).find(TestRequest.get("a.b.example.com.", "/users/x%2Fy%2541/o%20p"), CLIENT);
        assertThat(found.variables())
                .containsExactlyInAnyOrderEntriesOf(Map.of("host", "a.b", "id", "x/y%41", "rest", "o p"));
    }

    @Test
    void nothingCaptured_isTheSameObjectEachTime() {
        RouteTable table = table(Match.host("a").and(Match.path("/x/**")), Match.host("b"));
        TestRequest request = TestRequest.get("a", "/x/y");
        assertThat(table.find(request, CLIENT)).isSameAs(table.find(request, CLIENT));
        assertThat(table.find(TestRequest.get("c", "/"), CLIENT)).isSameAs(RouteMatch.NOT_FOUND);
    }

    @Test
    void lowerOrder_winsOverSpecificity() {
        List<Route> routes = List.of(
                Route.builder("exact")
                        .match(Match.host("h").and(Match.path("/a")))
                        .build(),
                Route.builder("first").order(-1).build());
        assertThat(RouteTable.compile(routes)
                        .find(TestRequest.get("h", "/a"), CLIENT)
                        .index())
                .isEqualTo(1);
    }

    @Test
    void moreSpecificHost_winsOverMoreSpecificPath() {
        TestRequest request = TestRequest.get("a.example.com", "/x");
        Match exact = Match.host("a.example.com");
        Match wildcard = Match.host("*.example.com").and(Match.path("/x"));
        Match none =
                Match.path("/x").and(Match.method("GET")).and(Match.header("A").not());
        assertThat(winner(request, none, wildcard, exact)).isEqualTo(2);
        assertThat(winner(request, none, wildcard)).isEqualTo(1);
        TestRequest deep = TestRequest.get("x.shop.example.com", "/x");
        Match longer = Match.host("*.shop.example.com").and(Match.path("/x"));
        assertThat(winner(deep, none, wildcard, longer)).isEqualTo(2);
    }

    @Test
    void moreSpecificPath_wins() {
        TestRequest request = TestRequest.get("h", "/a/b");
        Match none = Match.method("GET")
                .and(Match.host("*.h").not())
                .and(Match.header("A").not());
        Match regex = Match.pathRegex("/a/b");
        Match root = Match.path("/**");
        Match prefix = Match.path("/a/**");
        Match longest = Match.path("/a/{x}/**");
        Match template = Match.path("/{x}/b");
        Match exact = Match.path("/a/b");
        assertThat(winner(request, none, regex, root, prefix, longest, template, exact))
                .isEqualTo(6);
        assertThat(winner(request, none, regex, root, prefix, longest, template))
                .isEqualTo(5);
        assertThat(winner(request, none, regex, root, prefix, longest)).isEqualTo(4);
        assertThat(winner(request, none, regex, root, prefix)).isEqualTo(3);
        assertThat(winner(request, none, regex, root)).isEqualTo(2);
        assertThat(winner(request, none, regex)).isEqualTo(1);
    }

    @Test
    void moreConditions_winAndThenTheFirstAdded() {
        TestRequest request = TestRequest.get("h", "/a").with("X", "1");
        assertThat(winner(request, Match.path("/a"), Match.path("/a").and(Match.header("X"))))
                .isEqualTo(1);
        assertThat(winner(request, Match.path("/{x}"), Match.path("/{y}"))).isEqualTo(0);
    }

    @Test
    void orOfHostsAndPaths_countsAsTheAlternativeThatFits() {
        Match either = Match.host("a").or(Match.path("/x/**"));
        Match wildcard = Match.host("*.a").or(Match.host("a").and(Match.path("/x")));
        assertThat(winner(TestRequest.get("a", "/y"), Match.any(), either, wildcard))
                .isEqualTo(1);
        assertThat(winner(TestRequest.get("a", "/x"), Match.any(), either, wildcard))
                .isEqualTo(2);
        assertThat(winner(TestRequest.get("b", "/x/1"), Match.any(), either, wildcard))
                .isEqualTo(1);
        assertThat(winner(TestRequest.get("b", "/z"), Match.any(), either, wildcard))
                .isEqualTo(0);
    }

    @Test
    void negatedGroup_isTurnedInward() {
        Match match = Match.host("a").or(Match.path("/x/**").not()).not();
        assertThat(fits(match, TestRequest.get("b", "/x/1"))).isTrue();
        assertThat(fits(match, TestRequest.get("a", "/x/1"))).isFalse();
        assertThat(fits(match, TestRequest.get("b", "/y"))).isFalse();
        assertThat(fits(Match.any().not(), TestRequest.get("b", "/y"))).isFalse();
    }

    @Test
    void severalHostsAndPathsInOneMatch_mustAllFit() {
        Match match = Match.host("*.b.c")
                .and(Match.host("*.c"))
                .and(Match.path("/a/**"))
                .and(Match.path("/{x}/z"));
        assertThat(fits(match, TestRequest.get("a.b.c", "/a/z"))).isTrue();
        assertThat(fits(match, TestRequest.get("a.d.c", "/a/z"))).isFalse();
        assertThat(fits(match, TestRequest.get("a.b.c", "/b/z"))).isFalse();
        assertThat(fits(Match.host("a").and(Match.host("b")), TestRequest.get("a", "/")))
                .isFalse();
    }

    @Test
    void onlyTheMethodIsWrong_tellsWhichAreAllowed() {
        RouteTable table = table(
                Match.path("/a").and(Match.method("PUT", "GET")),
                Match.path("/a").and(Match.method("DELETE").or(Match.method("PATCH"))),
                Match.path("/a").and(Match.method("COPY")).and(Match.header("X")),
                Match.pathRegex("/a").and(Match.method("LOCK")),
                Match.path("/b").and(Match.method("MOVE")));
        RouteMatch missed = table.find(TestRequest.of("POST", "h", "/a"), CLIENT);
        assertThat(missed.outcome()).isEqualTo(RouteMatch.Outcome.METHOD_NOT_ALLOWED);
        assertThat(missed.allowedMethods()).containsExactly("DELETE", "GET", "LOCK", "PATCH", "PUT");
        assertThat(table.find(TestRequest.of("POST", "h", "/c"), CLIENT)).isSameAs(RouteMatch.NOT_FOUND);
        assertThat(table.find(TestRequest.of("get", "h", "/a"), CLIENT).outcome())
                .isEqualTo(RouteMatch.Outcome.METHOD_NOT_ALLOWED);
        assertThat(table.find(TestRequest.of("GET", "h", "/a"), CLIENT).index()).isZero();
    }

    @Test
    void methodsOfTwoConditions_mustBothAllow() {
        RouteTable table = table(Match.method("GET", "PUT").and(Match.method("PUT", "POST")));
        assertThat(table.find(TestRequest.of("PUT", "h", "/"), CLIENT).found()).isTrue();
        assertThat(table.find(TestRequest.of("GET", "h", "/"), CLIENT).allowedMethods())
                .containsExactly("PUT");
    }

    @Test
    void onlyWhatRoutesAskFor_isReadFromTheRequest() {
        TestRequest any = TestRequest.get("h", "/a?b");
        assertThat(table(Match.any()).find(any, CLIENT).found()).isTrue();
        assertThat(List.of(any.hostCalls(), any.pathCalls(), any.queryCalls(), any.headerCalls()))
                .containsOnly(0);

        TestRequest byHost = TestRequest.get("h", "/a?b");
        assertThat(table(Match.host("h"), Match.any()).find(byHost, CLIENT).index())
                .isZero();
        assertThat(List.of(byHost.pathCalls(), byHost.queryCalls(), byHost.headerCalls()))
                .containsOnly(0);

        TestRequest byPath = TestRequest.get("h", "/a?b");
        assertThat(table(Match.path("/a"), Match.any()).find(byPath, CLIENT).index())
                .isZero();
        assertThat(List.of(byPath.hostCalls(), byPath.queryCalls(), byPath.headerCalls()))
                .containsOnly(0);
        assertThat(byPath.pathCalls()).isOne();

        TestRequest elsewhere = TestRequest.get("h", "/b?b");
        assertThat(table(Match.path("/a").and(Match.query("b")).and(Match.cookie("c")), Match.any())
                        .find(elsewhere, CLIENT)
                        .index())
                .isOne();
        assertThat(List.of(elsewhere.queryCalls(), elsewhere.headerCalls())).containsOnly(0);
    }

    @Test
    void regexThatCannotWin_isNotEvaluated() {
        // The winner has no host, so the index comes to it last.
        List<Route> routes = List.of(
                route("regex", Match.host("h").and(Match.path("/a/**")).and(Match.headerRegex("X", ".*"))),
                Route.builder("winner").order(-1).match(Match.path("/**")).build());
        TestRequest request = TestRequest.get("h", "/a/b").with("X", "1");
        assertThat(RouteTable.compile(routes).find(request, CLIENT).index()).isOne();
        assertThat(request.headerCalls()).isZero();
    }

    @Test
    void regexThatPrecedes_isAskedBeforeTheRest() {
        TestRequest request = TestRequest.get("h", "/a").with("X", "12");
        Match regex = Match.path("/a").and(Match.headerRegex("X", "1[0-9]"));
        Match second = Match.path("/a").and(Match.headerRegex("X", "[0-9]*"));
        assertThat(winner(request, Match.path("/a"), regex, second)).isEqualTo(1);
        assertThat(winner(TestRequest.get("h", "/a").with("X", "2"), Match.path("/a"), regex, second))
                .isEqualTo(2);
        assertThat(winner(TestRequest.get("h", "/a"), Match.path("/a"), regex, second))
                .isZero();
    }

    @Test
    void regexThatWouldBacktrack_takesLinearTime() {
        // java.util.regex takes 2^n steps for this: n = 4,000 would never end, which the test's time limit shows.
        TestRequest request = TestRequest.get("h", "/" + "a".repeat(4_000) + "!");
        assertThat(fits(Match.pathRegex("/(a+)+"), request)).isFalse();
    }

    @Test
    void wrongPattern_isRefusedWithTheRoute() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RouteTable.compile(List.of(route("bad", Match.path("a")))))
                .withMessageContaining("\"bad\"")
                .withMessageContaining("begins with \"/\"");
    }

    @Test
    void noRoutes_findNothing() {
        assertThat(RouteTable.compile(List.of()).find(TestRequest.get("h", "/"), CLIENT))
                .isSameAs(RouteMatch.NOT_FOUND);
    }
}
