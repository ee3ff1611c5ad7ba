package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/** Of two drawn by weight the first one, unless the second has less to do for its weight. */
final class PowerOfTwoPicker implements TargetPicker {
    private final Sampler sampler;

    PowerOfTwoPicker(long seed) {
        sampler = new Sampler(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        if (candidates.size() == 1) {
            return 0;
        }
        int first = sampler.first(candidates);
        int second = sampler.second(candidates, first);
        return hasLess(candidates.get(second), candidates.get(first)) ? second : first;
    }

    /**
     * Whether {@code one} has fewer requests under way for its weight than the {@code other}, both without this request and
     * with it.
     *
     * <p>For equal weights that is the same. For others one alone would decide what the draw by weight should: without the
     * request an idle target always wins, and one of weight 1 beside 99 would get every second request of two clients; with
     * it the heavy one wins until it has 99.
     */
    static boolean hasLess(Candidate one, Candidate other) {
        int inFlight = one.inFlight();
        int otherInFlight = other.inFlight();
        double weight = one.weight();
        double otherWeight = other.weight();
        return inFlight * otherWeight < otherInFlight * weight
                && (inFlight + 1.0) * otherWeight < (otherInFlight + 1.0) * weight;
    }
}
