package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimit;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The rules of rate limits that look at more than one setting. */
final class RateLimitRules {

    private static final int PER_MILLISECOND = 1_000;

    private RateLimitRules() {}

    /** The time between two permits must be one that can be counted, and so must that until the bucket is full. */
    static void checkLimit(Limit limit, String place, Context context) {
        if (context.broken(place) || limit.permits() < 1 || limit.burst() < 1) {
            return;
        }
        BigInteger period = nanos(limit.period());
        BigInteger permits = BigInteger.valueOf(limit.permits());
        if (permits.multiply(BigInteger.valueOf(1_000_000 / PER_MILLISECOND)).compareTo(period) > 0) {
            String most = period.divide(BigInteger.valueOf(1_000_000 / PER_MILLISECOND))
                    .toString();
            context.report(
                    "OUT_OF_RANGE",
                    place + ".permits",
                    String.valueOf(limit.permits()),
                    "<= " + most + " in " + Durations.format(limit.period()));
            return;
        }
        BigInteger full = period.multiply(BigInteger.valueOf(limit.burst())).divide(permits);
        if (full.compareTo(nanos(Durations.MAX)) > 0) {
            context.report(
                    "OUT_OF_RANGE",
                    place + ".burst",
                    String.valueOf(limit.burst()),
                    "a burst that comes back within " + Durations.format(Durations.MAX));
        }
    }

    private static BigInteger nanos(Duration duration) {
        return BigInteger.valueOf(duration.getSeconds())
                .multiply(BigInteger.valueOf(1_000_000_000))
                .add(BigInteger.valueOf(duration.getNano()));
    }

    /** Two limits of a period are one; a key that stands twice tells nothing more. */
    static void checkRateLimit(RateLimit rateLimit, String place, Context context) {
        Map<Duration, Integer> periods = new HashMap<>();
        for (int i = 0; i < rateLimit.limits().size(); i++) {
            Limit limit = rateLimit.limits().get(i);
            String at = place + ".limits[" + i + "]";
            Integer first = periods.putIfAbsent(limit.period(), i);
            if (first != null && !context.brokenWithin(place + ".limits")) {
                context.report(
                        "DUPLICATE",
                        at + ".period",
                        Durations.format(limit.period()),
                        "a period other than that of limits[" + first + "]");
            }
        }
        List<Key> seen = new ArrayList<>();
        for (int i = 0; i < rateLimit.keys().size(); i++) {
            Key key = rateLimit.keys().get(i);
            if (seen.contains(key) && !context.brokenWithin(place + ".by")) {
                context.report("DUPLICATE", place + ".by[" + i + "]", key.toString(), "each key once");
            }
            seen.add(key);
        }
    }
}
