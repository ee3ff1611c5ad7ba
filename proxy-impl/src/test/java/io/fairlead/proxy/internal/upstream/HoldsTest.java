package io.fairlead.proxy.internal.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class HoldsTest {
    private static final String URL = "http://10.0.0.1";
    private static final long BEGIN = Long.MAX_VALUE - 5;

    private final Holds holds = new Holds();

    private void at(long now, String... present) {
        holds.expire(now);
        holds.present(Set.of(present), now);
    }

    @Test
    void heldTarget_isHeldUntilThatIsReleased() {
        Object hold = holds.hold(URL);
        assertThat(holds.hold(URL)).isSameAs(hold);
        assertThat(holds.release(URL, new Object())).isFalse();
        assertThat(holds.isHeld(URL)).isTrue();
        assertThat(holds.release(URL, hold)).isTrue();
        assertThat(holds.isHeld(URL)).isFalse();
        assertThat(holds.hold(URL)).isNotSameAs(hold);
        assertThat(holds.release(URL, hold)).isFalse();
    }

    @Test
    void targetThatIsAway_isForgottenAfterAnHour() {
        holds.hold(URL);
        at(BEGIN, URL);
        at(BEGIN + 10);
        at(BEGIN + 10 + Holds.MEMORY_NANOS - 1);
        assertThat(holds.isHeld(URL)).isTrue();
        at(BEGIN + 10 + Holds.MEMORY_NANOS);
        assertThat(holds.isHeld(URL)).isFalse();
    }

    @Test
    void targetThatComesBack_isHeldForAsLongAsItStays() {
        holds.hold(URL);
        at(BEGIN);
        at(BEGIN + Holds.MEMORY_NANOS / 2, URL);
        at(BEGIN + 2 * Holds.MEMORY_NANOS, URL);
        at(BEGIN + 2 * Holds.MEMORY_NANOS + 1);
        at(BEGIN + 3 * Holds.MEMORY_NANOS);
        assertThat(holds.isHeld(URL)).isTrue();
    }
}
