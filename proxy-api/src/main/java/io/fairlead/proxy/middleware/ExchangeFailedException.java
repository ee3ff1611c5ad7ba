package io.fairlead.proxy.middleware;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.FailureCode;

/** The rest of the chain failed with this code; thrown also by middleware that wants to fail with a code. */
public final class ExchangeFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FailureCode code;

    /** A failure with its code and what happened, for the log; the text never goes to the client. */
    public ExchangeFailedException(FailureCode code, String detail) {
        // No stack trace: this is thrown per request when an upstream is down, and its place tells nothing.
        super(code + ": " + detail, null, false, false);
        this.code = requireNonNull(code, "code");
    }

    /** What failed. */
    public FailureCode code() {
        return code;
    }
}
