package io.fairlead.benchmarks;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.forward.RequestComposer;
import io.fairlead.proxy.internal.http.HeadLimits;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.upstream.HostPolicy;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a request's head costs before any system call: parsing it with all checks of the guard, and composing the head that
 * goes upstream by the header policy. The request is a browser's, with ten fields.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class HeadBenchmark {

    private static final String REQUEST = "GET /catalog/items/4711?view=full&lang=en HTTP/1.1\r\n"
            + "Host: shop.example.com\r\n"
            + "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
            + "Accept-Language: en-US,en;q=0.5\r\n"
            + "Accept-Encoding: gzip, deflate, br, zstd\r\n"
            + "Connection: keep-alive\r\n"
            + "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
            + "Upgrade-Insecure-Requests: 1\r\n"
            + "Sec-Fetch-Mode: navigate\r\n"
            + "Priority: u=0, i\r\n"
            + "\r\n";

    private static final HeadLimits LIMITS = new HeadLimits(8192, 32768, 100);

    private final HeadParser parser = new HeadParser();
    private final RequestComposer composer = new RequestComposer(ForwardedHeaders.X_FORWARDED, true);
    private final InetSocketAddress peer = new InetSocketAddress("127.0.0.1", 50000);
    private ByteBuffer data;
    private IoWorker worker;
    private IoLoop loop;
    private RequestHead head;
    private byte[] authority;
    private byte[] connectionLines;

    @Setup
    public void setUp() {
        byte[] bytes = REQUEST.getBytes(StandardCharsets.ISO_8859_1);
        data = ByteBuffer.allocateDirect(bytes.length);
        data.put(bytes).flip();
        worker = new IoWorker("benchmark", 1);
        loop = worker.loops().get(0);
        authority = "10.0.0.1:8080".getBytes(StandardCharsets.ISO_8859_1);
        connectionLines = composer.connectionLines(peer, new InetSocketAddress("127.0.0.1", 8080), "http");
        parser.parseRequest(data, LIMITS);
        head = parser.request();
    }

    @TearDown
    public void tearDown() {
        worker.close();
    }

    @Benchmark
    public RequestHead parse() {
        if (parser.parseRequest(data, LIMITS) < 0) {
            throw new IllegalStateException(parser.detail());
        }
        return parser.request();
    }

    @Benchmark
    public int compose() {
        return composer.compose(
                loop, head, null, HostPolicy.PRESERVE, authority, connectionLines, peer, "http", false, 0, false, null);
    }
}
