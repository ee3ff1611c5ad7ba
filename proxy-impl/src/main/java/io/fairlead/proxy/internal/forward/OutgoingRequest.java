package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.upstream.Target;
import org.jspecify.annotations.Nullable;

/** The request of an exchange as {@link Forward} needs it. */
public interface OutgoingRequest {

    /**
     * Composes the head for this target in the loop's scratch space.
     *
     * @return its length
     */
    int composeHead(Target target);

    /** The body; null if there is none. */
    @Nullable
    BodySource outgoingBody();

    /** Bytes of the body, 0 for none, -1 if unknown. */
    long outgoingLength();

    /** Whether the body is made by user code, which runs when the body is begun. */
    boolean bodyIsOfUserCode();

    /** Whether the method is HEAD. */
    boolean isHead();

    /** Whether the method is idempotent (RFC 9110 §9.2.2). */
    boolean isIdempotent();

    /** The deadlines. */
    Timeouts timeouts();
}
