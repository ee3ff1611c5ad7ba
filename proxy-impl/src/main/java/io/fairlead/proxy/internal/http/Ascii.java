package io.fairlead.proxy.internal.http;

import java.nio.charset.StandardCharsets;

/** Work on bytes that hold ASCII or Latin-1 text. */
public final class Ascii {

    private static final byte[] LOWER = new byte[256];

    static {
        for (int i = 0; i < 256; i++) {
            LOWER[i] = (byte) (i >= 'A' && i <= 'Z' ? i + 32 : i);
        }
    }

    private Ascii() {}

    /** The Latin-1 bytes of {@code text}. */
    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The text of Latin-1 bytes. */
    public static String string(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }

    public static byte lower(byte b) {
        return LOWER[b & 0xff];
    }

    /** Whether the range equals {@code lower}, which is in lower case. */
    public static boolean equalsIgnoreCase(byte[] bytes, int offset, int length, byte[] lower) {
        if (length != lower.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (LOWER[bytes[offset + i] & 0xff] != lower[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the range equals {@code text} regardless of case. */
    public static boolean equalsIgnoreCase(byte[] bytes, int offset, int length, String text) {
        if (length != text.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (LOWER[bytes[offset + i] & 0xff] != LOWER[text.charAt(i) & 0xff] || text.charAt(i) > 255) {
                return false;
            }
        }
        return true;
    }

    /** Whether the range, read as Latin-1, is {@code text}. */
    public static boolean equals(byte[] bytes, int offset, int length, String text) {
        if (length != text.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if ((bytes[offset + i] & 0xff) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Writes {@code value} in decimal and returns the offset after it. */
    public static int putDecimal(byte[] target, int offset, long value) {
        int digits = 1;
        for (long rest = value / 10; rest > 0; rest /= 10) {
            digits++;
        }
        long rest = value;
        for (int i = offset + digits - 1; i >= offset; i--) {
            target[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        return offset + digits;
    }
}
