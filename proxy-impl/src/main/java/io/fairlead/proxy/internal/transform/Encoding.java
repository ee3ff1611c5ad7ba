package io.fairlead.proxy.internal.transform;

import java.nio.charset.StandardCharsets;

/** How the value of a variable, which is decoded text that the client chose, becomes harmless where it is put. */
enum Encoding {
    /**
     * All but the unreserved characters of RFC 3986 §2.3 is percent-encoded: nothing can end the segment, parameter,
     * host or attribute that it stands in.
     */
    URI,
    /**
     * Printable ASCII stays, all else is percent-encoded: a CR or LF cannot begin another field (RFC 9110 §5.5), and a
     * character that does not fit one byte gets through.
     */
    FIELD;

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    String encode(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (!stays(value.charAt(i))) {
                return encodeBytes(value.getBytes(StandardCharsets.UTF_8));
            }
        }
        return value;
    }

    private String encodeBytes(byte[] bytes) {
        StringBuilder out = new StringBuilder(bytes.length + 16);
        for (byte b : bytes) {
            char c = (char) (b & 0xff);
            if (stays(c)) {
                out.append(c);
            } else {
                out.append('%').append(HEX[c >> 4]).append(HEX[c & 15]);
            }
        }
        return out.toString();
    }

    private boolean stays(char c) {
        return this == FIELD ? c >= ' ' && c < 127 : isUnreserved(c);
    }

    static boolean isUnreserved(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    /** The byte that {@code text} has percent-encoded at {@code i}, or -1. */
    static int percent(String text, int i) {
        if (i + 2 >= text.length() || text.charAt(i) != '%') {
            return -1;
        }
        int high = Character.digit(text.charAt(i + 1), 16);
        int low = Character.digit(text.charAt(i + 2), 16);
        // Character.digit knows digits of other scripts, too.
        return high < 0 || low < 0 || text.charAt(i + 1) > 127 || text.charAt(i + 2) > 127 ? -1 : high << 4 | low;
    }
}
