package io.fairlead.proxy.http;

import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * The fields of a message head or of its trailers: an ordered list of name and value, where a name may occur again.
 *
 * <p>Names compare without regard to case (RFC 9110 §5.1). Order and spelling are kept as received. A view belongs to
 * one exchange and is used by one thread at a time.
 *
 * <p>A name must be a token and a value must hold no CR, LF or NUL, so that nobody can smuggle a second field into a
 * message (RFC 9110 §5.5); every method that takes them throws {@link IllegalArgumentException} otherwise.
 */
public interface Headers {

    /** Returns new, empty, modifiable fields. */
    static Headers create() {
        return new ListHeaders();
    }

    /** The value of the first field of this name; empty when there is none. */
    Optional<String> first(String name);

    /** The values of all fields of this name in their order; an empty list when there is none. */
    List<String> all(String name);

    /** Whether a field of this name is present. */
    boolean contains(String name);

    /** The number of fields, repeated names counted each. */
    int size();

    /** Calls {@code action} with the name and value of each field in order. */
    void forEach(BiConsumer<String, String> action);

    /** Replaces all fields of this name by one at the end. */
    Headers set(String name, String value);

    /** Adds a field at the end and keeps those of the same name. */
    Headers add(String name, String value);

    /** Removes all fields of this name, if any. */
    Headers remove(String name);
}
