package io.fairlead.proxy.internal.resilience;

import io.fairlead.proxy.resilience.ConcurrencyLimit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The adaptive limit of one target, fed by all I/O threads: each counts in cells of its own, and whoever finds that a window
 * of half a second is over adds them up. So a sample costs a few stores that nobody else writes, and the lock is taken twice a second.
 */
public final class LimitMeter {

    static final long WINDOW_NANOS = 500_000_000L;

    /** Longs between the cells of two threads, so that they share no cache line. */
    private static final int STRIDE = 16;

    private static final int COUNT = 0;
    private static final int NANOS = 1;
    private static final int IN_FLIGHT = 2;
    private static final int DROPS = 3;
    private static final int FIELDS = 4;

    private final ConcurrencyLimit config;
    /** Sums since the beginning; each written by its own thread only. */
    private final AtomicLongArray cells;

    private final AtomicLong windowEnd;

    /** Guarded by this. */
    private final AdaptiveLimit adaptive;

    /** Guarded by this: the sums at the end of the last window. */
    private final long[] before = new long[FIELDS];

    private volatile int limit;

    /** @param now as {@link System#nanoTime()} */
    public LimitMeter(ConcurrencyLimit config, int threads, long now) {
        this.config = config;
        this.cells = new AtomicLongArray(threads * STRIDE);
        this.windowEnd = new AtomicLong(now + WINDOW_NANOS);
        this.adaptive = new AdaptiveLimit(config.min(), config.max());
        this.limit = adaptive.limit();
    }

    public ConcurrencyLimit config() {
        return config;
    }

    /** The most requests at this moment. */
    public int limit() {
        return limit;
    }

    /**
     * An answer began.
     *
     * @param thread the index of the calling I/O thread
     * @param nanos the time to its head
     * @param inFlight requests under way, this one included
     */
    public void answered(int thread, long nanos, int inFlight, long now) {
        add(thread, COUNT, 1);
        add(thread, NANOS, nanos);
        add(thread, IN_FLIGHT, inFlight);
        rollIfDue(now);
    }

    /** The target said that it is overloaded, or did not answer in time. */
    public void dropped(int thread, long now) {
        add(thread, DROPS, 1);
        rollIfDue(now);
    }

    private void add(int thread, int field, long value) {
        int at = thread * STRIDE + field;
        cells.setRelease(at, cells.getPlain(at) + value);
    }

    private void rollIfDue(long now) {
        long end = windowEnd.get();
        if (now - end >= 0 && windowEnd.compareAndSet(end, now + WINDOW_NANOS)) {
            roll();
        }
    }

    private synchronized void roll() {
        long[] sums = new long[FIELDS];
        for (int at = 0; at < cells.length(); at += STRIDE) {
            for (int field = 0; field < FIELDS; field++) {
                sums[field] += cells.getAcquire(at + field);
            }
        }
        long count = sums[COUNT] - before[COUNT];
        long drops = sums[DROPS] - before[DROPS];
        if (count + drops < AdaptiveLimit.MIN_SAMPLES) {
            return;
        }
        if (count == 0) {
            limit = adaptive.droppedAll();
        } else {
            double nanos = (double) (sums[NANOS] - before[NANOS]) / count;
            double inFlight = (double) (sums[IN_FLIGHT] - before[IN_FLIGHT]) / count;
            // One in ten: single failures have other reasons.
            limit = adaptive.window(nanos, inFlight, drops * 10 >= count + drops);
        }
        System.arraycopy(sums, 0, before, 0, FIELDS);
    }
}
