package io.fairlead.proxy.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;

/**
 * The name of registered middleware; the engine puts the registered one in its place.
 *
 * @param name as given to {@code ReverseProxy.Builder.register}
 */
public record MiddlewareRef(String name) implements Middleware {

    @Override
    public CompletionStage<Response> handle(Exchange exchange, Chain chain) {
        throw new IllegalStateException("middleware \"" + name + "\" is a reference and cannot run by itself");
    }
}
