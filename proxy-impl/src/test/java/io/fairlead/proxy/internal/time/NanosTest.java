package io.fairlead.proxy.internal.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class NanosTest {

    @Test
    void durationOfAnyLength_canBeAddedToAMoment() {
        assertThat(Nanos.of(Duration.ofMillis(3))).isEqualTo(3_000_000);
        assertThat(Nanos.of(Duration.ZERO)).isZero();
        assertThat(Nanos.of(Duration.ofSeconds(Long.MIN_VALUE))).isZero();
        long ever = Nanos.of(ChronoUnit.FOREVER.getDuration());
        assertThat(Duration.ofNanos(ever)).isEqualTo(Duration.ofDays(3650));
        assertThat(Math.addExact(System.nanoTime(), ever)).isPositive();
    }
}
