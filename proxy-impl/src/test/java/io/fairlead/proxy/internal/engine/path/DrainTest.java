package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A stop lets finish what is under way, and cuts what does not finish in time. */
class DrainTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final CountDownLatch goOn = new CountDownLatch(1);

    private CompletableFuture<DrainReport> stop(Duration timeout) {
        return CompletableFuture.supplyAsync(() -> fixture.proxy().stop(timeout));
    }

    @Test
    void idleConnections_areClosedAtOnce() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))).ioThreads(2));
        RawClient used = fixture.client();
        assertThat(used.send(GET).readResponse().header("Connection")).isEmpty();
        RawClient silent = fixture.client();
        CompletableFuture<DrainReport> stopped = stop(LONG);
        used.awaitEof(SOON);
        silent.awaitEof(SOON);
        assertThat(stopped).succeedsWithin(SOON).matches(DrainReport::isClean);
    }

    @Test
    void headThatIsNotWhole_doesNotHoldTheStopUp() {
        fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        RawClient client = fixture.client();
        client.send(GET).readResponse();
        client.send("GET / HT");
        assertThat(stop(LONG)).succeedsWithin(SOON).matches(DrainReport::isClean);
        client.awaitEof(SOON);
    }

    @Test
    void requestUnderWay_isAnsweredWithConnectionClose() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            goOn.await();
            exchange.write(TestUpstream.ok("late"));
        });
        CountDownLatch draining = new CountDownLatch(1);
        fixture.start(fixture.to(upstream).onLifecycle(event -> {
            if (event == LifecycleListener.Event.DRAINING) {
                draining.countDown();
            }
        }));
        RawClient idle = fixture.client();
        idle.send("GET").send(" ");
        RawClient client = fixture.client().send(GET);
        InetSocketAddress address = fixture.proxy().addresses().get(0);
        upstream.awaitHeads(1);
        CompletableFuture<DrainReport> stopped = stop(LONG);
        // Its end shows that the stop has come as far as the connections.
        idle.awaitEof(SOON);
        assertThatThrownBy(() -> RawClient.connect(address)).hasMessageContaining("cannot connect");
        goOn.countDown();
        RawResponse response = client.readResponse();
        assertThat(response.bodyText()).isEqualTo("late");
        assertThat(response.header("Connection")).contains("close");
        client.awaitEof(SOON);
        assertThat(stopped).succeedsWithin(SOON).matches(DrainReport::isClean);
        assertThat(draining.getCount()).isZero();
    }

    @Test
    void downloadUnderWay_finishes() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
            goOn.await();
            exchange.write("half");
        });
        fixture.start(fixture.to(upstream));
        RawClient idle = fixture.client();
        RawClient client = fixture.client().send(GET);
        AtomicReference<CompletableFuture<DrainReport>> stopped = new AtomicReference<>();
        RawResponse response = client.readResponse(false, () -> {
            stopped.set(stop(LONG));
            idle.awaitEof(SOON);
            goOn.countDown();
        });
        assertThat(response.bodyText()).isEqualTo("halfhalf");
        assertThat(response.complete()).isTrue();
        client.awaitEof(SOON);
        assertThat(stopped.get()).succeedsWithin(SOON).matches(DrainReport::isClean);
    }

    @Test
    void uploadUnderWay_finishes() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("stored"));
        fixture.start(fixture.to(upstream));
        RawClient idle = fixture.client();
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf");
        upstream.awaitHeads(1);
        CompletableFuture<DrainReport> stopped = stop(LONG);
        idle.awaitEof(SOON);
        RawResponse response = client.send("half").readResponse();
        assertThat(response.bodyText()).isEqualTo("stored");
        assertThat(response.header("Connection")).contains("close");
        assertThat(upstream.lastRequest().bodyText()).isEqualTo("halfhalf");
        assertThat(stopped).succeedsWithin(SOON).matches(DrainReport::isClean);
    }

    @Test
    void exchangesThatDoNotFinish_areCutAndCounted() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.target().equals("/begun")) {
                exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            }
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream).ioThreads(2));
        RawClient waiting = fixture.client().send(GET);
        RawClient begun = fixture.client().send("GET /begun HTTP/1.1\r\nHost: test\r\n\r\n");
        begun.readHead();
        upstream.awaitHeads(2);
        assertThat(fixture.proxy().stop(Duration.ofMillis(50)).cut()).isEqualTo(2);
        waiting.awaitEof(SOON);
        assertThat(begun.readUntilClosed()).asString().isEqualTo("half");
        upstream.awaitConnectionClosed(SOON);
        for (int i = 0; i < 2; i++) {
            ExchangeRecord cut = fixture.awaitRecord();
            assertThat(cut.failure()).contains(FailureCode.PROXY_STOPPING);
        }
    }

    @Test
    void stopOfZero_cutsAtOnce() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().send(GET);
        upstream.awaitHeads(1);
        assertThat(fixture.proxy().stop(Duration.ZERO).cut()).isEqualTo(1);
        client.awaitEof(SOON);
        assertThat(fixture.proxy().stop(Duration.ZERO).cut()).isZero();
    }
}
