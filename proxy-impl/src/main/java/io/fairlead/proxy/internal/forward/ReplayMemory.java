package io.fairlead.proxy.internal.forward;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that request bodies kept for another attempt may take in all; shared by the I/O threads of a proxy. */
public final class ReplayMemory {

    private final AtomicLong used = new AtomicLong();
    private volatile long limit;

    public ReplayMemory(long limit) {
        this.limit = limit;
    }

    public void limit(long changed) {
        limit = changed;
    }

    boolean tryTake(int bytes) {
        if (used.addAndGet(bytes) <= limit) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    void give(int bytes) {
        used.addAndGet(-bytes);
    }

    /** Bytes that are kept at this moment. */
    public long used() {
        return used.get();
    }
}
