package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large bodies arrive whole, and a receiver that is slow slows the sender down instead of filling the proxy. */
class StreamingTest {
    private static final int PIECE = 64 * 1024;
    private static final int PIECES = 1024;
    private static final long LENGTH = (long) PIECE * PIECES;

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final byte[] piece = new byte[PIECE];
    private final String digest;

    StreamingTest() throws Exception {
        new Random(20261122).nextBytes(piece);
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        for (int i = 0; i < PIECES; i++) {
            sha.update(piece);
        }
        digest = HexFormat.of().formatHex(sha.digest());
    }

    private interface Out {
        void write(byte[] bytes) throws IOException;
    }

    private void writeBody(Out out, boolean chunked) throws IOException {
        byte[] size = (Integer.toHexString(PIECE) + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] end = "\r\n".getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < PIECES; i++) {
            if (chunked) {
                out.write(size);
            }
            out.write(piece);
            if (chunked) {
                out.write(end);
            }
        }
        if (chunked) {
            out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private static String framing(boolean chunked) {
        return chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: " + LENGTH + "\r\n\r\n";
    }

    /** Reads a head, then a body of {@link #LENGTH} bytes in either framing, and answers the body's digest. */
    private static String digest(InputStream raw) throws Exception {
        DataInputStream in = new DataInputStream(new BufferedInputStream(raw, PIECE));
        boolean chunked = false;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            chunked |= line.equalsIgnoreCase("Transfer-Encoding: chunked");
        }
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[PIECE];
        if (!chunked) {
            update(sha, in, LENGTH, buffer);
        } else {
            for (long size = Long.parseLong(line(in), 16); size > 0; size = Long.parseLong(line(in), 16)) {
                update(sha, in, size, buffer);
                assertThat(line(in)).isEmpty();
            }
            assertThat(line(in)).isEmpty();
        }
        return HexFormat.of().formatHex(sha.digest());
    }

    private static void update(MessageDigest sha, DataInputStream in, long length, byte[] buffer) throws IOException {
        for (long left = length; left > 0; ) {
            int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            assertThat(count).isPositive();
            sha.update(buffer, 0, count);
            left -= count;
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            assertThat(b).isNotNegative();
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largeDownload_arrivesWhole(boolean chunked) throws Exception {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\n" + framing(chunked));
            writeBody(exchange::write, chunked);
        });
        fixture.start(fixture.to(upstream));
        try (Socket client =
                new Socket(InetAddress.getLoopbackAddress(), fixture.proxy().port())) {
            client.setSoTimeout(10_000);
            client.getOutputStream().write(GET.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(digest(client.getInputStream())).isEqualTo(digest);
        }
        assertThat(fixture.awaitRecord().responseBytes()).isEqualTo(LENGTH);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largeUpload_arrivesWhole(boolean chunked) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            CompletableFuture<String> received = CompletableFuture.supplyAsync(() -> {
                try (Socket socket = server.accept()) {
                    String seen = digest(socket.getInputStream());
                    socket.getOutputStream().write(TestUpstream.ok("stored").getBytes(StandardCharsets.ISO_8859_1));
                    return seen;
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            fixture.start(fixture.to(UpstreamPool.of("default", "http://127.0.0.1:" + server.getLocalPort())));
            RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\n" + framing(chunked));
            writeBody(client::send, chunked);
            assertThat(client.readResponse().bodyText()).isEqualTo("stored");
            assertThat(received).succeedsWithin(ProxyFixture.SOON).isEqualTo(digest);
        }
        assertThat(fixture.awaitRecord().requestBytes()).isEqualTo(LENGTH);
    }

    @Test
    void clientThatStopsReading_stopsTheUpstream() {
        AtomicLong written = new AtomicLong();
        TestUpstream upstream = fixture.upstream(exchange -> writeWithoutEnd(exchange, written));
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client(8_192).send(GET);
        client.readHead();
        assertStops(written);
        assertThat(LeakCheck.buffers(fixture.proxy())).isBetween(1, 2);
        long before = written.get();
        client.readBytes(8_000_000);
        ProxyFixture.await("the upstream to go on", () -> written.get() > before);
    }

    private void writeWithoutEnd(ScriptedExchange exchange, AtomicLong written) throws IOException {
        exchange.readHead();
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: " + (1L << 40) + "\r\n\r\n");
        while (true) {
            exchange.write(piece);
            written.addAndGet(PIECE);
        }
    }

    @Test
    void upstreamThatStopsReading_stopsTheClient() {
        AtomicLong written = new AtomicLong();
        CountDownLatch over = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            over.await();
            exchange.close();
        });
        fixture.start(fixture.to(upstream));
        RawClient client =
                fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + (1L << 40) + "\r\n\r\n");
        Thread sending = new Thread(() -> {
            try {
                while (true) {
                    client.send(piece);
                    written.addAndGet(PIECE);
                }
            } catch (AssertionError cut) {
                // The end of the test.
            }
        });
        sending.setDaemon(true);
        sending.start();
        assertStops(written);
        assertThat(LeakCheck.buffers(fixture.proxy())).isBetween(1, 2);
        over.countDown();
        assertThat(client.readResponse().status()).isEqualTo(502);
    }

    /** Sees that nothing more is taken, and that what was taken is what four socket buffers hold. */
    private static void assertStops(AtomicLong written) {
        assertThat(Await.standstill(written, Duration.ofMillis(500))).isLessThan(40_000_000);
    }
}
