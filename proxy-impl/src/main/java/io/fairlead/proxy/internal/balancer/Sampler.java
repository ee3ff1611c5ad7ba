package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Draws candidates at random, by weight, without allocating.
 *
 * <p>A table of a list is kept for as long as the list comes. The list of a retry comes once, so no table is made of it, and
 * it does not replace the one that is kept: a list gets its table when it comes for the second time.
 */
final class Sampler {
    private final SplittableRandom random;
    private @Nullable Candidates known;
    private @Nullable Candidates seen;
    /** The sum of the weights up to and including each place; empty where all weights are equal. */
    private double[] ends = {};

    /** Of the draw that {@link #first} began. */
    private boolean tabled;

    private double total;

    Sampler(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Draws one. */
    int first(Candidates candidates) {
        int size = candidates.size();
        if (candidates != known) {
            tabled = known == null || candidates == seen;
            if (tabled) {
                keep(candidates);
            } else {
                seen = candidates;
                total = total(candidates);
                return walk(candidates, random.nextDouble() * total);
            }
        }
        tabled = true;
        return ends.length == 0 ? random.nextInt(size) : find(random.nextDouble() * ends[size - 1]);
    }

    /** Draws another one than {@code first} from the same list, which has two at least. */
    int second(Candidates candidates, int first) {
        int size = candidates.size();
        if (size == 2) {
            return 1 - first;
        }
        if (tabled && ends.length == 0) {
            int drawn = random.nextInt(size - 1);
            return drawn < first ? drawn : drawn + 1;
        }
        // The weight of the first is cut out of the range, so that one draw will do however heavy that is.
        double begin = begin(candidates, first);
        double weight = tabled ? ends[first] - begin : candidates.get(first).weight();
        double drawn = random.nextDouble() * ((tabled ? ends[size - 1] : total) - weight);
        if (drawn >= begin) {
            drawn += weight;
        }
        int second = tabled ? find(drawn) : walk(candidates, drawn);
        // Only rounding leads back to the first.
        return second == first ? (first + 1) % size : second;
    }

    /** Draws one of a list that comes once. */
    static int once(Candidates candidates, SplittableRandom random) {
        return walk(candidates, random.nextDouble() * total(candidates));
    }

    private static double total(Candidates candidates) {
        double total = 0;
        for (int i = 0; i < candidates.size(); i++) {
            total += candidates.get(i).weight();
        }
        return total;
    }

    private double begin(Candidates candidates, int place) {
        if (tabled) {
            return place == 0 ? 0 : ends[place - 1];
        }
        double begin = 0;
        for (int i = 0; i < place; i++) {
            begin += candidates.get(i).weight();
        }
        return begin;
    }

    private void keep(Candidates candidates) {
        known = candidates;
        seen = null;
        double[] sums = new double[candidates.size()];
        boolean equal = true;
        double sum = 0;
        double weight = candidates.get(0).weight();
        for (int i = 0; i < sums.length; i++) {
            double own = candidates.get(i).weight();
            equal &= own == weight;
            sum += own;
            sums[i] = sum;
        }
        ends = equal ? new double[0] : sums;
    }

    private static int walk(Candidates candidates, double drawn) {
        int last = candidates.size() - 1;
        double end = 0;
        for (int i = 0; i < last; i++) {
            end += candidates.get(i).weight();
            if (drawn < end) {
                return i;
            }
        }
        return last;
    }

    /** The first place whose end lies above. */
    private int find(double drawn) {
        int low = 0;
        int high = ends.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (drawn < ends[middle]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
