package io.fairlead.proxy.internal.engine.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each strategy through the whole path: what it sees of targets and requests, and what an update changes. */
class LoadBalancerPathTest {

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final Semaphore answer = new Semaphore(0);

    private TestUpstream named(String name) {
        return fixture.answering(TestUpstream.ok(name));
    }

    private static UpstreamPool.Builder pool(LoadBalancer loadBalancer, TestUpstream... upstreams) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default").loadBalancer(loadBalancer);
        for (TestUpstream upstream : upstreams) {
            pool.target(upstream.url());
        }
        return pool;
    }

    private static UpstreamPool weighted(LoadBalancer loadBalancer, Map<TestUpstream, Integer> weights) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default").loadBalancer(loadBalancer);
        weights.forEach((upstream, weight) ->
                pool.target(Target.builder(upstream.url()).weight(weight).build()));
        return pool.build();
    }

    private static String get(String target, String... fields) {
        return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + String.join("\r\n", fields)
                + (fields.length == 0 ? "\r\n" : "\r\n\r\n");
    }

    /** How many of these requests each target got. */
    private static Map<String, Integer> send(RawClient client, int count, String request) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            counts.merge(client.send(request).readResponse().bodyText(), 1, Integer::sum);
        }
        return counts;
    }

    /** Peak EWMA goes by latencies first, which are not equal here. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PEAK_EWMA")
    void everyStrategy_sharesByWeight_andTakesOtherWeightsFromAnUpdate(LoadBalancer.Strategy strategy) {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = fixture.start(fixture.to(weighted(strategy, Map.of(a, 3, b, 1))));
        RawClient client = fixture.client();
        assertThat(send(client, 80, get("/")).get("a")).isBetween(40, 76);

        // It drains: no requests, but the connection to it stays.
        update(proxy, weighted(strategy, Map.of(a, 0, b, 1)));
        assertThat(send(client, 20, get("/"))).containsOnlyKeys("b");

        update(proxy, weighted(strategy, Map.of(a, 1, b, 1)));
        assertThat(send(client, 100, get("/"))).containsOnlyKeys("a", "b");
        assertThat(a.connections()).isEqualTo(1);
        assertThat(b.connections()).isEqualTo(1);
    }

    private static void update(ReverseProxy proxy, UpstreamPool pool) {
        ProxyConfig now = proxy.config();
        ProxyConfig.Builder next = ProxyConfig.builder().pool(pool).failureHeader(true);
        now.listeners().forEach(next::listener);
        now.routes().forEach(next::route);
        proxy.update(next.build());
    }

    @Test
    void allTargetsDrained_isAnsweredWith503() {
        TestUpstream a = named("a");
        fixture.start(fixture.to(weighted(LoadBalancer.powerOfTwoChoices(), Map.of(a, 0))));
        RawResponse response = fixture.client().send(get("/")).readResponse();
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_UNAVAILABLE.name());
    }

    @ParameterizedTest
    @EnumSource(names = {"LEAST_REQUESTS", "POWER_OF_TWO_CHOICES", "PEAK_EWMA"})
    void targetThatHangs_getsNoMoreThanItHolds(LoadBalancer.Strategy strategy) {
        TestUpstream hangs = fixture.upstream(exchange -> {
            exchange.readHead();
            answer.acquire();
            exchange.write(TestUpstream.ok("late"));
        });
        TestUpstream quick = named("quick");
        fixture.start(fixture.to(pool(strategy, hangs, quick).build()));
        // One is with the target that hangs as soon as it was drawn; from then on that has more to do than the other.
        List<RawClient> clients = new ArrayList<>();
        while (hangs.requests().isEmpty()) {
            RawClient client = fixture.client();
            client.send(get("/"));
            clients.add(client);
            ProxyFixture.await(
                    "the request to arrive",
                    () -> hangs.requests().size() + quick.requests().size() == clients.size());
        }
        assertThat(send(fixture.client(), 50, get("/"))).containsOnlyKeys("quick");
        answer.release(clients.size());
        clients.forEach(RawClient::readResponse);
    }

    /** Errors that came quickly passed for quick answers, and drew nearly all requests. */
    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void peakEwma_isNotDrawnByQuickErrors(int status) {
        TestUpstream failing = fixture.answering("HTTP/1.1 " + status + " No\r\nContent-Length: 0\r\n\r\n");
        TestUpstream well = named("well");
        fixture.start(fixture.to(pool(LoadBalancer.peakEwma(), failing, well).build()));
        // That it fails is found out once.
        assertThat(send(fixture.client(), 50, get("/")).get("well")).isGreaterThanOrEqualTo(49);
    }

    @Test
    void peakEwma_staysAwayFromATargetThatWasSlow() {
        TestUpstream slow = fixture.upstream(exchange -> {
            exchange.readHead();
            if (exchange.connection() == 0 && exchange.number() == 0) {
                answer.acquire();
            }
            exchange.write(TestUpstream.ok("slow"));
        });
        TestUpstream quick = named("quick");
        fixture.start(fixture.to(pool(LoadBalancer.peakEwma(), slow, quick).build()));
        List<RawClient> clients = new ArrayList<>();
        while (slow.requests().isEmpty()) {
            RawClient client = fixture.client();
            clients.add(client);
            client.send(get("/"));
            ProxyFixture.await(
                    "the request to arrive",
                    () -> slow.requests().size() + quick.requests().size() == clients.size());
        }
        send(fixture.client(), 300, get("/"));
        answer.release();
        clients.forEach(RawClient::readResponse);
        assertThat(send(fixture.client(), 40, get("/")).get("quick")).isGreaterThan(30);
    }

    static Stream<Arguments> hashKeys() {
        return Stream.of(
                Arguments.of(HashKey.header("X-User"), "/", "X-User: %s"),
                Arguments.of(HashKey.cookie("user"), "/", "Cookie: a=b; user=%s"),
                Arguments.of(HashKey.query("user"), "/?a=b&user=%s", "Accept: */*"),
                Arguments.of(HashKey.attribute("user"), "/", "X-Attribute: %s"));
    }

    @ParameterizedTest
    @MethodSource("hashKeys")
    void consistentHash_sendsAKeyToOneTarget_andDifferentKeysToAll(HashKey key, String target, String field) {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        TestUpstream c = named("c");
        fixture.start(fixture.to(pool(LoadBalancer.consistentHash(key), a, b, c).build())
                .middleware((exchange, chain) -> {
                    exchange.request()
                            .headers()
                            .first("X-Attribute")
                            .ifPresent(value -> exchange.attribute("user", value));
                    return chain.proceed(exchange);
                }));
        RawClient client = fixture.client();
        Map<String, Integer> keys = new TreeMap<>();
        for (int i = 0; i < 30; i++) {
            String user = "user-" + i;
            String request = get(target.replace("%s", user), field.replace("%s", user));
            Map<String, Integer> targets = send(client, 3, request);
            assertThat(targets).hasSize(1);
            targets.keySet().forEach(name -> keys.merge(name, 1, Integer::sum));
        }
        assertThat(keys).containsOnlyKeys("a", "b", "c");
        // Without the key it is one at random.
        assertThat(send(client, 60, get("/"))).containsOnlyKeys("a", "b", "c");
    }

    @Test
    void clientAddress_isThatOfTheClient() {
        fixture.start(fixture.to(
                pool(LoadBalancer.consistentHash(HashKey.clientAddress()), named("a"), named("b"), named("c"))
                        .build()));
        Map<String, Integer> targets = send(fixture.client(), 5, get("/"));
        assertThat(targets).hasSize(1);
        assertThat(send(fixture.client(), 5, get("/"))).isEqualTo(targets);
    }

    // ---- one's own

    private ReverseProxy.Builder own(TargetPickerFactory factory) {
        return fixture.to(pool(LoadBalancer.ref("own"), named("a"), named("b")).build())
                .register("own", factory);
    }

    @Test
    void ownStrategy_isUsed_andOutlivesAnUpdate() {
        AtomicInteger made = new AtomicInteger();
        ReverseProxy proxy = fixture.start(own(pool -> {
            made.incrementAndGet();
            assertThat(pool.name()).isEqualTo("default");
            return (candidates, exchange) ->
                    exchange.request().headers().contains("X-Last") ? candidates.size() - 1 : 0;
        }));
        RawClient client = fixture.client();
        assertThat(send(client, 5, get("/"))).containsOnlyKeys("a");
        assertThat(send(client, 5, get("/", "X-Last: 1"))).containsOnlyKeys("b");
        update(proxy, proxy.config().pools().get(0).toBuilder().maxQueued(7).build());
        assertThat(send(client, 5, get("/", "X-Last: 1"))).containsOnlyKeys("b");
        assertThat(made).hasValue(1);
    }

    @Test
    void ownStrategyThatIsNotRegistered_isAProblem() {
        assertThatThrownBy(() -> own(pool -> (candidates, exchange) -> 0)
                        .pool(UpstreamPool.of("other", "http://b").toBuilder()
                                .loadBalancer(LoadBalancer.ref("owm"))
                                .build())
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("pools[0].loadBalancer.name: \"owm\" (pool \"other\") (expected: one of: own)");
    }

    static Stream<TargetPickerFactory> broken() {
        return Stream.of(
                pool -> (candidates, exchange) -> candidates.size(),
                pool -> (candidates, exchange) -> -1,
                pool -> (candidates, exchange) -> {
                    throw new IllegalStateException("broken");
                },
                pool -> null,
                pool -> {
                    throw new IllegalStateException("broken");
                });
    }

    @ParameterizedTest
    @MethodSource("broken")
    void ownStrategyThatIsBroken_failsTheRequestWith500(TargetPickerFactory factory) {
        fixture.start(own(factory));
        for (int i = 0; i < 2; i++) {
            RawResponse response = fixture.client().send(get("/")).readResponse();
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.header("Fairlead-Failure")).contains(FailureCode.INTERNAL_ERROR.name());
        }
    }
}
