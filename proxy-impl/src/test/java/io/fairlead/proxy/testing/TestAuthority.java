package io.fairlead.proxy.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** An authority that nobody knows, and certificates of a server on localhost that it has signed, made once a run by keytool. */
public final class TestAuthority {
    private static final String PASSWORD = "changeit";
    private static final String NAMES = "san=ip:127.0.0.1,dns:localhost";

    /** A server's key with the certificates that it shows. */
    public record Identity(PrivateKey key, List<Certificate> chain) {

        /** For a server in this JVM. */
        public SSLContext context() {
            try {
                KeyStore store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                store.setKeyEntry("server", key, PASSWORD.toCharArray(), chain.toArray(Certificate[]::new));
                KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
                keys.init(store, PASSWORD.toCharArray());
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(keys.getKeyManagers(), null, null);
                return context;
            } catch (GeneralSecurityException | IOException e) {
                throw new AssertionError(e);
            }
        }

        public String keyPem() {
            return pem("PRIVATE KEY", key.getEncoded());
        }

        public String chainPem() {
            StringBuilder text = new StringBuilder();
            chain.forEach(one -> text.append(certificatePem(one)));
            return text.toString();
        }
    }

    private static final class Lazy {
        static final TestAuthority IT = create();
    }

    private final Certificate certificate;
    private final Identity good;
    private final Identity expired;
    private final Identity client;

    private TestAuthority(Certificate certificate, Identity good, Identity expired, Identity client) {
        this.certificate = certificate;
        this.good = good;
        this.expired = expired;
        this.client = client;
    }

    public static TestAuthority get() {
        return Lazy.IT;
    }

    /** Its own certificate, as a file that is to be trusted. */
    public String pem() {
        return certificatePem(certificate);
    }

    /** For localhost and 127.0.0.1. */
    public Identity good() {
        return good;
    }

    /** The same, until yesterday. */
    public Identity expired() {
        return expired;
    }

    /** To be used by clients only, and with so many more names that it does not fit into one record of TLS. */
    public Identity client() {
        return client;
    }

    private static String certificatePem(Certificate one) {
        try {
            return pem("CERTIFICATE", one.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static String pem(String what, byte[] bytes) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + what
                + "-----\n";
    }

    private static TestAuthority create() {
        try {
            Path folder = Files.createTempDirectory("fairlead-ca");
            try {
                return create(folder);
            } finally {
                try (Stream<Path> files = Files.walk(folder)) {
                    for (Path one : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(one);
                    }
                }
            }
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError("no certificates for the tests: " + e, e);
        }
    }

    private static TestAuthority create(Path folder) throws GeneralSecurityException, IOException {
        pair(folder, "ca", "bc:c=ca:true");
        pair(folder, "server", NAMES);
        keytool(folder, "-certreq", "-alias", "server", "-file", "request");
        sign(folder, "good", NAMES, "-startdate", "-1d", "-validity", "3");
        sign(folder, "expired", NAMES, "-startdate", "-9d", "-validity", "8");
        String others = ",dns:one-of-very-many-names.example.com".repeat(500);
        sign(folder, "client", NAMES + others, "-startdate", "-1d", "-validity", "3", "-ext", "eku=clientAuth");
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(folder.resolve("store"))) {
            store.load(in, PASSWORD.toCharArray());
        }
        Certificate ca = store.getCertificate("ca");
        Key key = store.getKey("server", PASSWORD.toCharArray());
        return new TestAuthority(
                ca,
                identity(key, folder.resolve("good"), ca),
                identity(key, folder.resolve("expired"), ca),
                identity(key, folder.resolve("client"), ca));
    }

    private static Identity identity(Key key, Path certificate, Certificate ca)
            throws GeneralSecurityException, IOException {
        Certificate own = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(certificate)));
        return new Identity((PrivateKey) key, List.of(own, ca));
    }

    private static void pair(Path folder, String alias, String extension) throws IOException {
        keytool(folder, "-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + alias, "-ext", extension);
    }

    private static void sign(Path folder, String file, String names, String... more) throws IOException {
        List<String> command = new ArrayList<>(
                List.of("-gencert", "-alias", "ca", "-infile", "request", "-outfile", file, "-ext", names, "-rfc"));
        command.addAll(List.of(more));
        keytool(folder, command.toArray(String[]::new));
    }

    private static void keytool(Path folder, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", "store"));
        Process keytool = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        try {
            // It says a line or two, which the pipe holds.
            if (!keytool.waitFor(30, TimeUnit.SECONDS)) {
                throw new IOException("keytool does not end");
            }
            if (keytool.exitValue() != 0) {
                throw new IOException(new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            keytool.destroyForcibly();
        }
    }
}
