package io.fairlead.proxy.resilience;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * The deadline of every phase of an exchange, all in one place, save the wait for a connection, which is the pool's
 * {@code queueTimeout}. The pool's {@code idleTimeout} and {@code maxAge} end connections without an exchange, {@code stopTimeout}
 * and drains what is under way when something stops, and health checks and target sources have timeouts of their own. Two are
 * fixed: the rest of a body that nobody wants is read for 1 s at most, and a start waits 5 s at most for target sources.
 *
 * <p>Zero switches a deadline off; a negative one is reported by the proxy's {@code build()}.
 *
 * @param requestHead from the first byte of a request's head to its last; 408. Default: 10 s.
 * @param connect making a connection to a target, with resolving its name; 504. Default: 5 s.
 * @param responseHead from the last byte of the request sent to the head of the answer; 504. Default: 30 s.
 * @param middleware what one middleware may take until it goes on or answers, and how long an answer may then be held
 *     without that anybody reads its body or sends it; 500. Default: 30 s.
 * @param attempt one attempt, from picking the target to the head of the answer; 504. It begins anew when it passes while the
 *     client still sends its body, for which the target is not to blame. Default: off.
 * @param total the whole exchange, from the request's head to the last byte of the response; 504, or a cut stream
 *     once the response has begun. Default: off.
 * @param idle between two reads or writes of a body, on either side; 408, 504 or a cut stream. Default: 60 s.
 * @param keepAlive how long a client's connection without a request is kept. Default: 60 s.
 */
public record Timeouts(
        Duration requestHead,
        Duration connect,
        Duration responseHead,
        Duration middleware,
        Duration attempt,
        Duration total,
        Duration idle,
        Duration keepAlive) {

    private static final Timeouts DEFAULTS = new Timeouts(
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ZERO,
            Duration.ZERO,
            Duration.ofSeconds(60),
            Duration.ofSeconds(60));

    /** Rejects null. */
    public Timeouts {
        requireNonNull(requestHead, "requestHead");
        requireNonNull(connect, "connect");
        requireNonNull(responseHead, "responseHead");
        requireNonNull(middleware, "middleware");
        requireNonNull(attempt, "attempt");
        requireNonNull(total, "total");
        requireNonNull(idle, "idle");
        requireNonNull(keepAlive, "keepAlive");
    }

    /** The defaults that stand at each parameter. */
    public static Timeouts ofDefaults() {
        return DEFAULTS;
    }

    /** These, but for the request head. */
    public Timeouts withRequestHead(Duration value) {
        return new Timeouts(value, connect, responseHead, middleware, attempt, total, idle, keepAlive);
    }

    /** These, but for the connect timeout. */
    public Timeouts withConnect(Duration value) {
        return new Timeouts(requestHead, value, responseHead, middleware, attempt, total, idle, keepAlive);
    }

    /** These, but for the response head. */
    public Timeouts withResponseHead(Duration value) {
        return new Timeouts(requestHead, connect, value, middleware, attempt, total, idle, keepAlive);
    }

    /** These, but for the middleware. */
    public Timeouts withMiddleware(Duration value) {
        return new Timeouts(requestHead, connect, responseHead, value, attempt, total, idle, keepAlive);
    }

    /** These, but for the attempt. */
    public Timeouts withAttempt(Duration value) {
        return new Timeouts(requestHead, connect, responseHead, middleware, value, total, idle, keepAlive);
    }

    /** These, but for the total. */
    public Timeouts withTotal(Duration value) {
        return new Timeouts(requestHead, connect, responseHead, middleware, attempt, value, idle, keepAlive);
    }

    /** These, but for the idle time of bodies. */
    public Timeouts withIdle(Duration value) {
        return new Timeouts(requestHead, connect, responseHead, middleware, attempt, total, value, keepAlive);
    }

    /** These, but for the keep-alive time of clients. */
    public Timeouts withKeepAlive(Duration value) {
        return new Timeouts(requestHead, connect, responseHead, middleware, attempt, total, idle, value);
    }
}
