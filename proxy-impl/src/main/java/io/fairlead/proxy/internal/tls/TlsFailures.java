package io.fairlead.proxy.internal.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Says of a failed handshake what was wrong; the JDK's own message is that of its outermost layer. */
public final class TlsFailures {

    private static final int MAX_DEPTH = 20;

    private TlsFailures() {}

    /** What was wrong, in words. */
    public static String reason(Exception failure) {
        @Nullable Throwable at = failure;
        CertificateException unproved = null;
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            boolean path = at instanceof CertPathValidatorException;
            if (at instanceof CertificateExpiredException
                    || path && ((CertPathValidatorException) at).getReason() == BasicReason.EXPIRED) {
                return "a certificate that has expired: " + innermost(at);
            }
            if (at instanceof CertificateNotYetValidException
                    || path && ((CertPathValidatorException) at).getReason() == BasicReason.NOT_YET_VALID) {
                return "a certificate that is not valid yet: " + innermost(at);
            }
            if (at instanceof CertPathBuilderException) {
                return "a certificate of an unknown authority";
            }
            if (path) {
                return "a certificate that is not trusted: " + at.getMessage();
            }
            if (at instanceof CertificateException wrong) {
                unproved = wrong;
            }
        }
        if (unproved != null) {
            // What the JDK says of a name that does not match has no class of its own; what else it has against one
            // has.
            boolean named = unproved.getClass() == CertificateException.class;
            return (named ? "a certificate for another name: " : "a certificate that is not trusted: ")
                    + unproved.getMessage();
        }
        String message = Objects.requireNonNullElse(failure.getMessage(), failure.toString());
        // Of some JDKs: "Unsupported or unrecognized SSL message", "Unrecognized SSL message, plaintext connection?".
        return message.toLowerCase(Locale.ROOT).contains("unrecognized ssl message")
                ? "an answer that is not TLS"
                : "no TLS handshake: " + message;
    }

    private static String innermost(Throwable of) {
        Throwable at = of;
        for (int depth = 0; at.getCause() != null && depth < MAX_DEPTH; depth++) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage());
    }
}
