package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.await;
import static io.fairlead.proxy.testing.TestUpstream.ok;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.health.OutlierDetection.EarlyReturn;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.observe.TargetStatus.Obstacle;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Active checks and outlier detection over real sockets, with short intervals. */
final class HealthCheckTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final List<TargetEvent> events = new CopyOnWriteArrayList<>();

    private static HealthCheck.Builder quick(HealthCheck.Builder check) {
        return check.interval(Duration.ofMillis(40))
                .timeout(Duration.ofMillis(40))
                .transitionInterval(Duration.ofMillis(10));
    }

    private static HealthCheck.Builder http() {
        // Patient, because a busy machine is not an ill target.
        return quick(HealthCheck.builder("/healthz"))
                .interval(Duration.ofSeconds(1))
                .timeout(Duration.ofSeconds(1));
    }

    /** In turn, so that a number of requests tells how many each target gets. */
    private static UpstreamPool.Builder pool(TestUpstream... targets) {
        UpstreamPool.Builder pool = UpstreamPool.builder("shop")
                .loadBalancer(LoadBalancer.roundRobin())
                .retry(RetryPolicy.none());
        for (TestUpstream target : targets) {
            pool.target(target.url());
        }
        return pool;
    }

    private ReverseProxy start(UpstreamPool.Builder pool) {
        return fixture.start(fixture.to(pool.build()).onTarget(events::add));
    }

    private PoolStatus status() {
        return fixture.proxy().pools().get(0);
    }

    private TargetStatus status(int target) {
        return status().targets().get(target);
    }

    private TargetEvent awaitEvent(What what) {
        await("an event " + what + " among " + events, () -> find(what).isPresent());
        return find(what).orElseThrow();
    }

    private Optional<TargetEvent> find(What what) {
        return events.stream().filter(event -> event.what() == what).findFirst();
    }

    private List<What> eventsOf(TestUpstream target) {
        return events.stream()
                .filter(event -> event.target().equals(target.url()))
                .map(TargetEvent::what)
                .toList();
    }

    /** Answers with this status at {@code /healthz}, and with 200 elsewhere. */
    private TestUpstream checked(AtomicReference<String> healthz) {
        return fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(exchange.target().startsWith("/healthz") ? healthz.get() : ok("fine"));
        });
    }

    private static final String SICK = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

    private static ProxyConfig with(ProxyConfig config, UpstreamPool.Builder pool) {
        ProxyConfig.Builder changed = ProxyConfig.builder().pool(pool.build());
        config.listeners().forEach(changed::listener);
        config.routes().forEach(changed::route);
        return changed.build();
    }

    // ---- active

    @Test
    void targetThatDiesAndComesBack_isUnhealthyAndHealthyAgain() {
        TestUpstream stays = fixture.answering(ok("stays"));
        TestUpstream goes = TestUpstream.answering(ok("goes"));
        int port = goes.port();
        start(pool(stays, goes)
                .outlierDetection(OutlierDetection.off())
                .healthCheck(http().interval(Duration.ofMillis(200))
                        .timeout(Duration.ofMillis(200))
                        .build()));
        await("both to be healthy", () -> events.size() == 2);
        assertThat(events).allSatisfy(event -> {
            assertThat(event.what()).isEqualTo(What.HEALTHY);
            assertThat(event.pool()).isEqualTo("shop");
            assertThat(event.reason()).isEqualTo("the first check passed: status 200");
        });
        goes.close();
        TargetEvent unhealthy = awaitEvent(What.UNHEALTHY);
        assertThat(unhealthy.target()).isEqualTo(goes.url());
        assertThat(unhealthy.reason()).startsWith("3 checks in a row failed, the last: no connection to");
        assertThat(status(1).usable()).isFalse();
        assertThat(status(1).obstacles()).singleElement().satisfies(obstacle -> {
            assertThat(obstacle.kind()).isEqualTo(Obstacle.Kind.UNHEALTHY);
            assertThat(obstacle.reason()).isEqualTo(unhealthy.reason());
        });
        RawClient client = fixture.client();
        for (int i = 0; i < 10; i++) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("stays");
        }
        fixture.keep(TestUpstream.startAgain(port, exchange -> {
            exchange.readBody();
            exchange.write(ok("back"));
        }));
        await("it to be healthy again", () -> events.size() == 4);
        assertThat(events.get(3).what()).isEqualTo(What.HEALTHY);
        assertThat(events.get(3).reason()).isEqualTo("2 checks in a row passed, the last: status 200");
        assertThat(status(1).obstacles()).isEmpty();
        await(
                "it to be used again",
                () -> client.send(GET).readResponse().bodyText().equals("back"));
    }

    @Test
    void checkThatGetsNoAnswer_timesOut() {
        TestUpstream hangs = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        start(pool(hangs, fixture.answering(ok("a")))
                .healthCheck(quick(HealthCheck.builder("/")).fall(2).build()));
        await("the verdict", () -> eventsOf(hangs).contains(What.UNHEALTHY));
        assertThat(status(0).obstacles().get(0).reason())
                .isEqualTo("2 checks in a row failed, the last: no answer within 40 ms");
    }

    @Test
    void unexpectedStatus_isNamedWithTheExpectedOnes() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        TestUpstream target = checked(healthz);
        start(pool(target)
                .healthCheck(
                        http().fall(1).expectStatus(200).expectStatus(300, 399).build()));
        assertThat(awaitEvent(What.UNHEALTHY).reason()).isEqualTo("a check failed: status 503 (expected 200, 300-399)");
    }

    @Test
    void check_asksAsConfigured() {
        TestUpstream healthServer = fixture.answering(ok("fine"));
        TestUpstream target = fixture.answering(ok("a"));
        start(pool(target)
                .healthCheck(HealthCheck.builder("/healthz?full=1")
                        .port(healthServer.port())
                        .method("POST")
                        .host("shop.example.com")
                        .header("X-Check", "1")
                        .build()));
        awaitEvent(What.HEALTHY);
        ReceivedRequest request = healthServer.lastRequest();
        assertThat(request.requestLine()).isEqualTo("POST /healthz?full=1 HTTP/1.1");
        assertThat(request.headers("Host")).containsExactly("shop.example.com");
        assertThat(request.header("X-Check")).hasValue("1");
        assertThat(request.header("User-Agent")).hasValue("fairlead-health-check");
        assertThat(request.header("Connection")).hasValue("close");
        assertThat(request.header("Content-Length")).hasValue("0");
        assertThat(target.connections()).isZero();
        healthServer.awaitConnectionClosed(ProxyFixture.SOON);
    }

    @Test
    void body_mustHoldWhatIsExpected() {
        AtomicReference<String> healthz = new AtomicReference<>(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"status\":\"UP\",.\r\n0\r\n\r\n");
        TestUpstream target = checked(healthz);
        start(pool(target)
                .healthCheck(http().interval(Duration.ofMillis(100))
                        .timeout(Duration.ofMillis(100))
                        .fall(1)
                        .expectedBody("\"UP\"")
                        .maxBodyBytes(16)
                        .build()));
        assertThat(awaitEvent(What.HEALTHY).reason())
                .isEqualTo("the first check passed: status 200 with the expected body");
        healthz.set(ok("{\"status\":\"DOWN\"} \"UP\" comes too late"));
        assertThat(awaitEvent(What.UNHEALTHY).reason())
                .isEqualTo("a check failed: status 200 without the expected text in the first 16 bytes of its body");
    }

    @Test
    void answerInSmallPieces_passes() {
        TestUpstream target = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write1ByteAtATime("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall is well")
                    .close();
        });
        start(pool(target).healthCheck(http().expectedBody("well").build()));
        awaitEvent(What.HEALTHY);
    }

    @Test
    void answerThatIsNotHttp_fails() {
        TestUpstream target = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write("220 smtp.example.com\r\n\r\n");
        });
        start(pool(target).healthCheck(http().fall(1).build()));
        assertThat(awaitEvent(What.UNHEALTHY).reason()).startsWith("a check failed: an answer that is not HTTP");
    }

    @Test
    void tcpCheck_passesWithAConnection() {
        TestUpstream target = fixture.upstream(exchange -> {
            throw new AssertionError("asked");
        });
        start(pool(target).healthCheck(HealthCheck.tcp()));
        assertThat(awaitEvent(What.HEALTHY).reason()).isEqualTo("the first check passed: connected");
        target.awaitConnectionClosed(ProxyFixture.SOON);
    }

    @Test
    void tcpCheck_failsWithoutOne() {
        TestUpstream target = TestUpstream.answering(ok("a"));
        target.close();
        start(pool(target).healthCheck(quick(HealthCheck.tcpBuilder()).fall(1).build()));
        assertThat(awaitEvent(What.UNHEALTHY).reason()).startsWith("a check failed: no connection to");
    }

    @Test
    void targetThatWasNotChecked_isNotUsedIfThatIsWanted() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        start(pool(checked(healthz))
                .panicThreshold(0)
                .healthCheck(quick(http())
                        .timeout(Duration.ofMillis(40))
                        .usableBeforeFirstCheck(false)
                        .fall(1_000)
                        .build()));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().status()).isEqualTo(503);
        assertThat(status(0).obstacles().get(0).reason()).isEqualTo("no check has passed yet");
        healthz.set(ok("fine"));
        awaitEvent(What.HEALTHY);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void checksOfAPool_countAgainstNoLimitOfItsConnections() {
        AtomicReference<String> healthz = new AtomicReference<>(ok("fine"));
        AtomicBoolean release = new AtomicBoolean();
        TestUpstream target = fixture.upstream(exchange -> {
            exchange.readBody();
            if (!exchange.target().equals("/healthz")) {
                await("the release", release::get);
            }
            exchange.write(healthz.get());
        });
        start(pool(target)
                .maxConnectionsPerTarget(1)
                .healthCheck(http().interval(Duration.ofMillis(100))
                        .timeout(Duration.ofMillis(100))
                        .fall(1)
                        .build()));
        RawClient client = fixture.client().send(GET);
        healthz.set(SICK);
        awaitEvent(What.UNHEALTHY);
        healthz.set(ok("fine"));
        await(
                "it to be healthy again",
                () -> status(0).usable() && status(0).obstacles().isEmpty());
        release.set(true);
        assertThat(client.readResponse().status()).isEqualTo(200);
    }

    @Test
    void severalIoThreads_haveOneCheckerForATarget() {
        TestUpstream target = fixture.answering(ok("fine"));
        fixture.start(fixture.to(pool(target)
                        .healthCheck(HealthCheck.builder("/").build())
                        .build())
                .ioThreads(4)
                .onTarget(events::add));
        awaitEvent(What.HEALTHY);
        assertThat(target.connections()).isEqualTo(1);
    }

    @Test
    void checksOfManyTargets_areSpread() {
        // Different ports, so that they are different targets; all are asked at one.
        List<Long> times = new CopyOnWriteArrayList<>();
        TestUpstream server = fixture.upstream(exchange -> {
            times.add(System.nanoTime());
            exchange.readBody();
            exchange.write(ok("fine"));
        });
        UpstreamPool.Builder pool = UpstreamPool.builder("shop");
        for (int i = 1; i <= 8; i++) {
            pool.target("http://127.0.0.1:" + i);
        }
        start(pool.healthCheck(HealthCheck.builder("/").port(server.port()).build()));
        await("all first checks", () -> events.size() == 8);
        assertThat(times).hasSize(8);
        // An eighth of a second between two; on a busy machine some may come together.
        assertThat(Duration.ofNanos(times.get(7) - times.get(0))).isGreaterThan(Duration.ofMillis(600));
    }

    @Test
    void update_keepsWhatIsKnownOfTargetsThatStay() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        TestUpstream sick = checked(healthz);
        TestUpstream well = fixture.answering(ok("well"));
        UpstreamPool.Builder pool = pool(sick, well)
                .healthCheck(http().interval(Duration.ofMillis(100))
                        .timeout(Duration.ofMillis(100))
                        .fall(1)
                        .build());
        ReverseProxy proxy = start(pool);
        awaitEvent(What.UNHEALTHY);
        TestUpstream added = fixture.answering(ok("added"));
        proxy.update(with(proxy.config(), pool.target(added.url())));
        assertThat(status(0).usable()).isFalse();
        await("the new one to be told of", () -> eventsOf(added).contains(What.ADDED));
        await("the new one to be checked", () -> eventsOf(added).contains(What.HEALTHY));
        assertThat(eventsOf(sick)).containsExactly(What.UNHEALTHY);
        proxy.update(with(proxy.config(), pool(well)));
        await("the old one to be told of", () -> eventsOf(sick).contains(What.REMOVED));
        int connections = sick.connections();
        LeakCheck.awaitIdle(proxy);
        assertThat(sick.connections()).isEqualTo(connections);
    }

    @Test
    void update_takesTheChecksAwayAndWhatTheyFound() {
        TestUpstream sick = checked(new AtomicReference<>(SICK));
        TestUpstream well = fixture.answering(ok("well"));
        UpstreamPool.Builder pool = pool(sick, well);
        ReverseProxy proxy = start(pool.healthCheck(http().fall(1).build()));
        awaitEvent(What.UNHEALTHY);
        proxy.update(with(proxy.config(), pool(sick, well)));
        await("it to be used again", () -> status(0).usable());
        int connections = sick.connections();
        LeakCheck.awaitIdle(proxy);
        assertThat(sick.connections()).isEqualTo(connections);
    }

    @Test
    void update_addsChecksWithoutTakingTargetsOutOfUse() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        TestUpstream target = checked(healthz);
        ReverseProxy proxy = start(pool(target));
        HealthCheck patient =
                http().usableBeforeFirstCheck(false).fall(1_000_000).build();
        proxy.update(with(proxy.config(), pool(target).panicThreshold(0).healthCheck(patient)));
        RawClient client = fixture.client();
        target.awaitConnections(3);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(200);
        HealthCheck strict = patient.toBuilder().fall(1).build();
        proxy.update(with(proxy.config(), pool(target).panicThreshold(0).healthCheck(strict)));
        awaitEvent(What.UNHEALTHY);
        assertThat(client.send(GET).readResponse().status()).isEqualTo(503);
    }

    @Test
    void stop_endsACheckThatIsUnderWay() {
        TestUpstream hangs = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.awaitClose();
        });
        ReverseProxy proxy = start(pool(hangs).healthCheck(HealthCheck.http("/")));
        hangs.awaitHeads(1);
        proxy.stop(Duration.ZERO);
        hangs.awaitConnectionClosed(ProxyFixture.SOON);
        assertThat(events).isEmpty();
        assertThat(proxy.pools()).isEmpty();
    }

    // ---- passive

    private static OutlierDetection.Builder outlier() {
        return OutlierDetection.off().toBuilder();
    }

    /** Sends requests until the pool's target at this place is ejected. */
    private void sendUntilEjected(int target) {
        RawClient client = fixture.client();
        await("the ejection", () -> {
            client.send(GET).readResponse();
            return !status(target).usable();
        });
    }

    @Test
    void serverErrorsInARow_ejectAndTheTimeGivesBack() {
        AtomicBoolean failing = new AtomicBoolean(true);
        TestUpstream bad = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(failing.get() ? SICK : ok("bad"));
        });
        start(pool(bad, fixture.answering(ok("good")))
                .outlierDetection(outlier()
                        .consecutive5xx(5)
                        .baseEjectionTime(Duration.ofMillis(300))
                        .build()));
        RawClient client = fixture.client();
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < 14; i++) {
            statuses.add(client.send(GET).readResponse().status());
        }
        assertThat(statuses).filteredOn(status -> status == 503).hasSize(5);
        assertThat(awaitEvent(What.EJECTED).reason())
                .isEqualTo("5 consecutive 5xx, last 503; ejected for 300 ms, 1 in a row");
        failing.set(false);
        assertThat(awaitEvent(What.RETURNED).reason()).isEqualTo("its time is over");
        assertThat(Duration.between(
                        find(What.EJECTED).orElseThrow().time(),
                        find(What.RETURNED).orElseThrow().time()))
                .isBetween(Duration.ofMillis(295), Duration.ofSeconds(5));
        await(
                "it to be used again",
                () -> client.send(GET).readResponse().bodyText().equals("bad"));
    }

    @Test
    void deadTarget_isEjectedWithNothingSet() {
        TestUpstream dead = TestUpstream.answering(ok("dead"));
        dead.close();
        TestUpstream alive = fixture.answering(ok("alive"));
        fixture.start(fixture.to(dead, alive).onTarget(events::add));
        RawClient client = fixture.client();
        for (int i = 0; i < 30; i++) {
            assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("alive");
        }
        assertThat(awaitEvent(What.EJECTED).reason())
                .isEqualTo("5 consecutive failures without an answer, last UPSTREAM_CONNECT_FAILED;"
                        + " ejected for 30000 ms, 1 in a row");
    }

    /** A rolling restart: the first one is ejected and long back when the last one goes away. */
    @Test
    void ejectedTarget_isTheLastResortOfARequestThatFailedElsewhere() {
        AtomicBoolean failing = new AtomicBoolean(true);
        TestUpstream first = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(failing.get() ? SICK : ok("first"));
        });
        TestUpstream last = TestUpstream.answering(ok("last"));
        start(pool(first, last)
                .retry(RetryPolicy.ofDefaults())
                .outlierDetection(outlier().consecutive5xx(2).build()));
        sendUntilEjected(0);
        failing.set(false);
        last.close();
        for (int i = 0; i < 5; i++) {
            assertThat(fixture.client().send(GET).readResponse().bodyText()).isEqualTo("first");
        }
        assertThat(status(0).usable()).isFalse();
    }

    @Test
    void onlyTarget_isNeverEjected() {
        start(pool(fixture.answering(SICK))
                .outlierDetection(outlier().consecutive5xx(2).build()));
        RawClient client = fixture.client();
        for (int i = 0; i < 10; i++) {
            assertThat(client.send(GET).readResponse().status()).isEqualTo(503);
        }
        assertThat(awaitEvent(What.EJECTION_WITHHELD).reason())
                .isEqualTo("2 consecutive 5xx, last 503; not ejected, as no other is usable");
        assertThat(events).hasSize(1);
        assertThat(status(0).usable()).isTrue();
    }

    @Test
    void noMoreThanTheirShare_areEjected() {
        start(pool(
                        fixture.answering(SICK),
                        fixture.answering(SICK),
                        fixture.answering(SICK),
                        fixture.answering(ok("a")))
                .outlierDetection(
                        outlier().consecutive5xx(2).maxEjectionPercent(50).build()));
        RawClient client = fixture.client();
        await("the third to be found", () -> {
            client.send(GET).readResponse();
            return find(What.EJECTION_WITHHELD).isPresent();
        });
        assertThat(awaitEvent(What.EJECTION_WITHHELD).reason()).endsWith("; not ejected, as 2 of 4 are ejected");
        assertThat(status().targets()).filteredOn(TargetStatus::usable).hasSize(2);
    }

    @Test
    void failingShareOfRequests_ejectsAtTheEndOfAnInterval() {
        AtomicBoolean odd = new AtomicBoolean();
        TestUpstream bad = fixture.upstream(exchange -> {
            exchange.readBody();
            boolean fails = !odd.get();
            odd.set(fails);
            exchange.write(fails ? SICK : ok("bad"));
        });
        start(pool(bad, fixture.answering(ok("good")))
                .outlierDetection(outlier()
                        .failurePercentage(40)
                        .failurePercentageMinTargets(2)
                        .failurePercentageMinRequests(4)
                        .interval(Duration.ofMillis(100))
                        .build()));
        sendUntilEjected(0);
        assertThat(awaitEvent(What.EJECTED).reason()).contains("requests failed, 40 % or more; ejected for");
    }

    // ---- together

    @Test
    void ejectedTarget_staysSoThoughItsChecksPass() {
        TestUpstream bad = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(exchange.target().equals("/healthz") ? ok("fine") : SICK);
        });
        start(pool(bad, fixture.answering(ok("good")))
                .outlierDetection(outlier().consecutive5xx(2).build())
                .healthCheck(http().interval(Duration.ofMillis(20))
                        .timeout(Duration.ofMillis(20))
                        .fall(1_000)
                        .build()));
        sendUntilEjected(0);
        int checks = bad.connections();
        await("more checks", () -> bad.connections() > checks + 3);
        assertThat(status(0).obstacles()).extracting(Obstacle::kind).containsExactly(Obstacle.Kind.EJECTED);
        assertThat(find(What.RETURNED)).isEmpty();
    }

    @Test
    void anyPassingCheck_endsTheEjectionIfThatIsWanted() {
        TestUpstream bad = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(exchange.target().equals("/healthz") ? ok("fine") : SICK);
        });
        start(pool(bad, fixture.answering(ok("good")))
                .outlierDetection(outlier()
                        .consecutive5xx(2)
                        .earlyReturn(EarlyReturn.ON_PASSING_CHECK)
                        .build())
                .healthCheck(http().interval(Duration.ofMillis(100))
                        .timeout(Duration.ofMillis(100))
                        .build()));
        RawClient client = fixture.client();
        await("the return", () -> {
            client.send(GET).readResponse();
            return find(What.RETURNED).isPresent();
        });
        assertThat(awaitEvent(What.RETURNED).reason()).isEqualTo("a check passed: status 200");
    }

    @Test
    void recoveryThatTheCheckSees_endsTheEjection() {
        AtomicReference<String> answer = new AtomicReference<>(ok("fine"));
        TestUpstream flaky = fixture.upstream(exchange -> {
            exchange.readBody();
            exchange.write(answer.get());
        });
        start(pool(flaky, fixture.answering(ok("good")))
                .outlierDetection(outlier().consecutive5xx(2).build())
                .healthCheck(http().interval(Duration.ofMillis(500))
                        .timeout(Duration.ofMillis(500))
                        .build()));
        await("the first verdict", () -> eventsOf(flaky).contains(What.HEALTHY));
        answer.set(SICK);
        sendUntilEjected(0);
        await("the check to see it", () -> eventsOf(flaky).contains(What.UNHEALTHY));
        assertThat(status(0).obstacles())
                .extracting(Obstacle::kind)
                .containsExactlyInAnyOrder(Obstacle.Kind.EJECTED, Obstacle.Kind.UNHEALTHY);
        answer.set(ok("fine"));
        assertThat(awaitEvent(What.RETURNED).reason()).isEqualTo("the check finds it healthy again");
        await(
                "both to be over",
                () -> status(0).obstacles().isEmpty() && status(0).usable());
    }

    @Test
    void tooFewWellTargets_panic() {
        AtomicReference<String> healthz = new AtomicReference<>(SICK);
        UpstreamPool.Builder pool = pool(checked(healthz), checked(healthz), fixture.answering(ok("fine")))
                .panicThreshold(50)
                .healthCheck(http().interval(Duration.ofMillis(200))
                        .timeout(Duration.ofMillis(200))
                        .fall(1)
                        .build());
        ReverseProxy proxy = start(pool);
        TargetEvent panic = awaitEvent(What.PANIC_BEGAN);
        assertThat(panic.target()).isEmpty();
        assertThat(panic.reason()).isEqualTo("1 of 3 targets are usable, threshold 50 %");
        assertThat(status().panicking()).isTrue();
        assertThat(status().targets()).allMatch(TargetStatus::usable);
        assertThat(status(0).obstacles()).isNotEmpty();
        Set<String> seen = ConcurrentHashMap.newKeySet();
        RawClient client = fixture.client();
        for (int i = 0; i < 30; i++) {
            client.send(GET).readResponse();
            seen.add(fixture.awaitRecord().upstream().orElseThrow());
        }
        assertThat(seen).hasSize(3);
        healthz.set(ok("fine"));
        awaitEvent(What.PANIC_ENDED);
        assertThat(proxy.pools().get(0).panicking()).isFalse();
    }

    @Test
    void noUsableTarget_is503WhereThePoolNeverPanics() {
        start(pool(checked(new AtomicReference<>(SICK)))
                .panicThreshold(0)
                .healthCheck(http().fall(1).build()));
        awaitEvent(What.UNHEALTHY);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(503);
        assertThat(find(What.PANIC_BEGAN)).isEmpty();
    }

    @Test
    void noUsableTarget_usesAllByDefault() {
        start(pool(checked(new AtomicReference<>(SICK)))
                .healthCheck(http().fall(1).build()));
        awaitEvent(What.PANIC_BEGAN);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void targetThatComesBack_startsSlowly() {
        AtomicReference<String> healthz = new AtomicReference<>(ok("fine"));
        List<Double> weights = new CopyOnWriteArrayList<>();
        UpstreamPool pool = pool(checked(healthz), fixture.answering(ok("good")))
                .slowStart(Duration.ofSeconds(2))
                .healthCheck(http().fall(1).rise(1).build())
                .build();
        fixture.start(fixture.to(pool).onTarget(event -> {
            if (event.what() == What.SLOW_START_BEGAN || event.what() == What.SLOW_START_ENDED) {
                weights.add(status(0).weight());
            }
            events.add(event);
        }));
        awaitEvent(What.HEALTHY);
        assertThat(status(0).weight()).as("not after the start of the proxy").isEqualTo(1);
        healthz.set(SICK);
        awaitEvent(What.UNHEALTHY);
        healthz.set(ok("fine"));
        assertThat(awaitEvent(What.SLOW_START_BEGAN).reason()).isEqualTo("it is healthy again");
        await("a part of the weight", () -> status(0).weight() > 0.1);
        assertThat(status(0).weight()).isLessThan(1);
        awaitEvent(What.SLOW_START_ENDED);
        assertThat(weights).containsExactly(0.1, 1.0);
    }

    @Test
    void slowStart_isSeenInTheCounts() {
        AtomicReference<String> healthz = new AtomicReference<>(ok("fine"));
        start(pool(checked(healthz), fixture.answering(ok("good")))
                .loadBalancer(LoadBalancer.weightedRoundRobin())
                .slowStart(Duration.ofMinutes(20))
                .healthCheck(http().interval(Duration.ofMillis(200))
                        .timeout(Duration.ofMillis(200))
                        .fall(1)
                        .rise(1)
                        .build()));
        RawClient client = fixture.client();
        assertThat(sent(client, 110)).as("before").isBetween(54L, 56L);
        healthz.set(SICK);
        awaitEvent(What.UNHEALTHY);
        assertThat(sent(client, 110)).as("while it is unhealthy").isZero();
        healthz.set(ok("fine"));
        awaitEvent(What.SLOW_START_BEGAN);
        // A tenth of its weight against the whole of the other.
        assertThat(sent(client, 110)).as("while it starts slowly").isBetween(9L, 11L);
    }

    /** How many of so many requests the first target gets. */
    private static long sent(RawClient client, int requests) {
        return IntStream.range(0, requests)
                .filter(i -> client.send(GET).readResponse().bodyText().equals("fine"))
                .count();
    }

    @Test
    void listenerThatThrows_disturbsNothing() {
        TestUpstream target = fixture.answering(ok("a"));
        fixture.start(fixture.to(pool(target).healthCheck(HealthCheck.http("/")).build())
                .onTarget(event -> {
                    throw new IllegalStateException("on purpose");
                })
                .onTarget(events::add));
        awaitEvent(What.HEALTHY);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
    }
}
