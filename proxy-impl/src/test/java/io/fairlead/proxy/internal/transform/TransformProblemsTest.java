package io.fairlead.proxy.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.transform.Transform.Edit;
import io.fairlead.proxy.transform.Transform.Part;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

class TransformProblemsTest {

    static final List<Transform> GOOD = List.of(
            Transform.setPath("/"),
            Transform.setPath("/a%2Fb/{id}/c:d@e;f=1"),
            Transform.setPath("/.well-known/x"),
            Transform.stripPrefix("/api"),
            Transform.addPrefix("/v2/{id}"),
            Transform.pathRegex("^/a/(?<x>[0-9]{2})", "/b/${x}/$1/{id}"),
            Transform.pathRegex("^/a", ""),
            Transform.pathTemplate("/api/{id}/**", "/v2/{id}.json/{host}/**"),
            Transform.pathTemplate("/**", "/**"),
            Transform.pathTemplate("/café/{id}/", "/"),
            Transform.setQuery("a b", "ä"),
            Transform.setRequestHeader("Host", "{host}.internal:8080"),
            Transform.setRequestHeader("Host", "[::1]:80"),
            Transform.setRequestHeader("X-A", ""),
            Transform.removeRequestHeader("Upgrade"),
            Transform.setResponseHeader("X-A", "{\"a\": \"é\"}"),
            Transform.setRequestTrailer("X-T", "{id}"),
            Transform.addRequestTrailer("X-T", "{id}"),
            Transform.removeRequestTrailer("Range"),
            Transform.setResponseTrailer("X-T", "{id}"),
            Transform.addResponseTrailer("X-T", "{id}"),
            Transform.removeResponseTrailer("Server-Timing"),
            Transform.rewriteLocation("http://in:8080/", ""),
            Transform.rewriteCookieDomain("*", ""),
            Transform.rewriteCookiePath("/", "/shop/{id}"),
            Transform.requestBody("f", 1),
            Transform.responseBody("f", Integer.MAX_VALUE));

