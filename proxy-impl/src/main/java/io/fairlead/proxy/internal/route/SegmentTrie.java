package io.fairlead.proxy.internal.route;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Prefixes and templates by their segments. A lookup goes down at most two ways a segment: text and variable. */
final class SegmentTrie {

    private final TextMap<SegmentTrie> literals;
    private final @Nullable SegmentTrie variable;
    private final Entry[] prefixes;
    private final Entry[] ends;
    /** The lowest rank here and below. */
    private final int first;

    private SegmentTrie(Builder builder) {
        Map<String, SegmentTrie> children = new HashMap<>();
        builder.literals.forEach((text, child) -> children.put(text, new SegmentTrie(child)));
        this.literals = new TextMap<>(children);
        this.variable = builder.variable == null ? null : new SegmentTrie(builder.variable);
        this.prefixes = Entry.sorted(builder.prefixes);
        this.ends = Entry.sorted(builder.ends);
        this.first = builder.first;
    }

    static SegmentTrie of(List<Entry> entries) {
        Builder root = new Builder();
        entries.forEach(root::add);
        return new SegmentTrie(root);
    }

    int first() {
        return first;
    }

    /** Visits what fits the path, of which the segments before {@code at}, the place of a slash or the end, fit. */
    <Q> long visit(Visitor<Q> visitor, long state, Q request, InetAddress client, String path, int at) {
        long now = state;
        if (first >= Visitor.best(now)) {
            return now;
        }
        if (at == path.length()) {
            now = visitor.visit(ends, now, request, client);
        } else {
            int end = path.indexOf('/', at + 1);
            end = end < 0 ? path.length() : end;
            SegmentTrie literal = literals.get(path, at + 1, end);
            if (literal != null) {
                now = literal.visit(visitor, now, request, client, path, end);
            }
            if (variable != null && end > at + 1) {
                now = variable.visit(visitor, now, request, client, path, end);
            }
        }
        // Last, because a longer prefix or a template mostly precedes.
        return prefixes.length == 0 ? now : visitor.visit(prefixes, now, request, client);
    }

    private static final class Builder {
        private final Map<String, Builder> literals = new HashMap<>();
        private @Nullable Builder variable;
        private final List<Entry> prefixes = new ArrayList<>();
        private final List<Entry> ends = new ArrayList<>();
        private int first = Visitor.NONE;

        void add(Entry entry) {
            PathPattern path = java.util.Objects.requireNonNull(entry.path);
            Builder node = this;
            node.first = Math.min(node.first, entry.rank);
            for (PathPattern.Segment segment : path.segments()) {
                node = segment.variable()
                        ? node.variable()
                        : node.literals.computeIfAbsent(segment.text(), text -> new Builder());
                node.first = Math.min(node.first, entry.rank);
            }
            (path.kind() == PathPattern.Kind.PREFIX ? node.prefixes : node.ends).add(entry);
        }

        private Builder variable() {
            if (variable == null) {
                variable = new Builder();
            }
            return variable;
        }
    }
}
