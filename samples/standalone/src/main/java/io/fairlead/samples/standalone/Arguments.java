package io.fairlead.samples.standalone;

import io.fairlead.proxy.listener.Listener;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the command line says.
 *
 * @param listeners of {@code --listen}
 * @param upstreams URLs of {@code --upstream}
 * @param config of {@code --config}
 * @param ioThreads zero means one for each core
 */
record Arguments(
        List<Listener> listeners,
        List<String> upstreams,
        Optional<Path> config,
        int ioThreads,
        boolean check,
        boolean help) {

    static final String HELP = """
            Usage:
              java -jar standalone.jar [--listen ADDRESS]... --upstream URL...
              java -jar standalone.jar --config FILE

            Options:
              --listen ADDRESS   where clients connect: 127.0.0.1:8080, [::1]:8080, or :8080 and 8080 for all
                                 addresses; port 0 takes a free one; may be repeated (default: 127.0.0.1:8080)
              --upstream URL     a server to forward to, http://host[:port]; several are balanced
              --config FILE      a configuration in JSON; a change of the file is taken over without a dropped request
              --check            say what is wrong with the configuration, and exit with 0 or 2
              --io-threads N     the number of I/O threads (default: one for each core)
              --help             this text

            Prints one line "listening on http://host:port" for each listener when it is ready, and one for each target
            that is ejected, unhealthy, well again and so on. SIGTERM lets running exchanges finish.

            Exit codes: 0 fine, 1 an address cannot be bound, 2 the arguments or the configuration are wrong; then each
            problem is a line on the standard error.
            """;

    /** The command line is wrong; every problem of it is told at once. */
    static final class UsageException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient List<String> problems;

        UsageException(List<String> problems) {
            super(String.join("\n", problems));
            this.problems = List.copyOf(problems);
        }

        List<String> problems() {
            return problems;
        }
    }

    static Arguments parse(String... args) throws UsageException {
        List<Listener> listeners = new ArrayList<>();
        List<String> upstreams = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        Optional<Path> config = Optional.empty();
        int ioThreads = 0;
        boolean check = false;
        boolean help = false;
        for (int i = 0; i < args.length; i++) {
            int equals = args[i].startsWith("--") ? args[i].indexOf('=') : -1;
            String option = equals < 0 ? args[i] : args[i].substring(0, equals);
            boolean takesValue = List.of("--listen", "--upstream", "--config", "--io-threads")
                    .contains(option);
            String value = "";
            if (takesValue && equals >= 0) {
                value = args[i].substring(equals + 1);
            } else if (takesValue && i + 1 < args.length) {
                value = args[++i];
            }
            if (takesValue && (value.isEmpty() || value.startsWith("--"))) {
                problems.add(option + ": no value (expected: " + option + " VALUE)");
                // What looks like an option is taken for one.
                i -= value.isEmpty() || equals >= 0 ? 0 : 1;
                continue;
            }
            switch (option) {
                case "--listen" -> {
                    Optional<Listener> listener = listener(value);
                    listener.ifPresent(listeners::add);
                    if (listener.isEmpty()) {
                        problems.add("--listen: " + quote(value) + " (expected: HOST:PORT, :PORT or PORT)");
                    }
                }
                case "--upstream" -> upstreams.add(value);
                case "--config" -> {
                    if (config.isPresent()) {
                        problems.add("--config: given twice (expected: one file)");
                    }
                    try {
                        config = Optional.of(Path.of(value));
                    } catch (InvalidPathException e) {
                        problems.add("--config: " + quote(value) + " (expected: the path of a file)");
                    }
                }
                case "--io-threads" -> {
                    if (value.matches("[0-9]{1,4}")) {
                        ioThreads = Integer.parseInt(value);
                    } else {
                        problems.add("--io-threads: " + quote(value) + " (expected: 0 to 9999)");
                    }
                }
                case "--check" -> check = true;
                case "--help", "-h" -> help = true;
                default ->
                    problems.add(quote(args[i]) + ": unknown option (expected: one of --listen, --upstream,"
                            + " --config, --check, --io-threads, --help)");
            }
        }
        boolean flags = !listeners.isEmpty() || !upstreams.isEmpty();
        if (config.isPresent() && flags) {
            problems.add("--config: given together with --listen or --upstream (expected: one or the other)");
        } else if (config.isEmpty() && upstreams.isEmpty() && problems.isEmpty() && !help) {
            problems.add("nothing to forward to (expected: --upstream URL or --config FILE)");
        }
        if (!problems.isEmpty() && !help) {
            throw new UsageException(problems);
        }
        return new Arguments(List.copyOf(listeners), List.copyOf(upstreams), config, ioThreads, check, help);
    }

    private static String quote(String value) {
        return "\"" + value + "\"";
    }

    /** {@code 127.0.0.1:8080}, {@code [::1]:8080}, {@code :8080} or {@code 8080}; empty if it is none of them. */
    private static Optional<Listener> listener(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        String port = text.substring(colon + 1);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            // Without brackets nobody can say where the address ends.
            return Optional.empty();
        }
        if (!port.matches("[0-9]{1,5}")) {
            return Optional.empty();
        }
        int number = Integer.parseInt(port);
        return Optional.of(host.isEmpty() ? Listener.http(number) : Listener.http(host, number));
    }
}
