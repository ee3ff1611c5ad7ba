package io.fairlead.proxy.internal.middleware;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.middleware.Chain;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.middleware.Middleware;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Middleware of Fairlead itself in two synchronous phases: on the request, and on the head of the response. The engine calls
 * the phases of those that stand at the beginning of a chain by themselves, so that a route without middleware of users
 * makes no future. Within the chain it is middleware like any other.
 *
 * <p>A response that comes back through it passes its second phase; an error answer of the proxy does not. What edits bodies
 * is no matter of this class.
 */
public abstract class BuiltIn implements Middleware {

    /** The request; null to let it go on. */
    public abstract @Nullable Verdict onRequest(Exchange exchange);

    /** Whether there is a second phase. Always the same. */
    public boolean editsResponses() {
        return false;
    }

    /** The head of a response, to be edited. */
    public void onResponse(Exchange exchange, int status, Headers fields) {}

    @Override
    public final CompletionStage<Response> handle(Exchange exchange, Chain chain) {
        return handle(onRequest(exchange), exchange, chain);
    }

    /** Goes on after the first phase. */
    public final CompletionStage<Response> handle(@Nullable Verdict verdict, Exchange exchange, Chain chain) {
        if (verdict == null) {
            CompletionStage<Response> response = chain.proceed(exchange);
            return editsResponses() ? response.thenApply(given -> edit(exchange, given)) : response;
        }
        if (verdict instanceof Verdict.Refusal refusal) {
            return CompletableFuture.failedFuture(
                    new ExchangeFailedException(refusal.code(), refusal.detail()).withFields(refusal.fields()));
        }
        if (verdict instanceof Verdict.Answer answer) {
            return CompletableFuture.completedFuture(answer.response());
        }
        return ((Verdict.Later) verdict).verdict().thenCompose(decided -> handle(decided, exchange, chain));
    }

    /** Runs the second phase on a response. */
    public final Response edit(Exchange exchange, Response given) {
        // Who made the response may give the same object again and again, so only fields of the engine are edited in
        // place.
        Headers fields = given.headers();
        if (fields instanceof HeaderBlock) {
            onResponse(exchange, given.status(), fields);
            return given;
        }
        HeaderBlock own = new HeaderBlock();
        fields.forEach(own::add);
        onResponse(exchange, given.status(), own);
        return Response.of(given.status(), own, given.body());
    }
}
