package io.fairlead.proxy.ratelimit;

/**
 * What a {@link RateLimit} has decided since it came into force.
 *
 * @param name of the rate limit: the route's id, the numbers, and who is counted where that is not the default, such as {@code
 *     catalog/100-per-1s;by=clientAddress}; without an id for one of the whole proxy
 * @param rateLimit its settings
 * @param permitted requests that had a permit
 * @param refused requests that had none; in a dry run they passed all the same
 * @param exempt requests of clients that the limit does not apply to
 * @param missingKey requests without the key, whatever became of them
 * @param failed requests that passed because the store failed
 * @param keys for which counters are held in this process now, as an estimate
 */
public record RateLimitCounts(
        String name,
        RateLimit rateLimit,
        long permitted,
        long refused,
        long exempt,
        long missingKey,
        long failed,
        long keys) {}
