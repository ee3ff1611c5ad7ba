package io.fairlead.benchmarks;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.MiddlewarePlan;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.exchange.Snapshot;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.forward.ReplayMemory;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.http.HeadLimits;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.traffic.SplitChooser;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.upstream.Upstream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What the choice of a share costs for a request of a browser with eleven fields and three cookies. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(1)
public class SplitBenchmark {

    private static final Upstream STABLE = Upstream.ref("stable");
    private static final Upstream CANARY = Upstream.ref("canary");

    @Param({"random", "header", "cookie", "clientAddress", "stickyCookie", "override", "newCookie"})
    public String by;

    private IoWorker worker;
    private SplitChooser chooser;
    private ProxyExchange exchange;

    @Setup
    public void setUp() {
        Split.Builder split = Split.builder().share(STABLE, 9_999).share(CANARY, 1);
        switch (by) {
            case "header" -> split.stickyBy(HashKey.header("X-User"));
            case "cookie" -> split.stickyBy(HashKey.cookie("session"));
            case "clientAddress" -> split.stickyBy(HashKey.clientAddress());
            case "stickyCookie" -> split.stickyCookie("side", Duration.ofDays(30));
            case "newCookie" -> split.stickyCookie("other", Duration.ofDays(30));
            case "override" ->
                split.overrideHeader("X-Canary", "always", CANARY).overrideCookie("canary", "always", CANARY);
            default -> {}
        }
        chooser = new SplitChooser(split.build(), "shop");
        worker = new IoWorker("benchmark", 1);
        IoLoop loop = worker.loops().get(0);
        ByteBuffer data = ByteBuffer.wrap(("GET /catalog/items/17 HTTP/1.1\r\nHost: shop.example.com\r\n"
                        + "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
                        + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
                        + "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
                        + "Referer: https://shop.example.com/catalog\r\nConnection: keep-alive\r\n"
                        + "Cookie: theme=dark; session=6f1c8d9ab3e24f70; side=00c0ffee00c0ffee\r\n"
                        + "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nX-User: user-4711\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        HeadParser parser = new HeadParser();
        parser.parseRequest(data, new HeadLimits(8192, 32768, 100));
        Snapshot snapshot = new Snapshot(
                ProxyConfig.builder().build(),
                RouteTable.compile(List.of()),
                List.of(),
                new MiddlewarePlan(List.of()),
                new RequestComposer(ForwardedHeaders.X_FORWARDED, true),
                new ReplayMemory(0),
                ErrorPages.NONE);
        exchange = new ProxyExchange(
                new IdleStream(loop),
                parser.request(),
                snapshot,
                new EngineServices(List.of(), new BlockingExecutor("benchmark")),
                null);
    }

    @TearDown
    public void tearDown() {
        worker.close();
    }

    @Benchmark
    public int choose() {
        int place = chooser.overridden(exchange);
        if (place >= 0) {
            return place;
        }
        long key = chooser.key(exchange);
        if (key == SplitChooser.NO_KEY && chooser.givesKeys()) {
            key = chooser.newKey();
            return chooser.place(key) + chooser.setCookie(key, true).length();
        }
        return chooser.place(key);
    }
}
