package io.fairlead.benchmarks.load;

import io.fairlead.proxy.internal.ratelimit.LocalStore;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.Locale;

/**
 * What the keys of a rate limit cost in heap: so many distinct keys are counted once each, then what is live is compared with
 * before. A table that holds fewer keys than came must stay as small as what it holds.
 *
 * <p>Arguments: {@code [--keys 1000000] --max-keys N [--limits 1|2]}. Prints {@code keys_held}, {@code heap_mib} and
 * {@code bytes_per_key}, by what is held. Run it with a bounded heap ({@code -Xmx}): one that is too small fails.
 */
public final class KeyMemory {
    private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();

    private KeyMemory() {}

    public static void main(String[] args) throws InterruptedException {
        Arguments arguments = new Arguments(args);
        long keys = arguments.number("keys", 1_000_000);
        int maxKeys = Math.toIntExact(arguments.number("max-keys", 100_000));
        // An hour for a permit: no bucket is full again, and no key forgotten, before the end of the run.
        RateLimit limit = RateLimit.of(1, Duration.ofHours(1)).burst(100);
        if (arguments.number("limits", 1) == 2) {
            limit = limit.and(1_000, Duration.ofDays(20)).burst(1_000);
        }
        LocalStore store = new LocalStore(System::nanoTime);
        RateLimitStore.Counters counters =
                store.open("keys", limit.by(Key.header("X-Api-Key")).maxKeys(maxKeys));
        counters.take("first-key-with-25-letters", false);
        long before = live();
        for (long i = 0; i < keys; i++) {
            // 25 characters, as an API key may have.
            counters.take(String.format(Locale.ROOT, "client-%018d", i), false);
        }
        long bytes = live() - before;
        long held = counters.keys();
        System.out.println("keys_held " + held);
        System.out.println(String.format(Locale.ROOT, "heap_mib %.1f", bytes / 1048576.0));
        System.out.println(String.format(Locale.ROOT, "bytes_per_key %.0f", (double) bytes / held));
    }

    /** The heap in use when collections free nothing more. What evicts keys runs beside, and needs a moment. */
    private static long live() throws InterruptedException {
        long used = Long.MAX_VALUE;
        for (int unchanged = 0; unchanged < 3; ) {
            System.gc();
            Thread.sleep(200);
            long now = MEMORY.getHeapMemoryUsage().getUsed();
            unchanged = now > used - 65_536 ? unchanged + 1 : 0;
            used = Math.min(used, now);
        }
        return used;
    }
}
