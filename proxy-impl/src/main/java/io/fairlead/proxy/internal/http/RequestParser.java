package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;

/**
 * Reads the head of a request that stands in a {@link HeadScan}, in these steps:
 *
 * <ol>
 *   <li>the request line (RFC 9112 §3), in {@link RequestLine};
 *   <li>the field lines;
 *   <li>of the fields those that the guard must understand: Host, framing, connection options, expectation.
 * </ol>
 */
final class RequestParser {

    private static final byte[] CONTINUE = Ascii.bytes("100-continue");

    private final HeadScan scan;
    final RequestLine line;
    final Framing framing = new Framing();

    boolean expectContinue;

    /** The field that is Host; -1 if there is none. */
    private int host;

    RequestParser(HeadScan scan) {
        this.scan = scan;
        this.line = new RequestLine(scan);
    }

    /** Reads the whole head; 1, {@link HeadParser#INCOMPLETE} or {@link HeadParser#REFUSED}. */
    int parse(HeadLimits limits) {
        int result = line.parse(limits.maxTargetBytes());
        if (result <= 0) {
            return result;
        }
        result = scan.fields(
                limits.maxFields(), FailureCode.CLIENT_MALFORMED_REQUEST, FailureCode.CLIENT_HEADERS_TOO_LARGE);
        if (result <= 0) {
            return result;
        }
        if (scan.at > limits.maxHeaderBytes()) {
            return tooLarge(limits);
        }
        return fields();
    }

    /** More bytes have come than a head may have, and it has not ended. */
    int endless(HeadLimits limits) {
        return line.length == 0
                ? scan.refuse(FailureCode.CLIENT_TARGET_TOO_LONG, "the request line does not end")
                : tooLarge(limits);
    }

    private int tooLarge(HeadLimits limits) {
        return scan.refuse(FailureCode.CLIENT_HEADERS_TOO_LARGE, "more than " + limits.maxHeaderBytes() + " bytes");
    }

    /** The head that was parsed. */
    RequestHead head() {
        int end = scan.at - 2;
        RequestHead head = new RequestHead(this, scan.copyBytes(end), end, scan.copyIndex(), scan.count);
        if (line.hostLength >= 0 && host < 0) {
            // HTTP/1.0 in absolute form: what the target says is what Host would (RFC 9112 §3.2.2).
            head.add("Host", Ascii.string(scan.bytes, line.hostOffset, line.hostLength));
        }
        return head;
    }

    private int fields() {
        byte[] b = scan.bytes;
        framing.begin();
        expectContinue = false;
        host = -1;
        for (int i = 0; i < scan.count; i++) {
            int id = scan.id(i);
            if (id == FieldId.OTHER) {
                continue;
            }
            int from = scan.value(i);
            int length = scan.valueLength(i);
            switch (id) {
                case FieldId.HOST -> {
                    if (host >= 0 || !HostSyntax.isValid(b, from, length)) {
                        return badHost(host >= 0 ? "Host twice" : "Host");
                    }
                    host = i;
                }
                case FieldId.CONTENT_LENGTH -> {
                    if (!framing.contentLength(b, from, length)) {
                        return badFraming("Content-Length");
                    }
                }
                case FieldId.TRANSFER_ENCODING -> {
                    if (!framing.transferEncoding(b, from, length)) {
                        return badFraming("Transfer-Encoding");
                    }
                }
                case FieldId.CONNECTION -> {
                    if (framing.connection(b, from, length)) {
                        return badFraming("Connection names a framing field");
                    }
                }
                case FieldId.EXPECT -> {
                    if (line.version == HttpVersion.HTTP_1_0) {
                        continue; // RFC 9110 §10.1.1: ignored
                    }
                    if (!Ascii.equalsIgnoreCase(b, from, length, CONTINUE)) {
                        return scan.refuse(FailureCode.CLIENT_EXPECTATION_UNKNOWN, "Expect");
                    }
                    expectContinue = true;
                }
                default -> {}
            }
        }
        String contradiction = framing.contradiction(line.version);
        if (!contradiction.isEmpty()) {
            return badFraming(contradiction);
        }
        if (host < 0 && line.version == HttpVersion.HTTP_1_1) {
            return badHost("no Host");
        }
        // RFC 9112 §3.2.2 lets the target win over Host; two hosts in one request are refused instead, because an
        // upstream or a log may look at the other one.
        if (line.hostLength >= 0 && host >= 0 && !isHostOfTarget(scan.value(host), scan.valueLength(host))) {
            return badHost("Host differs from the target");
        }
        return 1;
    }

    private boolean isHostOfTarget(int from, int length) {
        if (length != line.hostLength) {
            return false;
        }
        byte[] b = scan.bytes;
        for (int i = 0; i < length; i++) {
            if (Ascii.lower(b[from + i]) != Ascii.lower(b[line.hostOffset + i])) {
                return false;
            }
        }
        return true;
    }

    private int badHost(String what) {
        return scan.refuse(FailureCode.CLIENT_BAD_HOST, what);
    }

    private int badFraming(String what) {
        return scan.refuse(FailureCode.CLIENT_BAD_FRAMING, what);
    }
}
