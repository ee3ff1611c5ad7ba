package io.fairlead.proxy.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;

/** The rest of the way from one middleware to the upstream and back. */
@FunctionalInterface
public interface Chain {

    /**
     * Runs the rest: the middleware that follows, then the route's upstream.
     *
     * <p>A failure of the proxy, such as an upstream that refuses the connection, comes as a stage that failed with
     * {@link ExchangeFailedException}; a middleware may recover from it with a response of its own.
     */
    CompletionStage<Response> proceed(Exchange exchange);
}
