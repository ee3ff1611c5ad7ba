package io.fairlead.proxy.internal.route;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one host by their paths: a table of exact paths, a trie of prefixes and templates, and lists. A few
 * entries are simply asked in turn: that touches less memory, which is what a lookup among many hosts costs.
 */
final class PathIndex {

    private static final int FEW = 8;

    private final Entry @Nullable [] few;

    /**
     * For each of the few, in two numbers side by side, what turns it down or takes it without a look at its pattern: its
     * rank, what may follow its {@link Entry#beginning} and the length of that; and the last characters of that.
     */
    private final long[] beginnings;

    /** All their beginnings, one behind the other: one place in memory instead of two for each. */
    private final String texts;

    /** What may follow a beginning: nothing, nothing or more segments, what the pattern says, or anything. */
    private static final int END = 0;

    private static final int SEGMENTS = 1;
    private static final int PATTERN = 2;
    private static final int ANYTHING = 3;
    private static final int LENGTH_BITS = 30;

    private final Map<String, Entry[]> exact = new HashMap<>();
    private final @Nullable SegmentTrie segments;
    private final Entry[] regexes;
    private final Entry[] others;
    private final boolean usesPath;
    private final int first;

    PathIndex(List<Entry> entries) {
        this.few = entries.size() <= FEW ? Entry.sorted(entries) : null;
        this.beginnings = few == null ? new long[0] : beginnings(few);
        this.texts = few == null ? "" : Stream.of(few).map(Entry::beginning).collect(Collectors.joining());
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

    private static long[] beginnings(Entry[] entries) {
        long[] numbers = new long[entries.length * 2];
        for (int i = 0; i < entries.length; i++) {
            String beginning = entries[i].beginning();
            numbers[2 * i] =
                    (long) entries[i].rank << 32 | (long) following(entries[i]) << LENGTH_BITS | beginning.length();
            numbers[2 * i + 1] = lastCharacters(beginning, beginning.length());
        }
        return numbers;
    }

    /** The eight characters before {@code end}, or as many as there are. Others may have the same number. */
    private static long lastCharacters(String text, int end) {
        long number = 0;
        for (int i = Math.max(0, end - 8); i < end; i++) {
            number = number << 8 | text.charAt(i) & 0xff;
        }
        return number;
    }

    private static int following(Entry entry) {
        PathPattern path = entry.path;
        if (path == null) {
            return ANYTHING;
        }
        return path.hasVariables() || path.beginning().isEmpty()
                ? PATTERN
                : path.kind() == PathPattern.Kind.EXACT ? END : SEGMENTS;
    }

    private <Q> long visitFew(
            Entry[] entries, Visitor<Q> visitor, long state, Q request, InetAddress client, @Nullable String path) {
        long now = state;
        int at = 0;
        for (int i = 0; i < entries.length; i++) {
            long number = beginnings[2 * i];
            if ((int) (number >>> 32) >= Visitor.best(now)) {
                break;
            }
            int length = (int) number & (1 << LENGTH_BITS) - 1;
            int from = at;
            at += length;
            int following = (int) number >>> LENGTH_BITS;
            if (path == null ? following == ANYTHING : fits(path, i, from, length, following, entries)) {
                now = visitor.visit(entries[i], now, request, client);
            }
        }
        return now;
    }

    private boolean fits(String path, int i, int from, int length, int following, Entry[] entries) {
        if (length > path.length()
                || lastCharacters(path, length) != beginnings[2 * i + 1]
                || !path.regionMatches(0, texts, from, length)) {
            return false;
        }
        return switch (following) {
            case END -> path.length() == length;
            case SEGMENTS -> path.length() == length || path.charAt(length) == '/';
            case PATTERN -> {
                PathPattern pattern = entries[i].path;
                yield pattern != null && pattern.matchesRest(path, length);
            }
            default -> true;
        };
    }
}
