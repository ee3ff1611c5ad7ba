package io.fairlead.proxy.internal.transform;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.fairlead.proxy.internal.route.PathTemplate;
import io.fairlead.proxy.transform.Transform;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The edits of the raw path. None decodes what it does not replace. */
final class PathEdits {

    /** One edit of path or query. */
    @FunctionalInterface
    interface TargetEdit {
        void edit(Target target, Map<String, String> variables);
    }

    /** What a template ends with that takes all that follows, and its replacement to put that there. */
    private static final String REST = "/**";

    private PathEdits() {}

    static TargetEdit set(Transform.SetPath edit) {
        Template path = Template.of(edit.path(), Encoding.URI);
        return (target, variables) -> target.path(expandPath(path, variables, Map.of()));
    }

    static TargetEdit addPrefix(Transform.AddPrefix edit) {
        Template prefix = Template.of(trimSlash(edit.prefix()), Encoding.URI);
        return (target, variables) -> target.path(expandPath(prefix, variables, Map.of()) + target.path());
    }

    static TargetEdit stripPrefix(Transform.StripPrefix edit) {
        String prefix = trimSlash(edit.prefix());
        return (target, variables) -> {
            int end = prefixEnd(target.path(), prefix);
            if (end > 0) {
                target.path(target.path().substring(end));
            }
        };
    }

    static TargetEdit regex(Transform.PathRegex edit) {
        Pattern pattern = Pattern.compile(edit.regex());
        List<Piece> replacement = replacement(edit.replacement(), pattern);
        return (target, variables) -> {
            String path = target.path();
            Matcher matcher = pattern.matcher(path);
            StringBuilder out = null;
            int copied = 0;
            while (matcher.find()) {
                if (out == null) {
                    out = new StringBuilder();
                }
                out.append(path, copied, matcher.start());
                for (Piece piece : replacement) {
                    piece.append(out, matcher, variables);
                }
                copied = matcher.end();
            }
            if (out != null) {
                target.path(out.append(path, copied, path.length()).toString());
            }
        };
    }

    static TargetEdit template(Transform.PathTemplate edit) {
        PathTemplate template = PathTemplate.parse(edit.template());
        boolean rest = edit.replacement().endsWith(REST);
        Template replacement = Template.of(withoutRest(edit.replacement()), Encoding.URI);
        return (target, variables) -> {
            PathTemplate.Found found = template.find(target.path());
            if (found != null) {
                String path = expandPath(replacement, variables, found.variables());
                target.path(rest ? path + found.rest() : path);
            }
        };
    }

    static String withoutRest(String path) {
        return path.endsWith(REST) ? path.substring(0, path.length() - REST.length()) : path;
    }

    private static String trimSlash(String prefix) {
        return prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
    }

    /**
     * A variable of {@code .} or {@code ..} would be a dot segment, percent-encoded or not, and climb out of the path
     * that the configuration gave.
     */
    private static String expandPath(Template template, Map<String, String> variables, Map<String, String> captured) {
        String path = template.expand(variables, captured);
        if (template.hasVariables() && hasDotSegment(path)) {
            throw new IllegalArgumentException("a variable makes a dot segment of the path");
        }
        return path;
    }

