package io.fairlead.proxy.internal.ratelimit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The rate limiters of a proxy. One lives for as long as a configuration in force, or an exchange that began with one, has
 * it; so an update finds those of equal rate limits at the same places, with their counts.
 */
public final class RateLimiters {

    /** Of a list of networks in a name. */
    private static final int LONGEST = 60;

    private record Place(String name, RateLimit config) {}

    private final Cache<Place, RateLimiter> known =
            Caffeine.newBuilder().weakValues().executor(Runnable::run).build();
    private final RateLimitStore local = new LocalStore(System::nanoTime);
    private final Map<String, RateLimitStore> stores;

    /** @param stores those that the program has registered */
    public RateLimiters(Map<String, RateLimitStore> stores) {
        this.stores = stores;
    }

    /**
     * What is limited, such as {@code 10-per-1s+1000-per-1h;by=header:X-Api-Key}: the numbers, and of the other settings those that
     * say who is counted, where they are not the defaults. So it stays the same whatever other limits come and go beside it.
     */
    public static String nameOf(RateLimit config) {
        StringBuilder name = new StringBuilder(
                config.limits().stream().map(RateLimiters::nameOf).collect(Collectors.joining("+")));
        if (!config.keys().isEmpty()) {
            name.append(config.keys().stream().map(RateLimiters::nameOf).collect(Collectors.joining(",", ";by=", "")));
        }
        if (config.missingKey() != MissingKey.SHARED) {
            name.append(";missingKey=").append(config.missingKey());
        }
        if (!config.exempt().isEmpty()) {
            String networks = String.join(",", config.exempt());
            name.append(";exempt=")
                    .append(networks.length() <= LONGEST ? networks : Integer.toHexString(networks.hashCode()));
        }
        config.store().ifPresent(store -> name.append(";store=").append(store));
        return name.toString();
    }

    private static String nameOf(Limit limit) {
        String name = LimitFields.name(limit);
        return limit.burst() == limit.permits() ? name : name + "-burst-" + limit.burst();
    }

    private static String nameOf(Key key) {
        if (key instanceof Key.ClientAddress address) {
            return key.equals(Key.clientAddress())
                    ? "clientAddress"
                    : "clientAddress/" + address.ipv4Prefix() + "/" + address.ipv6Prefix();
        }
        if (key instanceof Key.Header header) {
            return "header:" + header.name();
        }
        if (key instanceof Key.Cookie cookie) {
            return "cookie:" + cookie.name();
        }
        if (key instanceof Key.Query query) {
            return "query:" + query.name();
        }
        if (key instanceof Key.PathVariable variable) {
            return "pathVariable:" + variable.name();
        }
        return "route";
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
