package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The content of an error page: pieces of text and variables in turn, taken apart once. What a variable stands for may come from
 * the client, and is escaped for the page's type; in a type whose escapes are not known nothing is a variable.
 */
final class PageTemplate {

    /** A variable, in the order of {@link #NAMES}. */
    enum Variable {
        STATUS,
        REASON,
        CODE,
        HOST,
        PATH,
        REQUEST_ID,
        EXCHANGE_ID
    }

    private static final String[] NAMES = {
        "{status}", "{reason}", "{code}", "{host}", "{path}", "{requestId}", "{exchangeId}"
    };

    /** Gives the values. */
    @FunctionalInterface
    interface Values {
        String of(Variable variable);
    }

    private enum Escape {
        MARKUP,
        JSON,
        PLAIN
    }

    /** A piece of the page: a text, or a variable. */
    private record Part(byte[] text, @Nullable Variable variable) {}

    private final List<Part> parts = new ArrayList<>();
    private final @Nullable Escape escape;
    private final byte @Nullable [] fixed;

    /** @param type in lower case and without parameters */
    PageTemplate(String type, String content) {
        this.escape = escape(type);
        if (escape != null) {
            parse(content);
        }
        this.fixed = parts.stream().anyMatch(part -> part.variable() != null) ? null : content.getBytes(UTF_8);
    }

    private static @Nullable Escape escape(String type) {
        if (type.equals("application/json") || type.endsWith("+json")) {
            return Escape.JSON;
        }
        if (type.equals("text/html")
                || type.equals("text/xml")
                || type.equals("application/xml")
                || type.endsWith("+xml")) {
            return Escape.MARKUP;
        }
        return type.equals("text/plain") ? Escape.PLAIN : null;
    }

    private void parse(String content) {
        int from = 0;
        int at = content.indexOf('{');
        while (at >= 0) {
            Variable variable = variableAt(content, at);
            if (variable == null) {
                at = content.indexOf('{', at + 1);
                continue;
            }
            parts.add(new Part(content.substring(from, at).getBytes(UTF_8), null));
            parts.add(new Part(new byte[0], variable));
            from = at + NAMES[variable.ordinal()].length();
            at = content.indexOf('{', from);
        }
        parts.add(new Part(content.substring(from).getBytes(UTF_8), null));
    }

    private static @Nullable Variable variableAt(String content, int at) {
        for (Variable variable : Variable.values()) {
            if (content.startsWith(NAMES[variable.ordinal()], at)) {
                return variable;
            }
        }
        return null;
    }

    /** The content, if it has no variables; shared. */
    byte @Nullable [] fixed() {
        return fixed;
    }

    byte[] fill(Values values) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        for (Part part : parts) {
            Variable variable = part.variable();
            out.writeBytes(
                    variable == null
                            ? part.text()
                            : escaped(values.of(variable)).getBytes(UTF_8));
        }
        return out.toByteArray();
    }

    private String escaped(String value) {
        StringBuilder out = new StringBuilder(value.length() + 16);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' || c == 127) {
                // No value has them in good order, and no type needs them.
                out.append(' ');
            } else if (escape == Escape.MARKUP) {
                markup(out, c);
            } else if (escape == Escape.JSON) {
                json(out, c);
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static void markup(StringBuilder out, char c) {
        switch (c) {
            case '<' -> out.append("&lt;");
            case '>' -> out.append("&gt;");
            case '&' -> out.append("&amp;");
            case '"' -> out.append("&quot;");
            case '\'' -> out.append("&#39;");
            // Ends an attribute without quotes in old browsers.
            case '`' -> out.append("&#96;");
            default -> out.append(c);
        }
    }

    /** What is special in HTML is escaped too, for a client that takes the one for the other. */
    private static void json(StringBuilder out, char c) {
        if (c == '"' || c == '\\') {
            out.append('\\').append(c);
        } else if (c == '<' || c == '>' || c == '&' || c == '\'' || c == '\u2028' || c == '\u2029') {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
        } else {
            out.append(c);
        }
    }
}
