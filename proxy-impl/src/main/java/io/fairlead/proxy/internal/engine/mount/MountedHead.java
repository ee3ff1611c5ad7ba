package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.internal.http.Ascii;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderValues;
import io.undertow.util.Headers;
import io.undertow.util.Protocols;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes the head of an exchange's request as it stands on an HTTP/1.1 wire, so that it passes the same guard as one that
 * came to a listener of ours.
 */
final class MountedHead {

    private MountedHead() {}

    /**
     * The head as bytes; null if it cannot be written without changing its meaning. Over HTTP/2 Undertow lets CR and LF
     * in values pass, which would be a field of their own here (RFC 9113 §8.2.1).
     */
    static @Nullable ByteBuffer of(HttpServerExchange exchange) {
        StringBuilder head = new StringBuilder(512);
        String method = exchange.getRequestMethod().toString();
        String target = target(exchange);
        if (!HttpSyntax.isToken(method) || !isVisible(target)) {
            return null;
        }
        boolean http10 = exchange.getProtocol().equals(Protocols.HTTP_1_0);
        head.append(method).append(' ').append(target).append(http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
        for (HeaderValues values : exchange.getRequestHeaders()) {
            String name = values.getHeaderName().toString();
            if (!HttpSyntax.isToken(name)) {
                return null;
            }
            for (String value : values) {
                if (!HttpSyntax.isFieldValue(value)) {
                    return null;
                }
                head.append(name).append(": ").append(value).append("\r\n");
            }
        }
        if (!http10
                && !exchange.isRequestComplete()
                && !exchange.getRequestHeaders().contains(Headers.CONTENT_LENGTH)
                && !exchange.getRequestHeaders().contains(Headers.TRANSFER_ENCODING)) {
            // HTTP/2 frames a body of unknown length by itself.
            head.append("Transfer-Encoding: chunked\r\n");
        }
        return ByteBuffer.wrap(Ascii.bytes(head.append("\r\n").toString()));
    }

    private static String target(HttpServerExchange exchange) {
        String uri = exchange.getRequestURI();
        if (exchange.isHostIncludedInRequestURI()
                && exchange.getRequestScheme().equals("https")
                && uri.toLowerCase(Locale.ROOT).startsWith("https://")) {
            // The guard knows no TLS: what it has to see is that the host is that of the Host field.
            uri = "http" + uri.substring(5);
        }
        String query = exchange.getQueryString();
        return query.isEmpty() ? uri : uri + '?' + query;
    }

    private static boolean isVisible(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 127) {
                return false;
            }
        }
        return true;
    }
}
