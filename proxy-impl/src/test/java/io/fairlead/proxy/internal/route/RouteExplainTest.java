package io.fairlead.proxy.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Explanation.Candidate;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.TestRequest;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteExplainTest {
    private static final InetAddress CLIENT = IpLiterals.parse("192.0.2.7");

    private static Route route(String id, Match match) {
        return Route.builder(id).match(match).build();
    }

    @Test
    void everyRoute_isNamedInOrderWithItsReason() {
        Match base = Match.host("h").and(Match.path("/api/**"));
        Explanation explanation = RouteTable.compile(List.of(
                        route("fallback", Match.any()),
                        route("winner", base.and(Match.method("GET"))),
                        route("plain", base),
                        route("host", Match.host("*.other")),
                        route("path", Match.host("h").and(Match.path("/api"))),
                        route("regex", Match.host("h").and(Match.pathRegex("/web/.*"))),
                        route("method", base.and(Match.method("PUT", "POST"))),
                        route("absent", base.and(Match.header("X-None"))),
                        route("header", base.and(Match.header("X-Env", "green"))),
                        route("query", base.and(Match.queryRegex("v", "[0-9]+"))),
                        route("cookie", base.and(Match.cookie("id"))),
                        route("address", base.and(Match.clientAddress("10.0.0.0/8"))),
                        route("or", base.and(Match.header("X-A").or(Match.header("X-B")))),
                        route("not", base.and(Match.header("X-Env").not())),
                        Route.builder("last").order(1).match(base).build()))
                .explain(TestRequest.get("h", "/api/%78?v=x").with("X-Env", "blue"), CLIENT);
        assertThat(explanation.routeId()).contains("winner");
        assertThat(explanation.candidates())
                .containsExactly(
                        new Candidate("path", false, "path \"/api/x\" does not fit /api"),
                        new Candidate("winner", true, ""),
                        new Candidate("method", false, "method GET is not PUT or POST"),
                        new Candidate("absent", false, "header X-None is absent"),
                        new Candidate("header", false, "header X-Env is \"blue\", not \"green\""),
                        new Candidate("query", false, "query parameter v is \"x\", which does not match [0-9]+"),
                        new Candidate("cookie", false, "cookie id is absent"),
                        new Candidate("address", false, "client address 192.0.2.7 is not in 10.0.0.0/8"),
                        new Candidate("or", false, "header X-A is absent; header X-B is absent"),
                        new Candidate("not", false, "not header X-Env does not hold"),
                        new Candidate("plain", true, "route \"winner\" comes first: it has more conditions"),
                        new Candidate("regex", false, "path \"/api/x\" does not match /web/.*"),
                        new Candidate("host", false, "host \"h\" is not *.other"),
                        new Candidate("fallback", true, "route \"winner\" comes first: it has a more specific host"),
                        new Candidate("last", true, "route \"winner\" comes first: it has a lower order"));
    }

    @Test
    void noRouteFits_namesNoWinner() {
        Explanation explanation = RouteTable.compile(List.of(
                        route("a", Match.host("a")), route("never", Match.any().not())))
                .explain(TestRequest.get("b", "/"), CLIENT);
        assertThat(explanation.routeId()).isEmpty();
        assertThat(explanation.candidates())
                .containsExactly(
                        new Candidate("a", false, "host \"b\" is not a"),
                        new Candidate("never", false, "not any request does not hold"));
    }
}
