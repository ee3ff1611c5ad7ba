package io.fairlead.proxy.internal.engine.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestUpstream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests that come while the one before them is at work: kept, within bounds, and at a cost that follows their size. */
class PipeliningTest {
    private static final String SMALL = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    /** What holds up requests to /first. */
    private final AtomicReference<CompletableFuture<Response>> first = new AtomicReference<>();

    private void start() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            String line = exchange.method() + " " + exchange.target() + " ";
            exchange.write(TestUpstream.ok(line + new String(exchange.readBody(), StandardCharsets.ISO_8859_1)));
        });
        fixture.start(fixture.to(upstream)
                .middleware((exchange, chain) -> switch (exchange.request().target()) {
                    case "/first" -> first.get();
                    case "/" -> CompletableFuture.completedFuture(Response.of(200, "ok"));
                    default -> chain.proceed(exchange);
                }));
    }

    /** Begins a request that is held up, and sees that it is at work. */
    private RawClient holding() {
        first.set(new CompletableFuture<>());
        RawClient client = fixture.client().send("GET /first HTTP/1.1\r\nHost: t\r\n\r\n");
        awaitTurn();
        return client;
    }

    /** When this is over the only I/O thread has seen what was sent before. */
    private void awaitTurn() {
        try (RawClient other = fixture.client()) {
            assertThat(other.send(SMALL).readResponse().status()).isEqualTo(200);
        }
    }

    private void release(RawClient client) {
        first.get().complete(Response.of(200, "first"));
        assertThat(client.readResponse().bodyText()).isEqualTo("first");
    }

    /** For each request the rest of them was copied twice: some 100 MB for these. */
    @Test
    void manySmallRequestsAtOnce_areNotCopiedForEachOther() {
        start();
        RawClient client = holding();
        int count = 65_000 / SMALL.length();
        client.send(SMALL.repeat(count));
        awaitTurn();
        long before = allocated();
        release(client);
        for (int i = 0; i < count; i++) {
            assertThat(client.readResponse().bodyText()).isEqualTo("ok");
        }
        assertThat((allocated() - before) / count)
                .as("bytes allocated for a request")
                .isLessThan(12_000);
    }

    /** Bytes that the I/O thread has allocated so far. */
    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().matches("fairlead-.*-io-1"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getThreadId()))
                .sum();
    }

    /** Whoever sends one byte a packet must not make all that waits move each time. */
    @Test
    void requestsThatDripInWhileOneIsAtWork_areKeptAtACostThatFollowsTheirSize() {
        start();
        RawClient client = holding();
        int count = 200;
        long before = allocated();
        for (int i = 0; i < count * SMALL.length(); i += 4) {
            client.send(SMALL.repeat(2).substring(i % SMALL.length(), i % SMALL.length() + 4));
        }
        awaitTurn();
        assertThat(allocated() - before).isLessThan(200_000);
        release(client);
        for (int i = 0; i < count; i++) {
            assertThat(client.readResponse().bodyText()).isEqualTo("ok");
        }
    }

    @Test
    void moreThanIsKept_isHeldBackWithoutABuffer() {
        start();
        RawClient client = holding();
        byte[] all = SMALL.repeat(20_000).getBytes(StandardCharsets.ISO_8859_1);
        Thread sending = new Thread(() -> client.sendIfOpen(all));
        sending.setDaemon(true);
        sending.start();
        awaitTurn();
        awaitTurn();
        assertThat(LeakCheck.buffers(fixture.proxy())).isZero();
        release(client);
        for (int i = 0; i < 20_000; i++) {
            assertThat(client.readResponse().bodyText()).isEqualTo("ok");
        }
    }

    @Test
    void requestsOfAllKindsBehindOneAtWork_areAnsweredInOrder() {
        start();
        Seeds.run(20, random -> {
            RawClient client = holding();
            StringBuilder requests = new StringBuilder();
            List<String> expected = new ArrayList<>();
            int count = 1 + random.nextInt(60);
            for (int i = 0; i < count; i++) {
                String body = "b".repeat(random.nextInt(random.nextInt(8) == 0 ? 20_000 : 300));
                String target = " /" + i + " HTTP/1.1\r\nHost: test\r\n";
                switch (random.nextInt(4)) {
                    case 0 -> {
                        requests.append(SMALL);
                        expected.add("ok");
                    }
                    case 1 -> {
                        requests.append("GET").append(target).append("\r\n");
                        expected.add("GET /" + i + " ");
                    }
                    case 2 -> {
                        requests.append("POST")
                                .append(target)
                                .append("Content-Length: ")
                                .append(body.length());
                        requests.append("\r\n\r\n").append(body);
                        expected.add("POST /" + i + " " + body);
                    }
                    default -> {
                        requests.append("PUT").append(target).append("Transfer-Encoding: chunked\r\n\r\n");
                        for (int at = 0; at < body.length(); ) {
                            int size = Math.min(body.length() - at, 1 + random.nextInt(5_000));
                            requests.append(Integer.toHexString(size)).append("\r\n");
                            requests.append(body, at, at + size).append("\r\n");
                            at += size;
                        }
                        requests.append("0\r\n\r\n");
                        expected.add("PUT /" + i + " " + body);
                    }
                }
            }
            byte[] bytes = requests.toString().getBytes(StandardCharsets.ISO_8859_1);
            int largest = 1 + random.nextInt(random.nextInt(3) == 0 ? 60_000 : 2_000);
            Thread sending = new Thread(() -> {
                for (int at = 0; at < bytes.length; at += largest) {
                    client.sendIfOpen(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + largest)));
                }
            });
            sending.setDaemon(true);
            sending.start();
            awaitTurn();
            release(client);
            for (String answer : expected) {
                assertThat(client.readResponse().bodyText()).isEqualTo(answer);
            }
            client.close();
        });
    }
}
