package io.fairlead.proxy.internal.forwarded;

import io.fairlead.proxy.http.Headers;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the client behind trusted proxies.
 *
 * <p>Every proxy appends the address that it saw, so the list is walked from the right: as long as an address is trusted,
 * what stands left of it was written by somebody trusted. The first address that is not trusted is the client; all left
 * of it may be invented. Where an element is no address (malformed, {@code unknown}, obfuscated) the walk ends, and the
 * last good address stands. When all are trusted the left-most is the client.
 *
 * <p>Scheme, host and port come from the same proxy as the client's address. {@code Forwarded} (RFC 7239) is read only when
 * there is no {@code X-Forwarded-For}: proxies that know but one of them pass the other through, and far more know the
 * latter. Names are never resolved, and no more than {@value #MAX_ELEMENTS} elements of a list are looked at.
 */
public final class ClientResolver {

    static final int MAX_ELEMENTS = 100;

    private final Predicate<InetAddress> trusted;

    /** @param trusted whether the fields of a peer of this address are believed */
    public ClientResolver(Predicate<InetAddress> trusted) {
        this.trusted = trusted;
    }

    /** Whether the fields of this peer are believed. */
    public boolean trusts(InetSocketAddress peer) {
        InetAddress address = peer.getAddress();
        return address != null && trusted.test(address);
    }

    /**
     * Tells who the client is.
     *
     * @param peer the other end of the connection
     * @param scheme of the connection: {@code http} or {@code https}
     * @param headers of the request
     */
    public ResolvedClient resolve(InetSocketAddress peer, String scheme, Headers headers) {
        if (!trusts(peer)) {
            return new ResolvedClient(peer, scheme, Optional.empty(), OptionalInt.empty());
        }
        boolean forwarded = !headers.contains("X-Forwarded-For") && headers.contains("Forwarded");
        return forwarded ? ofForwarded(peer, scheme, headers) : ofXForwarded(peer, scheme, headers);
    }

    private ResolvedClient ofXForwarded(InetSocketAddress peer, String scheme, Headers headers) {
        List<String> addresses = fromRight(headers, "X-Forwarded-For");
        InetSocketAddress client = peer;
        int used = -1;
        for (int i = 0; i < addresses.size(); i++) {
            InetSocketAddress address = Addresses.socket(addresses.get(i), false);
            if (address == null) {
                break;
            }
            client = address;
            used = i;
            if (!trusts(address)) {
                break;
            }
        }
        HostPort host = HostPort.parse(beside(headers, "X-Forwarded-Host", used, addresses.size()));
        int port = Addresses.port(beside(headers, "X-Forwarded-Port", used, addresses.size()));
        return result(client, scheme(beside(headers, "X-Forwarded-Proto", used, addresses.size()), scheme), host, port);
    }

    /**
     * The element of a list that belongs to the address at {@code used}. Lists of one length belong together element by
     * element. Else a proxy replaces this field instead of appending to it, and the right-most element is its word.
     */
    private static String beside(Headers headers, String name, int used, int count) {
        List<String> elements = fromRight(headers, name);
        if (elements.isEmpty()) {
            return "";
        }
        return elements.get(elements.size() == count && used >= 0 ? used : 0);
    }

    private ResolvedClient ofForwarded(InetSocketAddress peer, String scheme, Headers headers) {
        InetSocketAddress client = peer;
        Map<String, String> used = Map.of();
        for (String element : fromRight(headers, "Forwarded")) {
            Map<String, String> pairs = ForwardedField.pairs(element);
            if (pairs == null) {
                break;
            }
            // Written by somebody trusted, even if it does not tell the address.
            used = pairs;
            InetSocketAddress address = node(pairs.get("for"));
            if (address == null) {
                break;
            }
            client = address;
            if (!trusts(address)) {
                break;
            }
        }
        HostPort host = HostPort.parse(used.getOrDefault("host", ""));
        return result(client, scheme(used.getOrDefault("proto", ""), scheme), host, -1);
    }

    /** An address; null for {@code unknown} and names such as {@code _hidden}, which say nothing to us. */
    private static @Nullable InetSocketAddress node(@Nullable String node) {
        if (node == null) {
            return null;
        }
        // A port may be obfuscated, too (RFC 7239 §6.3); the address is good all the same.
        int obfuscated = node.lastIndexOf(":_");
        return Addresses.socket(obfuscated > 0 ? node.substring(0, obfuscated) : node, true);
    }

    private static List<String> fromRight(Headers headers, String name) {
        List<String> fields = headers.all(name);
        boolean quotes = name.equals("Forwarded");
        List<String> elements = new ArrayList<>();
        for (int i = fields.size() - 1; i >= 0 && elements.size() < MAX_ELEMENTS; i--) {
            int left = MAX_ELEMENTS - elements.size();
            elements.addAll(
                    quotes ? ForwardedField.elementsFromRight(fields.get(i), left) : split(fields.get(i), left));
        }
        return elements;
    }

    private static List<String> split(String field, int max) {
        List<String> elements = new ArrayList<>();
        int end = field.length();
        while (end >= 0 && elements.size() < max) {
            int comma = field.lastIndexOf(',', end - 1);
            String element = ForwardedField.trim(field.substring(comma + 1, end));
            if (!element.isEmpty()) {
                elements.add(element);
            }
            end = comma;
        }
        return elements;
    }

    private static String scheme(String told, String connection) {
        return switch (told.toLowerCase(Locale.ROOT)) {
            case "http", "ws" -> "http";
            case "https", "wss" -> "https";
            default -> connection;
        };
    }

    private static ResolvedClient result(InetSocketAddress client, String scheme, HostPort host, int port) {
        int told = port > 0 ? port : host.port();
        return new ResolvedClient(
                client,
                scheme,
                host.host().isEmpty() ? Optional.empty() : Optional.of(host.host()),
                told > 0 ? OptionalInt.of(told) : OptionalInt.empty());
    }

    /**
     * A host with a port.
     *
     * @param host lower case; empty when there is none, or what stands there is none
     * @param port -1 when there is none
     */
    private record HostPort(String host, int port) {
        private static final HostPort NONE = new HostPort("", -1);

        static HostPort parse(String text) {
            int close = text.startsWith("[") ? text.indexOf(']') : -1;
            int colon = text.indexOf(':', Math.max(close, 0));
            String host = colon < 0 ? text : text.substring(0, colon);
            int port = colon < 0 ? -1 : Addresses.port(text.substring(colon + 1));
            if (colon >= 0 && port < 0 || !isHost(host, close)) {
                return NONE;
            }
            return new HostPort(host.toLowerCase(Locale.ROOT), port);
        }

        private static boolean isHost(String host, int close) {
            if (close >= 0) {
                return close == host.length() - 1
                        && host.indexOf(':') > 0
                        && Addresses.address(host.substring(1, close)) != null;
            }
            for (int i = 0; i < host.length(); i++) {
                char c = host.charAt(i);
                boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
                if (!letter && c != '-' && c != '.' && c != '_') {
                    return false;
                }
            }
            return !host.isEmpty();
        }
    }
}
