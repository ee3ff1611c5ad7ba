package io.fairlead.proxy.ratelimit;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * So many requests in a time: a token bucket. It holds {@code burst} permits at most and begins full; each request takes
 * one, and one comes back each {@code period / permits}. So after a pause {@code burst} requests may come at once, and in
 * the long run {@code permits} each {@code period}: never more than {@code burst + permits} in any one period.
 *
 * @param permits how many requests a period; at least 1 and at most 1,000 for each millisecond of the period
 * @param period the time; at least 1 ms
 * @param burst how many may come at once after a pause; at least 1, which spaces requests evenly
 */
public record Limit(int permits, Duration period, int burst) {

    /** Rejects null only; the proxy's {@code build()} reports everything else. */
    public Limit {
        requireNonNull(period, "period");
    }

    /** A limit whose burst is that of a whole period. */
    public static Limit of(int permits, Duration period) {
        return new Limit(permits, period, permits);
    }

    /** The same with another burst. */
    public Limit withBurst(int newBurst) {
        return new Limit(permits, period, newBurst);
    }
}
