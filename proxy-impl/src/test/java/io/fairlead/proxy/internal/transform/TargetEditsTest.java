package io.fairlead.proxy.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestRequest;
import io.fairlead.proxy.transform.Transform;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Path and query edits: what is not edited stays byte for byte. */
class TargetEditsTest {
    private static final Map<String, String> VARIABLES =
            Map.of("id", "42", "odd", "a/b c?d#e&f=g%", "crlf", "x\r\nHost: evil", "word", "größe", "up", "..");

    static String edit(String target, Transform... transforms) {
        TestRequest request = TestRequest.get(target);
        TransformPlan.compile(List.of(transforms), Map.of()).editRequest(request, VARIABLES);
        return request.target();
    }

    @ParameterizedTest
    @CsvSource({
        "/api, /api/users, /users",
        "/api/, /api/users, /users",
        "/api, /api, /",
        "/api, /api/, /",
        "/api, /api?x=/api, /?x=/api",
        "/api, /apiary, /apiary",
        "/api, /apiary/api, /apiary/api",
        "/api, /v1/api, /v1/api",
        "/api, /API/users, /API/users",
        "/api, /api//users, //users",
        "/api, /api/a%2Fb%20c;v=1/../x, /a%2Fb%20c;v=1/../x",
        "/api, /%61pi/users, /users",
        "/a%2fb, /a%2Fb/users, /users",
        "/a%2fb, /a/b/users, /a/b/users",
        "/a/b, /a%2Fb/users, /a%2Fb/users",
        "/api, /ap, /ap",
        "/api/v1, /api/v1/x, /x",
        "/api/v1, /api/v10/x, /api/v10/x",
    })
    void stripPrefix_removesWholeSegmentsOnly(String prefix, String before, String after) {
        assertThat(edit(before, Transform.stripPrefix(prefix))).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({
        "/v2, /users?x=1, /v2/users?x=1",
        "/v2/, /users, /v2/users",
        "/v2, /, /v2/",
        "/u/{id}, /x, /u/42/x",
        "/u/{odd}, /x, /u/a%2Fb%20c%3Fd%23e%26f%3Dg%25/x",
    })
    void addPrefix_standsBeforeThePath(String prefix, String before, String after) {
        assertThat(edit(before, Transform.addPrefix(prefix))).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({
        "/fixed, /a/b?x=%20&y, /fixed?x=%20&y",
        "/fixed, /a/b, /fixed",
        "/fixed, /a?, /fixed?",
        "/u/{id}/o/{id}, /a, /u/42/o/42",
        "/u/{missing}/o, /a, /u//o",
        "/u/{word}, /a, /u/gr%C3%B6%C3%9Fe",
        "/u/{crlf}, /a, /u/x%0D%0AHost%3A%20evil",
        "/u/{odd}, /a?q, /u/a%2Fb%20c%3Fd%23e%26f%3Dg%25?q",
        "/u/.{id}, /a, /u/.42",
    })
    void setPath_keepsTheQuery(String path, String before, String after) {
        assertThat(edit(before, Transform.setPath(path))).isEqualTo(after);
    }

    @Test
    void variableOfDots_failsInsteadOfClimbing() {
        TestRequest request = TestRequest.get("/a");
        TransformPlan plan = TransformPlan.compile(List.of(Transform.setPath("/files/{up}/x")), Map.of());

        assertThatThrownBy(() -> plan.editRequest(request, VARIABLES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dot segment");
        assertThat(request.target()).isEqualTo("/a");
    }

    @ParameterizedTest
    @CsvSource({
        "^/api/(.*), /v2/$1, /api/a%2Fb/c?x=/api/, /v2/a%2Fb/c?x=/api/",
        "^/api/(?<rest>.*), /v2/${rest}, /api/x, /v2/x",
        "^/api/(?P<rest>.*), /v2/${rest}, /api/x, /v2/x",
        "/old, /new, /old/a/old, /new/a/new",
        "^/(a)(b)?, /$1-$2, /ac, /a-c",
        "^/(a), /$12, /a, /a2",
        "^/(a), /\\$1, /a, /$1",
        "^/api/, '', /api/users, /users",
        "^/x, /{id}/$0, /x, /42//x",
        "^/nothing, /z, /x%zz?%, /x%zz?%",
    })
    void pathRegex_replacesEachMatchOfTheRawPath(String regex, String replacement, String before, String after) {
        assertThat(edit(before, Transform.pathRegex(regex, replacement))).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({
        "/api/{id}/x/**, /v2/{id}/**, /api/7/x/a/b?q=%2f&x, /v2/7/a/b?q=%2f&x",
        "/api/{id}/x/**, /v2/{id}/**, /api/7/x, /v2/7",
        "/api/{id}/x/**, /v2/{id}/**, /api/7/x/, /v2/7/",
        "/api/{id}/x/**, /v2/{id}/**, /api/a%2fb%20%e4/x/c%2F;v=1//d, /v2/a%2fb%20%e4/c%2F;v=1//d",
        "/api/{id}/x/**, /v2/{id}/**, /api/7/y/a%7E, /api/7/y/a%7E",
        "/api/{id}/x/**, /v2/{id}/**, /api//x/a, /api//x/a",
        "/api/{id}/x/**, /v2/{id}/**, /API/7/x, /API/7/x",
        "/api/{id}/x/**, /v2/{id}/**, /%61pi/%7E/x/a, /v2/%7E/a",
        "/api/{id}/x/**, /v2/{id}/**, //api;p=1/7;p=2//x/a, /v2/7;p=2/a",
        "/users/{user}/orders/{order}, /orders/{order}-of-{user}.json, /users/u/orders/o, /orders/o-of-u.json",
        "/users/{user}/orders/{order}, /orders/{order}, /users/u/orders/o/, /users/u/orders/o/",
        "/users/{user}, /{id}/{user}/{missing}x, /users/u, /42/u/x",
        "/users/{id}, /people/{id}, /users/u, /people/u",
        "/u/{user}, /{odd}/{user}, /u/%3f, /a%2Fb%20c%3Fd%23e%26f%3Dg%25/%3f",
        "/caf\u00e9/{x}, /cafe/{x}, /caf%c3%a9/1, /cafe/1",
        "/a/, /b, /a/, /b",
        "/a/, /b, /a, /a",
        "/a, /b, /a/, /a/",
        "/api/**, /**, /api, /",
        "/api/**, /**, /api/x%2F, /x%2F",
        "/**, /v2/**, /, /v2/",
        "/**, /v2/**, /a/b, /v2/a/b",
        "/api/**, /v2, /api/x, /v2",
    })
    void pathTemplate_rewritesWhatFits(String template, String replacement, String before, String after) {
        assertThat(edit(before, Transform.pathTemplate(template, replacement))).isEqualTo(after);
    }

    /** Routing looks at the path with its dot segments resolved; what is forwarded must not be another place. */
    @ParameterizedTest
    @CsvSource({
        "/api/7/x/../../../admin, /api/7/x/../../../admin",
        "/api/7/x/a/../../../../api/8/x/b%2f, /v2/8/b%2f",
        "/api/7/x/a/%2E%2e;p/b%20, /v2/7/b%20",
        "/api/./7/x/a/., /v2/7/a/",
        "/api/../x/a, /api/../x/a",
        "/api/7/x/..%2f..%2Fadmin, /v2/7/..%2f..%2Fadmin",
    })
    void pathTemplateWithDotSegments_cannotBeClimbedOutOf(String before, String after) {
        assertThat(edit(before, Transform.pathTemplate("/api/{id}/x/**", "/v2/{id}/**")))
                .isEqualTo(after);
    }

    @Test
    void segmentsOfATemplate_stayByteIdentical() {
        Seeds.run(500, random -> {
            String one = "a" + raw(random, "%;");
            String rest = IntStream.range(0, random.nextInt(6))
                    .mapToObj(i -> "/b" + raw(random, "%;"))
                    .collect(Collectors.joining());
            String query = random.nextBoolean() ? "?" + raw(random, "&=%/?") : "";
            assertThat(edit("/api/" + one + rest + query, Transform.pathTemplate("/api/{x}/**", "/{x}/v2/**")))
                    .isEqualTo("/" + one + "/v2" + rest + query);
        });
    }

    @Test
    void variableOfDotsInATemplate_failsInsteadOfClimbing() {
        assertThatThrownBy(() -> edit("/a/b", Transform.pathTemplate("/a/{x}", "/{up}/{x}")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dot segment");
    }

    @Test
    void pathWithoutSlashAfterARegex_getsOne() {
        assertThat(edit("/ab", Transform.pathRegex("x*", "-"))).isEqualTo("/-/-a-b-");
        assertThat(edit("/ab?c", Transform.pathRegex("^/ab", ""))).isEqualTo("/?c");
    }

    @Test
    void pathRegexOfManyTries_isLinear() {
        String path = "/" + "a".repeat(20_000) + "!";
        // Takes 2^20000 steps where a matcher tracks back; the test's own timeout would tell.
        assertThat(edit(path, Transform.pathRegex("^/(a+)+$", "/x"))).isEqualTo(path);
    }

    @ParameterizedTest
    @CsvSource({
        "/p, /p?a=1",
        "/p?, /p?a=1",
        "/p?b=2, /p?b=2&a=1",
        "/p?a=0, /p?a=1",
        "/p?a, /p?a=1",
        "/p?x=%2f&a=0&y=+&a=9&a, /p?x=%2f&a=1&y=+",
        "/p?%61=0&b, /p?a=1&b",
        "/p?A=0, /p?A=0&a=1",
        "/p?aa=0&&ba=1&, /p?aa=0&&ba=1&&a=1",
        "/p?a;b=2, /p?a;b=2&a=1",
    })
    void setQuery_standsInPlaceOfTheFirst(String before, String after) {
        assertThat(edit(before, Transform.setQuery("a", "1"))).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({
        "/p, /p",
        "/p?, /p?",
        "/p?a, /p",
        "/p?a=1&a=2, /p",
        "/p?a=1&b=%41&a=2, /p?b=%41",
        "/p?b=2&a=1, /p?b=2",
        "/p?b&&a=1&&c, /p?b&&&c",
        "/p?a=1&, /p?",
        "/p?%61=1&b, /p?b",
        "/p?ab=1&=a&b=a, /p?ab=1&=a&b=a",
        "/p?%zz=1&%=2&a%=3, /p?%zz=1&%=2&a%=3",
    })
    void removeQuery_leavesAllElse(String before, String after) {
        assertThat(edit(before, Transform.removeQuery("a"))).isEqualTo(after);
    }

    @Test
    void addQuery_keepsThoseOfItsName() {
        assertThat(edit("/p?a=%31", Transform.addQuery("a", "{id}"))).isEqualTo("/p?a=%31&a=42");
        assertThat(edit("/p", Transform.addQuery("a b&", "ä&=#+"))).isEqualTo("/p?a%20b%26=%C3%A4%26%3D%23%2B");
        assertThat(edit("/p", Transform.addQuery("a", "<{odd}>"))).isEqualTo("/p?a=%3Ca%2Fb%20c%3Fd%23e%26f%3Dg%25%3E");
        assertThat(edit("/p", Transform.addQuery("a", "{crlf}"))).isEqualTo("/p?a=x%0D%0AHost%3A%20evil");
    }

    @Test
    void queryNameWithSpace_isFoundInBothEncodings() {
        assertThat(edit("/p?a+b=1&a%20b=2&c", Transform.removeQuery("a b"))).isEqualTo("/p?c");
    }

    @Test
    void edits_runInTheirOrder() {
        assertThat(edit(
                        "/api/users",
                        Transform.stripPrefix("/api"),
                        Transform.addPrefix("/v2"),
                        Transform.pathRegex("^/v2/users", "/v2/people"),
                        Transform.setQuery("a", "1"),
                        Transform.removeQuery("a")))
                .isEqualTo("/v2/people");
    }

    @Test
    void editThatChangesNothing_doesNotTouchTheTarget() {
        TestRequest request = TestRequest.get("/a?b");
        TransformPlan.compile(List.of(Transform.stripPrefix("/x"), Transform.removeQuery("c")), Map.of())
                .editRequest(request, Map.of());
        assertThat(request.targetEdits()).isZero();
    }

    @Test
    void asteriskForm_keepsItsTarget() {
        assertThat(edit("*", Transform.addPrefix("/v2"), Transform.setQuery("a", "1")))
                .isEqualTo("*");
    }

    @Test
    void segmentsBehindThePrefix_stayByteIdentical() {
        Seeds.run(500, random -> {
            String rest = IntStream.range(0, random.nextInt(6))
                    .mapToObj(i -> "/" + raw(random, "%/"))
                    .collect(Collectors.joining());
            String query = random.nextBoolean() ? "?" + raw(random, "&=%/?") : "";

            String stripped = edit("/api/v1" + rest + query, Transform.stripPrefix("/api/v1"));

            assertThat(stripped).isEqualTo((rest.isEmpty() ? "/" : rest) + query);
            assertThat(edit(rest.isEmpty() ? "/" + query : rest + query, Transform.addPrefix("/api/v1")))
                    .isEqualTo("/api/v1" + (rest.isEmpty() ? "/" : rest) + query);
        });
    }

    @Test
    void parametersOfOtherNames_stayByteIdenticalAndInOrder() {
        Seeds.run(500, random -> {
            List<String> parameters = new ArrayList<>();
            int count = 1 + random.nextInt(8);
            for (int i = 0; i < count; i++) {
                String value = random.nextBoolean() ? "" : "=" + raw(random, "=%+;/?");
                parameters.add(
                        switch (random.nextInt(4)) {
                            case 0 -> "key" + value;
                            case 1 -> "%6Bey" + value;
                            default -> "o" + raw(random, "%+;") + value;
                        });
            }
            List<String> others = parameters.stream()
                    .filter(parameter -> parameter.startsWith("o"))
                    .toList();
            String path = "/" + raw(random, "%/");
            String before = path + "?" + String.join("&", parameters);

            String removed = edit(before, Transform.removeQuery("key"));
            String set = edit(before, Transform.setQuery("key", "new"));
            String added = edit(before, Transform.addQuery("key", "new"));

            assertThat(removed).isEqualTo(others.isEmpty() ? path : path + "?" + String.join("&", others));
            assertThat(added).isEqualTo(before + "&key=new");
            assertThat(set).startsWith(path + "?");
            List<String> after = Arrays.asList(set.substring(path.length() + 1).split("&"));
            assertThat(after).containsOnlyOnce("key=new").hasSize(others.size() + 1);
            assertThat(after.stream().filter(parameter -> parameter.startsWith("o")))
                    .containsExactlyElementsOf(others);
        });
    }

    /** Some characters that may stand raw in a target, with more of those that are awkward. */
    private static String raw(Random random, String awkward) {
        String alphabet = "abcXYZ019-._~!$'()*," + ":@" + awkward.repeat(3);
        StringBuilder out = new StringBuilder();
        int length = random.nextInt(10);
        for (int i = 0; i < length; i++) {
            out.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return out.toString();
    }
}
