package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Fields in a plain list: names at even places, values at odd ones. */
final class ListHeaders implements Headers {

    private final List<String> fields = new ArrayList<>();

    @Override
    public Optional<String> first(String name) {
        for (int i = 0; i < fields.size(); i += 2) {
            if (fields.get(i).equalsIgnoreCase(name)) {
                return Optional.of(fields.get(i + 1));
            }
        }
        return Optional.empty();
    }

    @Override
    public List<String> all(String name) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < fields.size(); i += 2) {
            if (fields.get(i).equalsIgnoreCase(name)) {
                values.add(fields.get(i + 1));
            }
        }
        return values;
    }

    @Override
    public boolean contains(String name) {
        return first(name).isPresent();
    }

    @Override
    public int size() {
        return fields.size() / 2;
    }

    @Override
    public void forEach(BiConsumer<String, String> action) {
        for (int i = 0; i < fields.size(); i += 2) {
            action.accept(fields.get(i), fields.get(i + 1));
        }
    }

    @Override
    public Headers set(String name, String value) {
        HttpSyntax.requireToken(name);
        HttpSyntax.requireFieldValue(value);
        remove(name);
        return add(name, value);
    }

    @Override
    public Headers add(String name, String value) {
        // Both are checked before either goes in: half a field would shift all that follow.
        HttpSyntax.requireToken(name);
        HttpSyntax.requireFieldValue(value);
        fields.add(name);
        fields.add(value);
        return this;
    }

    @Override
    public Headers remove(String name) {
        requireNonNull(name, "name");
        for (int i = fields.size() - 2; i >= 0; i -= 2) {
            if (fields.get(i).equalsIgnoreCase(name)) {
                fields.remove(i + 1);
                fields.remove(i);
            }
        }
        return this;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
        return text.toString();
    }
}
