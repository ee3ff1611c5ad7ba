package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.internal.balancer.SessionField;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.forwarded.ForwardedElement;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.upstream.HostPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Composes the head that goes upstream: the client's own lines as they came, without what concerns only its connection
 * (RFC 9110 §7.6.1), with what the proxy has to say of itself and of the client.
 */
public final class RequestComposer {

    private static final long X_FORWARDED = 1L << FieldId.X_FORWARDED_FOR
            | 1L << FieldId.X_FORWARDED_PROTO
            | 1L << FieldId.X_FORWARDED_HOST
            | 1L << FieldId.X_FORWARDED_PORT
            | 1L << FieldId.X_REAL_IP;

    private static final byte[] LINE_END = Ascii.bytes(" HTTP/1.1\r\n");
    private static final byte[] HOST = Ascii.bytes("Host: ");
    private static final byte[] FOR = Ascii.bytes("X-Forwarded-For: ");
    private static final byte[] PROTO = Ascii.bytes("X-Forwarded-Proto: http\r\n");
    private static final byte[] FORWARDED_HOST = Ascii.bytes("X-Forwarded-Host: ");
    private static final byte[] FORWARDED = Ascii.bytes("Forwarded: ");
    private static final byte[] VIA_11 = Ascii.bytes("Via: 1.1 fairlead\r\n");
    private static final byte[] VIA_10 = Ascii.bytes("Via: 1.0 fairlead\r\n");
    private static final byte[] CHUNKED = Ascii.bytes("Transfer-Encoding: chunked\r\n");
    private static final byte[] LENGTH = Ascii.bytes("Content-Length: ");
    private static final byte[] TE_TRAILERS = Ascii.bytes("TE: trailers\r\nConnection: TE\r\n");
    private static final byte[] TRAILERS = Ascii.bytes("trailers");
    private static final byte[] COMMA = Ascii.bytes(", ");
    private static final byte[] CRLF = Ascii.bytes("\r\n");

    private final ForwardedHeaders forwarded;
    private final boolean via;

    public RequestComposer(ForwardedHeaders forwarded, boolean via) {
        this.forwarded = forwarded;
        this.via = via;
    }

    /**
     * The lines that tell of a client whose own word is not taken; the same for all requests of a connection, which keeps
     * them also when an update changes whether they are sent.
     */
    public byte[] connectionLines(InetSocketAddress peer, InetSocketAddress local, String scheme) {
        return Ascii.bytes("X-Forwarded-For: " + address(peer) + "\r\nX-Forwarded-Proto: " + scheme
                + "\r\nX-Forwarded-Port: " + local.getPort() + "\r\n");
    }