    static boolean hasDotSegment(String path) {
        int start = 0;
        while (start <= path.length()) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            int dots = 0;
            int i = start;
            while (i < end) {
                if (path.charAt(i) == '.') {
                    i++;
                } else if (Encoding.percent(path, i) == '.') {
                    i += 3;
                } else {
                    break;
                }
                dots++;
            }
            if (i == end && (dots == 1 || dots == 2)) {
                return true;
            }
            start = end + 1;
        }
        return false;
    }

    /**
     * Where {@code path} goes on after {@code prefix} and a whole segment; -1 when it does not begin with it. Unreserved
     * characters are equal to their percent-encoded form and hex digits ignore case (RFC 3986 §6.2.2), as in routing: a
     * path that a route matched by its prefix loses this prefix in either spelling.
     */
    static int prefixEnd(String path, String prefix) {
        int p = 0;
        int i = 0;
        while (i < prefix.length()) {
            if (p >= path.length()) {
                return -1;
            }
            int want = unit(prefix, i);
            int have = unit(path, p);
            if (want != have) {
                return -1;
            }
            i += width(prefix, i);
            p += width(path, p);
        }
        return p == path.length() || path.charAt(p) == '/' ? p : -1;
    }

    /** The character at {@code i}; an encoded reserved byte is told apart from the plain one by 0x10000. */
    private static int unit(String text, int i) {
        int encoded = Encoding.percent(text, i);
        if (encoded < 0) {
            return text.charAt(i);
        }
        return Encoding.isUnreserved(encoded) ? encoded : 0x10000 + encoded;
    }

    private static int width(String text, int i) {
        return Encoding.percent(text, i) < 0 ? 1 : 3;
    }

    /** A part of a regex replacement. */
    sealed interface Piece {
        void append(StringBuilder out, Matcher matcher, Map<String, String> variables);

        /** @param text as it is */
        record Literal(String text) implements Piece {
            @Override
            public void append(StringBuilder out, Matcher matcher, Map<String, String> variables) {
                out.append(text);
            }
        }

        /** @param index of the group; raw text, so it goes in as it is */
        record Group(int index) implements Piece {
            @Override
            public void append(StringBuilder out, Matcher matcher, Map<String, String> variables) {
                String group = matcher.group(index);
                if (group != null) {
                    out.append(group);
                }
            }
        }

        /** @param name of a variable of the route */
        record Variable(String name) implements Piece {
            @Override
            public void append(StringBuilder out, Matcher matcher, Map<String, String> variables) {
                out.append(Encoding.URI.encode(variables.getOrDefault(name, "")));
            }
        }
    }

    /**
     * Takes a replacement apart: {@code $1} and <code>${name}</code> are groups, <code>{name}</code> is a variable, a
     * backslash makes the next character a plain one.
     *
     * @throws PatternSyntaxException if a group does not exist
     */
    static List<Piece> replacement(String text, Pattern pattern) {
        List<Piece> pieces = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            Piece piece = null;
            int next = i + 1;
            if (c == '\\') {
                if (next == text.length()) {
                    throw new PatternSyntaxException("nothing follows the backslash", text);
                }
                literal.append(text.charAt(next));
                i = next + 1;
                continue;
            }
            if (c == '$') {
                if (next < text.length() && isDigit(text.charAt(next))) {
                    int group = text.charAt(next) - '0';
                    next++;
                    // As java.util.regex: a further digit belongs to the number while there is such a group.
                    while (next < text.length()
                            && isDigit(text.charAt(next))
                            && group * 10 + text.charAt(next) - '0' <= pattern.groupCount()) {
                        group = group * 10 + text.charAt(next) - '0';
                        next++;
                    }
                    piece = group(group, pattern, text);
                } else {
                    int end = next < text.length() ? Template.variableEnd(text, next) : -1;
                    Integer index = end < 0 ? null : pattern.namedGroups().get(text.substring(next + 1, end));
                    if (index == null) {
                        throw new PatternSyntaxException("no such group", text.substring(i));
                    }
                    piece = new Piece.Group(index);
                    next = end + 1;
                }
            } else {
                int end = Template.variableEnd(text, i);
                if (end > 0) {
                    piece = new Piece.Variable(text.substring(i + 1, end));
                    next = end + 1;
                }
            }
            if (piece == null) {
                literal.append(c);
            } else {
                pieces.add(new Piece.Literal(literal.toString()));
                pieces.add(piece);
                literal.setLength(0);
            }
            i = next;
        }
        pieces.add(new Piece.Literal(literal.toString()));
        return List.copyOf(pieces);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static Piece group(int index, Pattern pattern, String text) {
        if (index > pattern.groupCount()) {
            throw new PatternSyntaxException("no group " + index, text);
        }
        return new Piece.Group(index);
    }
}
