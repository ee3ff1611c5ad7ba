package io.fairlead.proxy.internal.resilience;

/**
 * Finds how many requests a target can do at once, by the time that they take. One thread tells it, window by window, what was
 * seen.
 *
 * <p><b>The rule.</b> {@code base} is the shortest mean time of a window: the target without a queue. As long as the time stays
 * within 1.5 {@code base}, the limit may grow by its square root, which is the queue it may leave in the target; above that it
 * shrinks by the ratio, at most by half. A fifth of the change is made in each window. Failures of overload shrink it by a tenth
 * at once. It does not grow while less than half of it is in use, because then the time says nothing about more.
 *
 * <p><b>The base grows old.</b> Under a lasting overload no window is free of a queue, and a target may become slower for good. So
 * every 60 windows, unless the time was near the base of late, the limit is halved for two windows; the first lets what is
 * queued go, the mean of the second is the new base. At the lowest limit every window is such a measurement.
 *
 * <p>Netflix's concurrency-limits, which is the model for this, takes a lock for every sample and makes objects for each
 * permit. Its Gradient2Limit takes a slowly moving mean for the base, so that after some minutes of overload the overload is
 * the base.
 */
final class AdaptiveLimit {

    /** Fewer say too little; then a window goes on. */
    static final int MIN_SAMPLES = 10;

    private static final int START = 20;
    private static final double TOLERANCE = 1.5;
    private static final double SMOOTHING = 0.2;
    private static final double AFTER_DROPS = 0.9;
    private static final int WINDOWS_BETWEEN_MEASUREMENTS = 60;

    private final int min;
    private final int max;
    private double estimate;
    /** Mean nanoseconds without a queue; 0 as long as it is not known. */
    private double base;

    /** Windows since the base was confirmed. */
    private int age;
    /** Windows of a measurement that are still to come. */
    private int measuring;

    AdaptiveLimit(int min, int max) {
        this.min = min;
        this.max = max;
        this.estimate = Math.max(min, Math.min(max, START));
    }

    /** The limit at this moment. */
    int limit() {
        int whole = (int) estimate;
        return measuring > 0 ? Math.max(min, whole / 2) : whole;
    }

    /**
     * A window is over.
     *
     * @param nanos mean time to the head of an answer
     * @param inFlight mean number of requests under way when they began
     * @param drops whether the target failed in a way that overload explains
     * @return the limit from now on
     */
    int window(double nanos, double inFlight, boolean drops) {
        if (measuring > 0) {
            measuring--;
            if (measuring == 0) {
                base = nanos;
                age = 0;
            }
            return limit();
        }
        if (base == 0 || nanos < base || estimate <= min) {
            base = nanos;
        }
        if (nanos <= base * TOLERANCE / 1.25) {
            age = 0;
        } else if (++age >= WINDOWS_BETWEEN_MEASUREMENTS && estimate > min) {
            measuring = 2;
            return limit();
        }
        if (drops) {
            return droppedAll();
        }
        double gradient = Math.max(0.5, Math.min(1, TOLERANCE * base / nanos));
        double next = estimate * gradient + Math.sqrt(estimate);
        next = estimate * (1 - SMOOTHING) + next * SMOOTHING;
        if (next < estimate || inFlight >= estimate / 2) {
            estimate = bounded(next);
        }
        return limit();
    }

    /** A window without a time is over: the target failed each time in a way that overload explains. */
    int droppedAll() {
        estimate = bounded(estimate * AFTER_DROPS);
        return limit();
    }

    private double bounded(double value) {
        return Math.max(min, Math.min(max, value));
    }
}
