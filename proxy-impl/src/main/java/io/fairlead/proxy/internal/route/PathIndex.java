package io.fairlead.proxy.internal.route;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one host by their paths: a table of exact paths, a trie of prefixes and templates, and lists. A few
 * entries are simply asked in turn: that touches less memory, which is what a lookup among many hosts costs.
 */
final class PathIndex {

    private static final int FEW = 8;

    private final Entry @Nullable [] few;
    private final Map<String, Entry[]> exact = new HashMap<>();
    private final @Nullable SegmentTrie segments;
    private final Entry[] regexes;
    private final Entry[] others;
    private final boolean usesPath;
    private final int first;

    PathIndex(List<Entry> entries) {
        this.few = entries.size() <= FEW ? Entry.sorted(entries) : null;
        Map<String, List<Entry>> byPath = new HashMap<>();
        List<Entry> bySegments = new ArrayList<>();
        List<Entry> byRegex = new ArrayList<>();
        List<Entry> anyPath = new ArrayList<>();
        int lowest = Visitor.NONE;
        for (Entry entry : entries) {
            lowest = Math.min(lowest, entry.rank);
            if (entry.path != null && entry.path.kind() == PathPattern.Kind.EXACT) {
                byPath.computeIfAbsent(entry.path.path(), path -> new ArrayList<>())
                        .add(entry);
            } else if (entry.path != null) {
                bySegments.add(entry);
            } else {
                (entry.onPathRegex() ? byRegex : anyPath).add(entry);
            }
        }
        byPath.forEach((path, list) -> exact.put(path, Entry.sorted(list)));
        this.segments = bySegments.isEmpty() ? null : SegmentTrie.of(bySegments);
        this.regexes = Entry.sorted(byRegex);
        this.others = Entry.sorted(anyPath);
        this.usesPath = !byPath.isEmpty() || segments != null;
        this.first = lowest;
    }

    /** Whether a lookup needs the path. */
    boolean usesPath() {
        return usesPath;
    }

    /** The lowest rank. */
    int first() {
        return first;
    }

    /** Visits what fits. The path may be null if {@link #usesPath} is false. */
    <Q> long visit(Visitor<Q> visitor, long state, Q request, InetAddress client, @Nullable String path) {
        if (few != null) {
            return visitFew(few, visitor, state, request, client, path);
        }
        long now = state;
        if (path != null) {
            Entry[] same = exact.get(path);
            if (same != null) {
                now = visitor.visit(same, now, request, client);
            }
            if (segments != null && path.startsWith("/")) {
                now = segments.visit(visitor, now, request, client, path, 0);
            }
        }
        if (regexes.length > 0) {
            now = visitor.visit(regexes, now, request, client);
        }
        return others.length == 0 ? now : visitor.visit(others, now, request, client);
    }

    private static <Q> long visitFew(
            Entry[] entries, Visitor<Q> visitor, long state, Q request, InetAddress client, @Nullable String path) {
        long now = state;
        for (Entry entry : entries) {
            if (entry.rank >= Visitor.best(now)) {
                break;
            }
            if (entry.path == null || path != null && entry.path.matches(path)) {
                now = visitor.visit(entry, now, request, client);
            }
        }
        return now;
    }
}
