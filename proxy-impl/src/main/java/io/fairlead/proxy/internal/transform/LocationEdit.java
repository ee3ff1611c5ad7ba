package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.transform.Transform;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the beginning of a Location. An absolute beginning is compared as RFC 3986 §6.2 says: scheme and host without
 * regard to case, with or without the scheme's default port, with or without the one slash of an empty path; a Location
 * without scheme ({@code //host/}) counts for its host. Whatever the beginning, it ends where a segment ends.
 */
final class LocationEdit {

    private final @Nullable Absolute from;
    private final String fromPath;
    private final Template to;

    LocationEdit(Transform.RewriteLocation edit) {
        this.from = Absolute.parse(edit.from(), null);
        this.fromPath = from == null ? edit.from() : from.rest;
        this.to = Template.of(edit.to(), Encoding.URI);
    }

    /** The new value, or null when it does not begin so. */
    @Nullable
    String rewrite(String value, Map<String, String> variables) {
        String path = value;
        if (from != null) {
            Absolute location = Absolute.parse(value, from.scheme);
            if (location == null
                    || !location.scheme.equals(from.scheme)
                    || !location.authority.equals(from.authority)) {
                return null;
            }
            path = location.rest.startsWith("/") || fromPath.isEmpty() ? location.rest : "/" + location.rest;
        } else if (value.startsWith("//") && !fromPath.startsWith("//")) {
            // A Location without scheme names another host; it does not begin with a path.
            return null;
        }
        int end = beginning(path, fromPath);
        return end < 0 ? null : join(to.expand(variables), fromPath, path.substring(end));
    }

    /** The length of {@code from} if {@code text} begins with it and a segment ends there; else -1. */
    static int beginning(String text, String from) {
        if (!text.startsWith(from)) {
            return -1;
        }
        int end = from.length();
        boolean whole = end == text.length() || from.endsWith("/") || "/?#".indexOf(text.charAt(end)) >= 0;
        return whole ? end : -1;
    }

    /** Puts the rest behind the new beginning with exactly one slash between, if one stood there before. */
    static String join(String to, String from, String rest) {
        boolean slash = rest.startsWith("/");
        String joined;
        if (slash && to.endsWith("/")) {
            joined = to + rest.substring(1);
        } else if (!slash && from.endsWith("/") && !to.endsWith("/") && !rest.isEmpty() && !isMark(rest.charAt(0))) {
            joined = to + "/" + rest;
        } else {
            joined = to + rest;
        }
        if (joined.isEmpty()) {
            return "/";
        }
        // Two slashes at the beginning would name another host.
        boolean hostless = !to.startsWith("//") && joined.startsWith("//");
        return hostless ? "/" + joined.replaceFirst("^/+", "") : isMark(joined.charAt(0)) ? "/" + joined : joined;
    }

    private static boolean isMark(char c) {
        return c == '?' || c == '#';
    }

    /** Scheme and authority in comparable form, and what follows as it was. */
    private static final class Absolute {
        private final String scheme;
        private final String authority;
        private final String rest;

        private Absolute(String scheme, String authority, String rest) {
            this.scheme = scheme;
            this.authority = authority;
            this.rest = rest;
        }

        /** @param base the scheme of a Location without one; null when there is none */
        static @Nullable Absolute parse(String value, @Nullable String base) {
            int slashes = value.indexOf("//");
            String scheme;
            if (slashes == 0 && base != null) {
                scheme = base;
            } else if (slashes > 1 && value.charAt(slashes - 1) == ':' && isScheme(value, slashes - 1)) {
                scheme = value.substring(0, slashes - 1).toLowerCase(Locale.ROOT);
            } else {
                return null;
            }
            int start = slashes + 2;
            int end = start;
            while (end < value.length() && "/?#".indexOf(value.charAt(end)) < 0) {
                end++;
            }
            String authority = value.substring(start, end).toLowerCase(Locale.ROOT);
            String port = scheme.equals("http") ? ":80" : scheme.equals("https") ? ":443" : ":";
            if (authority.endsWith(port)) {
                authority = authority.substring(0, authority.length() - port.length());
            }
            return new Absolute(scheme, authority, value.substring(end));
        }

        private static boolean isScheme(String value, int end) {
            for (int i = 0; i < end; i++) {
                char c = value.charAt(i);
                if (!(Encoding.isUnreserved(c) && c != '_' && c != '~' || c == '+')) {
                    return false;
                }
            }
            return true;
        }
    }
}
