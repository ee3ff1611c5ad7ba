package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.Request;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds cookies in the Cookie fields (RFC 6265 §5.4), of which HTTP/2 may send several. Names are case-sensitive;
 * a value is what stands there, quotes included, because user agents take them for part of it.
 */
public final class Cookies {

    /** Where {@link #find} begins. */
    public static final long FIRST = -1;

    private Cookies() {}

    /**
     * Where the value of the next cookie of this name stands in the bytes of the fields, without making a text of it.
     *
     * @param after what {@link #find} gave before; {@link #FIRST} for the first one
     * @return for {@link #offset} and {@link #length}; negative if there is none
     */
    public static long find(HeaderBlock fields, String name, long after) {
        byte[] bytes = fields.bytes();
        int from = after < 0 ? 0 : offset(after) + length(after);
        for (int i = fields.find("Cookie", 0); i >= 0; i = fields.find("Cookie", i + 1)) {
            int at = fields.valueOffset(i);
            int stop = at + fields.valueLength(i);
            // Fields stand in their order in the bytes. After the value that was found comes its semicolon, or the end.
            at = Math.max(at, from);
            while (at < stop) {
                int end = at;
                int equals = -1;
                for (; end < stop && bytes[end] != ';'; end++) {
                    equals = equals < 0 && bytes[end] == '=' ? end : equals;
                }
                int nameStart = skip(bytes, at, equals);
                int nameEnd = strip(bytes, nameStart, equals);
                if (equals >= 0 && Ascii.equals(bytes, nameStart, nameEnd - nameStart, name)) {
                    int value = skip(bytes, equals + 1, end);
                    return (long) value << 32 | (strip(bytes, value, end) - value);
                }
                at = end + 1;
            }
        }
        return -1;
    }

    public static int offset(long found) {
        return (int) (found >>> 32);
    }

    public static int length(long found) {
        return (int) found;
    }

    private static int skip(byte[] bytes, int from, int stop) {
        int at = from;
        while (at < stop && isSpace((char) bytes[at])) {
            at++;
        }
        return at;
    }

    private static int strip(byte[] bytes, int from, int stop) {
        int end = stop;
        while (end > from && isSpace((char) bytes[end - 1])) {
            end--;
        }
        return end;
    }

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
