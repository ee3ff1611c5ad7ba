package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.internal.response.ReasonPhrases;

/** The bytes of status lines with their usual reason phrases. */
public final class StatusLine {

    private static final byte[][] LINES = new byte[1000][];

    private StatusLine() {}

    /** {@code HTTP/1.1 200 OK CR LF}. Made at the first use; two threads may both make it, which does no harm. */
    public static byte[] of(int status) {
        byte[] line = LINES[status];
        if (line == null) {
            line = Ascii.bytes("HTTP/1.1 " + status + " " + ReasonPhrases.of(status) + "\r\n");
            LINES[status] = line;
        }
        return line;
    }
}
