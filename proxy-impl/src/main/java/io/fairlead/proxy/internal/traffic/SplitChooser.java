package io.fairlead.proxy.internal.traffic;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.Hash;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.Cookies;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.traffic.SplitOverride;
import io.fairlead.proxy.traffic.StickyCookie;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Says which share of a split a request belongs to. Immutable, for all I/O threads; makes no object, but for the cookie that it
 * gives a client.
 *
 * <p>A request has a point among 2^63, and the shares lie side by side on these: a share begins where the weights before
 * it end, as a part of all weights. So its begin only moves down when its own weight is raised, and its end only up.
 * The comparison is exact: no request is lost between two shares, and none of weight 0 is hit.
 *
 * <ol>
 *   <li>{@link #overridden}: the share that the request asks for;
 *   <li>{@link #key}: what the client is known by;
 *   <li>{@link #newKey} and {@link #setCookie}: what it will be known by, if it has nothing yet;
 *   <li>{@link #place}: the share.
 * </ol>
 */
public final class SplitChooser {

    /** The request has no key, or asks for no share. */
    public static final long NO_KEY = Hash.MISSING;

    private static final int DIGITS = 16;

    private final long[] ends;
    private final SplitOverride[] overrides;
    private final int[] overridePlaces;
    private final List<HashKey> keys;
    private final @Nullable StickyCookie cookie;
    private final long salt;
    private final LongSupplier random;
    private final String attributes;

    /** @param routeId the salt of a split that has none of its own */
    public SplitChooser(Split split, String routeId) {
        this(split, routeId, () -> ThreadLocalRandom.current().nextLong());
    }

    SplitChooser(Split split, String routeId, LongSupplier random) {
        List<Split.Share> shares = split.shares();
        this.ends = new long[shares.size()];
        long end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += shares.get(i).weight();
            ends[i] = end;
        }
        this.overrides = split.overrides().toArray(SplitOverride[]::new);
        this.overridePlaces = new int[overrides.length];
        for (int i = 0; i < overrides.length; i++) {
            overridePlaces[i] = shares.stream().map(Split.Share::to).toList().indexOf(overrides[i].to());
        }
        this.keys = split.stickyBy();
        this.cookie = split.stickyCookie().orElse(null);
        this.salt = Hash.of(split.salt().orElse(routeId));
        this.random = random;
        Duration maxAge = cookie == null ? Duration.ZERO : cookie.maxAge();
        this.attributes =
                (maxAge.isZero() ? "" : "; Max-Age=" + maxAge.toSeconds()) + "; Path=/; HttpOnly; SameSite=Lax";
    }

    // ---- 1. overrides

    /** The place of the share that the request asks for; -1 if it asks for none. */
    public int overridden(Request request) {
        int found = override(request);
        return found < 0 ? -1 : overridePlaces[found];
    }

    /** The first override that the request fits; -1 if there is none. */
    int override(Request request) {
        for (int i = 0; i < overrides.length; i++) {
            SplitOverride one = overrides[i];
            boolean fits = one instanceof SplitOverride.Header
                    ? hasField(request, one.name(), one.value())
                    : hasCookie(request, one.name(), one.value());
            if (fits) {
                return i;
            }
        }
        return -1;
    }

    private static boolean hasField(Request request, String name, String value) {
        if (!(request.headers() instanceof HeaderBlock fields)) {
            return isAmong(request.headers().all(name), value);
        }
        for (int i = fields.find(name, 0); i >= 0; i = fields.find(name, i + 1)) {
            if (isSame(fields.bytes(), fields.valueOffset(i), fields.valueLength(i), value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasCookie(Request request, String name, String value) {
        if (!(request.headers() instanceof HeaderBlock fields)) {
            return isAmong(Cookies.all(request, name), value);
        }
        for (long at = Cookies.find(fields, name, Cookies.FIRST); at >= 0; at = Cookies.find(fields, name, at)) {
            if (isSame(fields.bytes(), Cookies.offset(at), Cookies.length(at), value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAmong(List<String> given, String value) {
        for (String one : given) {
            byte[] bytes = Ascii.bytes(one);
            if (isSame(bytes, 0, bytes.length, value)) {
                return true;
            }
        }
        return false;
    }

    /** The value may be a secret: how much of a wrong one is right, must not be told by the time that it takes. */
    static boolean isSame(byte[] bytes, int offset, int length, String value) {
        if (length != value.length()) {
            return false;
        }
        int different = 0;
        for (int i = 0; i < length; i++) {
            different |= (bytes[offset + i] & 0xff) ^ value.charAt(i);
        }
        return different == 0;
    }

    // ---- 2. what the client is known by

    /** The key of the request; {@link #NO_KEY} if it has none. */
    public long key(Exchange exchange) {
        StickyCookie given = cookie;
        if (given != null) {
            return ofCookie(exchange.request(), given.name());
        }
        return keys.isEmpty() ? NO_KEY : Hash.of(keys, exchange);
    }

    /** The first cookie of the name that may be one of ours; another program may use the name for itself. */
    static long ofCookie(Request request, String name) {
        if (request.headers() instanceof HeaderBlock fields) {
            for (long at = Cookies.find(fields, name, Cookies.FIRST); at >= 0; at = Cookies.find(fields, name, at)) {
                long key = parse(fields.bytes(), Cookies.offset(at), Cookies.length(at));
                if (key != NO_KEY) {
                    return key;
                }
            }
            return NO_KEY;
        }
        for (String value : Cookies.all(request, name)) {
            byte[] bytes = Ascii.bytes(value);
            long key = parse(bytes, 0, bytes.length);
            if (key != NO_KEY) {
                return key;
            }
        }
        return NO_KEY;
    }

    /**
     * As {@link #setCookie} writes it, or in quotes: the cookies of java.net take whatever has a Max-Age for one of RFC 2965, and
     * quote it.
     */
    private static long parse(byte[] bytes, int offset, int length) {
        if (length == DIGITS + 2 && bytes[offset] == '"' && bytes[offset + length - 1] == '"') {
            return parse(bytes, offset + 1, DIGITS);
        } else if (length != DIGITS) {
            return NO_KEY;
        }
        long key = 0;
        for (int i = offset; i < offset + length; i++) {
            byte b = bytes[i];
            int digit = b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
            if (digit < 0) {
                return NO_KEY;
            }
            key = key << 4 | digit;
        }
        return key;
    }

    // ---- 3. what it will be known by

    /** Whether a client without a key is given one. */
    public boolean givesKeys() {
        return cookie != null;
    }

    /** A key that nobody has. */
    public long newKey() {
        long key = random.getAsLong();
        return key == NO_KEY ? 1 : key;
    }

    /** The Set-Cookie field for this key. */
    public String setCookie(long key, boolean secure) {
        StickyCookie given = cookie;
        if (given == null) {
            throw new IllegalStateException("the split has no cookie");
        }
        return given.name() + "=" + HexFormat.of().toHexDigits(key) + attributes + (secure ? "; Secure" : "");
    }

    // ---- 4. the share

    /** The place of the share of this key; of one at random for {@link #NO_KEY}. */
    public int place(long key) {
        // Without the salt, whoever is first in one split would be first in all of them.
        return atPoint(key == NO_KEY ? random.getAsLong() : Hash.mix(key ^ salt));
    }

    private int atPoint(long bits) {
        // The upper 63 bits times the sum, over 2^63: a whole number below the sum, without rounding up anywhere.
        long drawn = Math.multiplyHigh(bits >>> 1, ends[ends.length - 1] << 1);
        int place = 0;
        while (drawn >= ends[place]) {
            place++;
        }
        return place;
    }
}
