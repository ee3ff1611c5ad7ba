package io.fairlead.proxy.internal.http;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Decodes percent-escapes, as UTF-8, once. */
public final class Escapes {

    private Escapes() {}

    /** The value of a hexadecimal digit; -1 for anything else. */
    public static int digit(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        int letter = c | 0x20;
        return letter >= 'a' && letter <= 'f' && c < 128 ? letter - 'a' + 10 : -1;
    }

    /** Decodes part of a path; what is no escape stays, octets that are not UTF-8 become U+FFFD. */
    public static String decode(String text) {
        return decode(text, 0, text.length(), false);
    }

    /** Decodes part of a query, where a plus sign is a space (the form encoding of HTML). */
    public static String decodeForm(String text, int from, int to) {
        return decode(text, from, to, true);
    }

    private static String decode(String text, int from, int to, boolean plusIsSpace) {
        int at = from;
        while (at < to && text.charAt(at) != '%' && !(plusIsSpace && text.charAt(at) == '+')) {
            at++;
        }
        if (at == to) {
            return text.substring(from, to);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(to - from);
        for (at = from; at < to; at++) {
            char c = text.charAt(at);
            int high = c == '%' && at + 2 < to ? digit(text.charAt(at + 1)) : -1;
            int low = high >= 0 ? digit(text.charAt(at + 2)) : -1;
            if (low >= 0) {
                out.write(high << 4 | low);
                at += 2;
            } else if (plusIsSpace && c == '+') {
                out.write(' ');
            } else if (c <= 0xff) {
                out.write(c);
            } else {
                out.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
