package io.fairlead.proxy.route;

import java.util.List;
import java.util.Optional;

/**
 * Why a request goes where it goes.
 *
 * @param routeId the route that wins; empty when none matches
 * @param candidates every route in the order in which they are considered, with the reason
 * @param split how the route that wins divides its requests; empty if it does not
 */
public record Explanation(Optional<String> routeId, List<Candidate> candidates, Optional<SplitChoice> split) {

    /** Copies the list. */
    public Explanation {
        candidates = List.copyOf(candidates);
    }

    /** For a route without a split. */
    public Explanation(Optional<String> routeId, List<Candidate> candidates) {
        this(routeId, candidates, Optional.empty());
    }

    /**
     * One route that was considered.
     *
     * @param routeId its id
     * @param matched whether the request fits it
     * @param reason the condition that failed, or why another route came first; empty for the winner
     */
    public record Candidate(String routeId, boolean matched, String reason) {}

    /**
     * What a split would do with the request.
     *
     * @param shares all shares in their order
     * @param chosen the pool or handler that the request goes to; empty if that is decided at random, or by what only a
     *     request of a client has: its address, and what middleware keeps on it
     * @param reason what decides
     */
    public record SplitChoice(List<Share> shares, Optional<String> chosen, String reason) {
        /** Copies the list. */
        public SplitChoice {
            shares = List.copyOf(shares);
        }
    }

    /**
     * One share of a split.
     *
     * @param to the name of the pool or handler
     * @param weight as configured
     * @param percent the part of the requests that the weight gives it, 0 to 100
     */
    public record Share(String to, int weight, double percent) {}
}
