package io.fairlead.proxy.spring;

import io.fairlead.proxy.ConfigurationException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The proxy cannot run with the {@code fairlead.*} properties and beans that it was given. */
public final class InvalidProxyPropertiesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * A problem, told in the user's words.
     *
     * @param place the property's name, or the bean
     * @param origin where the property is set; null if that is not known
     */
    record Placed(
            String place,
            String value,
            String expectation,
            @Nullable String origin) {}

    private final transient List<Placed> problems;

    InvalidProxyPropertiesException(List<Placed> problems, ConfigurationException cause) {
        super(
                problems.stream()
                        .map(one -> one.place() + ": " + one.value() + " (expected: " + one.expectation() + ")")
                        .collect(Collectors.joining("; ")),
                cause);
        this.problems = List.copyOf(problems);
    }

    List<Placed> problems() {
        return problems;
    }
}
