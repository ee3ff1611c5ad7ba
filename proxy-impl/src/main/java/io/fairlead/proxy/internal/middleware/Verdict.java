package io.fairlead.proxy.internal.middleware;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Response;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a {@link BuiltIn} makes of a request that it does not just let go on. */
public sealed interface Verdict {

    /**
     * It goes no further.
     *
     * @param code what the client gets
     * @param detail what happened, for the log
     * @param fields what the answer says besides
     */
    record Refusal(FailureCode code, String detail, Headers fields) implements Verdict {}

    /**
     * It is answered here.
     *
     * @param response the answer
     */
    record Answer(Response response) implements Verdict {}

    /**
     * It has to wait.
     *
     * @param verdict gives null if the request may go on then; may complete on any thread
     */
    record Later(CompletionStage<@Nullable Verdict> verdict) implements Verdict {}
}
