package io.fairlead.proxy.exchange;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.http.Request;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link io.fairlead.proxy.route.Fallback} stands in for: the failure of the route's own upstream, or the status of
 * an answer that nobody wants. Where a fallback has failed and another one follows, it is still the first failure.
 */
public final class FallbackCause {

    private final @Nullable FailureCode code;
    private final int status;
    private final String detail;

    private FallbackCause(@Nullable FailureCode code, int status, String detail) {
        this.code = code;
        this.status = status;
        this.detail = requireNonNull(detail, "detail");
    }

    /** A failure, with what happened in words. */
    public static FallbackCause failure(FailureCode code, String detail) {
        return new FallbackCause(code, code.status(), detail);
    }

    /** An upstream's answer of this status. */
    public static FallbackCause status(int status) {
        return new FallbackCause(null, status, "the upstream answered " + status);
    }

    /**
     * What the handler of a fallback stands in for, asked with the request that it was given; empty if it does not answer as
     * a fallback. For handlers that are registered by name; {@code Fallback.handler} hands it over as an argument.
     */
    public static Optional<FallbackCause> of(Request request) {
        return request instanceof Exchange exchange ? exchange.fallbackCause() : Optional.empty();
    }

    /** What failed; empty if the upstream answered. */
    public Optional<FailureCode> code() {
        return Optional.ofNullable(code);
    }

    /** The status that the client would have got: that of the upstream's answer, or of the failure. */
    public int status() {
        return status;
    }

    /** What happened in words, for logs; names addresses, so it is not for clients. */
    public String detail() {
        return detail;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FallbackCause cause
                && code == cause.code
                && status == cause.status
                && detail.equals(cause.detail);
    }

    @Override
    public int hashCode() {
        return detail.hashCode() * 31 + status;
    }

    /** {@code UPSTREAM_CONNECT_FAILED}, or {@code status 503}. */
    @Override
    public String toString() {
        return code == null ? "status " + status : code.name();
    }
}
