package io.fairlead.proxy.internal.tls;

import io.fairlead.proxy.internal.file.SmallFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
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
        try {
            bytes = SmallFile.read(Path.of(path), MAX_BYTES);
        } catch (InvalidPathException | NoSuchFileException e) {
            throw new IOException("no such file", e);
        } catch (SmallFile.TooLongException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException("cannot be read: " + e, e);
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
