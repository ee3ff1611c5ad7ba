package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/**
 * Of two drawn by weight the one with fewer requests under way for its weight.
 *
 * <p>The request itself is not counted: then a heavy target would win every time when nothing is under way, while the first
 * one drawn has its share exactly.
 */
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
        Candidate a = candidates.get(first);
        Candidate b = candidates.get(second);
        return a.inFlight() * b.weight() <= b.inFlight() * a.weight() ? first : second;
    }
}
