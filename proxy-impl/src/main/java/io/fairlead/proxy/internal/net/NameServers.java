package io.fairlead.proxy.internal.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Reads the addresses of name servers. */
public final class NameServers {

    private static final int PORT = 53;

    private NameServers() {}

    /** Whether the optional library that reads records is there; nothing of it is initialised by that. */
    public static boolean canReadRecords() {
        try {
            Class.forName("org.xbill.DNS.Message", false, NameServers.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** What {@code address[:port]} stands for, IPv6 in brackets where a port follows; null if it is something else. */
    public static @Nullable InetSocketAddress parse(String text) {
        int bracket = text.lastIndexOf(']');
        int colon = text.indexOf(':', bracket + 1);
        // Several colons without brackets are an IPv6 address alone.
        boolean withPort = colon >= 0 && (bracket >= 0 || text.indexOf(':', colon + 1) < 0);
        String host = withPort ? text.substring(0, colon) : text;
        String port = withPort ? text.substring(colon + 1) : String.valueOf(PORT);
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65_535) {
            return null;
        }
        try {
            InetAddress address = IpLiterals.parse(host);
            return address == null ? null : new InetSocketAddress(address, Integer.parseInt(port));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
