package io.fairlead.proxy.internal.http;

import java.nio.charset.StandardCharsets;

/**
 * Small numbers for the field names that the proxy itself looks at, so that the path compares numbers instead of
 * strings. Every other name is {@link #OTHER}.
 */
public final class FieldId {

    public static final int REMOVED = 0;
    public static final int OTHER = 1;
    public static final int HOST = 2;
    public static final int CONNECTION = 3;
    public static final int KEEP_ALIVE = 4;
    public static final int TE = 5;
    public static final int CLOSE = 6;
    public static final int TRANSFER_ENCODING = 7;
    public static final int UPGRADE = 8;
    public static final int PROXY_AUTHORIZATION = 9;
    public static final int PROXY_AUTHENTICATE = 10;
    public static final int PROXY_CONNECTION = 11;
    public static final int PROXY_AUTHENTICATION_INFO = 12;
    public static final int HTTP2_SETTINGS = 13;
    public static final int CONTENT_LENGTH = 14;
    public static final int EXPECT = 15;
    public static final int DATE = 16;
    public static final int VIA = 17;
    public static final int X_FORWARDED_FOR = 18;
    public static final int X_FORWARDED_PROTO = 19;
    public static final int X_FORWARDED_HOST = 20;
    public static final int X_FORWARDED_PORT = 21;
    public static final int FORWARDED = 22;
    public static final int TRAILER = 23;
    public static final int X_REAL_IP = 24;

    /** No registered field: CGI servers read it as the environment variable HTTP_PROXY (CVE-2016-5385). */
    public static final int PROXY = 25;

    public static final int COOKIE = 26;
    public static final int SET_COOKIE = 27;

    /** A bit for each field that {@link #isHopByHop}. */
    public static final long HOP_BY_HOP_BITS = (1L << HTTP2_SETTINGS + 1) - (1L << CONNECTION);

    private static final String[] NAMES = {
        "",
        "",
        "Host",
        "Connection",
        "Keep-Alive",
        "TE",
        "Close",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "Proxy-Connection",
        "Proxy-Authentication-Info",
        "HTTP2-Settings",
        "Content-Length",
        "Expect",
        "Date",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "Forwarded",
        "Trailer",
        "X-Real-IP",
        "Proxy",
        "Cookie",
        "Set-Cookie",
    };

    private static final int BUCKETS = 256;
    private static final int[][] TABLE = new int[BUCKETS][];
    private static final byte[][] LOWER = new byte[NAMES.length][];

    static {
        for (int id = HOST; id < NAMES.length; id++) {
            byte[] name = NAMES[id].toLowerCase(java.util.Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1);
            LOWER[id] = name;
            int bucket = bucket(name, 0, name.length);
            int[] old = TABLE[bucket];
            int[] ids = old == null ? new int[1] : java.util.Arrays.copyOf(old, old.length + 1);
            ids[ids.length - 1] = id;
            TABLE[bucket] = ids;
        }
    }

    private FieldId() {}

    /** The number of the name in {@code bytes}. */
    public static int of(byte[] bytes, int offset, int length) {
        if (length == 0) {
            return OTHER;
        }
        int[] ids = TABLE[bucket(bytes, offset, length)];
        if (ids != null) {
            for (int id : ids) {
                if (Ascii.equalsIgnoreCase(bytes, offset, length, LOWER[id])
                        || isClaim(id) && aliases(bytes, offset, length, LOWER[id])) {
                    return id;
                }
            }
        }
        return OTHER;
    }

    /** What a client may claim of itself, which servers believe of a proxy. */
    private static boolean isClaim(int id) {
        return id >= X_FORWARDED_FOR && id <= X_FORWARDED_PORT || id == X_REAL_IP;
    }

    /** CGI and WSGI servers cannot tell X_Forwarded_For from X-Forwarded-For, so it is the same here too. */
    private static boolean aliases(byte[] bytes, int offset, int length, byte[] lower) {
        if (length != lower.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            byte b = Ascii.lower(bytes[offset + i]);
            if (b != lower[i] && !(b == '_' && lower[i] == '-')) {
                return false;
            }
        }
        return true;
    }

    /** The usual spelling of a numbered name. */
    public static String name(int id) {
        return NAMES[id];
    }

    /**
     * Whether the field concerns one connection only and is never forwarded (RFC 9110 §7.6.1). {@code Proxy-*} fields
     * are meant for a proxy.
     */
    public static boolean isHopByHop(int id) {
        return id >= CONNECTION && id <= HTTP2_SETTINGS;
    }

    private static int bucket(byte[] bytes, int offset, int length) {
        return (length * 7 + (bytes[offset] | 0x20) * 31 + (bytes[offset + length - 1] | 0x20) * 17) & (BUCKETS - 1);
    }
}
