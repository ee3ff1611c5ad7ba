package io.fairlead.proxy.discovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

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
     * {@code weight=2}, {@code priority=1} and {@code zone=eu-1a}; lines that begin with {@code #} and empty ones do not count.
     * At most 1 MiB. The file is read every 2 s, and a change counts when two looks have seen the same content, so that it may
     * be written in place or replaced by a rename.
     *
     * @param path relative to the working directory of the process
     */
    static File file(String path) {
        return new File(requireNonNull(path, "path"), Duration.ofSeconds(2));
    }

    /**
     * A target for each IPv4 and IPv6 address of a name, which the JVM looks up every 30 s; {@link #dnsRecords} instead looks
     * when the records say so.
     *
     * @param url {@code http://host[:port]} of a name; the port, or 80, is that of every target
     */
    static Dns dns(String url) {
        return new Dns(requireNonNull(url, "url"), Duration.ofSeconds(30));
    }

    /**
     * A target for each A and AAAA record of a name (RFC 1035, RFC 3596), which is looked up when their TTL ends, no sooner than
     * {@link DnsRecords#refresh} and no later than {@link DnsRecords#maxRefresh}. Asks the name servers itself, without the
     * JVM's cache, hosts file and search list; needs {@code dnsjava:dnsjava} on the class path.
     *
     * @param url {@code http://host[:port]} of a fully qualified name; the port, or 80, is that of every target
     */
    static DnsRecords dnsRecords(String url) {
        return new DnsRecords(DnsRecords.Kind.ADDRESSES, requireNonNull(url, "url"));
    }

    /**
     * A target for each SRV record of a name (RFC 2782), which is looked up when its TTL ends, as with {@link #dnsRecords}. The
     * record's host and port make the URL, {@code http://host:port}; the lowest SRV priority becomes the target's priority 0, the
     * next 1, and so on. Its weight is the target's weight; where one of a priority is 0, which means rarely in SRV and would
     * drain here, the others of that priority are scaled up, at most a hundredfold, and it becomes 1. A host of a record is
     * resolved as that of any other target, or by {@link DnsRecords#resolvers} where there are some: a target for each of its
     * addresses then. Needs {@code dnsjava:dnsjava} on the class path.
     *
     * @param name fully qualified, such as {@code _http._tcp.catalog.example.com}
     */
    static DnsRecords srv(String name) {
        return new DnsRecords(DnsRecords.Kind.SRV, requireNonNull(name, "name"));
    }

    /**
     * Code that is registered under this name, asked every 10 s; see {@link TargetDiscovery}.
     *
     * @param name as registered
     */
    static Registered ref(String name) {
        return new Registered(requireNonNull(name, "name"), Duration.ofSeconds(10));
    }

    /** The pause between the end of one look and the next, at least 100 ms; of {@link DnsRecords} the shortest one. */
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
     * Targets by the records of name servers, which are asked when the TTL of their last answer is over. An answer without records
     * of the kind, one that the name does not exist, an SRV record that says there is no such service (its host is the root), an
     * error of the server and silence all change nothing: the last good answer stays, and an event tells of it.
     *
     * @param kind which records
     * @param query {@code http://host[:port]} for addresses, the name for SRV
     * @param resolvers name servers as {@code address[:port]}, asked in this order until one answers; empty: those of the
     *     system, as in {@code /etc/resolv.conf}
     * @param refresh the shortest pause between two looks, also where the TTL is shorter, and the one after a look that failed;
     *     default 1 s
     * @param maxRefresh the longest pause, also where the TTL is longer; at least {@code refresh}; default 5 min
     * @param timeout of one query to one server; default 2 s. Each server is asked twice at most, so a look may take twice this
     *     for each server and kind of record
     * @param maxTargets of a longer answer no more are taken, the best priorities first; default 256
     */
    record DnsRecords(
            Kind kind,
            String query,
            List<String> resolvers,
            Duration refresh,
            Duration maxRefresh,
            Duration timeout,
            int maxTargets)
            implements TargetSource {

        /** Which records make targets. */
        public enum Kind {
            /** A and AAAA. */
            ADDRESSES,
            /** SRV. */
            SRV
        }

        /** Takes a copy of the list; rejects only null. */
        public DnsRecords {
            requireNonNull(kind, "kind");
            requireNonNull(query, "query");
            resolvers = List.copyOf(resolvers);
            requireNonNull(refresh, "refresh");
            requireNonNull(maxRefresh, "maxRefresh");
            requireNonNull(timeout, "timeout");
        }

        private DnsRecords(Kind kind, String query) {
            this(kind, query, List.of(), Duration.ofSeconds(1), Duration.ofMinutes(5), Duration.ofSeconds(2), 256);
        }

        /**
         * Adds a name server that is asked in place of the system's; the next ones are asked if it does not answer.
         *
         * @param address {@code 10.0.0.53}, {@code 127.0.0.1:5353}, {@code [2001:db8::53]:53}; the port defaults to 53
         */
        public DnsRecords resolver(String address) {
            List<String> more = new ArrayList<>(resolvers);
            more.add(requireNonNull(address, "address"));
            return resolvers(more);
        }

        /** With these name servers; empty: those of the system. */
        public DnsRecords resolvers(List<String> changed) {
            return new DnsRecords(kind, query, changed, refresh, maxRefresh, timeout, maxTargets);
        }

        /** With another shortest pause. */
        @Override
        public DnsRecords refresh(Duration changed) {
            return new DnsRecords(kind, query, resolvers, changed, maxRefresh, timeout, maxTargets);
        }

        /** With another longest pause. */
        public DnsRecords maxRefresh(Duration changed) {
            return new DnsRecords(kind, query, resolvers, refresh, changed, timeout, maxTargets);
        }

        /** With another timeout of a query, 1 ms to 1 min. */
        public DnsRecords timeout(Duration changed) {
            return new DnsRecords(kind, query, resolvers, refresh, maxRefresh, changed, maxTargets);
        }

        /** With another limit of targets, 1 to 4,096. */
        public DnsRecords maxTargets(int changed) {
            return new DnsRecords(kind, query, resolvers, refresh, maxRefresh, timeout, changed);
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
