package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.resilience.RetryPolicy;

/**
 * How many retries one I/O thread may make for a pool in ten seconds: a share of the requests that came in the last ten seconds or
 * are under way, whichever are more, with a floor. A share of what is under way alone, as others count it, bounds nothing when
 * targets fail fast: then next to nothing is under way, and each of the few permits is used a thousand times a second. Per
 * thread, so that counting takes no shared memory.
 */
public final class RetryBudget {

    private static final int SLOTS = 10;
    private static final long SLOT_NANOS = 1_000_000_000L;

    private final int threads;
    private final int[] requests = new int[SLOTS];
    private final int[] retries = new int[SLOTS];
    private int percent;
    private int floor;
    private long requestSum;
    private int active;
    private long retrySum;
    private long slotEnd;
    private int slot;
    private boolean begun;

    RetryBudget(RetryPolicy policy, int threads) {
        this.threads = threads;
        configure(policy);
    }

    /** Other numbers; what was counted stays. */
    RetryBudget configure(RetryPolicy policy) {
        percent = policy.budgetPercent();
        floor = (policy.budgetFloor() + threads - 1) / threads;
        return this;
    }

    /** A request has come; {@link #left} ends it. */
    public void request(long now) {
        advance(now);
        active++;
        requests[slot]++;
        requestSum++;
    }

    /** Nothing of a request is under way any more. */
    public void left() {
        active--;
    }

    /** Whether one more retry may be made; it counts as made. */
    public boolean tryRetry(long now) {
        advance(now);
        if (retrySum >= Math.max(floor, Math.max(requestSum, active) * percent / 100)) {
            return false;
        }
        retries[slot]++;
        retrySum++;
        return true;
    }

    private void advance(long now) {
        if (!begun) {
            begun = true;
            slotEnd = now + SLOT_NANOS;
            return;
        }
        for (int i = 0; i < SLOTS && now - slotEnd >= 0; i++) {
            slot = slot + 1 == SLOTS ? 0 : slot + 1;
            requestSum -= requests[slot];
            retrySum -= retries[slot];
            requests[slot] = 0;
            retries[slot] = 0;
            slotEnd += SLOT_NANOS;
        }
        if (now - slotEnd >= 0) {
            // Longer than the window: everything is forgotten.
            slotEnd = now + SLOT_NANOS;
        }
    }
}
