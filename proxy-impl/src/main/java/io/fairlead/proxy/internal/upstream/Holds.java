package io.fairlead.proxy.internal.upstream;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What keeps targets of a pool out of use that are drained by hand, by URL. A target that its source leaves out is held for an
 * hour still: a source that misses one for a moment must not put a server in use that is being restarted. Not for ever, as
 * another server may have the address by then.
 *
 * <p>Guarded by the lock of the pool.
 */
final class Holds {

    /** How long a target is held that is not there. */
    static final long MEMORY_NANOS = 3_600_000_000_000L;

    private static final class Entry {
        private final Object hold = new Object();
        private boolean away;
        private long awaySince;
    }

    private final Map<String, Entry> entries = new HashMap<>();

    /** What holds the target from now on; the same as before if it is held already. */
    Object hold(String url) {
        return entries.computeIfAbsent(url, one -> new Entry()).hold;
    }

    boolean isHeld(String url) {
        return entries.containsKey(url);
    }

    /** Whether this held it until now. */
    boolean release(String url, Object hold) {
        Entry entry = entries.get(url);
        if (entry == null || entry.hold != hold) {
            return false;
        }
        entries.remove(url);
        return true;
    }

    /** These targets are there, and no others: whom the source leaves out may come back. */
    void present(Set<String> urls, long now) {
        entries.forEach((url, entry) -> {
            boolean away = !urls.contains(url);
            if (away && !entry.away) {
                entry.awaySince = now;
            }
            entry.away = away;
        });
    }

    /** Forgets those that are away for too long. */
    void expire(long now) {
        entries.values().removeIf(entry -> entry.away && now - entry.awaySince >= MEMORY_NANOS);
    }

    /** Forgets the target. */
    void forget(String url) {
        entries.remove(url);
    }

    /** Forgets all but these. */
    void retain(Set<String> urls) {
        entries.keySet().retainAll(urls);
    }
}
