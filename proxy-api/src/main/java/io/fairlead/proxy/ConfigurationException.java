package io.fairlead.proxy;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration cannot run. Lists every problem at once. */
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /** Lists these problems, a line each. */
    public ConfigurationException(List<Problem> problems) {
        super(problems.size() + (problems.size() == 1 ? " problem" : " problems") + " in the configuration:\n"
                + problems.stream().map(problem -> "  " + problem).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** The problems, in the order of the configuration. */
    public List<Problem> problems() {
        return problems;
    }
}
