package io.fairlead.proxy.internal.health;

import io.fairlead.proxy.health.OutlierDetection;

/**
 * How often one target was ejected in a row, and until when it is. One thread.
 *
 * <p>The number in a row falls by one with each whole interval since the last return. That is reckoned when the next ejection
 * asks for it, so that a target that is well costs no timer.
 */
public final class Ejections {

    private OutlierDetection config;
    private int inARow;
    private long returnedAt;
    private long until;
    private boolean ejected;

    public Ejections(OutlierDetection config) {
        this.config = config;
    }

    /** Other settings hold for the next ejection. */
    public void configure(OutlierDetection changed) {
        config = changed;
    }

    public boolean isEjected() {
        return ejected;
    }

    /** When the ejection that is in force ends. */
    public long until() {
        return until;
    }

    /**
     * Ejects.
     *
     * @return for how long, in nanoseconds
     */
    public long eject(long now) {
        if (inARow > 0) {
            long well = (now - returnedAt) / config.interval().toNanos();
            inARow = (int) Math.max(0, inARow - well);
        }
        inARow++;
        long longest = config.maxEjectionTime().toNanos();
        long base = config.baseEjectionTime().toNanos();
        // Divided, since a hundred years times a few are more than a long holds.
        long time = inARow > longest / base ? longest : base * inARow;
        ejected = true;
        until = now + time;
        return time;
    }

    /** The ejection is over. */
    public void returned(long now) {
        ejected = false;
        returnedAt = now;
    }

    /** How many ejections there were in a row, the one in force or the last one included. */
    public int inARow() {
        return inARow;
    }

    /**
     * Whether one more may be ejected.
     *
     * @param ejected how many are
     * @param all targets of the pool that are not draining
     * @param usableBeside targets that stay usable
     */
    public static boolean allowed(OutlierDetection config, int ejected, int all, int usableBeside) {
        int most = (int) Math.max(1, (long) all * config.maxEjectionPercent() / 100);
        return ejected < most && usableBeside > 0;
    }
}
