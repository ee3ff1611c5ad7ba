package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.DrainReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Follows the exchanges that were under way when a drain began, until each is over or is cut. An exchange that is followed
 * tells of its end; the others, which are all of them but for drains, pay for a look at one field.
 *
 * <p>Each exchange is added, ends and is cut on its own loop; the counts are shared by the loops.
 */
public final class DrainWatch {

    private final Runnable onEmpty;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicInteger cut = new AtomicInteger();

    /** Guarded by itself. */
    private final List<DrainReport.Cut> cuts = new ArrayList<>();

    /** @param onEmpty runs when nothing that is followed is left, on any loop, maybe more than once */
    public DrainWatch(Runnable onEmpty) {
        this.onEmpty = onEmpty;
    }

    /** Is not empty until this was released as often: for the time in which loops still look for their exchanges. */
    public void hold(int times) {
        open.addAndGet(times);
    }

    public void release() {
        if (open.decrementAndGet() == 0) {
            onEmpty.run();
        }
    }

    /** Follows the exchange, if it is not followed already; on its loop. */
    public void add(ProxyExchange exchange) {
        if (exchange.watch(this)) {
            open.incrementAndGet();
        }
    }

    /** Whether the exchange is followed; on its loop. */
    public boolean follows(ProxyExchange exchange) {
        return exchange.isWatched(this);
    }

    /** An exchange that was followed is over. */
    void ended() {
        finished.incrementAndGet();
        release();
    }

    /** Counts the exchange as cut, which the caller does next; on its loop. */
    public void cut(ProxyExchange exchange) {
        cut.incrementAndGet();
        synchronized (cuts) {
            if (cuts.size() < DrainReport.MAX_CUTS) {
                cuts.add(exchange.toCut());
            }
        }
        if (exchange.unwatch(this)) {
            release();
        }
    }

    /**
     * What there is to tell now.
     *
     * @param others whether exchanges that are still followed have finished what they were followed for
     */
    public DrainReport report(Duration took, boolean others) {
        synchronized (cuts) {
            int done = finished.get() + (others ? Math.max(0, open.get()) : 0);
            return new DrainReport(done, cut.get(), cuts, took);
        }
    }
}
