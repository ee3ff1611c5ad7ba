package io.fairlead.proxy.http;

/** The protocol version of a message. */
public enum HttpVersion {
    /** HTTP/1.0: no chunked coding, no interim responses, a connection closes unless kept alive on request. */
    HTTP_1_0("HTTP/1.0"),
    /** HTTP/1.1 (RFC 9112). */
    HTTP_1_1("HTTP/1.1");

    private final String text;

    HttpVersion(String text) {
        this.text = text;
    }

    /** As on the wire: {@code HTTP/1.1}. */
    @Override
    public String toString() {
        return text;
    }
}
