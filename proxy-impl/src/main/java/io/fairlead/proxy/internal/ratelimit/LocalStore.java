package io.fairlead.proxy.internal.ratelimit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Counters in this process: a bounded table of buckets by key.
 *
 * <p>A key is forgotten once nobody has asked for it for as long as its buckets need to be full, when a new one is no
 * different. If there are more keys than the table holds, it keeps those that are seen often (Caffeine's TinyLFU), so that a
 * flood of keys that come once pushes out one another and not the bucket of a client that is being limited. Its upkeep runs
 * on the thread that asks, in small steps; the locks in there are short.
 */
public final class LocalStore implements RateLimitStore {

    private final LongSupplier clock;

    /** @param clock nanoseconds, as {@link System#nanoTime} */
    public LocalStore(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    public Counters open(String name, RateLimit rateLimit) {
        return new Table(rateLimit, clock);
    }

    private static final class Table implements Counters {

        private final LongSupplier clock;
        private final boolean keyed;
        private final Cache<Object, Bucket> buckets;
        private final Function<Object, Bucket> fresh;
        private final Bucket only;

        Table(RateLimit rateLimit, LongSupplier clock) {
            Bucket.Shape[] shapes =
                    rateLimit.limits().stream().map(Bucket.Shape::of).toArray(Bucket.Shape[]::new);
            this.keyed = !rateLimit.keys().isEmpty();
            this.clock = clock;
            this.fresh = key -> new Bucket(shapes, clock.getAsLong());
            this.only = new Bucket(shapes, clock.getAsLong());
            long full = Arrays.stream(shapes)
                    .mapToLong(Bucket.Shape::fullNanos)
                    .max()
                    .orElse(0);
            this.buckets = Caffeine.newBuilder()
                    .maximumSize(rateLimit.maxKeys())
                    .expireAfterAccess(Duration.ofNanos(full))
                    .ticker(clock::getAsLong)
                    // Not on the pool that all of the host's code shares.
                    .executor(Runnable::run)
                    .build();
        }

        @Override
        public RateLimitDecision take(Object key, boolean detailed) {
            return (keyed ? buckets.get(key, fresh) : only).take(clock.getAsLong(), detailed);
        }

        @Override
        public long keys() {
            return keyed ? buckets.estimatedSize() : 1;
        }
    }
}
