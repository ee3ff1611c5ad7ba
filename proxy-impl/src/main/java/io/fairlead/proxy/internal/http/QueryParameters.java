package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds parameters in a raw query, without taking the rest apart. Pairs are separated by {@code &}; a name without
 * {@code =} has an empty value; {@code +} is a space and escapes are decoded as UTF-8.
 */
public final class QueryParameters {

    private QueryParameters() {}

    public static boolean contains(Request request, String name) {
        Optional<String> query = request.query();
        return query.isPresent() && next(query.get(), name, 0) >= 0;
    }

    /** The decoded values of all parameters of this name. */
    public static List<String> all(Request request, String name) {
        Optional<String> present = request.query();
        if (present.isEmpty()) {
            return List.of();
        }
        String query = present.get();
        int at = next(query, name, 0);
        if (at < 0) {
            return List.of();
        }
        List<String> values = new ArrayList<>(1);
        while (at >= 0) {
            int end = end(query, at);
            int equals = query.indexOf('=', at);
            values.add(equals < 0 || equals >= end ? "" : Escapes.decodeForm(query, equals + 1, end));
            at = next(query, name, end + 1);
        }
        return values;
    }

    /** Where the next pair of this name begins; -1 when there is none. */
    private static int next(String query, String name, int from) {
        for (int at = from; at < query.length(); ) {
            int end = end(query, at);
            int equals = query.indexOf('=', at);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (end > at && named(query, at, nameEnd, name)) {
                return at;
            }
            at = end + 1;
        }
        return -1;
    }

    private static int end(String query, int from) {
        int end = query.indexOf('&', from);
        return end < 0 ? query.length() : end;
    }

    private static boolean named(String query, int from, int to, String name) {
        for (int i = from; i < to; i++) {
            char c = query.charAt(i);
            if (c == '%' || c == '+' || c > 127) {
                return Escapes.decodeForm(query, from, to).equals(name);
            }
        }
        return to - from == name.length() && query.startsWith(name, from);
    }
}
