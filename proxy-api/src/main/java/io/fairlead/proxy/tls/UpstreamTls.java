package io.fairlead.proxy.tls;

import static java.util.Objects.requireNonNull;

/**
 * How TLS is spoken to a server behind the proxy. Immutable; two with equal settings are equal.
 *
 * <p>By default the server's certificate must come from an authority that the JVM trusts, and be for the server's host name (RFC
 * 9110 §4.3.4). Protocol versions and ciphers are the JVM's. No default of the JVM is changed.
 */
public final class UpstreamTls {

    private static final UpstreamTls DEFAULTS = builder().build();

    private final boolean verifyCertificate;
    private final String trustedCertificates;
    private final String serverName;

    private UpstreamTls(Builder builder) {
        this.verifyCertificate = builder.verifyCertificate;
        this.trustedCertificates = builder.trustedCertificates;
        this.serverName = builder.serverName;
    }

    /** Verified against the JVM's trust store, by the server's own name. */
    public static UpstreamTls ofDefaults() {
        return DEFAULTS;
    }

    /** Begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        return builder()
                .verifyCertificate(verifyCertificate)
                .trustedCertificates(trustedCertificates)
                .serverName(serverName);
    }

    /** Whether the server must prove who it is. */
    public boolean verifyCertificate() {
        return verifyCertificate;
    }

    /** A PEM file with the authorities to trust; empty for those of the JVM. */
    public String trustedCertificates() {
        return trustedCertificates;
    }

    /** The name that the server is asked for and must prove; empty for its own. */
    public String serverName() {
        return serverName;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UpstreamTls tls
                && verifyCertificate == tls.verifyCertificate
                && trustedCertificates.equals(tls.trustedCertificates)
                && serverName.equals(tls.serverName);
    }

    @Override
    public int hashCode() {
        return trustedCertificates.hashCode() * 31 + serverName.hashCode() + (verifyCertificate ? 1 : 0);
    }

    @Override
    public String toString() {
        return "UpstreamTls["
                + (!verifyCertificate
                        ? "not verified"
                        : trustedCertificates.isEmpty() ? "verified by the JVM's trust" : trustedCertificates)
                + (serverName.isEmpty() ? "" : " as " + serverName) + "]";
    }

    /** Collects the settings. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private boolean verifyCertificate = true;
        private String trustedCertificates = "";
        private String serverName = "";

        private Builder() {}

        /**
         * Whether the server's certificate is verified. With false any certificate will do, one that has expired or that an
         * attacker has made included: who can reach into the network between can read and change what is sent, and answer in
         * the server's place. Default: true.
         */
        public Builder verifyCertificate(boolean verifyCertificate) {
            this.verifyCertificate = verifyCertificate;
            return this;
        }

        /**
         * A PEM file with one certificate or more of the authorities to trust, in place of those that the JVM trusts; at most
         * 1 MiB. A file that cannot be read is reported by {@code build()}. It is read when the proxy starts to use these
         * settings, and not again while they stay the same. Empty for the JVM's. Default: empty.
         *
         * @param path relative to the working directory of the process
         */
        public Builder trustedCertificates(String path) {
            this.trustedCertificates = requireNonNull(path, "path");
            return this;
        }

        /**
         * The host name that the server is asked for (SNI, RFC 6066 §3) and that its certificate must be for, where the target
         * is an address or known by another name. Empty for the server's own. Default: empty.
         */
        public Builder serverName(String serverName) {
            this.serverName = requireNonNull(serverName, "serverName");
            return this;
        }

        /** The settings. */
        public UpstreamTls build() {
            return new UpstreamTls(this);
        }
    }
}
