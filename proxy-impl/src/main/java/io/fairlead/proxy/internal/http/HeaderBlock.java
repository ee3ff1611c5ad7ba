package io.fairlead.proxy.internal.http;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpSyntax;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a head as bytes with an index, in the order and spelling of the wire.
 *
 * <p>{@code bytes} holds whole lines, {@code name: value CR LF}, one after the other without a gap, so that a run of
 * fields that are forwarded unchanged is copied by one array copy. A field that is removed stays in place and loses its
 * id; a field that is added is appended as a line. Strings are made only for whoever asks.
 */
public class HeaderBlock implements Headers {

    private static final int STRIDE = 4;
    private static final int NAME = 0;
    private static final int NAME_LENGTH_AND_ID = 1;
    private static final int VALUE = 2;
    private static final int VALUE_LENGTH = 3;

    private byte[] bytes;
    private int end;
    private int[] index;
    private int count;

    /** Takes over the arrays: {@code count} fields whose last line ends at {@code end}. */
    HeaderBlock(byte[] bytes, int end, int[] index, int count) {
        this.bytes = bytes;
        this.end = end;
        this.index = index;
        this.count = count;
    }

    /** No fields yet. */
    public HeaderBlock() {
        this(new byte[128], 0, new int[6 * STRIDE], 0);
    }

    /** These fields as bytes; returns {@code headers} itself if it is a block already. */
    public static HeaderBlock of(Headers headers) {
        if (headers instanceof HeaderBlock block) {
            return block;
        }
        HeaderBlock block = new HeaderBlock();
        headers.forEach(block::add);
        return block;
    }

    /** Places of the index, removed fields included. */
    public final int count() {
        return count;
    }

    /** The {@link FieldId} at place {@code i}; {@link FieldId#REMOVED} if there is none any more. */
    public final int id(int i) {
        return index[i * STRIDE + NAME_LENGTH_AND_ID] & 0xff;
    }

    public final int valueOffset(int i) {
        return index[i * STRIDE + VALUE];
    }

    public final int valueLength(int i) {
        return index[i * STRIDE + VALUE_LENGTH];
    }

    public final byte[] bytes() {
        return bytes;
    }

    /** Where the line at place {@code i} begins. */
    public final int lineStart(int i) {
        return index[i * STRIDE + NAME];
    }

    /** Where the line at place {@code i} ends, after its CR LF. */
    public final int lineEnd(int i) {
        return i + 1 < count ? index[(i + 1) * STRIDE + NAME] : end;
    }

    private int nameLength(int i) {
        return index[i * STRIDE + NAME_LENGTH_AND_ID] >>> 8;
    }

    public final String name(int i) {
        return Ascii.string(bytes, lineStart(i), nameLength(i));
    }

    public final String value(int i) {
        return Ascii.string(bytes, valueOffset(i), valueLength(i));
    }

    /** The place of the first field with this id; -1 if there is none. */
    public final int find(int id) {
        for (int i = 0, at = NAME_LENGTH_AND_ID; i < count; i++, at += STRIDE) {
            if ((index[at] & 0xff) == id) {
                return i;
            }
        }
        return -1;
    }

    /** The place of the first field with this id after place {@code from}; -1 if there is none. */
    public final int findAfter(int from, int id) {
        for (int i = from + 1; i < count; i++) {
            if (id(i) == id) {
                return i;
            }
        }
        return -1;
    }

    /** The place of the first field of this name, regardless of case, from place {@code from} on; -1 if there is none. */
    public final int find(String name, int from) {
        for (int i = from; i < count; i++) {
            if (id(i) != FieldId.REMOVED && Ascii.equalsIgnoreCase(bytes, lineStart(i), nameLength(i), name)) {
                return i;
            }
        }
        return -1;
    }

    public final @Nullable String get(int id) {
        int at = find(id);
        return at < 0 ? null : value(at);
    }

    /** Removes the field at place {@code i}. */
    public final void removeAt(int i) {
        index[i * STRIDE + NAME_LENGTH_AND_ID] &= ~0xff;
    }

    /** Removes all fields with this id. */
    public final void remove(int id) {
        for (int i = 0; i < count; i++) {
            if (id(i) == id) {
                removeAt(i);
            }
        }
    }

    /**
     * Removes the fields that the Connection field at place {@code i} names (RFC 9110 §7.6.1). Framing and Host stay:
     * the guard has refused requests that name them, and in a response they are ours to judge.
     */
    public final void removeNominated(int i) {
        int stop = valueOffset(i) + valueLength(i);
        for (long e = TokenList.next(bytes, valueOffset(i), stop);
                e != TokenList.END;
                e = TokenList.next(bytes, TokenList.stop(e), stop)) {
            removeNamed(TokenList.start(e), TokenList.length(e));
        }
    }

    private void removeNamed(int offset, int length) {
        for (int i = 0; i < count; i++) {
            int id = id(i);
            if (id == FieldId.REMOVED
                    || id == FieldId.CONNECTION
                    || id == FieldId.CONTENT_LENGTH
                    || id == FieldId.TRANSFER_ENCODING
                    || id == FieldId.HOST
                    || nameLength(i) != length) {
                continue;
            }
            int name = lineStart(i);
            int same = 0;
            while (same < length && Ascii.lower(bytes[name + same]) == Ascii.lower(bytes[offset + same])) {
                same++;
            }
            if (same == length) {
                removeAt(i);
            }
        }
    }

