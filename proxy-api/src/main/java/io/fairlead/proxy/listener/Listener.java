package io.fairlead.proxy.listener;

import static java.util.Objects.requireNonNull;

/**
 * An address where clients connect. Immutable; listeners with equal settings are equal.
 */
public final class Listener {

    private final String host;
    private final int port;
    private final Limits limits;
    private final TrustedProxies trustedProxies;
    private final boolean halfClose;

    private Listener(Builder builder) {
        this.host = builder.host;
        this.port = builder.port;
        this.limits = builder.limits;
        this.trustedProxies = builder.trustedProxies;
        this.halfClose = builder.halfClose;
    }

    /** HTTP on this port of all addresses; port 0 takes a free one, see {@code ReverseProxy.addresses()}. */
    public static Listener http(int port) {
        return builder("0.0.0.0", port).build();
    }

    /** HTTP on this port of one address. */
    public static Listener http(String host, int port) {
        return builder(host, port).build();
    }

    /** Begins a listener on this port of this address or local host name. */
    public static Builder builder(String host, int port) {
        return new Builder(requireNonNull(host, "host"), port);
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder(host, port);
        builder.limits = limits;
        builder.trustedProxies = trustedProxies;
        builder.halfClose = halfClose;
        return builder;
    }

    /** The address or local host name to bind. */
    public String host() {
        return host;
    }

    /** The port to bind; 0 takes a free one. */
    public int port() {
        return port;
    }

    /** What a client may use up. */
    public Limits limits() {
        return limits;
    }

    /** Whose word on the client's address is taken. */
    public TrustedProxies trustedProxies() {
        return trustedProxies;
    }

    /** Whether a client that closed its sending side still gets its answer. */
    public boolean halfClose() {
        return halfClose;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Listener that
                && host.equals(that.host)
                && port == that.port
                && limits.equals(that.limits)
                && trustedProxies.equals(that.trustedProxies)
                && halfClose == that.halfClose;
    }

    @Override
    public int hashCode() {
        return host.hashCode() * 31 + port;
    }

    @Override
    public String toString() {
        return "Listener[" + host + ":" + port + "]";
    }

    /** Collects the settings of a listener. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final String host;
        private final int port;
        private Limits limits = Limits.ofDefaults();
        private TrustedProxies trustedProxies = TrustedProxies.none();
        private boolean halfClose;

        private Builder(String host, int port) {
            this.host = host;
            this.port = port;
        }

        /** What a client may use up. Default: {@link Limits#ofDefaults()}. */
        public Builder limits(Limits limits) {
            this.limits = requireNonNull(limits, "limits");
            return this;
        }

        /** Whose word on the client's address is taken. Default: nobody's. */
        public Builder trustedProxies(TrustedProxies trustedProxies) {
            this.trustedProxies = requireNonNull(trustedProxies, "trustedProxies");
            return this;
        }

        /**
         * Whether a client that closed its sending side after a complete request still gets its answer, as old
         * scripts around {@code nc} expect. Default: false, because a closed sending side is how most clients go
         * away, and the upstream's work can then be cancelled at once.
         */
        public Builder halfClose(boolean halfClose) {
            this.halfClose = halfClose;
            return this;
        }

        /** The listener. */
        public Listener build() {
            return new Listener(this);
        }
    }
}
