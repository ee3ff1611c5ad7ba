package io.fairlead.proxy.internal.engine.loop;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Logs the errors of one place in the code, at most one a second. A load balancer or middleware of the program that fails does so
 * for every request, and a stack trace for each of them would fill the disk. Those between are counted, and stand in the log on
 * the level debug.
 */
public final class RareLog {

    private static final long BETWEEN = TimeUnit.SECONDS.toNanos(1);

    private final Logger log;
    private final String message;
    private final LongSupplier clock;
    private final AtomicLong next;
    private final AtomicInteger passedOver = new AtomicInteger();

    public RareLog(Logger log, String message) {
        this(log, message, System::nanoTime);
    }

    RareLog(Logger log, String message, LongSupplier clock) {
        this.log = log;
        this.message = message;
        this.clock = clock;
        this.next = new AtomicLong(clock.getAsLong());
    }

    public void error(Throwable problem) {
        long now = clock.getAsLong();
        long due = next.get();
        if (now - due < 0 || !next.compareAndSet(due, now + BETWEEN)) {
            passedOver.getAndIncrement();
            log.debug(message, problem);
            return;
        }
        int others = passedOver.getAndSet(0);
        if (others == 0) {
            log.error(message, problem);
        } else {
            log.error("{}; {} others since the last one that stands here", message, others, problem);
        }
    }
}
