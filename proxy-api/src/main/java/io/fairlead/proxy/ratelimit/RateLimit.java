package io.fairlead.proxy.ratelimit;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.middleware.BuiltInMiddleware;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Refuses requests beyond a limit with 429 ({@code RATE_LIMITED}) and {@code Retry-After}. As data it stands in the middleware
 * of a route or of the whole proxy. Immutable; compares by value.
 *
 * <pre>{@code
 * RateLimit.of(100, Duration.ofSeconds(1)).burst(200).by(Key.clientAddress())
 * RateLimit.of(10, Duration.ofSeconds(1)).and(1000, Duration.ofHours(1)).by(Key.header("X-Api-Key"))
 * }</pre>
 *
 * <p>Each {@link Limit} is a token bucket. With several of them a request takes a permit of each, or of none if one has
 * none left. Without a key there is one set of buckets for all requests. The buckets live in this process, each key's
 * created when it is first seen; an update keeps those of an equal rate limit of the same route.
 */
public final class RateLimit implements BuiltInMiddleware {

    private final Settings settings;

    private record Settings(
            List<Limit> limits,
            List<Key> keys,
            MissingKey missingKey,
            List<String> exempt,
            RateLimitFields fields,
            boolean dryRun,
            int maxKeys,
            Optional<String> store) {

        Settings {
            limits = List.copyOf(limits);
            keys = List.copyOf(keys);
            exempt = List.copyOf(exempt);
            requireNonNull(missingKey, "missingKey");
            requireNonNull(fields, "fields");
        }
    }

    private RateLimit(Settings settings) {
        this.settings = settings;
    }

    /** So many requests a period, and as many at once. */
    public static RateLimit of(int permits, Duration period) {
        return of(Limit.of(permits, period));
    }

    /** These limits, all of which must permit a request. */
    public static RateLimit of(Limit... limits) {
        return of(List.of(limits));
    }

    /** These limits, all of which must permit a request; at least one. */
    public static RateLimit of(List<Limit> limits) {
        return new RateLimit(new Settings(
                limits,
                List.of(),
                MissingKey.SHARED,
                List.of(),
                RateLimitFields.REFUSED,
                false,
                100_000,
                Optional.empty()));
    }

    /** Gives the limit that was given last this burst, see {@link Limit#burst()}. */
    public RateLimit burst(int burst) {
        List<Limit> limits = new ArrayList<>(limits());
        if (!limits.isEmpty()) {
            limits.set(limits.size() - 1, limits.get(limits.size() - 1).withBurst(burst));
        }
        return with(limits, keys());
    }

    /** Adds a limit that must permit a request, too. */
    public RateLimit and(int permits, Duration period) {
        List<Limit> limits = new ArrayList<>(limits());
        limits.add(Limit.of(permits, period));
        return with(limits, keys());
    }

    /** Counts the requests of each key by themselves; of each combination if there are several. Default: all together. */
    public RateLimit by(Key... keys) {
        return by(List.of(keys));
    }

    /** Counts the requests of each combination of keys by themselves; all together if there is none. */
    public RateLimit by(List<Key> keys) {
        return with(limits(), keys);
    }

    private RateLimit with(List<Limit> limits, List<Key> keys) {
        return new RateLimit(
                new Settings(limits, keys, missingKey(), exempt(), fields(), dryRun(), maxKeys(), store()));
    }

    /** What becomes of a request without the key. Default: {@link MissingKey#SHARED}. */
    public RateLimit missingKey(MissingKey missingKey) {
        return new RateLimit(
                new Settings(limits(), keys(), missingKey, exempt(), fields(), dryRun(), maxKeys(), store()));
    }

    /** Lets the clients of these networks pass uncounted; CIDR blocks or addresses. Default: nobody. */
    public RateLimit exempt(String... networks) {
        return exempt(List.of(networks));
    }

    /** Lets the clients of these networks pass uncounted; CIDR blocks or addresses. */
    public RateLimit exempt(List<String> networks) {
        return new RateLimit(
                new Settings(limits(), keys(), missingKey(), networks, fields(), dryRun(), maxKeys(), store()));
    }

    /** Which answers tell of the limits. Default: {@link RateLimitFields#REFUSED}. */
    public RateLimit fields(RateLimitFields fields) {
        return new RateLimit(
                new Settings(limits(), keys(), missingKey(), exempt(), fields, dryRun(), maxKeys(), store()));
    }

    /** Whether it counts what it would refuse, refuses nothing and tells clients nothing. Default: false. */
    public RateLimit dryRun(boolean dryRun) {
        return new RateLimit(
                new Settings(limits(), keys(), missingKey(), exempt(), fields(), dryRun, maxKeys(), store()));
    }

    /**
     * The most keys that are counted in this process at once, 1 to 10,000,000; a key costs about 600 bytes for one limit.
     * Of more keys, those that are seen rarely lose their counts and begin with a full bucket. Default: 100,000.
     */
    public RateLimit maxKeys(int maxKeys) {
        return new RateLimit(
                new Settings(limits(), keys(), missingKey(), exempt(), fields(), dryRun(), maxKeys, store()));
    }

    /** Counts in the {@link RateLimitStore} that is registered under this name. Default: in this process. */
    public RateLimit store(String store) {
        return new RateLimit(new Settings(
                limits(),
                keys(),
                missingKey(),
                exempt(),
                fields(),
                dryRun(),
                maxKeys(),
                Optional.of(requireNonNull(store, "store"))));
    }

    /** The limits, all of which must permit a request. */
    public List<Limit> limits() {
        return settings.limits;
    }

    /** What tells requests apart; empty if all are counted together. */
    public List<Key> keys() {
        return settings.keys;
    }

    /** What becomes of a request without the key. */
    public MissingKey missingKey() {
        return settings.missingKey;
    }

    /** The networks whose clients pass uncounted. */
    public List<String> exempt() {
        return settings.exempt;
    }

    /** Which answers tell of the limits. */
    public RateLimitFields fields() {
        return settings.fields;
    }

    /** Whether it refuses nothing and only counts. */
    public boolean dryRun() {
        return settings.dryRun;
    }

    /** The most keys that are counted in this process at once. */
    public int maxKeys() {
        return settings.maxKeys;
    }

    /** The name of the registered store; empty if it counts in this process. */
    public Optional<String> store() {
        return settings.store;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RateLimit rateLimit && settings.equals(rateLimit.settings);
    }

    @Override
    public int hashCode() {
        return settings.hashCode();
    }

    @Override
    public String toString() {
        return settings.toString().replaceFirst("Settings", "RateLimit");
    }
}
