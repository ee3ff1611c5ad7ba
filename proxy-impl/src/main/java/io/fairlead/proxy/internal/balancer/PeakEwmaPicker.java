package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/** Of two drawn by weight the one where an answer can be expected sooner. */
final class PeakEwmaPicker implements TargetPicker {
    /** Instead of a latency that is not known: above every real one, yet small enough to be multiplied. */
    private static final double UNKNOWN_NANOS = 1e15;

    private final Sampler sampler;

    PeakEwmaPicker(long seed) {
        sampler = new Sampler(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        if (candidates.size() == 1) {
            return 0;
        }
        int first = sampler.first(candidates);
        int second = sampler.second(candidates, first);
        return cost(candidates.get(first)) <= cost(candidates.get(second)) ? first : second;
    }

    private static double cost(Candidate candidate) {
        int inFlight = candidate.inFlight();
        double latency = candidate.latencyNanos();
        if (latency <= 0) {
            if (inFlight == 0) {
                return 0;
            }
            // Somebody is finding out; until then nobody else runs into what may be slow.
            latency = UNKNOWN_NANOS;
        }
        return latency * (inFlight + 1.0) / candidate.weight();
    }
}
