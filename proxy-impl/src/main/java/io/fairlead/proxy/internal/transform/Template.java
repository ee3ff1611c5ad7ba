package io.fairlead.proxy.internal.transform;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A text with <code>{name}</code> in it, taken apart once. A brace that does not enclose a name is an ordinary character,
 * so that JSON may stand in a header field.
 */
final class Template {

    private final Encoding encoding;
    /** Literal text at even places, names of variables at odd ones. */
    private final List<String> parts;

    private Template(Encoding encoding, List<String> parts) {
        this.encoding = encoding;
        this.parts = List.copyOf(parts);
    }

    static Template of(String text, Encoding encoding) {
        List<String> parts = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            int end = variableEnd(text, i);
            if (end < 0) {
                literal.append(text.charAt(i));
            } else {
                parts.add(literal.toString());
                parts.add(text.substring(i + 1, end));
                literal.setLength(0);
                i = end;
            }
        }
        parts.add(literal.toString());
        return new Template(encoding, parts);
    }

    /** The place of the closing brace if a variable begins at {@code start}; else -1. */
    static int variableEnd(String text, int start) {
        if (text.charAt(start) != '{') {
            return -1;
        }
        int i = start + 1;
        while (i < text.length() && isNameChar(text.charAt(i), i == start + 1)) {
            i++;
        }
        return i > start + 1 && i < text.length() && text.charAt(i) == '}' ? i : -1;
    }

    private static boolean isNameChar(char c, boolean first) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c == '_'
                || !first && (c >= '0' && c <= '9' || c == '-' || c == '.');
    }

    /** What is not a variable, with nothing in their place. */
    String literals() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.size(); i += 2) {
            out.append(parts.get(i));
        }
        return out.toString();
    }

    boolean hasVariables() {
        return parts.size() > 1;
    }

    String expand(Map<String, String> variables) {
        return expand(variables, Map.of());
    }

    /** @param raw goes in as it is, in place of variables of the same names */
    String expand(Map<String, String> variables, Map<String, String> raw) {
        if (!hasVariables()) {
            return parts.get(0);
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            String part = parts.get(i);
            if (i % 2 != 0) {
                String given = raw.get(part);
                part = given == null ? encoding.encode(variables.getOrDefault(part, "")) : given;
            }
            out.append(part);
        }
        return out.toString();
    }
}
