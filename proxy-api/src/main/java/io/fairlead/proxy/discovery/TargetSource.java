package io.fairlead.proxy.discovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * Where a pool finds targets beside those that are configured. Data; compares by value.
 *
 * <p>A source is asked again and again, never on an I/O thread. Targets whose URL stays keep their connections and their
 * state. An answer that fails, is empty, or has a target that is not valid changes nothing: the last good one stays in use,
 * and an event tells of it.
 */
public sealed interface TargetSource {

    /**
     * The targets in a file: a JSON list as in the pool's {@code targets}, or one URL a line, maybe followed by
     * {@code weight=2}; lines that begin with {@code #} and empty ones do not count. At most 1 MiB. The file is looked at every
     * 2 s and read when its time, size or identity has changed, so that it may be written in place or replaced by a rename.
     *
     * @param path relative to the working directory of the process
     */
    static File file(String path) {
        return new File(requireNonNull(path, "path"), Duration.ofSeconds(2));
    }

    /**
     * A target for each IPv4 and IPv6 address of a name, which is looked up every 30 s.
     *
     * @param url {@code http://host[:port]} of a name; the port, or 80, is that of every target
     */
    static Dns dns(String url) {
        return new Dns(requireNonNull(url, "url"), Duration.ofSeconds(30));
    }

    /**
     * Code that is registered under this name, asked every 10 s; see {@link TargetDiscovery}.
     *
     * @param name as registered
     */
    static Registered ref(String name) {
        return new Registered(requireNonNull(name, "name"), Duration.ofSeconds(10));
    }

    /** The pause between the end of one look and the next; at least 100 ms. */
    Duration refresh();

    /**
     * The same source with another pause between two looks.
     *
     * @param refresh at least 100 ms
     */
    TargetSource refresh(Duration refresh);

    /**
     * Targets in a file.
     *
     * @param path of the file
     * @param refresh between two looks
     */
    record File(String path, Duration refresh) implements TargetSource {
        @Override
        public File refresh(Duration changed) {
            return new File(path, requireNonNull(changed, "refresh"));
        }
    }

    /**
     * Targets by name service.
     *
     * @param url with the name and the port
     * @param refresh between two lookups; the JVM may answer from its own cache for {@code networkaddress.cache.ttl}, 30 s
     *     by default
     */
    record Dns(String url, Duration refresh) implements TargetSource {
        @Override
        public Dns refresh(Duration changed) {
            return new Dns(url, requireNonNull(changed, "refresh"));
        }
    }

    /**
     * Targets by registered code.
     *
     * @param name as registered
     * @param refresh between two calls
     */
    record Registered(String name, Duration refresh) implements TargetSource {
        @Override
        public Registered refresh(Duration changed) {
            return new Registered(name, requireNonNull(changed, "refresh"));
        }
    }
}
