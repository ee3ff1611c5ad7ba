package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SessionFieldTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";
    private static final String TOKEN = SessionTokens.token(SECRET, "p", "http://a");

    private final SessionField cookie = new SessionField(StickySession.cookie("sid", SECRET));
    private final SessionField header = new SessionField(StickySession.header("X-Sid", SECRET));
    private final SessionTokens<String> tokens = new SessionTokens<>(Map.of(TOKEN, "a"));

    private static String others(SessionField field, HeaderBlock request) {
        byte[] to = new byte[1_000];
        return Ascii.string(to, 0, field.writeOthers(request, to, 0, 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "sid=x | -",
                "a=1; sid=x | Cookie: a=1",
                "sid=x; a=1 | Cookie: a=1",
                "a=1;sid=x;b=2 | Cookie: a=1; b=2",
                "sid=x; sid=y | -",
                "sid =x; ;b | Cookie: b",
                "SID=x; sid2=y; xsid=z | Cookie: SID=x; sid2=y; xsid=z",
                "a=\"b;sid=x | Cookie: a=\"b",
                "sid | Cookie: sid",
                "; ; | Cookie: ; ;",
            })
    void cookiesOfThisName_areLeftOut(String given, String left) {
        HeaderBlock request = new HeaderBlock().add("Cookie", given.strip()).add("X-Other", "1");
        String expected = "X-Other: 1\r\n" + (left == null ? "" : left.strip() + "\r\n");
        assertThat(others(cookie, request)).isEqualTo(expected);
        assertThat(cookie.isIn(request)).isEqualTo(left == null || !left.strip().equals("Cookie: " + given.strip()));
    }

    @Test
    void fieldsOfThisName_areLeftOut() {
        HeaderBlock request = new HeaderBlock()
                .add("x-sid", "1")
                .add("X-Sid2", "2")
                .add("Cookie", "sid=3")
                .add("X-SID", "4");
        assertThat(header.isIn(request)).isTrue();
        assertThat(others(header, request)).isEqualTo("X-Sid2: 2\r\nCookie: sid=3\r\n");
        assertThat(header.isIn(new HeaderBlock().add("X-Sid2", "2"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sid=%s | true",
                "a=1;sid=%s | true",
                "sid=x; sid=%s | true",
                "sid = %s ; a | true",
                "sid=\"%s\" | true",
                "sid=\" | false",
                "sid=\"\" | false",
                "Sid=%s | false",
                "sid2=%s | false",
                "a=sid=%s | false",
                "sid=%s.1 | false",
            })
    void tokenInACookie_isFoundUnderItsName(String value, boolean found) {
        HeaderBlock request = new HeaderBlock().add("X-A", "1").add("Cookie", "b=2");
        request.add("Cookie", value.strip().replace("%s", TOKEN));
        assertThat(cookie.find(request, tokens)).isEqualTo(found ? "a" : null);
    }

    @Test
    void tokenInAField_isFoundBesideOthers() {
        HeaderBlock request = new HeaderBlock().add("X-Sid", "x").add("x-sid", TOKEN);
        assertThat(header.find(request, tokens)).isEqualTo("a");
        assertThat(header.find(new HeaderBlock().add("X-Sid2", TOKEN), tokens)).isNull();
    }
}
