package io.fairlead.proxy.internal.balancer;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The latency of a target as {@link io.fairlead.proxy.balancer.Candidate#latencyNanos()} tells it: a mean that weighs what
 * was measured by its age, with a time constant of 10 s, but jumps to whatever lies above. It fades while nothing is
 * measured, so that a target that was slow once, and is avoided for it, is tried again.
 *
 * <p>All I/O threads write it without a lock. Two at once may lose one of two measurements, or date one by the other; the next
 * one puts it right.
 */
public final class PeakLatency {
    private static final double TIME_CONSTANT = TimeUnit.SECONDS.toNanos(10);

    /** Of a target that has only failed yet: more than most answers take, and gone when it is tried again after a while. */
    private static final double NEVER_ANSWERED = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier clock;

    // Apart from what is only read beside it, for it changes with every answer.
    long p1;
    long p2;
    long p3;
    long p4;
    long p5;
    long p6;
    long p7;
    long p8;
    private volatile double nanos;
    private volatile long measuredAt;
    long q1;
    long q2;
    long q3;
    long q4;
    long q5;
    long q6;
    long q7;
    long q8;

    /** Begins with nothing measured, on this clock of nanoseconds. */
    public PeakLatency(LongSupplier clock) {
        this.clock = clock;
    }

    /** An answer took so long. */
    public void answered(long took) {
        long now = clock.getAsLong();
        double before = nanos;
        if (took >= before) {
            nanos = Math.max(1, took);
        } else {
            double kept = kept(now);
            nanos = before * kept + took * (1 - kept);
        }
        measuredAt = now;
    }

    /**
     * There was no answer after so long, or one that says that the target is ill. A failure that came quickly says nothing of how
     * long an answer takes; but what was known does not fade by it, or a target that fails quickly would look quick in the end.
     */
    public void failed(long took) {
        double before = nanos;
        nanos = Math.max(took, before == 0 ? NEVER_ANSWERED : before);
        measuredAt = clock.getAsLong();
    }

    /** The latency in nanoseconds; 0 if none is known. */
    public long get() {
        double measured = nanos;
        return measured == 0 ? 0 : (long) (measured * kept(clock.getAsLong()));
    }

    private double kept(long now) {
        long age = now - measuredAt;
        return age <= 0 ? 1 : Math.exp(-age / TIME_CONSTANT);
    }
}
