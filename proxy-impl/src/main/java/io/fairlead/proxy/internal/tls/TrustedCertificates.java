package io.fairlead.proxy.internal.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;

/** Reads the certificates of authorities from PEM files. */
public final class TrustedCertificates {

    private static final int MAX_BYTES = 1 << 20;

    private TrustedCertificates() {}

    /**
     * All certificates of the file, at least one.
     *
     * @throws IOException that says in its message what is wrong with the file, without its path
     */
    public static Collection<? extends Certificate> read(String path) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (InvalidPathException | NoSuchFileException e) {
            throw new IOException("no such file", e);
        } catch (IOException e) {
            throw new IOException("cannot be read: " + e, e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new IOException("more than " + MAX_BYTES + " bytes");
        }
        try {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(bytes));
            if (found.isEmpty()) {
                throw new IOException("no certificates in it");
            }
            return found;
        } catch (CertificateException e) {
            throw new IOException("not PEM certificates: " + e.getMessage(), e);
        }
    }
}
