package io.fairlead.proxy.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PeakLatencyTest {
    private final ManualClock clock = new ManualClock(Long.MAX_VALUE - 1_000);
    private final PeakLatency latency = new PeakLatency(clock);

    @Test
    void nothingMeasured_isZero() {
        assertThat(latency.get()).isZero();
        clock.advance(Duration.ofSeconds(5));
        assertThat(latency.get()).isZero();
    }

    @Test
    void rise_isFollowedAtOnce_andFallSlowly() {
        latency.answered(1_000_000);
        latency.answered(80_000_000);
        assertThat(latency.get()).isEqualTo(80_000_000);
        for (int i = 0; i < 100; i++) {
            clock.advance(Duration.ofMillis(10));
            latency.answered(1_000_000);
        }
        // One of ten seconds is over.
        assertThat(latency.get()).isBetween(70_000_000L, 74_000_000L);
        for (int i = 0; i < 1_000; i++) {
            clock.advance(Duration.ofMillis(60));
            latency.answered(1_000_000);
        }
        assertThat(latency.get()).isBetween(1_000_000L, 1_300_000L);
    }

    @Test
    void withoutTraffic_itFades() {
        latency.answered(80_000_000);
        clock.advance(Duration.ofSeconds(10));
        assertThat(latency.get()).isBetween(29_000_000L, 30_000_000L);
        clock.advance(Duration.ofMinutes(5));
        assertThat(latency.get()).isZero();
    }

    @Test
    void failure_onlyRaisesIt() {
        latency.answered(5_000_000);
        latency.failed(10_000);
        assertThat(latency.get()).isEqualTo(5_000_000);
        latency.failed(500_000_000);
        assertThat(latency.get()).isEqualTo(500_000_000);
    }

    /** It faded down to the time of the failures, and then looked quicker than all that answer. */
    @Test
    void quickFailures_neverLookQuick() {
        latency.answered(50_000_000);
        clock.advance(Duration.ofMinutes(1));
        assertThat(latency.get()).isLessThan(1_000_000);
        latency.failed(10_000);
        assertThat(latency.get()).isEqualTo(50_000_000);
    }

    @Test
    void targetThatHasOnlyFailed_looksSlow_andIsTriedAgain() {
        latency.failed(10_000);
        assertThat(latency.get()).isEqualTo(1_000_000_000);
        clock.advance(Duration.ofSeconds(60));
        assertThat(latency.get()).isLessThan(3_000_000);
        latency.answered(5_000_000);
        assertThat(latency.get()).isBetween(4_000_000L, 10_000_000L);
    }
}
