package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Drain;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestNameServer;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Targets that come and go while the proxy runs: by calls, and from sources. */
@Timeout(60)
class LiveTargetsTest {
    private static final Duration OFTEN = Duration.ofMillis(100);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @TempDir
    Path folder;

    private final List<TargetEvent> events = new CopyOnWriteArrayList<>();

    private TestUpstream answering(String text) {
        return fixture.answering(TestUpstream.ok(text));
    }

    /** Each target in turn, so that a few requests show them all. */
    private static UpstreamPool.Builder pool() {
        return UpstreamPool.builder("default").loadBalancer(LoadBalancer.roundRobin());
    }

    private ReverseProxy.Builder to(TestUpstream target) {
        return fixture.to(pool().target(target.url()).build());
    }

    private static Set<String> answers(RawClient client) {
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < 8; i++) {
            seen.add(client.send(GET).readResponse().bodyText());
        }
        return seen;
    }

    private List<String> urls() {
        PoolStatus pool = fixture.proxy().pools().get(0);
        return pool.targets().stream().map(TargetStatus::url).toList();
    }

    private void awaitEvent(What what) {
        ProxyFixture.await(what.toString(), () -> events.stream().anyMatch(event -> event.what() == what));
    }

    // ---- by calls

    @Test
    void addedAndRemovedTarget_takesAndLeavesWhileTheOthersKeepTheirConnections() {
        TestUpstream one = answering("one");
        TestUpstream two = answering("two");
        ReverseProxy proxy = fixture.start(to(one).onTarget(events::add));
        RawClient client = fixture.client();
        assertThat(answers(client)).containsExactly("one");

        proxy.addTarget("default", Target.of(two.url()));
        assertThat(answers(client)).containsExactly("one", "two");
        assertThat(proxy.config().pools().get(0).targets())
                .extracting(Target::url)
                .containsExactly(one.url(), two.url());

        proxy.setWeight("default", two.url(), 0);
        assertThat(answers(client)).containsExactly("one");
        awaitEvent(What.DRAINING);
        proxy.setWeight("default", two.url(), 1);
        assertThat(answers(client)).containsExactly("one", "two");
        awaitEvent(What.UNDRAINED);

        proxy.removeTarget("default", two.url());
        assertThat(answers(client)).containsExactly("one");
        two.awaitConnectionClosed(SOON);
        awaitEvent(What.REMOVED);
        assertThat(one.connections()).isEqualTo(1);
        assertThat(two.connections()).isEqualTo(1);
    }

    @Test
    void changeThatIsWrong_changesNothing() {
        TestUpstream one = answering("one");
        ReverseProxy proxy = fixture.start(to(one));
        var before = proxy.config();
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.addTarget("nope", Target.of("http://a")));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.addTarget("default", Target.of(one.url())));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.removeTarget("default", "http://a"));
        assertThatThrownBy(() -> proxy.addTarget("default", Target.of("ftp://a")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("pools[0].targets[1]");
        assertThatThrownBy(() -> proxy.removeTarget("default", one.url())).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> proxy.setWeight("default", one.url(), -1)).isInstanceOf(ConfigurationException.class);
        assertThat(proxy.config()).isEqualTo(before);
        assertThat(answers(fixture.client())).containsExactly("one");
    }

    @Test
    void laterUpdate_putsItsOwnTargetsInForce() {
        TestUpstream one = answering("one");
        TestUpstream two = answering("two");
        ReverseProxy proxy = fixture.start(to(one));
        var before = proxy.config();
        proxy.addTarget("default", Target.of(two.url()));
        proxy.update(before);
        assertThat(answers(fixture.client())).containsExactly("one");
    }

    // ---- from sources

    private UpstreamPool pool(TargetSource source) {
        return pool().targetSource(source).build();
    }

    @Test
    void fileThatChanges_movesTheTargetsAndAWrongOneDoesNot() throws IOException {
        TestUpstream one = answering("one");
        TestUpstream two = answering("two");
        Path file = Files.writeString(folder.resolve("targets"), one.url() + "\n");
        fixture.start(fixture.to(pool(TargetSource.file(file.toString()).refresh(OFTEN)))
                .onTarget(events::add));
        // The start has waited for the first look.
        RawClient client = fixture.client();
        assertThat(answers(client)).containsExactly("one");

        Files.writeString(file, "[\"" + one.url() + "\", \"" + two.url() + "\"]");
        ProxyFixture.await("the second target", () -> urls().size() == 2);
        assertThat(answers(client)).containsExactly("one", "two");

        Files.writeString(file, "");
        awaitEvent(What.SOURCE_FAILED);
        assertThat(answers(client)).containsExactly("one", "two");
        Files.delete(file);
        ProxyFixture.await(
                "the second reason",
                () -> events.stream().anyMatch(event -> event.reason().contains("no such file")));
        assertThat(answers(client)).containsExactly("one", "two");

        Path next = Files.writeString(folder.resolve("next"), two.url());
        Files.move(next, file);
        awaitEvent(What.SOURCE_RECOVERED);
        ProxyFixture.await("the end of the first target", () -> urls().equals(List.of(two.url())));
        assertThat(answers(client)).containsExactly("two");
        assertThat(two.connections()).isEqualTo(1);
    }

    @Test
    void fileThatIsNotThereYet_leavesAPoolWithoutTargets() throws IOException {
        TestUpstream one = answering("one");
        Path file = folder.resolve("later");
        fixture.start(fixture.to(pool(TargetSource.file(file.toString()).refresh(OFTEN)))
                .onTarget(events::add));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().header("Fairlead-Failure")).contains("UPSTREAM_UNAVAILABLE");
        Files.writeString(file, one.url());
        ProxyFixture.await("the target", () -> urls().size() == 1);
        assertThat(answers(client)).containsExactly("one");
    }

    @Test
    void name_isATarget() {
        TestUpstream one = answering("one");
        fixture.start(fixture.to(pool().targetSource(TargetSource.dns("http://127.0.0.1:" + one.port()))
                .build()));
        assertThat(urls()).containsExactly(one.url());
        assertThat(answers(fixture.client())).containsExactly("one");
    }

    @Test
    void recordsThatChange_moveTheTargetsWhenTheirTtlEndsAndNotBefore() {
        TestUpstream one = answering("one");
        TestUpstream two = answering("two");
        try (TestNameServer names = TestNameServer.start()) {
            names.set("_http._tcp.catalog.test", "SRV", 1, "0 1 " + one.port() + " host.test");
            names.set("host.test", "A", 60, "127.0.0.1");
            fixture.start(fixture.to(pool(srv(names))).onTarget(events::add));
            RawClient client = fixture.client();
            assertThat(answers(client)).containsExactly("one");

            names.set(
                    "_http._tcp.catalog.test",
                    "SRV",
                    1,
                    "0 1 " + one.port() + " host.test",
                    "0 1 " + two.port() + " host.test");
            ProxyFixture.await("the second target", () -> urls().size() == 2);
            assertThat(answers(client)).containsExactly("one", "two");
            assertThat(one.connections()).isEqualTo(1);
            List<Long> asked = names.queries("SRV").stream()
                    .map(TestNameServer.Query::nanos)
                    .toList();
            assertThat(asked).hasSizeGreaterThan(1);
            for (int i = 1; i < asked.size(); i++) {
                assertThat(Duration.ofNanos(asked.get(i) - asked.get(i - 1)))
                        .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            }

            names.mood(TestNameServer.Mood.SERVFAIL);
            awaitEvent(What.SOURCE_FAILED);
            assertThat(answers(client)).containsExactly("one", "two");
            names.mood(TestNameServer.Mood.ANSWERS);
            names.set("_http._tcp.catalog.test", "SRV", 1, "0 1 " + two.port() + " host.test");
            ProxyFixture.await("the end of the first target", () -> urls().equals(List.of(two.url())));
            awaitEvent(What.SOURCE_RECOVERED);

            names.set("_http._tcp.catalog.test", "SRV", 1, "0 0 0 .");
            ProxyFixture.await(
                    "the next failure",
                    () -> events.stream().anyMatch(event -> event.reason().contains("no such service")));
            assertThat(answers(client)).containsExactly("two");
        }
    }

    private static TargetSource srv(TestNameServer names) {
        return TargetSource.srv("_http._tcp.catalog.test")
                .resolver(names.address())
                .timeout(Duration.ofMillis(500))
                .refresh(OFTEN);
    }

    /** As a name server that is gone holds up a look for seconds, and the proxy's end must not wait for it. */
    @Test
    void serverThatIsSilent_holdsUpNobodyWhoCloses() {
        TestUpstream own = answering("own");
        try (TestNameServer names = TestNameServer.start()) {
            names.mood(TestNameServer.Mood.SILENT);
            ReverseProxy proxy = fixture.to(pool().target(own.url())
                            .targetSource(TargetSource.dnsRecords("http://catalog.test")
                                    .resolver(names.address())
                                    .timeout(Duration.ofSeconds(30)))
                            .build())
                    .name("silent")
                    .build();
            CompletableFuture<ReverseProxy> started =
                    CompletableFuture.supplyAsync(proxy::start, task -> new Thread(task).start());
            ProxyFixture.await("a query", () -> !names.queries().isEmpty());
            proxy.close();
            assertThat(started).failsWithin(SOON);
            ProxyFixture.await(
                    "the end of all threads",
                    () -> Thread.getAllStackTraces().keySet().stream()
                            .noneMatch(thread -> thread.getName().startsWith("fairlead-silent")));
        }
    }

    @Test
    void registeredCode_isAskedAgainAndAgainAndMayFail() {
        TestUpstream own = answering("own");
        TestUpstream found = answering("found");
        AtomicReference<List<Target>> registry = new AtomicReference<>(List.of(Target.of(found.url())));
        ReverseProxy proxy = fixture.start(fixture.to(pool().target(own.url())
                        .targetSource(TargetSource.ref("registry").refresh(OFTEN))
                        .build())
                .register("registry", () -> {
                    List<Target> now = registry.get();
                    if (now.isEmpty()) {
                        throw new IOException("the registry is down");
                    }
                    return now;
                })
                .onTarget(events::add));
        RawClient client = fixture.client();
        assertThat(answers(client)).containsExactly("found", "own");
        // The configuration tells what is configured, the status what there is.
        assertThat(proxy.config().pools().get(0).targets()).hasSize(1);
        assertThat(urls()).containsExactly(own.url(), found.url());

        registry.set(List.of());
        awaitEvent(What.SOURCE_FAILED);
        assertThat(events.get(events.size() - 1).reason()).isEqualTo("the registry is down");
        assertThat(answers(client)).containsExactly("found", "own");

        // An update without the source takes what it found away; found connections of the others stay.
        proxy.update(proxy.config().toBuilder()
                .replacePool(UpstreamPool.of("default", own.url()))
                .build());
        assertThat(answers(client)).containsExactly("own");
        assertThat(own.connections()).isEqualTo(1);
    }

    /** It came back into use while its server was being restarted, and no undo did anything. */
    @Test
    void drainedTargetThatTheSourceLeavesOut_isStillDrainedWhenItComesBack() throws Exception {
        TestUpstream own = answering("own");
        TestUpstream found = answering("found");
        Target other = Target.of(answering("other").url());
        AtomicReference<List<Target>> registry = new AtomicReference<>(List.of(Target.of(found.url())));
        ReverseProxy proxy = fixture.start(fixture.to(pool().target(own.url())
                        .targetSource(TargetSource.ref("registry").refresh(OFTEN))
                        .build())
                .register("registry", registry::get)
                .onTarget(events::add));
        RawClient client = fixture.client();
        Drain drain = proxy.drainTarget("default", found.url(), Duration.ofSeconds(30));
        drain.await();
        registry.set(List.of(other));
        ProxyFixture.await("its end", () -> urls().equals(List.of(own.url(), other.url())));
        registry.set(List.of(Target.of(found.url())));
        ProxyFixture.await("its return", () -> urls().equals(List.of(own.url(), found.url())));
        assertThat(answers(client)).containsExactly("own");
        ProxyFixture.await(
                "the events",
                () -> whats(found).equals(List.of("DRAINING", "DRAINED", "REMOVED", "ADDED", "DRAINING")));

        drain.undo();
        assertThat(answers(client)).containsExactly("found", "own");
        awaitEvent(What.UNDRAINED);

        Drain again = proxy.drainTarget("default", found.url(), Duration.ofSeconds(30));
        registry.set(List.of(other));
        ProxyFixture.await("its end", () -> urls().equals(List.of(own.url(), other.url())));
        again.undo();
        registry.set(List.of(Target.of(found.url())));
        ProxyFixture.await("its return", () -> urls().equals(List.of(own.url(), found.url())));
        assertThat(answers(client)).containsExactly("found", "own");
    }

    /** From its drain on: its first answer may come before or after the pool has begun. */
    private List<String> whats(TestUpstream of) {
        return events.stream()
                .filter(event -> event.target().equals(of.url()))
                .dropWhile(event -> event.what() != What.DRAINING)
                .map(event -> event.what().name())
                .toList();
    }

    @Test
    void sourceThatTakesLong_keepsNobodyButStartWaiting() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        TestUpstream one = answering("one");
        ReverseProxy proxy = fixture.to(
                        pool().targetSource(TargetSource.ref("registry")).build())
                .register("registry", () -> {
                    asked.countDown();
                    answer.await();
                    return List.of(Target.of(one.url()));
                })
                .build();
        // On threads of their own: with two processors the common pool has one.
        CompletableFuture<ReverseProxy> started =
                CompletableFuture.supplyAsync(proxy::start, task -> new Thread(task).start());
        try {
            assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(CompletableFuture.supplyAsync(proxy::pools, task -> new Thread(task).start()))
                    .succeedsWithin(SOON);
            assertThat(proxy.isReady()).isFalse();
            answer.countDown();
            assertThat(started).succeedsWithin(SOON);
            try (RawClient client = RawClient.connect(proxy.port())) {
                assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("one");
            }
        } finally {
            answer.countDown();
            proxy.stop(Duration.ZERO);
        }
    }

    @Test
    void closedProxy_asksNobodyAnyMore() {
        TestUpstream one = answering("one");
        ReverseProxy proxy =
                fixture.start(fixture.to(pool(TargetSource.ref("registry").refresh(OFTEN)))
                        .name("asker")
                        .register("registry", () -> List.of(Target.of(one.url()))));
        proxy.stop(Duration.ZERO);
        ProxyFixture.await(
                "the end of all threads",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("fairlead-asker")));
    }
}
