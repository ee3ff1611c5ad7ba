package io.fairlead.proxy.http;

/** Checks of the lexical rules of RFC 9110 §5. */
public final class HttpSyntax {

    private static final boolean[] TOKEN = new boolean[128];

    static {
        for (char c = '0'; c <= '9'; c++) {
            TOKEN[c] = true;
        }
        for (char c = 'a'; c <= 'z'; c++) {
            TOKEN[c] = true;
            TOKEN[c - 32] = true;
        }
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
            TOKEN[c] = true;
        }
    }

    private HttpSyntax() {}

    /** Whether {@code c} may stand in a token (RFC 9110 §5.6.2). */
    public static boolean isTokenChar(int c) {
        return c >= 0 && c < 128 && TOKEN[c];
    }

    /** Whether {@code text} is a token: a method or field name. */
    public static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isTokenChar(text.charAt(i))) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** Whether {@code text} may be a field value: no control character but the tab, and each char fits one byte. */
    public static boolean isFieldValue(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\t' || c == 127 || c > 255) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns {@code name} if it is a token.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static String requireToken(String name) {
        if (!isToken(name)) {
            throw new IllegalArgumentException("not a token (RFC 9110 5.6.2): \"" + printable(name) + "\"");
        }
        return name;
    }

    /**
     * Returns {@code value} if it may be a field value.
     *
     * @throws IllegalArgumentException if it holds a control character, or a char above 255
     */
    public static String requireFieldValue(String value) {
        if (!isFieldValue(value)) {
            throw new IllegalArgumentException("not a field value (RFC 9110 5.5): \"" + printable(value) + "\"");
        }
        return value;
    }

    private static String printable(String text) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            if (c < ' ' || c > 126) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
