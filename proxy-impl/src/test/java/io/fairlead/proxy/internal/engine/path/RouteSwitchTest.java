package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Drain;
import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A route that is sent to another pool at one moment. */
@Timeout(60)
class RouteSwitchTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String SLOW = "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final CountDownLatch goOn = new CountDownLatch(1);

    private final TestUpstream blue = fixture.upstream(exchange -> {
        exchange.readHead();
        if (exchange.target().equals("/slow")) {
            goOn.await();
        }
        exchange.write(TestUpstream.ok("blue"));
    });

    private final TestUpstream green = fixture.answering(TestUpstream.ok("green"));

    private ReverseProxy start() {
        return fixture.start(fixture.listening(ReverseProxy.builder()
                        .pool(UpstreamPool.of("blue", blue.url()))
                        .pool(UpstreamPool.of("green", green.url()))
                        .route(Route.builder("fixed")
                                .match(Match.path("/fixed"))
                                .respond(200, "fixed")
                                .build())
                        .route(Route.builder("shop").to(Upstream.ref("blue")).build()))
                .ioThreads(2));
    }

    private static String body(RawClient client) {
        return client.send(GET).readResponse().bodyText();
    }

    @Test
    void switchedRoute_goesThereAtOnceWhileTheFormerPoolFinishesAndGoesBack() throws Exception {
        ReverseProxy proxy = start();
        RawClient client = fixture.client();
        assertThat(body(client)).isEqualTo("blue");
        RawClient slow = fixture.client().send(SLOW);
        blue.awaitHeads(2);

        Drain drain = proxy.switchRoute("shop", "green", LONG);
        assertThat(body(client)).isEqualTo("green");
        assertThat(proxy.config().routes().get(1).action().orElseThrow())
                .hasToString("To[upstream=UpstreamRef[name=green]]");
        assertThat(drain.isOver()).isFalse();
        LeakCheck.awaitThreads(proxy);
        goOn.countDown();
        assertThat(slow.readResponse().bodyText()).isEqualTo("blue");
        assertThat(drain.await()).matches(DrainReport::isClean).returns(1, DrainReport::finished);
        // New requests are not those of the drain.
        assertThat(body(slow)).isEqualTo("green");

        drain.undo();
        assertThat(body(client)).isEqualTo("blue");
        drain.undo();
        assertThat(body(client)).isEqualTo("blue");
    }

    @Test
    void switchToAPoolThatDoesNotGoWithTheRoute_isRefused() {
        StickySession session = StickySession.cookie("sid", "0123456789abcdef0123456789abcdef");
        UpstreamPool spare = UpstreamPool.builder("spare")
                .target(green.url())
                .stickySession(session)
                .build();
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder()
                .pool(UpstreamPool.builder("green")
                        .target(green.url())
                        .stickySession(session)
                        .build())
                .route(Route.builder("shop")
                        .to(UpstreamPool.of("blue", blue.url()))
                        .fallback(Fallback.to(spare))
                        .build())));
        ProxyConfig before = proxy.config();
        assertThatThrownBy(() -> proxy.switchRoute("shop", "green", LONG)).isInstanceOf(ConfigurationException.class);
        assertThat(proxy.config()).isSameAs(before);
        assertThat(body(fixture.client())).isEqualTo("blue");
    }

    @Test
    void switchWhoseTimeIsOver_cutsWhatTheFormerPoolHas() throws Exception {
        ReverseProxy proxy = start();
        RawClient slow = fixture.client().send(SLOW);
        blue.awaitHeads(1);
        DrainReport report =
                proxy.switchRoute("shop", "green", Duration.ofMillis(50)).await();
        assertThat(report.cuts()).extracting(DrainReport.Cut::path).containsExactly("/slow");
        assertThat(slow.readResponse().header("Fairlead-Failure")).contains("DRAIN_TIMEOUT");
        assertThat(body(fixture.client())).isEqualTo("green");
        goOn.countDown();
    }

    @Test
    void switchBackWhileTheDrainGoesOn_keepsWhatBeganAfterIt() throws Exception {
        ReverseProxy proxy = start();
        RawClient before = fixture.client().send(SLOW);
        blue.awaitHeads(1);
        Drain toGreen = proxy.switchRoute("shop", "green", Duration.ofMillis(500));
        proxy.switchRoute("shop", "blue", LONG);
        RawClient after = fixture.client().send(SLOW);
        assertOnlyTheFormerIsCut(toGreen, before, after);
    }

    @Test
    void drainedRouteThatIsRemovedAndBroughtBack_keepsWhatBeganAfterThat() throws Exception {
        ReverseProxy proxy = start();
        RawClient before = fixture.client().send(SLOW);
        blue.awaitHeads(1);
        Drain drain = proxy.drainRoute("shop", Duration.ofMillis(500));
        ProxyConfig all = proxy.config();
        ProxyConfig.Builder without =
                ProxyConfig.builder().failureHeader(true).route(all.routes().get(0));
        all.listeners().forEach(without::listener);
        all.pools().forEach(without::pool);
        proxy.update(without.build());
        proxy.update(all);
        RawClient after = fixture.client().send(SLOW);
        assertOnlyTheFormerIsCut(drain, before, after);
    }

    private void assertOnlyTheFormerIsCut(Drain drain, RawClient before, RawClient after) throws Exception {
        blue.awaitHeads(2);
        assertThat(drain.await().cut()).isEqualTo(1);
        assertThat(before.readResponse().header("Fairlead-Failure")).contains("DRAIN_TIMEOUT");
        goOn.countDown();
        assertThat(after.readResponse().bodyText()).isEqualTo("blue");
    }

    @Test
    void undoAfterAnUpdateThatSentTheRouteElsewhere_changesNothing() {
        ReverseProxy proxy = start();
        Drain toGreen = proxy.switchRoute("shop", "green", LONG);
        Drain toBlue = proxy.switchRoute("shop", "blue", LONG);
        toGreen.undo();
        assertThat(body(fixture.client())).isEqualTo("blue");
        toBlue.undo();
        assertThat(body(fixture.client())).isEqualTo("green");
    }

    @Test
    void undoAgainAfterALaterSwitchToTheSamePool_changesNothing() {
        ReverseProxy proxy = start();
        Drain first = proxy.switchRoute("shop", "green", LONG);
        first.undo();
        proxy.switchRoute("shop", "green", LONG);
        first.undo();
        assertThat(body(fixture.client())).isEqualTo("green");
    }

    /** It put a configuration in force that no update was taken for any more. */
    @Test
    void undoThatWouldNotBeValid_isRefusedUntilItIs() throws Exception {
        StickySession session = StickySession.cookie("sid", "0123456789abcdef0123456789abcdef");
        UpstreamPool spare = UpstreamPool.builder("spare")
                .target(green.url())
                .stickySession(session)
                .build();
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder()
                .pool(UpstreamPool.builder("blue")
                        .target(blue.url())
                        .stickySession(session)
                        .build())
                .pool(UpstreamPool.of("green", green.url()))
                .pool(spare)
                .route(Route.builder("shop").to(Upstream.ref("blue")).build())));
        RawClient slow = fixture.client().send(SLOW);
        blue.awaitHeads(1);
        Drain drain = proxy.switchRoute("shop", "green", LONG);
        ProxyConfig switched = proxy.config();
        proxy.update(switched.toBuilder()
                .replaceRoute(switched.routes().get(0).toBuilder()
                        .fallback(Fallback.to(Upstream.ref("spare")))
                        .build())
                .build());
        ProxyConfig before = proxy.config();
        assertThatThrownBy(drain::undo).isInstanceOf(ConfigurationException.class);
        assertThat(proxy.config()).isSameAs(before);
        assertThat(drain.isOver()).isFalse();

        proxy.update(switched);
        drain.undo();
        goOn.countDown();
        assertThat(drain.await()).matches(DrainReport::isClean);
        assertThat(slow.readResponse().bodyText()).isEqualTo("blue");
        assertThat(body(fixture.client())).isEqualTo("blue");
    }

    @Test
    void switchOfWhatIsNotThere_isRefused() {
        ReverseProxy proxy = start();
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.switchRoute("nope", "green", LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.switchRoute("shop", "nope", LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.switchRoute("fixed", "green", LONG));
    }
}