    /** Whether the comma-separated value of a field with this id holds {@code lowerToken}. */
    public final boolean hasToken(int id, byte[] lowerToken) {
        for (int i = find(id); i >= 0; i = findAfter(i, id)) {
            if (TokenList.contains(bytes, valueOffset(i), valueLength(i), lowerToken)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public final Optional<String> first(String name) {
        int i = find(name, 0);
        return i < 0 ? Optional.empty() : Optional.of(value(i));
    }

    @Override
    public final List<String> all(String name) {
        List<String> values = new ArrayList<>(2);
        for (int i = find(name, 0); i >= 0; i = find(name, i + 1)) {
            values.add(value(i));
        }
        return values;
    }

    @Override
    public final boolean contains(String name) {
        return find(name, 0) >= 0;
    }

    @Override
    public final int size() {
        int size = 0;
        for (int i = 0; i < count; i++) {
            if (id(i) != FieldId.REMOVED) {
                size++;
            }
        }
        return size;
    }

    @Override
    public final void forEach(BiConsumer<String, String> action) {
        for (int i = 0; i < count; i++) {
            if (id(i) != FieldId.REMOVED) {
                action.accept(name(i), value(i));
            }
        }
    }

    @Override
    public final HeaderBlock set(String name, String value) {
        HttpSyntax.requireToken(name);
        HttpSyntax.requireFieldValue(value);
        remove(name);
        return append(name, value);
    }

    @Override
    public final HeaderBlock add(String name, String value) {
        return append(HttpSyntax.requireToken(name), HttpSyntax.requireFieldValue(value));
    }

    @Override
    public final HeaderBlock remove(String name) {
        for (int i = find(name, 0); i >= 0; i = find(name, i + 1)) {
            removeAt(i);
        }
        return this;
    }

    @SuppressWarnings("deprecation") // String.getBytes(int, int, byte[], int) is Latin-1, as the checks have made sure.
    private HeaderBlock append(String name, String value) {
        int length = name.length() + 2 + value.length() + 2;
        if (end + length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end + length, bytes.length * 2));
        }
        if ((count + 1) * STRIDE > index.length) {
            index = Arrays.copyOf(index, Math.max(8 * STRIDE, index.length * 2));
        }
        int at = end;
        name.getBytes(0, name.length(), bytes, at);
        int valueAt = at + name.length() + 2;
        bytes[valueAt - 2] = ':';
        bytes[valueAt - 1] = ' ';
        value.getBytes(0, value.length(), bytes, valueAt);
        end = valueAt + value.length() + 2;
        bytes[end - 2] = '\r';
        bytes[end - 1] = '\n';
        int entry = count * STRIDE;
        index[entry + NAME] = at;
        index[entry + NAME_LENGTH_AND_ID] = name.length() << 8 | FieldId.of(bytes, at, name.length());
        index[entry + VALUE] = valueAt;
        index[entry + VALUE_LENGTH] = value.length();
        count++;
        return this;
    }

    /** Bytes that {@link #writeTo} needs at most. */
    public final int wireLength() {
        return count == 0 ? 0 : end - lineStart(0);
    }

    /**
     * Copies the lines of all fields that are present.
     *
     * @param skip a bit for each {@link FieldId} that is left out; {@link FieldId#REMOVED} always is
     * @return the offset after them
     */
    public final int writeTo(byte[] target, int offset, long skip) {
        long without = skip | 1L << FieldId.REMOVED;
        int to = offset;
        int i = 0;
        while (i < count) {
            if ((without >>> id(i) & 1) != 0) {
                i++;
                continue;
            }
            int from = lineStart(i);
            do {
                i++;
            } while (i < count && (without >>> id(i) & 1) == 0);
            int stop = lineEnd(i - 1);
            System.arraycopy(bytes, from, target, to, stop - from);
            to += stop - from;
        }
        return to;
    }

    /**
     * Copies the lines of all fields that are present and have another name, see {@link #writeTo}.
     *
     * @param name regardless of case
     */
    public final int writeWithout(String name, byte[] target, int offset, long skip) {
        long without = skip | 1L << FieldId.REMOVED;
        int to = offset;
        for (int i = 0; i < count; i++) {
            int from = lineStart(i);
            if ((without >>> id(i) & 1) == 0 && !Ascii.equalsIgnoreCase(bytes, from, nameLength(i), name)) {
                int length = lineEnd(i) - from;
                System.arraycopy(bytes, from, target, to, length);
                to += length;
            }
        }
        return to;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
        return text.toString();
    }

    /** One entry of an index, for the parser. */
    static int putEntry(int[] index, int place, int name, int nameLength, int id, int value, int valueLength) {
        int at = place * STRIDE;
        index[at + NAME] = name;
        index[at + NAME_LENGTH_AND_ID] = nameLength << 8 | id;
        index[at + VALUE] = value;
        index[at + VALUE_LENGTH] = valueLength;
        return at + STRIDE;
    }

    static int stride() {
        return STRIDE;
    }
}
