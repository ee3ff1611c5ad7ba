package io.fairlead.proxy.middleware;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import org.jspecify.annotations.Nullable;

/** The rest of the chain failed with this code; thrown also by middleware that wants to fail with a code. */
public final class ExchangeFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FailureCode code;
    private final transient @Nullable Headers fields;

    /** A failure with its code and what happened, for the log; the text never goes to the client. */
    public ExchangeFailedException(FailureCode code, String detail) {
        this(code, detail, null);
    }

    private ExchangeFailedException(FailureCode code, String detail, @Nullable Headers fields) {
        // No stack trace: this is thrown per request when an upstream is down, and its place tells nothing.
        super(code + ": " + detail, null, false, false);
        this.code = requireNonNull(code, "code");
        this.fields = fields;
    }

    /** The same failure whose answer has these fields besides, such as {@code Retry-After}. */
    public ExchangeFailedException withFields(Headers fields) {
        String message = String.valueOf(getMessage());
        String detail = message.substring((code + ": ").length());
        return new ExchangeFailedException(code, detail, requireNonNull(fields, "fields"));
    }

    /** What the answer says besides; empty unless {@link #withFields} gave it. */
    public Headers fields() {
        return fields == null ? Headers.create() : fields;
    }

    /** What failed. */
    public FailureCode code() {
        return code;
    }
}
