package io.fairlead.proxy.observe;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.exchange.FallbackCause;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What became of one exchange.
 *
 * @param exchangeId {@link io.fairlead.proxy.exchange.Exchange#id()}; 0 for a request too malformed to become one
 * @param client the client's address
 * @param method the method; empty if the head could not be read
 * @param target the raw path and query; empty if the head could not be read
 * @param host the host asked for; may be empty
 * @param routeId the route; empty when none was found
 * @param pool the pool that was forwarded to
 * @param upstream the URL of the target that answered or failed last
 * @param attempts how often a target was tried; 0 when none was
 * @param status the status sent to the client; 499 when it was gone before, 0 when its connection was cut by us
 * @param failure what the proxy itself failed with
 * @param detail what happened in words, for the log; never sent to the client
 * @param fallback what a fallback of the route stood in for; empty if none was used. {@code failure} is empty then, unless the
 *     fallback failed too
 * @param requestBytes bytes of the request body read
 * @param responseBytes bytes of the response body written
 * @param startedAt when the request's head had been read
 * @param timings where the time went
 */
public record ExchangeRecord(
        long exchangeId,
        InetSocketAddress client,
        String method,
        String target,
        String host,
        Optional<String> routeId,
        Optional<String> pool,
        Optional<String> upstream,
        int attempts,
        int status,
        Optional<FailureCode> failure,
        Optional<String> detail,
        Optional<FallbackCause> fallback,
        long requestBytes,
        long responseBytes,
        Instant startedAt,
        Timings timings) {

    /**
     * Times since the request's head had been read; empty when the exchange did not come that far.
     *
     * @param connected a connection to the target was at hand
     * @param responseHead the head of the final response arrived
     * @param total the exchange was over
     */
    public record Timings(Optional<Duration> connected, Optional<Duration> responseHead, Duration total) {}
}
