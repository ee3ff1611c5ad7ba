package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;

/** Reads the head of a response that stands in a {@link HeadScan}: status line (RFC 9112 §4), fields, framing. */
final class ResponseParser {

    private static final byte[] VERSION = Ascii.bytes("HTTP/1.");

    /** A status line without reason phrase ends here at the earliest. */
    private static final int MIN_BYTES = 13;

    private static final int MAX_FIELDS = 1000;

    private final HeadScan scan;
    final Framing framing = new Framing();

    HttpVersion version = HttpVersion.HTTP_1_1;
    int status;
    int reasonOffset;
    int reasonLength;

    ResponseParser(HeadScan scan) {
        this.scan = scan;
    }

    /** Reads the whole head; 1, {@link HeadParser#INCOMPLETE} or {@link HeadParser#REFUSED}. */
    int parse() {
        int result = statusLine();
        if (result <= 0) {
            return result;
        }
        result = scan.fields(
                MAX_FIELDS, FailureCode.UPSTREAM_MALFORMED_RESPONSE, FailureCode.UPSTREAM_HEADERS_TOO_LARGE);
        return result <= 0 ? result : fields();
    }

    /** The head that was parsed. */
    ResponseHead head() {
        int end = scan.at - 2;
        return new ResponseHead(this, scan.copyBytes(end), end, scan.copyIndex(), scan.count);
    }

    private int statusLine() {
        byte[] b = scan.bytes;
        int stop = scan.end;
        for (int i = 0; i < VERSION.length; i++) {
            if (i == stop) {
                return HeadParser.INCOMPLETE;
            }
            if (b[i] != VERSION[i]) {
                return malformed("version");
            }
        }
        if (stop < MIN_BYTES) {
            return HeadParser.INCOMPLETE;
        }
        int minor = b[7] - '0';
        if (minor != 0 && minor != 1 || b[8] != ' ') {
            return malformed("version");
        }
        version = minor == 1 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0;
        status = 0;
        for (int i = 9; i < 12; i++) {
            int digit = b[i] - '0';
            if (digit < 0 || digit > 9) {
                return malformed("status");
            }
            status = status * 10 + digit;
        }
        if (status < 100 || status > 599) {
            // RFC 9110 §15: outside of that a status is invalid.
            return malformed("status");
        }
        int i = 12;
        if (b[i] == ' ') {
            i++;
        } else if (b[i] != '\r') {
            return malformed("status line");
        }
        reasonOffset = i;
        while (i < stop && CharClass.isValue(b[i])) {
            i++;
        }
        reasonLength = i - reasonOffset;
        if (i + 1 >= stop) {
            return i < stop && b[i] != '\r' ? malformed("status line") : HeadParser.INCOMPLETE;
        }
        if (b[i] != '\r' || b[i + 1] != '\n') {
            return malformed("status line");
        }
        scan.at = i + 2;
        return 1;
    }

    private int fields() {
        byte[] b = scan.bytes;
        framing.begin();
        for (int i = 0; i < scan.count; i++) {
            int from = scan.value(i);
            int length = scan.valueLength(i);
            switch (scan.id(i)) {
                case FieldId.CONTENT_LENGTH -> {
                    if (!framing.contentLength(b, from, length)) {
                        return malformed("Content-Length");
                    }
                }
                case FieldId.TRANSFER_ENCODING -> {
                    if (!framing.transferEncoding(b, from, length)) {
                        return malformed("Transfer-Encoding");
                    }
                }
                // What an upstream nominates is ours to judge, when its fields are forwarded.
                case FieldId.CONNECTION -> framing.connection(b, from, length);
                default -> {}
            }
        }
        String contradiction = framing.contradiction(version);
        return contradiction.isEmpty() ? 1 : malformed(contradiction);
    }

    private int malformed(String what) {
        return scan.refuse(FailureCode.UPSTREAM_MALFORMED_RESPONSE, what);
    }
}
