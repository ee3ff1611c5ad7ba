package io.fairlead.samples.standalone;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.samples.standalone.Arguments.UsageException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A proxy as a program: from flags, or from a file that is watched. See {@link Arguments#HELP}. */
public final class Standalone {
    static final int FINE = 0;
    static final int CANNOT_BIND = 1;
    static final int WRONG = 2;

    private static final long POLL_MILLIS = 500;

    private final PrintStream out;
    private final PrintStream err;
    /** Why the last update is tried again; empty if it is not. */
    private String waitingFor = "";

    Standalone(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Runs until the process is told to end. */
    public static void main(String[] args) throws InterruptedException {
        int status = new Standalone(System.out, System.err).run(args);
        if (status != FINE) {
            System.exit(status);
        }
    }

    /** Returns when there is nothing more to do: at once with {@code --help}, {@code --check} or a problem. */
    int run(String... args) throws InterruptedException {
        Arguments arguments;
        try {
            arguments = Arguments.parse(args);
        } catch (UsageException e) {
            e.problems().forEach(err::println);
            err.println("Try --help.");
            return WRONG;
        }
        if (arguments.help()) {
            out.print(Arguments.HELP);
            return FINE;
        }
        ConfigFile file =
                arguments.config().map(path -> new ConfigFile(path, err)).orElse(null);
        ReverseProxy proxy;
        try {
            ProxyConfig config = file == null ? fromFlags(arguments) : fromJson(file.read());
            proxy = ReverseProxy.builder()
                    .config(config)
                    .name("standalone")
                    .ioThreads(arguments.ioThreads())
                    .onTarget(this::tellTarget)
                    .build();
        } catch (ConfigurationException e) {
            tell(arguments, e);
            return WRONG;
        } catch (UncheckedIOException e) {
            err.println(arguments.config().orElseThrow() + ": " + e.getMessage());
            return WRONG;
        }
        if (arguments.check()) {
            proxy.close();
            out.println("no problems");
            return FINE;
        }
        // A library must not add a hook to the process that it is a guest in; this is the process.
        Runtime.getRuntime().addShutdownHook(new Thread(proxy::close, "standalone-stop"));
        try {
            proxy.start();
        } catch (UncheckedIOException e) {
            err.println(e.getMessage());
            return CANNOT_BIND;
        }
        tellListening(proxy.addresses());
        if (file == null) {
            proxy.await();
            return FINE;
        }
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "standalone-config");
            thread.setDaemon(true);
            return thread;
        });
        watch.scheduleWithFixedDelay(
                () -> file.poll(json -> update(proxy, arguments, json)),
                POLL_MILLIS,
                POLL_MILLIS,
                TimeUnit.MILLISECONDS);
        proxy.await();
        watch.shutdownNow();
        return FINE;
    }

    private static ProxyConfig fromFlags(Arguments arguments) {
        ProxyConfig.Builder config = ProxyConfig.builder()
                .pool(UpstreamPool.of("default", arguments.upstreams().toArray(String[]::new)))
                .route(Route.builder("default").to(Upstream.ref("default")).build());
        arguments.listeners().forEach(config::listener);
        if (arguments.listeners().isEmpty()) {
            config.listener(Listener.http("127.0.0.1", 8080));
        }
        return config.build();
    }

    private static ProxyConfig fromJson(String json) {
        ProxyConfig config = ProxyConfig.fromJson(json);
        if (config.listeners().isEmpty()) {
            // A proxy may be mounted in another server and need none; here it would wait for nobody.
            List<Problem> problems = new ArrayList<>();
            problems.add(new Problem("MISSING", "listeners", "no listeners", "at least one listener"));
            problems.addAll(config.validate());
            throw new ConfigurationException(problems);
        }
        return config;
    }

    /**
     * Puts a changed file in force; whatever is wrong with it, the running configuration stays and the watch goes on.
     *
     * @return false if the file may be right and only the moment is wrong: an address that somebody still holds
     */
    boolean update(ReverseProxy proxy, Arguments arguments, String json) {
        try {
            ProxyConfig before = proxy.config();
            ProxyConfig config = fromJson(json);
            List<String> changes = before.diff(config);
            List<InetSocketAddress> addresses = proxy.addresses();
            proxy.update(config);
            err.println(arguments.config().orElseThrow() + ": reloaded, "
                    + (changes.isEmpty() ? "nothing changed" : changes.size() + " changed"));
            changes.forEach(change -> err.println("  " + change));
            List<InetSocketAddress> added = new ArrayList<>(proxy.addresses());
            added.removeAll(addresses);
            tellListening(added);
        } catch (ConfigurationException e) {
            tell(arguments, e);
            err.println("The running configuration stays.");
        } catch (UncheckedIOException e) {
            tellOnce(arguments.config().orElseThrow() + ": " + e.getMessage()
                    + "; the running configuration stays, and the new one is tried again");
            return false;
        } catch (RuntimeException e) {
            err.println(arguments.config().orElseThrow() + ": " + e.getMessage() + "; the running configuration stays");
        }
        err.flush();
        waitingFor = "";
        return true;
    }

    /** Looks come twice a second; what stays as it was is not told each time. */
    private void tellOnce(String problem) {
        if (!problem.equals(waitingFor)) {
            err.println(problem);
            err.flush();
        }
        waitingFor = problem;
    }

    /** A line for each problem, with the name of the file, or of the flag that it came from. */
    private void tell(Arguments arguments, ConfigurationException e) {
        for (Problem problem : e.problems()) {
            String line = arguments
                    .config()
                    .map(path -> path + ": " + problem)
                    .orElseGet(() -> problem.toString()
                            .replaceFirst("^pools\\[0\\]\\.targets(\\[[0-9]+\\])?(\\.[a-z]+)?", "--upstream")
                            .replaceFirst("^listeners\\[[0-9]+\\](\\.[a-z]+)?", "--listen"));
            err.println(line);
        }
        err.flush();
    }

    /** What changed about a target; rare, so that a line each does no harm to the I/O thread that brings it. */
    private void tellTarget(TargetEvent event) {
        String target = event.target().isEmpty() ? "" : " target " + event.target();
        out.println(event.time() + " pool " + event.pool() + target + ": " + event.what() + ", " + event.reason());
        out.flush();
    }

    private void tellListening(List<InetSocketAddress> addresses) {
        for (InetSocketAddress address : addresses) {
            String host = address.getAddress().getHostAddress();
            out.println("listening on http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":"
                    + address.getPort());
        }
        out.flush();
    }
}
