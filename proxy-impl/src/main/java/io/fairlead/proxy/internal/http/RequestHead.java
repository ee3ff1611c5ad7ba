package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/** The head of a request that has passed the guard: its grammar, Host and framing are sound. */
public final class RequestHead extends HeaderBlock {

    private static final byte[] GET = Ascii.bytes("GET");
    private static final byte[] HEAD = Ascii.bytes("HEAD");
    private static final byte[] POST = Ascii.bytes("POST");

    private final int lineLength;
    private final int methodLength;
    private final int targetOffset;
    private final int targetLength;
    private final HttpVersion version;
    private final long contentLength;
    private final boolean chunked;
    private final boolean keepAlive;
    private final boolean expectContinue;
    private final boolean originForm;
    private @Nullable String method;

    RequestHead(RequestParser parser, byte[] bytes, int end, int[] index, int count) {
        super(bytes, end, index, count);
        RequestLine line = parser.line;
        this.lineLength = line.length;
        this.methodLength = line.methodLength;
        this.targetOffset = line.targetOffset;
        this.targetLength = line.targetLength;
        this.version = line.version;
        this.contentLength = parser.framing.contentLength;
        this.chunked = parser.framing.chunked;
        this.keepAlive = parser.framing.keepAlive(line.version);
        this.expectContinue = parser.expectContinue;
        this.originForm = line.originForm;
    }

    public String method() {
        if (method == null) {
            byte[] bytes = bytes();
            method = is(bytes, GET)
                    ? "GET"
                    : is(bytes, POST) ? "POST" : is(bytes, HEAD) ? "HEAD" : Ascii.string(bytes, 0, methodLength);
        }
        return method;
    }

    private boolean is(byte[] bytes, byte[] name) {
        if (methodLength != name.length) {
            return false;
        }
        for (int i = 0; i < name.length; i++) {
            if (bytes[i] != name[i]) {
                return false;
            }
        }
        return true;
    }

    public int methodLength() {
        return methodLength;
    }

    /** Bytes of the request line with its CR LF. */
    public int lineLength() {
        return lineLength;
    }

    /** Where the path and query begin in {@link #bytes()}; the host of an absolute-form target is left out. */
    public int targetOffset() {
        return targetOffset;
    }

    public int targetLength() {
        return targetLength;
    }

    /** The raw path and query. */
    public String target() {
        if (targetLength == 0) {
            return "/";
        }
        String target = Ascii.string(bytes(), targetOffset, targetLength);
        // http://host?query has an empty path, which goes on as "/" (RFC 9112 §3.2.1).
        return target.charAt(0) == '?' ? "/" + target : target;
    }

    public HttpVersion version() {
        return version;
    }

    /** Bytes of the body; -1 if no Content-Length was given. */
    public long contentLength() {
        return contentLength;
    }

    public boolean chunked() {
        return chunked;
    }

    public boolean hasBody() {
        return chunked || contentLength > 0;
    }

    /** Whether the client is ready to send another request on this connection. */
    public boolean keepAlive() {
        return keepAlive;
    }

    /** Whether the client waits for 100 before it sends the body. */
    public boolean expectContinue() {
        return expectContinue;
    }

    /** Whether the request line may go on as it stands: origin form in HTTP/1.1. */
    public boolean forwardableLine() {
        return originForm && version == HttpVersion.HTTP_1_1;
    }

    /** RFC 9110 §9.2.2: a request that may be sent again without harm. */
    public boolean idempotent() {
        return switch (method()) {
            case "GET", "HEAD", "OPTIONS", "PUT", "DELETE" -> true;
            default -> false;
        };
    }
}
