package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.transform.Transform;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An edit of the raw query, which is taken for parameters parted by {@code &}. Parameters of another name, empty ones and
 * the order stay as they are, byte for byte. Names compare decoded, with the plus sign for a space.
 */
final class QueryEdit implements PathEdits.TargetEdit {

    private final Transform.Edit edit;
    private final String name;
    private final byte[] nameBytes;
    private final String encodedName;
    private final Template value;

    QueryEdit(Transform.Query query) {
        this.edit = query.edit();
        this.name = query.name();
        this.nameBytes = query.name().getBytes(StandardCharsets.UTF_8);
        this.encodedName = Encoding.URI.encode(query.name());
        this.value = encodeLiterals(query.value());
    }

    /** The value is given decoded: its literal text is encoded here, its variables when they are known. */
    private static Template encodeLiterals(String value) {
        StringBuilder out = new StringBuilder();
        int literal = 0;
        for (int i = 0; i < value.length(); i++) {
            int end = Template.variableEnd(value, i);
            if (end > 0) {
                out.append(Encoding.URI.encode(value.substring(literal, i))).append(value, i, end + 1);
                literal = end + 1;
                i = end;
            }
        }
        out.append(Encoding.URI.encode(value.substring(literal)));
        return Template.of(out.toString(), Encoding.URI);
    }

    @Override
    public void edit(Target target, Map<String, String> variables) {
        String query = target.query();
        switch (edit) {
            case ADD -> {
                String parameter = encodedName + "=" + value.expand(variables);
                target.query(query == null || query.isEmpty() ? parameter : query + "&" + parameter);
            }
            case REMOVE -> replace(target, query, null);
            case SET -> {
                String parameter = encodedName + "=" + value.expand(variables);
                if (!replace(target, query, parameter)) {
                    target.query(query == null || query.isEmpty() ? parameter : query + "&" + parameter);
                }
            }
        }
    }

    /** Puts {@code parameter} in the place of the first of the name and removes the others; false if there was none. */
    private boolean replace(Target target, @Nullable String query, @Nullable String parameter) {
        if (query == null) {
            return false;
        }
        StringBuilder out = null;
        boolean first = true;
        boolean put = false;
        int start = 0;
        while (start <= query.length()) {
            int mark = query.indexOf('&', start);
            int end = mark < 0 ? query.length() : mark;
            boolean named = isNamed(query, start, end);
            if (named && out == null) {
                out = new StringBuilder(query.length() + 32);
                // Without the mark before it: whoever is next puts one.
                out.append(query, 0, Math.max(0, start - 1));
                first = start == 0;
            }
            if (out != null && (!named || parameter != null && !put)) {
                if (!first) {
                    out.append('&');
                }
                first = false;
                if (named) {
                    out.append(parameter);
                    put = true;
                } else {
                    out.append(query, start, end);
                }
            }
            start = end + 1;
        }
        if (out == null) {
            return false;
        }
        target.query(first ? null : out.toString());
        return true;
    }

    private boolean isNamed(String query, int start, int end) {
        int equals = query.indexOf('=', start);
        int nameEnd = equals < 0 || equals > end ? end : equals;
        String raw = query.substring(start, nameEnd);
        if (raw.indexOf('%') < 0 && raw.indexOf('+') < 0) {
            return raw.equals(name);
        }
        return Arrays.equals(decode(raw), nameBytes);
    }

    private static byte[] decode(String raw) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            int encoded = Encoding.percent(raw, i);
            if (encoded >= 0) {
                out.write(encoded);
                i += 2;
            } else {
                char c = raw.charAt(i);
                out.write(c == '+' ? ' ' : c);
            }
        }
        return out.toByteArray();
    }
}
