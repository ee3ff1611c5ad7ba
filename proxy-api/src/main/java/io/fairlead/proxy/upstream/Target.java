package io.fairlead.proxy.upstream;

import static java.util.Objects.requireNonNull;

/**
 * One server of a pool. Immutable; two with equal settings are equal. The URL tells targets of a pool apart: a change of
 * the rest keeps connections and state.
 */
public final class Target {

    private final String url;
    private final int weight;

    private Target(Builder builder) {
        this.url = builder.url;
        this.weight = builder.weight;
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
        return new Builder(url).weight(weight);
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

    @Override
    public boolean equals(Object other) {
        return other instanceof Target target && url.equals(target.url) && weight == target.weight;
    }

    @Override
    public int hashCode() {
        return url.hashCode();
    }

    @Override
    public String toString() {
        return weight == 1 ? url : url + " weight=" + weight;
    }

    /** Collects the settings of a target. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final String url;
        private int weight = 1;

        private Builder(String url) {
            this.url = url;
        }

        /** The share of the traffic, 0 to 65,535; 0 drains. Default: 1. */
        public Builder weight(int weight) {
            this.weight = weight;
            return this;
        }

        /** The target. */
        public Target build() {
            return new Target(this);
        }
    }
}
