package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.LoadBalancer.ConsistentHash;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * Rendezvous hashing: every target draws a lot for the key, and the highest wins. The lot hangs on nothing but key and URL, so
 * a target that leaves gives up its own keys and nobody else's, to the second highest each, and all threads and proxies
 * agree without a ring to share.
 *
 * <ol>
 *   <li>Key and target give u, uniform in 0..1. With weights the lot is -w / ln u: then each wins with the probability of its
 *       weight (weighted rendezvous hashing, Schindelhauer and Schomaker 2005), and a change of weight moves the keys to or
 *       from that target only. Equal weights do not need the logarithm, because -1 / ln u rises with u.
 *   <li>A target with more under way than its bound is left out, and the next one of the key is taken (consistent hashing
 *       with bounded loads, Mirrokni, Thorup and Zadimoghaddam 2016). The bounds add up to more than what is under way, so
 *       there is always one below its own.
 * </ol>
 */
final class ConsistentHashPicker implements TargetPicker {
    private final ConsistentHash config;
    private final double factor;
    private final Sampler keyless;
    private @Nullable Candidates known;
    private @Nullable Candidates seen;
    /** Of the list that is known; the same holds as for the tables of {@link Sampler}. */
    private long[] ids = {};

    private boolean equalWeights;

    ConsistentHashPicker(ConsistentHash config, long seed) {
        this.config = config;
        this.factor = config.balanceFactor() / 100.0;
        this.keyless = new Sampler(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        long key = Hash.of(config.keys(), exchange);
        if (key == Hash.MISSING) {
            return keyless.first(candidates);
        }
        boolean tabled = candidates == known;
        if (!tabled) {
            tabled = known == null || candidates == seen;
            if (tabled) {
                keep(candidates);
            } else {
                seen = candidates;
            }
        }
        int best = tabled && equalWeights ? bestOfEqual(key) : best(candidates, key, tabled, Double.POSITIVE_INFINITY);
        // Every bound is one at least.
        if (factor == 0 || candidates.get(best).inFlight() == 0) {
            return best;
        }
        double perWeight = boundPerWeight(candidates);
        if (isBelow(candidates.get(best), perWeight)) {
            return best;
        }
        int next = best(candidates, key, tabled, perWeight);
        // None if the counts have moved since they were added up.
        return next < 0 ? best : next;
    }

    private void keep(Candidates candidates) {
        known = candidates;
        seen = null;
        ids = new long[candidates.size()];
        equalWeights = true;
        double weight = candidates.get(0).weight();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id(candidates.get(i));
            equalWeights &= candidates.get(i).weight() == weight;
        }
    }

    private static long id(Candidate candidate) {
        return Hash.of(candidate.target().url());
    }

    private int bestOfEqual(long key) {
        int best = 0;
        long highest = Long.MIN_VALUE;
        for (int i = 0; i < ids.length; i++) {
            // Without its lowest bits, as u has them, so that both ways agree.
            long lot = Hash.mix(key ^ ids[i]) >>> 12;
            if (lot > highest) {
                highest = lot;
                best = i;
            }
        }
        return best;
    }

    /** The winner of those below their bound; -1 if there is none. */
    private int best(Candidates candidates, long key, boolean tabled, double perWeight) {
        int best = -1;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            if (!isBelow(candidate, perWeight)) {
                continue;
            }
            long hash = Hash.mix(key ^ (tabled ? ids[i] : id(candidate)));
            // Between the numbers that 52 bits can tell apart, so neither 0 nor 1.
            double u = ((hash >>> 12) + 0.5) * 0x1p-52;
            double lot = -candidate.weight() / Math.log(u);
            if (lot > highest) {
                highest = lot;
                best = i;
            }
        }
        return best;
    }

    private double boundPerWeight(Candidates candidates) {
        long underWay = 1;
        double weight = 0;
        for (int i = 0; i < candidates.size(); i++) {
            underWay += candidates.get(i).inFlight();
            weight += candidates.get(i).weight();
        }
        return factor * underWay / weight;
    }

    private static boolean isBelow(Candidate candidate, double perWeight) {
        return candidate.inFlight() < Math.ceil(perWeight * candidate.weight());
    }
}
