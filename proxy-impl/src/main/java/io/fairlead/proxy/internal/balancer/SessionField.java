package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.Cookies;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import org.jspecify.annotations.Nullable;

/**
 * Where the token of a sticky session stands in requests and answers: a cookie, or a field of its own. It belongs to the
 * proxy, so targets neither see nor set it. Immutable.
 */
public final class SessionField {

    private static final byte[] COOKIE = Ascii.bytes("Cookie: ");
    private static final byte[] SEPARATOR = Ascii.bytes("; ");
    private static final byte[] CRLF = Ascii.bytes("\r\n");

    private final StickySession config;
    private final StickySession.@Nullable Cookie cookie;
    private final byte[] name;

    public SessionField(StickySession config) {
        this.config = config;
        this.cookie = config instanceof StickySession.Cookie one ? one : null;
        this.name = Ascii.bytes(config.name());
    }

    // ---- requests

    /**
     * What the first known token of a request stands for; null if it has none. Others before it may be a leftover, or of
     * another pool under this host.
     */
    public <T> @Nullable T find(Headers headers, SessionTokens<T> tokens) {
        HeaderBlock fields = HeaderBlock.of(headers);
        byte[] bytes = fields.bytes();
        if (cookie == null) {
            for (int i = fields.find(config.name(), 0); i >= 0; i = fields.find(config.name(), i + 1)) {
                T found = tokens.find(bytes, fields.valueOffset(i), fields.valueLength(i));
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
        for (long at = Cookies.find(fields, config.name(), Cookies.FIRST);
                at >= 0;
                at = Cookies.find(fields, config.name(), at)) {
            int from = Cookies.offset(at);
            int length = Cookies.length(at);
            // Some clients put the value in quotes, the JDK's among them.
            boolean quoted = length > 1 && bytes[from] == '"' && bytes[from + length - 1] == '"';
            T found = quoted ? tokens.find(bytes, from + 1, length - 2) : tokens.find(bytes, from, length);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Whether something of this name is in a request. */
    public boolean isIn(HeaderBlock request) {
        return cookie == null
                ? request.find(config.name(), 0) >= 0
                : Cookies.find(request, config.name(), Cookies.FIRST) >= 0;
    }

    /**
     * Copies the lines of a request's fields without what has this name.
     *
     * @param skip see {@link HeaderBlock#writeTo}
     * @return the offset after them
     */
    public int writeOthers(HeaderBlock request, byte[] to, int offset, long skip) {
        if (cookie == null) {
            return request.writeWithout(config.name(), to, offset, skip);
        }
        int at = request.writeTo(to, offset, skip | 1L << FieldId.COOKIE);
        for (int i = request.find(FieldId.COOKIE); i >= 0; i = request.findAfter(i, FieldId.COOKIE)) {
            at = writeOtherCookies(request, i, to, at);
        }
        return at;
    }

    private int writeOtherCookies(HeaderBlock request, int line, byte[] to, int offset) {
        byte[] bytes = request.bytes();
        int begin = request.valueOffset(line);
        int end = begin + request.valueLength(line);
        if (!hasOwn(bytes, begin, end)) {
            return copy(bytes, request.lineStart(line), request.lineEnd(line), to, offset);
        }
        int at = offset;
        for (int from = begin; from < end; ) {
            int stop = stop(bytes, from, end);
            int text = skipSpace(bytes, from, stop);
            if (text < stop && valueOfOwn(bytes, from, stop) < 0) {
                byte[] before = at == offset ? COOKIE : SEPARATOR;
                at = copy(before, 0, before.length, to, at);
                at = copy(bytes, text, trimmed(bytes, text, stop), to, at);
            }
            from = stop + 1;
        }
        return at == offset ? offset : copy(CRLF, 0, CRLF.length, to, at);
    }

    private boolean hasOwn(byte[] bytes, int begin, int end) {
        for (int at = begin; at < end; ) {
            int stop = stop(bytes, at, end);
            if (valueOfOwn(bytes, at, stop) >= 0) {
                return true;
            }
            at = stop + 1;
        }
        return false;
    }

    /** Where the value of the cookie begins that ends at {@code stop}; -1 if it is another one (RFC 6265 §5.4). */
    private int valueOfOwn(byte[] bytes, int from, int stop) {
        int at = skipSpace(bytes, from, stop);
        if (stop - at < name.length) {
            return -1;
        }
        for (byte c : name) {
            if (bytes[at++] != c) {
                return -1;
            }
        }
        at = skipSpace(bytes, at, stop);
        return at < stop && bytes[at] == '=' ? at + 1 : -1;
    }

    private static int stop(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != ';') {
            at++;
        }
        return at;
    }

    private static int skipSpace(byte[] bytes, int from, int stop) {
        int at = from;
        while (at < stop && isSpace(bytes[at])) {
            at++;
        }
        return at;
    }

    private static int trimmed(byte[] bytes, int from, int stop) {
        int at = stop;
        while (at > from && isSpace(bytes[at - 1])) {
            at--;
        }
        return at;
    }

    private static boolean isSpace(byte c) {
        return c == ' ' || c == '\t';
    }

    private static int copy(byte[] from, int begin, int end, byte[] to, int offset) {
        System.arraycopy(from, begin, to, offset, end - begin);
        return offset + end - begin;
    }

    // ---- answers

    /** Whether every answer tells the token anew, and with that the time begins anew for which the client keeps it. */
    public boolean isRenewed() {
        return cookie != null && cookie.maxAge().isPresent();
    }

    /** Whether it is a matter of the request's scheme what {@link #add} adds. */
    public boolean asksScheme() {
        return cookie != null && cookie.secure() == StickySession.Secure.AUTO;
    }

    /** The value of the field that tells a client its token. */
    public String value(String token, boolean encrypted) {
        if (cookie == null) {
            return token;
        }
        StringBuilder value = new StringBuilder(cookie.name()).append('=').append(token);
        value.append("; Path=").append(cookie.path());
        cookie.domain().ifPresent(domain -> value.append("; Domain=").append(domain));
        cookie.maxAge().ifPresent(maxAge -> value.append("; Max-Age=").append(maxAge.toSeconds()));
        if (cookie.httpOnly()) {
            value.append("; HttpOnly");
        }
        value.append("; SameSite=")
                .append(
                        switch (cookie.sameSite()) {
                            case LAX -> "Lax";
                            case STRICT -> "Strict";
                            case NONE -> "None";
                        });
        boolean secure = cookie.secure() == StickySession.Secure.ALWAYS || asksScheme() && encrypted;
        return secure ? value.append("; Secure").toString() : value.toString();
    }

    /** Removes what a target has set under this name. */
    public void removeFrom(HeaderBlock answer) {
        if (cookie == null) {
            answer.remove(config.name());
            return;
        }
        byte[] bytes = answer.bytes();
        for (int i = answer.find(FieldId.SET_COOKIE); i >= 0; i = answer.findAfter(i, FieldId.SET_COOKIE)) {
            int begin = answer.valueOffset(i);
            int end = begin + answer.valueLength(i);
            if (valueOfOwn(bytes, begin, stop(bytes, begin, end)) >= 0) {
                answer.removeAt(i);
            }
        }
    }

    /** Tells a client its token. */
    public void add(HeaderBlock answer, String value) {
        // A target that names the field in Connection, which is looked at later, means its own.
        for (int i = answer.find(FieldId.CONNECTION); i >= 0; i = answer.findAfter(i, FieldId.CONNECTION)) {
            answer.removeNominated(i);
            answer.removeAt(i);
        }
        answer.add(cookie == null ? config.name() : "Set-Cookie", value);
    }
}
