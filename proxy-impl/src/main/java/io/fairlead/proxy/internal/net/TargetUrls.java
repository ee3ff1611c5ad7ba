package io.fairlead.proxy.internal.net;

import java.util.Locale;

/** Compares the URLs of targets. */
public final class TargetUrls {

    private static final String DEFAULT_PORT = ":80";

    private TargetUrls() {}

    /** The same text for all URLs of one target: scheme and host in any case, the default port or none (RFC 9110 §4.2.3). */
    public static String same(String url) {
        String lower = url.toLowerCase(Locale.ROOT);
        int port = lower.lastIndexOf(':');
        // A port may have leading zeros; the colons of an IPv6 address stand in brackets.
        if (port > lower.lastIndexOf('/') && lower.indexOf(']', port) < 0) {
            String digits = lower.substring(port + 1).replaceFirst("^0+", "");
            lower = lower.substring(0, port) + ":" + digits;
        }
        return lower.endsWith(DEFAULT_PORT) ? lower.substring(0, lower.length() - DEFAULT_PORT.length()) : lower;
    }
}
