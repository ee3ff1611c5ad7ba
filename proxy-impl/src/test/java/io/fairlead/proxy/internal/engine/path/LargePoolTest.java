package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Updates of a pool of so many targets that no thread may look at all of them for each. */
@Timeout(60)
class LargePoolTest {
    private static final int COUNT = 20_000;

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static List<Target> targets(int from) {
        return IntStream.range(from, from + COUNT)
                .mapToObj(i -> Target.of("http://10.0." + (i >> 8) + "." + (i & 255) + ":80"))
                .toList();
    }

    private static void update(ReverseProxy proxy, UnaryOperator<UpstreamPool.Builder> change) {
        ProxyConfig now = proxy.config();
        proxy.update(now.toBuilder()
                .replacePool(change.apply(now.pools().get(0).toBuilder()).build())
                .build());
    }

    /** Each change of the targets held the pool's I/O thread up for seconds, one with a slow start for most of a minute. */
    @Test
    void changeOfTwentyThousandTargets_holdsNoRequestUp() {
        AtomicInteger started = new AtomicInteger();
        ReverseProxy proxy = fixture.start(fixture.listening(ReverseProxy.builder()
                .pool(UpstreamPool.builder("large").targets(targets(0)).build())
                .route(Route.builder("own").respond(200, "own").build())
                .onTarget(event -> started.addAndGet(event.what() == TargetEvent.What.SLOW_START_BEGAN ? 1 : 0))));
        RawClient client = fixture.client();
        update(proxy, pool -> pool.slowStart(Duration.ofMinutes(5)).targets(targets(COUNT)));
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("own");
        ProxyFixture.await("the slow starts", () -> started.get() == COUNT);
        update(proxy, pool -> pool.slowStart(Duration.ZERO));
        update(proxy, pool -> pool.targets(targets(0)));
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("own");
    }
}
