package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import org.jspecify.annotations.Nullable;

/**
 * The candidates of the list that usually comes, with a number that a picker keeps for each of them.
 *
 * <p>A change of the list keeps the numbers of those that stay. The list of a retry is a part of it that comes once: it changes
 * and replaces nothing. So a list is adopted when it comes for the second time, holds somebody new, or lacks nobody.
 */
final class Members {
    private final boolean inWeights;
    private @Nullable Candidates list;
    private @Nullable Candidates seen;
    private Candidate[] members = {};

    /** What the picker keeps for each member. */
    double[] values = {};
    /** The weights of the members. */
    double[] weights = {};

    double totalWeight;
    double maxWeight;
    boolean equalWeights;

    /** The member that was picked last, and so where a turn goes on; -1 before the first. */
    int last = -1;

    /** Begins without members; {@code inWeights} says whether the numbers are sums of weights. */
    Members(boolean inWeights) {
        this.inWeights = inWeights;
    }

    /** Whether the places of this list are those of the members; the list is adopted if it should be. */
    boolean are(Candidates candidates) {
        if (candidates == list) {
            return true;
        }
        if (candidates == seen || candidates.size() >= members.length || !holdsAll(candidates)) {
            adopt(candidates);
            return true;
        }
        seen = candidates;
        return false;
    }

    /** The member at or after {@code from}, and then from the start, that this candidate is; -1 if it is none. */
    private int find(Candidate candidate, int from) {
        for (int i = from; i < members.length; i++) {
            if (members[i] == candidate) {
                return i;
            }
        }
        for (int i = Math.min(from, members.length) - 1; i >= 0; i--) {
            if (members[i] == candidate) {
                return i;
            }
        }
        return -1;
    }

    private boolean holdsAll(Candidates candidates) {
        int at = 0;
        for (int i = 0; i < candidates.size(); i++) {
            at = find(candidates.get(i), at);
            if (at < 0) {
                return false;
            }
        }
        return true;
    }

    private void adopt(Candidates candidates) {
        int size = candidates.size();
        Candidate[] adopted = new Candidate[size];
        double[] kept = new double[size];
        double[] weighed = new double[size];
        double total = 0;
        double max = 0;
        int turn = -1;
        int at = 0;
        for (int i = 0; i < size; i++) {
            Candidate candidate = candidates.get(i);
            adopted[i] = candidate;
            weighed[i] = candidate.weight();
            total += weighed[i];
            max = Math.max(max, weighed[i]);
            int old = find(candidate, at);
            if (old >= 0) {
                kept[i] = values[old];
                at = old;
                if (old <= last) {
                    turn = i;
                }
            }
        }
        boolean equal = true;
        for (double weight : weighed) {
            equal &= weight == max;
        }
        if (inWeights && totalWeight > 0) {
            // Weights of 1,000 each, and then of 1, must not leave debts of 1,000.
            for (int i = 0; i < size; i++) {
                kept[i] *= total / totalWeight;
            }
        }
        list = candidates;
        seen = null;
        members = adopted;
        values = kept;
        weights = weighed;
        totalWeight = total;
        maxWeight = max;
        equalWeights = equal;
        last = turn;
    }
}
