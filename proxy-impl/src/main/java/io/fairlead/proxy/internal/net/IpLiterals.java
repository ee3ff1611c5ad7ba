package io.fairlead.proxy.internal.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** Tells IP literals from names without a lookup. */
public final class IpLiterals {
    private IpLiterals() {}

    /**
     * The address that a literal stands for, or null for a name. IPv4 is four decimal numbers without leading zeros, so
     * that {@code 010.0.0.1} and {@code 127.1}, which programs read in different ways, are not taken for one here.
     *
     * @throws IllegalArgumentException if the host has a colon or a bracket and is no IPv6 literal
     */
    public static @Nullable InetAddress parse(String host) {
        if (host.indexOf(':') >= 0 || host.startsWith("[")) {
            // In brackets: then the JDK reads a literal or throws, and never asks a name server.
            try {
                return InetAddress.getByName(host.startsWith("[") ? host : "[" + host + "]");
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("host: " + host + " (expected: a name or an IP address)", e);
            }
        }
        byte[] address = parse4(host);
        if (address == null) {
            return null;
        }
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }

    private static byte @Nullable [] parse4(String host) {
        byte[] address = new byte[4];
        int at = 0;
        for (int part = 0; part < 4; part++) {
            int from = at;
            int value = 0;
            while (at < host.length() && at - from < 3 && host.charAt(at) >= '0' && host.charAt(at) <= '9') {
                value = value * 10 + host.charAt(at++) - '0';
            }
            boolean leadingZero = at - from > 1 && host.charAt(from) == '0';
            if (at == from || value > 255 || leadingZero) {
                return null;
            }
            address[part] = (byte) value;
            if (part < 3 && (at == host.length() || host.charAt(at++) != '.')) {
                return null;
            }
        }
        return at == host.length() ? address : null;
    }
}
