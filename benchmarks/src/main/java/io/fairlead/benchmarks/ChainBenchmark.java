package io.fairlead.benchmarks;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.FallbackPlan;
import io.fairlead.proxy.internal.engine.exchange.MiddlewarePlan;
import io.fairlead.proxy.internal.engine.exchange.NamedMiddleware;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.exchange.RoutePlan;
import io.fairlead.proxy.internal.engine.exchange.Snapshot;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.forward.ReplayMemory;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.http.HeadLimits;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole exchange without sockets, on its own I/O thread: route, middleware, a functional upstream that answers at once,
 * response. The difference between two counts of lambdas is what one costs; {@code -prof gc} shows what it allocates.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class ChainBenchmark {

    private static final int BATCH = 1_000;

    @Param({"0", "1", "4"})
    public int lambdas;

    private IoWorker worker;
    private IoLoop loop;
    private Snapshot snapshot;
    private EngineServices services;
    private RequestHead head;
    private IdleStream stream;

    @Setup
    public void setUp() {
        worker = new IoWorker("benchmark", 1);
        loop = worker.loops().get(0);
        stream = new IdleStream(loop);
        services = new EngineServices(List.of(), new BlockingExecutor("benchmark"));
        // It only goes on: what a middleware does itself is its own cost.
        Middleware lambda = (exchange, chain) -> chain.proceed(exchange);
        List<NamedMiddleware> middleware = new ArrayList<>();
        for (int i = 0; i < lambdas; i++) {
            middleware.add(new NamedMiddleware("lambda-" + i, lambda));
        }
        RoutePlan plan = new RoutePlan(
                "r",
                new MiddlewarePlan(middleware),
                TransformPlan.compile(List.of(), Map.of()),
                Timeouts.ofDefaults(),
                -1,
                null,
                null,
                null,
                request -> CompletableFuture.completedFuture(Response.of(204)),
                null,
                FallbackPlan.NONE,
                ErrorPages.NONE,
                false);
        snapshot = new Snapshot(
                ProxyConfig.builder().build(),
                RouteTable.compile(List.of(Route.builder("r").respond(204, "").build())),
                List.of(plan),
                new MiddlewarePlan(List.of()),
                new RequestComposer(ForwardedHeaders.X_FORWARDED, true),
                new ReplayMemory(0),
                ErrorPages.NONE);
        ByteBuffer data = ByteBuffer.wrap(
                "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        HeadParser parser = new HeadParser();
        parser.parseRequest(data, new HeadLimits(8192, 32768, 100));
        head = parser.request();
    }

    @TearDown
    public void tearDown() {
        worker.close();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long exchange() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        loop.execute(() -> {
            for (int i = 0; i < BATCH; i++) {
                ProxyExchange exchange = new ProxyExchange(stream, head, snapshot, services, null);
                exchange.start();
                exchange.responseSent(204);
            }
            done.countDown();
        });
        done.await();
        if (stream.responses() == 0) {
            throw new IllegalStateException("nothing was answered");
        }
        return stream.responses();
    }
}
