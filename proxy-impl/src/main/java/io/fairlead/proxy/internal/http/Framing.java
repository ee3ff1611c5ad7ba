package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.HttpVersion;

/**
 * What the fields of one head say about where its body ends (RFC 9112 §6.3) and whether the connection goes on (§9.3).
 * Stricter than the RFC: whatever two recipients could read differently is refused, since one of them would take a part
 * of the body for the next message (§11.2).
 */
final class Framing {

    private static final byte[] CHUNKED = Ascii.bytes("chunked");

    /** The largest number of so many digits fits in a long. */
    private static final int MAX_LENGTH_DIGITS = 18;

    private static final String BOTH = "Content-Length and Transfer-Encoding";

    /** As Content-Length says; -1 if there is none. */
    long contentLength;

    boolean chunked;
    private boolean close;
    private boolean keepAlive;

    void begin() {
        contentLength = -1;
        chunked = false;
        close = false;
        keepAlive = false;
    }

    /** Takes a Content-Length; false if it is no number, or the second one, even if that says the same. */
    boolean contentLength(byte[] bytes, int from, int length) {
        if (contentLength >= 0 || length == 0 || length > MAX_LENGTH_DIGITS) {
            return false;
        }
        long value = 0;
        for (int i = from; i < from + length; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            value = value * 10 + digit;
        }
        contentLength = value;
        return true;
    }

    /**
     * Takes a Transfer-Encoding; false if it is not {@code chunked} alone. Other codings are not ours to undo, and
     * "xchunked" or "chunked, chunked" are there to deceive.
     */
    boolean transferEncoding(byte[] bytes, int from, int length) {
        if (chunked || !Ascii.equalsIgnoreCase(bytes, from, length, CHUNKED)) {
            return false;
        }
        chunked = true;
        return true;
    }

    /**
     * Takes a Connection field.
     *
     * @return whether it names a field that belongs to the message, which a next hop would then lack (RFC 9110 §7.6.1)
     */
    boolean connection(byte[] bytes, int from, int length) {
        boolean harmful = false;
        int stop = from + length;
        for (long e = TokenList.next(bytes, from, stop);
                e != TokenList.END;
                e = TokenList.next(bytes, TokenList.stop(e), stop)) {
            switch (FieldId.of(bytes, TokenList.start(e), TokenList.length(e))) {
                case FieldId.CLOSE -> close = true;
                case FieldId.KEEP_ALIVE -> keepAlive = true;
                case FieldId.TRANSFER_ENCODING, FieldId.CONTENT_LENGTH, FieldId.HOST, FieldId.TRAILER -> harmful = true;
                default -> {}
            }
        }
        return harmful;
    }

    /** What is wrong with the fields taken together; an empty text if nothing is. */
    String contradiction(HttpVersion version) {
        if (!chunked) {
            return "";
        }
        // RFC 9112 §6.1: HTTP/1.0 knows no codings, so that one of two recipients would see no body.
        return contentLength >= 0 ? BOTH : version == HttpVersion.HTTP_1_0 ? "Transfer-Encoding in HTTP/1.0" : "";
    }

    /** Whether the connection goes on after this message. */
    boolean keepAlive(HttpVersion version) {
        return version == HttpVersion.HTTP_1_1 ? !close : keepAlive && !close;
    }
}
