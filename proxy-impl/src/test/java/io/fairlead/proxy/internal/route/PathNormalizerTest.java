package io.fairlead.proxy.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathNormalizerTest {

    @ParameterizedTest
    @CsvSource({
        "/a/./b, /a/b",
        "/a/../b, /b",
        "/a/.., /",
        "/a/b/.., /a/",
        "/a/., /a/",
        "/., /",
        "/.., /",
        "/../../a, /a",
        "/a/../../b, /b",
        "//, /",
        "///a//b//, /a/b/",
        "/a//../b, /b",
        "/%2e%2e/admin, /admin",
        "/a/%2E./b, /b",
        "/a/.%2e/b, /b",
        "/a/%2e/b, /a/b",
        "/a;x=1/b;y, /a/b",
        "/;x/a, /a",
        "/a/;x, /a/",
        "/a/..;x/b, /b",
        "/a/%2e%2e;x=..;y/b, /b",
        "/a/..;/%2e%2e//admin, /admin",
        "/a/.;x, /a/",
        "/a/%2e%2e%3Bx/b, /a/..%3Bx/b",
        "/%61%7a%41%5A%30%2d%5F%7e, /azAZ0-_~",
        "/a%2fb, /a%2Fb",
        "/a%2F..%2Fb, /a%2F..%2Fb",
        "/a%5c..%5cb, /a%5C..%5Cb",
        "/a%c3%a9, /a%C3%A9",
        "/%25%32%65, /%252e",
        "/%252e%252e/a, /%252e%252e/a",
        "/a%, /a%25",
        "/a%4, /a%254",
        "/a%zz, /a%25zz",
        "/%%34%31, /%2541",
        "/a\\..\\b, /a%5C..%5Cb",
        "/a{b}|c, /a%7Bb%7D%7Cc",
        "/caf\u00e9, /caf%E9",
        "/%00, /%00",
    })
    void rawPath_becomes(String raw, String expected) {
        assertThat(PathNormalizer.normalize(raw)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/a",
                "/a/",
                "/a/b.c/..d/...",
                "/.hidden/x.",
                "/a%2Fb%C3%A9",
                "/!$&'()*+,=:@",
                "*",
                "/a/b-c_d~e"
            })
    void normalPath_isTheSameInstance(String raw) {
        assertThat(PathNormalizer.normalize(raw)).isSameAs(raw);
    }

    @Test
    void emptyPath_isRoot() {
        assertThat(PathNormalizer.normalize("")).isEqualTo("/");
    }

    @Test
    void anyPath_isNormalAfterwards() {
        Seeds.run(5_000, random -> {
            String raw = path(random);
            String normal = PathNormalizer.normalize(raw);
            assertThat(PathNormalizer.normalize(normal)).as(raw).isSameAs(normal);
            assertThat(normal)
                    .as(raw)
                    .startsWith("/")
                    .doesNotContain("//", ";", "/./", "/../")
                    .doesNotEndWith("/.")
                    .doesNotEndWith("/..")
                    .doesNotContainPattern("%(?![0-9A-F]{2})")
                    .doesNotContainPattern("%(2D|2E|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)");
        });
    }

    @Test
    void escapedUnreservedCharacters_changeNothing() {
        Seeds.run(2_000, random -> {
            String raw = path(random);
            StringBuilder escaped = new StringBuilder();
            for (int i = 0; i < raw.length(); i++) {
                char c = raw.charAt(i);
                boolean partOfEscape = i > 0 && raw.charAt(i - 1) == '%' || i > 1 && raw.charAt(i - 2) == '%';
                if ((c == '.' || c >= 'a' && c <= 'z') && !partOfEscape && random.nextBoolean()) {
                    escaped.append(String.format(random.nextBoolean() ? "%%%02x" : "%%%02X", (int) c));
                } else {
                    escaped.append(c);
                }
            }
            assertThat(PathNormalizer.normalize(escaped.toString())).isEqualTo(PathNormalizer.normalize(raw));
        });
    }

    @Test
    void emptyAndDotSegmentsAndParametersAdded_changeNothing() {
        Seeds.run(2_000, random -> {
            StringBuilder plain = new StringBuilder();
            StringBuilder odd = new StringBuilder();
            for (int i = random.nextInt(6); i >= 0; i--) {
                String segment = "/s" + random.nextInt(4);
                plain.append(segment);
                String[] noise = {"", "/", "/.", "/x/..", "/x;y/..;z", "/%2e", "//%2E;p", "/x/%2e."};
                odd.append(noise[random.nextInt(noise.length)])
                        .append(segment)
                        .append(random.nextBoolean() ? "" : ";v=/".substring(0, 3));
            }
            assertThat(PathNormalizer.normalize(odd.toString()))
                    .as(odd.toString())
                    .isEqualTo(plain.toString());
        });
    }

    private static String path(Random random) {
        String[] parts = {
            "/", "/", ".", "..", "%2e", "%2E", "%2f", "%2F", "%5c", "%", "%4", "%41", "%7e", ";", ";x=", "a", "b", "\\",
            "%25", "%3b", "{", "\u00e9"
        };
        StringBuilder path = new StringBuilder("/");
        for (int i = random.nextInt(14); i > 0; i--) {
            path.append(parts[random.nextInt(parts.length)]);
        }
        return path.toString();
    }
}
