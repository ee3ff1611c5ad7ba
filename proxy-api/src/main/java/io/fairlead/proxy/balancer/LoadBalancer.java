package io.fairlead.proxy.balancer;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;

/**
 * How a pool chooses the target of an attempt. Data: it compares by value, and a change of it in an update keeps the
 * pool's connections.
 *
 * <p>All strategies respect {@linkplain Candidate#weight() weights}, and choose among the targets that may be used at that
 * moment only. Every I/O thread chooses for itself; what they share are the counts of requests under way and the
 * latencies.
 */
public sealed interface LoadBalancer {

    /**
     * Each target in turn. A target of less weight than the heaviest is passed over in some rounds, so that weights 3 and 1
     * give {@code a a a b}. Every I/O thread keeps its own turn.
     */
    static LoadBalancer roundRobin() {
        return Strategy.ROUND_ROBIN;
    }

    /**
     * Each target in turn as often as its weight says, with the turns of one spread evenly: weights 5, 1 and 1 give
     * {@code a a b a c a a} (smooth weighted round robin, as in nginx). Looks at every target for each request.
     */
    static LoadBalancer weightedRoundRobin() {
        return Strategy.WEIGHTED_ROUND_ROBIN;
    }

    /**
     * The target with the fewest requests under way for its weight, over all I/O threads; one of them at random, by weight,
     * where several are equal. Looks at every target for each request.
     */
    static LoadBalancer leastRequests() {
        return Strategy.LEAST_REQUESTS;
    }

    /**
     * Draws two targets at random, by weight, and takes the one with fewer requests under way for its weight; the first one
     * if they are equal. Almost as even as {@link #leastRequests()}, looks at two targets only, and does not make all
     * threads run to the same one. What a pool uses unless told otherwise.
     */
    static LoadBalancer powerOfTwoChoices() {
        return Strategy.POWER_OF_TWO_CHOICES;
    }

    /** One at random, by weight. */
    static LoadBalancer random() {
        return Strategy.RANDOM;
    }

    /**
     * Draws two targets at random, by weight, and takes the one where an answer can be expected sooner: the lower
     * {@linkplain Candidate#latencyNanos() latency}, times the requests under way and this one, for its weight. A target
     * whose latency is not known yet is tried as long as nothing is under way to it, so one request at a time finds out.
     */
    static LoadBalancer peakEwma() {
        return Strategy.PEAK_EWMA;
    }

    /**
     * Requests with an equal key go to the same target for as long as it may be used and is not overloaded
     * (rendezvous hashing with bounded load). When a target leaves, only its keys move, spread over the others; they come back
     * with it. All I/O threads, and all proxies with the same target URLs and weights, choose alike.
     *
     * @param key what is hashed
     * @param fallbacks what is hashed instead, in this order, where a request has no {@code key}; if it has none of these
     *     either, it goes to one at random, by weight
     */
    static ConsistentHash consistentHash(HashKey key, HashKey... fallbacks) {
        List<HashKey> keys = new ArrayList<>();
        keys.add(requireNonNull(key, "key"));
        keys.addAll(List.of(fallbacks));
        return new ConsistentHash(keys, ConsistentHash.DEFAULT_BALANCE_FACTOR);
    }

    /**
     * One's own, registered under this name with
     * {@link io.fairlead.proxy.ReverseProxy.Builder#register(String, TargetPickerFactory)}.
     */
    static LoadBalancer ref(String name) {
        return new Ref(requireNonNull(name, "name"));
    }

    /** Those without settings. */
    enum Strategy implements LoadBalancer {
        /** {@link LoadBalancer#roundRobin()}. */
        ROUND_ROBIN,
        /** {@link LoadBalancer#weightedRoundRobin()}. */
        WEIGHTED_ROUND_ROBIN,
        /** {@link LoadBalancer#leastRequests()}. */
        LEAST_REQUESTS,
        /** {@link LoadBalancer#powerOfTwoChoices()}. */
        POWER_OF_TWO_CHOICES,
        /** {@link LoadBalancer#random()}. */
        RANDOM,
        /** {@link LoadBalancer#peakEwma()}. */
        PEAK_EWMA
    }

    /**
     * Equal keys to the same target, see {@link LoadBalancer#consistentHash}.
     *
     * @param keys what is hashed: the first of these that the request has
     * @param balanceFactor how many requests a target may have under way, in percent of its fair share (by weight, of all
     *     that are under way and this one, rounded up); above that the next target of the key gets the request. 101 to
     *     10,000, or 0 for no bound: then one hot key may overload its target. A low value is even, a high one is
     *     faithful; with few requests under way a fair share is one request, so that even two at once with one key go to two
     *     targets. Default: 125
     */
    record ConsistentHash(List<HashKey> keys, int balanceFactor) implements LoadBalancer {
        static final int DEFAULT_BALANCE_FACTOR = 125;

        /** Copies the keys. */
        public ConsistentHash {
            keys = List.copyOf(keys);
        }

        /** These keys with another bound. */
        public ConsistentHash withBalanceFactor(int percent) {
            return new ConsistentHash(keys, percent);
        }
    }

    /**
     * The name of a registered {@link TargetPickerFactory}.
     *
     * @param name as given to {@code ReverseProxy.Builder.register}
     */
    record Ref(String name) implements LoadBalancer {}
}
