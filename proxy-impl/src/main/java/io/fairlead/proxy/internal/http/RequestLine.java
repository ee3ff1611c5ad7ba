package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;

/**
 * Reads method, target and version (RFC 9112 §3). What it found is of the last line that was read; the offsets point into
 * the bytes of the {@link HeadScan}.
 */
final class RequestLine {

    private static final byte[] VERSION = Ascii.bytes("HTTP/");

    /** A version and the end of its line; 0 stands for any digit. */
    private static final String VERSION_FORM = "HTTP/0.0\r\n";

    private static final String CONNECT = "CONNECT";
    private static final String OPTIONS = "OPTIONS";
    private static final String TRACE = "TRACE";
    private static final String HTTP_SCHEME = "http://";
    private static final int MAX_METHOD_BYTES = 64;

    private final HeadScan scan;

    /** Bytes of the line with its CR LF; 0 while it has not been read to its end. */
    int length;

    int methodLength;

    /** Where path and query begin; the host of an absolute-form target is left out. */
    int targetOffset;

    int targetLength;

    /** Whether the target may go on as it stands. */
    boolean originForm;

    /** The host of an absolute-form target. */
    int hostOffset;

    /** Its length; -1 for the other forms. */
    int hostLength;

    HttpVersion version = HttpVersion.HTTP_1_1;

    RequestLine(HeadScan scan) {
        this.scan = scan;
    }

    /** Reads the line; 1, {@link HeadParser#INCOMPLETE} or {@link HeadParser#REFUSED}. */
    int parse(int maxTargetBytes) {
        length = 0;
        targetLength = 0;
        hostLength = -1;
        byte[] b = scan.bytes;
        int i = 0;
        int stop = scan.end;
        while (i < stop && CharClass.isToken(b[i])) {
            i++;
        }
        if (i > MAX_METHOD_BYTES) {
            // RFC 9112 §3: longer than any that is known here.
            return scan.refuse(FailureCode.CLIENT_METHOD_NOT_IMPLEMENTED, "more than " + MAX_METHOD_BYTES + " bytes");
        }
        if (i == stop) {
            return HeadParser.INCOMPLETE;
        }
        if (i == 0 || b[i] != ' ') {
            return malformed("method");
        }
        methodLength = i;
        targetOffset = i + 1;
        int result = target(maxTargetBytes);
        return result <= 0 ? result : version(targetOffset + targetLength + 1);
    }

    /** Reads the target and the space behind it. */
    private int target(int maxBytes) {
        byte[] b = scan.bytes;
        int stop = scan.end;
        int target = targetOffset;
        int i = target;
        // One byte more than is allowed is looked at, so that the refusal is the same whatever follows.
        int bound = Math.min(stop, target + maxBytes + 1);
        while (i < bound && CharClass.isTarget(b[i])) {
            if (b[i] == '%') {
                if (i + 2 >= stop) {
                    return HeadParser.INCOMPLETE;
                }
                int high = Character.digit(b[i + 1], 16);
                int low = Character.digit(b[i + 2], 16);
                if (high < 0 || low < 0 || high + low == 0) {
                    return malformed("percent-encoding in the target");
                }
                i += 2;
            }
            i++;
        }
        if (i - target > maxBytes) {
            return scan.refuse(FailureCode.CLIENT_TARGET_TOO_LONG, "more than " + maxBytes + " bytes");
        }
        if (i == stop) {
            return HeadParser.INCOMPLETE;
        }
        if (b[i] != ' ' || i == target) {
            return malformed("target");
        }
        targetLength = i - target;
        return 1;
    }

    /** Reads the version and the end of the line: HTTP/ digit . digit (RFC 9112 §2.3). */
    private int version(int from) {
        byte[] b = scan.bytes;
        int stop = scan.end;
        int i = from;
        if (stop - i < VERSION_FORM.length()) {
            return versionBegins(i, stop) ? HeadParser.INCOMPLETE : malformed("version");
        }
        for (int k = 0; k < VERSION.length; k++, i++) {
            if (b[i] != VERSION[k]) {
                return malformed("version");
            }
        }
        int major = b[i] - '0';
        int minor = b[i + 2] - '0';
        if (major < 0 || major > 9 || b[i + 1] != '.' || minor < 0 || minor > 9) {
            return malformed("version");
        }
        if (b[i + 3] != '\r' || b[i + 4] != '\n') {
            return malformed("end of the request line");
        }
        if (major != 1 || minor > 1) {
            return scan.refuse(FailureCode.CLIENT_VERSION_UNSUPPORTED, "HTTP/" + major + "." + minor);
        }
        version = minor == 1 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0;
        length = i + 5;
        scan.at = length;
        return targetForm();
    }

    /** Whether the bytes at hand may become a version and the end of the line. */
    private boolean versionBegins(int from, int stop) {
        byte[] b = scan.bytes;
        for (int i = from; i < stop; i++) {
            char form = VERSION_FORM.charAt(i - from);
            if (form == '0' ? b[i] < '0' || b[i] > '9' : b[i] != form) {
                return false;
            }
        }
        return true;
    }

    /** RFC 9112 §3.2: origin, absolute, authority or asterisk form. */
    private int targetForm() {
        byte[] b = scan.bytes;
        originForm = b[targetOffset] == '/';
        if (isMethod(CONNECT)) {
            return scan.refuse(FailureCode.CLIENT_METHOD_NOT_IMPLEMENTED, CONNECT);
        }
        if (originForm) {
            return traced();
        }
        if (targetLength == 1 && b[targetOffset] == '*') {
            originForm = isMethod(OPTIONS);
            return originForm ? 1 : malformed("asterisk form is for OPTIONS only");
        }
        int stop = targetOffset + targetLength;
        if (!startsWithScheme(stop)) {
            // Also https, which cannot come on a connection without TLS (RFC 9110 §7.4).
            return malformed("form of the target");
        }
        int host = targetOffset + HTTP_SCHEME.length();
        int slash = host;
        while (slash < stop && b[slash] != '/' && b[slash] != '?') {
            slash++;
        }
        if (!HostSyntax.isValid(b, host, slash - host)) {
            return scan.refuse(FailureCode.CLIENT_BAD_HOST, "host of the target");
        }
        hostOffset = host;
        hostLength = slash - host;
        targetOffset = slash;
        targetLength = stop - slash;
        return traced();
    }

    /** A trace would show the client what was added for the upstream (RFC 9110 §9.3.8). */
    private int traced() {
        return isMethod(TRACE) ? scan.refuse(FailureCode.CLIENT_METHOD_NOT_ALLOWED, TRACE) : 1;
    }

    private boolean isMethod(String name) {
        if (methodLength != name.length()) {
            return false;
        }
        byte[] b = scan.bytes;
        for (int i = 0; i < name.length(); i++) {
            if (b[i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean startsWithScheme(int stop) {
        return stop - targetOffset >= HTTP_SCHEME.length()
                && Ascii.equalsIgnoreCase(scan.bytes, targetOffset, HTTP_SCHEME.length(), HTTP_SCHEME);
    }

    private int malformed(String what) {
        return scan.refuse(FailureCode.CLIENT_MALFORMED_REQUEST, what);
    }
}
