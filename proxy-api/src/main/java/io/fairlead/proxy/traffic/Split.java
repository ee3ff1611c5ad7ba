package io.fairlead.proxy.traffic;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.upstream.Upstream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Divides the requests of a route between pools, for canaries, A/B tests and slow moves. Immutable; data in it compares by
 * value, code by identity.
 *
 * <pre>{@code
 * Route.builder("shop").split(Split.builder()
 *         .share(stable, 9_999)
 *         .share(canary, 1)
 *         .stickyCookie("shop-side", Duration.ofDays(30))
 *         .overrideHeader("X-Canary", "always", canary)
 *         .build())
 * }</pre>
 *
 * <p>A share gets its weight over the sum of all weights. The share of a request is chosen once, after the middleware and
 * before the transforms; all attempts stay in it, and a share whose pool is down fails its requests. In this order:
 *
 * <ol>
 *   <li>the first override that the request fits;
 *   <li>its point, which its key or its cookie decides: the same key has the same point in every proxy, thread and version, and
 *       the shares lie side by side on the points, in their order. When one weight is raised, its share keeps all keys that it
 *       had; with two shares nobody else moves. See {@link #salt};
 *   <li>a point at random, for a request without a key or a split without stickiness.
 * </ol>
 */
public final class Split {

    private final List<Share> shares;
    private final List<SplitOverride> overrides;
    private final @Nullable List<HashKey> stickyBy;
    private final @Nullable StickyCookie stickyCookie;
    private final @Nullable String salt;

    private Split(Builder builder) {
        this.shares = List.copyOf(builder.shares);
        this.overrides = List.copyOf(builder.overrides);
        this.stickyBy = builder.stickyBy;
        this.stickyCookie = builder.stickyCookie;
        this.salt = builder.salt;
    }

    /** Begins a split without shares. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.shares.addAll(shares);
        builder.overrides.addAll(overrides);
        builder.stickyBy = stickyBy;
        builder.stickyCookie = stickyCookie;
        builder.salt = salt;
        return builder;
    }

    /** The shares in the order in which they lie on the points. */
    public List<Share> shares() {
        return shares;
    }

    /** What sends a request to a share whatever the weights say; the first that fits wins. */
    public List<SplitOverride> overrides() {
        return overrides;
    }

    /** The keys that keep a client in its share, of which the first that a request has counts; may be empty. */
    public List<HashKey> stickyBy() {
        return stickyBy == null ? List.of() : stickyBy;
    }

    /** Whether clients are to be kept by keys; true with an empty list of them, too, which the proxy's {@code build()} reports. */
    public boolean keepsByKey() {
        return stickyBy != null;
    }

    /** The cookie that keeps a client in its share; empty if there is none. */
    public Optional<StickyCookie> stickyCookie() {
        return Optional.ofNullable(stickyCookie);
    }

    /** What is hashed together with keys; empty for the id of the route. */
    public Optional<String> salt() {
        return Optional.ofNullable(salt);
    }

    private List<Object> state() {
        return List.of(shares, overrides, Optional.ofNullable(stickyBy), stickyCookie(), salt());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Split split && state().equals(split.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "Split" + shares;
    }

    /**
     * A pool or functional upstream and what it gets.
     *
     * @param to the pool, handler, or its name; each once in a split
     * @param weight 0 to 1,000,000; what it gets is this over the sum of all weights. 0: nothing but what an override sends it,
     *     also from clients that were in this share before
     */
    public record Share(Upstream to, int weight) {}

    /** Collects the settings of a split. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final List<Share> shares = new ArrayList<>();
        private final List<SplitOverride> overrides = new ArrayList<>();
        private @Nullable List<HashKey> stickyBy;
        private @Nullable StickyCookie stickyCookie;
        private @Nullable String salt;

        private Builder() {}

        /** Adds a share, see {@link Share}. */
        public Builder share(Upstream to, int weight) {
            shares.add(new Share(requireNonNull(to, "to"), weight));
            return this;
        }

        /** Takes these shares in place of those added so far. */
        public Builder shares(List<Share> newShares) {
            List<Share> copy = List.copyOf(newShares);
            shares.clear();
            shares.addAll(copy);
            return this;
        }

        /**
         * Keeps requests with the same key in the same share. Of several keys the first that the request has counts; a
         * request with none of them goes to a share at random. Not together with {@link #stickyCookie}. Default: none.
         *
         * <p>Who can choose the key can choose the share, by trying.
         *
         * @param keys one at least
         */
        public Builder stickyBy(HashKey... keys) {
            stickyBy = List.of(keys);
            return this;
        }

        /**
         * Keeps each client in its share with a cookie that the proxy gives it, see {@link StickyCookie}. Not together with
         * {@link #stickyBy}. Default: none.
         */
        public Builder stickyCookie(String name, Duration maxAge) {
            return stickyCookie(new StickyCookie(name, maxAge));
        }

        /** The same. */
        public Builder stickyCookie(StickyCookie cookie) {
            this.stickyCookie = requireNonNull(cookie, "cookie");
            return this;
        }

        /**
         * Sends requests with this header field to a share, whatever the weights say.
         *
         * <p>Every client may send the field. Where not everybody may choose, let the value be a secret, or remove the field
         * from strangers' requests in a middleware, which runs before the choice.
         *
         * @param value compared exactly; of several fields of the name any may have it
         * @param to that of a share
         */
        public Builder overrideHeader(String name, String value, Upstream to) {
            return override(new SplitOverride.Header(name, value, to));
        }

        /** The same with a cookie. */
        public Builder overrideCookie(String name, String value, Upstream to) {
            return override(new SplitOverride.Cookie(name, value, to));
        }

        /** Adds an override, asked after those added before. */
        public Builder override(SplitOverride override) {
            overrides.add(requireNonNull(override, "override"));
            return this;
        }

        /** Takes these overrides in place of those added so far. */
        public Builder overrides(List<SplitOverride> newOverrides) {
            List<SplitOverride> copy = List.copyOf(newOverrides);
            overrides.clear();
            overrides.addAll(copy);
            return this;
        }

        /**
         * What is hashed together with keys and cookies, so that two splits divide the same clients independently. Splits of
         * one salt agree: give those of several routes the same one to keep a client on one side in all of them. Default: the
         * id of the route, so that a route that is renamed deals anew.
         */
        public Builder salt(String salt) {
            this.salt = requireNonNull(salt, "salt");
            return this;
        }

        /** The split. */
        public Split build() {
            return new Split(this);
        }
    }
}
