package io.fairlead.proxy.internal.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that does so many requests at once, the others wait in it. */
final class AdaptiveLimitTest {
    private static final double SERVICE_NANOS = 20e6;
    private static final int ANY = 100_000;

    private final Random random = new Random(42);

    /** @return the mean limit of the last 200 windows, without those of measurements */
    private double run(AdaptiveLimit limit, int windows, int capacity, int offered, double serviceNanos) {
        double sum = 0;
        int counted = 0;
        for (int i = 0; i < windows; i++) {
            double inFlight = Math.min(limit.limit(), offered);
            double noise = Math.max(0.5, 1 + 0.1 * random.nextGaussian());
            limit.window(serviceNanos * Math.max(1, inFlight / capacity) * noise, inFlight, false);
            if (i >= windows - 200) {
                sum += limit.limit();
                counted++;
            }
        }
        return sum / counted;
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 50, 200, 500})
    void lastingOverload_keepsNearWhatTheServerDoes(int capacity) {
        AdaptiveLimit limit = new AdaptiveLimit(2, 10_000);
        // Twelve minutes of windows of half a second: the overload must not become the norm.
        assertThat(run(limit, 1_440, capacity, ANY, SERVICE_NANOS)).isBetween(0.9 * capacity, 2.5 * capacity);
    }

    @Test
    void serverThatGetsSmaller_isFollowed() {
        AdaptiveLimit limit = new AdaptiveLimit(2, 10_000);
        run(limit, 600, 200, ANY, SERVICE_NANOS);
        assertThat(run(limit, 400, 50, ANY, SERVICE_NANOS)).isBetween(45.0, 125.0);
    }

    @Test
    void serverThatGetsLarger_isFollowed() {
        AdaptiveLimit limit = new AdaptiveLimit(2, 10_000);
        run(limit, 400, 50, ANY, SERVICE_NANOS);
        assertThat(run(limit, 600, 200, ANY, SERVICE_NANOS)).isBetween(180.0, 500.0);
    }

    /** Slower for good, as after a release: the old base would shrink the limit to its minimum. */
    @Test
    void serverThatGetsSlowerForGood_isNotStrangled() {
        AdaptiveLimit limit = new AdaptiveLimit(2, 10_000);
        run(limit, 400, 100, ANY, SERVICE_NANOS);
        assertThat(run(limit, 800, 100, ANY, 3 * SERVICE_NANOS)).isBetween(80.0, 250.0);
    }

    @Test
    void lightLoad_doesNotMoveTheLimit() {
        AdaptiveLimit limit = new AdaptiveLimit(2, 1_000);
        assertThat(run(limit, 1_000, 50, 5, SERVICE_NANOS)).isBetween(15.0, 20.0);
    }

    @Test
    void failuresOfOverload_shrinkIt() {
        AdaptiveLimit limit = new AdaptiveLimit(4, 1_000);
        run(limit, 200, 200, ANY, SERVICE_NANOS);
        for (int i = 0; i < 100; i++) {
            limit.window(SERVICE_NANOS, 50, true);
        }
        assertThat(limit.limit()).isEqualTo(4);
    }

    @Test
    void bounds_hold() {
        assertThat(run(new AdaptiveLimit(2, 30), 500, 200, ANY, SERVICE_NANOS)).isBetween(15.0, 30.0);
        assertThat(new AdaptiveLimit(1, 5).limit()).isEqualTo(5);
        assertThat(new AdaptiveLimit(40, 50).limit()).isEqualTo(40);
    }
}
