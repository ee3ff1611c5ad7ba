package io.fairlead.proxy.listener;

import java.util.List;

/**
 * The networks whose {@code X-Forwarded-*} and {@code Forwarded} fields are believed. From any other peer these fields
 * are dropped, so that nobody can claim another's address.
 *
 * <p>Of a trusted peer the fields are kept and appended to, and the client's address is the right-most one that is not
 * trusted itself.
 *
 * @param networks CIDR blocks, such as {@code 10.0.0.0/8}, {@code ::1/128}, or single addresses
 */
public record TrustedProxies(List<String> networks) {

    private static final TrustedProxies NONE = new TrustedProxies(List.of());

    /** Copies the list. */
    public TrustedProxies {
        networks = List.copyOf(networks);
    }

    /** Trusts nobody. */
    public static TrustedProxies none() {
        return NONE;
    }

    /** Trusts these networks. */
    public static TrustedProxies of(String... networks) {
        return new TrustedProxies(List.of(networks));
    }
}
