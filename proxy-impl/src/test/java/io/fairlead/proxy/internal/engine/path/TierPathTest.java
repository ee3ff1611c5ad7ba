package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.proxy.Drain;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.observe.TierStatus;
import io.fairlead.proxy.observe.TierStatus.Zone;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Backups and zones through the whole path: who gets requests while targets fail, drain, come back and are changed. */
@Timeout(60)
class TierPathTest {
    private static final String SICK = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick";
    private static final int MANY = 2_000;

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @TempDir
    Path folder;

    private final List<TargetEvent> events = new CopyOnWriteArrayList<>();

    private static UpstreamPool.Builder pool() {
        return UpstreamPool.builder("default").loadBalancer(LoadBalancer.roundRobin());
    }

    private TestUpstream named(String name) {
        return fixture.answering(TestUpstream.ok(name));
    }

    /** One whose check fails while it is told to; its other answers are well in any case. */
    private TestUpstream checked(String name, AtomicReference<String> healthz) {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(exchange.target().equals("/healthz") ? healthz.get() : TestUpstream.ok(name));
        });
    }

    private static HealthCheck often() {
        return HealthCheck.builder("/healthz")
                .interval(Duration.ofMillis(500))
                // Patient, because a busy machine is not an ill target.
                .timeout(Duration.ofMillis(500))
                .rise(1)
                .fall(1)
                .build();
    }

    private static Target of(TestUpstream upstream, int priority) {
        return Target.builder(upstream.url()).priority(priority).build();
    }

    private static Target of(TestUpstream upstream, int priority, String zone) {
        return of(upstream, priority).toBuilder().zone(zone).build();
    }

    private ReverseProxy start(UpstreamPool.Builder pool) {
        return fixture.start(fixture.to(pool.build()).onTarget(events::add));
    }

    private PoolStatus status() {
        return fixture.proxy().pools().get(0);
    }

    private Optional<TargetEvent> find(What what) {
        return events.stream().filter(event -> event.what() == what).findFirst();
    }

    private TargetEvent awaitEvent(What what) {
        await(what.toString(), () -> find(what).isPresent());
        return find(what).orElseThrow();
    }

    private static String answer(RawClient client) {
        RawResponse response = client.send(GET).readResponse();
        assertThat(response.status()).as(response.bodyText()).isEqualTo(200);
        return response.bodyText();
    }

    /** Who answers so many requests, how often. */
    private static Map<String, Integer> answers(RawClient client, int count) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            counts.merge(answer(client), 1, Integer::sum);
        }
        return counts;
    }

    // ---- primaries and backups

    @Test
    void primariesThatFailAndRecover_spillOverAndTakeAllBack() {
        AtomicReference<String> half = new AtomicReference<>(TestUpstream.ok("fine"));
        AtomicReference<String> rest = new AtomicReference<>(TestUpstream.ok("fine"));
        start(pool().target(of(checked("a", half), 0))
                .target(of(checked("b", half), 0))
                .target(of(checked("c", rest), 0))
                .target(of(checked("d", rest), 0))
                .target(of(checked("backup", new AtomicReference<>(TestUpstream.ok("fine"))), 1))
                .healthCheck(often()));
        RawClient client = fixture.client();
        assertThat(answers(client, 40)).containsOnlyKeys("a", "b", "c", "d");
        assertThat(status().tiers())
                .containsExactly(
                        new TierStatus(0, Zone.ALL, 100, 100, 4, 4), new TierStatus(1, Zone.ALL, 0, 100, 1, 1));

        half.set(SICK);
        TargetEvent began = awaitEvent(What.SPILL_OVER_BEGAN);
        assertThat(began.target()).isEmpty();
        assertThat(began.reason())
                .isEqualTo("priority 0: 2 of 4 usable (50 % by weight), takes 71 %;"
                        + " priority 1: 1 of 1 usable (100 % by weight), takes 29 %; threshold 70 %");
        Map<String, Integer> counts = answers(client, MANY);
        assertThat(counts).containsOnlyKeys("c", "d", "backup");
        // 28.6 % +- 4 standard deviations.
        assertThat(counts.get("backup")).isCloseTo(571, within(81));
        // In turn, but for the first request after the change.
        assertThat(counts.get("c")).isCloseTo(counts.get("d"), within(2));

        rest.set(SICK);
        await("the end of all primaries", () -> status().tiers().get(0).usable() == 0);
        assertThat(answers(client, 40)).containsOnlyKeys("backup");
        assertThat(status().panicking()).isFalse();
        assertThat(awaitEvent(What.SPILL_OVER_CHANGED).reason()).contains("priority 1: 1 of 1 usable");

        half.set(TestUpstream.ok("fine"));
        rest.set(TestUpstream.ok("fine"));
        awaitEvent(What.SPILL_OVER_ENDED);
        await("all primaries", () -> status().tiers().get(0).usable() == 4);
        assertThat(answers(client, 40)).containsOnlyKeys("a", "b", "c", "d");
        assertThat(find(What.PANIC_BEGAN)).isEmpty();
    }

    @Test
    void primariesDrainedByHand_areMissed_andThoseOfWeightZeroAreNot() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = start(pool().target(of(a, 0)).target(of(b, 0)).target(of(named("backup"), 1)));
        RawClient client = fixture.client();
        Drain drain = proxy.drainTarget("default", a.url(), Duration.ofSeconds(5));
        assertThat(answers(client, 200)).containsOnlyKeys("b", "backup");
        drain.undo();
        assertThat(answers(client, 20)).containsOnlyKeys("a", "b");
        proxy.setWeight("default", a.url(), 0);
        assertThat(answers(client, 50)).containsOnlyKeys("b");
        proxy.setWeight("default", b.url(), 0);
        assertThat(answers(client, 20)).containsOnlyKeys("backup");
    }

    @Test
    void originThatIsGone_isRetriedAtTheBackup_thenLeftAlone_andComesBack() {
        TestUpstream origin = named("origin");
        int port = origin.port();
        start(pool().target(of(origin, 0))
                .target(of(named("backup"), 1))
                .outlierDetection(OutlierDetection.builder()
                        .consecutiveLocalOriginFailures(2)
                        .baseEjectionTime(Duration.ofMillis(200))
                        .maxEjectionTime(Duration.ofMillis(200))
                        .build()));
        RawClient client = fixture.client();
        assertThat(answers(client, 10)).containsOnlyKeys("origin");

        origin.close();
        Map<String, Integer> counts = new TreeMap<>();
        await("the ejection", () -> {
            counts.merge(answer(client), 1, Integer::sum);
            return find(What.SPILL_OVER_BEGAN).isPresent();
        });
        // Not one request has failed.
        assertThat(counts).containsOnlyKeys("backup");
        assertThat(awaitEvent(What.SPILL_OVER_BEGAN).reason())
                .startsWith("priority 0: 0 of 1 usable (0 % by weight), takes 0 %");

        fixture.keep(TestUpstream.startAgain(port, exchange -> {
            exchange.readBody();
            exchange.write(TestUpstream.ok("origin"));
        }));
        await("the origin", () -> answer(client).equals("origin"));
        awaitEvent(What.SPILL_OVER_ENDED);
        assertThat(answers(client, 10)).containsOnlyKeys("origin");
    }

    @Test
    void primariesAtTheirLimit_passRequestsOnToTheBackup() throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        TestUpstream slow = fixture.upstream(exchange -> {
            exchange.readBody();
            asked.countDown();
            assertThat(release.await(20, TimeUnit.SECONDS)).isTrue();
            exchange.write(TestUpstream.ok("slow"));
        });
        start(pool().target(of(slow, 0)).target(of(named("backup"), 1)).targetConcurrency(ConcurrencyLimit.of(1)));
        RawClient held = fixture.client();
        held.send(GET);
        assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(answers(fixture.client(), 5)).containsOnlyKeys("backup");
        release.countDown();
        assertThat(held.readResponse().bodyText()).isEqualTo("slow");
        assertThat(find(What.SPILL_OVER_BEGAN)).isEmpty();
    }

    @Test
    void noTargetUsable_goesToThePrimariesInPanic() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        start(pool().target(of(checked("primary", healthz), 0))
                .target(of(checked("backup", healthz), 1))
                .healthCheck(often()));
        awaitEvent(What.PANIC_BEGAN);
        assertThat(answers(fixture.client(), 10)).containsOnlyKeys("primary");
        assertThat(status().targets()).allMatch(TargetStatus::usable);
    }

    // ---- changes while it runs

    @Test
    void updateOfPriorities_movesRequestsAndKeepsConnections() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = start(pool().target(of(a, 0)).target(of(b, 1)));
        RawClient client = fixture.client();
        assertThat(answers(client, 5)).containsOnlyKeys("a");
        ProxyConfig before = proxy.config();
        ProxyConfig swapped = before.toBuilder()
                .replacePool(pool().target(of(a, 1)).target(of(b, 0)).build())
                .build();
        proxy.update(swapped);
        assertThat(answers(client, 5)).containsOnlyKeys("b");
        assertThat(status().targets()).extracting(TargetStatus::priority).containsExactly(1, 0);
        proxy.update(before);
        assertThat(answers(client, 5)).containsOnlyKeys("a");
        assertThat(a.connections()).isEqualTo(1);
        assertThat(b.connections()).isEqualTo(1);
        assertThat(events).isEmpty();
    }

    @Test
    void fileOfTargets_tellsPrioritiesAndZones() throws IOException {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        Path file = Files.writeString(folder.resolve("targets"), a.url() + "\n" + b.url() + " priority=1 zone=eu-1b");
        start(pool().targetSource(TargetSource.file(file.toString()).refresh(Duration.ofMillis(100))));
        RawClient client = fixture.client();
        assertThat(answers(client, 5)).containsOnlyKeys("a");
        assertThat(status().targets().get(1).priority()).isEqualTo(1);
        assertThat(status().targets().get(1).zone()).contains("eu-1b");
        Path next = Files.writeString(
                folder.resolve("next"), "[{\"url\": \"" + a.url() + "\", \"priority\": 2}, \"" + b.url() + "\"]");
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        await("the new priorities", () -> status().targets().get(0).priority() == 2);
        assertThat(answers(client, 5)).containsOnlyKeys("b");
        assertThat(a.connections()).isEqualTo(1);
    }

    // ---- zones

    @Test
    void ownZone_isPreferred_andTheOthersTakeOverWhenItFails() {
        AtomicReference<String> healthz = new AtomicReference<>(TestUpstream.ok("fine"));
        AtomicReference<String> fine = new AtomicReference<>(TestUpstream.ok("fine"));
        fixture.start(fixture.to(pool().target(of(checked("a1", healthz), 0, "a"))
                        .target(of(checked("a2", fine), 0, "a"))
                        .target(of(checked("b1", fine), 0, "b"))
                        .target(of(checked("b2", fine), 0, "b"))
                        .target(of(checked("backup", fine), 1, "a"))
                        .healthCheck(often())
                        .build())
                .zone("a")
                .onTarget(events::add));
        RawClient client = fixture.client();
        assertThat(answers(client, 20)).containsOnlyKeys("a1", "a2");

        healthz.set(SICK);
        assertThat(awaitEvent(What.SPILL_OVER_BEGAN).reason())
                .startsWith("priority 0 in the own zone: 1 of 2 usable (50 % by weight), takes 71 %;"
                        + " priority 0 elsewhere: 2 of 2 usable (100 % by weight), takes 29 %;"
                        + " priority 1: 1 of 1 usable (100 % by weight), takes 0 %");
        Map<String, Integer> counts = answers(client, MANY);
        assertThat(counts).containsOnlyKeys("a2", "b1", "b2");
        assertThat(counts.get("a2")).isCloseTo(1429, within(81));

        healthz.set(TestUpstream.ok("fine"));
        awaitEvent(What.SPILL_OVER_ENDED);
        assertThat(answers(client, 20)).containsOnlyKeys("a1", "a2");
    }

    @Test
    void updateOfZones_movesRequestsAndKeepsConnections() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        UpstreamPool pool = pool().target(of(a, 0, "a")).target(of(b, 0, "b")).build();
        ReverseProxy proxy = fixture.start(fixture.to(pool).onTarget(events::add));
        RawClient client = fixture.client();
        assertThat(answers(client, 6)).containsOnlyKeys("a", "b");

        // The pool is the same; only the proxy has learnt where it is.
        ProxyConfig config = proxy.config();
        proxy.update(config.toBuilder().zone("b").build());
        assertThat(answers(client, 6)).containsOnlyKeys("b");
        assertThat(status().tiers()).extracting(TierStatus::zone).containsExactly(Zone.OWN, Zone.OTHER);
        proxy.update(config.toBuilder().zone("a").build());
        assertThat(answers(client, 6)).containsOnlyKeys("a");
        proxy.update(config.toBuilder().zone("nowhere").build());
        assertThat(answers(client, 6)).containsOnlyKeys("a", "b");
        UpstreamPool indifferent =
                pool.toBuilder().zonePreference(ZonePreference.off()).build();
        proxy.update(config.toBuilder().zone("a").replacePool(indifferent).build());
        assertThat(answers(client, 6)).containsOnlyKeys("a", "b");
        proxy.setWeight("default", a.url(), 2);
        assertThat(proxy.config().zone()).contains("a");
        assertThat(a.connections()).isEqualTo(1);
        assertThat(b.connections()).isEqualTo(1);
        assertThat(events).isEmpty();
    }

    @Test
    void zoneOfThePlaceholder_isTheProxysZone() throws IOException {
        Path zone = Files.writeString(folder.resolve("zone"), "eu-1b\n");
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ProxyConfig written = ProxyConfig.builder()
                .zone("unset")
                .pool(pool().target(of(a, 0, "eu-1a")).target(of(b, 0, "eu-1b")).build())
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("all").to(Upstream.ref("default")).build())
                .build();
        String json = written.toJson().replace("\"unset\"", "\"${file:" + zone + "}\"");
        ProxyConfig read = ProxyConfig.fromJson(json);
        assertThat(read.zone()).contains("eu-1b");
        assertThat(read.toJson()).contains("${file:");
        fixture.start(fixture.watched(ReverseProxy.builder().config(read)));
        assertThat(answers(fixture.client(), 6)).containsOnlyKeys("b");
    }

    @Test
    void retry_leavesTheZoneAndThenTheTier() {
        List<TestUpstream> gone = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            gone.add(named("gone"));
        }
        fixture.start(fixture.to(pool().target(of(gone.get(0), 0, "a"))
                        .target(of(gone.get(1), 0, "b"))
                        .target(of(named("backup"), 1, "c"))
                        .build())
                .zone("a"));
        gone.forEach(TestUpstream::close);
        assertThat(answer(fixture.client())).isEqualTo("backup");
        assertThat(fixture.awaitRecord().attempts()).isEqualTo(3);
    }
}
