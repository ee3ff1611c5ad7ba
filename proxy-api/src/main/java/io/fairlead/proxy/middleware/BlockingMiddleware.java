package io.fairlead.proxy.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;

/** Middleware in the blocking style, for {@link Middleware#blocking}. */
@FunctionalInterface
public interface BlockingMiddleware {

    /** Handles the exchange; may block. */
    Response handle(Exchange exchange, BlockingChain chain) throws Exception;

    /** The rest of the way, awaited. */
    @FunctionalInterface
    interface BlockingChain {

        /**
         * Runs the rest and waits for its response.
         *
         * @throws Exception what made the rest fail
         */
        Response proceed(Exchange exchange) throws Exception;
    }
}
