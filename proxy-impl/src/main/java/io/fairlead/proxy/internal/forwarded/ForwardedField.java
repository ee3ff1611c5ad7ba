package io.fairlead.proxy.internal.forwarded;

import io.fairlead.proxy.http.HttpSyntax;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of Forwarded (RFC 7239 §4).
 *
 * <p>A field is split from its right end. The right-most element is the one that the nearest proxy appended, so it reads
 * right whatever a client put before it: an open quote on the left swallows nothing but what stands left of it.
 */
final class ForwardedField {

    private ForwardedField() {}

    /** The elements from right to left, at most {@code max}; empty ones are passed over (RFC 9110 §5.6.1). */
    static List<String> elementsFromRight(String field, int max) {
        List<String> elements = new ArrayList<>();
        boolean quoted = false;
        int end = field.length();
        for (int i = field.length() - 1; i >= -1 && elements.size() < max; i--) {
            char c = i < 0 ? ',' : field.charAt(i);
            if (c == '"' && !(quoted && isEscaped(field, i))) {
                quoted = !quoted;
            } else if (c == ',' && (!quoted || i < 0)) {
                String element = trim(field.substring(i + 1, end));
                if (!element.isEmpty()) {
                    elements.add(element);
                }
                end = i;
            }
        }
        return elements;
    }

    private static boolean isEscaped(String text, int i) {
        int backslashes = 0;
        while (i - backslashes > 0 && text.charAt(i - backslashes - 1) == '\\') {
            backslashes++;
        }
        return backslashes % 2 == 1;
    }

    /** The pairs of an element with names in lower case; null when it breaks the grammar. */
    static @Nullable Map<String, String> pairs(String element) {
        Map<String, String> pairs = new HashMap<>();
        int i = 0;
        while (i < element.length()) {
            int nameStart = i;
            while (i < element.length() && HttpSyntax.isTokenChar(element.charAt(i))) {
                i++;
            }
            if (i == nameStart || i == element.length() || element.charAt(i) != '=') {
                return null;
            }
            String name = element.substring(nameStart, i).toLowerCase(Locale.ROOT);
            i++;
            StringBuilder value = new StringBuilder();
            if (i < element.length() && element.charAt(i) == '"') {
                i = quoted(element, i + 1, value);
            } else {
                while (i < element.length() && HttpSyntax.isTokenChar(element.charAt(i))) {
                    value.append(element.charAt(i++));
                }
                i = value.isEmpty() ? -1 : i;
            }
            // A name comes once in an element.
            if (i < 0 || pairs.put(name, value.toString()) != null) {
                return null;
            }
            i = skipBlanks(element, i);
            if (i < element.length()) {
                if (element.charAt(i) != ';') {
                    return null;
                }
                i = skipBlanks(element, i + 1);
            }
        }
        return pairs;
    }

    /** Reads up to the closing quote and returns the place after it; -1 when there is none. */
    private static int quoted(String text, int start, StringBuilder value) {
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                return i + 1;
            }
            if (c == '\\') {
                if (++i == text.length()) {
                    return -1;
                }
                c = text.charAt(i);
            }
            value.append(c);
        }
        return -1;
    }

    private static int skipBlanks(String text, int start) {
        int i = start;
        while (i < text.length() && (text.charAt(i) == ' ' || text.charAt(i) == '\t')) {
            i++;
        }
        return i;
    }

    static String trim(String text) {
        int start = skipBlanks(text, 0);
        int end = text.length();
        while (end > start && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
            end--;
        }
        return text.substring(start, end);
    }
}
