package io.fairlead.proxy.upstream;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * A function that answers requests.
 *
 * @param handler the function
 */
public record HandlerUpstream(Function<Request, CompletionStage<Response>> handler) implements Upstream {}
