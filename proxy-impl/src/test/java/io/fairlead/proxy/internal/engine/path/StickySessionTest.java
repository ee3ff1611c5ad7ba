package io.fairlead.proxy.internal.engine.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Drain;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.StickySession.WhenUnavailable;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients keep the target that answered them first, as long as it may be used. Requests go to the targets in turn otherwise. */
class StickySessionTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";
    private static final String OTHER_SECRET = "fedcba9876543210fedcba9876543210";
    private static final StickySession.Cookie COOKIE = StickySession.cookie("sid", SECRET);
    private static final StickySession.Cookie STRICT = COOKIE.withWhenUnavailable(WhenUnavailable.FAIL);

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private TestUpstream named(String name) {
        return fixture.answering(TestUpstream.ok(name));
    }

    private static UpstreamPool.Builder pool(StickySession sticky, TestUpstream... upstreams) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default")
                .loadBalancer(LoadBalancer.roundRobin())
                .stickySession(sticky);
        for (TestUpstream upstream : upstreams) {
            pool.target(upstream.url());
        }
        return pool;
    }

    private static void update(ReverseProxy proxy, UpstreamPool.Builder pool) {
        ProxyConfig now = proxy.config();
        ProxyConfig.Builder next = ProxyConfig.builder().pool(pool.build()).failureHeader(true);
        now.listeners().forEach(next::listener);
        now.routes().forEach(next::route);
        proxy.update(next.build());
    }

    private static String get(String... fields) {
        return "GET / HTTP/1.1\r\nHost: test\r\n" + String.join("\r\n", fields)
                + (fields.length == 0 ? "\r\n" : "\r\n\r\n");
    }

    private static String with(String token) {
        return get("Cookie: sid=" + token);
    }

    /** The token that an answer gives. */
    private static String token(RawResponse response) {
        String cookie = response.header("Set-Cookie").orElseThrow();
        assertThat(cookie).startsWith("sid=");
        return cookie.substring(4, cookie.indexOf(';'));
    }

    /** A token for the target with this name, from a client of its own. */
    private String tokenOf(String name) {
        RawClient client = fixture.client();
        for (int i = 0; i < 10; i++) {
            RawResponse response = client.send(get()).readResponse();
            if (response.bodyText().equals(name)) {
                return token(response);
            }
        }
        throw new AssertionError("no answer of " + name);
    }

    private RawResponse send(String request) {
        return fixture.client().send(request).readResponse();
    }

    private static void assertSame(RawResponse response, String name) {
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo(name);
        assertThat(response.header("Set-Cookie")).isEmpty();
    }

    /** Another target answered, and is told. */
    private static String assertMoved(RawResponse response, String name) {
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo(name);
        return token(response);
    }

    private static void assertUnavailable(RawResponse response) {
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_SESSION_UNAVAILABLE.name());
        // The session may go on when the target is back.
        assertThat(response.header("Set-Cookie")).isEmpty();
    }

    // ---- tokens to clients and back

    @Test
    void firstAnswer_setsACookieThatLeadsBack() {
        fixture.start(
                fixture.to(pool(COOKIE, named("a"), named("b"), named("c")).build()));
        RawResponse first = send(get());
        assertThat(first.headers("Set-Cookie")).hasSize(1);
        assertThat(first.header("Set-Cookie").orElseThrow())
                .matches("sid=[A-Za-z0-9_-]{22}; Path=/; HttpOnly; SameSite=Lax");
        RawClient client = fixture.client();
        for (int i = 0; i < 9; i++) {
            assertSame(client.send(with(token(first))).readResponse(), first.bodyText());
        }
    }

    @Test
    void cookieManagerOfTheJdk_staysAtItsTarget() throws Exception {
        UpstreamPool pool = pool(COOKIE.withMaxAge(Duration.ofHours(1)), named("a"), named("b"))
                .build();
        // The client cannot be closed on Java 17, so the proxy ends the connection.
        Timeouts timeouts = Timeouts.ofDefaults().withKeepAlive(Duration.ofSeconds(2));
        ReverseProxy proxy = fixture.start(fixture.to(pool).timeouts(timeouts));
        HttpClient client = HttpClient.newBuilder()
                .cookieHandler(new CookieManager())
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        URI uri = URI.create("http://127.0.0.1:" + proxy.addresses().get(0).getPort() + "/");
        Set<String> answers = new HashSet<>();
        for (int i = 0; i < 6; i++) {
            answers.add(client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body());
        }
        assertThat(answers).hasSize(1);
    }

    @Test
    void headerInPlaceOfACookie_leadsBackToo_andTargetsDoNotSeeIt() {
        TestUpstream a = named("a");
        fixture.start(fixture.to(
                pool(StickySession.header("X-Session", SECRET), a, named("b")).build()));
        RawResponse first = send(get());
        assertThat(first.bodyText()).isEqualTo("a");
        String token = first.header("X-Session").orElseThrow();
        for (int i = 0; i < 3; i++) {
            RawResponse next = send(get("x-session: " + token, "X-Other: 1"));
            assertThat(next.bodyText()).isEqualTo("a");
            assertThat(next.header("X-Session")).isEmpty();
        }
        assertThat(a.lastRequest().header("X-Session")).isEmpty();
        assertThat(a.lastRequest().header("X-Other")).contains("1");
    }

    @Test
    void cookieOfTheProxy_isTakenOutOfRequests_andOthersStay() {
        TestUpstream a = named("a");
        fixture.start(fixture.to(pool(COOKIE, a).build()));
        String token = tokenOf("a");
        send(get("Cookie: x=1; sid=" + token + "; y=2", "Cookie: sid=unknown", "Cookie: z=3"));
        assertThat(a.lastRequest().headers("Cookie")).containsExactly("x=1; y=2", "z=3");
        send(with(token));
        assertThat(a.lastRequest().headers("Cookie")).isEmpty();
    }

    @Test
    void fieldThatATargetNamesInConnection_isToldNevertheless() {
        String answer = "HTTP/1.1 200 OK\r\nConnection: X-Session, X-Hop\r\nX-Session: mine\r\nX-Hop: 1\r\n"
                + "Content-Length: 1\r\n\r\na";
        fixture.start(fixture.to(pool(StickySession.header("X-Session", SECRET), fixture.answering(answer))
                .build()));
        RawResponse first = send(get());
        assertThat(first.header("X-Session").orElseThrow()).hasSize(22);
        assertThat(first.header("X-Hop")).isEmpty();
    }

    @Test
    void cookieOfThisNameThatATargetSets_isTakenOutOfAnswers_andOthersStay() {
        String answer = "HTTP/1.1 200 OK\r\nSet-Cookie: sid=mine\r\nSet-Cookie: sid2=its\r\nContent-Length: 1\r\n\r\na";
        fixture.start(fixture.to(pool(COOKIE, fixture.answering(answer)).build()));
        RawResponse first = send(get());
        assertThat(first.headers("Set-Cookie")).hasSize(2).contains("sid2=its");
        String own = first.headers("Set-Cookie").get(1);
        RawResponse second = send(with(own.substring(4, own.indexOf(';'))));
        assertThat(second.headers("Set-Cookie")).containsExactly("sid2=its");
    }

    /** A target could give clients any token by an answer before its answer. */
    @Test
    void cookieOfThisNameInAnInterimAnswer_isTakenOutToo() {
        String answer = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: sid=mine\r\nSet-Cookie: sid2=its\r\nLink: </a>\r\n\r\n"
                + TestUpstream.ok("a");
        fixture.start(fixture.to(pool(COOKIE, fixture.answering(answer)).build()));
        RawResponse first = send(get());
        assertThat(first.bodyText()).isEqualTo("a");
        assertThat(first.interim()).hasSize(1);
        assertThat(first.interim().get(0).headers("Set-Cookie")).containsExactly("sid2=its");
        assertThat(first.interim().get(0).header("Link")).contains("</a>");
    }

    @Test
    void fieldOfThisNameInAnInterimAnswer_isTakenOutToo() {
        String answer = "HTTP/1.1 103 Early Hints\r\nX-Session: mine\r\nLink: </a>\r\n\r\n" + TestUpstream.ok("a");
        fixture.start(fixture.to(pool(StickySession.header("X-Session", SECRET), fixture.answering(answer))
                .build()));
        RawResponse first = send(get());
        assertThat(first.interim()).hasSize(1);
        assertThat(first.interim().get(0).header("X-Session")).isEmpty();
        assertThat(first.header("X-Session").orElseThrow()).hasSize(22);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "AAAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "======================",
                "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff"
            })
    void unknownToken_isNone(String token) {
        fixture.start(fixture.to(pool(STRICT, named("a"), named("b")).build()));
        RawClient client = fixture.client();
        assertMoved(client.send(with(token)).readResponse(), "a");
        assertMoved(client.send(with(token)).readResponse(), "b");
    }

    @Test
    void tokenThatIsCutOrChanged_isNone() {
        fixture.start(fixture.to(pool(STRICT, named("a")).build()));
        String token = tokenOf("a");
        assertSame(send(with(token)), "a");
        char last = token.charAt(21);
        for (String wrong : List.of(
                token.substring(1),
                token.substring(0, 21),
                token + "A",
                "\"" + token,
                (token.charAt(0) == 'A' ? "B" : "A") + token.substring(1),
                // The same bits, spelled in another way.
                token.substring(0, 21) + (char) (last + 1))) {
            assertMoved(send(with(wrong)), "a");
        }
    }

    /** As with the cookies of two pools under one host, or with one that has another path. */
    @Test
    void unknownTokenBesideAKnownOne_isPassedOver_andOfTwoTheFirstCounts() {
        fixture.start(fixture.to(pool(COOKIE, named("a"), named("b")).build()));
        String a = tokenOf("a");
        String b = tokenOf("b");
        assertSame(send(get("Cookie: sid=AAAAAAAAAAAAAAAAAAAAAA; sid=" + b)), "b");
        assertSame(send(get("Cookie: sid=AAAAAAAAAAAAAAAAAAAAAA", "Cookie: x=1; sid=" + b)), "b");
        assertSame(send(get("Cookie: sid=" + a + "; sid=" + b)), "a");
        // As clients write it that go by RFC 2965, the JDK's with a Max-Age among them.
        assertSame(send(get("Cookie: $Version=\"1\"; sid=\"" + b + "\";$Path=\"/\"")), "b");
    }

    @Test
    void tokenOfAnotherPool_isNone() {
        UpstreamPool one = pool(COOKIE, named("a")).build();
        TestUpstream b = named("b");
        UpstreamPool other = UpstreamPool.builder("other")
                .target(one.targets().get(0))
                .target(b.url())
                .loadBalancer(LoadBalancer.roundRobin())
                .stickySession(COOKIE)
                .build();
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("other")
                        .match(Match.path("/other"))
                        .to(other)
                        .build())
                .route(Route.builder("one").to(one).build()));
        String token = tokenOf("a");
        String toOther = with(token).replace("GET / ", "GET /other ");
        assertMoved(send(toOther), "a");
        assertMoved(send(toOther), "b");
    }

    @Test
    void answerThatPassesMiddlewareAndTransforms_startsASessionToo() {
        UpstreamPool pool = pool(COOKIE, named("a"), named("b")).build();
        Middleware passing = (exchange, chain) -> chain.proceed(exchange);
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("r")
                        .middleware(passing)
                        .transform(Transform.setResponseHeader("X-Edited", "1"))
                        .to(pool)
                        .build()));
        RawResponse first = send(get());
        assertThat(first.header("X-Edited")).contains("1");
        assertSame(send(with(token(first))), "a");
        assertSame(send(with(token(first))), "a");
    }

    @Test
    void cookieOverHttps_isSecure() {
        UpstreamPool pool = pool(COOKIE, named("a")).build();
        fixture.start(fixture.watched(ReverseProxy.to(pool))
                .listener(Listener.builder("127.0.0.1", 0)
                        .trustedProxies(new TrustedProxies(List.of("127.0.0.1/32")))
                        .build()));
        assertThat(send(get("X-Forwarded-Proto: https")).header("Set-Cookie").orElseThrow())
                .endsWith("; SameSite=Lax; Secure");
        assertThat(send(get("X-Forwarded-Proto: http")).header("Set-Cookie").orElseThrow())
                .endsWith("; SameSite=Lax");
    }

    @Test
    void cookieWithALifeTime_isToldAgainWithEachAnswer() {
        StickySession sticky = COOKIE.withMaxAge(Duration.ofMinutes(10))
                .withPath("/app")
                .withDomain("example.com")
                .withHttpOnly(false)
                .withSameSite(StickySession.SameSite.NONE)
                .withSecure(StickySession.Secure.ALWAYS);
        fixture.start(fixture.to(pool(sticky, named("a"), named("b")).build()));
        RawResponse first = send(get());
        assertThat(first.header("Set-Cookie").orElseThrow())
                .endsWith("; Path=/app; Domain=example.com; Max-Age=600; SameSite=None; Secure");
        RawResponse second = send(with(token(first)));
        assertThat(second.bodyText()).isEqualTo("a");
        assertThat(second.headers("Set-Cookie")).isEqualTo(first.headers("Set-Cookie"));
    }

    @Test
    void fourThreads_leadEachClientToItsTarget() throws Exception {
        TestUpstream[] upstreams = {named("a"), named("b"), named("c"), named("d")};
        fixture.start(fixture.to(pool(COOKIE, upstreams).build()).ioThreads(4));
        AtomicInteger stayed = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            // Connections go to the threads in turn, tokens do not.
            RawClient first = fixture.client();
            RawClient second = fixture.client();
            Thread thread = new Thread(() -> {
                RawResponse response = first.send(get()).readResponse();
                String token = token(response);
                for (int n = 0; n < 25; n++) {
                    RawResponse next =
                            (n % 2 == 0 ? first : second).send(with(token)).readResponse();
                    if (next.bodyText().equals(response.bodyText())
                            && next.header("Set-Cookie").isEmpty()) {
                        stayed.incrementAndGet();
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(20));
        }
        assertThat(stayed.get()).isEqualTo(8 * 25);
    }

    // ---- updates, and other proxies

    @Test
    void updateOfThePool_keepsSessions() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = fixture.start(fixture.to(pool(COOKIE, a, b).build()));
        String token = tokenOf("b");
        update(proxy, pool(COOKIE, named("c"), b, a).maxQueued(5));
        assertSame(send(with(token)), "b");
        // Other attributes do not change tokens either.
        update(proxy, pool(COOKIE.withPath("/x"), named("c"), b, a));
        assertSame(send(with(token)), "b");
    }

    @Test
    void anotherProxyWithTheSecret_understandsTheToken() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        fixture.start(fixture.to(pool(COOKIE, a, b).build()));
        String token = tokenOf("b");
        fixture.start(fixture.to(pool(COOKIE, a, b).build()));
        assertSame(send(with(token)), "b");
        assertSame(send(with(token)), "b");
        fixture.start(
                fixture.to(pool(StickySession.cookie("sid", OTHER_SECRET), a, b).build()));
        assertMoved(send(with(token)), "a");
    }

    @Test
    void acceptedSecret_keepsTheSessionAndBringsANewToken() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = fixture.start(fixture.to(pool(STRICT, a, b).build()));
        String before = tokenOf("b");
        StickySession.Cookie other = StickySession.cookie("sid", OTHER_SECRET);
        update(proxy, pool(other.withAcceptedSecrets(List.of(SECRET)), a, b));
        String after = assertMoved(send(with(before)), "b");
        assertThat(after).isNotEqualTo(before);
        assertSame(send(with(after)), "b");
        update(proxy, pool(other, a, b));
        assertSame(send(with(after)), "b");
        token(send(with(before)));
    }

    @Test
    void sessionsSwitchedOff_areForgotten() {
        TestUpstream a = named("a");
        ReverseProxy proxy = fixture.start(fixture.to(pool(COOKIE, a).build()));
        String token = tokenOf("a");
        update(proxy, UpstreamPool.builder("default").target(a.url()));
        assertSame(send(with(token)), "a");
        assertThat(a.lastRequest().header("Cookie")).contains("sid=" + token);
        assertSame(send(get()), "a");
    }

    // ---- targets that may not be used

    @ParameterizedTest
    @EnumSource
    void weightZero_keepsOldSessionsAndGetsNoNewOnes(WhenUnavailable policy) {
        StickySession sticky = COOKIE.withWhenUnavailable(policy);
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = fixture.start(fixture.to(pool(sticky, a, b).build()));
        String token = tokenOf("a");
        proxy.setWeight("default", a.url(), 0);
        for (int i = 0; i < 4; i++) {
            assertSame(send(with(token)), "a");
            assertMoved(send(get()), "b");
        }
    }

    @Test
    void targetOfAnotherTier_keepsItsSessions() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        ReverseProxy proxy = fixture.start(fixture.to(pool(COOKIE, a, b).build()));
        String token = tokenOf("b");
        update(proxy, pool(COOKIE, a).target(Target.builder(b.url()).priority(1).build()));
        assertSame(send(with(token)), "b");
        assertMoved(send(get()), "a");
        assertMoved(send(get()), "a");
    }

    @Test
    void targetDrainedByHand_losesItsSessions() {
        TestUpstream a = named("a");
        ReverseProxy proxy =
                fixture.start(fixture.to(pool(COOKIE, a, named("b")).build()));
        String token = tokenOf("a");
        Drain drain = proxy.drainTarget("default", a.url(), Duration.ofSeconds(5));
        String moved = assertMoved(send(with(token)), "b");
        drain.undo();
        assertSame(send(with(moved)), "b");
        assertSame(send(with(token)), "a");
    }

    @Test
    void strictSessionOfADrainedTarget_waitsUntilItIsBack() {
        TestUpstream a = named("a");
        ReverseProxy proxy =
                fixture.start(fixture.to(pool(STRICT, a, named("b")).build()));
        String token = tokenOf("a");
        Drain drain = proxy.drainTarget("default", a.url(), Duration.ofSeconds(5));
        RawResponse refused = send(with(token));
        assertUnavailable(refused);
        assertThat(refused.header("Retry-After")).isEmpty();
        assertMoved(send(get()), "b");
        drain.undo();
        assertSame(send(with(token)), "a");
    }

    /** Nobody can tell the token of a target that was there from one that was made up, and it must not lock a client out. */
    @Test
    void strictSessionOfARemovedTarget_isOver() {
        TestUpstream a = named("a");
        ReverseProxy proxy =
                fixture.start(fixture.to(pool(STRICT, a, named("b")).build()));
        String token = tokenOf("a");
        proxy.removeTarget("default", a.url());
        assertMoved(send(with(token)), "b");
    }

    @Test
    void targetThatDies_losesItsSessions() {
        TestUpstream a = named("a");
        fixture.start(fixture.to(pool(COOKIE, a, named("b")).build()));
        String token = tokenOf("a");
        a.close();
        String moved = assertMoved(send(with(token)), "b");
        assertSame(send(with(moved)), "b");
    }

    @Test
    void strictSessionOfATargetThatDies_failsWithWhatWentWrong() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        fixture.start(fixture.to(pool(STRICT, a, b).build()));
        String token = tokenOf("a");
        a.close();
        int before = b.requests().size();
        RawResponse response = send(with(token));
        assertThat(response.status()).isEqualTo(502);
        // A connection may have been in its queue when it stopped listening.
        assertThat(response.header("Fairlead-Failure"))
                .get()
                .isIn(FailureCode.UPSTREAM_CONNECT_FAILED.name(), FailureCode.UPSTREAM_CLOSED.name());
        assertThat(b.requests()).hasSize(before);
    }

    @Test
    void statusThatIsRetried_movesASession() {
        TestUpstream a = fixture.answering(
                TestUpstream.ok("a"), "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", TestUpstream.ok("a"));
        RetryPolicy retry = RetryPolicy.builder().statuses(503).build();
        fixture.start(fixture.to(pool(COOKIE, a, named("b")).retry(retry).build()));
        String token = tokenOf("a");
        assertMoved(send(with(token)), "b");
    }

    @Test
    void statusThatIsRetried_leavesAStrictSession() {
        TestUpstream a = fixture.answering(
                TestUpstream.ok("a"), "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", TestUpstream.ok("a"));
        RetryPolicy retry = RetryPolicy.builder().statuses(503).build();
        fixture.start(fixture.to(pool(STRICT, a, named("b")).retry(retry).build()));
        String token = tokenOf("a");
        assertThat(send(with(token)).bodyText()).isEqualTo("busy");
        assertSame(send(with(token)), "a");
        assertThat(a.requests()).hasSize(3);
    }

    @Test
    void strictSessionWithRetriesOnTheSameTarget_triesThatAgain() {
        TestUpstream a = fixture.answering(
                TestUpstream.ok("a"), "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", TestUpstream.ok("a"));
        RetryPolicy retry = RetryPolicy.builder()
                .statuses(503)
                .sameTarget(true)
                .backoff(Duration.ofMillis(1))
                .build();
        fixture.start(fixture.to(pool(STRICT, a, named("b")).retry(retry).build()));
        assertSame(send(with(tokenOf("a"))), "a");
        assertThat(a.requests()).hasSize(3);
    }

    @ParameterizedTest
    @EnumSource
    void slowTarget_keepsItsSessionsInSpiteOfHedging(WhenUnavailable policy) {
        Semaphore answer = new Semaphore(1);
        TestUpstream a = fixture.upstream(exchange -> {
            exchange.target();
            answer.acquire();
            exchange.write(TestUpstream.ok("a"));
        });
        TestUpstream b = named("b");
        RetryPolicy retry =
                RetryPolicy.builder().hedgeAfter(Duration.ofMillis(30)).build();
        fixture.start(fixture.to(
                pool(COOKIE.withWhenUnavailable(policy), a, b).retry(retry).build()));
        String token = tokenOf("a");
        RawClient bound = fixture.client().send(with(token));
        a.awaitHeads(2);
        // A request without a session that comes later is hedged, and so the time for the first one is over.
        assertMoved(send(get()), "b");
        RawClient free = fixture.client().send(get());
        a.awaitHeads(3);
        assertMoved(free.readResponse(), "b");
        answer.release(2);
        assertSame(bound.readResponse(), "a");
    }

    @Test
    void targetAtItsLimit_losesASession() {
        assertMoved(whileTheTargetIsAtItsLimit(COOKIE), "b");
    }

    @Test
    void strictSessionOfATargetAtItsLimit_isToldToComeAgain() {
        RawResponse refused = whileTheTargetIsAtItsLimit(STRICT);
        assertUnavailable(refused);
        assertThat(refused.header("Retry-After")).contains("1");
    }

    private RawResponse whileTheTargetIsAtItsLimit(StickySession sticky) {
        Semaphore answer = new Semaphore(1);
        TestUpstream a = fixture.upstream(exchange -> {
            exchange.target();
            answer.acquire();
            exchange.write(TestUpstream.ok("a"));
        });
        fixture.start(fixture.to(pool(sticky, a, named("b"))
                .targetConcurrency(ConcurrencyLimit.of(1))
                .build()));
        String token = tokenOf("a");
        RawClient first = fixture.client().send(with(token));
        a.awaitHeads(2);
        RawResponse response = send(with(token));
        answer.release();
        assertSame(first.readResponse(), "a");
        return response;
    }

    private ReverseProxy withBreakers(StickySession sticky) {
        TestUpstream a = fixture.answering(
                TestUpstream.ok("a"), "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", TestUpstream.ok("a"));
        CircuitBreaker breaker = CircuitBreaker.builder()
                .windowCalls(2)
                .minimumCalls(2)
                .openDuration(Duration.ofMinutes(2))
                .build();
        return fixture.start(fixture.to(
                pool(sticky, a, named("b")).targetCircuitBreaker(breaker).build()));
    }

    @Test
    void targetWithAnOpenBreaker_losesItsSessions() {
        withBreakers(COOKIE);
        String token = tokenOf("a");
        assertThat(send(with(token)).bodyText()).isEqualTo("oops");
        assertMoved(send(with(token)), "b");
    }

    @Test
    void strictSessionOfATargetWithAnOpenBreaker_isToldWhenToComeAgain() {
        ReverseProxy proxy = withBreakers(STRICT);
        String url = proxy.pools().get(0).targets().get(0).url();
        String token = tokenOf("a");
        assertThat(send(with(token)).bodyText()).isEqualTo("oops");
        RawResponse refused = send(with(token));
        assertUnavailable(refused);
        assertThat(Integer.parseInt(refused.header("Retry-After").orElseThrow()))
                .isBetween(100, 120);
        proxy.circuitBreaker("default", url, CircuitBreaker.State.CLOSED);
        assertSame(send(with(token)), "a");
    }

    @Test
    void unhealthyTarget_keepsItsSessionsOnlyInPanic() {
        TestUpstream a = named("a");
        TestUpstream b = named("b");
        fixture.start(fixture.to(pool(STRICT, a, b).build()));
        String token = tokenOf("b");
        HealthCheck unchecked = HealthCheck.builder("/")
                .usableBeforeFirstCheck(false)
                .expectStatus(299, 299)
                .build();
        fixture.start(fixture.to(pool(STRICT, a, b).healthCheck(unchecked).build()));
        assertSame(send(with(token)), "b");
        fixture.start(fixture.to(
                pool(STRICT, a, b).healthCheck(unchecked).panicThreshold(0).build()));
        assertUnavailable(send(with(token)));
        fixture.start(fixture.to(pool(COOKIE)
                .target(b.url())
                .target(Target.of(a.url()))
                .healthCheck(unchecked)
                .panicThreshold(0)
                .build()));
        assertThat(send(with(token)).header("Fairlead-Failure")).contains(FailureCode.UPSTREAM_UNAVAILABLE.name());
    }
}
