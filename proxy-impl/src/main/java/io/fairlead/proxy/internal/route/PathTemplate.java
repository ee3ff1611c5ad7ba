package io.fairlead.proxy.internal.route;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A path pattern of routing that is held against a raw path, to take out of it byte for byte what stands for the
 * variables.
 *
 * <p>A raw path fits if its normalised form does ({@link PathNormalizer}): escapes of unreserved characters count as the
 * characters, path parameters and empty segments do not count, and dot segments are resolved before. Whatever is taken out
 * holds no dot segment, so that none is left to climb out of the path that it is put into.
 */
public final class PathTemplate {

    private final PathPattern pattern;

    private PathTemplate(PathPattern pattern) {
        this.pattern = pattern;
    }

    /**
     * What a path has for a template.
     *
     * @param variables by name, raw
     * @param rest what {@code /**} stands for, raw: empty, or from its slash on
     */
    public record Found(Map<String, String> variables, String rest) {}

    /**
     * Reads a template.
     *
     * @throws IllegalArgumentException if it is none; the message is the expectation that it fails
     */
    public static PathTemplate parse(String template) {
        return new PathTemplate(PathPattern.parse(template));
    }

    /** Whether it ends with {@code /**}. */
    public boolean isPrefix() {
        return pattern.kind() == PathPattern.Kind.PREFIX;
    }

    /** Takes a raw path apart; null if it does not fit. */
    public @Nullable Found find(String rawPath) {
        String path = PathNormalizer.withoutDotSegments(rawPath);
        Map<String, String> variables = new HashMap<>();
        int at = 0;
        for (PathPattern.Segment segment : pattern.segments()) {
            at = beginning(path, at);
            if (at == path.length()) {
                return null;
            }
            int end = end(path, at);
            String raw = path.substring(at + 1, end);
            String text = PathNormalizer.segment(raw);
            if (!segment.matches(text, 0, text.length())) {
                return null;
            }
            if (segment.variable()) {
                variables.put(segment.text(), raw);
            }
            at = end;
        }
        return at == path.length() || isPrefix() ? new Found(variables, path.substring(at)) : null;
    }

    /** Where the next segment that counts begins, with its slash: an empty one between two others does not count. */
    private static int beginning(String path, int from) {
        int at = from;
        while (end(path, at) < path.length()
                && PathNormalizer.segment(path.substring(at + 1, end(path, at))).isEmpty()) {
            at = end(path, at);
        }
        return at;
    }

    /** Where the segment ends that begins with the slash at {@code at}. */
    private static int end(String path, int at) {
        int slash = path.indexOf('/', at + 1);
        return slash < 0 ? path.length() : slash;
    }
}
