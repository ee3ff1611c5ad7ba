package io.fairlead.proxy.upstream;

import static java.util.Objects.requireNonNull;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One server of a pool. Immutable; two with equal settings are equal. The URL tells targets of a pool apart: a change of
 * the rest keeps connections and state.
 */
public final class Target {

    private final String url;
    private final int weight;
    private final int priority;
    private final @Nullable String zone;

    private Target(Builder builder) {
        this.url = builder.url;
        this.weight = builder.weight;
        this.priority = builder.priority;
        this.zone = builder.zone;
    }

    /** The server at this URL, all else by default. */
    public static Target of(String url) {
        return builder(url).build();
    }

    /** Begins the server at this URL, see {@link #url()}. */
    public static Builder builder(String url) {
        return new Builder(requireNonNull(url, "url"));
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder(url);
        builder.weight = weight;
        builder.priority = priority;
        builder.zone = zone;
        return builder;
    }

    /**
     * {@code http://host[:port]}, without path; the port defaults to 80. A name is resolved off the I/O threads and again
     * every {@link UpstreamPool#dnsRefresh()}.
     */
    public String url() {
        return url;
    }

    /** The share of the pool's traffic against the other targets' weights; 0 drains: no new requests. */
    public int weight() {
        return weight;
    }

    /**
     * The tier it belongs to: 0 is primary and used first, a higher one is used as far as the tiers before it cannot take
     * the requests, see {@link UpstreamPool#spillOverThreshold()}.
     */
    public int priority() {
        return priority;
    }

    /** The zone it runs in; empty if none is told. See {@link UpstreamPool#zonePreference()}. */
    public Optional<String> zone() {
        return Optional.ofNullable(zone);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Target target
                && url.equals(target.url)
                && weight == target.weight
                && priority == target.priority
                && Objects.equals(zone, target.zone);
    }

    @Override
    public int hashCode() {
        return url.hashCode();
    }

    @Override
    public String toString() {
        return url
                + (weight == 1 ? "" : " weight=" + weight)
                + (priority == 0 ? "" : " priority=" + priority)
                + (zone == null ? "" : " zone=" + zone);
    }

    /** Collects the settings of a target. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final String url;
        private int weight = 1;
        private int priority;
        private @Nullable String zone;

        private Builder(String url) {
            this.url = url;
        }

        /** The share of the traffic, 0 to 65,535; 0 drains. Default: 1. */
        public Builder weight(int weight) {
            this.weight = weight;
            return this;
        }

        /**
         * The tier it belongs to, 0 to 127. The lowest number that a pool's targets have is its first tier, so gaps do not
         * matter. Default: 0.
         */
        public Builder priority(int priority) {
            this.priority = priority;
            return this;
        }

        /**
         * The zone it runs in, 1 to 100 characters without spaces; compared with the proxy's own by equality, case
         * included. Default: none.
         */
        public Builder zone(String zone) {
            this.zone = requireNonNull(zone, "zone");
            return this;
        }

        /** The target. */
        public Target build() {
            return new Target(this);
        }
    }
}
