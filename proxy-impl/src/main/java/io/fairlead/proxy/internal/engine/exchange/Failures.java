package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Reads what user code threw. */
final class Failures {

    private Failures() {}

    /** The problem without what futures put around it. */
    static Throwable unwrap(Throwable problem) {
        Throwable cause = problem;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** The code that the problem carries, or the other one. */
    static FailureCode code(Throwable problem, FailureCode otherwise) {
        return problem instanceof ExchangeFailedException failed ? failed.code() : otherwise;
    }
}
