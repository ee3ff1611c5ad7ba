package io.fairlead.proxy.middleware;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;

/**
 * Code around an exchange. It may look at and change the request, {@linkplain Chain#proceed proceed} to the rest and
 * change the response that comes back, or answer by itself.
 *
 * <pre>{@code
 * Middleware audit = (exchange, chain) -> chain.proceed(exchange).thenApply(response ->
 *         response.header("X-Handled-By", "fairlead"));
 * }</pre>
 *
 * <p>It runs on an I/O thread and must not block; {@link #blocking} adapts code that does. The stage may complete on
 * any thread. A stage that fails, or that is or gives null, ends the exchange with {@code MIDDLEWARE_FAILED} (500).
 */
@FunctionalInterface
public interface Middleware {

    /**
     * Handles the exchange.
     *
     * @param chain the rest of the way; to be called once at most, unless the request body is replayable and the
     *     first response was discarded
     */
    CompletionStage<Response> handle(Exchange exchange, Chain chain);

    /**
     * Runs {@code middleware} on the proxy's bounded executor for blocking code: virtual threads where the JVM has
     * them, else at most 200 threads, with a queue of 1,000; beyond that the client gets 503
     * ({@code MIDDLEWARE_OVERLOADED}).
     */
    static Middleware blocking(BlockingMiddleware middleware) {
        return new BlockingAdapter(requireNonNull(middleware, "middleware"));
    }

    /** Refers to middleware that is registered under this name, so that configuration can stay data. */
    static Middleware ref(String name) {
        return new MiddlewareRef(requireNonNull(name, "name"));
    }
}
