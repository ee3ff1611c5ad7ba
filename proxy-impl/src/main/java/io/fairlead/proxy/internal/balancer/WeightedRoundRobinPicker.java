package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/**
 * Smooth weighted round robin: each pick adds to every target its weight, takes the one that has most together, and takes
 * the sum of all weights from that. So its turns lie as far apart as they can.
 */
final class WeightedRoundRobinPicker implements TargetPicker {
    private final Members turns = new Members(true);
    private final int thread;
    private boolean begun;

    WeightedRoundRobinPicker(int thread) {
        this.thread = thread;
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        if (!turns.are(candidates)) {
            return ofPart(candidates);
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

    private int ofPart(Candidates candidates) {
        double[] collected = turns.values;
        double total = 0;
        int member = 0;
        int mostMember = -1;
        int most = 0;
        for (int i = 0; i < candidates.size(); i++) {
            double weight = candidates.get(i).weight();
            member = turns.find(candidates.get(i), member);
            total += weight;
            collected[member] += weight;
            if (mostMember < 0 || collected[member] > collected[mostMember]) {
                mostMember = member;
                most = i;
            }
        }
        collected[mostMember] -= total;
        return most;
    }
}
