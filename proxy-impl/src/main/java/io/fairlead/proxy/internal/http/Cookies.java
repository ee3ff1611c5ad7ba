package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.Request;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds cookies in the Cookie fields (RFC 6265 §5.4), of which HTTP/2 may send several. Names are case-sensitive;
 * a value is what stands there, quotes included, because user agents take them for part of it.
 */
public final class Cookies {

    private Cookies() {}

    public static boolean contains(Request request, String name) {
        return !all(request, name).isEmpty();
    }

    /** The values of all cookies of this name, in their order. */
    public static List<String> all(Request request, String name) {
        List<String> fields = request.headers().all("Cookie");
        if (fields.isEmpty()) {
            return List.of();
        }
        List<String> values = new ArrayList<>(1);
        for (String field : fields) {
            for (int at = 0; at < field.length(); ) {
                int end = field.indexOf(';', at);
                end = end < 0 ? field.length() : end;
                while (at < end && isSpace(field.charAt(at))) {
                    at++;
                }
                int equals = field.indexOf('=', at);
                if (equals >= at && equals < end) {
                    int nameEnd = equals;
                    while (nameEnd > at && isSpace(field.charAt(nameEnd - 1))) {
                        nameEnd--;
                    }
                    if (nameEnd - at == name.length() && field.startsWith(name, at)) {
                        values.add(field.substring(equals + 1, end).strip());
                    }
                }
                at = end + 1;
            }
        }
        return values;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}
