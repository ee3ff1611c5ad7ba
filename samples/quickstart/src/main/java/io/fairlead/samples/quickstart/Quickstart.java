package io.fairlead.samples.quickstart;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.UncheckedIOException;

/**
 * Starts two demo upstreams and a proxy in front of them, prints what to try, and runs until it is told to end.
 *
 * <pre>
 * java -jar quickstart.jar [--port 8080]
 * </pre>
 */
public final class Quickstart {

    private Quickstart() {}

    public static void main(String[] args) throws InterruptedException {
        int port = port(args);
        DemoUpstream one = DemoUpstream.start("one");
        DemoUpstream two = DemoUpstream.start("two");
        ReverseProxy proxy = proxy(port, one.url(), two.url());
        try {
            proxy.start();
        } catch (UncheckedIOException e) {
            System.err.println(e.getMessage() + "; try --port 0");
            System.exit(1);
        }
        // SIGTERM and Ctrl-C: exchanges in flight finish, then await() returns.
        Runtime.getRuntime().addShutdownHook(new Thread(proxy::close, "quickstart-stop"));
        printWhatToTry("http://127.0.0.1:" + proxy.port());
        proxy.await();
    }

    /** The proxy itself: what a program of yours would hold. */
    static ReverseProxy proxy(int port, String... urls) {
        UpstreamPool demo = UpstreamPool.of("demo", urls).toBuilder()
                .loadBalancer(LoadBalancer.roundRobin())
                .build();
        Middleware poweredBy = (exchange, chain) ->
                chain.proceed(exchange).thenApply(response -> response.header("X-Powered-By", "fairlead"));

        return ReverseProxy.builder()
                .name("quickstart")
                .listener(Listener.http("127.0.0.1", port))
                .middleware(poweredBy)
                .route(Route.builder("demo").to(demo).build())
                .route(Route.builder("api")
                        .match(Match.path("/api/**"))
                        .transform(Transform.stripPrefix("/api"))
                        .to(demo)
                        .build())
                .route(Route.builder("old")
                        .match(Match.path("/old/{page}"))
                        .redirect(308, "/api/{page}")
                        .build())
                .route(Route.builder("health")
                        .match(Match.path("/health"))
                        .respond(200, "up\n")
                        .build())
                .build();
    }

    private static int port(String[] args) {
        if (args.length == 0) {
            return 8080;
        }
        if (args.length == 2 && args[0].equals("--port") && args[1].matches("\\d{1,5}")) {
            int port = Integer.parseInt(args[1]);
            if (port <= 65_535) {
                return port;
            }
        }
        System.err.println("usage: java -jar quickstart.jar [--port 0..65535]");
        System.exit(2);
        throw new IllegalStateException("not reached");
    }

    private static void printWhatToTry(String url) {
        System.out.println("listening on " + url);
        System.out.println();
        System.out.println("Try, from another terminal:");
        line("curl " + url + "/", "the two upstreams in turn");
        line("curl -i " + url + "/api/hello?x=1", "without the prefix /api; one field is the middleware's");
        line("curl -i " + url + "/old/hello", "a redirect");
        line("curl " + url + "/health", "an answer of the proxy's own");
        line("curl -T pom.xml " + url + "/api/upload", "a body, streamed to the upstream");
        System.out.println();
        System.out.println("Ctrl-C ends it.");
    }

    private static void line(String command, String what) {
        System.out.printf("  %-55s # %s%n", command, what);
    }
}
