package io.fairlead.proxy.internal.http;

/**
 * Comma-separated lists in field values (RFC 9110 §5.6.1): elements without the white space around them, empty ones left
 * out. An element is a range of the bytes, given as one number, so that walking a list makes no objects:
 *
 * <pre>{@code
 * for (long e = TokenList.next(bytes, from, stop); e != TokenList.END; e = TokenList.next(bytes, TokenList.stop(e), stop)) {
 * }</pre>
 */
final class TokenList {

    /** There is no further element. */
    static final long END = -1;

    private TokenList() {}

    /** The first element at or after {@code from}, which is the start of the list or the end of an element. */
    static long next(byte[] bytes, int from, int stop) {
        int start = from;
        while (start < stop && (bytes[start] == ',' || isBlank(bytes[start]))) {
            start++;
        }
        if (start == stop) {
            return END;
        }
        int end = start;
        while (end < stop && bytes[end] != ',') {
            end++;
        }
        while (isBlank(bytes[end - 1])) {
            end--;
        }
        return (long) start << 32 | end;
    }

    /** Where the element begins. */
    static int start(long element) {
        return (int) (element >>> 32);
    }

    /** Where the element ends. */
    static int stop(long element) {
        return (int) element;
    }

    static int length(long element) {
        return stop(element) - start(element);
    }

    /** Whether {@code lowerToken}, which is in lower case, is an element of the list. */
    static boolean contains(byte[] bytes, int from, int length, byte[] lowerToken) {
        int stop = from + length;
        for (long e = next(bytes, from, stop); e != END; e = next(bytes, stop(e), stop)) {
            if (Ascii.equalsIgnoreCase(bytes, start(e), length(e), lowerToken)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }
}
