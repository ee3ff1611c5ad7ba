package io.fairlead.proxy.internal.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.resilience.ConcurrencyLimit;
import org.junit.jupiter.api.Test;

final class LimitMeterTest {
    private static final int THREADS = 2;
    private static final long SERVICE_NANOS = 20_000_000;

    private final LimitMeter meter = new LimitMeter(ConcurrencyLimit.adaptive(2, 1_000), THREADS, -5);
    private long now = -5;

    /** A window in which so many requests are at a server that does 50 at once. */
    private void window(int drops) {
        int inFlight = meter.limit();
        long nanos = SERVICE_NANOS * Math.max(50, inFlight) / 50;
        for (int i = 0; i < 40; i++) {
            meter.answered(i % THREADS, nanos, inFlight, now);
        }
        for (int i = 0; i < drops; i++) {
            meter.dropped(i % THREADS, now);
        }
        now += LimitMeter.WINDOW_NANOS;
    }

    @Test
    void serverWithRoom_getsMore() {
        assertThat(meter.limit()).isEqualTo(20);
        for (int i = 0; i < 400; i++) {
            window(0);
        }
        assertThat(meter.limit()).isBetween(30, 125);
    }

    @Test
    void overloadedServer_getsLess() {
        for (int i = 0; i < 50; i++) {
            window(5);
        }
        assertThat(meter.limit()).isEqualTo(2);
    }

    @Test
    void serverThatOnlyFails_getsLess() {
        for (int i = 0; i < 50; i++) {
            for (int k = 0; k < 40; k++) {
                meter.dropped(k % THREADS, now);
            }
            now += LimitMeter.WINDOW_NANOS;
        }
        assertThat(meter.limit()).isEqualTo(2);
    }

    @Test
    void singleFailures_saySoLittleThatItGrows() {
        for (int i = 0; i < 10; i++) {
            window(1);
        }
        assertThat(meter.limit()).isGreaterThan(20);
    }

    @Test
    void fewSamples_waitForMore() {
        for (int i = 0; i < 5; i++) {
            meter.answered(0, SERVICE_NANOS, 20, now);
            now += LimitMeter.WINDOW_NANOS;
        }
        assertThat(meter.limit()).isEqualTo(20);
    }
}
