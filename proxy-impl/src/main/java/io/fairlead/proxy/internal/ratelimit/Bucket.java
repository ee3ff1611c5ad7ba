package io.fairlead.proxy.internal.ratelimit;

import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitDecision.Standing;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.github.resilience4j.ratelimiter.internal.AtomicRateLimiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The token buckets of one key, a resilience4j limiter for each limit.
 *
 * <p>That limiter refills in cycles and holds no more than one cycle's permits, so that a cycle of the whole period would
 * let twice as many through around its end. But it lends permits of cycles to come to who would wait for them: its
 * timeout says how far ahead. So here a cycle has one permit, and the timeout is that of {@code burst - 1} cycles: a request
 * for which the limiter would have a thread wait that long passes at once, which is the generic cell rate algorithm, a
 * bucket of {@code burst} permits that gets one back each cycle. Nobody ever waits.
 *
 * <p>The lock makes the limits of a key one: a request takes of all or of none. It also keeps threads off the limiter's
 * compare-and-set, which parks who loses the race. Held for some hundred nanoseconds, by requests of the same key only.
 *
 * <p>It is the clock of its limiters, which ask several times a decision: time stands still while one is made.
 */
final class Bucket implements Supplier<Long> {

    /** The settings that the buckets of all keys share. */
    record Shape(Limit limit, RateLimiterConfig config, long cycleNanos) {

        static Shape of(Limit limit) {
            long cycle = limit.period().toNanos() / limit.permits();
            return new Shape(
                    limit,
                    RateLimiterConfig.custom()
                            .limitForPeriod(1)
                            .limitRefreshPeriod(Duration.ofNanos(cycle))
                            .timeoutDuration(Duration.ofNanos(cycle * (limit.burst() - 1)))
                            .build(),
                    cycle);
        }

        /** The time in which an empty bucket becomes full. */
        long fullNanos() {
            return cycleNanos * limit.burst();
        }
    }

    private final Shape[] shapes;
    private final AtomicRateLimiter[] limiters;

    /** Guarded by this: when the decision is made. */
    private Long now;

    /**
     * Full buckets.
     *
     * @param now nanoseconds of the clock that {@link #take} goes by
     */
    Bucket(Shape[] shapes, long now) {
        this.shapes = shapes;
        this.limiters = new AtomicRateLimiter[shapes.length];
        this.now = now;
        for (int i = 0; i < shapes.length; i++) {
            limiters[i] = new AtomicRateLimiter("", shapes[i].config(), Map.of(), this);
        }
    }

    @Override
    public Long get() {
        return now;
    }

    /** Takes a permit of each, or of none. */
    synchronized RateLimitDecision take(long nanoTime, boolean detailed) {
        // Who read the clock first may come second; the limiters would take time that goes back for a long wait.
        if (nanoTime - now > 0) {
            now = nanoTime;
        }
        // The first one answers for itself, if none of the others refuses.
        for (int i = 1; i < limiters.length; i++) {
            if (remaining(i) < 1) {
                return decision(false, true);
            }
        }
        if (limiters[0].reservePermission(1) < 0) {
            return decision(false, true);
        }
        for (int i = 1; i < limiters.length; i++) {
            limiters[i].reservePermission(1);
        }
        return decision(true, detailed);
    }

    private RateLimitDecision decision(boolean permitted, boolean detailed) {
        if (permitted && !detailed) {
            return RateLimitDecision.permit();
        }
        List<Standing> standings = new ArrayList<>(limiters.length);
        for (int i = 0; i < limiters.length; i++) {
            int remaining = remaining(i);
            long nanos = remaining >= shapes[i].limit().burst() ? 0 : untilNext(i, remaining);
            standings.add(new Standing(shapes[i].limit(), remaining, Duration.ofNanos(nanos)));
        }
        return permitted ? RateLimitDecision.permit(standings) : RateLimitDecision.refuse(standings);
    }

    /** The limiter counts from 1, when nothing is lent, down to all that it lends. */
    private int remaining(int i) {
        return limiters[i].getDetailedMetrics().getAvailablePermissions()
                + shapes[i].limit().burst()
                - 1;
    }

    /** The limiter tells the time until a permit would be there unlent: one cycle for each that is lent, and the rest of this one. */
    private long untilNext(int i, int remaining) {
        long untilUnlent = limiters[i].getDetailedMetrics().getNanosToWait();
        int lent = shapes[i].limit().burst() - 1 - remaining;
        return Math.max(0, Math.min(untilUnlent - lent * shapes[i].cycleNanos(), shapes[i].cycleNanos()));
    }
}
