package io.fairlead.proxy;

/**
 * One thing that is wrong with a configuration.
 *
 * @param code what kind of problem, such as {@code OUT_OF_RANGE}; stable, for programs
 * @param place where, as a JSON path: {@code routes[2].to}; the builders, JSON and properties share it
 * @param value what stands there, as text; a secret is never shown
 * @param expectation what should stand there
 */
public record Problem(String code, String place, String value, String expectation) {

    /** {@code maxAttempts: 0 (expected: >= 1)}. */
    @Override
    public String toString() {
        return place + ": " + value + " (expected: " + expectation + ")";
    }
}