    /**
     * Composes a head in the loop's scratch space.
     *
     * @param loop whose scratch space is used
     * @param head of the client's request
     * @param newTarget raw path and query if they were changed; null to send those of the head
     * @param hostPolicy which Host field the target gets
     * @param authority host and port of the target
     * @param connectionLines of {@link #connectionLines}
     * @param peer of the client's connection
     * @param scheme of the client's connection
     * @param trusted whether the peer's own forwarded fields are kept and appended to
     * @param bodyLength bytes of the body, 0 for none, -1 for a chunked one
     * @param bodyChanged whether the body is not the client's own
     * @param session what of the request is between the client and the proxy alone; null if nothing
     * @return the length of the head
     */
    public int compose(
            IoLoop loop,
            RequestHead head,
            @Nullable String newTarget,
            HostPolicy hostPolicy,
            byte[] authority,
            byte[] connectionLines,
            InetSocketAddress peer,
            String scheme,
            boolean trusted,
            long bodyLength,
            boolean bodyChanged,
            @Nullable SessionField session) {
        byte[] from = head.bytes();
        int newLength = newTarget == null ? 0 : newTarget.length();
        byte[] to = loop.scratch(from.length + head.wireLength() + newLength + authority.length + 2048);
        int at = 0;
        if (newTarget == null && head.forwardableLine()) {
            int lineLength = head.lineLength();
            System.arraycopy(from, 0, to, 0, lineLength);
            at = lineLength;
        } else {
            at = copy(to, 0, from, 0, head.methodLength());
            to[at++] = ' ';
            at = put(to, at, Ascii.bytes(newTarget == null ? head.target() : newTarget));
            at = put(to, at, LINE_END);
        }
        int connection = head.find(FieldId.CONNECTION);
        boolean teTrailers = head.hasToken(FieldId.TE, TRAILERS);
        while (connection >= 0) {
            head.removeNominated(connection);
            connection = head.findAfter(connection, FieldId.CONNECTION);
        }
        // The length that was parsed is the one that is true; middleware may have put another in its place, or none.
        long skip = FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.PROXY;
        if (head.version() == HttpVersion.HTTP_1_0 || bodyChanged) {
            skip |= 1L << FieldId.EXPECT;
        }
        int host = head.find(FieldId.HOST);
        boolean ownHost = host < 0 || hostPolicy == HostPolicy.TARGET;
        // Two Host lines would be two requests for those who read the other one.
        boolean firstHost = !ownHost && head.findAfter(host, FieldId.HOST) >= 0;
        if (ownHost || firstHost) {
            skip |= 1L << FieldId.HOST;
        }
        boolean keepForwarded = trusted && forwarded != ForwardedHeaders.OFF;
        if (!keepForwarded) {
            skip |= X_FORWARDED | 1L << FieldId.FORWARDED;
        } else if (forwarded == ForwardedHeaders.X_FORWARDED) {
            skip |= 1L << FieldId.X_FORWARDED_FOR | 1L << FieldId.FORWARDED;
        } else {
            skip |= 1L << FieldId.FORWARDED | X_FORWARDED;
        }
        if (ownHost) {
            at = put(to, at, HOST);
            at = put(to, at, authority);
            at = put(to, at, CRLF);
        } else if (firstHost) {
            at = put(to, at, HOST);
            at = copy(to, at, from, head.valueOffset(host), head.valueLength(host));
            at = put(to, at, CRLF);
        }
        at = session != null && session.isIn(head)
                ? session.writeOthers(head, to, at, skip)
                : head.writeTo(to, at, skip);
        at = switch (forwarded) {
            case X_FORWARDED ->
                keepForwarded
                        ? appendXForwarded(to, at, head, peer, host)
                        : xForwarded(to, at, head, connectionLines, host);
            case FORWARDED -> {
                String element =
                        ForwardedElement.forwardedElement(peer, null, host < 0 ? "" : head.value(host), scheme);
                String before = keepForwarded ? String.join(", ", head.all("Forwarded")) : "";
                at = put(to, at, FORWARDED);
                byte[] value = Ascii.bytes(before.isEmpty() ? element : before + ", " + element);
                at = put(to, at, value);
                yield put(to, at, CRLF);
            }
            case OFF -> at;
        };
        if (via) {
            at = put(to, at, head.version() == HttpVersion.HTTP_1_1 ? VIA_11 : VIA_10);
        }
        if (teTrailers) {
            at = put(to, at, TE_TRAILERS);
        }
        if (bodyLength < 0) {
            at = put(to, at, CHUNKED);
        } else if (bodyChanged || head.contentLength() >= 0) {
            at = put(to, at, LENGTH);
            at = Ascii.putDecimal(to, at, bodyLength);
            at = put(to, at, CRLF);
        }
        return put(to, at, CRLF);
    }

    private static int xForwarded(byte[] to, int start, RequestHead head, byte[] connectionLines, int host) {
        int at = put(to, start, connectionLines);
        if (host >= 0) {
            at = put(to, at, FORWARDED_HOST);
            at = copy(to, at, head.bytes(), head.valueOffset(host), head.valueLength(host));
            at = put(to, at, CRLF);
        }
        return at;
    }

    /** The peer is trusted: its list goes on with the peer itself, what it does not say is added. */
    private static int appendXForwarded(byte[] to, int start, RequestHead head, InetSocketAddress peer, int host) {
        int at = put(to, start, FOR);
        for (int i = head.find(FieldId.X_FORWARDED_FOR); i >= 0; i = head.findAfter(i, FieldId.X_FORWARDED_FOR)) {
            at = copy(to, at, head.bytes(), head.valueOffset(i), head.valueLength(i));
            at = put(to, at, COMMA);
        }
        at = put(to, at, Ascii.bytes(address(peer)));
        at = put(to, at, CRLF);
        if (head.find(FieldId.X_FORWARDED_PROTO) < 0) {
            at = put(to, at, PROTO);
        }
        if (host >= 0 && head.find(FieldId.X_FORWARDED_HOST) < 0) {
            at = put(to, at, FORWARDED_HOST);
            at = copy(to, at, head.bytes(), head.valueOffset(host), head.valueLength(host));
            at = put(to, at, CRLF);
        }
        return at;
    }

    private static String address(InetSocketAddress socket) {
        InetAddress address = socket.getAddress();
        String text = address == null ? "unknown" : address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    private static int put(byte[] target, int at, byte[] bytes) {
        System.arraycopy(bytes, 0, target, at, bytes.length);
        return at + bytes.length;
    }

    private static int copy(byte[] target, int at, byte[] from, int offset, int length) {
        System.arraycopy(from, offset, target, at, length);
        return at + length;
    }
}
