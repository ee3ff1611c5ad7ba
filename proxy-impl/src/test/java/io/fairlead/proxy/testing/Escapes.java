package io.fairlead.proxy.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The notation of the case table and of failure messages: printable ASCII stands for itself, everything else is
 * {@code \r \n \t \0 \\ \xHH}. When reading, {@code \s} is a blank (for the ends of a line, which are trimmed) and
 * {@code \{99*text}} is the text 99 times, escapes and repetitions inside it
 * included.
 */
public final class Escapes {
    private Escapes() {}

    /** The notation of some latin-1 text, so that a failure message shows each byte. */
    public static String show(String latin1) {
        StringBuilder out = new StringBuilder(latin1.length() + 16);
        for (int i = 0; i < latin1.length(); i++) {
            char c = latin1.charAt(i);
            switch (c) {
                case '\r' -> out.append("\\r");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\0' -> out.append("\\0");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c < 0x20 || c > 0x7e) {
                        out.append(String.format("\\x%02x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString();
    }

    /** The notation of some bytes. */
    public static String show(byte[] bytes) {
        return show(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /** The bytes that a text in this notation stands for. */
    public static byte[] bytes(String notation) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int i = 0;
        while (i < notation.length()) {
            char c = notation.charAt(i++);
            if (c != '\\') {
                if (c > 0x7e) {
                    throw new IllegalArgumentException("write \\xHH for a byte beyond ASCII: " + notation);
                }
                out.write(c);
                continue;
            }
            if (i == notation.length()) {
                throw new IllegalArgumentException("a backslash at the end: " + notation);
            }
            char kind = notation.charAt(i++);
            switch (kind) {
                case 'r' -> out.write('\r');
                case 'n' -> out.write('\n');
                case 't' -> out.write('\t');
                case '0' -> out.write(0);
                case 's' -> out.write(' ');
                case '\\' -> out.write('\\');
                case 'x' -> {
                    out.write(Integer.parseInt(notation.substring(i, i + 2), 16));
                    i += 2;
                }
                case '{' -> {
                    int star = notation.indexOf('*', i);
                    int end = endOfRepetition(notation, star);
                    if (star < 0 || end < 0) {
                        throw new IllegalArgumentException("expected \\{count*text}: " + notation);
                    }
                    byte[] text = bytes(notation.substring(star + 1, end));
                    for (int n = Integer.parseInt(notation.substring(i, star)); n > 0; n--) {
                        out.writeBytes(text);
                    }
                    i = end + 1;
                }
                default -> throw new IllegalArgumentException("unknown escape \\" + kind + " in: " + notation);
            }
        }
        return out.toByteArray();
    }

    /** The brace that closes a repetition, past those of the repetitions inside it; -1 where there is none. */
    private static int endOfRepetition(String notation, int from) {
        int depth = 1;
        for (int i = Math.max(from, 0); i < notation.length(); i++) {
            if (notation.startsWith("\\{", i)) {
                depth++;
            } else if (notation.charAt(i) == '}' && --depth == 0) {
                return i;
            }
        }
        return -1;
    }
}
