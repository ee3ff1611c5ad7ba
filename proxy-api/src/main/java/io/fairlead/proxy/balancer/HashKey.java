package io.fairlead.proxy.balancer;

import static java.util.Objects.requireNonNull;

/**
 * What {@link LoadBalancer#consistentHash} and a {@link io.fairlead.proxy.traffic.Split} tell requests apart by. Compares by value.
 *
 * <p>Whoever chooses the key chooses the target: a client may aim many keys of its own making at one target. The bound on the
 * load keeps what that can do within limits.
 */
public sealed interface HashKey {

    /** The first header field of this name, as it stands; missing if there is none, or if it is empty. */
    static HashKey header(String name) {
        return new Header(requireNonNull(name, "name"));
    }

    /** The first cookie of this name, as it stands; missing if there is none, or if it is empty. */
    static HashKey cookie(String name) {
        return new Cookie(requireNonNull(name, "name"));
    }

    /** The first query parameter of this name, decoded; missing if there is none, or if it is empty. */
    static HashKey query(String name) {
        return new Query(requireNonNull(name, "name"));
    }

    /**
     * The address of the client, see {@link io.fairlead.proxy.exchange.Exchange#client()}, without its port; of an IPv6
     * address the first 64 bits, which one subscriber keeps while the rest changes. Never missing.
     */
    static HashKey clientAddress() {
        return ClientAddress.INSTANCE;
    }

    /**
     * What middleware kept under this key with {@link io.fairlead.proxy.exchange.Exchange#attribute(String, Object)}, by
     * its {@code toString()}; missing if there is none, or if that is empty.
     */
    static HashKey attribute(String key) {
        return new Attribute(requireNonNull(key, "key"));
    }

    /**
     * See {@link HashKey#header}.
     *
     * @param name the field
     */
    record Header(String name) implements HashKey {}

    /**
     * See {@link HashKey#cookie}.
     *
     * @param name the cookie, case-sensitive
     */
    record Cookie(String name) implements HashKey {}

    /**
     * See {@link HashKey#query}.
     *
     * @param name the parameter, decoded
     */
    record Query(String name) implements HashKey {}

    /** See {@link HashKey#clientAddress}. */
    enum ClientAddress implements HashKey {
        /** The only one; it has no settings. */
        INSTANCE
    }

    /**
     * See {@link HashKey#attribute}.
     *
     * @param key the attribute's key
     */
    record Attribute(String key) implements HashKey {}
}
