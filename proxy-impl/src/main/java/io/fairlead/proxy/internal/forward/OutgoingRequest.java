package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.resilience.Timeouts;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The request of an exchange as {@link Forward} needs it. */
public interface OutgoingRequest {

    /** The exchange whose request it is, for who chooses by it. */
    Exchange exchange();

    /**
     * Composes the head for this target in the loop's scratch space.
     *
     * @param pool the target's
     * @param attemptHeader the field that tells the number of the attempt, if there is to be one
     * @param attempt the number of the attempt, from 1
     * @return its length
     */
    int composeHead(PoolTarget target, RunningPool pool, Optional<String> attemptHeader, int attempt);

    /** The body; null if there is none. */
    @Nullable
    BodySource outgoingBody();

    /** Bytes of the body, 0 for none, -1 if unknown. */
    long outgoingLength();

    /** Whether the body is made by user code, which runs when the body is begun. */
    boolean bodyIsOfUserCode();

    /** The method. */
    String method();

    /** Whether the method is HEAD. */
    boolean isHead();

    /** Whether the method is idempotent (RFC 9110 §9.2.2). */
    boolean isIdempotent();

    /** Where bodies are kept for another attempt. */
    ReplayMemory replayMemory();

    /** The deadlines. */
    Timeouts timeouts();
}
