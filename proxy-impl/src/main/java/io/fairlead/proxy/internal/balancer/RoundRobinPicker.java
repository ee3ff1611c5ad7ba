package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/**
 * Each target in turn. Its turn gives a target the share of a request that its weight is of the heaviest weight; it gets one
 * when it has a whole one together. So the heaviest gets one in every round, and the search ends within a round.
 *
 * <p>A retry takes the next turn among what is left, and the turn goes on from there: then the load of a target that fails
 * goes to all others, not to its neighbour.
 */
final class RoundRobinPicker implements TargetPicker {
    /** Shares such as ten times 0.1 are a little less than a whole one. */
    private static final double WHOLE = 1 - 1e-9;

    private final Members turns = new Members(false);
    private final int thread;
    private boolean begun;

    RoundRobinPicker(int thread) {
        this.thread = thread;
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        int size = candidates.size();
        boolean members = turns.are(candidates);
        if (!begun) {
            begun = true;
            turns.last = Math.floorMod(thread, size) - 1;
        }
        return members ? ofMembers(size) : ofPart(candidates, size);
    }

    private int ofMembers(int size) {
        int place = turns.last;
        do {
            place = place + 1 == size ? 0 : place + 1;
        } while (!turns.equalWeights && !isDue(place, turns.weights[place] / turns.maxWeight));
        turns.last = place;
        return place;
    }

    private int ofPart(Candidates candidates, int size) {
        double max = 0;
        int start = 0;
        int member = 0;
        for (int i = 0; i < size; i++) {
            max = Math.max(max, candidates.get(i).weight());
            member = turns.find(candidates.get(i), member);
            if (member <= turns.last) {
                start = i + 1;
            }
        }
        int place = start % size;
        while (true) {
            member = turns.find(candidates.get(place), member);
            if (isDue(member, candidates.get(place).weight() / max)) {
                turns.last = member;
                return place;
            }
            place = place + 1 == size ? 0 : place + 1;
        }
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
