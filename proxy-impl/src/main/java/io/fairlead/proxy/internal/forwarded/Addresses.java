package io.fairlead.proxy.internal.forwarded;

import inet.ipaddr.AddressStringException;
import inet.ipaddr.AddressStringParameters.RangeParameters;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import inet.ipaddr.IncompatibleAddressException;
import inet.ipaddr.ipv6.IPv6Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** Addresses as text, in the one spelling that every program reads alike. Nothing here asks a name server. */
final class Addresses {

    /** The longest literal: IPv6 with an IPv4 tail. */
    private static final int MAX_LITERAL = 45;

    private static final IPAddressStringParameters LITERAL = new IPAddressStringParameters.Builder()
            .allowEmpty(false)
            .allowAll(false)
            .allowSingleSegment(false)
            .allowWildcardedSeparator(false)
            .allowMask(false)
            .allowPrefix(false)
            .setRangeOptions(RangeParameters.NO_RANGE)
            .getIPv4AddressParametersBuilder()
            .allow_inet_aton(false)
            .allowLeadingZeros(false)
            .allowUnlimitedLeadingZeros(false)
            .allowBinary(false)
            .getParentBuilder()
            .getIPv6AddressParametersBuilder()
            .allowZone(false)
            .allowBase85(false)
            .allowBinary(false)
            .getParentBuilder()
            .toParams();

    private Addresses() {}

    /** An address with or without port; IPv6 with a port, or where {@code brackets}, stands in brackets. */
    static @Nullable InetSocketAddress socket(String text, boolean brackets) {
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            InetAddress address = end < 0 ? null : address(text.substring(1, end));
            return address == null || text.lastIndexOf(':', end) < 0
                    ? null
                    : withPort(address, text.substring(end + 1));
        }
        int colon = text.indexOf(':');
        if (colon >= 0 && text.indexOf(':', colon + 1) >= 0) {
            InetAddress address = brackets ? null : address(text);
            return address == null ? null : new InetSocketAddress(address, 0);
        }
        InetAddress address = address(colon < 0 ? text : text.substring(0, colon));
        return address == null ? null : withPort(address, colon < 0 ? "" : text.substring(colon));
    }

    private static @Nullable InetSocketAddress withPort(InetAddress address, String rest) {
        if (rest.isEmpty()) {
            return new InetSocketAddress(address, 0);
        }
        int port = rest.charAt(0) == ':' ? port(rest.substring(1)) : -1;
        return port < 0 ? null : new InetSocketAddress(address, port);
    }

    /** A port as a number from 1 to 65535; -1 for all else. */
    static int port(String text) {
        if (text.isEmpty() || text.length() > 5) {
            return -1;
        }
        int port = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            port = port * 10 + c - '0';
        }
        return port < 1 || port > 65535 ? -1 : port;
    }

    static @Nullable InetAddress address(String text) {
        if (text.isEmpty() || text.length() > MAX_LITERAL) {
            return null;
        }
        try {
            // By bytes: an IPv4-mapped address becomes the IPv4 address that it carries (RFC 4291 §2.5.5.2).
            return InetAddress.getByAddress(
                    new IPAddressString(text, LITERAL).toAddress().getBytes());
        } catch (AddressStringException | IncompatibleAddressException | UnknownHostException e) {
            return null;
        }
    }

    /** The short form of RFC 5952 without zone; IPv6 not in brackets. */
    static String text(InetAddress address) {
        return address instanceof Inet6Address
                ? new IPv6Address(address.getAddress()).toCanonicalString()
                : address.getHostAddress();
    }
}
