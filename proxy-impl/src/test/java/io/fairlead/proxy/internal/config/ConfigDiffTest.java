package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ConfigDiffTest {

    private static Route route(String id, String path) {
        return Route.builder(id).match(Match.path(path)).respond(200, "").build();
    }

    @Test
    void differences_giveALineEach() {
        ProxyConfig from = ProxyConfig.builder()
                .listener(Listener.http(80))
                .pool(UpstreamPool.of("old", "http://a"))
                .pool(UpstreamPool.of("kept", "http://a"))
                .route(route("a", "/a"))
                .route(route("b", "/b"))
                .build();
        ProxyConfig to = ProxyConfig.builder()
                .listener(Listener.http("::1", 80))
                .pool(UpstreamPool.builder("kept")
                        .target("http://b")
                        .maxQueued(5)
                        .build())
                .pool(UpstreamPool.of("new", "http://a"))
                .route(route("b", "/b/**"))
                .route(route("a", "/a"))
                .timeouts(Timeouts.ofDefaults().withConnect(Duration.ofSeconds(2)))
                .via(false)
                .build();
        assertThat(ConfigDiff.diff(from, to))
                .containsExactly(
                        "listener 0.0.0.0:80: removed",
                        "listener [::1]:80: added",
                        "pool \"old\": removed",
                        "pool \"kept\": changed targets ([\"http://a\"] -> [\"http://b\"]), maxQueued (1024 -> 5)",
                        "pool \"new\": added",
                        "route \"b\": changed match ({\"path\":\"/b\"} -> {\"path\":\"/b/**\"})",
                        "routes: now in the order \"b\", \"a\"",
                        "timeouts.connect: \"5s\" -> \"2s\"",
                        "via: true -> false");
    }

    @Test
    void changedRateLimit_isToldWithItsOldAndNewForm() {
        RateLimit limit = RateLimit.of(10, Duration.ofSeconds(1));
        assertThat(ConfigDiff.diff(limited(limit), limited(limit.burst(20))))
                .containsExactly(
                        "route \"a\": changed middleware ([{\"type\":\"rateLimit\",\"limits\":[{\"permits\":10,"
                                + "\"period\":\"1s\"}],\"by\":[],\"missingKey\":\"shared\",\"exempt\":... -> [{\"type\":\"rateLimit\","
                                + "\"limits\":[{\"permits\":10,\"period\":\"1s\",\"burst\":20}],\"by\":[],\"missingKey\":\"shared...)");
        assertThat(ConfigDiff.diff(limited(limit), limited(limit.burst(10)))).isEmpty();
    }

    /** The weight that changed would stand behind the end of what is shown. */
    @Test
    void changedShareOfALongSplit_isToldFromWhereItDiffers() {
        assertThat(ConfigDiff.diff(divided(1), divided(500)))
                .containsExactly("route \"a\": changed split (...d\",\"weight\":100},{\"to\":\"third\",\"weight\":1}],"
                        + "\"overrides\":[]} -> "
                        + "...d\",\"weight\":100},{\"to\":\"third\",\"weight\":500}],\"overrides\":[]})");
    }

    private static ProxyConfig divided(int weight) {
        return ProxyConfig.builder()
                .route(Route.builder("a")
                        .split(Split.builder()
                                .share(Upstream.ref("first"), 100)
                                .share(Upstream.ref("second"), 100)
                                .share(Upstream.ref("third"), weight)
                                .build())
                        .build())
                .build();
    }

    private static ProxyConfig limited(RateLimit limit) {
        return ProxyConfig.builder()
                .route(Route.builder("a").middleware(limit).respond(200, "").build())
                .build();
    }

    @Test
    void equalConfigurations_giveNoLineAndOthersDo() {
        Seeds.run(300, random -> {
            ProxyConfig one = new RandomConfig(random).config();
            ProxyConfig other = new RandomConfig(random).config();
            assertThat(ConfigDiff.diff(one, ConfigJson.read(ConfigJson.write(one))))
                    .isEmpty();
            assertThat(ConfigDiff.diff(one, other).isEmpty()).isEqualTo(one.equals(other));
        });
    }
}
