package io.fairlead.proxy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What became of the exchanges that were under way when a stop or a drain began.
 *
 * @param finished how many ended by themselves: with their answer, or because their client left
 * @param cut how many were ended by the deadline
 * @param cuts which ones these were, the first {@value #MAX_CUTS} of them
 * @param took from the beginning to the end
 */
public record DrainReport(int finished, int cut, List<Cut> cuts, Duration took) {

    /** The most entries of {@link #cuts()}. */
    public static final int MAX_CUTS = 100;

    /** Copies the list. */
    public DrainReport {
        cuts = List.copyOf(cuts);
    }

    /** Whether nothing was cut. */
    public boolean isClean() {
        return cut == 0;
    }

    /**
     * An exchange that did not finish in time.
     *
     * @param method of the request
     * @param path the raw path, without the query, which may hold secrets
     * @param routeId its route; empty if it had none
     * @param target the URL of the target that it was forwarded to last; empty if it was not forwarded
     * @param age since its head had been read
     */
    public record Cut(String method, String path, Optional<String> routeId, Optional<String> target, Duration age) {

        /** {@code GET /a (route r, target http://10.0.0.1, 1200 ms)}. */
        @Override
        public String toString() {
            return method + " " + path + " (route " + routeId.orElse("none") + ", target " + target.orElse("none")
                    + ", " + age.toMillis() + " ms)";
        }
    }
}
