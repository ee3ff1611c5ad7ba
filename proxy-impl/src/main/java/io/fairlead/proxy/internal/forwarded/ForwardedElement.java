package io.fairlead.proxy.internal.forwarded;

import io.fairlead.proxy.http.HttpSyntax;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Writes one element of Forwarded (RFC 7239 §4). */
public final class ForwardedElement {

    private ForwardedElement() {}

    /**
     * Returns {@code for=192.0.2.1;by=..;host=..;proto=..}. Ports are left out: few readers expect them, and the client's
     * says nothing that a log of this proxy does not.
     *
     * @param client the client; {@code unknown} is written when it has no address
     * @param by the address that it connected to; null to keep that to ourselves
     * @param host as the client sent it, port included; left out when it is empty or no field value
     * @param proto {@code http} or {@code https}; left out when it is no token
     */
    public static String forwardedElement(
            InetSocketAddress client, @Nullable InetSocketAddress by, String host, String proto) {
        StringBuilder out = new StringBuilder(96).append("for=").append(node(client));
        if (by != null) {
            out.append(";by=").append(node(by));
        }
        if (!host.isEmpty() && HttpSyntax.isFieldValue(host)) {
            out.append(";host=");
            appendValue(out, host);
        }
        if (HttpSyntax.isToken(proto)) {
            out.append(";proto=").append(proto);
        }
        return out.toString();
    }

    /** An IPv6 address stands in brackets, and so in quotes (RFC 7239 §6). */
    private static String node(InetSocketAddress socket) {
        InetAddress address = socket.getAddress();
        if (address == null) {
            return "unknown";
        }
        String text = Addresses.text(address);
        return address instanceof Inet6Address ? "\"[" + text + "]\"" : text;
    }

    private static void appendValue(StringBuilder out, String value) {
        if (HttpSyntax.isToken(value)) {
            out.append(value);
            return;
        }
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\');
            }
            out.append(c);
        }
        out.append('"');
    }
}
