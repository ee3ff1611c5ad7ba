package io.fairlead.proxy.resilience;

/**
 * How many requests may be under way to one target at once, over all I/O threads. A target at its limit is passed over;
 * when all are, the answer is 503 with {@code Retry-After} at once, without a look at any of them.
 *
 * <p>A fixed limit is for servers whose capacity is known. An adaptive one finds it by the time to the head of the answer:
 * it grows while that stays near the best that was seen lately, and shrinks when requests begin to queue in the server or
 * its failures say that it is overloaded. docs/concurrency-limits.md tells how, and what it does beside the limit on connections.
 *
 * @param max the most requests; at least 1
 * @param min where an adaptive limit stops shrinking, at most {@code max}; 0 means that the limit is fixed
 */
public record ConcurrencyLimit(int max, int min) {

    /** Always this limit. */
    public static ConcurrencyLimit of(int max) {
        return new ConcurrencyLimit(max, 0);
    }

    /**
     * A limit between these that follows what the target can do; it begins at 20, or as near as it may. Choose a
     * {@code min} that the target can surely do without queueing, such as 2: the time it takes there is taken for its best.
     */
    public static ConcurrencyLimit adaptive(int min, int max) {
        return new ConcurrencyLimit(max, min);
    }

    /** Whether it moves. */
    public boolean isAdaptive() {
        return min > 0;
    }
}
