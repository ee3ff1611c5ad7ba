package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.http.HttpVersion;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads of requests and responses, and is the guard at the door: what it returns has a sound grammar (RFC 9112
 * §2-§5), one valid Host, and a framing that no two recipients can read differently (RFC 9112 §6.3, §11.2).
 *
 * <p>A parser holds scratch space and serves one I/O thread; nothing of one head is left for the next, because every
 * field is written before it is read. The steps of a parse:
 *
 * <ol>
 *   <li>copy the bytes at hand into the scratch array (they may be in a direct buffer);
 *   <li>read the start line, then each field line, in one pass; stop at the first fault;
 *   <li>if the bytes end before the head does, say so ({@link #INCOMPLETE}); the caller keeps them and comes back;
 *   <li>check Host, framing, connection options and expectation;
 *   <li>hand out a head with an exact copy of its bytes.
 * </ol>
 */
public final class HeadParser {

    /** What {@link #parseRequest} and {@link #parseResponse} return when more bytes are needed. */
    public static final int INCOMPLETE = -1;

    /** What they return when the head is refused; see {@link #failure()}. */
    public static final int REFUSED = -2;

    private static final byte[] CLOSE = Ascii.bytes("close");
    private static final byte[] KEEP_ALIVE = Ascii.bytes("keep-alive");
    private static final byte[] CHUNKED = Ascii.bytes("chunked");
    private static final byte[] CONTINUE = Ascii.bytes("100-continue");
    private static final byte[][] NOT_NOMINATED = {
        Ascii.bytes("transfer-encoding"), Ascii.bytes("content-length"), Ascii.bytes("host"), Ascii.bytes("trailer")
    };
    private static final byte[] HTTP1 = Ascii.bytes("HTTP/1.");
    /** A version and the end of its line; 0 stands for any digit. */
    private static final String VERSION_FORM = "HTTP/0.0\r\n";

    private static final int MAX_METHOD_BYTES = 64;
    private static final int MAX_RESPONSE_FIELDS = 1000;
    private static final int MAX_TRAILER_FIELDS = 100;

    private static final byte TOKEN = 1;
    private static final byte VALUE = 2;
    private static final byte TARGET = 4;
    private static final byte[] CLASS = new byte[256];

    static {
        for (int c = 0; c < 256; c++) {
            int bits = 0;
            if (HttpSyntax.isTokenChar(c)) {
                bits |= TOKEN;
            }
            // Visible characters, space, tab and obs-text (RFC 9110 §5.5).
            if (c >= ' ' && c != 127 || c == '\t') {
                bits |= VALUE;
            }
            // RFC 3986 without fragment; brackets are let through, as queries like a[]=1 are everywhere.
            if (c > ' ' && c < 127 && "\"#<>\\^`{|}".indexOf(c) < 0) {
                bits |= TARGET;
            }
            CLASS[c] = (byte) bits;
        }
    }

    private byte[] bytes = new byte[4096];
    private int[] index = new int[128 * HeaderBlock.stride()];
    private @Nullable FailureCode failure;
    private String detail = "";
    private @Nullable RequestHead request;
    private @Nullable ResponseHead response;

    // Of the head at hand.
    private int at;
    private int end;
    private int count;
    int methodLength;
    int targetOffset;
    int targetLength;
    boolean originForm;
    HttpVersion version = HttpVersion.HTTP_1_1;
    int status;
    int reasonOffset;
    int reasonLength;
    long contentLength;
    boolean chunked;
    boolean keepAlive;
    boolean expectContinue;
    private int hostOffset;
    private int hostLength;
    private boolean hostGiven;
    int firstLine;

    /** Why the head was refused. */
    public FailureCode failure() {
        return failure == null ? FailureCode.INTERNAL_ERROR : failure;
    }

    /** What was wrong, for the log. */
    public String detail() {
        return detail;
    }

    /** The request that was parsed last. */
    public RequestHead request() {
        if (request == null) {
            throw new IllegalStateException("no request was parsed");
        }
        RequestHead result = request;
        request = null;
        return result;
    }

    /** The response that was parsed last. */
    public ResponseHead response() {
        if (response == null) {
            throw new IllegalStateException("no response was parsed");
        }
        ResponseHead result = response;
        response = null;
        return result;
    }

    /**
     * Parses a request head at the buffer's position, which is not moved.
     *
     * @return the bytes that the head takes up, {@link #INCOMPLETE} or {@link #REFUSED}
     */
    public int parseRequest(ByteBuffer data, HeadLimits limits) {
        // A client may send an empty line too much before a request (RFC 9112 §2.2).
        int skip = 0;
        if (data.remaining() == 1 && data.get(data.position()) == '\r') {
            return INCOMPLETE;
        }
        if (data.remaining() >= 2 && data.get(data.position()) == '\r' && data.get(data.position() + 1) == '\n') {
            skip = 2;
        }
        int available = (int) Math.min(data.remaining() - skip, limits.maxHeaderBytes() + 1L);
        for (int size = Math.min(available, 2048); ; size = Math.min(available, size * 4)) {
            load(data, skip, size);
            int result = requestHead(limits);
            if (result != INCOMPLETE) {
                return result > 0 ? result + skip : result;
            }
            if (size == available) {
                break;
            }
        }
        if (available > limits.maxHeaderBytes()) {
            return firstLine == 0
                    ? refuse(FailureCode.CLIENT_TARGET_TOO_LONG, "the request line does not end")
                    : refuse(FailureCode.CLIENT_HEADERS_TOO_LARGE, "more than " + limits.maxHeaderBytes() + " bytes");
        }
        return INCOMPLETE;
    }

    /**
     * Parses a response head at the buffer's position, which is not moved.
     *
     * @return the bytes that the head takes up, {@link #INCOMPLETE} or {@link #REFUSED}
     */
    public int parseResponse(ByteBuffer data, int maxHeaderBytes) {
        int available = (int) Math.min(data.remaining(), maxHeaderBytes + 1L);
        for (int size = Math.min(available, 2048); ; size = Math.min(available, size * 4)) {
            load(data, 0, size);
            int result = responseHead();
            if (result != INCOMPLETE) {
                return result;
            }
            if (size == available) {
                break;
            }
        }
        return available > maxHeaderBytes
                ? refuse(FailureCode.UPSTREAM_HEADERS_TOO_LARGE, "more than " + maxHeaderBytes + " bytes")
                : INCOMPLETE;
    }

    /**
     * Parses trailer fields from an array: lines without the empty one at the end.
     *
     * @return the fields, or null if they are refused
     */
    @Nullable
    HeaderBlock parseTrailers(byte[] lines, int length, FailureCode code) {
        if (bytes.length < length + 2) {
            bytes = new byte[length + 2];
        }
        System.arraycopy(lines, 0, bytes, 0, length);
        bytes[length] = '\r';
        bytes[length + 1] = '\n';
        at = 0;
        end = length + 2;
        count = 0;
        int result = fields(MAX_TRAILER_FIELDS, code, code);
        if (result <= 0) {
            return null;
        }
        // A trailer must not change framing, routing or authentication (RFC 9110 §6.5.1).
        for (int i = 0; i < count; i++) {
            int id = entryId(i);
            if (id == FieldId.CONTENT_LENGTH || id == FieldId.HOST || FieldId.isHopByHop(id)) {
                return null;
            }
        }
        return new HeaderBlock(
                Arrays.copyOf(bytes, length), length, Arrays.copyOf(index, count * HeaderBlock.stride()), count);
    }

    private void load(ByteBuffer data, int skip, int size) {
        if (bytes.length < size) {
            bytes = new byte[Math.max(size, bytes.length * 2)];
        }
        data.get(data.position() + skip, bytes, 0, size);
        at = 0;
        end = size;
        count = 0;
    }

    // ---- requests

    private int requestHead(HeadLimits limits) {
        targetLength = 0;
        firstLine = 0;
        hostLength = -1;
        int result = requestLine(limits);
        if (result <= 0) {
            return result;
        }
        firstLine = at;
        result = fields(limits.maxFields(), FailureCode.CLIENT_MALFORMED_REQUEST, FailureCode.CLIENT_HEADERS_TOO_LARGE);
        if (result <= 0) {
            return result;
        }
        if (at > limits.maxHeaderBytes()) {
            return refuse(FailureCode.CLIENT_HEADERS_TOO_LARGE, "more than " + limits.maxHeaderBytes() + " bytes");
        }
        result = requestFields();
        if (result <= 0) {
            return result;
        }
        RequestHead head = new RequestHead(this, Arrays.copyOf(bytes, at - 2), at - 2, copyIndex(), count);
        if (hostLength >= 0 && !hostGiven) {
            // HTTP/1.0 in absolute form: what the target says is what Host would (RFC 9112 §3.2.2).
            head.add("Host", Ascii.string(bytes, hostOffset, hostLength));
        }
        request = head;
        return at;
    }

    private int requestLine(HeadLimits limits) {
        byte[] b = bytes;
        int i = 0;
        int stop = end;
        while (i < stop && (CLASS[b[i] & 0xff] & TOKEN) != 0) {
            i++;
        }
        if (i > MAX_METHOD_BYTES) {
            // RFC 9112 §3: longer than any that is known here.
            return refuse(FailureCode.CLIENT_METHOD_NOT_IMPLEMENTED, "more than " + MAX_METHOD_BYTES + " bytes");
        }
        if (i == stop) {
            return INCOMPLETE;
        }
        if (i == 0 || b[i] != ' ') {
            return malformed("method");
        }
        methodLength = i;
        int target = ++i;
        // One byte more than is allowed is looked at, so that the refusal is the same whatever follows.
        int bound = Math.min(stop, target + limits.maxTargetBytes() + 1);
        while (i < bound && (CLASS[b[i] & 0xff] & TARGET) != 0) {
            if (b[i] == '%') {
                if (i + 2 >= stop) {
                    return INCOMPLETE;
                }
                int high = Character.digit(b[i + 1], 16);
                int low = Character.digit(b[i + 2], 16);
                if (high < 0 || low < 0 || high + low == 0) {
                    return malformed("percent-encoding in the target");
                }
                i += 2;
            }
            i++;
        }
        if (i - target > limits.maxTargetBytes()) {
            return refuse(FailureCode.CLIENT_TARGET_TOO_LONG, "more than " + limits.maxTargetBytes() + " bytes");
        }
        if (i == stop) {
            return INCOMPLETE;
        }
        if (b[i] != ' ' || i == target) {
            return malformed("target");
        }
        targetOffset = target;
        targetLength = i - target;
        i++;
        // HTTP-version is HTTP/ digit . digit (RFC 9112 §2.3)
        if (stop - i < VERSION_FORM.length()) {
            return versionBegins(i, stop) ? INCOMPLETE : malformed("version");
        }
        for (int k = 0; k < 5; k++, i++) {
            if (b[i] != HTTP1[k]) {
                return malformed("version");
            }
        }
        int major = b[i] - '0';
        int minor = b[i + 2] - '0';
        if (major < 0 || major > 9 || b[i + 1] != '.' || minor < 0 || minor > 9) {
            return malformed("version");
        }
        if (b[i + 3] != '\r' || b[i + 4] != '\n') {
            return malformed("end of the request line");
        }
        if (major != 1 || minor > 1) {
            return refuse(FailureCode.CLIENT_VERSION_UNSUPPORTED, "HTTP/" + major + "." + minor);
        }
        version = minor == 1 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0;
        at = i + 5;
        return targetForm();
    }

    /** Whether the bytes at hand may become a version and the end of the line. */
    private boolean versionBegins(int from, int stop) {
        for (int i = from; i < stop; i++) {
            char form = VERSION_FORM.charAt(i - from);
            if (form == '0' ? bytes[i] < '0' || bytes[i] > '9' : bytes[i] != form) {
                return false;
            }
        }
        return true;
    }

    /** RFC 9112 §3.2: origin, absolute, authority or asterisk form. */
    private int targetForm() {
        byte[] b = bytes;
        originForm = b[targetOffset] == '/';
        if (originForm) {
            if (methodLength == 5 && startsWith(0, "TRACE")) {
                return refuse(FailureCode.CLIENT_METHOD_NOT_ALLOWED, "TRACE");
            }
            if (methodLength == 7 && startsWith(0, "CONNECT")) {
                return refuse(FailureCode.CLIENT_METHOD_NOT_IMPLEMENTED, "CONNECT");
            }
            return 1;
        }
        if (methodLength == 7 && startsWith(0, "CONNECT")) {
            return refuse(FailureCode.CLIENT_METHOD_NOT_IMPLEMENTED, "CONNECT");
        }
        if (targetLength == 1 && b[targetOffset] == '*') {
            if (methodLength == 7 && startsWith(0, "OPTIONS")) {
                originForm = true;
                return 1;
            }
            return malformed("asterisk form is for OPTIONS only");
        }
        int stop = targetOffset + targetLength;
        if (!startsWithIgnoreCase(targetOffset, stop, "http://")) {
            // Also https, which cannot come on a connection without TLS (RFC 9110 §7.4).
            return malformed("form of the target");
        }
        int host = targetOffset + 7;
        int slash = host;
        while (slash < stop && b[slash] != '/' && b[slash] != '?') {
            slash++;
        }
        if (!validHost(host, slash - host)) {
            return refuse(FailureCode.CLIENT_BAD_HOST, "host of the target");
        }
        if (methodLength == 5 && startsWith(0, "TRACE")) {
            return refuse(FailureCode.CLIENT_METHOD_NOT_ALLOWED, "TRACE");
        }
        hostOffset = host;
        hostLength = slash - host;
        targetOffset = slash;
        targetLength = stop - slash;
        return 1;
    }

    private int requestFields() {
        chunked = false;
        contentLength = -1;
        expectContinue = false;
        boolean close = false;
        boolean keep = false;
        int host = -1;
        for (int i = 0; i < count; i++) {
            int id = entryId(i);
            if (id == FieldId.OTHER) {
                continue;
            }
            int from = entryValue(i);
            int length = entryValueLength(i);
            switch (id) {
                case FieldId.HOST -> {
                    if (host >= 0 || !validHost(from, length)) {
                        return refuse(FailureCode.CLIENT_BAD_HOST, host >= 0 ? "Host twice" : "Host");
                    }
                    host = i;
                }
                case FieldId.CONTENT_LENGTH, FieldId.TRANSFER_ENCODING -> {
                    if (!framing(id, from, length)) {
                        return refuse(FailureCode.CLIENT_BAD_FRAMING, detail);
                    }
                }
                case FieldId.CONNECTION -> {
                    close |= hasToken(from, length, CLOSE);
                    keep |= hasToken(from, length, KEEP_ALIVE);
                    for (byte[] name : NOT_NOMINATED) {
                        if (hasToken(from, length, name)) {
                            return refuse(FailureCode.CLIENT_BAD_FRAMING, "Connection names a framing field");
                        }
                    }
                }
                case FieldId.EXPECT -> {
                    if (version == HttpVersion.HTTP_1_0) {
                        continue; // RFC 9110 §10.1.1: ignored
                    }
                    if (!Ascii.equalsIgnoreCase(bytes, from, length, CONTINUE)) {
                        return refuse(FailureCode.CLIENT_EXPECTATION_UNKNOWN, "Expect");
                    }
                    expectContinue = true;
                }
                default -> {}
            }
        }
        if (chunked && (contentLength >= 0 || version == HttpVersion.HTTP_1_0)) {
            return refuse(
                    FailureCode.CLIENT_BAD_FRAMING,
                    contentLength >= 0 ? "Content-Length and Transfer-Encoding" : "Transfer-Encoding in HTTP/1.0");
        }
        if (host < 0 && version == HttpVersion.HTTP_1_1) {
            return refuse(FailureCode.CLIENT_BAD_HOST, "no Host");
        }
        // RFC 9112 §3.2.2 lets the target win over Host; two hosts in one request are refused instead, because an
        // upstream or a log may look at the other one.
        if (hostLength >= 0
                && host >= 0
                && !sameText(entryValue(host), entryValueLength(host), hostOffset, hostLength)) {
            return refuse(FailureCode.CLIENT_BAD_HOST, "Host differs from the target");
        }
        hostGiven = host >= 0;
        keepAlive = version == HttpVersion.HTTP_1_1 ? !close : keep && !close;
        return 1;
    }

    // ---- responses

    private int responseHead() {
        byte[] b = bytes;
        int stop = end;
        for (int i = 0; i < 7; i++) {
            if (i == stop) {
                return INCOMPLETE;
            }
            if (b[i] != HTTP1[i]) {
                return malformedResponse("version");
            }
        }
        if (stop < 13) {
            return INCOMPLETE;
        }
        int minor = b[7] - '0';
        if (minor != 0 && minor != 1 || b[8] != ' ') {
            return malformedResponse("version");
        }
        version = minor == 1 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0;
        status = 0;
        for (int i = 9; i < 12; i++) {
            int digit = b[i] - '0';
            if (digit < 0 || digit > 9) {
                return malformedResponse("status");
            }
            status = status * 10 + digit;
        }
        if (status < 100 || status > 599) {
            // RFC 9110 §15: outside of that a status is invalid.
            return malformedResponse("status");
        }
        int i = 12;
        if (b[i] == ' ') {
            i++;
        } else if (b[i] != '\r') {
            return malformedResponse("status line");
        }
        reasonOffset = i;
        while (i < stop && (CLASS[b[i] & 0xff] & VALUE) != 0) {
            i++;
        }
        reasonLength = i - reasonOffset;
        if (i + 1 >= stop) {
            return i < stop && b[i] != '\r' ? malformedResponse("status line") : INCOMPLETE;
        }
        if (b[i] != '\r' || b[i + 1] != '\n') {
            return malformedResponse("status line");
        }
        at = i + 2;
        int result = fields(
                MAX_RESPONSE_FIELDS, FailureCode.UPSTREAM_MALFORMED_RESPONSE, FailureCode.UPSTREAM_HEADERS_TOO_LARGE);
        if (result <= 0) {
            return result;
        }
        chunked = false;
        contentLength = -1;
        boolean close = false;
        boolean keep = false;
        for (int k = 0; k < count; k++) {
            int id = entryId(k);
            if (id == FieldId.CONTENT_LENGTH || id == FieldId.TRANSFER_ENCODING) {
                if (!framing(id, entryValue(k), entryValueLength(k))) {
                    return malformedResponse(detail);
                }
            } else if (id == FieldId.CONNECTION) {
                close |= hasToken(entryValue(k), entryValueLength(k), CLOSE);
                keep |= hasToken(entryValue(k), entryValueLength(k), KEEP_ALIVE);
            }
        }
        if (chunked && (contentLength >= 0 || version == HttpVersion.HTTP_1_0)) {
            return malformedResponse("framing");
        }
        keepAlive = version == HttpVersion.HTTP_1_1 ? !close : keep && !close;
        response = new ResponseHead(this, Arrays.copyOf(bytes, at - 2), at - 2, copyIndex(), count);
        return at;
    }

    // ---- fields

    /** Reads field lines up to and including the empty line. */
    private int fields(int maxFields, FailureCode malformed, FailureCode tooMany) {
        byte[] b = bytes;
        int i = at;
        int stop = end;
        while (true) {
            if (i >= stop) {
                return INCOMPLETE;
            }
            if (b[i] == '\r') {
                if (i + 1 >= stop) {
                    return INCOMPLETE;
                }
                if (b[i + 1] != '\n') {
                    return refuse(malformed, "CR without LF");
                }
                at = i + 2;
                return 1;
            }
            int name = i;
            while (i < stop && (CLASS[b[i] & 0xff] & TOKEN) != 0) {
                i++;
            }
            if (i == stop) {
                return INCOMPLETE;
            }
            if (b[i] != ':' || i == name) {
                // Also a folded line, which begins with a space (RFC 9112 §5.2), and a space before the colon (§5.1).
                return refuse(malformed, "field name");
            }
            int nameLength = i - name;
            i++;
            while (i < stop && (b[i] == ' ' || b[i] == '\t')) {
                i++;
            }
            int value = i;
            while (i < stop && (CLASS[b[i] & 0xff] & VALUE) != 0) {
                i++;
            }
            if (i + 1 >= stop) {
                return i < stop && b[i] != '\r' ? refuse(malformed, "field value") : INCOMPLETE;
            }
            if (b[i] != '\r' || b[i + 1] != '\n') {
                return refuse(malformed, "field value");
            }
            int valueEnd = i;
            while (valueEnd > value && (b[valueEnd - 1] == ' ' || b[valueEnd - 1] == '\t')) {
                valueEnd--;
            }
            i += 2;
            if (count == maxFields) {
                return refuse(tooMany, "more than " + maxFields + " fields");
            }
            if ((count + 1) * HeaderBlock.stride() > index.length) {
                index = Arrays.copyOf(index, index.length * 2);
            }
            HeaderBlock.putEntry(
                    index, count++, name, nameLength, FieldId.of(b, name, nameLength), value, valueEnd - value);
        }
    }

    /** Takes one Content-Length or Transfer-Encoding; a second one is refused even if it says the same. */
    private boolean framing(int id, int from, int length) {
        if (id == FieldId.TRANSFER_ENCODING) {
            // Other codings are not ours to undo, and "xchunked" or "chunked, chunked" are there to deceive.
            if (chunked || !Ascii.equalsIgnoreCase(bytes, from, length, CHUNKED)) {
                detail = "Transfer-Encoding";
                return false;
            }
            chunked = true;
            return true;
        }
        if (contentLength >= 0 || length == 0 || length > 18) {
            detail = "Content-Length";
            return false;
        }
        long value = 0;
        for (int i = from; i < from + length; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                detail = "Content-Length";
                return false;
            }
            value = value * 10 + digit;
        }
        contentLength = value;
        return true;
    }

    /** RFC 3986 §3.2.2: a name, an IPv4 address or a bracketed IPv6 address, and maybe a port. */
    private boolean validHost(int from, int length) {
        byte[] b = bytes;
        int stop = from + length;
        int i = from;
        if (length == 0) {
            return false;
        }
        if (b[i] == '[') {
            i++;
            int colons = 0;
            while (i < stop && b[i] != ']') {
                if (b[i] == ':') {
                    colons++;
                } else if (Character.digit(b[i], 16) < 0 && b[i] != '.') {
                    return false;
                }
                i++;
            }
            if (i == stop || colons < 2 || i - from > 46) {
                return false;
            }
            i++;
        } else {
            while (i < stop && b[i] != ':') {
                int c = b[i] & 0xff;
                boolean allowed = c >= 'a' && c <= 'z'
                        || c >= 'A' && c <= 'Z'
                        || c >= '0' && c <= '9'
                        || c == '-'
                        || c == '.'
                        || c == '_'
                        || c == '~';
                if (!allowed) {
                    return false;
                }
                i++;
            }
            if (i == from || i - from > 255) {
                return false;
            }
        }
        if (i == stop) {
            return true;
        }
        if (b[i] != ':' || stop - i > 6 || stop - i < 2) {
            return false;
        }
        int port = 0;
        for (i++; i < stop; i++) {
            int digit = b[i] - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            port = port * 10 + digit;
        }
        return port > 0 && port <= 65535;
    }

    private boolean hasToken(int from, int length, byte[] lowerToken) {
        int stop = from + length;
        int i = from;
        while (i < stop) {
            int comma = i;
            while (comma < stop && bytes[comma] != ',') {
                comma++;
            }
            int a = i;
            int z = comma;
            while (a < z && (bytes[a] == ' ' || bytes[a] == '\t')) {
                a++;
            }
            while (z > a && (bytes[z - 1] == ' ' || bytes[z - 1] == '\t')) {
                z--;
            }
            if (Ascii.equalsIgnoreCase(bytes, a, z - a, lowerToken)) {
                return true;
            }
            i = comma + 1;
        }
        return false;
    }

    private boolean sameText(int a, int aLength, int b, int bLength) {
        if (aLength != bLength) {
            return false;
        }
        for (int i = 0; i < aLength; i++) {
            if (Ascii.lower(bytes[a + i]) != Ascii.lower(bytes[b + i])) {
                return false;
            }
        }
        return true;
    }

    private boolean startsWith(int offset, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (bytes[offset + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean startsWithIgnoreCase(int offset, int stop, String lower) {
        if (stop - offset < lower.length()) {
            return false;
        }
        for (int i = 0; i < lower.length(); i++) {
            if (Ascii.lower(bytes[offset + i]) != lower.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private int entryId(int i) {
        return index[i * HeaderBlock.stride() + 1] & 0xff;
    }

    private int entryValue(int i) {
        return index[i * HeaderBlock.stride() + 2];
    }

    private int entryValueLength(int i) {
        return index[i * HeaderBlock.stride() + 3];
    }

    private int[] copyIndex() {
        return Arrays.copyOf(index, count * HeaderBlock.stride());
    }

    private int malformed(String what) {
        return refuse(FailureCode.CLIENT_MALFORMED_REQUEST, what);
    }

    private int malformedResponse(String what) {
        return refuse(FailureCode.UPSTREAM_MALFORMED_RESPONSE, what);
    }

    private int refuse(FailureCode code, String what) {
        failure = code;
        detail = what;
        return REFUSED;
    }
}
