package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.RateLimit;
import java.math.BigInteger;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
        if (!context.moved(place + ".limits")) {
            checkPeriods(rateLimit.limits(), place + ".limits", context);
        }
        if (!context.moved(place + ".by")) {
            checkKeys(rateLimit.keys(), place + ".by", context);
        }
    }

    private static void checkPeriods(List<Limit> limits, String place, Context context) {
        Map<Duration, Integer> periods = new HashMap<>();
        for (int i = 0; i < limits.size(); i++) {
            Duration period = limits.get(i).period();
            String at = place + "[" + i + "].period";
            // What could not be read has the default, which nobody meant.
            Integer first = context.broken(at) ? null : periods.putIfAbsent(period, i);
            if (first != null) {
                context.report(
                        "DUPLICATE", at, Durations.format(period), "a period other than that of limits[" + first + "]");
            }
        }
    }

    private static void checkKeys(List<Key> keys, String place, Context context) {
        Map<Key, Integer> seen = new HashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            Key key = keys.get(i);
            String at = place + "[" + i + "]";
            Integer first = context.broken(at) ? null : seen.putIfAbsent(key, i);
            if (first != null) {
                context.report("DUPLICATE", at, describe(key), "a key other than that of by[" + first + "]");
            }
        }
    }

    private static String describe(Key key) {
        return RateLimitTypes.RATE_LIMIT_KEY.write(key, new Context()).toString();
    }

    /**
     * A variable that no match captures is missing always: then all requests share one limit, or none passes.
     *
     * @param captured the names that may be captured, sorted
     * @param by whose they are, such as "the match"
     */
    static void checkVariables(
            RateLimit rateLimit, String place, String in, Set<String> captured, String by, Context context) {
        for (int i = 0; i < rateLimit.keys().size(); i++) {
            String at = place + ".by[" + i + "].name";
            if (rateLimit.keys().get(i) instanceof Key.PathVariable variable
                    && !captured.contains(variable.name())
                    && !context.broken(at)) {
                String expectation = captured.isEmpty()
                        ? "a variable that " + by + " captures; there is none"
                        : "one that " + by + " captures: " + String.join(", ", captured);
                context.report("UNKNOWN_REFERENCE", at, Context.quote(variable.name()) + in, expectation);
            }
        }
    }
}
