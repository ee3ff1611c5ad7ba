package io.fairlead.proxy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ServiceLoader;
import org.jboss.logging.LoggerProvider;
import org.jboss.logging.Slf4jLoggerProvider;
import org.junit.jupiter.api.Test;

class EngineLoggingTest {
    @Test
    void noSystemPropertySet_undertowLogsThroughSlf4j() {
        // jboss-logging takes the first provider it finds here, before it looks at what else is on the class path.
        assertThat(ServiceLoader.load(LoggerProvider.class).findFirst()).get().isInstanceOf(Slf4jLoggerProvider.class);
    }
}
