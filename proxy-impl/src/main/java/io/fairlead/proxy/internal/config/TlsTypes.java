package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.tls.UpstreamTls;
import org.jspecify.annotations.Nullable;

/** The part of the {@link Model} that tells whom to trust. */
final class TlsTypes {

    static final ObjectType<UpstreamTls, UpstreamTls.Builder> UPSTREAM_TLS = new ObjectType<
                    UpstreamTls, UpstreamTls.Builder>(
                    "UpstreamTls",
                    "How TLS is spoken to a server behind the proxy.",
                    UpstreamTls.ofDefaults(),
                    values -> UpstreamTls.builder(),
                    UpstreamTls.Builder::build)
            .optional(
                    "verifyCertificate",
                    Types.BOOLEAN,
                    UpstreamTls::verifyCertificate,
                    UpstreamTls.Builder::verifyCertificate,
                    "Whether the server must prove who it is; `false` trusts anybody who answers.")
            .optional(
                    "trustedCertificates",
                    Types.text("path", TlsTypes::path),
                    UpstreamTls::trustedCertificates,
                    UpstreamTls.Builder::trustedCertificates,
                    "A PEM file with the authorities to trust; empty: those that the JVM trusts.")
            .optional(
                    "serverName",
                    Types.text("host name", TlsTypes::serverName),
                    UpstreamTls::serverName,
                    UpstreamTls.Builder::serverName,
                    "The name that the server is asked for and must prove; empty: its own.")
            .rule((tls, place, context) -> {
                if (!tls.verifyCertificate() && !tls.trustedCertificates().isEmpty()) {
                    context.report(
                            "CONFLICT",
                            Context.child(place, "trustedCertificates"),
                            Context.quote(tls.trustedCertificates()),
                            "none, as verifyCertificate is false");
                }
            });

    private TlsTypes() {}

    private static @Nullable String path(String text) {
        return text.isEmpty() ? null : Syntax.FILE_PATH_RULE.expectation(text);
    }

    private static @Nullable String serverName(String text) {
        return text.isEmpty() || DiscoveryTypes.isName(text) ? null : "a host name such as shop.example.com";
    }
}
