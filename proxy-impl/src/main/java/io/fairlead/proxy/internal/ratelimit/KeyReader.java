package io.fairlead.proxy.internal.ratelimit;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.internal.http.Cookies;
import io.fairlead.proxy.internal.http.QueryParameters;
import io.fairlead.proxy.ratelimit.Key;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the keys of a rate limit off a request, as one object that compares by value and whose text is another one for
 * other keys.
 *
 * <p>Values of clients are kept for a while, so that none may be long: beyond 64 characters its SHA-256 stands for it.
 */
final class KeyReader {

    private static final int LONGEST = 64;

    /** A missing value, which no value is: an empty one counts as missing. */
    private static final String MISSING = "";

    private final List<Key> keys;

    KeyReader(List<Key> keys) {
        this.keys = keys;
    }

    /** The key of a request; null if something is missing. */
    @Nullable
    Object read(Exchange exchange) {
        return read(exchange, false);
    }

    /** The key of a request, with what is missing as one value more. */
    Object readShared(Exchange exchange) {
        return requireNonNull(read(exchange, true));
    }

    private @Nullable Object read(Exchange exchange, boolean shared) {
        if (keys.size() == 1) {
            Key only = keys.get(0);
            if (only instanceof Key.ClientAddress address) {
                return network(address, exchange);
            }
            String value = value(only, exchange);
            return value.equals(MISSING) && !shared ? null : value;
        }
        // With its length before each, so that two values never look like two others.
        StringBuilder all = new StringBuilder(48);
        for (Key key : keys) {
            String value = key instanceof Key.ClientAddress address
                    ? network(address, exchange).toString()
                    : value(key, exchange);
            if (value.equals(MISSING) && !shared) {
                return null;
            }
            all.append(value.length()).append(':').append(value);
        }
        return all.toString();
    }

    /** Whether one of the keys is missing because it is there several times. */
    boolean givenSeveralTimes(Exchange exchange) {
        return keys.stream().anyMatch(key -> values(key, exchange).size() > 1);
    }

    private static List<String> values(Key key, Exchange exchange) {
        if (key instanceof Key.Header header) {
            return exchange.request().headers().all(header.name());
        }
        if (key instanceof Key.Cookie cookie) {
            return Cookies.all(exchange.request(), cookie.name());
        }
        return key instanceof Key.Query query ? QueryParameters.all(exchange.request(), query.name()) : List.of();
    }

    private static NetworkKey network(Key.ClientAddress key, Exchange exchange) {
        return NetworkKey.of(exchange.client().getAddress(), key.ipv4Prefix(), key.ipv6Prefix());
    }

    private static String value(Key key, Exchange exchange) {
        if (key instanceof Key.Cookie) {
            return bounded(unquoted(only(values(key, exchange))));
        }
        if (key instanceof Key.Header || key instanceof Key.Query) {
            return bounded(only(values(key, exchange)));
        }
        if (key instanceof Key.PathVariable variable) {
            return bounded(exchange.variables().getOrDefault(variable.name(), MISSING));
        }
        return bounded(exchange.routeId().orElse(MISSING));
    }

    /** Nobody knows which of several values the upstream goes by, so that they count as none. */
    private static String only(List<String> values) {
        return values.size() == 1 ? values.get(0) : MISSING;
    }

    /** Many upstreams take the quotes off (RFC 6265 §4.1.1), so that with them it is no other value. */
    private static String unquoted(String value) {
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }

    private static String bounded(String value) {
        if (value.length() <= LONGEST) {
            return value;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8));
            // One character longer than any value that stands for itself.
            return '#' + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JVM has SHA-256", e);
        }
    }
}
