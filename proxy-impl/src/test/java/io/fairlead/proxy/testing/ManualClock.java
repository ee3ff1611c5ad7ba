package io.fairlead.proxy.testing;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A nanosecond clock that stands still until a test moves it. Safe to read from any thread. */
public final class ManualClock implements LongSupplier {
    private final AtomicLong nanos;

    /** Starts at zero. */
    public ManualClock() {
        this(0);
    }

    /** Starts anywhere: near {@link Long#MAX_VALUE} it shows whether the reader survives the overflow of nanoTime. */
    public ManualClock(long startNanos) {
        this.nanos = new AtomicLong(startNanos);
    }

    /** What {@code System.nanoTime()} would say. */
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public long getAsLong() {
        return nanoTime();
    }

    /** Moves time forward. */
    public void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("by: " + by + " (expected: >= 0)");
        }
        nanos.addAndGet(by.toNanos());
    }
}
