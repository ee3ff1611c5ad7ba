package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.Drain;
import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Drains of a listener, a route, a target, and of the whole proxy with what is known of it afterwards. */
class PartDrainTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration EVER = ChronoUnit.FOREVER.getDuration();
    private static final Duration SHORT = Duration.ofMillis(50);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final CountDownLatch goOn = new CountDownLatch(1);

    /** Answers "late", once it may. */
    private TestUpstream slow() {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            goOn.await();
            exchange.write(TestUpstream.ok("late"));
        });
    }

    private TestUpstream silent() {
        return fixture.upstream(exchange -> {
            exchange.readHead();
            if (exchange.target().startsWith("/begun")) {
                exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            }
            exchange.awaitClose();
        });
    }

    private static DrainReport report(Drain drain) {
        return drain.report()
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    // ---- a listener

    @Test
    void drainedListener_refusesConnectionsAndFinishesWhatItHas() {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream).ioThreads(2).listener(Listener.http("127.0.0.1", 0)));
        InetSocketAddress first = proxy.addresses().get(0);
        InetSocketAddress second = proxy.addresses().get(1);
        RawClient idle = fixture.client();
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);

        Drain drain = proxy.drainListener(first, LONG);
        idle.awaitEof(SOON);
        assertThatThrownBy(() -> RawClient.connect(first)).hasMessageContaining("cannot connect");
        assertThat(proxy.addresses()).containsExactly(second);
        assertThat(drain.isOver()).isFalse();
        assertThat(proxy.isReady()).isTrue();
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        RawResponse response = busy.readResponse();
        assertThat(response.bodyText()).isEqualTo("late");
        assertThat(response.header("Connection")).contains("close");
        assertThat(report(drain)).matches(DrainReport::isClean).returns(1, DrainReport::finished);
        try (RawClient other = RawClient.connect(second)) {
            assertThat(other.send(GET).readResponse().status()).isEqualTo(200);
        }

        drain.undo();
        assertThat(proxy.addresses()).containsExactly(first, second);
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("late");
    }

    @Test
    void drainOfAListenerWhoseTimeIsOver_answersWhatHasNotBegunAndCutsTheRest() {
        TestUpstream upstream = silent();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        RawClient waiting = fixture.client().send(get("/wait?secret=1"));
        RawClient begun = fixture.client().send(get("/begun"));
        begun.readHead();
        upstream.awaitHeads(2);

        DrainReport report = report(proxy.drainListener(proxy.addresses().get(0), SHORT));
        assertThat(report.cut()).isEqualTo(2);
        assertThat(report.finished()).isZero();
        assertThat(report.cuts()).extracting(DrainReport.Cut::path).containsExactlyInAnyOrder("/wait", "/begun");
        assertThat(report.cuts()).allSatisfy(cut -> {
            assertThat(cut.method()).isEqualTo("GET");
            assertThat(cut.routeId()).contains("default");
            assertThat(cut.target()).contains(upstream.url());
            assertThat(cut.age()).isPositive();
        });
        RawResponse answer = waiting.readResponse();
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.header("Fairlead-Failure")).contains("DRAIN_TIMEOUT");
        waiting.awaitEof(SOON);
        assertThat(begun.readUntilClosed()).asString().isEqualTo("half");
    }

    @Test
    void undoneDrainOfAListenerWithWork_isOverAtOnce() {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);
        Drain drain = proxy.drainListener(proxy.addresses().get(0), LONG);
        drain.undo();
        drain.undo();
        assertThat(report(drain)).matches(DrainReport::isClean);
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("late");
    }

    // ---- a route

    private ReverseProxy.Builder twoRoutes(TestUpstream upstream) {
        UpstreamPool pool = UpstreamPool.of("pool", upstream.url());
        return fixture.listening(ReverseProxy.builder()
                .route(Route.builder("slow")
                        .match(Match.path("/slow/**"))
                        .to(pool)
                        .build())
                .route(Route.builder("rest").respond(200, "rest").build()));
    }

    @Test
    void drainedRoute_answers503WhileWhatItHasFinishes() {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(twoRoutes(upstream).ioThreads(2));
        RawClient busy = fixture.client().send(get("/slow/1"));
        RawClient other = fixture.client();
        upstream.awaitHeads(1);

        Drain drain = proxy.drainRoute("slow", LONG);
        RawResponse refused = other.send(get("/slow/2")).readResponse();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).contains("5");
        assertThat(refused.header("Fairlead-Failure")).contains("ROUTE_DRAINING");
        // The same connection goes on: nothing is wrong with the client.
        assertThat(other.send(get("/x")).readResponse().bodyText()).isEqualTo("rest");
        assertThat(drain.isOver()).isFalse();
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(report(drain)).matches(DrainReport::isClean).returns(1, DrainReport::finished);

        proxy.update(proxy.config().toBuilder().via(false).build());
        assertThat(other.send(get("/slow/3")).readResponse().status()).isEqualTo(503);
        drain.undo();
        assertThat(other.send(get("/slow/4")).readResponse().bodyText()).isEqualTo("late");
    }

    @Test
    void drainOfARouteWhoseTimeIsOver_cutsOnlyItsExchanges() {
        TestUpstream upstream = silent();
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder()
                .route(Route.builder("a")
                        .match(Match.path("/a"))
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build())
                .route(Route.builder("b")
                        .match(Match.path("/begun"))
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build())));
        RawClient cut = fixture.client().send(get("/a"));
        RawClient kept = fixture.client().send(get("/begun"));
        kept.readHead();
        upstream.awaitHeads(2);
        DrainReport report = report(proxy.drainRoute("a", SHORT));
        assertThat(report.cuts()).extracting(one -> one.routeId().orElse("")).containsExactly("a");
        assertThat(cut.readResponse().status()).isEqualTo(503);
        assertThat(fixture.awaitRecord().failure()).contains(FailureCode.DRAIN_TIMEOUT);
        assertThat(kept.readBytes(4)).asString().isEqualTo("half");
    }

    @Test
    void drainedRouteThatAnUpdateTakesAway_isNotDrainedWhenItComesBack() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        ReverseProxy proxy = fixture.start(twoRoutes(upstream));
        var before = proxy.config();
        report(proxy.drainRoute("slow", LONG));
        RawClient client = fixture.client();
        assertThat(client.send(get("/slow/1")).readResponse().status()).isEqualTo(503);
        var without = before.toBuilder();
        proxy.update(ProxyConfig.builder()
                .listener(before.listeners().get(0))
                .failureHeader(true)
                .route(before.routes().get(1))
                .build());
        assertThat(client.send(get("/slow/1")).readResponse().bodyText()).isEqualTo("rest");
        proxy.update(without.build());
        assertThat(client.send(get("/slow/1")).readResponse().bodyText()).isEqualTo("ok");
    }

    // ---- a target

    @Test
    void drainedTarget_getsNothingNewFinishesAndLosesItsConnections() {
        TestUpstream slow = slow();
        TestUpstream other = fixture.answering(TestUpstream.ok("other"));
        List<TargetEvent.What> events = new CopyOnWriteArrayList<>();
        ReverseProxy proxy = fixture.start(fixture.to(UpstreamPool.builder("default")
                        .target(slow.url())
                        .target(other.url())
                        .loadBalancer(LoadBalancer.roundRobin())
                        .build())
                .onTarget(event -> events.add(event.what())));
        List<RawClient> clients = new ArrayList<>();
        while (slow.requests().isEmpty()) {
            RawClient client = fixture.client().send(GET);
            clients.add(client);
            ProxyFixture.await(
                    "a target that has it",
                    () -> slow.requests().size() + other.requests().size() == clients.size());
        }
        RawClient busy = clients.get(clients.size() - 1);

        Drain drain = proxy.drainTarget("default", slow.url(), LONG);
        RawClient client = fixture.client();
        for (int i = 0; i < 6; i++) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("other");
        }
        assertThat(drain.isOver()).isFalse();
        // What changes beside it does not take it back.
        proxy.update(proxy.config().toBuilder().via(false).build());
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("other");
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(report(drain)).matches(DrainReport::isClean).returns(1, DrainReport::finished);
        slow.awaitConnectionClosed(SOON);
        assertThat(proxy.pools().get(0).targets().get(0).obstacles())
                .extracting(TargetStatus.Obstacle::kind)
                .containsExactly(TargetStatus.Obstacle.Kind.DRAINING);

        drain.undo();
        ProxyFixture.await("the events", () -> events.size() == 3);
        assertThat(events)
                .containsExactly(TargetEvent.What.DRAINING, TargetEvent.What.DRAINED, TargetEvent.What.UNDRAINED);
        assertThat(List.of(
                        client.send(GET).readResponse().bodyText(),
                        client.send(GET).readResponse().bodyText()))
                .containsExactlyInAnyOrder("late", "other");
    }

    @Test
    void drainOfATargetWhoseTimeIsOver_cutsWhatItHas() {
        TestUpstream upstream = silent();
        ReverseProxy proxy = fixture.start(fixture.to(upstream).ioThreads(2));
        RawClient waiting = fixture.client().send(GET);
        RawClient begun = fixture.client().send(get("/begun"));
        begun.readHead();
        upstream.awaitHeads(2);
        DrainReport report = report(proxy.drainTarget("default", upstream.url(), SHORT));
        assertThat(report.cut()).isEqualTo(2);
        assertThat(waiting.readResponse().header("Fairlead-Failure")).contains("DRAIN_TIMEOUT");
        assertThat(begun.readUntilClosed()).asString().isEqualTo("half");
        upstream.awaitConnectionClosed(SOON);
        assertThat(fixture.client().send(GET).readResponse().header("Fairlead-Failure"))
                .contains("UPSTREAM_UNAVAILABLE");
    }

    // ---- timeouts of any length

    /** The report of a drain that was refused for it was never there, though the part was out of use. */
    @Test
    void drainForEver_waitsUntilItIsDone() {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(twoRoutes(upstream));
        RawClient busy = fixture.client().send(get("/slow/1"));
        upstream.awaitHeads(1);
        List<Drain> drains = List.of(
                proxy.drainRoute("slow", EVER),
                proxy.switchRoute("slow", "pool", EVER),
                proxy.drainTarget("pool", upstream.url(), EVER),
                proxy.drainListener(proxy.addresses().get(0), EVER));
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(drains).allSatisfy(drain -> assertThat(report(drain)).matches(DrainReport::isClean));
    }

    @Test
    void drainOfANegativeTime_cutsAtOnce() {
        TestUpstream upstream = silent();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        RawClient waiting = fixture.client().send(GET);
        upstream.awaitHeads(1);
        assertThat(report(proxy.drainRoute("default", EVER.negated())).cut()).isEqualTo(1);
        assertThat(waiting.readResponse().header("Fairlead-Failure")).contains("DRAIN_TIMEOUT");
    }

    /** It threw once nobody could stop the proxy any more. */
    @Test
    void stopForEver_waitsUntilItIsDone() throws Exception {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        RawClient idle = fixture.client();
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);
        CompletableFuture<DrainReport> stopped = stopping(() -> proxy.stop(EVER));
        idle.awaitEof(SOON);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(stopped).succeedsWithin(SOON).returns(1, DrainReport::finished);
        proxy.await();
    }

    /** On a thread of its own: with two processors the common pool has one. */
    private static CompletableFuture<DrainReport> stopping(Supplier<DrainReport> stop) {
        return CompletableFuture.supplyAsync(stop, task -> new Thread(task).start());
    }

    // ---- several drains of a part

    private enum Part {
        LISTENER,
        ROUTE,
        TARGET;

        Drain drain(ReverseProxy proxy, InetSocketAddress address) {
            return switch (this) {
                case LISTENER -> proxy.drainListener(address, LONG);
                case ROUTE -> proxy.drainRoute("default", LONG);
                case TARGET ->
                    proxy.drainTarget(
                            "default", proxy.pools().get(0).targets().get(0).url(), LONG);
            };
        }
    }

    /** Whether a request of a new connection goes through. */
    private static boolean serves(InetSocketAddress address) {
        try (RawClient client = RawClient.connect(address)) {
            return client.send(GET).readResponse().status() == 200;
        } catch (AssertionError | RuntimeException refused) {
            return false;
        }
    }

    /** The other one went on, and cut at its deadline what had begun after the undo. */
    @ParameterizedTest
    @EnumSource
    void undoOfOneOfTwoDrains_endsBoth(Part part) {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        InetSocketAddress address = proxy.addresses().get(0);
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);
        Drain first = part.drain(proxy, address);
        Drain second = part.drain(proxy, address);
        assertThat(first.isOver() || second.isOver()).isFalse();
        second.undo();
        assertThat(report(first)).matches(DrainReport::isClean);
        assertThat(report(second)).matches(DrainReport::isClean);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(serves(address)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void undoOfADrainThatIsUndone_leavesALaterOneAlone(Part part) {
        ReverseProxy proxy = fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        InetSocketAddress address = proxy.addresses().get(0);
        Drain first = part.drain(proxy, address);
        Drain second = part.drain(proxy, address);
        report(first);
        report(second);
        second.undo();
        assertThat(serves(address)).isTrue();
        Drain third = part.drain(proxy, address);
        first.undo();
        second.undo();
        assertThat(serves(address)).isFalse();
        third.undo();
        assertThat(serves(address)).isTrue();
    }

    @Test
    void undoOfADrainOfARouteThatWentAndCameBack_leavesItsNewDrainAlone() {
        ReverseProxy proxy = fixture.start(twoRoutes(fixture.answering(TestUpstream.ok("ok"))));
        ProxyConfig all = proxy.config();
        Drain former = proxy.drainRoute("slow", LONG);
        proxy.update(ProxyConfig.builder()
                .listener(all.listeners().get(0))
                .failureHeader(true)
                .route(all.routes().get(1))
                .build());
        proxy.update(all);
        Drain now = proxy.drainRoute("slow", LONG);
        former.undo();
        RawClient client = fixture.client();
        assertThat(client.send(get("/slow/1")).readResponse().status()).isEqualTo(503);
        now.undo();
        assertThat(client.send(get("/slow/2")).readResponse().status()).isEqualTo(200);
    }

    @Test
    void undoOfAListenerWhoseAddressIsTaken_leavesItDrainedAndMayBeTriedAgain() throws IOException {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        InetSocketAddress address = proxy.addresses().get(0);
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);
        Drain drain = proxy.drainListener(address, LONG);
        try (ServerSocket other = new ServerSocket()) {
            other.setReuseAddress(true);
            other.bind(address);
            assertThatThrownBy(drain::undo).isInstanceOf(UncheckedIOException.class);
        }
        assertThat(proxy.addresses()).isEmpty();
        assertThat(drain.isOver()).isFalse();
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(report(drain)).matches(DrainReport::isClean).returns(1, DrainReport::finished);
        drain.undo();
        assertThat(serves(address)).isTrue();
    }

    // ---- what there is not

    @Test
    void drainOfWhatIsNotThere_isRefused() {
        ReverseProxy proxy = fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok"))));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.drainRoute("nope", LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.drainTarget("nope", "http://a", LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.drainTarget("default", "http://a", LONG));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> proxy.drainListener(new InetSocketAddress("127.0.0.1", 1), LONG));
        proxy.stop(Duration.ZERO);
        assertThatThrownBy(() -> proxy.drainRoute("default", LONG)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void stopDuringADrain_completesItsReport() {
        TestUpstream upstream = silent();
        ReverseProxy proxy = fixture.start(fixture.to(upstream));
        fixture.client().send(GET);
        upstream.awaitHeads(1);
        Drain drain = proxy.drainRoute("default", LONG);
        proxy.stop(Duration.ZERO);
        report(drain);
        assertThatThrownBy(drain::undo).isInstanceOf(IllegalStateException.class);
    }

    // ---- the whole

    @Test
    void stopWithADelay_isNotReadyButServesUntilItIsOver() {
        CountDownLatch draining = new CountDownLatch(1);
        ReverseProxy proxy = fixture.start(fixture.to(fixture.answering(TestUpstream.ok("ok")))
                .stopDelay(Duration.ofSeconds(1))
                .onLifecycle(event -> {
                    if (event == LifecycleListener.Event.DRAINING) {
                        draining.countDown();
                    }
                }));
        RawClient idle = fixture.client();
        assertThat(proxy.isReady()).isTrue();
        CompletableFuture<DrainReport> stopped = CompletableFuture.supplyAsync(() -> proxy.stop(LONG));
        ProxyFixture.await("the beginning of the stop", () -> draining.getCount() == 0);
        assertThat(proxy.isReady()).isFalse();
        RawResponse response = fixture.client().send(GET).readResponse();
        assertThat(response.status()).isEqualTo(200);
        assertThat(proxy.pools()).hasSize(1);
        idle.awaitEof(Duration.ofSeconds(4));
        assertThat(stopped).succeedsWithin(SOON).matches(report -> report.took().toMillis() >= 1000);
        assertThat(proxy.pools()).isEmpty();
    }

    @Test
    void stopOfZero_doesNotWaitForTheDelay() {
        ReverseProxy proxy = fixture.start(
                fixture.to(fixture.answering(TestUpstream.ok("ok"))).stopDelay(Duration.ofSeconds(20)));
        assertThat(proxy.stop(Duration.ZERO).took()).isLessThan(Duration.ofSeconds(5));
        assertThat(proxy.isReady()).isFalse();
    }

    /** It cut everything at once; the thread that closes is often one that was told to end by an interrupt. */
    @Test
    void stopOnAnInterruptedThread_waitsAndLeavesItInterrupted() {
        TestUpstream upstream = slow();
        ReverseProxy proxy = fixture.start(fixture.to(upstream).name("patient").stopDelay(Duration.ofMillis(50)));
        RawClient idle = fixture.client();
        RawClient busy = fixture.client().send(GET);
        upstream.awaitHeads(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        CompletableFuture<DrainReport> stopped = stopping(() -> {
            Thread.currentThread().interrupt();
            DrainReport report = proxy.stop(LONG);
            interrupted.set(Thread.interrupted());
            return report;
        });
        idle.awaitEof(SOON);
        goOn.countDown();
        assertThat(busy.readResponse().bodyText()).isEqualTo("late");
        assertThat(stopped)
                .succeedsWithin(SOON)
                .returns(1, DrainReport::finished)
                .matches(DrainReport::isClean);
        assertThat(interrupted).isTrue();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("fairlead-patient"));
    }

    @Test
    void uploadsEventsAndDownloads_allFinishWithinTheDeadlineOrAreReported() {
        int each = 20;
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            switch (exchange.target()) {
                case "/upload" -> {
                    exchange.readBody();
                    exchange.write(TestUpstream.ok("stored"));
                }
                case "/events" -> {
                    exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n");
                    goOn.await();
                    exchange.write("8\r\ndata: 2\n\r\n0\r\n\r\n");
                }
                case "/download" -> {
                    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
                    goOn.await();
                    exchange.write("half");
                }
                default -> exchange.awaitClose();
            }
        });
        ReverseProxy proxy = fixture.start(fixture.to(upstream).ioThreads(2));
        List<RawClient> uploads = new ArrayList<>();
        List<RawClient> others = new ArrayList<>();
        for (int i = 0; i < each; i++) {
            uploads.add(fixture.client().send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf"));
            others.add(fixture.client().send(get("/events")));
            others.add(fixture.client().send(get("/download")));
        }
        RawClient never = fixture.client().send(get("/never"));
        RawClient idle = fixture.client();
        upstream.awaitHeads(3 * each + 1);
        CompletableFuture<DrainReport> stopped = CompletableFuture.supplyAsync(() -> proxy.stop(Duration.ofSeconds(3)));
        idle.awaitEof(SOON);
        goOn.countDown();
        uploads.forEach(upload -> upload.send("half"));
        for (RawClient upload : uploads) {
            assertThat(upload.readResponse().bodyText()).isEqualTo("stored");
        }
        for (RawClient other : others) {
            assertThat(other.readResponse().complete()).isTrue();
        }
        DrainReport report = stopped.join();
        assertThat(report.finished()).isEqualTo(3 * each);
        assertThat(report.cut()).isEqualTo(1);
        assertThat(report.cuts()).extracting(DrainReport.Cut::path).containsExactly("/never");
        never.awaitEof(SOON);
    }
}
