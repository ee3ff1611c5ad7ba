package io.fairlead.samples.resilience;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Three servers that are killed, revived, made to fail and made slow, with a proxy before them; each second it prints what
 * clients saw, and in between what the proxy says of its targets.
 *
 * <pre>
 * java -jar resilience.jar [--act-seconds 5]
 * </pre>
 *
 * <p>Exits with 1 if a client saw a failure.
 */
public final class ResilienceSample {

    private static final int REQUESTS_PER_SECOND = 200;

    /** The longest that is waited for answers to come fast. */
    private static final int WARM_UP_SECONDS = 20;

    private final PrintStream out;
    private final List<FragileServer> servers =
            List.of(new FragileServer("one"), new FragileServer("two"), new FragileServer("three"));
    private final ReverseProxy proxy;
    private int second;
    private long good;
    private long failed;

    private ResilienceSample(PrintStream out) {
        this.out = out;
        this.proxy = proxy();
    }

    public static void main(String[] args) throws InterruptedException {
        int actSeconds = 5;
        if (args.length == 2 && args[0].equals("--act-seconds") && args[1].matches("[1-9]\\d?")) {
            actSeconds = Integer.parseInt(args[1]);
        } else if (args.length != 0) {
            System.err.println("usage: java -jar resilience.jar [--act-seconds 1..99]");
            System.exit(2);
        }
        // Else the JDK's server waits 40 ms for an acknowledgement in each answer.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.exit(new ResilienceSample(System.out).run(actSeconds) ? 0 : 1);
    }

    /** The proxy: what a program of yours would hold, with shorter times so that there is something to see. */
    private ReverseProxy proxy() {
        UpstreamPool.Builder pool = UpstreamPool.builder("servers")
                // Three attempts, each on another target; 500 too is tried again, since asking twice does no harm here.
                .retry(RetryPolicy.recommended())
                // Five failures in a row, and a target gets no requests for a while (default: 30 s).
                .outlierDetection(OutlierDetection.builder()
                        .consecutive5xx(5)
                        .baseEjectionTime(Duration.ofSeconds(2))
                        .build())
                // Asked each second (default: 5 s), so that a target that is dead is known to be without a request.
                .healthCheck(HealthCheck.builder("/")
                        .interval(Duration.ofSeconds(1))
                        .timeout(Duration.ofMillis(500))
                        .build())
                // One that comes back gets its share little by little.
                .slowStart(Duration.ofSeconds(3));
        servers.forEach(server -> pool.target(server.url()));

        return ReverseProxy.builder()
                .name("resilience")
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("all")
                        // A healthy server answers within a few milliseconds, or tenths of a second on a machine that
                        // has
                        // much else to do: after two seconds another one is asked.
                        .timeouts(Timeouts.ofDefaults().withAttempt(Duration.ofSeconds(2)))
                        .to(pool.build())
                        .build())
                .onTarget(this::tell)
                .build();
    }

    private boolean run(int actSeconds) throws InterruptedException {
        FragileServer one = servers.get(0);
        FragileServer two = servers.get(1);
        FragileServer three = servers.get(2);
        proxy.start();
        String url = "http://127.0.0.1:" + proxy.port() + "/";
        out.println("listening on " + url + " for three servers; " + REQUESTS_PER_SECOND + " requests a second");
        Clients clients = new Clients(url);
        clients.start(REQUESTS_PER_SECOND);
        warmUp(clients);
        act(clients, actSeconds, "all is well", () -> {});
        act(clients, actSeconds, "server one is killed", one::kill);
        act(clients, actSeconds, "server one is revived", one::revive);
        act(clients, actSeconds, "server two answers 500", two::fail);
        act(clients, actSeconds, "server two is well again", two::revive);
        act(clients, actSeconds, "server three takes five seconds for an answer", () -> three.slow(5_000));
        act(clients, actSeconds, "server three is well again", three::revive);
        act(clients, actSeconds, "servers one and two are killed", () -> {
            one.kill();
            two.kill();
        });
        act(clients, actSeconds, "servers one and two are revived", () -> {
            one.revive();
            two.revive();
        });
        clients.close();
        count(clients.seen());
        proxy.close();
        out.println("clients saw " + good + " answers and " + failed + " failures");
        return failed == 0;
    }

    /**
     * Waits until answers come fast. Servers, clients and proxy share one JVM here, and compile their code at first: what takes
     * a second meanwhile is no server that fails.
     */
    private void warmUp(Clients clients) throws InterruptedException {
        int fast = 0;
        for (int i = 0; i < WARM_UP_SECONDS && fast < 2; i++) {
            TimeUnit.SECONDS.sleep(1);
            Clients.Seen seen = clients.seen();
            fast = seen.failed() == 0 && seen.slowestMillis() < 200 ? fast + 1 : 0;
        }
        synchronized (this) {
            out.println("warm");
        }
    }

    private void act(Clients clients, int seconds, String title, Runnable change) throws InterruptedException {
        synchronized (this) {
            out.println();
            out.println("== " + title);
        }
        change.run();
        for (int i = 0; i < seconds; i++) {
            TimeUnit.SECONDS.sleep(1);
            count(clients.seen());
        }
    }

    private synchronized void count(Clients.Seen seen) {
        second++;
        good += seen.good();
        failed += seen.failed();
        Map<String, Long> shares = new TreeMap<>(seen.byServer());
        StringBuilder line = new StringBuilder(String.format(
                "%3d s  %4d answered, slowest %4d ms, %d failed  |",
                second, seen.good(), seen.slowestMillis(), seen.failed()));
        servers.forEach(server ->
                line.append(String.format("  %s %4d", server.name(), shares.getOrDefault(server.name(), 0L))));
        out.println(line);
        seen.failures().forEach((what, times) -> out.println("       " + times + " x " + what));
    }

    /** What the proxy says of a target: on an I/O thread, so it must not block for long. */
    private synchronized void tell(TargetEvent event) {
        String name = servers.stream()
                .filter(server -> server.url().equals(event.target()))
                .map(FragileServer::name)
                .findFirst()
                .orElse("pool");
        out.println("       " + name + " " + event.what() + ": " + event.reason());
    }
}
