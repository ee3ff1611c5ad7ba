package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.transform.Transform;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites one attribute of a Set-Cookie value, parsed as browsers do (RFC 6265 §5.2): parted by semicolons, names without
 * regard to case, blanks around names and values, quotes mean nothing. All else stays as it is, byte for byte.
 */
final class CookieEdit {

    private final boolean domain;
    private final String from;
    private final Template to;
    private final boolean remove;

    CookieEdit(Transform.RewriteCookie edit) {
        this.domain = edit.attribute() == Transform.CookieAttribute.DOMAIN;
        this.from = domain ? withoutDot(edit.from()) : edit.from();
        this.to = Template.of(edit.to(), Encoding.URI);
        this.remove = domain && edit.to().isEmpty();
    }

    /** The new value, or null when nothing is to change. */
    @Nullable
    String rewrite(String cookie, Map<String, String> variables) {
        StringBuilder out = null;
        int copied = 0;
        // The first part is the cookie's own name and value.
        int mark = cookie.indexOf(';');
        while (mark >= 0) {
            int next = cookie.indexOf(';', mark + 1);
            int end = next < 0 ? cookie.length() : next;
            int equals = cookie.indexOf('=', mark);
            if (equals > 0 && equals < end && isNamed(cookie, mark + 1, equals)) {
                int start = equals + 1;
                int stop = end;
                while (start < stop && isBlank(cookie.charAt(start))) {
                    start++;
                }
                while (stop > start && isBlank(cookie.charAt(stop - 1))) {
                    stop--;
                }
                String value = edit(cookie.substring(start, stop), variables);
                if (value != null) {
                    out = out == null ? new StringBuilder(cookie.length() + 32) : out;
                    if (remove) {
                        out.append(cookie, copied, mark);
                        copied = end;
                    } else {
                        out.append(cookie, copied, start).append(value);
                        copied = stop;
                    }
                }
            }
            mark = next;
        }
        return out == null ? null : out.append(cookie, copied, cookie.length()).toString();
    }

    private boolean isNamed(String cookie, int start, int end) {
        return cookie.substring(start, end).strip().equalsIgnoreCase(domain ? "Domain" : "Path");
    }

    private @Nullable String edit(String value, Map<String, String> variables) {
        if (domain) {
            boolean matches = from.equals("*") || withoutDot(value).equalsIgnoreCase(from);
            return matches ? to.expand(variables) : null;
        }
        int end = LocationEdit.beginning(value, from);
        return end < 0 ? null : LocationEdit.join(to.expand(variables), from, value.substring(end));
    }

    private static String withoutDot(String name) {
        return name.startsWith(".") ? name.substring(1) : name;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
