package io.fairlead.proxy.ratelimit;

/**
 * Where the counters of rate limits live. In this process unless a {@link RateLimit} names a store that the program has
 * registered ({@code ReverseProxy.Builder.registerRateLimitStore}); one that a fleet shares is an implementation of this.
 */
@FunctionalInterface
public interface RateLimitStore {

    /**
     * Opens the counters of one rate limit. Called when a configuration comes into force, not for those that an update leaves
     * as they are; must not block.
     *
     * @param name of the rate limit within its configuration, such as {@code catalog/100-per-1s;by=clientAddress}: the same in
     *     all proxies of that configuration, after a restart, and whatever limits stand beside it; see {@link
     *     RateLimitCounts#name()}
     * @param rateLimit what to count
     */
    Counters open(String name, RateLimit rateLimit);

    /** The counters of one rate limit. Used by all I/O threads at once. */
    @FunctionalInterface
    interface Counters {

        /**
         * Takes a permit of each limit if all of them have one, else none of any. Runs on an I/O thread for each request and must
         * not block: what has to ask elsewhere answers {@link RateLimitDecision#later}. What throws, fails,
         * gives null, or is put off a second time lets the request pass.
         *
         * @param key whose limits; compares by value, and its {@code toString} is different for different keys
         * @param detailed whether the standings are asked for if the request may pass; a refusal always has them
         */
        RateLimitDecision take(Object key, boolean detailed);

        /** How many keys are held in this process. */
        default long keys() {
            return 0;
        }
    }
}
