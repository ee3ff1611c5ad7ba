package io.fairlead.proxy.internal.ratelimit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The rate limiters of a proxy. One lives for as long as a configuration in force, or an exchange that began with one, has
 * it; so an update finds those of equal rate limits at the same places, with their counts.
 */
public final class RateLimiters {

    private record Place(String name, RateLimit config) {}

    private final Cache<Place, RateLimiter> known =
            Caffeine.newBuilder().weakValues().executor(Runnable::run).build();
    private final RateLimitStore local = new LocalStore(System::nanoTime);
    private final Map<String, RateLimitStore> stores;

    /** @param stores those that the program has registered */
    public RateLimiters(Map<String, RateLimitStore> stores) {
        this.stores = stores;
    }

    /** {@code 10-per-1s+1000-per-1h}. */
    public static String nameOf(RateLimit config) {
        return config.limits().stream().map(LimitFields::name).collect(Collectors.joining("+"));
    }

    /** The limiter that is there already, or a new one. */
    public RateLimiter get(String name, RateLimit config) {
        return known.get(new Place(name, config), place -> new RateLimiter(name, config, store(config)));
    }

    private RateLimitStore store(RateLimit config) {
        if (config.store().isEmpty()) {
            return local;
        }
        String wanted = config.store().get();
        RateLimitStore store = stores.get(wanted);
        if (store == null) {
            throw new IllegalStateException("rate limit store \"" + wanted + "\" is not registered");
        }
        return store;
    }
}
