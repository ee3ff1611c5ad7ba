package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.HttpSyntax;

/** Which bytes may stand where in a head. */
final class CharClass {

    private static final byte TOKEN = 1;
    private static final byte VALUE = 2;
    private static final byte TARGET = 4;
    private static final byte[] CLASS = new byte[256];

    static {
        for (int c = 0; c < 256; c++) {
            int bits = 0;
            if (HttpSyntax.isTokenChar(c)) {
                bits |= TOKEN;
            }
            // Visible characters, space, tab and obs-text (RFC 9110 §5.5).
            if (c >= ' ' && c != 127 || c == '\t') {
                bits |= VALUE;
            }
            // RFC 3986 without fragment; brackets are let through, as queries like a[]=1 are everywhere.
            if (c > ' ' && c < 127 && "\"#<>\\^`{|}".indexOf(c) < 0) {
                bits |= TARGET;
            }
            CLASS[c] = (byte) bits;
        }
    }

    private CharClass() {}

    /** Methods and field names (RFC 9110 §5.6.2). */
    static boolean isToken(byte b) {
        return (CLASS[b & 0xff] & TOKEN) != 0;
    }

    /** Field values and reason phrases. */
    static boolean isValue(byte b) {
        return (CLASS[b & 0xff] & VALUE) != 0;
    }

    /** Request targets. */
    static boolean isTarget(byte b) {
        return (CLASS[b & 0xff] & TARGET) != 0;
    }
}
