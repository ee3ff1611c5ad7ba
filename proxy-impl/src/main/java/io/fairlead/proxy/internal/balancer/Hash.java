package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.http.Cookies;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.QueryParameters;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * 64-bit hashes of keys and targets: the step for single bytes and the finaliser of xxHash64, over the UTF-16 units of a
 * text. Proxies of a fleet agree on them, so they never change.
 *
 * <p>They are no secret: who can choose keys can choose targets, which the bound on the load is for.
 */
public final class Hash {
    private static final long PRIME_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME_3 = 0x165667B19E3779F9L;
    private static final long PRIME_5 = 0x27D4EB2F165667C5L;

    /** What no key gives. */
    public static final long MISSING = 0;

    private Hash() {}

    /** The hash of the first of these keys that the request has; {@link #MISSING} if it has none. */
    public static long of(List<HashKey> keys, Exchange exchange) {
        for (int i = 0; i < keys.size(); i++) {
            long hash = of(keys.get(i), exchange);
            if (hash != MISSING) {
                return hash;
            }
        }
        return MISSING;
    }

    private static long of(HashKey key, Exchange exchange) {
        if (key instanceof HashKey.Attribute attribute) {
            return ofKey(
                    exchange.attribute(attribute.key()).map(Object::toString).orElse(null));
        }
        return key == HashKey.ClientAddress.INSTANCE ? of(exchange.client()) : of(key, exchange.request());
    }

    /** The hash of a key that stands in the request itself; {@link #MISSING} if it has none, and for other kinds of keys. */
    public static long of(HashKey key, Request request) {
        if (key instanceof HashKey.Header header) {
            if (request.headers() instanceof HeaderBlock fields) {
                int at = fields.find(header.name(), 0);
                return at < 0 ? MISSING : ofKey(fields.bytes(), fields.valueOffset(at), fields.valueLength(at));
            }
            return ofKey(request.headers().first(header.name()).orElse(null));
        }
        if (key instanceof HashKey.Cookie cookie) {
            if (request.headers() instanceof HeaderBlock fields) {
                long at = Cookies.find(fields, cookie.name(), Cookies.FIRST);
                return at < 0 ? MISSING : ofKey(fields.bytes(), Cookies.offset(at), Cookies.length(at));
            }
            return ofFirst(Cookies.all(request, cookie.name()));
        }
        return key instanceof HashKey.Query query ? ofFirst(QueryParameters.all(request, query.name())) : MISSING;
    }

    private static long ofFirst(List<String> values) {
        return values.isEmpty() ? MISSING : ofKey(values.get(0));
    }

    private static long ofKey(@Nullable String text) {
        return text == null || text.isEmpty() ? MISSING : present(of(text));
    }

    /** The same for a value that stands among bytes of Latin-1, without making a text of it. */
    private static long ofKey(byte[] bytes, int offset, int length) {
        if (length == 0) {
            return MISSING;
        }
        long hash = PRIME_5 + length;
        for (int i = offset; i < offset + length; i++) {
            hash = step(hash, bytes[i] & 0xff);
        }
        return present(mix(hash));
    }

    private static long of(InetSocketAddress client) {
        InetAddress address = client.getAddress();
        if (address == null) {
            return present(of(client.getHostString()));
        }
        if (address instanceof Inet4Address) {
            // It is the address itself, and asking for the bytes would copy them.
            return present(mix(PRIME_5 + address.hashCode()));
        }
        byte[] bytes = address.getAddress();
        long network = 0;
        for (int i = 0; i < 8; i++) {
            network = network << 8 | bytes[i] & 0xff;
        }
        return present(mix(network ^ PRIME_1));
    }

    /** The hash of a text. */
    public static long of(String text) {
        long hash = PRIME_5 + text.length();
        for (int i = 0; i < text.length(); i++) {
            hash = step(hash, text.charAt(i));
        }
        return mix(hash);
    }

    private static long step(long hash, int unit) {
        return Long.rotateLeft(hash ^ unit * PRIME_5, 11) * PRIME_1;
    }

    /** Spreads every bit over all others. */
    public static long mix(long bits) {
        long hash = bits;
        hash ^= hash >>> 33;
        hash *= PRIME_2;
        hash ^= hash >>> 29;
        hash *= PRIME_3;
        hash ^= hash >>> 32;
        return hash;
    }

    private static long present(long hash) {
        return hash == MISSING ? 1 : hash;
    }
}
