package io.fairlead.proxy.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;

/**
 * Marks code that blocks; the engine runs it on its executor.
 *
 * @param middleware the code
 */
public record BlockingAdapter(BlockingMiddleware middleware) implements Middleware {

    @Override
    public CompletionStage<Response> handle(Exchange exchange, Chain chain) {
        throw new IllegalStateException("blocking middleware is run by the engine's executor only");
    }
}
