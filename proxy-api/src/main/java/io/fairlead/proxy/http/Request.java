package io.fairlead.proxy.http;

import java.util.Optional;

/**
 * A request as it came from the client, and as it will go upstream unless a middleware or transform changes it.
 *
 * <p>What is not changed is forwarded byte for byte: the target is never decoded and encoded again.
 */
public interface Request {

    /** The method, in its spelling (RFC 9110 §9.1: methods are case-sensitive). */
    String method();

    /** The raw path and query, such as {@code /a%2Fb?x=1}; {@code *} for a server-wide OPTIONS. */
    String target();

    /**
     * Replaces the raw path and query that go upstream. Routing is done by then and does not run again.
     *
     * @throws IllegalArgumentException if it does not begin with {@code /}, or holds a space or control character
     */
    Request target(String target);

    /** The raw path: {@link #target()} up to the question mark. */
    String path();

    /** The raw query without its question mark; empty when there is no question mark. */
    Optional<String> query();

    /**
     * The path that routing and access rules look at: dot segments removed, unreserved characters decoded, empty
     * segments merged, path parameters ({@code ;x=1}) dropped, so that {@code /a/..;/%2e%2e//admin} cannot hide what
     * it means. Never forwarded.
     */
    String normalizedPath();

    /** The host that the client asked for, lower case, without the port; empty for HTTP/1.0 without Host. */
    String host();

    /** {@code http}, or {@code https} when the client's connection to a trusted proxy was encrypted. */
    String scheme();

    /** The client's protocol version. */
    HttpVersion version();

    /** The header fields, modifiable. Hop-by-hop fields are present here and never forwarded. */
    Headers headers();

    /** The body; {@link Body#empty()} when there is none. */
    Body body();

    /** Replaces the body. Content-Length, digest and ETag fields are corrected or dropped by the engine. */
    Request body(Body body);
}
