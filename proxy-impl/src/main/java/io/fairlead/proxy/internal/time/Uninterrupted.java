package io.fairlead.proxy.internal.time;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits that an interrupt does not end. Who is interrupted meanwhile, or was before, is so again afterwards. */
public final class Uninterrupted {

    /** What waits. */
    public interface Wait {
        /** Whether it has come within this time. */
        boolean await(long nanos) throws InterruptedException;
    }

    private Uninterrupted() {}

    public static boolean await(CountDownLatch latch, long nanos) {
        return await(nanos, left -> latch.await(left, TimeUnit.NANOSECONDS));
    }

    /** Waits anew for the rest of the time after each interrupt. */
    public static boolean await(long nanos, Wait wait) {
        long deadline = System.nanoTime() + nanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return wait.await(Math.max(0, deadline - System.nanoTime()));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
