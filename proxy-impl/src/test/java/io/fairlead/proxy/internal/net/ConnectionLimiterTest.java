package io.fairlead.proxy.internal.net;

import static io.fairlead.proxy.internal.net.ConnectionLimiter.Decision.ADMITTED;
import static io.fairlead.proxy.internal.net.ConnectionLimiter.Decision.TOO_MANY;
import static io.fairlead.proxy.internal.net.ConnectionLimiter.Decision.TOO_MANY_OF_ADDRESS;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ConnectionLimiterTest {
    @Test
    void totalReached_refusesUntilOneIsReleased() {
        ConnectionLimiter limiter = new ConnectionLimiter(2, 0);
        assertThat(limiter.tryAcquire(ip("10.0.0.1"))).isEqualTo(ADMITTED);
        assertThat(limiter.tryAcquire(ip("10.0.0.1"))).isEqualTo(ADMITTED);
        assertThat(limiter.tryAcquire(ip("10.0.0.2"))).isEqualTo(TOO_MANY);
        limiter.release(ip("10.0.0.1"));
        assertThat(limiter.tryAcquire(ip("10.0.0.2"))).isEqualTo(ADMITTED);
        assertThat(limiter.clients()).isZero();
    }

    @Test
    void limitOfOneClientReached_refusesItAndNobodyElse() {
        ConnectionLimiter limiter = new ConnectionLimiter(10, 2);
        limiter.tryAcquire(ip("10.0.0.1"));
        limiter.tryAcquire(ip("10.0.0.1"));
        assertThat(limiter.tryAcquire(ip("10.0.0.1"))).isEqualTo(TOO_MANY_OF_ADDRESS);
        assertThat(limiter.connections()).isEqualTo(2);
        assertThat(limiter.tryAcquire(ip("10.0.0.2"))).isEqualTo(ADMITTED);
        limiter.release(ip("10.0.0.1"));
        assertThat(limiter.tryAcquire(ip("10.0.0.1"))).isEqualTo(ADMITTED);
    }

    @Test
    void ipv6_isCountedByItsNetworkOf64Bits() {
        ConnectionLimiter limiter = new ConnectionLimiter(10, 1);
        assertThat(limiter.tryAcquire(ip("2001:db8:0:1::1"))).isEqualTo(ADMITTED);
        assertThat(limiter.tryAcquire(ip("2001:db8:0:1:ffff::2"))).isEqualTo(TOO_MANY_OF_ADDRESS);
        assertThat(limiter.tryAcquire(ip("2001:db8:0:2::1"))).isEqualTo(ADMITTED);
    }

    @Test
    void ipv4MappedAddress_isTheIpv4Client() {
        ConnectionLimiter limiter = new ConnectionLimiter(10, 1);
        assertThat(limiter.tryAcquire(ip("10.0.0.1"))).isEqualTo(ADMITTED);
        assertThat(limiter.tryAcquire(ip("::ffff:10.0.0.1"))).isEqualTo(TOO_MANY_OF_ADDRESS);
        // The prefix of ::/64 is the number 0, and so is the address 0.0.0.0.
        assertThat(limiter.tryAcquire(ip("::1"))).isEqualTo(ADMITTED);
        assertThat(limiter.tryAcquire(ip("0.0.0.0"))).isEqualTo(ADMITTED);
    }

    @Test
    void lastConnectionReleased_leavesNoEntry() {
        ConnectionLimiter limiter = new ConnectionLimiter(10, 5);
        for (String address : List.of("10.0.0.1", "10.0.0.1", "2001:db8::1")) {
            limiter.tryAcquire(ip(address));
        }
        assertThat(limiter.clients()).isEqualTo(2);
        for (String address : List.of("10.0.0.1", "10.0.0.1", "2001:db8::1")) {
            limiter.release(ip(address));
        }
        assertThat(limiter.clients()).isZero();
        assertThat(limiter.connections()).isZero();
    }

    @Test
    void manyThreads_neverExceedALimitAndEndAtZero() throws Exception {
        int max = 20;
        int maxPerClient = 6;
        int clients = 5;
        ConnectionLimiter limiter = new ConnectionLimiter(max, maxPerClient);
        AtomicInteger open = new AtomicInteger();
        AtomicInteger[] openOf = new AtomicInteger[clients];
        InetAddress[] addresses = new InetAddress[clients];
        for (int i = 0; i < clients; i++) {
            openOf[i] = new AtomicInteger();
            addresses[i] = ip(i % 2 == 0 ? "10.0.0." + i : "2001:db8:" + i + "::1");
        }
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                Random random = new Random(thread);
                runs.add(threads.submit(() -> {
                    List<Integer> held = new ArrayList<>();
                    start.await();
                    for (int i = 0; i < 20_000 || !held.isEmpty(); i++) {
                        if (i < 20_000 && (held.isEmpty() || random.nextInt(100) < 55)) {
                            int client = random.nextInt(clients);
                            if (limiter.tryAcquire(addresses[client]) == ADMITTED) {
                                held.add(client);
                                assertThat(open.incrementAndGet()).isLessThanOrEqualTo(max);
                                assertThat(openOf[client].incrementAndGet()).isLessThanOrEqualTo(maxPerClient);
                            }
                        } else {
                            int client = held.remove(held.size() - 1);
                            open.decrementAndGet();
                            openOf[client].decrementAndGet();
                            limiter.release(addresses[client]);
                        }
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(limiter.connections()).isZero();
        assertThat(limiter.clients()).isZero();
    }

    private static InetAddress ip(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
