package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.internal.http.Escapes;
import java.nio.charset.StandardCharsets;

/**
 * The path that routing and access rules look at. The raw path is what goes upstream.
 *
 * <p>By segments, and within each in this order, so that no step undoes the one before:
 *
 * <ol>
 *   <li>path parameters ({@code ;x=1}) are dropped, so that {@code /..;x/} counts as {@code /../};
 *   <li>escapes of unreserved characters are decoded, others kept with upper-case digits (RFC 3986 §6.2.2); characters
 *       that a path may not hold, a stray percent sign among them, are escaped. {@code %2F} and {@code %5C} stay as
 *       they are: they are no separators;
 *   <li>empty segments and dot segments are removed (RFC 3986 §5.2.4).
 * </ol>
 */
public final class PathNormalizer {

    private static final int ASCII = 128;
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();
    /** What stands in a normalised segment as it is (RFC 3986 §3.3: pchar without the escapes). */
    private static final boolean[] PLAIN = new boolean[ASCII];
    /** Whose escape means the same as the character itself (RFC 3986 §2.3). */
    private static final boolean[] UNRESERVED = new boolean[ASCII];

    static {
        String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (letters + "-._~").chars().forEach(c -> UNRESERVED[c] = true);
        (letters + "-._~!$&'()*+,=:@").chars().forEach(c -> PLAIN[c] = true);
    }

    private PathNormalizer() {}

    /**
     * The normalised form; the same instance where nothing is to be done. {@code *} and whatever else does not begin
     * with a slash is returned as it is; an empty path is {@code /}.
     */
    public static String normalize(String rawPath) {
        int length = rawPath.length();
        if (length == 0) {
            return "/";
        }
        if (rawPath.charAt(0) != '/') {
            return rawPath;
        }
        char previous = 'x';
        for (int i = 0; i < length; i++) {
            char c = rawPath.charAt(i);
            if (c == '/') {
                if (previous == '/') {
                    return rewrite(rawPath, false);
                }
            } else if (c == '.') {
                if (previous == '/' && dotSegmentAt(rawPath, i)) {
                    return rewrite(rawPath, false);
                }
            } else if (c == '%') {
                if (!keptEscapeAt(rawPath, i)) {
                    return rewrite(rawPath, false);
                }
                i += 2;
            } else if (c >= ASCII || !PLAIN[c]) {
                return rewrite(rawPath, false);
            }
            previous = c;
        }
        return rawPath;
    }

    private static boolean dotSegmentAt(String path, int at) {
        int end = at + 1;
        if (end < path.length() && path.charAt(end) == '.') {
            end++;
        }
        return end == path.length() || path.charAt(end) == '/';
    }

    /** Whether the escape that begins here stays exactly as it is. */
    private static boolean keptEscapeAt(String path, int at) {
        int code = escapeAt(path, at);
        return code >= 0
                && (code >= ASCII || !UNRESERVED[code])
                && path.charAt(at + 1) < 'a'
                && path.charAt(at + 2) < 'a';
    }

    /** The octet that the escape stands for; -1 where two hexadecimal digits do not follow. */
    private static int escapeAt(String path, int at) {
        if (at + 2 >= path.length()) {
            return -1;
        }
        int high = Escapes.digit(path.charAt(at + 1));
        int low = Escapes.digit(path.charAt(at + 2));
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /** @param keepBytes whether the segments that stay keep their bytes */
    private static String rewrite(String path, boolean keepBytes) {
        int length = path.length();
        StringBuilder out = new StringBuilder(length + 8);
        int at = 0;
        while (at < length) {
            int slash = out.length();
            int from = at + 1;
            out.append('/');
            at = segment(path, from, out);
            boolean last = at == length;
            boolean removed = false;
            if (is(out, slash, "/") && !last || is(out, slash, "/.")) {
                out.setLength(slash);
                removed = true;
            } else if (is(out, slash, "/..")) {
                out.setLength(slash);
                out.setLength(Math.max(0, out.lastIndexOf("/")));
                removed = true;
            } else if (keepBytes) {
                out.setLength(slash + 1);
                out.append(path, from, at);
            }
            if (removed && last) {
                // What a dot segment at the end leaves is a folder: /a/. is /a/ (RFC 3986 §5.2.4).
                out.append('/');
            }
        }
        return out.toString();
    }

    private static boolean is(StringBuilder out, int from, String text) {
        return out.length() - from == text.length() && out.indexOf(text, from) == from;
    }

    /** Appends one segment without its parameters; returns where the next slash or the end is. */
    private static int segment(String path, int from, StringBuilder out) {
        int length = path.length();
        int at = from;
        boolean parameters = false;
        for (; at < length && path.charAt(at) != '/'; at++) {
            char c = path.charAt(at);
            if (c == ';') {
                parameters = true;
            }
            if (parameters) {
                continue;
            }
            if (c == '%') {
                int code = escapeAt(path, at);
                if (code < 0) {
                    // Escaped, or it could join what follows into an escape that was not there.
                    escape('%', out);
                } else {
                    at += 2;
                    if (code < ASCII && UNRESERVED[code]) {
                        out.append((char) code);
                    } else {
                        escape(code, out);
                    }
                }
            } else if (c < ASCII && PLAIN[c]) {
                out.append(c);
            } else if (c <= 0xff) {
                // The parser hands on octets as they came.
                escape(c, out);
            } else {
                for (byte octet : String.valueOf(c).getBytes(StandardCharsets.UTF_8)) {
                    escape(octet & 0xff, out);
                }
            }
        }
        return at;
    }

    /** The normalised form of one raw segment. */
    static String segment(String raw) {
        StringBuilder out = new StringBuilder(raw.length());
        segment(raw, 0, out);
        return out.toString();
    }

    /**
     * A raw path that begins with a slash, with its dot segments resolved as in the normalised form; the segments that stay
     * keep their bytes. The same instance if there are none.
     */
    static String withoutDotSegments(String rawPath) {
        int at = 0;
        while (at < rawPath.length()) {
            int slash = rawPath.indexOf('/', at + 1);
            int end = slash < 0 ? rawPath.length() : slash;
            String text = segment(rawPath.substring(at + 1, end));
            if (text.equals(".") || text.equals("..")) {
                return rewrite(rawPath, true);
            }
            at = end;
        }
        return rawPath;
    }

    private static void escape(int octet, StringBuilder out) {
        out.append('%').append(HEX[octet >> 4]).append(HEX[octet & 15]);
    }

    /** The normalised form of text that stands for itself in a segment: what a path may not hold is escaped in UTF-8. */
    static String segmentLiteral(String text) {
        // The UTF-8 octets as Latin-1 characters, which is how the parser shows a path.
        String octets = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        StringBuilder out = new StringBuilder(text.length());
        segment(octets, 0, out);
        return out.toString();
    }
}
