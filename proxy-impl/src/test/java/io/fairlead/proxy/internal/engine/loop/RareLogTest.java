package io.fairlead.proxy.internal.engine.loop;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.fairlead.proxy.testing.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class RareLogTest {
    private final ManualClock clock = new ManualClock(Long.MAX_VALUE - 1_000);
    private final Logger logger = (Logger) LoggerFactory.getLogger("rare-log-test");
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    @BeforeEach
    void listen() {
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(appender);
    }

    /** A load balancer that throws logged a stack trace for every request. */
    @Test
    void errorsWithinASecond_areCounted() {
        RareLog log = new RareLog(logger, "it failed", clock);
        for (int i = 0; i < 100; i++) {
            log.error(new IllegalStateException("no " + i));
            clock.advance(Duration.ofMillis(5));
        }
        assertThat(appender.list).hasSize(1);
        assertThat(appender.list.get(0).getFormattedMessage()).isEqualTo("it failed");
        assertThat(appender.list.get(0).getThrowableProxy().getMessage()).isEqualTo("no 0");

        clock.advance(Duration.ofMillis(500));
        log.error(new IllegalStateException("later"));
        assertThat(appender.list).hasSize(2);
        assertThat(appender.list.get(1).getFormattedMessage())
                .isEqualTo("it failed; 99 others since the last one that stands here");
        assertThat(appender.list.get(1).getThrowableProxy().getMessage()).isEqualTo("later");
    }

    @Test
    void errorsFarApart_areAllLogged() {
        RareLog log = new RareLog(logger, "it failed", clock);
        for (int i = 0; i < 3; i++) {
            log.error(new IllegalStateException());
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(appender.list).extracting(ILoggingEvent::getFormattedMessage).containsOnly("it failed");
        assertThat(appender.list).hasSize(3);
    }
}
