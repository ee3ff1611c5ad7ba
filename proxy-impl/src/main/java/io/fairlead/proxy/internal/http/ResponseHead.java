package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.HttpVersion;

/** The head of an upstream's answer, interim or final, whose grammar and framing are sound. */
public final class ResponseHead extends HeaderBlock {

    private final HttpVersion version;
    private final int status;
    private final int reasonOffset;
    private final int reasonLength;
    private final long contentLength;
    private final boolean chunked;
    private final boolean keepAlive;

    ResponseHead(ResponseParser parser, byte[] bytes, int end, int[] index, int count) {
        super(bytes, end, index, count);
        this.version = parser.version;
        this.status = parser.status;
        this.reasonOffset = parser.reasonOffset;
        this.reasonLength = parser.reasonLength;
        this.contentLength = parser.framing.contentLength;
        this.chunked = parser.framing.chunked;
        this.keepAlive = parser.framing.keepAlive(parser.version);
    }

    public HttpVersion version() {
        return version;
    }

    public int status() {
        return status;
    }

    public int reasonOffset() {
        return reasonOffset;
    }

    public int reasonLength() {
        return reasonLength;
    }

    /** As the Content-Length field says; -1 if there is none. For HEAD and 304 it tells nothing of the body. */
    public long contentLength() {
        return contentLength;
    }

    public boolean chunked() {
        return chunked;
    }

    /** Whether the upstream keeps the connection; a body that lasts until the end of the connection is apart. */
    public boolean keepAlive() {
        return keepAlive;
    }
}
