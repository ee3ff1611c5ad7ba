package io.fairlead.proxy.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;

/** Middleware of Fairlead itself. It is data: the engine runs what it describes. Not to be implemented by programs. */
public interface BuiltInMiddleware extends Middleware {

    @Override
    default CompletionStage<Response> handle(Exchange exchange, Chain chain) {
        throw new IllegalStateException(this + " is a description and cannot run by itself");
    }
}