    static final List<Arguments> BAD = Stream.of(
                    bad(Transform.setPath(""), "path BAD_SYNTAX"),
                    bad(Transform.setPath("a"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a b"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a?b=c"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a#b"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a%2"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/ä"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/{"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a/../b"), "path BAD_SYNTAX"),
                    bad(Transform.setPath("/a/%2e%2E"), "path BAD_SYNTAX"),
                    bad(Transform.stripPrefix(""), "prefix MISSING"),
                    bad(Transform.stripPrefix("/"), "prefix MISSING"),
                    bad(Transform.stripPrefix("api"), "prefix BAD_SYNTAX"),
                    bad(Transform.stripPrefix("/{id}"), "prefix BAD_SYNTAX"),
                    bad(Transform.addPrefix("v2"), "prefix BAD_SYNTAX"),
                    bad(Transform.pathRegex("(", "/a"), "regex BAD_REGEX"),
                    bad(Transform.pathRegex("(?=a)", "/a"), "regex BAD_REGEX"),
                    bad(Transform.pathRegex("", "/a"), "regex MISSING"),
                    bad(Transform.pathRegex("a", "$1"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathRegex("a", "${x}"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathRegex("a", "$"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathRegex("a", "\\"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathRegex("a", "/a?x=1"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("", ""), "template BAD_SYNTAX", "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a{id}", "/b"), "template BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/{id}/{id}", "/b"), "template BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/{*rest}", "/b"), "template BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/**", "/{*rest}"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/**", "b/**"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/**", "/**/b"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/{id}", "/b/**"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/**", "/b?c/**"), "replacement BAD_SYNTAX"),
                    bad(Transform.pathTemplate("/a/**", "/b/../**"), "replacement BAD_SYNTAX"),
                    bad(Transform.setQuery("", "a"), "name MISSING"),
                    bad(Transform.setRequestHeader("a b", "a"), "name BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("", "a"), "name BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("a:", "a\nb"), "name BAD_SYNTAX", "value BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("a", " b"), "value BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("a", "日"), "value BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("Connection", "close"), "name NOT_ALLOWED"),
                    bad(Transform.addRequestHeader("content-length", "1"), "name NOT_ALLOWED"),
                    bad(Transform.setResponseHeader("Transfer-Encoding", "x"), "name NOT_ALLOWED"),
                    bad(Transform.removeResponseHeader("Transfer-Encoding"), "name NOT_ALLOWED"),
                    bad(Transform.removeRequestHeader("Host"), "name NOT_ALLOWED"),
                    bad(Transform.addRequestHeader("Host", "a"), "name NOT_ALLOWED"),
                    bad(Transform.setResponseHeader("Host", "a"), "name NOT_ALLOWED", ""),
                    bad(Transform.setRequestHeader("Host", "a/b"), "value BAD_SYNTAX"),
                    bad(Transform.setRequestHeader("Host", ""), "value BAD_SYNTAX"),
                    bad(Transform.setResponseTrailer("Set-Cookie", "a=b"), "name NOT_ALLOWED"),
                    bad(new Transform.Header(Part.RESPONSE_TRAILER, Edit.ADD, "TE", "a"), "name NOT_ALLOWED"),
                    bad(Transform.setRequestTrailer("Authorization", "a"), "name NOT_ALLOWED"),
                    bad(Transform.addRequestTrailer("If-Match", "a"), "name NOT_ALLOWED"),
                    bad(Transform.addRequestTrailer("Host", "a"), "name NOT_ALLOWED"),
                    bad(Transform.rewriteLocation("", "/a"), "from MISSING"),
                    bad(Transform.rewriteLocation("/a", "/a b"), "to BAD_SYNTAX"),
                    bad(Transform.rewriteCookieDomain("", "a"), "from MISSING"),
                    bad(Transform.rewriteCookieDomain("*", "a; Secure"), "to BAD_SYNTAX"),
                    bad(Transform.rewriteCookieDomain("*", "http://a"), "to BAD_SYNTAX"),
                    bad(Transform.rewriteCookiePath("/", "shop"), "to BAD_SYNTAX"),
                    bad(Transform.requestBody("", 0), "name MISSING", "maxBytes OUT_OF_RANGE"),
                    bad(new Transform.BodyEdit(Part.REQUEST_TRAILER, "f", 1), "part NOT_ALLOWED"),
                    bad(new Transform.BodyEdit(Part.RESPONSE_TRAILER, "f", 1), "part NOT_ALLOWED"))
            .toList();

    private static Arguments bad(Transform transform, String... expected) {
        return Arguments.of(
                transform, Stream.of(expected).filter(text -> !text.isEmpty()).toList());
    }

    @ParameterizedTest
    @FieldSource("GOOD")
    void goodTransform_hasNoProblem(Transform transform) {
        assertThat(TransformPlan.problems(List.of(transform), "t")).isEmpty();
    }

    @ParameterizedTest
    @FieldSource("BAD")
    void badTransform_isReportedWithItsPlace(Transform transform, List<String> expected) {
        assertThat(TransformPlan.problems(List.of(transform), "t"))
                .extracting(problem -> problem.place().replace("t[0].", "") + " " + problem.code())
                .isEqualTo(expected);
    }

    @Test
    void allTransforms_areLookedAt() {
        List<Problem> problems = TransformPlan.problems(
                List.of(Transform.setPath("a"), Transform.setPath("/a"), Transform.stripPrefix("")),
                "routes[2].transforms");
        assertThat(problems)
                .extracting(Problem::place)
                .containsExactly("routes[2].transforms[0].path", "routes[2].transforms[2].prefix");
        assertThat(problems.get(0))
                .hasToString("routes[2].transforms[0].path: a (expected: a path that begins with /)");
    }
}
