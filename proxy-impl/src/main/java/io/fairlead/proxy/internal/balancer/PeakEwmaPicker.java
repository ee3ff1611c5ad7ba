package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/** Of two drawn by weight the first one, unless an answer of the second can be expected sooner. */
final class PeakEwmaPicker implements TargetPicker {
    /** Instead of a latency that is not known: above every real one. */
    private static final double UNKNOWN_NANOS = 1e18;

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
        return isSooner(candidates.get(second), candidates.get(first)) ? second : first;
    }

    /** Both without this request and with it, for the reason that {@link PowerOfTwoPicker#hasLess} tells. */
    private static boolean isSooner(Candidate one, Candidate other) {
        int inFlight = one.inFlight();
        int otherInFlight = other.inFlight();
        double latency = latency(one, inFlight);
        double otherLatency = latency(other, otherInFlight);
        double weight = one.weight();
        double otherWeight = other.weight();
        // Without this request an idle target still takes its latency, whatever its weight.
        double full = Math.max(weight, otherWeight);
        return latency * (inFlight * full / weight + 1) < otherLatency * (otherInFlight * full / otherWeight + 1)
                && latency * (inFlight + 1.0) * otherWeight < otherLatency * (otherInFlight + 1.0) * weight;
    }

    private static double latency(Candidate candidate, int inFlight) {
        long nanos = candidate.latencyNanos();
        if (nanos > 0) {
            return nanos;
        }
        // One request at a time finds out; meanwhile nobody else runs into what may be slow.
        return inFlight == 0 ? 0 : UNKNOWN_NANOS;
    }
}
