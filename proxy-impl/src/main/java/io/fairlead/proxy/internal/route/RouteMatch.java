package io.fairlead.proxy.internal.route;

import java.util.List;
import java.util.Map;

/** What a lookup found. Immutable; the same object for each request where nothing is captured. */
public final class RouteMatch {

    /** No route fits: 404. */
    public static final RouteMatch NOT_FOUND = new RouteMatch(Outcome.NOT_FOUND, -1, Map.of(), List.of());

    /** What came of it. */
    public enum Outcome {
        /** A route takes the request. */
        FOUND,
        /** No route fits: 404. */
        NOT_FOUND,
        /** Routes fit but for the method: 405. */
        METHOD_NOT_ALLOWED
    }

    private final Outcome outcome;
    private final int index;
    private final Map<String, String> variables;
    private final List<String> allowedMethods;

    private RouteMatch(Outcome outcome, int index, Map<String, String> variables, List<String> allowedMethods) {
        this.outcome = outcome;
        this.index = index;
        this.variables = variables;
        this.allowedMethods = allowedMethods;
    }

    static RouteMatch found(int index, Map<String, String> variables) {
        return new RouteMatch(Outcome.FOUND, index, variables, List.of());
    }

    static RouteMatch methodNotAllowed(List<String> allowedMethods) {
        return new RouteMatch(Outcome.METHOD_NOT_ALLOWED, -1, Map.of(), allowedMethods);
    }

    /** What came of it. */
    public Outcome outcome() {
        return outcome;
    }

    /** Whether a route takes the request. */
    public boolean found() {
        return outcome == Outcome.FOUND;
    }

    /** The place of the route in the list that was compiled; -1 where none was found. */
    public int index() {
        return index;
    }

    /** What host, path template and named groups captured, decoded once. */
    public Map<String, String> variables() {
        return variables;
    }

    /** For the Allow field of a 405 (RFC 9110 §10.2.1), in alphabetical order; empty otherwise. */
    public List<String> allowedMethods() {
        return allowedMethods;
    }

    @Override
    public String toString() {
        return switch (outcome) {
            case FOUND -> "route " + index + " " + variables;
            case NOT_FOUND -> "not found";
            case METHOD_NOT_ALLOWED -> "method not allowed, but " + allowedMethods;
        };
    }
}
