package io.fairlead.proxy.observe;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A target at one moment.
 *
 * @param url of the target
 * @param usable whether it may be picked for requests: nothing is against it, or the pool panics. Whether its tier gets
 *     any, {@link PoolStatus#tiers()} tells
 * @param obstacles why it is not used, or would not be without panic; empty for a target that is well
 * @param weight its share of the traffic at this moment; below the configured one while it starts slowly
 * @param inFlight requests under way to it
 * @param priority the tier it belongs to
 * @param zone the zone it runs in
 */
public record TargetStatus(
        String url,
        boolean usable,
        List<Obstacle> obstacles,
        double weight,
        int inFlight,
        int priority,
        Optional<String> zone) {

    /** Copies the list. */
    public TargetStatus {
        obstacles = List.copyOf(obstacles);
    }

    /**
     * Something that keeps a target from getting requests.
     *
     * @param kind what it is
     * @param reason what was seen, in words
     * @param since when it began
     */
    public record Obstacle(Kind kind, String reason, Instant since) {

        /** What keeps a target from getting requests. */
        public enum Kind {
            /** The active check fails, or has not passed yet. */
            UNHEALTHY,
            /** Outlier detection has ejected it. */
            EJECTED,
            /** A circuit breaker is open. */
            BREAKER_OPEN,
            /** Its weight is 0, it is being removed, or {@code drainTarget} has taken it out of use. */
            DRAINING
        }
    }
}
