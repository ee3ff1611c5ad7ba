package io.fairlead.proxy.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The field lines of a head or a trailer section, in the order in which they were on the wire. */
public final class Fields {
    /** No fields. */
    public static final Fields NONE = new Fields(List.of());

    /** One field line; the value without the white space around it (RFC 9112 §5.1). */
    public record Field(String name, String value) {
        @Override
        public String toString() {
            return name + ": " + value;
        }
    }

    private final List<Field> all;

    private Fields(List<Field> all) {
        this.all = List.copyOf(all);
    }

    /** Parses lines of the form {@code name: value}; a line without a colon becomes a field with an empty value. */
    static Fields parse(List<String> lines) {
        List<Field> fields = new ArrayList<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                fields.add(new Field(line, ""));
            } else {
                fields.add(new Field(
                        line.substring(0, colon), line.substring(colon + 1).strip()));
            }
        }
        return new Fields(fields);
    }

    /** Every field in wire order. */
    public List<Field> all() {
        return all;
    }

    /** The values of one name, compared without case, in wire order. */
    public List<String> values(String name) {
        return all.stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(Field::value)
                .toList();
    }

    /** The first value of a name. */
    public Optional<String> first(String name) {
        return values(name).stream().findFirst();
    }

    /** Whether a field of that name is there. */
    public boolean contains(String name) {
        return !values(name).isEmpty();
    }

    /** Whether a list-valued field (RFC 9110 §5.6.1) holds the token, compared without case. */
    public boolean containsToken(String name, String token) {
        for (String value : values(name)) {
            for (String element : value.split(",")) {
                if (element.strip().equalsIgnoreCase(token)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return all.toString();
    }
}
