package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.exchange.FailureCode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The head at hand: its bytes in scratch space, how far they have been read, the field lines that were found, and what
 * was wrong. The start line is the business of {@link RequestParser} and {@link ResponseParser}; the field lines, which
 * requests, responses and trailers have in common, are read here (RFC 9112 §5).
 */
final class HeadScan {

    /** The bytes at hand, from 0 to {@link #end}; longer than they are. */
    byte[] bytes = new byte[4096];

    int end;

    /** Where reading goes on. */
    int at;

    /** Fields found so far. */
    int count;

    /** Why the head was refused. */
    @Nullable
    FailureCode failure;

    /** What was wrong, for the log. */
    String detail = "";

    private int[] index = new int[128 * HeaderBlock.stride()];

    /** Takes {@code size} bytes at the buffer's position and {@code skip}; the buffer may be a direct one. */
    void load(ByteBuffer data, int skip, int size) {
        if (bytes.length < size) {
            bytes = new byte[Math.max(size, bytes.length * 2)];
        }
        data.get(data.position() + skip, bytes, 0, size);
        begin(size);
    }

    /** Takes field lines, and puts the empty line behind them. */
    void loadLines(byte[] lines, int length) {
        if (bytes.length < length + 2) {
            bytes = new byte[length + 2];
        }
        System.arraycopy(lines, 0, bytes, 0, length);
        bytes[length] = '\r';
        bytes[length + 1] = '\n';
        begin(length + 2);
    }

    private void begin(int size) {
        end = size;
        at = 0;
        count = 0;
    }

    int refuse(FailureCode code, String what) {
        failure = code;
        detail = what;
        return HeadParser.REFUSED;
    }

    /**
     * Reads field lines up to and including the empty line.
     *
     * @return 1, {@link HeadParser#INCOMPLETE} or {@link HeadParser#REFUSED}
     */
    int fields(int maxFields, FailureCode malformed, FailureCode tooMany) {
        byte[] b = bytes;
        int i = at;
        int stop = end;
        while (true) {
            if (i >= stop) {
                return HeadParser.INCOMPLETE;
            }
            if (b[i] == '\r') {
                if (i + 1 >= stop) {
                    return HeadParser.INCOMPLETE;
                }
                if (b[i + 1] != '\n') {
                    return refuse(malformed, "CR without LF");
                }
                at = i + 2;
                return 1;
            }
            int name = i;
            while (i < stop && CharClass.isToken(b[i])) {
                i++;
            }
            if (i == stop) {
                return HeadParser.INCOMPLETE;
            }
            if (b[i] != ':' || i == name) {
                // Also a folded line, which begins with a space (RFC 9112 §5.2), and a space before the colon (§5.1).
                return refuse(malformed, "field name");
            }
            int nameLength = i - name;
            i++;
            while (i < stop && (b[i] == ' ' || b[i] == '\t')) {
                i++;
            }
            int value = i;
            while (i < stop && CharClass.isValue(b[i])) {
                i++;
            }
            if (i + 1 >= stop) {
                return i < stop && b[i] != '\r' ? refuse(malformed, "field value") : HeadParser.INCOMPLETE;
            }
            if (b[i] != '\r' || b[i + 1] != '\n') {
                return refuse(malformed, "field value");
            }
            int valueEnd = i;
            while (valueEnd > value && (b[valueEnd - 1] == ' ' || b[valueEnd - 1] == '\t')) {
                valueEnd--;
            }
            i += 2;
            if (count == maxFields) {
                return refuse(tooMany, "more than " + maxFields + " fields");
            }
            if ((count + 1) * HeaderBlock.stride() > index.length) {
                index = Arrays.copyOf(index, index.length * 2);
            }
            HeaderBlock.putEntry(
                    index, count++, name, nameLength, FieldId.of(b, name, nameLength), value, valueEnd - value);
        }
    }

    /** The {@link FieldId} of field {@code i}. */
    int id(int i) {
        return index[i * HeaderBlock.stride() + 1] & 0xff;
    }

    int value(int i) {
        return index[i * HeaderBlock.stride() + 2];
    }

    int valueLength(int i) {
        return index[i * HeaderBlock.stride() + 3];
    }

    /** The first {@code length} bytes, for a head that outlives this scan. */
    byte[] copyBytes(int length) {
        return Arrays.copyOf(bytes, length);
    }

    /** The index of the fields, likewise. */
    int[] copyIndex() {
        return Arrays.copyOf(index, count * HeaderBlock.stride());
    }
}
