package io.fairlead.proxy.internal.tls;

import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.tls.UpstreamTls;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of TLS with some settings. Its context is made once, with the first engine, because that reads files: not
 * on an I/O thread. The JVM's default context is neither used nor changed.
 */
public final class ClientTls {

    private final UpstreamTls settings;

    /** Guarded by this. */
    private @Nullable SSLContext context;

    public ClientTls(UpstreamTls settings) {
        this.settings = settings;
    }

    public UpstreamTls settings() {
        return settings;
    }

    /**
     * An engine for one connection, whose handshake has begun. May read files.
     *
     * @param host the server's own name or address, for where the settings name no other
     * @param port of the server
     * @param protocols offered by ALPN (RFC 7301)
     * @throws IOException if the trusted certificates cannot be read any more
     */
    public SSLEngine engine(String host, int port, String... protocols) throws IOException {
        String name = settings.serverName().isEmpty() ? host : settings.serverName();
        SSLEngine engine = context().createSSLEngine(name, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        if (settings.verifyCertificate()) {
            // Without this a certificate for any name at all would do.
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        if (isName(name)) {
            // As bytes: the JDK would refuse an underscore, and by itself sends no name without a dot.
            parameters.setServerNames(List.of(new SNIHostName(name.getBytes(StandardCharsets.US_ASCII))));
        }
        parameters.setApplicationProtocols(protocols);
        engine.setSSLParameters(parameters);
        // Here, because it makes keys.
        engine.beginHandshake();
        return engine;
    }

    /** RFC 6066 §3: an address is no server name. */
    private static boolean isName(String host) {
        return host.indexOf(':') < 0 && IpLiterals.parse(host) == null;
    }

    private synchronized SSLContext context() throws IOException {
        SSLContext known = context;
        if (known == null) {
            try {
                known = SSLContext.getInstance("TLS");
                known.init(null, trust(), null);
            } catch (GeneralSecurityException e) {
                throw new IOException("no TLS: " + e.getMessage(), e);
            }
            context = known;
        }
        return known;
    }

    private TrustManager[] trust() throws GeneralSecurityException, IOException {
        if (!settings.verifyCertificate()) {
            return new TrustManager[] {new TrustsAll()};
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(settings.trustedCertificates().isEmpty() ? null : store(settings.trustedCertificates()));
        return factory.getTrustManagers();
    }

    private static KeyStore store(String path) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int number = 0;
        try {
            for (Certificate one : TrustedCertificates.read(path)) {
                store.setCertificateEntry("trusted-" + number++, one);
            }
        } catch (IOException e) {
            throw new IOException("the trusted certificates in " + path + ": " + e.getMessage(), e);
        }
        return store;
    }

    /** Extended, as the JDK adds checks of its own to others. */
    private static final class TrustsAll extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
