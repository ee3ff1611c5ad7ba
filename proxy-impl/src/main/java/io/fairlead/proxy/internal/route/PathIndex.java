package io.fairlead.proxy.internal.route;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The entries of one host by their paths. */
final class PathIndex {

    private final Map<String, Entry[]> exact = new HashMap<>();
    private final @Nullable SegmentTrie segments;
    private final Entry[] regexes;
    private final Entry[] others;
    private final boolean usesPath;
    private final int first;

    PathIndex(List<Entry> entries) {
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
}
