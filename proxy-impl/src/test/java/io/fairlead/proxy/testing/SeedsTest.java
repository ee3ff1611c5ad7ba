package io.fairlead.proxy.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SeedsTest {
    @Test
    void propertyThatFails_namesTheSeedThatRepeatsIt() {
        List<Integer> drawn = new ArrayList<>();
        AssertionError failure = null;
        try {
            Seeds.run(10, random -> {
                drawn.add(random.nextInt());
                assertThat(drawn.size()).isLessThan(3);
            });
        } catch (AssertionError e) {
            failure = e;
        }
        assertThat(failure).isNotNull().hasMessageContaining("run 3 of 10");
        Matcher seed = Pattern.compile("-Dfairlead\\.seed=(-?\\d+)").matcher(String.valueOf(failure.getMessage()));
        assertThat(seed.find()).isTrue();
        assertThat(new Random(Long.parseLong(seed.group(1))).nextInt()).isEqualTo(drawn.get(2));
    }

    @Test
    void manualClock_movesOnlyWhenTold() {
        ManualClock clock = new ManualClock(Long.MAX_VALUE);
        long before = clock.nanoTime();
        clock.advance(Duration.ofNanos(5));
        assertThat(clock.getAsLong() - before).isEqualTo(5);
        assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void escapes_readWhatTheyShow() {
        Seeds.run(200, random -> {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            assertThat(Escapes.bytes(Escapes.show(bytes))).isEqualTo(bytes);
        });
        assertThat(Escapes.bytes("\\{3*a\\x41}\\s")).asString().isEqualTo("aAaAaA ");
        assertThat(Escapes.bytes("\\{2*x\\{3*y}z}")).asString().isEqualTo("xyyyzxyyyz");
    }
}
