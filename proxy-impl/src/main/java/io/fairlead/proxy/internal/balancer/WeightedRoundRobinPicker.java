package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import java.util.SplittableRandom;

/**
 * Smooth weighted round robin: each pick adds to every target its weight, takes the one that has most together, and takes
 * the sum of all weights from that. So its turns lie as far apart as they can. A retry is drawn by weight and takes no turn.
 */
final class WeightedRoundRobinPicker implements TargetPicker {
    private final Members turns = new Members(true);
    private final SplittableRandom retries;
    private final int thread;
    private boolean begun;

    WeightedRoundRobinPicker(int thread, long seed) {
        this.thread = thread;
        this.retries = new SplittableRandom(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        if (!turns.are(candidates)) {
            return Sampler.once(candidates, retries);
        }
        if (!begun) {
            begun = true;
            for (int skipped = Math.floorMod(thread, candidates.size()); skipped > 0; skipped--) {
                ofMembers();
            }
        }
        return ofMembers();
    }

    private int ofMembers() {
        double[] collected = turns.values;
        double[] weights = turns.weights;
        int most = 0;
        for (int i = 0; i < collected.length; i++) {
            collected[i] += weights[i];
            if (collected[i] > collected[most]) {
                most = i;
            }
        }
        collected[most] -= turns.totalWeight;
        return most;
    }
}
