package io.fairlead.benchmarks;

import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.internal.balancer.SessionField;
import io.fairlead.proxy.internal.balancer.SessionTokens;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a sticky session adds to a request: its target is found by the token, and the token is left out of what goes
 * upstream. The request has eight fields, and its Cookie field three cookies of 200 bytes in all; the last one is the token.
 *
 * <p>{@code java -jar benchmarks/target/benchmarks.jar StickyBenchmark -prof gc}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class StickyBenchmark {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    @Param({"10", "1000"})
    public int targets;

    @Param({"cookie", "header"})
    public String carrier;

    private final byte[] to = new byte[4096];
    private SessionField field;
    private SessionTokens<String> tokens;
    private HeaderBlock known;
    private HeaderBlock unknown;

    @Setup(Level.Trial)
    public void setUp() {
        boolean cookie = carrier.equals("cookie");
        field = new SessionField(
                cookie ? StickySession.cookie("session", SECRET) : StickySession.header("X-Session", SECRET));
        Map<String, String> all = new HashMap<>();
        for (int i = 0; i < targets; i++) {
            String url = "http://10.0.0." + i + ":8080";
            all.put(SessionTokens.token(SECRET, "pool", url), url);
        }
        tokens = new SessionTokens<>(all);
        known = request(cookie, all.keySet().iterator().next());
        unknown = request(cookie, "AAAAAAAAAAAAAAAAAAAAAA");
    }

    private static HeaderBlock request(boolean cookie, String token) {
        HeaderBlock fields = new HeaderBlock();
        for (int i = 0; i < 6; i++) {
            fields.add("X-Field-" + i, "value of the field");
        }
        String others = "consent=" + "c".repeat(80) + "; _ga=" + "g".repeat(80);
        fields.add("Cookie", cookie ? others + "; session=" + token : others);
        fields.add("X-Session", cookie ? "none" : token);
        return fields;
    }

    @Benchmark
    public String find() {
        return field.find(known, tokens);
    }

    @Benchmark
    public String findUnknown() {
        return field.find(unknown, tokens);
    }

    /** As the composer does it with the fields of the request. */
    @Benchmark
    public int writeOthers() {
        return field.isIn(known) ? field.writeOthers(known, to, 0, 0) : known.writeTo(to, 0, 0);
    }

    /** The same without sticky sessions, to compare with. */
    @Benchmark
    public int writeAll() {
        return known.writeTo(to, 0, 0);
    }
}
