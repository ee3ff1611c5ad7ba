package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a proxy takes from its host's process, and that it gives it back. */
class LifecycleTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    private static List<String> threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(one -> one.startsWith("fairlead-" + name))
                .toList();
    }

    @Test
    void closedProxy_leavesNoThreadSocketOrBuffer() throws IOException {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        // What the JVM itself keeps for the first use of channels is not the proxy's.
        fixture.start(fixture.to(upstream).name("first"));
        fixture.client().send(GET).readResponse();
        fixture.proxy().stop(Duration.ZERO);
        long before = directBytes();

        ReverseProxy proxy =
                fixture.start(fixture.to(upstream).name("second").ioThreads(2).stopTimeout(Duration.ZERO));
        for (int i = 0; i < 8; i++) {
            assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
        }
        RawClient waiting = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        upstream.awaitHeads(10);
        assertThat(threads("second")).contains("fairlead-second-io-1", "fairlead-second-io-2");
        int port = proxy.port();
        proxy.close();

        waiting.readUntilClosed();
        assertThat(proxy.addresses()).isEmpty();
        ProxyFixture.await("the end of all threads", () -> threads("second").isEmpty());
        // Less than one of the proxy's buffers; the JVM keeps small ones for the threads of the fixtures.
        ProxyFixture.await("the end of all buffers", () -> {
            System.gc();
            return directBytes() - before < IoLoop.DATA_BYTES;
        });
        try (ServerSocket again = new ServerSocket()) {
            again.setReuseAddress(true);
            again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
    }

    @Test
    void proxyOnThePortOfAClosedOne_starts() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        int port = fixture.start(fixture.to(upstream)).port();
        fixture.client().send(GET).readResponse();
        fixture.proxy().stop(Duration.ZERO);
        fixture.start(fixture.watched(ReverseProxy.to(upstream.url()).listener(Listener.http("127.0.0.1", port))));
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void severalProxies_runSideBySide() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("a"))).name("a"));
        RawClient toA = fixture.client();
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("b"))).name("b"));
        RawClient toB = fixture.client();
        assertThat(toA.send(GET).readResponse().bodyText()).isEqualTo("a");
        assertThat(toB.send(GET).readResponse().bodyText()).isEqualTo("b");
        fixture.proxy().stop(Duration.ZERO);
        assertThat(toA.send(GET).readResponse().bodyText()).isEqualTo("a");
    }

    @Test
    void severalListenersOnPortZero_getPortsOfTheirOwn() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        ReverseProxy proxy = fixture.start(fixture.to(upstream).listener(Listener.http("127.0.0.1", 0)));
        assertThat(proxy.addresses()).hasSize(2).doesNotHaveDuplicates();
        for (InetSocketAddress address : proxy.addresses()) {
            try (RawClient client = RawClient.connect(address)) {
                assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
            }
        }
    }

    @Test
    void secondStart_isAnError() {
        ReverseProxy proxy = fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        assertThatThrownBy(proxy::start).isInstanceOf(IllegalStateException.class);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void startAfterClose_isAnError() {
        ReverseProxy proxy = fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        proxy.close();
        assertThatThrownBy(proxy::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closeBeforeStart_makesAStartAnError() {
        ReverseProxy proxy =
                fixture.to(fixture.answering(TestUpstream.ok("ok"))).build();
        proxy.close();
        assertThatThrownBy(proxy::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void portThatIsTaken_leavesNothingBound() throws IOException {
        int free;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = probe.getLocalPort();
        }
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ReverseProxy proxy = ReverseProxy.to("http://127.0.0.1:1")
                    .name("unlucky")
                    .listener(Listener.http("127.0.0.1", free))
                    .listener(Listener.http("127.0.0.1", taken.getLocalPort()))
                    .build();
            assertThatThrownBy(proxy::start)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
            assertThat(proxy.addresses()).isEmpty();
            ProxyFixture.await(
                    "the end of all threads", () -> threads("unlucky").isEmpty());
            try (ServerSocket again = new ServerSocket()) {
                again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), free));
            }
        }
    }
}
