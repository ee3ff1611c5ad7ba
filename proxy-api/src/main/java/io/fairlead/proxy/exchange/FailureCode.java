package io.fairlead.proxy.exchange;

/**
 * Every way in which the proxy itself fails an exchange: who was at fault, in which phase, and which status the client
 * gets. The same code stands in the record that listeners get and, if switched on, in the {@code Fairlead-Failure} response
 * field.
 */
public enum FailureCode {
    /** The head breaks the grammar of RFC 9112. */
    CLIENT_MALFORMED_REQUEST(Side.CLIENT, Phase.REQUEST_HEAD, 400),
    /** Content-Length and Transfer-Encoding contradict each other or themselves: a smuggling attempt or a bug. */
    CLIENT_BAD_FRAMING(Side.CLIENT, Phase.REQUEST_HEAD, 400),
    /** Host is missing, repeated, malformed, or differs from the request target. */
    CLIENT_BAD_HOST(Side.CLIENT, Phase.REQUEST_HEAD, 400),
    /** The request target is longer than {@code Limits.maxTargetBytes}. */
    CLIENT_TARGET_TOO_LONG(Side.CLIENT, Phase.REQUEST_HEAD, 414),
    /** The head has more bytes or fields than {@code Limits} allow. */
    CLIENT_HEADERS_TOO_LARGE(Side.CLIENT, Phase.REQUEST_HEAD, 431),
    /** The head did not arrive within {@code Timeouts.requestHead}. */
    CLIENT_HEAD_TIMEOUT(Side.CLIENT, Phase.REQUEST_HEAD, 408),
    /** An HTTP version that is not spoken here. */
    CLIENT_VERSION_UNSUPPORTED(Side.CLIENT, Phase.REQUEST_HEAD, 505),
    /** A method that a reverse proxy does not forward: TRACE. */
    CLIENT_METHOD_NOT_ALLOWED(Side.CLIENT, Phase.REQUEST_HEAD, 405),
    /** A method that is not implemented: CONNECT. */
    CLIENT_METHOD_NOT_IMPLEMENTED(Side.CLIENT, Phase.REQUEST_HEAD, 501),
    /** An expectation other than 100-continue. */
    CLIENT_EXPECTATION_UNKNOWN(Side.CLIENT, Phase.REQUEST_HEAD, 417),
    /** More connections than {@code Limits.maxConnections}; the connection is closed without an answer. */
    CLIENT_TOO_MANY_CONNECTIONS(Side.CLIENT, Phase.ACCEPT, 503),
    /** More connections of one address than {@code Limits.maxConnectionsPerClient}; closed without an answer. */
    CLIENT_TOO_MANY_CONNECTIONS_OF_ADDRESS(Side.CLIENT, Phase.ACCEPT, 429),
    /** The body is longer than the route's {@code maxBodyBytes}. */
    CLIENT_BODY_TOO_LARGE(Side.CLIENT, Phase.REQUEST_BODY, 413),
    /** The chunked coding of the body is broken. */
    CLIENT_MALFORMED_BODY(Side.CLIENT, Phase.REQUEST_BODY, 400),
    /** The body stalled for {@code Timeouts.idle}. */
    CLIENT_BODY_TIMEOUT(Side.CLIENT, Phase.REQUEST_BODY, 408),
    /** The body came slower than {@code Limits.minBodyBytesPerSecond}. */
    CLIENT_BODY_TOO_SLOW(Side.CLIENT, Phase.REQUEST_BODY, 408),
    /** The client closed or reset its connection; nobody is left to answer. Logged as 499. */
    CLIENT_GONE(Side.CLIENT, Phase.ANY, 499),
    /** The client did not take the response for {@code Timeouts.idle}. */
    CLIENT_WRITE_TIMEOUT(Side.CLIENT, Phase.RESPONSE_BODY, 499),

    /** No route matches the host and path. */
    ROUTE_NOT_FOUND(Side.PROXY, Phase.ROUTE, 404),
    /** A route matches but for the method. */
    ROUTE_METHOD_NOT_ALLOWED(Side.PROXY, Phase.ROUTE, 405),
    /** As many requests are under way as {@code ProxyConfig.maxConcurrentRequests} allows. */
    PROXY_OVERLOADED(Side.PROXY, Phase.ROUTE, 503),
    /** A middleware failed, gave no response, answered twice, or held an answer for {@code Timeouts.middleware}. */
    MIDDLEWARE_FAILED(Side.PROXY, Phase.MIDDLEWARE, 500),
    /** The bounded executor of blocking middleware is full. */
    MIDDLEWARE_OVERLOADED(Side.PROXY, Phase.MIDDLEWARE, 503),
    /** A {@code RateLimit} had no permit left; {@code Retry-After} says when there will be one. */
    RATE_LIMITED(Side.PROXY, Phase.MIDDLEWARE, 429),
    /** A transform failed, or its body cap was exceeded. */
    TRANSFORM_FAILED(Side.PROXY, Phase.MIDDLEWARE, 500),
    /** A functional upstream failed or gave no response. */
    HANDLER_FAILED(Side.PROXY, Phase.HANDLER, 500),
    /** The exchange took longer than {@code Timeouts.total}. */
    TOTAL_TIMEOUT(Side.PROXY, Phase.ANY, 504),
    /** The proxy was stopped before the exchange could finish. */
    PROXY_STOPPING(Side.PROXY, Phase.ANY, 503),
    /** The route is being drained and takes no new requests; {@code Retry-After} comes with it. */
    ROUTE_DRAINING(Side.PROXY, Phase.ROUTE, 503),
    /** The listener, route or target was drained, and the exchange was not over in time. */
    DRAIN_TIMEOUT(Side.PROXY, Phase.ANY, 503),
    /** A fault of the proxy itself. */
    INTERNAL_ERROR(Side.PROXY, Phase.ANY, 500),

