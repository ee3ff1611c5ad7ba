package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import java.util.SplittableRandom;

/**
 * The target with the fewest requests under way for its weight. Of several equal ones each is taken with the probability
 * of its weight, so that the I/O threads do not run to one together, and that a proxy with little to do shares by weight, too:
 * the request itself is not counted, or the heaviest would win every time when nothing is under way.
 */
final class LeastRequestsPicker implements TargetPicker {
    private final SplittableRandom random;

    LeastRequestsPicker(long seed) {
        random = new SplittableRandom(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        int picked = 0;
        double least = Double.POSITIVE_INFINITY;
        double tied = 0;
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            double weight = candidate.weight();
            double load = candidate.inFlight() / weight;
            if (load < least) {
                least = load;
                picked = i;
                tied = weight;
            } else if (load == least) {
                tied += weight;
                if (random.nextDouble() * tied < weight) {
                    picked = i;
                }
            }
        }
        return picked;
    }
}
