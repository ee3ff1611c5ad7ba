package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import java.util.SplittableRandom;

/**
 * The target with the fewest requests under way for its weight, this one included; but one that was drawn by weight, if the
 * former has not {@linkplain PowerOfTwoPicker#hasLess less to do} than that. So of equal ones one is taken at random, the I/O
 * threads do not run to one together, and a proxy with little to do shares by weight instead of always taking the heaviest.
 */
final class LeastRequestsPicker implements TargetPicker {
    private final Sampler sampler;
    private final SplittableRandom ties;

    LeastRequestsPicker(long seed) {
        sampler = new Sampler(seed);
        ties = new SplittableRandom(~seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        int drawn = sampler.first(candidates);
        int least = 0;
        double lowest = Double.POSITIVE_INFINITY;
        int tied = 0;
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            double load = (candidate.inFlight() + 1.0) / candidate.weight();
            if (load < lowest) {
                lowest = load;
                least = i;
                tied = 1;
            } else if (load == lowest) {
                // Each of those that tie remains with the same probability.
                tied++;
                if (ties.nextInt(tied) == 0) {
                    least = i;
                }
            }
        }
        return PowerOfTwoPicker.hasLess(candidates.get(least), candidates.get(drawn)) ? least : drawn;
    }
}