    /** The pool has no target that may be used. */
    UPSTREAM_UNAVAILABLE(Side.UPSTREAM, Phase.PICK, 503),
    /** The circuit breaker of the pool, or of all its targets, is open. */
    UPSTREAM_CIRCUIT_OPEN(Side.UPSTREAM, Phase.PICK, 503),
    /** As many requests are under way to the pool, or to each of its targets, as its limits allow. */
    UPSTREAM_OVERLOADED(Side.UPSTREAM, Phase.PICK, 503),
    /** The target of the client's sticky session may not be used, and the pool's policy allows no other. */
    UPSTREAM_SESSION_UNAVAILABLE(Side.UPSTREAM, Phase.PICK, 503),
    /** The wait queue of the target is full. */
    UPSTREAM_QUEUE_FULL(Side.UPSTREAM, Phase.ACQUIRE, 503),
    /** No connection became free within the pool's {@code queueTimeout}. */
    UPSTREAM_QUEUE_TIMEOUT(Side.UPSTREAM, Phase.ACQUIRE, 503),
    /** The target's name has no address. */
    UPSTREAM_NAME_NOT_RESOLVED(Side.UPSTREAM, Phase.CONNECT, 502),
    /** The connection was refused or unreachable. */
    UPSTREAM_CONNECT_FAILED(Side.UPSTREAM, Phase.CONNECT, 502),
    /** The connection was not made within {@code Timeouts.connect}. */
    UPSTREAM_CONNECT_TIMEOUT(Side.UPSTREAM, Phase.CONNECT, 504),
    /** The upstream closed or reset while the request was sent. */
    UPSTREAM_SEND_FAILED(Side.UPSTREAM, Phase.REQUEST_BODY, 502),
    /** The upstream did not take the request for {@code Timeouts.idle}. */
    UPSTREAM_SEND_TIMEOUT(Side.UPSTREAM, Phase.REQUEST_BODY, 504),
    /** The upstream closed or reset before it answered, or within the head of its answer. */
    UPSTREAM_CLOSED(Side.UPSTREAM, Phase.RESPONSE_HEAD, 502),
    /** The head of the answer did not come within {@code Timeouts.responseHead}. */
    UPSTREAM_HEAD_TIMEOUT(Side.UPSTREAM, Phase.RESPONSE_HEAD, 504),
    /** The attempt took longer than {@code Timeouts.attempt}. */
    UPSTREAM_ATTEMPT_TIMEOUT(Side.UPSTREAM, Phase.RESPONSE_HEAD, 504),
    /** The answer breaks the grammar or framing of RFC 9112. */
    UPSTREAM_MALFORMED_RESPONSE(Side.UPSTREAM, Phase.RESPONSE_HEAD, 502),
    /** The head of the answer is larger than the pool allows. */
    UPSTREAM_HEADERS_TOO_LARGE(Side.UPSTREAM, Phase.RESPONSE_HEAD, 502),
    /** The upstream switched protocols unasked. */
    UPSTREAM_UNEXPECTED_UPGRADE(Side.UPSTREAM, Phase.RESPONSE_HEAD, 502),
    /** The body of the answer ended early or was malformed; the client's stream is cut. */
    UPSTREAM_BODY_FAILED(Side.UPSTREAM, Phase.RESPONSE_BODY, 502),
    /** The body of the answer stalled for {@code Timeouts.idle}; the client's stream is cut. */
    UPSTREAM_BODY_TIMEOUT(Side.UPSTREAM, Phase.RESPONSE_BODY, 504);

    /** Who was at fault. */
    public enum Side {
        /** The client, or the way to it. */
        CLIENT,
        /** The proxy, its configuration or code that runs in it. */
        PROXY,
        /** The upstream, or the way to it. */
        UPSTREAM
    }

    /** Where in its life the exchange was. */
    public enum Phase {
        /** Taking the connection. */
        ACCEPT,
        /** Reading the request's head. */
        REQUEST_HEAD,
        /** Choosing a route. */
        ROUTE,
        /** Running middleware and transforms. */
        MIDDLEWARE,
        /** Running a functional upstream. */
        HANDLER,
        /** Choosing a target. */
        PICK,
        /** Waiting for a connection. */
        ACQUIRE,
        /** Resolving and connecting. */
        CONNECT,
        /** Forwarding the request. */
        REQUEST_BODY,
        /** Waiting for the answer's head. */
        RESPONSE_HEAD,
        /** Forwarding the answer's body. */
        RESPONSE_BODY,
        /** At any time. */
        ANY
    }

    private final Side side;
    private final Phase phase;
    private final int status;

    FailureCode(Side side, Phase phase, int status) {
        this.side = side;
        this.phase = phase;
        this.status = status;
    }

    /** Who was at fault. */
    public Side side() {
        return side;
    }

    /** Where in its life the exchange was. */
    public Phase phase() {
        return phase;
    }

    /** The status that the client gets if the response has not begun; 499 means that nobody is answered. */
    public int status() {
        return status;
    }
}
