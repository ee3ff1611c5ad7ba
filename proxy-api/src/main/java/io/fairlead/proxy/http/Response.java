package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;

/**
 * A response, from an upstream or made by a middleware, on its way to the client.
 *
 * <p>The status is fixed, {@link #headers()} may be changed by whoever holds the response, and {@link #withBody} or
 * {@link #withStatus} give another response that shares the fields. A response that is thrown away instead of returned
 * must have its body {@linkplain Body#discard() discarded}.
 */
public final class Response {

    private final int status;
    private final Headers headers;
    private final Body body;

    private Response(int status, Headers headers, Body body) {
        if (status < 200 || status > 999) {
            throw new IllegalArgumentException("status: " + status + " (expected: 200 to 999)");
        }
        this.status = status;
        this.headers = requireNonNull(headers, "headers");
        this.body = requireNonNull(body, "body");
    }

    /** A response without fields and body. */
    public static Response of(int status) {
        return new Response(status, Headers.create(), Body.empty());
    }

    /** A response with a text body in UTF-8. */
    public static Response of(int status, String text) {
        return of(
                status,
                Headers.create().set("Content-Type", "text/plain; charset=utf-8"),
                Body.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A response of these parts. The engine adds the framing fields, such as Content-Length. */
    public static Response of(int status, Headers headers, Body body) {
        return new Response(status, headers, body);
    }

    /** The status code: 200 to 999. */
    public int status() {
        return status;
    }

    /** The header fields, modifiable. */
    public Headers headers() {
        return headers;
    }

    /** The body; {@link Body#empty()} when there is none. */
    public Body body() {
        return body;
    }

    /** Sets a header field and returns this response. */
    public Response header(String name, String value) {
        headers.set(name, value);
        return this;
    }

    /** The same fields and body under another status. */
    public Response withStatus(int newStatus) {
        return new Response(newStatus, headers, body);
    }

    /** The same status and fields with another body; the old body is the caller's to read or discard. */
    public Response withBody(Body newBody) {
        return new Response(status, headers, newBody);
    }

    @Override
    public String toString() {
        return "Response[" + status + "]";
    }
}
