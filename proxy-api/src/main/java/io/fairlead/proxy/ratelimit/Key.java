package io.fairlead.proxy.ratelimit;

import static java.util.Objects.requireNonNull;

/**
 * What tells the requests apart that a {@link RateLimit} counts separately.
 *
 * <p>What a client may choose freely, such as a field that nobody checks, is no protection: it takes another value and has
 * another limit. Add a limit by {@link #clientAddress()} or without a key then.
 */
public sealed interface Key {

    /** The client's address: each IPv4 address, and each /64 network of IPv6, which is what one subscriber gets. */
    static Key clientAddress() {
        return new ClientAddress(32, 64);
    }

    /**
     * The client's network.
     *
     * @param ipv4Prefix the bits of an IPv4 address that count, 1 to 32
     * @param ipv6Prefix the bits of an IPv6 address that count, 1 to 128
     */
    static Key clientAddress(int ipv4Prefix, int ipv6Prefix) {
        return new ClientAddress(ipv4Prefix, ipv6Prefix);
    }

    /** The value of a request header field. Missing if it is not there, empty, or there several times. */
    static Key header(String name) {
        return new Header(requireNonNull(name, "name"));
    }

    /** The value of a cookie, without quotes around it. Missing if it is not there, empty, or there several times. */
    static Key cookie(String name) {
        return new Cookie(requireNonNull(name, "name"));
    }

    /** The decoded value of a query parameter. Missing if it is not there, empty, or there several times. */
    static Key query(String name) {
        return new Query(requireNonNull(name, "name"));
    }

    /**
     * What the route's match captured under this name. Missing if it captured nothing; {@code build()} reports a name that
     * the match of the route, or for a limit of the whole proxy that of no route, can capture.
     */
    static Key pathVariable(String name) {
        return new PathVariable(requireNonNull(name, "name"));
    }

    /** The route, for a limit of the whole proxy that counts each route by itself. */
    static Key route() {
        return Route.INSTANCE;
    }

    /**
     * See {@link Key#clientAddress(int, int)}.
     *
     * @param ipv4Prefix the bits of an IPv4 address that count
     * @param ipv6Prefix the bits of an IPv6 address that count
     */
    record ClientAddress(int ipv4Prefix, int ipv6Prefix) implements Key {}

    /**
     * See {@link Key#header}.
     *
     * @param name of the field
     */
    record Header(String name) implements Key {}

    /**
     * See {@link Key#cookie}.
     *
     * @param name of the cookie; case matters
     */
    record Cookie(String name) implements Key {}

    /**
     * See {@link Key#query}.
     *
     * @param name of the parameter, decoded
     */
    record Query(String name) implements Key {}

    /**
     * See {@link Key#pathVariable}.
     *
     * @param name of the variable
     */
    record PathVariable(String name) implements Key {}

    /** See {@link Key#route}. */
    enum Route implements Key {
        /** The only one; it has no settings. */
        INSTANCE
    }
}
