package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.internal.http.Escapes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A path pattern, read: segments of the normalised path, a name in the place of the text where a segment is a
 * variable.
 */
final class PathPattern {

    /** In the order of precedence. */
    enum Kind {
        EXACT,
        TEMPLATE,
        PREFIX
    }

    /** One segment: text that stands for itself, or the name of a variable that takes any text but none. */
    record Segment(boolean variable, String text) {
        boolean matches(String path, int from, int to) {
            return variable ? to > from : to - from == text.length() && path.startsWith(text, from);
        }

        boolean covers(Segment other) {
            return variable ? other.variable || !other.text.isEmpty() : !other.variable && text.equals(other.text);
        }
    }

    private final Kind kind;
    private final List<Segment> segments;
    /** The segments before the first variable as they stand in a path, and those from it on. */
    private final String literal;

    private final Segment[] rest;

    private PathPattern(Kind kind, List<Segment> segments) {
        this.kind = kind;
        this.segments = List.copyOf(segments);
        StringBuilder beginning = new StringBuilder();
        int count = 0;
        while (count < segments.size() && !segments.get(count).variable) {
            beginning.append('/').append(segments.get(count++).text);
        }
        this.literal = beginning.toString();
        this.rest = segments.subList(count, segments.size()).toArray(Segment[]::new);
    }

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException if it is none; the message is the expectation that it fails
     */
    static PathPattern parse(String pattern) {
        require(pattern.startsWith("/"), "a path that begins with \"/\"");
        boolean prefix = pattern.endsWith("/**");
        String body = prefix ? pattern.substring(0, pattern.length() - 3) : pattern;
        require(body.indexOf('*') < 0, "a path with \"**\" as its last segment only, and no other \"*\"");
        require(
                body.indexOf('?') < 0 && body.indexOf('#') < 0 && body.indexOf(';') < 0,
                "a path without query, fragment and \";\" parameters");
        List<Segment> segments = new ArrayList<>();
        Set<String> names = new HashSet<>();
        String[] parts = body.isEmpty() ? new String[0] : body.substring(1).split("/", -1);
        for (int i = 0; i < parts.length; i++) {
            boolean last = i == parts.length - 1;
            require(!parts[i].isEmpty() || last && !prefix, "a path without empty segments");
            Segment segment = segment(parts[i]);
            require(!segment.variable || names.add(segment.text), "each variable once");
            segments.add(segment);
        }
        Kind kind = prefix ? Kind.PREFIX : names.isEmpty() ? Kind.EXACT : Kind.TEMPLATE;
        return new PathPattern(kind, segments);
    }

    private static Segment segment(String part) {
        if (part.startsWith("{") && part.endsWith("}")) {
            String name = part.substring(1, part.length() - 1);
            require(isIdentifier(name), "a variable named by letters, digits and \"_\", such as {id}");
            return new Segment(true, name);
        }
        require(part.indexOf('{') < 0 && part.indexOf('}') < 0, "a variable that is a whole segment, such as {id}");
        String text = PathNormalizer.segmentLiteral(part);
        require(!text.equals(".") && !text.equals(".."), "a path without dot segments");
        return new Segment(false, text);
    }

    private static boolean isIdentifier(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
            if (!letter && (i == 0 || c < '0' || c > '9')) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static void require(boolean holds, String expectation) {
        if (!holds) {
            throw new IllegalArgumentException(expectation);
        }
    }

    Kind kind() {
        return kind;
    }

    List<Segment> segments() {
        return segments;
    }

    boolean hasVariables() {
        return rest.length > 0;
    }

    /** The text with which every path that fits begins. */
    String beginning() {
        return literal;
    }

    /** An exact pattern as a path. */
    String path() {
        return literal;
    }

    boolean matches(String path) {
        return path.startsWith(literal) && matchesRest(path, literal.length());
    }

    /** Whether a path fits that is known to begin with {@link #beginning}, which ends at {@code from}. */
    boolean matchesRest(String path, int from) {
        return walk(path, from, null);
    }

    /** Adds the variables of a path that fits, decoded. */
    void capture(String path, Map<String, String> into) {
        walk(path, literal.length(), into);
    }

    private boolean walk(String path, int from, @Nullable Map<String, String> into) {
        int at = from;
        for (Segment segment : rest) {
            if (at >= path.length() || path.charAt(at) != '/') {
                return false;
            }
            int end = path.indexOf('/', at + 1);
            end = end < 0 ? path.length() : end;
            if (!segment.matches(path, at + 1, end)) {
                return false;
            }
            if (into != null && segment.variable) {
                into.put(segment.text, Escapes.decode(path.substring(at + 1, end)));
            }
            at = end;
        }
        return at == path.length() ? kind != Kind.PREFIX || at > 0 : kind == Kind.PREFIX && path.charAt(at) == '/';
    }

    /** Whether every path that fits the other fits this. */
    boolean covers(PathPattern other) {
        boolean longEnough = kind == Kind.PREFIX
                ? other.segments.size() >= segments.size() && (other.segments.size() > 0 || other.kind == Kind.PREFIX)
                : other.kind != Kind.PREFIX && other.segments.size() == segments.size();
        if (!longEnough) {
            return false;
        }
        for (int i = 0; i < segments.size(); i++) {
            if (!segments.get(i).covers(other.segments.get(i))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Segment segment : segments) {
            text.append('/').append(segment.variable ? "{" + segment.text + "}" : segment.text);
        }
        return kind == Kind.PREFIX ? text + "/**" : text.toString();
    }
}
