package io.fairlead.proxy.internal.ratelimit;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitDecision.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What clients are told of limits: the fields of draft-ietf-httpapi-ratelimit-headers-11, which are structured (RFC 9651), and
 * Retry-After.
 */
final class LimitFields {

    private static final long SECOND = 1_000_000_000L;
    private static final Duration LONGEST_TOLD = Duration.ofDays(36_500);

    private final String policies;

    LimitFields(List<Limit> limits) {
        List<String> items = new ArrayList<>();
        for (Limit limit : limits) {
            StringBuilder item = new StringBuilder();
            item.append('"').append(name(limit)).append("\";q=").append(limit.permits());
            // Only whole seconds can be told (section 3.1.3).
            if (limit.period().toNanos() % SECOND == 0) {
                item.append(";w=").append(limit.period().toSeconds());
            }
            if (limit.burst() != limit.permits()) {
                item.append(";fairlead-burst=").append(limit.burst());
            }
            items.add(item.toString());
        }
        this.policies = String.join(", ", items);
    }

    /** {@code 100-per-1s}, as log and fields show it. */
    static String name(Limit limit) {
        Duration period = limit.period();
        long millis = period.toMillis();
        String text = millis % 3_600_000 == 0
                ? millis / 3_600_000 + "h"
                : millis % 60_000 == 0
                        ? millis / 60_000 + "m"
                        : millis % 1_000 == 0 ? millis / 1_000 + "s" : millis + "ms";
        return limit.permits() + "-per-" + text;
    }

    /**
     * Adds the policies, and how they stand. A refusal tells only of those that have nothing left, because a client takes
     * Retry-After for the end of every window that stands beside it (section 6).
     */
    void add(Headers fields, RateLimitDecision decision) {
        fields.add("RateLimit-Policy", policies);
        StringBuilder items = new StringBuilder();
        for (Standing standing : decision.standings()) {
            long remaining = remaining(standing);
            if (decision.permitted() || remaining == 0) {
                items.append(items.isEmpty() ? "" : ", ")
                        .append('"')
                        .append(name(standing.limit()))
                        .append("\";r=")
                        .append(remaining)
                        .append(";t=")
                        .append(window(standing, remaining));
            }
        }
        if (!items.isEmpty()) {
            fields.add("RateLimit", items.toString());
        }
    }

    /**
     * The time that the permits left should last: as long as as many come back in. So a client that spreads its requests over it
     * keeps to the rate (section 8.5), and with none left it is the time until the next.
     */
    private static long window(Standing standing, long remaining) {
        Limit limit = standing.limit();
        long cycle = limit.period().toNanos() / limit.permits();
        return remaining == 0 ? seconds(untilNext(standing)) : seconds(cycle * remaining);
    }

    /** Whatever a store says: the field has no negative counts, and a bucket holds no more than its burst. */
    private static long remaining(Standing standing) {
        return Math.max(0, Math.min(standing.remaining(), standing.limit().burst()));
    }

    /** In nanoseconds, which a store's word need not fit; a bucket is full again within the longest time that may be set. */
    private static long untilNext(Standing standing) {
        Duration told = standing.untilNext();
        return told.compareTo(LONGEST_TOLD) > 0 ? LONGEST_TOLD.toNanos() : told.isNegative() ? 0 : told.toNanos();
    }

    /** When every limit will have a permit again. */
    long retryAfterSeconds(RateLimitDecision refusal) {
        long nanos = 0;
        for (Standing standing : refusal.standings()) {
            if (remaining(standing) == 0) {
                nanos = Math.max(nanos, untilNext(standing));
            }
        }
        return seconds(nanos);
    }

    /** Rounded up, and at least one: who comes a moment early is refused again. */
    private static long seconds(long nanos) {
        return Math.max(1, (nanos + SECOND - 1) / SECOND);
    }

    /** The limits that refuse. */
    String exceeded(RateLimitDecision refusal) {
        List<String> names = new ArrayList<>();
        for (Standing standing : refusal.standings()) {
            if (remaining(standing) == 0) {
                names.add(name(standing.limit()));
            }
        }
        return String.join(", ", names);
    }
}
