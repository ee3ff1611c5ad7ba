package io.fairlead.proxy.internal.route;

import java.net.IDN;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A host pattern, read.
 *
 * @param text the exact host; of a wildcard what follows the star, with its dot: {@code .example.com}
 */
record HostPattern(boolean wildcard, String text) {

    static final String EXPECTATION = "a host without port, or \"*.\" and a host";

    /**
     * Reads a pattern; a name in another script takes its ASCII form (RFC 5890 §2.3.2.1).
     *
     * @throws IllegalArgumentException if it is no host and no {@code *.} with a host
     */
    static HostPattern parse(String pattern) {
        boolean wildcard = pattern.startsWith("*.");
        String host = wildcard ? pattern.substring(2) : pattern;
        if (!wildcard && host.startsWith("[") && host.endsWith("]") && host.indexOf(':') > 0) {
            return new HostPattern(false, host.toLowerCase(Locale.ROOT));
        }
        String ascii = canonical(ascii(host).toLowerCase(Locale.ROOT));
        if (!isName(ascii)) {
            throw new IllegalArgumentException(EXPECTATION);
        }
        return new HostPattern(wildcard, wildcard ? "." + ascii : ascii);
    }

    /** Without the dot that ends an absolute name: {@code example.com.} is the same host. */
    static String canonical(String host) {
        int end = host.length() - 1;
        return end > 0 && host.charAt(end) == '.' ? host.substring(0, end) : host;
    }

    private static String ascii(String host) {
        if (host.chars().allMatch(c -> c < 128)) {
            return host;
        }
        try {
            return IDN.toASCII(host, IDN.ALLOW_UNASSIGNED);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(EXPECTATION, e);
        }
    }

    private static boolean isName(String host) {
        boolean label = false;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c == '.') {
                if (!label) {
                    return false;
                }
                label = false;
            } else if (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
                label = true;
            } else {
                return false;
            }
        }
        return label;
    }

    /** Whether this host, canonical, fits. */
    boolean matches(String host) {
        return wildcard ? host.length() > text.length() && host.endsWith(text) : host.equals(text);
    }

    /** What the star stands for in a host that fits; null without a star. */
    @Nullable
    String captured(String host) {
        return wildcard ? host.substring(0, host.length() - text.length()) : null;
    }

    /** Whether every host that fits the other fits this. */
    boolean covers(HostPattern other) {
        return wildcard && other.wildcard ? other.text.endsWith(text) : !other.wildcard && matches(other.text);
    }

    @Override
    public String toString() {
        return wildcard ? "*" + text : text;
    }
}
