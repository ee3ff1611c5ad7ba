package io.fairlead.proxy.internal.balancer;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of sticky sessions, and what each of them stands for. A token is the first 128 bits of HMAC-SHA256 over the
 * pool's name, a NUL and the target's URL, in base64url: 22 characters. Proxies of a fleet agree on it, so it never changes.
 *
 * <p>All tokens are made beforehand, so that a request costs a look into a table with open addressing, and no object. A
 * token is known or it is not; which bits of a wrong one are right cannot be told from the time it takes, since 64 of them are
 * compared at once.
 *
 * @param <T> what a token stands for
 */
public final class SessionTokens<T> {

    /** Characters of a token. */
    static final int LENGTH = 22;

    private static final int BYTES = 16;
    private static final byte[] DIGITS = new byte[128];

    static {
        Arrays.fill(DIGITS, (byte) -1);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for (int i = 0; i < alphabet.length(); i++) {
            DIGITS[alphabet.charAt(i)] = (byte) i;
        }
    }

    /** Two for each place: the halves of its token. */
    private final long[] keys;

    private final @Nullable Object[] values;
    private final int mask;

    /** @param values what stands behind each token, as {@link #token} gives them */
    public SessionTokens(Map<String, T> values) {
        int places = Integer.highestOneBit(Math.max(4, values.size() * 4 - 1));
        this.keys = new long[places * 2];
        this.values = new Object[places];
        this.mask = places - 1;
        values.forEach((token, value) -> {
            byte[] text = token.getBytes(StandardCharsets.ISO_8859_1);
            if (text.length != LENGTH || !isToken(text, 0)) {
                throw new IllegalArgumentException("not a token");
            }
            long high = high(text, 0);
            long low = low(text, 0);
            int place = (int) high & mask;
            while (this.values[place] != null) {
                place = place + 1 & mask;
            }
            keys[place * 2] = high;
            keys[place * 2 + 1] = low;
            this.values[place] = value;
        });
    }

    /** The token of a target. */
    public static String token(String secret, String pool, String url) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            mac.update(pool.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            byte[] hash = mac.doFinal(url.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, BYTES));
        } catch (GeneralSecurityException e) {
            // Every JVM has HmacSHA256.
            throw new IllegalStateException(e);
        }
    }

    /** What the token in these bytes stands for; null if it is unknown, or none at all. */
    @SuppressWarnings("unchecked")
    public @Nullable T find(byte[] bytes, int offset, int length) {
        if (length != LENGTH || !isToken(bytes, offset)) {
            return null;
        }
        long high = high(bytes, offset);
        long low = low(bytes, offset);
        int place = (int) high & mask;
        while (true) {
            Object value = values[place];
            if (value == null) {
                return null;
            }
            if (keys[place * 2] == high && keys[place * 2 + 1] == low) {
                return (T) value;
            }
            place = place + 1 & mask;
        }
    }

    private static boolean isToken(byte[] bytes, int offset) {
        int bad = 0;
        for (int i = 0; i < LENGTH; i++) {
            byte c = bytes[offset + i];
            bad |= c < 0 ? -1 : DIGITS[c];
        }
        // The last character has four bits that no token sets: one token has one spelling.
        return bad >= 0 && (DIGITS[bytes[offset + LENGTH - 1]] & 0xf) == 0;
    }

    private static long high(byte[] bytes, int offset) {
        long bits = 0;
        for (int i = 0; i < 10; i++) {
            bits = bits << 6 | DIGITS[bytes[offset + i]];
        }
        return bits << 4 | DIGITS[bytes[offset + 10]] >> 2;
    }

    private static long low(byte[] bytes, int offset) {
        long bits = DIGITS[bytes[offset + 10]] & 3;
        for (int i = 11; i < LENGTH - 1; i++) {
            bits = bits << 6 | DIGITS[bytes[offset + i]];
        }
        return bits << 2 | DIGITS[bytes[offset + LENGTH - 1]] >> 4;
    }
}
