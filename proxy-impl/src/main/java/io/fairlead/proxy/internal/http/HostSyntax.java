package io.fairlead.proxy.internal.http;

/** What a Host field or the host of a target may say. */
final class HostSyntax {

    private static final int MAX_NAME_BYTES = 255;
    private static final int MAX_BRACKETED_BYTES = 46;
    private static final int MAX_PORT = 65535;

    private HostSyntax() {}

    /** RFC 3986 §3.2.2: a name, an IPv4 address or a bracketed IPv6 address, and maybe a port. */
    static boolean isValid(byte[] b, int from, int length) {
        if (length == 0) {
            return false;
        }
        int stop = from + length;
        int end = b[from] == '[' ? bracketedEnd(b, from, stop) : nameEnd(b, from, stop);
        return end >= 0 && (end == stop || isPort(b, end, stop));
    }

    /** Where the address and its bracket end; -1 if it is none. */
    private static int bracketedEnd(byte[] b, int from, int stop) {
        int i = from + 1;
        int colons = 0;
        while (i < stop && b[i] != ']') {
            if (b[i] == ':') {
                colons++;
            } else if (Character.digit(b[i], 16) < 0 && b[i] != '.') {
                return -1;
            }
            i++;
        }
        return i == stop || colons < 2 || i - from > MAX_BRACKETED_BYTES ? -1 : i + 1;
    }

    /** Where the name or IPv4 address ends; -1 if it is none. */
    private static int nameEnd(byte[] b, int from, int stop) {
        int i = from;
        while (i < stop && b[i] != ':') {
            int c = b[i] & 0xff;
            boolean allowed = c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '-'
                    || c == '.'
                    || c == '_'
                    || c == '~';
            if (!allowed) {
                return -1;
            }
            i++;
        }
        return i == from || i - from > MAX_NAME_BYTES ? -1 : i;
    }

    private static boolean isPort(byte[] b, int colon, int stop) {
        if (b[colon] != ':' || stop - colon > 6 || stop - colon < 2) {
            return false;
        }
        int port = 0;
        for (int i = colon + 1; i < stop; i++) {
            int digit = b[i] - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            port = port * 10 + digit;
        }
        return port > 0 && port <= MAX_PORT;
    }
}
