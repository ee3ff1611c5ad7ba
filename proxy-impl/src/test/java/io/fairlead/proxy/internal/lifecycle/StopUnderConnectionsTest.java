package io.fairlead.proxy.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.route.Route;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class StopUnderConnectionsTest {
    private static final int STOPS = 10;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    @BeforeEach
    void captureLog() {
        log.start();
        root.addAppender(log);
    }

    @AfterEach
    void leaveLog() {
        root.detachAppender(log);
    }

    /** Each connection that came with the end of the listener was an error in the log, with a stack trace. */
    @Test
    void connectionsDuringAStop_areNoErrors() throws Exception {
        for (int i = 0; i < STOPS; i++) {
            ReverseProxy proxy = ReverseProxy.builder()
                    .listener(Listener.http("127.0.0.1", 0))
                    .route(Route.builder("all").respond(200, "here").build())
                    .start();
            CountDownLatch connecting = new CountDownLatch(20);
            CompletableFuture<Void> clients = CompletableFuture.runAsync(() -> connect(proxy.port(), connecting));
            assertThat(connecting.await(30, TimeUnit.SECONDS)).isTrue();
            proxy.close();
            clients.get(30, TimeUnit.SECONDS);
        }
        assertThat(log.list)
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .isEmpty();
    }

    /** One connection after the other, until nobody listens. */
    private static void connect(int port, CountDownLatch connecting) {
        while (true) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                connecting.countDown();
            } catch (IOException refused) {
                return;
            }
        }
    }
}
