package io.fairlead.proxy.ratelimit;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a {@link RateLimitStore} says to one request, at once or {@linkplain #later later}. Immutable. */
public final class RateLimitDecision {

    private static final RateLimitDecision PERMITTED = new RateLimitDecision(true, List.of(), null);

    private final boolean permitted;
    private final List<Standing> standings;
    private final @Nullable CompletionStage<RateLimitDecision> later;

    private RateLimitDecision(
            boolean permitted, List<Standing> standings, @Nullable CompletionStage<RateLimitDecision> later) {
        this.permitted = permitted;
        this.standings = standings;
        this.later = later;
    }

    /**
     * How one limit stands after the request.
     *
     * @param limit which
     * @param remaining the permits left; 0 or more
     * @param untilNext the time until the next permit comes; zero if the bucket is full
     */
    public record Standing(Limit limit, long remaining, Duration untilNext) {

        /** Rejects null. */
        public Standing {
            requireNonNull(limit, "limit");
            requireNonNull(untilNext, "untilNext");
        }
    }

    /** The request may pass; nothing is told of the limits. */
    public static RateLimitDecision permit() {
        return PERMITTED;
    }

    /** The request may pass. */
    public static RateLimitDecision permit(List<Standing> standings) {
        return new RateLimitDecision(true, List.copyOf(standings), null);
    }

    /** The request may not pass: because of those of the limits that have no permit remaining. */
    public static RateLimitDecision refuse(List<Standing> standings) {
        return new RateLimitDecision(false, List.copyOf(standings), null);
    }

    /** The decision is made elsewhere; the stage may complete on any thread, with a decision that is none of these. */
    public static RateLimitDecision later(CompletionStage<RateLimitDecision> decision) {
        return new RateLimitDecision(false, List.of(), requireNonNull(decision, "decision"));
    }

    /** Whether the request may pass; false for a decision that is made {@link #later()}. */
    public boolean permitted() {
        return permitted;
    }

    /** How the limits stand, in their order; may be empty if nobody asked. */
    public List<Standing> standings() {
        return standings;
    }

    /** Where the decision will be; empty if it is here. */
    public Optional<CompletionStage<RateLimitDecision>> later() {
        return Optional.ofNullable(later);
    }

    @Override
    public String toString() {
        return later != null ? "later" : (permitted ? "permitted " : "refused ") + standings;
    }
}
