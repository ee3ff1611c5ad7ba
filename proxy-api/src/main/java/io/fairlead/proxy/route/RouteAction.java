package io.fairlead.proxy.route;

import io.fairlead.proxy.upstream.Upstream;
import java.util.Map;

/** What a route does with the requests that it takes. */
public sealed interface RouteAction {

    /**
     * Forwards to a pool, or calls a functional upstream.
     *
     * @param upstream the pool, handler, or its name
     */
    record To(Upstream upstream) implements RouteAction {}

    /**
     * Divides the requests between pools or functional upstreams.
     *
     * @param split how
     */
    record Split(io.fairlead.proxy.traffic.Split split) implements RouteAction {}

    /**
     * Answers with a redirect.
     *
     * @param status 301, 302, 303, 307 or 308
     * @param location the Location field; <code>{name}</code> stands for a variable of the match, empty if it was not
     *     captured, <code>{path}</code> for the raw path, <code>{query}</code> for the raw query with its question mark, <code>{host}</code> for the
     *     host without port; a request that has none, as HTTP/1.0 allows, is answered 400 where the location needs it
     */
    record Redirect(int status, String location) implements RouteAction {}

    /**
     * Answers with fixed content.
     *
     * @param status 200 to 599
     * @param headers header fields; without a Content-Type a body is {@code text/plain; charset=utf-8}
     * @param body text, sent in UTF-8; may be empty, and must be with 204, 205 and 304
     */
    record Respond(int status, Map<String, String> headers, String body) implements RouteAction {
        /** Copies the map. */
        public Respond {
            headers = Map.copyOf(headers);
        }
    }
}
