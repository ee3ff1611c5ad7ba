package io.fairlead.proxy.route;

import java.util.List;
import java.util.Optional;

/**
 * Why a request goes where it goes.
 *
 * @param routeId the route that wins; empty when none matches
 * @param candidates every route in the order in which they are considered, with the reason
 */
public record Explanation(Optional<String> routeId, List<Candidate> candidates) {

    /** Copies the list. */
    public Explanation {
        candidates = List.copyOf(candidates);
    }

    /**
     * One route that was considered.
     *
     * @param routeId its id
     * @param matched whether the request fits it
     * @param reason the condition that failed, or why another route came first; empty for the winner
     */
    public record Candidate(String routeId, boolean matched, String reason) {}
}
