package io.fairlead.proxy.exchange;

import io.fairlead.proxy.http.Request;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * One request with its response: what a middleware, a handler and a listener see of it.
 *
 * <p>An exchange belongs to one I/O thread. A middleware that goes on in another thread may use it there until its
 * stage completes. It is never reused for another request: kept longer, it shows its final values.
 */
public interface Exchange {

    /** A number unique among the exchanges of this process, counted up. */
    long id();

    /** The request. */
    Request request();

    /** The id of the route that was chosen; empty before routing and when none matched. */
    Optional<String> routeId();

    /** What the route's path template, host wildcard or named regex groups captured; decoded once; may be empty. */
    Map<String, String> variables();

    /**
     * The address of the client: the peer of the connection, or what trusted proxies say of it, see
     * {@link io.fairlead.proxy.listener.TrustedProxies}. Never resolved to a name.
     */
    InetSocketAddress client();

    /** The address of the connection's peer, whatever it says in its fields. */
    InetSocketAddress peer();

    /** The local address that the client connected to. */
    InetSocketAddress local();

    /** When the head of the request had been read. */
    Instant startedAt();

    /** The time left until the exchange is given up; empty without a total timeout. Zero when it is over. */
    Optional<Duration> remaining();

    /** The value kept under this key by {@link #attribute(String, Object)}. */
    Optional<Object> attribute(String key);

    /** Keeps a value for whoever comes later on this exchange; the access log and listeners see it too. */
    void attribute(String key, Object value);

    /** What had failed, if a {@link io.fairlead.proxy.route.Fallback} of the route answers or has answered; else empty. */
    default Optional<FallbackCause> fallbackCause() {
        return Optional.empty();
    }

    /**
     * Runs {@code action} once if the client goes away or a deadline passes before the response is complete; at once
     * if that has happened. Runs on the I/O thread and must not block.
     */
    void onCancel(Runnable action);
}
