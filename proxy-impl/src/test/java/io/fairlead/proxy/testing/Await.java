package io.fairlead.proxy.testing;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** Awaitility at the pace of these tests: it looks every millisecond, the first time at once, on the test's own thread. */
public final class Await {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration PACE = Duration.ofMillis(1);

    private Await() {}

    /** Waits for something that should happen soon, but not longer than {@code patience}; a failure names it. */
    public static ConditionFactory soon(String what, Duration patience) {
        return Awaitility.await(what)
                .atMost(patience)
                .pollDelay(Duration.ZERO)
                .pollInterval(PACE)
                .pollInSameThread();
    }

    /** Waits until a counter that has begun to count stays as it is for {@code stillness}, and answers its value. */
    public static long standstill(AtomicLong counter, Duration stillness) {
        AtomicLong last = new AtomicLong();
        soon("the counter to stop", PATIENCE.plus(stillness)).during(stillness).until(() -> {
            long now = counter.get();
            return now > 0 && now == last.getAndSet(now);
        });
        return last.get();
    }
}
