package io.fairlead.proxy.internal.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.fairlead.proxy.testing.ManualClock;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NameResolverTest {
    private static final Duration REFRESH = Duration.ofSeconds(30);

    private final ManualClock clock = new ManualClock(Long.MAX_VALUE);
    private final AtomicInteger lookups = new AtomicInteger();
    private volatile List<String> answer = List.of();
    private final NameResolver resolver = new NameResolver("resolver-test", this::lookup, clock);
    private final BlockingQueue<List<InetAddress>> changes = new LinkedBlockingQueue<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void captureLog() {
        log.start();
        logger().addAppender(log);
        logger().setLevel(Level.INFO);
        logger().setAdditive(false);
    }

    @AfterEach
    void closeAll() {
        resolver.close();
        logger().detachAppender(log);
        logger().setLevel(null);
        logger().setAdditive(true);
    }

    @Test
    void watchedName_isLookedUpAtOnceOnADaemonThread() throws Exception {
        answer = List.of("10.0.0.1", "10.0.0.2");
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        resolver.watch("a.test", REFRESH, addresses -> {
            changes.add(addresses);
            threads.add(Thread.currentThread());
        });
        assertThat(nextChange()).containsExactly(ip("10.0.0.1"), ip("10.0.0.2"));
        Thread thread = threads.take();
        assertThat(thread.getName()).isEqualTo("fairlead-resolver-test-dns");
        assertThat(thread.isDaemon()).isTrue();
    }

    @Test
    void refresh_reportsOnlyAnotherSetOfAddresses() throws Exception {
        answer = List.of("10.0.0.1", "10.0.0.2");
        resolver.watch("a.test", REFRESH, changes::add);
        nextChange();
        awaitLookups(1);
        answer = List.of("10.0.0.2", "10.0.0.1");
        refresh(2);
        answer = List.of("10.0.0.2");
        refresh(3);
        assertThat(nextChange()).containsExactly(ip("10.0.0.2"));
        assertThat(changes).isEmpty();
    }

    @Test
    void nameNotYetDue_isNotLookedUpAgain() {
        answer = List.of("10.0.0.1");
        resolver.watch("a.test", REFRESH, changes::add);
        awaitLookups(1);
        clock.advance(REFRESH.minusNanos(1));
        resolver.refreshDue();
        assertThat(resolver.inLookup()).isZero();
        clock.advance(Duration.ofNanos(1));
        resolver.refreshDue();
        awaitLookups(2);
    }

    @Test
    void refreshTime_comesByItself() throws Exception {
        // With the JVM's clock, and a refresh that is as short as the test wants to be.
        try (NameResolver running = new NameResolver("resolver-test", this::lookup, System::nanoTime)) {
            answer = List.of("10.0.0.1");
            running.watch("a.test", Duration.ofMillis(1), changes::add);
            nextChange();
            answer = List.of("10.0.0.2");
            assertThat(nextChange()).containsExactly(ip("10.0.0.2"));
        }
    }

    @Test
    void lookupThatFails_keepsTheAddressesAndIsLoggedOnce() throws Exception {
        answer = List.of("10.0.0.1");
        resolver.watch("a.test", REFRESH, changes::add);
        nextChange();
        awaitLookups(1);
        answer = List.of();
        refresh(2);
        refresh(3);
        assertThat(levels()).containsExactly(Level.WARN);
        answer = List.of("10.0.0.1");
        refresh(4);
        refresh(5);
        assertThat(levels()).containsExactly(Level.WARN, Level.INFO);
        assertThat(changes).isEmpty();
        answer = List.of();
        refresh(6);
        assertThat(levels()).containsExactly(Level.WARN, Level.INFO, Level.WARN);
    }

    @Test
    void firstLookupThatFails_isToldAndTriedAgainSoon() throws Exception {
        answer = List.of();
        resolver.watch("a.test", REFRESH, changes::add);
        assertThat(nextChange()).isEmpty();
        awaitLookups(1);
        answer = List.of("10.0.0.1");
        clock.advance(Duration.ofSeconds(1));
        resolver.refreshDue();
        assertThat(nextChange()).containsExactly(ip("10.0.0.1"));
    }

    @Test
    void ipLiteral_isAnsweredSynchronouslyWithoutLookupOrThread() {
        for (String literal : List.of("192.0.2.7", "2001:db8::7", "[2001:db8::7]", "::ffff:192.0.2.7")) {
            List<InetAddress> seen = new ArrayList<>();
            Thread caller = Thread.currentThread();
            resolver.watch(literal, REFRESH, addresses -> {
                assertThat(Thread.currentThread()).isSameAs(caller);
                seen.addAll(addresses);
            });
            assertThat(seen).containsExactly(ip(literal));
        }
        assertThat(lookups).hasValue(0);
        assertThat(resolver.hasThreads()).isFalse();
    }

    @Test
    void hostThatOnlyResemblesALiteral_isNeverGuessed() {
        assertThatThrownBy(() -> resolver.watch("g::1", REFRESH, changes::add))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("g::1");
        assertThatThrownBy(() -> resolver.watch("[10.0.0.1]", REFRESH, changes::add))
                .isInstanceOf(IllegalArgumentException.class);
        for (String name : List.of("010.0.0.1", "127.1", "1.2.3.4.5", "256.0.0.1", "1.2.3.", "1.2.3.4x", "", "a.1")) {
            assertThat(IpLiterals.parse(name)).as(name).isNull();
        }
    }

    @Test
    void closedWatch_isNotLookedUpAgain() throws Exception {
        answer = List.of("10.0.0.1");
        NameResolver.Watch closed = resolver.watch("a.test", REFRESH, changes::add);
        nextChange();
        awaitLookups(1);
        closed.close();
        clock.advance(REFRESH);
        resolver.refreshDue();
        assertThat(resolver.inLookup()).isZero();
        assertThat(lookups).hasValue(1);
    }

    @Test
    void watcherThatThrows_isLoggedAndToldOfTheNextChange() throws Exception {
        answer = List.of("10.0.0.1");
        resolver.watch("a.test", REFRESH, addresses -> {
            changes.add(addresses);
            throw new IllegalStateException("on purpose");
        });
        nextChange();
        awaitLookups(1);
        assertThat(levels()).containsExactly(Level.ERROR);
        answer = List.of("10.0.0.2");
        refresh(2);
        assertThat(nextChange()).containsExactly(ip("10.0.0.2"));
    }

    @Test
    void closedResolver_interruptsItsThreadsAndTakesNoNames() throws Exception {
        CountDownLatch looking = new CountDownLatch(1);
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        NameResolver stuck = new NameResolver(
                "resolver-test",
                host -> {
                    threads.add(Thread.currentThread());
                    looking.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    throw new UnknownHostException(host);
                },
                clock);
        stuck.watch("a.test", REFRESH, changes::add);
        looking.await();
        stuck.close();
        threads.take().join(10_000);
        assertThat(stuck.hasThreads()).isFalse();
        assertThat(log.list).isEmpty();
        assertThatThrownBy(() -> stuck.watch("b.test", REFRESH, changes::add))
                .isInstanceOf(IllegalStateException.class);
    }

    private InetAddress[] lookup(String host) throws UnknownHostException {
        lookups.incrementAndGet();
        List<String> now = answer;
        if (now.isEmpty()) {
            throw new UnknownHostException(host);
        }
        return now.stream().map(NameResolverTest::ip).toArray(InetAddress[]::new);
    }

    private void refresh(int expectedLookups) {
        clock.advance(REFRESH);
        resolver.refreshDue();
        awaitLookups(expectedLookups);
    }

    private void awaitLookups(int expected) {
        await().until(() -> lookups.get() == expected && resolver.inLookup() == 0);
    }

    private List<InetAddress> nextChange() throws InterruptedException {
        List<InetAddress> change = changes.poll(10, TimeUnit.SECONDS);
        assertThat(change).as("a change").isNotNull();
        return change;
    }

    private List<Level> levels() {
        return log.list.stream().map(ILoggingEvent::getLevel).toList();
    }

    private static Logger logger() {
        return (Logger) org.slf4j.LoggerFactory.getLogger(NameResolver.class);
    }

    private static InetAddress ip(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
