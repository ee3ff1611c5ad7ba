package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Drain;
import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Routes that divide their requests between pools, with real sockets. */
@Timeout(60)
class SplitTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final CountDownLatch goOn = new CountDownLatch(1);

    private final TestUpstream stable = fixture.upstream(exchange -> {
        exchange.readHead();
        if (exchange.target().equals("/slow")) {
            goOn.await();
        }
        exchange.write(TestUpstream.ok("stable"));
    });

    private final TestUpstream canary = fixture.answering(TestUpstream.ok("canary"));
    private final UpstreamPool stablePool = UpstreamPool.of("stable", stable.url());
    private final UpstreamPool canaryPool = UpstreamPool.of("canary", canary.url());

    private Split.Builder split(int toStable, int toCanary) {
        return Split.builder().share(stablePool, toStable).share(canaryPool, toCanary);
    }

    private ReverseProxy start(Route.Builder route) {
        return fixture.start(fixture.listening(ReverseProxy.builder().route(route.build())));
    }

    private ReverseProxy start(Split.Builder split) {
        return start(Route.builder("shop").split(split.build()));
    }

    private static String get(String... fields) {
        return "GET / HTTP/1.1\r\nHost: test\r\n"
                + String.join(
                        "", List.of(fields).stream().map(one -> one + "\r\n").toList()) + "\r\n";
    }

    private static String body(RawClient client, String... fields) {
        RawResponse response = client.send(get(fields)).readResponse();
        assertThat(response.status()).isEqualTo(200);
        return response.bodyText();
    }

    private static Map<String, Integer> bodies(RawClient client, int count, String... fields) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            counts.merge(body(client, fields), 1, Integer::sum);
        }
        return counts;
    }

    // ---- by weight

    @Test
    void weights_divideTheRequests() {
        start(split(3, 1));
        Map<String, Integer> counts = bodies(fixture.client(), 400);
        // 300 expected; 8.7 is one standard deviation.
        assertThat(counts.get("stable")).isBetween(248, 352);
        assertThat(counts.get("stable") + counts.get("canary")).isEqualTo(400);
        assertThat(fixture.awaitRecord().pool()).isPresent();
    }

    @Test
    void weightZero_getsNothing_untilAnUpdateGivesItAll_andConnectionsStay() {
        ReverseProxy proxy = start(split(1, 0).overrideHeader("X-Canary", "always", canaryPool));
        RawClient client = fixture.client();
        assertThat(bodies(client, 50)).containsOnlyKeys("stable");
        assertThat(body(client, "X-Canary: always")).isEqualTo("canary");
        ProxyConfig now = proxy.config();
        proxy.update(now.toBuilder()
                .replaceRoute(Route.builder("shop")
                        .split(Split.builder()
                                .share(Upstream.ref("stable"), 0)
                                .share(Upstream.ref("canary"), 1)
                                .build())
                        .build())
                .build());
        assertThat(bodies(client, 50)).containsOnlyKeys("canary");
        assertThat(canary.connections()).isEqualTo(1);
        assertThat(stable.connections()).isEqualTo(1);
        assertThat(stable.openConnections()).isEqualTo(1);
    }

    @Test
    void handler_mayHaveAShare() {
        Upstream handler = Upstream.handler(request -> Response.of(200, "handler"));
        start(Split.builder().share(stablePool, 1).share(handler, 1).overrideHeader("X", "h", handler));
        RawClient client = fixture.client();
        assertThat(bodies(client, 60)).containsOnlyKeys("stable", "handler");
        assertThat(bodies(client, 10, "X: h")).containsOnlyKeys("handler");
    }

    // ---- sticky

    @Test
    void header_keepsAClientInItsShare_alsoInAnotherProxyAndAfterTheShareGrew() {
        ReverseProxy first = start(split(1, 1).stickyBy(HashKey.header("X-User")));
        RawClient client = fixture.client();
        List<String> shares = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Map<String, Integer> got = bodies(client, 3, "X-User: user-" + i);
            assertThat(got).hasSize(1);
            shares.addAll(got.keySet());
        }
        assertThat(shares).contains("stable", "canary");

        start(split(1, 1).stickyBy(HashKey.header("X-User")));
        RawClient other = fixture.client();
        for (int i = 0; i < 40; i++) {
            assertThat(body(other, "X-User: user-" + i)).isEqualTo(shares.get(i));
        }

        first.setShare("shop", "canary", 3);
        for (int i = 0; i < 40; i++) {
            String now = body(client, "X-User: user-" + i);
            assertThat(now).isIn(shares.get(i), "canary");
        }
        assertThat(bodies(client, 100)).containsOnlyKeys("stable", "canary");
    }

    @Test
    void cookieOfTheApplicationAndClientAddress_keepAClientInItsShare() {
        start(split(1, 1).stickyBy(HashKey.cookie("session"), HashKey.clientAddress()));
        RawClient client = fixture.client();
        List<String> shares = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Map<String, Integer> got = bodies(client, 3, "Cookie: a=b; session=" + i);
            assertThat(got).hasSize(1);
            shares.addAll(got.keySet());
        }
        assertThat(shares).contains("stable", "canary");
        assertThat(bodies(client, 20)).hasSize(1).isEqualTo(bodies(fixture.client(), 20));
    }

    private static Optional<String> given(RawResponse response) {
        List<String> fields = response.headers("Set-Cookie");
        assertThat(fields).hasSizeLessThanOrEqualTo(1);
        return fields.stream().findFirst();
    }

    @Test
    void clientWithoutTheCookie_isGivenOneAndStays() {
        start(split(1, 1).stickyCookie("side", Duration.ofDays(30)));
        RawClient client = fixture.client();
        List<String> shares = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RawResponse first = client.send(GET).readResponse();
            String cookie = given(first).orElseThrow();
            assertThat(cookie).matches("side=[0-9a-f]{16}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax");
            shares.add(first.bodyText());
            RawResponse again = client.send(get("Cookie: x=1; " + cookie.substring(0, cookie.indexOf(';'))))
                    .readResponse();
            assertThat(again.bodyText()).isEqualTo(first.bodyText());
            assertThat(given(again)).isEmpty();
        }
        assertThat(shares).contains("stable", "canary");
        for (String broken : List.of("side=", "side=x", "side=0000000000000000", "side=00000000000000000001")) {
            assertThat(given(client.send(get("Cookie: " + broken)).readResponse()))
                    .isPresent();
        }
    }

    @Test
    void cookieManagerOfTheJdk_keepsItsShare() throws Exception {
        Split split = split(1, 1).stickyCookie("side", Duration.ofHours(1)).build();
        // The clients cannot be closed on Java 17, so the proxy ends their connections.
        fixture.start(fixture.listening(ReverseProxy.builder()
                .timeouts(Timeouts.ofDefaults().withKeepAlive(Duration.ofSeconds(1)))
                .route(Route.builder("shop").split(split).build())));
        URI uri = URI.create("http://127.0.0.1:" + fixture.proxy().port() + "/");
        List<String> shares = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            HttpClient client =
                    HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
            List<String> own = new ArrayList<>();
            for (int j = 0; j < 5; j++) {
                own.add(client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                        .body());
            }
            assertThat(own).containsOnly(own.get(0));
            shares.add(own.get(0));
        }
        assertThat(shares).contains("stable", "canary");
    }

    @Test
    void cookie_isSecureForAClientThatCameByHttps() {
        fixture.start(fixture.watched(ReverseProxy.builder()
                .listener(Listener.builder("127.0.0.1", 0)
                        .trustedProxies(TrustedProxies.of("127.0.0.1"))
                        .build())
                .route(Route.builder("shop")
                        .split(split(1, 1).stickyCookie("side", Duration.ZERO).build())
                        .build())));
        RawClient client = fixture.client();
        assertThat(given(client.send(get("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"))
                        .readResponse()))
                .hasValueSatisfying(cookie -> assertThat(cookie).endsWith("; SameSite=Lax; Secure"));
        assertThat(given(client.send(GET).readResponse()))
                .hasValueSatisfying(cookie -> assertThat(cookie).endsWith("; SameSite=Lax"));
    }

    /** Each of the ways that an answer takes to the client, and the failure that takes none of them. */
    @Test
    void cookie_comesWithEveryAnswerOfAShareButNotWithAFailure() {
        start(Route.builder("shop")
                .middleware((exchange, chain) -> exchange.request().headers().contains("X-Twice")
                        ? chain.proceed(exchange).thenCompose(response -> {
                            response.body().discard();
                            return chain.proceed(exchange);
                        })
                        : chain.proceed(exchange))
                .transform(Transform.setResponseHeader("X-Edited", "1"))
                .split(Split.builder()
                        .share(stablePool, 1)
                        .share(Upstream.handler(request -> Response.of(200, "handler")), 1)
                        .stickyCookie("side", Duration.ZERO)
                        .build()));
        RawClient client = fixture.client();
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RawResponse response =
                    client.send(i % 2 == 0 ? GET : get("X-Twice: 1")).readResponse();
            assertThat(given(response)).isPresent();
            assertThat(response.header("X-Edited")).contains("1");
            bodies.add(response.bodyText());
        }
        assertThat(bodies).contains("stable", "handler");
        stable.close();
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(given(response).isPresent()).isEqualTo(response.status() == 200);
            statuses.add(response.status());
        }
        assertThat(statuses).contains(200, 502);
    }

    @Test
    void middlewareThatProceedsTwice_staysInTheShare() {
        List<String> seen = new ArrayList<>();
        start(Route.builder("shop")
                .middleware((exchange, chain) -> chain.proceed(exchange)
                        .thenCompose(first -> first.body().readAll(100).thenCompose(one -> {
                            seen.add(new String(one, StandardCharsets.US_ASCII));
                            return chain.proceed(exchange);
                        })))
                .split(split(1, 1).build()));
        RawClient client = fixture.client();
        for (int i = 0; i < 40; i++) {
            String last = body(client);
            assertThat(seen.get(i)).isEqualTo(last);
        }
        assertThat(seen).contains("stable", "canary");
    }

    // ---- overrides

    @Test
    void override_sendsToItsShare_beforeTheEditsAndAfterTheMiddleware() {
        start(Route.builder("shop")
                .middleware((exchange, chain) -> {
                    if (exchange.request().headers().contains("X-Stranger")) {
                        exchange.request().headers().remove("X-Canary");
                    }
                    return chain.proceed(exchange);
                })
                .transform(Transform.removeRequestHeader("X-Canary"))
                .split(split(1, 0)
                        .stickyCookie("side", Duration.ZERO)
                        .overrideHeader("X-Canary", "always", canaryPool)
                        .overrideCookie("canary", "yes", canaryPool)
                        .build()));
        RawClient client = fixture.client();
        RawResponse response = client.send(get("X-Canary: always")).readResponse();
        assertThat(response.bodyText()).isEqualTo("canary");
        assertThat(given(response)).isEmpty();
        assertThat(canary.lastRequest().header("X-Canary")).isEmpty();
        assertThat(body(client, "Cookie: canary=yes")).isEqualTo("canary");
        assertThat(body(client, "X-Canary: always", "X-Stranger: 1")).isEqualTo("stable");
        assertThat(body(client, "X-Canary: Always")).isEqualTo("stable");
    }

    // ---- live

    @Test
    void setShareUnderLoad_losesNothingAndNoConnection() throws Exception {
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder()
                        .route(Route.builder("shop")
                                .split(split(100, 0)
                                        .stickyBy(HashKey.header("X-User"))
                                        .build())
                                .build()))
                .ioThreads(2));
        AtomicInteger failures = new AtomicInteger();
        AtomicInteger back = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(4);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            RawClient client = fixture.client();
            int number = t;
            Thread thread = new Thread(() -> {
                String[] last = new String[50];
                for (int i = 0; i < 2_000; i++) {
                    int user = i % last.length;
                    RawResponse response =
                            client.send(get("X-User: " + number + "-" + user)).readResponse();
                    if (response.status() != 200) {
                        failures.incrementAndGet();
                    } else if ("canary".equals(last[user])
                            && response.bodyText().equals("stable")) {
                        back.incrementAndGet();
                    }
                    last[user] = response.bodyText();
                    begun.countDown();
                }
            });
            thread.start();
            threads.add(thread);
        }
        begun.await();
        int weight = 0;
        while (threads.stream().anyMatch(Thread::isAlive)) {
            weight = Math.min(1_000_000, weight + 1 + weight / 10);
            proxy.setShare("shop", "canary", weight);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).hasValue(0);
        assertThat(back).hasValue(0);
        assertThat(canary.requests()).isNotEmpty();
        // One for each client at most, as without any change.
        assertThat(stable.connections()).isBetween(1, 4);
        assertThat(canary.connections()).isBetween(1, 4);
    }

    @Test
    void setShare_isToldByTheConfiguration_alsoBeforeTheStart() {
        ReverseProxy proxy = fixture.listening(ReverseProxy.builder()
                        .route(Route.builder("shop").split(split(1, 0).build()).build())
                        .route(Route.builder("fixed")
                                .match(Match.path("/fixed"))
                                .respond(200, "")
                                .build()))
                .build();
        proxy.setShare("shop", "canary", 5);
        RouteAction.Split action =
                (RouteAction.Split) proxy.config().routes().get(0).action().orElseThrow();
        assertThat(action.split().shares()).extracting(Split.Share::weight).containsExactly(1, 5);

        assertThatIllegalArgumentException().isThrownBy(() -> proxy.setShare("nope", "canary", 1));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.setShare("fixed", "canary", 1));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.setShare("shop", "nope", 1));
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> proxy.setShare("shop", "canary", 1_000_001))
                .withMessageContaining("routes[0].split.shares[1].weight: 1000001 (expected: 0 to 1000000)");
        proxy.setShare("shop", "stable", 0);
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> proxy.setShare("shop", "canary", 0))
                .withMessageContaining("all weights are 0");
        proxy.close();
    }

    @Test
    void switchedSplit_isTheOnePool_andTheSplitAgainAfterUndo() {
        ReverseProxy proxy = start(split(1, 1));
        RawClient client = fixture.client();
        RawClient slow = fixture.client();
        // Until one is with the stable pool, which holds it.
        slow.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
        ProxyFixture.await(
                "the request to arrive",
                () -> stable.requests().size() + canary.requests().size() == 1);
        while (stable.requests().isEmpty()) {
            int before = canary.requests().size();
            slow.readResponse();
            slow.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
            ProxyFixture.await(
                    "the request to arrive",
                    () -> !stable.requests().isEmpty() || canary.requests().size() > before);
        }

        Drain drain = proxy.switchRoute("shop", "canary", LONG);
        assertThat(bodies(client, 40)).containsOnlyKeys("canary");
        assertThat(drain.isOver()).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.setShare("shop", "canary", 1));
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        assertThat(slow.readResponse().bodyText()).isEqualTo("stable");
        assertThat(drain.report().toCompletableFuture().join()).matches(DrainReport::isClean);
        drain.undo();
        assertThat(bodies(client, 100)).containsOnlyKeys("canary", "stable");
        proxy.setShare("shop", "canary", 0);
        assertThat(bodies(client, 20)).containsOnlyKeys("stable");
    }

    @Test
    void drainedRoute_refusesAllShares() {
        ReverseProxy proxy = start(split(1, 1));
        Drain drain = proxy.drainRoute("shop", LONG);
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().header("Fairlead-Failure"))
                .contains(FailureCode.ROUTE_DRAINING.name());
        drain.undo();
        assertThat(bodies(client, 60)).containsOnlyKeys("canary", "stable");
    }

    // ---- failures

    @Test
    void shareWhosePoolIsDown_failsItsRequestsAndNoOthers() {
        start(split(1, 1).stickyBy(HashKey.header("X-User")));
        canary.close();
        RawClient client = fixture.client();
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RawResponse response = client.send(get("X-User: " + i)).readResponse();
            ExchangeRecord record = fixture.awaitRecord();
            assertThat(record.pool()).contains(response.status() == 200 ? "stable" : "canary");
            statuses.add(response.status());
        }
        assertThat(statuses).contains(200).containsAnyOf(502, 503);
        assertThat(stable.requests())
                .hasSize((int) statuses.stream().filter(status -> status == 200).count());
    }

    @Test
    void retry_staysInTheShare_byThePolicyOfTheRoute() {
        TestUpstream broken = fixture.answering("HTTP/1.1 503 Broken\r\nContent-Length: 0\r\n\r\n");
        // The budget is the pool's.
        UpstreamPool both = UpstreamPool.of("canary", broken.url(), canary.url()).toBuilder()
                .retry(RetryPolicy.builder().budgetFloor(100).build())
                .build();
        start(Route.builder("shop")
                .retry(RetryPolicy.builder()
                        .maxAttempts(2)
                        .on(RetryOn.CONNECT_FAILURE)
                        .statuses(503)
                        .build())
                .split(Split.builder()
                        .share(stablePool, 1)
                        .share(both, 0)
                        .overrideHeader("X-Canary", "always", both)
                        .build()));
        RawClient client = fixture.client();
        assertThat(bodies(client, 20, "X-Canary: always")).containsOnlyKeys("canary");
        assertThat(broken.requests()).isNotEmpty();
        assertThat(stable.requests()).isEmpty();
        assertThat(fixture.awaitRecord().pool()).contains("canary");
    }

    // ---- explain

    @Test
    void explanation_tellsTheSharesAndWhoIsChosen() {
        ReverseProxy proxy = start(split(9_999, 1).overrideHeader("X-Canary", "always", canaryPool));
        Explanation.SplitChoice choice = proxy.explain("test", "/").split().orElseThrow();
        assertThat(choice.shares())
                .containsExactly(
                        new Explanation.Share("stable", 9_999, 99.99), new Explanation.Share("canary", 1, 0.01));
        assertThat(choice.chosen()).isEmpty();
        assertThat(proxy.explain("GET", "test", "/", Map.of("X-Canary", "always"))
                        .split()
                        .orElseThrow()
                        .chosen())
                .contains("canary");
    }
}
