package io.fairlead.proxy.internal.health;

/** The share of its weight that a target has while it starts slowly: a tenth at first, all of it at the end, evenly between. */
public final class SlowStart {

    private static final double FIRST = 0.1;

    /** Each step makes a new list of targets, and pickers derive theirs anew. */
    private static final int STEPS = 20;

    private static final long LEAST_STEP_NANOS = 20_000_000L;

    private SlowStart() {}

    /**
     * The share.
     *
     * @param elapsed nanoseconds since it began
     * @param window nanoseconds that it takes
     * @return 0.1 to 1
     */
    public static double share(long elapsed, long window) {
        return elapsed >= window ? 1 : Math.max(FIRST, (double) elapsed / window);
    }

    /** The time from one change of the share to the next. */
    public static long stepNanos(long window) {
        return Math.max(LEAST_STEP_NANOS, window / STEPS);
    }
}
