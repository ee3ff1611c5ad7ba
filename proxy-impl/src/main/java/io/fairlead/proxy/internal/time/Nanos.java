package io.fairlead.proxy.internal.time;

import java.time.Duration;

/** Durations that users give, such as {@code ChronoUnit.FOREVER.getDuration()}, in nanoseconds. */
public final class Nanos {

    private static final Duration MAX = Duration.ofDays(3650);

    private Nanos() {}

    /** Ten years at most, so that the sum with a moment does not overflow; 0 if it is negative. */
    public static long of(Duration duration) {
        if (duration.isNegative()) {
            return 0;
        }
        return duration.compareTo(MAX) < 0 ? duration.toNanos() : MAX.toNanos();
    }
}
