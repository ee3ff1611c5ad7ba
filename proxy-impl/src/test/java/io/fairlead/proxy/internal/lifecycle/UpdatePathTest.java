package io.fairlead.proxy.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.Records;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class UpdatePathTest {

    private static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    private static final Listener ANY_PORT = Listener.http("127.0.0.1", 0);

    private final TestUpstream one = TestUpstream.answering(TestUpstream.ok("one"));
    private final TestUpstream two = TestUpstream.answering(TestUpstream.ok("two"));

    @AfterEach
    void closeUpstreams() {
        one.close();
        two.close();
    }

    private static ProxyConfig config(TestUpstream upstream, String... routeIds) {
        return config("pool", upstream, routeIds);
    }

    private static ProxyConfig config(String pool, TestUpstream upstream, String... routeIds) {
        ProxyConfig.Builder config = ProxyConfig.builder()
                .listener(ANY_PORT)
                .pool(UpstreamPool.of(pool, upstream.url()))
                .stopTimeout(Duration.ofMillis(500));
        for (String id : routeIds) {
            config.route(Route.builder(id)
                    .match(id.equals("all") ? Match.path("/**") : Match.path("/" + id))
                    .to(Upstream.ref(pool))
                    .build());
        }
        return config.build();
    }

    private static ReverseProxy.Builder with(ProxyConfig config) {
        return ReverseProxy.builder().config(config).ioThreads(1);
    }

    @Test
    void unchangedPool_keepsItsConnectionsAndTheClientItsOwn() {
        try (ReverseProxy proxy = with(config(one, "all")).start();
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            proxy.update(config(one, "all", "more"));
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            assertThat(one.connections()).isEqualTo(1);
            assertThat(proxy.config().routes()).hasSize(2);
        }
    }

    @Test
    void changedPool_takesTheNextRequestAndClosesTheOldConnections() {
        try (ReverseProxy proxy = with(config(one, "all")).start();
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            proxy.update(config(two, "all"));
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("two");
            one.awaitConnectionClosed(Duration.ofSeconds(5));
        }
    }

    @Test
    void exchangeAtWork_finishesOnTheConfigurationItBeganWith() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Void> go = new CompletableFuture<>();
        Middleware held = (exchange, chain) -> {
            begun.countDown();
            return go.thenCompose(nothing -> chain.proceed(exchange));
        };
        ProxyConfig first = config(one, "all").toBuilder()
                .middleware(Middleware.ref("held"))
                .build();
        try (ReverseProxy proxy = with(first).register("held", held).start();
                RawClient client = RawClient.connect(proxy.port());
                RawClient other = RawClient.connect(proxy.port())) {
            client.send(GET);
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            proxy.update(config("other pool", two, "all"));
            assertThat(other.send(GET).readResponse().bodyText()).isEqualTo("two");
            go.complete(null);
            assertThat(client.readResponse().bodyText()).isEqualTo("one");
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("two");
        }
    }

    @Test
    void targetTakenFromAPool_getsNoRequestThatHasNotReachedItYet() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Void> go = new CompletableFuture<>();
        Middleware held = (exchange, chain) -> {
            begun.countDown();
            return go.thenCompose(nothing -> chain.proceed(exchange));
        };
        ProxyConfig first = config(one, "all").toBuilder()
                .middleware(Middleware.ref("held"))
                .build();
        try (ReverseProxy proxy = with(first).register("held", held).start();
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET);
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            proxy.update(config(two, "all"));
            go.complete(null);
            assertThat(client.readResponse().bodyText()).isEqualTo("two");
        }
    }

    @Test
    void changedSettingsOfAPool_keepItsConnections() {
        ProxyConfig first = config(one, "all");
        UpstreamPool changed = first.pools().get(0).toBuilder().maxQueued(5).build();
        ProxyConfig second = ProxyConfig.builder()
                .listener(ANY_PORT)
                .pool(changed)
                .route(first.routes().get(0))
                .build();
        try (ReverseProxy proxy = with(first).start();
                RawClient client = RawClient.connect(proxy.port())) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            proxy.update(second);
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            assertThat(one.connections()).isEqualTo(1);
        }
    }

    @Test
    void addedListener_servesAndRemovedListenerDrains() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Response> answer = new CompletableFuture<>();
        int second = freePort();
        ProxyConfig before = ProxyConfig.builder()
                .listener(ANY_PORT)
                .route(Route.builder("r").to(Upstream.ref("slow")).build())
                .stopTimeout(Duration.ofMillis(500))
                .build();
        ProxyConfig after = ProxyConfig.builder()
                .listener(Listener.http("127.0.0.1", second))
                .route(Route.builder("r").respond(200, "new").build())
                .stopTimeout(Duration.ofMillis(500))
                .build();
        try (ReverseProxy proxy = with(before)
                        .register("slow", new HandlerUpstream(request -> {
                            begun.countDown();
                            return answer;
                        }))
                        .start();
                RawClient busy = RawClient.connect(proxy.port());
                RawClient idle = RawClient.connect(proxy.port())) {
            int first = proxy.port();
            busy.send(GET);
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            proxy.update(after);
            assertThat(proxy.port()).isEqualTo(second);
            idle.awaitEof(Duration.ofSeconds(5));
            try (RawClient client = RawClient.connect(second)) {
                assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("new");
            }
            assertThatThrownBy(() -> RawClient.connect(first)).isInstanceOf(AssertionError.class);
            answer.complete(Response.of(200, "old"));
            assertThat(busy.readResponse().bodyText()).isEqualTo("old");
            busy.awaitEof(Duration.ofSeconds(5));
        }
    }

    @Test
    void stopAfterAListenerWasRemoved_cutsWhatIsStillAtWorkThere() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Records records = new Records();
        ProxyConfig before = ProxyConfig.builder()
                .listener(ANY_PORT)
                .route(Route.builder("r").to(Upstream.ref("never")).build())
                .build();
        try (ReverseProxy proxy = with(before)
                        .onExchange(records)
                        .register("never", new HandlerUpstream(request -> {
                            begun.countDown();
                            return new CompletableFuture<>();
                        }))
                        .start();
                RawClient busy = RawClient.connect(proxy.port())) {
            busy.send(GET);
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            proxy.update(ProxyConfig.builder()
                    .listener(Listener.http("127.0.0.1", freePort()))
                    .route(Route.builder("r").respond(200, "new").build())
                    .build());
            assertThat(proxy.stop(Duration.ZERO).cut()).isEqualTo(1);
            busy.awaitEof(Duration.ofSeconds(5));
            assertThat(records.first().failure()).contains(FailureCode.PROXY_STOPPING);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void invalidConfiguration_throwsAllProblemsAndChangesNothing() {
        ProxyConfig good = config(one, "all");
        ProxyConfig bad = ProxyConfig.builder()
                .listener(ANY_PORT)
                .route(Route.builder("a").to(Upstream.ref("nowhere")).build())
                .route(Route.builder("b")
                        .match(Match.path("/b"))
                        .middleware(Middleware.ref("unknown"))
                        .respond(200, "")
                        .build())
                .build();
        try (ReverseProxy proxy = with(good).start();
                RawClient client = RawClient.connect(proxy.port())) {
            ConfigurationException refused =
                    catchThrowableOfType(ConfigurationException.class, () -> proxy.update(bad));
            assertThat(refused.problems()).hasSizeGreaterThanOrEqualTo(2);
            assertThat(refused).hasMessageContaining("nowhere").hasMessageContaining("unknown");
            assertThat(proxy.config()).isEqualTo(good);
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
        }
    }

    @Test
    void listenerThatCannotBeBound_changesNothing() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ReverseProxy proxy = with(config(one, "all")).start();
                RawClient client = RawClient.connect(proxy.port())) {
            ProxyConfig next = config(two, "all").toBuilder()
                    .listener(Listener.http("127.0.0.1", taken.getLocalPort()))
                    .build();
            assertThatThrownBy(() -> proxy.update(next)).isInstanceOf(UncheckedIOException.class);
            assertThat(proxy.addresses()).hasSize(1);
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
        }
    }

    @Test
    void listenerThatCannotBeBound_takesBackTheOnesBeforeIt() throws Exception {
        int fresh = freePort();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ReverseProxy proxy = with(config(one, "all")).start();
                RawClient client = RawClient.connect(proxy.port())) {
            ProxyConfig next = config(two, "all").toBuilder()
                    .listener(Listener.http("127.0.0.1", fresh))
                    .listener(Listener.http("127.0.0.1", taken.getLocalPort()))
                    .build();
            assertThatThrownBy(() -> proxy.update(next)).isInstanceOf(UncheckedIOException.class);
            assertThatThrownBy(() -> RawClient.connect(fresh)).isInstanceOf(AssertionError.class);
            assertThat(proxy.config()).isEqualTo(config(one, "all"));
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            proxy.update(config(two, "all"));
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("two");
        }
    }

    /** A program that tries again until an address is free has kept the listeners of each try. */
    @Test
    void updateThatFailsAgainAndAgain_keepsNoListeners() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                ReverseProxy proxy = with(config(one, "all")).start()) {
            ProxyConfig next = config(one, "all").toBuilder()
                    .listener(Listener.http("127.0.0.1", freePort()))
                    .listener(Listener.http("127.0.0.1", taken.getLocalPort()))
                    .build();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> proxy.update(next)).isInstanceOf(UncheckedIOException.class);
            }
            assertThat(((EngineProxy) proxy).leavingListeners()).isZero();
        }
    }

    @Test
    void removedListenersWithoutConnections_areForgotten() throws Exception {
        try (ReverseProxy proxy = with(config(one, "all")).start()) {
            for (int i = 0; i < 3; i++) {
                ProxyConfig next = ProxyConfig.builder()
                        .listener(Listener.http("127.0.0.1", freePort()))
                        .route(Route.builder("r").respond(200, "new").build())
                        .build();
                proxy.update(next);
            }
            assertThat(((EngineProxy) proxy).leavingListeners()).isZero();
        }
    }

    @Test
    void stopOnAnIoThread_isRefusedAndTheProxyGoesOn() throws Exception {
        AtomicReference<ReverseProxy> running = new AtomicReference<>();
        List<CompletableFuture<Throwable>> refused = List.of(new CompletableFuture<>(), new CompletableFuture<>());
        try (ReverseProxy proxy = with(config(one, "all"))
                        .onExchange(ended -> {
                            refused.get(0)
                                    .complete(catchThrowable(() -> running.get().stop(Duration.ZERO)));
                            refused.get(1)
                                    .complete(catchThrowable(() -> running.get().close()));
                        })
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            running.set(proxy);
            assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
            for (CompletableFuture<Throwable> problem : refused) {
                assertThat(problem.get(5, TimeUnit.SECONDS))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("stop() must not be called on an I/O thread");
            }
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
        }
    }

    /** One held the lock and waited for the thread of the other, which waited for the lock. */
    @Test
    void updatesOnTwoIoThreadsAtOnce_doNotWaitForEachOther() throws Exception {
        AtomicReference<ReverseProxy> running = new AtomicReference<>();
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        // Both threads, and the clients, which the first update would refuse.
        CountDownLatch ready = new CountDownLatch(3);
        CountDownLatch updated = new CountDownLatch(2);
        Upstream updating = Upstream.handler(request -> {
            if (threads.add(Thread.currentThread())) {
                ready.countDown();
                try {
                    assertThat(ready.await(10, TimeUnit.SECONDS)).isTrue();
                    running.get()
                            .update(ProxyConfig.builder()
                                    .listener(Listener.http("127.0.0.1", freePort()))
                                    .route(Route.builder("r")
                                            .respond(200, "new")
                                            .build())
                                    .build());
                    updated.countDown();
                } catch (InterruptedException | IOException e) {
                    throw new IllegalStateException(e);
                }
            }
            return Response.of(200, "updated");
        });
        List<RawClient> clients = new ArrayList<>();
        try (ReverseProxy proxy = ReverseProxy.builder()
                .listener(ANY_PORT)
                .ioThreads(2)
                .route(Route.builder("all").to(updating).build())
                .start()) {
            running.set(proxy);
            int port = proxy.port();
            // Which thread a connection goes to is not ours to say; of so many each has some.
            for (int i = 0; i < 32; i++) {
                RawClient client = RawClient.connect(port);
                clients.add(client);
                client.send(GET);
            }
            ready.countDown();
            assertThat(updated.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(proxy.config().routes().get(0).id()).isEqualTo("r");
        } finally {
            clients.forEach(RawClient::close);
        }
    }

    /** It waited for the stop, which waited for it. */
    @Test
    void configAskedOnAnIoThreadWhileTheProxyStops_isTold() throws Exception {
        AtomicReference<ReverseProxy> running = new AtomicReference<>();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch stopping = new CountDownLatch(1);
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        Upstream asking = Upstream.asyncHandler(request -> {
            begun.countDown();
            try {
                assertThat(stopping.await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            ProxyConfig config = running.get().config();
            refused.complete(catchThrowable(() -> running.get().update(config)));
            return CompletableFuture.completedFuture(
                    Response.of(200, config.routes().get(0).id()));
        });
        try (ReverseProxy proxy = ReverseProxy.builder()
                        .listener(ANY_PORT)
                        .ioThreads(1)
                        .route(Route.builder("all").to(asking).build())
                        .onLifecycle(event -> {
                            if (event == LifecycleListener.Event.DRAINING) {
                                stopping.countDown();
                            }
                        })
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            running.set(proxy);
            client.send(GET);
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(proxy.stop(Duration.ofSeconds(20)).cut()).isZero();
            assertThat(client.readResponse().bodyText()).isEqualTo("all");
            assertThat(refused.get(5, TimeUnit.SECONDS))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    /** The lines of a connection were made once, and stayed empty for a client that had come while they were off. */
    @Test
    void forwardedHeadersSwitchedOn_reachesConnectionsThatWereOpen() {
        ProxyConfig off = config(one, "all").toBuilder()
                .forwardedHeaders(ForwardedHeaders.OFF)
                .build();
        try (ReverseProxy proxy = with(off).start();
                RawClient client = RawClient.connect(proxy.port())) {
            client.send(GET).readResponse();
            assertThat(one.lastRequest().header("X-Forwarded-For")).isEmpty();
            proxy.update(config(one, "all"));
            client.send(GET).readResponse();
            assertThat(one.lastRequest().header("X-Forwarded-For")).contains("127.0.0.1");
        }
    }

    @Test
    void updatesUnderLoad_dropNoRequest() throws Exception {
        try (ReverseProxy proxy =
                ReverseProxy.builder().config(config(one, "all")).start()) {
            AtomicBoolean done = new AtomicBoolean();
            AtomicInteger answered = new AtomicInteger();
            List<CompletableFuture<Void>> clients = new ArrayList<>();
            int port = proxy.port();
            for (int i = 0; i < 4; i++) {
                clients.add(CompletableFuture.runAsync(
                        () -> {
                            try (RawClient client = RawClient.connect(port)) {
                                while (!done.get()) {
                                    assertThat(client.send(GET).readResponse().status())
                                            .isEqualTo(200);
                                    answered.incrementAndGet();
                                }
                            }
                        },
                        task -> {
                            Thread thread = new Thread(task, "client");
                            thread.setDaemon(true);
                            thread.start();
                        }));
            }
            for (int i = 1; i <= 40; i++) {
                // Each update meets requests: it waits until some were answered since the one before.
                int before = answered.get();
                proxy.update(config(i % 2 == 0 ? one : two, "all", "r" + i));
                Await.soon("ten answers after update " + i, Duration.ofSeconds(5))
                        .until(() -> answered.get() >= before + 10
                                || clients.stream().anyMatch(CompletableFuture::isDone));
            }
            done.set(true);
            for (CompletableFuture<Void> client : clients) {
                client.get(10, TimeUnit.SECONDS);
            }
            assertThat(answered.get()).isGreaterThanOrEqualTo(400);
        }
    }

    @Test
    void explain_tellsWhichRouteWinsBeforeAndAfterAnUpdate() {
        try (ReverseProxy proxy = with(config(one, "all", "special")).start()) {
            Explanation special = proxy.explain("test", "/special");
            assertThat(special.routeId()).contains("special");
            assertThat(special.candidates()).anySatisfy(candidate -> {
                assertThat(candidate.routeId()).isEqualTo("all");
                assertThat(candidate.reason()).isNotBlank();
            });
            proxy.update(config(one, "all"));
            assertThat(proxy.explain("test", "/special").routeId()).contains("all");
        }
    }
}
