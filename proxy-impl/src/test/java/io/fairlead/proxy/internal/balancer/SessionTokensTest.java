package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.testing.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SessionTokensTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    private static SessionTokens<Integer> of(int count) {
        Map<String, Integer> all = new HashMap<>();
        for (int i = 0; i < count; i++) {
            all.put(SessionTokens.token(SECRET, "p", "http://10.0.0." + i), i);
        }
        return new SessionTokens<>(all);
    }

    private static Integer find(SessionTokens<Integer> tokens, String text) {
        byte[] bytes = Ascii.bytes("<" + text + ">");
        return tokens.find(bytes, 1, text.length());
    }

    /** By {@code printf 'p\0http://10.0.0.1' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef}. Never changes. */
    @Test
    void token_isTheSameForAllVersions() {
        assertThat(SessionTokens.token(SECRET, "p", "http://10.0.0.1")).isEqualTo("IfXRgMZht_qP7mGor6BQjg");
    }

    @Test
    void token_hangsOnSecretPoolAndUrl() {
        assertThat(SessionTokens.token(SECRET, "p", "http://a"))
                .isNotEqualTo(SessionTokens.token(SECRET + "x", "p", "http://a"))
                .isNotEqualTo(SessionTokens.token(SECRET, "q", "http://a"))
                .isNotEqualTo(SessionTokens.token(SECRET, "p", "http://b"))
                .isNotEqualTo(SessionTokens.token(SECRET, "phttp", "://a"));
    }

    @Test
    void anyNumberOfTokens_areFound() {
        for (int count : new int[] {0, 1, 2, 3, 4, 7, 8, 9, 1_000}) {
            SessionTokens<Integer> tokens = of(count);
            for (int i = 0; i < count; i++) {
                assertThat(find(tokens, SessionTokens.token(SECRET, "p", "http://10.0.0." + i)))
                        .isEqualTo(i);
            }
            assertThat(find(tokens, SessionTokens.token(SECRET, "p", "http://10.0.0." + count)))
                    .isNull();
        }
    }

    @Test
    void textWithOneOtherCharacter_isUnknown() {
        SessionTokens<Integer> tokens = of(50);
        Seeds.run(2_000, random -> {
            String token = SessionTokens.token(SECRET, "p", "http://10.0.0." + random.nextInt(50));
            int at = random.nextInt(token.length());
            char other = (char) random.nextInt(256);
            String wrong = token.substring(0, at) + other + token.substring(at + 1);
            assertThat(find(tokens, wrong) == null).isEqualTo(!wrong.equals(token));
        });
    }

    @Test
    void textOfAnotherLength_isUnknown() {
        SessionTokens<Integer> tokens = of(3);
        String token = SessionTokens.token(SECRET, "p", "http://10.0.0.1");
        for (int length = 0; length < token.length(); length++) {
            assertThat(find(tokens, token.substring(0, length))).isNull();
        }
        assertThat(find(tokens, token + "A")).isNull();
    }

    @Test
    void randomText_isUnknown() {
        SessionTokens<Integer> tokens = of(1_000);
        Random random = new Random(7);
        byte[] bytes = new byte[SessionTokens.LENGTH];
        for (int i = 0; i < 100_000; i++) {
            random.nextBytes(bytes);
            assertThat(tokens.find(bytes, 0, bytes.length)).isNull();
        }
    }
}
