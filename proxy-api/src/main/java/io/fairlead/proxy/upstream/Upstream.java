package io.fairlead.proxy.upstream;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** What answers the requests of a route: a pool of servers, or a function. */
public sealed interface Upstream permits UpstreamPool, UpstreamRef, HandlerUpstream {

    /** Answers with a function, without any socket. It runs on an I/O thread and must not block. */
    static Upstream handler(Function<Request, Response> handler) {
        requireNonNull(handler, "handler");
        return new HandlerUpstream(request -> CompletableFuture.completedFuture(handler.apply(request)));
    }

    /** Answers with a function whose result comes later, from any thread. */
    static Upstream asyncHandler(Function<Request, CompletionStage<Response>> handler) {
        return new HandlerUpstream(requireNonNull(handler, "handler"));
    }

    /** Refers by name to a pool of the configuration, or to a handler that is registered under that name. */
    static Upstream ref(String name) {
        return new UpstreamRef(requireNonNull(name, "name"));
    }
}
