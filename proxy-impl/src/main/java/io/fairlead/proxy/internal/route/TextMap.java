package io.fairlead.proxy.internal.route;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fixed map whose keys are looked up as parts of a text, without cutting them out. Only the keys of the configuration
 * lie in the table, so a client cannot make its chains long.
 */
final class TextMap<V> {

    /** Key and value side by side, because a lookup among many is as slow as its reads from memory are many. */
    private final Object[] table;

    private final int mask;
    private final boolean empty;

    TextMap(Map<String, ? extends V> entries) {
        int size = Math.max(2, Integer.highestOneBit(Math.max(1, entries.size())) << 2);
        this.table = new Object[2 * size];
        this.mask = size - 1;
        this.empty = entries.isEmpty();
        entries.forEach((key, value) -> {
            int slot = slot(hash(key, 0, key.length()));
            while (table[2 * slot] != null) {
                slot = slot + 1 & mask;
            }
            table[2 * slot] = key;
            table[2 * slot + 1] = value;
        });
    }

    boolean isEmpty() {
        return empty;
    }

    /** From the end, so that the hashes of all suffixes come out of one pass. */
    private static int hash(String text, int from, int to) {
        int hash = 0;
        for (int i = to - 1; i >= from; i--) {
            hash = next(hash, text.charAt(i));
        }
        return hash;
    }

    /** The hash of a text from that of its rest and the character before. */
    static int next(int hash, char before) {
        return hash * 31 + before;
    }

    private int slot(int hash) {
        int mixed = hash * 0x9E3779B9;
        return (mixed ^ mixed >>> 15) & mask;
    }

    @Nullable
    V get(String text, int from, int to) {
        return empty ? null : get(text, from, to, hash(text, from, to));
    }

    @SuppressWarnings("unchecked")
    @Nullable
    V get(String text, int from, int to, int hash) {
        for (int slot = slot(hash); table[2 * slot] instanceof String key; slot = slot + 1 & mask) {
            if (key.length() == to - from && text.startsWith(key, from)) {
                return (V) table[2 * slot + 1];
            }
        }
        return null;
    }
}
