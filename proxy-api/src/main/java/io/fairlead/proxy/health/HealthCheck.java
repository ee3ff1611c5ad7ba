package io.fairlead.proxy.health;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.tls.UpstreamTls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks every target of a pool again and again whether it is well, so that one that is not gets no requests. Immutable; two
 * with equal settings are equal.
 *
 * <pre>{@code
 * HealthCheck.http("/healthz")
 * HealthCheck.httpsBuilder("/healthz").port(8443).build()
 * HealthCheck.builder("/healthz").interval(Duration.ofSeconds(2)).timeout(Duration.ofSeconds(1)).fall(2).build()
 * }</pre>
 *
 * <p>Each check makes a connection of its own, which counts against no limit of the pool, and closes it afterwards. There is
 * one checker for each target and proxy, whatever the number of I/O threads and routes; it runs on an I/O thread and never
 * blocks. The checks of a pool's targets are spread over the interval.
 *
 * <p>A target whose state is not known yet is used ({@link Builder#usableBeforeFirstCheck}); its first passing check settles
 * that it is healthy. From then on {@link #fall} failures in a row make it unhealthy, and {@link #rise} passes in a row
 * healthy again.
 */
public final class HealthCheck {

    /** How a target is asked. */
    public enum Protocol {
        /** A request whose answer tells. */
        HTTP,
        /** The same, over TLS. */
        HTTPS,
        /** A connection that can be made is enough. */
        TCP
    }

    private static final Duration USUAL_TIMEOUT = Duration.ofSeconds(2);

    private final Protocol protocol;
    private final String path;
    private final String method;
    private final String host;
    private final Map<String, String> headers;
    private final List<StatusRange> expectedStatuses;
    private final String expectedBody;
    private final int maxBodyBytes;
    private final int port;
    private final UpstreamTls tls;
    private final Duration interval;
    private final int jitterPercent;
    private final Duration timeout;
    private final int rise;
    private final int fall;
    private final Duration transitionInterval;
    private final Duration unhealthyInterval;
    private final Duration minUnhealthy;
    private final boolean usableBeforeFirstCheck;
    private final Duration warmUp;

    private HealthCheck(Builder builder) {
        this.protocol = builder.protocol;
        this.path = builder.path;
        this.method = builder.method;
        this.host = builder.host;
        this.headers = Map.copyOf(builder.headers);
        this.expectedStatuses = builder.expectedStatuses.isEmpty()
                ? List.of(StatusRange.SUCCESSFUL)
                : List.copyOf(builder.expectedStatuses);
        this.expectedBody = builder.expectedBody;
        this.maxBodyBytes = builder.maxBodyBytes;
        this.port = builder.port;
        this.tls = builder.tls;
        this.interval = builder.interval;
        this.jitterPercent = builder.jitterPercent;
        this.timeout = builder.timeout.orElse(usualTimeout(builder.interval));
        this.rise = builder.rise;
        this.fall = builder.fall;
        this.transitionInterval = builder.transitionInterval;
        this.unhealthyInterval = builder.unhealthyInterval;
        this.minUnhealthy = builder.minUnhealthy;
        this.usableBeforeFirstCheck = builder.usableBeforeFirstCheck;
        this.warmUp = builder.warmUp;
    }

    private static Duration usualTimeout(Duration interval) {
        return interval.compareTo(USUAL_TIMEOUT) < 0 ? interval : USUAL_TIMEOUT;
    }

    /** A GET of this path every 5 s, which any 2xx passes; all else by default. */
    public static HealthCheck http(String path) {
        return builder(path).build();
    }

    /**
     * A GET of this path over TLS every 5 s, which any 2xx passes; all else by default. The certificate must be for the target's
     * host name, and from an authority that the JVM trusts.
     */
    public static HealthCheck https(String path) {
        return httpsBuilder(path).build();
    }

    /** A connection every 5 s; all else by default. */
    public static HealthCheck tcp() {
        return tcpBuilder().build();
    }

    /** Begins a check with a request for this path, with query if there is one. */
    public static Builder builder(String path) {
        return new Builder(Protocol.HTTP, requireNonNull(path, "path"));
    }

    /** Begins a check with a request for this path over TLS; mostly with a {@link Builder#port} of its own. */
    public static Builder httpsBuilder(String path) {
        return new Builder(Protocol.HTTPS, requireNonNull(path, "path"));
    }

    /** Begins a check that makes a connection. */
    public static Builder tcpBuilder() {
        return new Builder(Protocol.TCP, "");
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder(protocol, path);
        builder.method = method;
        builder.host = host;
        builder.headers.putAll(headers);
        builder.expectedStatuses.addAll(expectedStatuses);
        builder.expectedBody = expectedBody;
        builder.maxBodyBytes = maxBodyBytes;
        builder.port = port;
        builder.tls = tls;
        builder.interval = interval;
        builder.jitterPercent = jitterPercent;
        // One that follows from the interval follows from another, too.
        builder.timeout = timeout.equals(usualTimeout(interval)) ? Optional.empty() : Optional.of(timeout);
        builder.rise = rise;
        builder.fall = fall;
        builder.transitionInterval = transitionInterval;
        builder.unhealthyInterval = unhealthyInterval;
        builder.minUnhealthy = minUnhealthy;
        builder.usableBeforeFirstCheck = usableBeforeFirstCheck;
        builder.warmUp = warmUp;
        return builder;
    }

    /** How a target is asked. */
    public Protocol protocol() {
        return protocol;
    }

    /** The path asked for; empty for TCP. */
    public String path() {
        return path;
    }

    /** The method. */
    public String method() {
        return method;
    }

    /** The Host field; empty for the target's own host and port. */
    public String host() {
        return host;
    }

    /** Further header fields by name. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The statuses that pass. */
    public List<StatusRange> expectedStatuses() {
        return expectedStatuses;
    }

    /** What the answer's body must hold; empty if it does not matter. */
    public String expectedBody() {
        return expectedBody;
    }

    /** How many bytes of a body are read to find {@link #expectedBody}. */
    public int maxBodyBytes() {
        return maxBodyBytes;
    }

    /** The port asked; 0 for the target's own. */
    public int port() {
        return port;
    }

    /** How TLS is spoken in an HTTPS check. */
    public UpstreamTls tls() {
        return tls;
    }

    /** The time from one check to the next. */
    public Duration interval() {
        return interval;
    }

    /** By how much of itself an interval is shortened or prolonged at random. */
    public int jitterPercent() {
        return jitterPercent;
    }

    /** How long a check may take, from the first packet to the last byte that matters. */
    public Duration timeout() {
        return timeout;
    }

    /** Passes in a row that make an unhealthy target healthy. */
    public int rise() {
        return rise;
    }

    /** Failures in a row that make a healthy target unhealthy. */
    public int fall() {
        return fall;
    }

    /** The interval while the last check speaks against the state. */
    public Duration transitionInterval() {
        return transitionInterval;
    }

    /** The interval of an unhealthy target; zero: as of all. */
    public Duration unhealthyInterval() {
        return unhealthyInterval;
    }

    /** The least time that a target stays unhealthy. */
    public Duration minUnhealthy() {
        return minUnhealthy;
    }

    /** Whether a target is used as long as no check has settled its state. */
    public boolean usableBeforeFirstCheck() {
        return usableBeforeFirstCheck;
    }

    /** How long after a target is new failed checks do not count. */
    public Duration warmUp() {
        return warmUp;
    }

    private List<Object> state() {
        return List.of(
                protocol,
                path,
                method,
                host,
                headers,
                expectedStatuses,
                expectedBody,
                maxBodyBytes,
                port,
                tls,
                interval,
                jitterPercent,
                timeout,
                rise,
                fall,
                transitionInterval,
                unhealthyInterval,
                minUnhealthy,
                usableBeforeFirstCheck,
                warmUp);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HealthCheck check && state().equals(check.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    /** Without the fields, which may hold secrets. */
    @Override
    public String toString() {
        return "HealthCheck[" + (protocol == Protocol.TCP ? "TCP" : method + " " + path)
                + (protocol == Protocol.HTTPS ? " over TLS" : "") + " every " + interval + "]";
    }

    /** Collects the settings of a check. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final Protocol protocol;
        private final String path;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private final List<StatusRange> expectedStatuses = new ArrayList<>();
        private String method = "GET";
        private String host = "";
        private String expectedBody = "";
        private int maxBodyBytes = 16 * 1024;
        private int port;
        private UpstreamTls tls = UpstreamTls.ofDefaults();
        private Duration interval = Duration.ofSeconds(5);
        private int jitterPercent = 10;
        private Optional<Duration> timeout = Optional.empty();
        private int rise = 2;
        private int fall = 3;
        private Duration transitionInterval = Duration.ofSeconds(1);
        private Duration unhealthyInterval = Duration.ZERO;
        private Duration minUnhealthy = Duration.ZERO;
        private boolean usableBeforeFirstCheck = true;
        private Duration warmUp = Duration.ZERO;

        private Builder(Protocol protocol, String path) {
            this.protocol = protocol;
            this.path = path;
        }

        /** The method, a token; not CONNECT. With HEAD no {@link #expectedBody} can be asked for. HTTP and HTTPS only. Default: GET. */
        public Builder method(String method) {
            this.method = requireNonNull(method, "method");
            return this;
        }

        /** The Host field, for servers that route by name; empty for the target's own host and port. HTTP and HTTPS only. Default: empty. */
        public Builder host(String host) {
            this.host = requireNonNull(host, "host");
            return this;
        }

        /**
         * Adds a header field, in place of the one of the same spelling; not Host and not a field of the connection. {@code
         * User-Agent} is {@code fairlead-health-check} unless given. HTTP and HTTPS only.
         */
        public Builder header(String name, String value) {
            headers.put(requireNonNull(name, "name"), requireNonNull(value, "value"));
            return this;
        }

        /** Adds a status that passes. HTTP and HTTPS only. Default: any 2xx, as long as none is added. */
        public Builder expectStatus(int status) {
            return expectStatus(status, status);
        }

        /** Adds statuses that pass, both ends included, within 200 to 599. HTTP and HTTPS only. Default: any 2xx, as long as none is added. */
        public Builder expectStatus(int from, int to) {
            expectedStatuses.add(new StatusRange(from, to));
            return this;
        }

        /**
         * What the body of the answer must hold among its first {@link #maxBodyBytes}, compared as UTF-8 byte for byte; empty
         * if the body does not matter, which is not read then. HTTP and HTTPS only. Default: empty.
         */
        public Builder expectedBody(String expectedBody) {
            this.expectedBody = requireNonNull(expectedBody, "expectedBody");
            return this;
        }

        /** How many bytes of a body are read to find {@link #expectedBody}, 1 to 65,536. HTTP and HTTPS only. Default: 16,384. */
        public Builder maxBodyBytes(int maxBodyBytes) {
            this.maxBodyBytes = maxBodyBytes;
            return this;
        }

        /** The port asked, for a server that tells of its health elsewhere; 0 for the target's own. Default: 0. */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /**
         * How TLS is spoken: whom to trust, and as whom the server must prove itself. Its host name is, unless given there, that
         * of {@link #host}, else that of the target. HTTPS only. Default: verified against the JVM's trust store.
         */
        public Builder tls(UpstreamTls tls) {
            this.tls = requireNonNull(tls, "tls");
            return this;
        }

        /** The time from the beginning of one check to that of the next; at least 10 ms. Default: 5 s. */
        public Builder interval(Duration interval) {
            this.interval = requireNonNull(interval, "interval");
            return this;
        }

        /**
         * By how much of itself each interval is shortened or prolonged at random, so that many proxies do not ask at one
         * moment; 0 to 50. Default: 10.
         */
        public Builder jitterPercent(int jitterPercent) {
            this.jitterPercent = jitterPercent;
            return this;
        }

        /**
         * How long a check may take, connecting and the TLS handshake included; above zero, at most the interval. Default: 2 s, or the interval if
         * that is shorter.
         */
        public Builder timeout(Duration timeout) {
            this.timeout = Optional.of(requireNonNull(timeout, "timeout"));
            return this;
        }

        /** Passes in a row that make an unhealthy target healthy, at least 1. Default: 2. */
        public Builder rise(int rise) {
            this.rise = rise;
            return this;
        }

        /** Failures in a row that make a healthy target unhealthy, at least 1. Default: 3. */
        public Builder fall(int fall) {
            this.fall = fall;
            return this;
        }

        /**
         * The interval while the last check speaks against the state, so that a change is found sooner; it holds where it is
         * shorter than the one in force. Zero for none of its own. Default: 1 s.
         */
        public Builder transitionInterval(Duration transitionInterval) {
            this.transitionInterval = requireNonNull(transitionInterval, "transitionInterval");
            return this;
        }

        /** The interval of an unhealthy target, longer to spare it or shorter to have it back soon; zero: {@link #interval}. Default: zero. */
        public Builder unhealthyInterval(Duration unhealthyInterval) {
            this.unhealthyInterval = requireNonNull(unhealthyInterval, "unhealthyInterval");
            return this;
        }

        /**
         * The least time that a target stays unhealthy once it is, so that one that flaps does not take and lose its requests
         * with each turn. There is no such time for a healthy one: who fails is not kept in use. Zero for none. Default: zero.
         */
        public Builder minUnhealthy(Duration minUnhealthy) {
            this.minUnhealthy = requireNonNull(minUnhealthy, "minUnhealthy");
            return this;
        }

        /**
         * Whether a target is used as long as no check has settled its state, after the start or after an update that adds it.
         * With false a proxy answers 503, or panics, until the first check has passed. Default: true.
         */
        public Builder usableBeforeFirstCheck(boolean usableBeforeFirstCheck) {
            this.usableBeforeFirstCheck = usableBeforeFirstCheck;
            return this;
        }

        /**
         * How long after a target is new failed checks do not count, so that one that still boots is not called unhealthy. Over
         * with the first pass. Zero for none. Default: zero.
         */
        public Builder warmUp(Duration warmUp) {
            this.warmUp = requireNonNull(warmUp, "warmUp");
            return this;
        }

        /** The check. */
        public HealthCheck build() {
            return new HealthCheck(this);
        }
    }
}
