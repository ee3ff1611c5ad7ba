package io.fairlead.benchmarks;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.route.RouteMatch;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * A lookup among 10,000 routes: 2,000 hosts of which 10 % are wildcards, five routes each; 40 % exact paths, 30 %
 * prefixes, 25 % templates, 5 % regular expressions; 20 % ask for a header too.
 *
 * <p>{@code java -jar benchmarks/target/benchmarks.jar RouteTableBenchmark -prof gc} shows what a lookup allocates.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class RouteTableBenchmark {

    private static final int ROUTES = 10_000;
    private static final int HOSTS = 2_000;
    private static final int REQUESTS = 1 << 14;
    private static final int TENANTS = 7;
    /**
     * One set a tenant and one of none: in a server the fields have just been parsed, so a request that is read from
     * main memory would be charged for what no lookup pays. The table is what does not fit into the caches.
     */
    private static final Headers[] HEADERS = new Headers[TENANTS + 1];

    static {
        for (int i = 0; i <= TENANTS; i++) {
            HEADERS[i] = headers(i == TENANTS ? "other" : "t" + i);
        }
    }

    /** Half and half, or one of them. */
    @Param({"mix", "hits", "misses"})
    public String requests;

    /**
     * {@code kept}: host and path are there as strings, with their hash codes. {@code fresh}: each lookup has to make
     * them from bytes, as a server does, which is counted in.
     */
    @Param({"fresh", "kept"})
    public String strings;

    private RouteTable table;
    private BenchmarkRequest[] drawn;
    private InetAddress client;
    private int next;

    @Setup
    public void setUp() throws Exception {
        Random random = new Random(42);
        client = InetAddress.getByName("192.0.2.7");
        List<Route> routes = new ArrayList<>();
        for (int i = 0; i < ROUTES; i++) {
            Match match = Match.host(hostPattern(i % HOSTS)).and(path(i));
            routes.add(Route.builder("r" + i)
                    .match(asksForHeader(i) ? match.and(Match.header("X-Tenant", "t" + i % TENANTS)) : match)
                    .build());
        }
        if (!RouteTable.problems(routes).isEmpty()) {
            throw new IllegalStateException("the routes have problems");
        }
        table = RouteTable.compile(routes);
        drawn = new BenchmarkRequest[REQUESTS];
        int hits = 0;
        for (int i = 0; i < REQUESTS; i++) {
            boolean hit = requests.equals("hits") || requests.equals("mix") && i % 2 == 0;
            int route = random.nextInt(ROUTES);
            drawn[i] = hit ? hit(route, random) : miss(route, random);
            RouteMatch found = table.find(drawn[i], client);
            if (found.found() != hit || hit && found.index() != route) {
                throw new IllegalStateException(drawn[i].target() + " for route " + route + " became " + found);
            }
            hits += hit ? 1 : 0;
        }
        System.out.println("# " + hits + " hits of " + REQUESTS);
    }

    private static boolean asksForHeader(int route) {
        return route / HOSTS == route % HOSTS % 5;
    }

    private static String hostPattern(int host) {
        return host % 10 == 0 ? "*.tenant-" + host + ".example.com" : "service-" + host + ".example.com";
    }

    private static String host(int host) {
        return hostPattern(host).replace("*", "eu-west");
    }

    private static int kind(int route) {
        // Spread over hosts, because the five routes of a host have the numbers host, host + 2,000, ..
        return (route * 7 + route / HOSTS * 13) % 20;
    }

    private static Match path(int route) {
        int kind = kind(route);
        String base = "/api/v1/resource-" + route;
        if (kind < 8) {
            return Match.path(base + "/list");
        } else if (kind < 14) {
            return Match.path(base + "/**");
        } else if (kind < 19) {
            return Match.path(base + "/items/{id}/details");
        }
        return Match.pathRegex(base + "/v[0-9]+/[a-z]+");
    }

    private BenchmarkRequest hit(int route, Random random) {
        int kind = kind(route);
        String base = "/api/v1/resource-" + route;
        String path = kind < 8
                ? base + "/list"
                : kind < 14
                        ? base + "/some/file.txt"
                        : kind < 19 ? base + "/items/" + random.nextInt(99_999) + "/details" : base + "/v3/orders";
        return request(host(route % HOSTS), path, route);
    }

    /** An unknown host, an unknown path, a path that goes on, or the wrong header. */
    private BenchmarkRequest miss(int route, Random random) {
        int kind = random.nextInt(3);
        if (kind == 0) {
            return request(
                    "unknown-" + random.nextInt(1_000) + ".example.com", "/api/v1/resource-" + route + "/list", route);
        } else if (kind == 1 || !asksForHeader(route)) {
            return request(host(route % HOSTS), "/api/v1/unknown-" + random.nextInt(1_000) + "/list", route);
        }
        return request(host(route % HOSTS), hit(route, random).path(), HEADERS[TENANTS]);
    }

    private BenchmarkRequest request(String host, String path, int route) {
        return request(host, path, HEADERS[route % TENANTS]);
    }

    private BenchmarkRequest request(String host, String path, Headers headers) {
        return new BenchmarkRequest(host, path, headers, strings.equals("fresh"));
    }

    private static Headers headers(String tenant) {
        return Headers.create()
                .add("Host", "service-1.example.com")
                .add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
                .add("Accept", "application/json")
                .add("Accept-Encoding", "gzip, deflate, br")
                .add("Accept-Language", "en")
                .add("Cookie", "session=0123456789abcdef")
                .add("X-Tenant", tenant);
    }

    @Benchmark
    public RouteMatch find() {
        next = next + 1 & REQUESTS - 1;
        return table.find(drawn[next], client);
    }

    /** A request without a connection. */
    private static final class BenchmarkRequest implements Request {
        private final String host;
        private final String path;
        private final byte[] hostBytes;
        private final byte[] pathBytes;
        private final Headers headers;
        private final boolean fresh;

        BenchmarkRequest(String host, String path, Headers headers, boolean fresh) {
            this.host = host;
            this.path = path;
            this.hostBytes = host.getBytes(StandardCharsets.ISO_8859_1);
            this.pathBytes = path.getBytes(StandardCharsets.ISO_8859_1);
            this.headers = headers;
            this.fresh = fresh;
        }

        @Override
        public String method() {
            return "GET";
        }

        @Override
        public String target() {
            return path;
        }

        @Override
        public Request target(String target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String path() {
            return path;
        }

        @Override
        public Optional<String> query() {
            return Optional.empty();
        }

        @Override
        public String normalizedPath() {
            return fresh ? new String(pathBytes, StandardCharsets.ISO_8859_1) : path;
        }

        @Override
        public String host() {
            return fresh ? new String(hostBytes, StandardCharsets.ISO_8859_1) : host;
        }

        @Override
        public String scheme() {
            return "http";
        }

        @Override
        public HttpVersion version() {
            return HttpVersion.HTTP_1_1;
        }

        @Override
        public Headers headers() {
            return headers;
        }

        @Override
        public Body body() {
            return Body.empty();
        }

        @Override
        public Request body(Body body) {
            throw new UnsupportedOperationException();
        }
    }
}
