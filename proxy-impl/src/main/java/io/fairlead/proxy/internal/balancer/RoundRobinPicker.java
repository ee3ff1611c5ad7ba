package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import java.util.SplittableRandom;

/**
 * Each target in turn. Its turn gives a target the share of a request that its weight is of the heaviest weight; it gets one
 * when it has a whole one together. So the heaviest gets one in every round, and the search ends within a round.
 *
 * <p>A retry draws one of what is left, by weight, and leaves the turn where it is. Would it take a turn, the load of a target
 * that fails would go to who follows it, and with every failure some target would lose its turn to the one that fails.
 */
final class RoundRobinPicker implements TargetPicker {
    /** Shares such as ten times 0.1 are a little less than a whole one. */
    private static final double WHOLE = 1 - 1e-9;

    private final Members turns = new Members(false);
    private final SplittableRandom retries;
    private final int thread;
    private boolean begun;

    RoundRobinPicker(int thread, long seed) {
        this.thread = thread;
        this.retries = new SplittableRandom(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        int size = candidates.size();
        if (!turns.are(candidates)) {
            return Sampler.once(candidates, retries);
        }
        if (!begun) {
            begun = true;
            turns.last = Math.floorMod(thread, size) - 1;
        }
        int place = turns.last;
        do {
            place = place + 1 == size ? 0 : place + 1;
        } while (!turns.equalWeights && !isDue(place, turns.weights[place] / turns.maxWeight));
        turns.last = place;
        return place;
    }

    private boolean isDue(int member, double share) {
        double[] collected = turns.values;
        collected[member] += share;
        if (collected[member] < WHOLE) {
            return false;
        }
        collected[member] -= 1;
        return true;
    }
}
