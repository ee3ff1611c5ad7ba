package io.fairlead.proxy.upstream;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A named group of servers that answer alike, and how to connect to them.
 *
 * <p>Immutable; two pools with equal settings are equal. One pool may serve many routes; its connections, queue and
 * state are shared by them.
 */
public final class UpstreamPool implements Upstream {

    private final String name;
    private final List<Target> targets;
    private final @Nullable TargetSource targetSource;
    private final LoadBalancer loadBalancer;
    private final @Nullable StickySession stickySession;
    private final int spillOverThreshold;
    private final ZonePreference zonePreference;
    private final Optional<HealthCheck> healthCheck;
    private final OutlierDetection outlierDetection;
    private final int panicThreshold;
    private final Duration slowStart;
    private final HostPolicy hostPolicy;
    private final int maxConnectionsPerTarget;
    private final int maxQueued;
    private final Duration queueTimeout;
    private final Duration idleTimeout;
    private final Duration maxAge;
    private final Duration dnsRefresh;
    private final int maxResponseHeaderBytes;
    private final @Nullable CircuitBreaker circuitBreaker;
    private final @Nullable CircuitBreaker targetCircuitBreaker;
    private final RetryPolicy retry;
    private final @Nullable ConcurrencyLimit targetConcurrency;
    private final int maxConcurrentRequests;

    private UpstreamPool(Builder builder) {
        this.name = builder.name;
        this.targets = List.copyOf(builder.targets);
        this.targetSource = builder.targetSource;
        this.loadBalancer = builder.loadBalancer;
        this.stickySession = builder.stickySession;
        this.spillOverThreshold = builder.spillOverThreshold;
        this.zonePreference = builder.zonePreference;
        this.healthCheck = builder.healthCheck;
        this.outlierDetection = builder.outlierDetection;
        this.panicThreshold = builder.panicThreshold;
        this.slowStart = builder.slowStart;
        this.hostPolicy = builder.hostPolicy;
        this.maxConnectionsPerTarget = builder.maxConnectionsPerTarget;
        this.maxQueued = builder.maxQueued;
        this.queueTimeout = builder.queueTimeout;
        this.idleTimeout = builder.idleTimeout;
        this.maxAge = builder.maxAge;
        this.dnsRefresh = builder.dnsRefresh;
        this.maxResponseHeaderBytes = builder.maxResponseHeaderBytes;
        this.circuitBreaker = builder.circuitBreaker;
        this.targetCircuitBreaker = builder.targetCircuitBreaker;
        this.retry = builder.retry;
        this.targetConcurrency = builder.targetConcurrency;
        this.maxConcurrentRequests = builder.maxConcurrentRequests;
    }

    /** A pool of this name and these target URLs, all else by default. */
    public static UpstreamPool of(String name, String... urls) {
        Builder builder = builder(name);
        for (String url : urls) {
            builder.target(url);
        }
        return builder.build();
    }

    /** Begins a pool of this name, which must be unique in the proxy. */
    public static Builder builder(String name) {
        return new Builder(requireNonNull(name, "name"));
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder(name);
        builder.targets.addAll(targets);
        builder.targetSource = targetSource;
        builder.loadBalancer = loadBalancer;
        builder.stickySession = stickySession;
        builder.spillOverThreshold = spillOverThreshold;
        builder.zonePreference = zonePreference;
        builder.healthCheck = healthCheck;
        builder.outlierDetection = outlierDetection;
        builder.panicThreshold = panicThreshold;
        builder.slowStart = slowStart;
        builder.hostPolicy = hostPolicy;
        builder.maxConnectionsPerTarget = maxConnectionsPerTarget;
        builder.maxQueued = maxQueued;
        builder.queueTimeout = queueTimeout;
        builder.idleTimeout = idleTimeout;
        builder.maxAge = maxAge;
        builder.dnsRefresh = dnsRefresh;
        builder.maxResponseHeaderBytes = maxResponseHeaderBytes;
        builder.circuitBreaker = circuitBreaker;
        builder.targetCircuitBreaker = targetCircuitBreaker;
        builder.retry = retry;
        builder.targetConcurrency = targetConcurrency;
        builder.maxConcurrentRequests = maxConcurrentRequests;
        return builder;
    }

    /** The unique name. */
    public String name() {
        return name;
    }

    /** The servers, in order. */
    public List<Target> targets() {
        return targets;
    }

    /** Where more servers are found; empty if only the configured ones are used. */
    public Optional<TargetSource> targetSource() {
        return Optional.ofNullable(targetSource);
    }

    /** How a server is chosen for a request. */
    public LoadBalancer loadBalancer() {
        return loadBalancer;
    }

    /** The percentage of usable servers of a tier, by weight, from which on it takes all requests. */
    public int spillOverThreshold() {
        return spillOverThreshold;
    }

    /** Whether and how far servers of the proxy's own zone are preferred within their tier. */
    public ZonePreference zonePreference() {
        return zonePreference;
    }

    /** How clients keep their server; empty if each request may go to another one. */
    public Optional<StickySession> stickySession() {
        return Optional.ofNullable(stickySession);
    }

    /** How the servers are asked whether they are well; empty if they are not asked. */
    public Optional<HealthCheck> healthCheck() {
        return healthCheck;
    }

    /** Which servers are ejected for what becomes of their requests. */
    public OutlierDetection outlierDetection() {
        return outlierDetection;
    }

    /** The percentage of usable servers below which all are used. */
    public int panicThreshold() {
        return panicThreshold;
    }

    /** How long a server takes to get its whole share of requests again after a recovery; zero: at once. */
    public Duration slowStart() {
        return slowStart;
    }

    /** Which Host field the servers get. */
    public HostPolicy hostPolicy() {
        return hostPolicy;
    }

    /** The most connections to one server, over all I/O threads. */
    public int maxConnectionsPerTarget() {
        return maxConnectionsPerTarget;
    }

    /** The most exchanges that wait for a connection to one server. */
    public int maxQueued() {
        return maxQueued;
    }

    /** How long an exchange waits for a connection. */
    public Duration queueTimeout() {
        return queueTimeout;
    }

    /** How long an unused connection is kept. */
    public Duration idleTimeout() {
        return idleTimeout;
    }

    /** The age at which a connection is not used again; zero means any age. */
    public Duration maxAge() {
        return maxAge;
    }

    /** How often names are resolved again. */
    public Duration dnsRefresh() {
        return dnsRefresh;
    }

    /** The most bytes that the head of an answer may have. */
    public int maxResponseHeaderBytes() {
        return maxResponseHeaderBytes;
    }

    /** When the whole pool is not asked any more. */
    public Optional<CircuitBreaker> circuitBreaker() {
        return Optional.ofNullable(circuitBreaker);
    }

    /** When one server is not asked any more. */
    public Optional<CircuitBreaker> targetCircuitBreaker() {
        return Optional.ofNullable(targetCircuitBreaker);
    }

    /** Whether a failed attempt is followed by another one. */
    public RetryPolicy retry() {
        return retry;
    }

    /** The most requests under way to one server; absent where only connections are limited. */
    public Optional<ConcurrencyLimit> targetConcurrency() {
        return Optional.ofNullable(targetConcurrency);
    }

    /** The most requests under way to the whole pool; 0 means no limit. */
    public int maxConcurrentRequests() {
        return maxConcurrentRequests;
    }

    private List<Object> state() {
        return List.of(
                name,
                targets,
                targetSource(),
                loadBalancer,
                stickySession(),
                spillOverThreshold,
                zonePreference,
                healthCheck,
                outlierDetection,
                panicThreshold,
                slowStart,
                hostPolicy,
                maxConnectionsPerTarget,
                maxQueued,
                queueTimeout,
                idleTimeout,
                maxAge,
                dnsRefresh,
                maxResponseHeaderBytes,
                circuitBreaker(),
                targetCircuitBreaker(),
                retry,
                targetConcurrency(),
                maxConcurrentRequests);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UpstreamPool pool && state().equals(pool.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "UpstreamPool[" + name + " " + targets + "]";
    }

    /** Collects the settings of a pool. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private final String name;
        private final List<Target> targets = new ArrayList<>();
        private @Nullable TargetSource targetSource;
        private LoadBalancer loadBalancer = LoadBalancer.powerOfTwoChoices();
        private @Nullable StickySession stickySession;
        private int spillOverThreshold = 70;
        private ZonePreference zonePreference = ZonePreference.ofDefaults();
        private Optional<HealthCheck> healthCheck = Optional.empty();
        private OutlierDetection outlierDetection = OutlierDetection.ofDefaults();
        private int panicThreshold = 1;
        private Duration slowStart = Duration.ZERO;
        private HostPolicy hostPolicy = HostPolicy.PRESERVE;
        private int maxConnectionsPerTarget = 1024;
        private int maxQueued = 1024;
        private Duration queueTimeout = Duration.ofSeconds(5);
        private Duration idleTimeout = Duration.ofSeconds(4);
        private Duration maxAge = Duration.ZERO;
        private Duration dnsRefresh = Duration.ofSeconds(30);
        private int maxResponseHeaderBytes = 64 * 1024;
        private @Nullable CircuitBreaker circuitBreaker;
        private @Nullable CircuitBreaker targetCircuitBreaker;
        private RetryPolicy retry = RetryPolicy.ofDefaults();
        private @Nullable ConcurrencyLimit targetConcurrency;
        private int maxConcurrentRequests;

        private Builder(String name) {
            this.name = name;
        }

        /** Adds the server at this URL, see {@link Target#url()}. */
        public Builder target(String url) {
            return target(Target.of(url));
        }

        /** Adds a server. */
        public Builder target(Target target) {
            targets.add(requireNonNull(target, "target"));
            return this;
        }

        /** Puts these servers in the place of those added so far. */
        public Builder targets(List<Target> targets) {
            this.targets.clear();
            this.targets.addAll(targets);
            return this;
        }

        /**
         * Finds more servers, and keeps looking: in a file, by name service, or with code of one's own. A pool with a source
         * may have no servers of its own; of two with one URL the pool's own holds. Default: none.
         */
        public Builder targetSource(TargetSource targetSource) {
            this.targetSource = requireNonNull(targetSource, "targetSource");
            return this;
        }

        /** How a server is chosen. Default: {@link LoadBalancer#powerOfTwoChoices()}. */
        public Builder loadBalancer(LoadBalancer loadBalancer) {
            this.loadBalancer = requireNonNull(loadBalancer, "loadBalancer");
            return this;
        }

        /**
         * The percentage of usable servers of a {@linkplain Target#priority() tier}, by weight, from which on that tier takes
         * all requests, 0 to 100. Below it the tier takes the usable percentage divided by this one of them, so that none of its
         * servers has to bear more than 100 / threshold of its usual load, and the rest goes to the next tier. If all
         * tiers together cannot take all, each takes more in proportion. 0: the next tier is used only when nothing is left of
         * the one before. Without effect on a pool with one tier and one zone. Default: 70, which bears 43 % more than
         * usual (Envoy's overprovisioning factor of 1.4).
         */
        public Builder spillOverThreshold(int spillOverThreshold) {
            this.spillOverThreshold = spillOverThreshold;
            return this;
        }

        /**
         * Whether and how far servers of the {@linkplain io.fairlead.proxy.ProxyConfig#zone() proxy's zone} are preferred within
         * their tier. Default: {@link ZonePreference#ofDefaults()}, which does nothing while the proxy has no zone.
         */
        public Builder zonePreference(ZonePreference zonePreference) {
            this.zonePreference = requireNonNull(zonePreference, "zonePreference");
            return this;
        }

        /**
         * Keeps clients at the server that answered them first. The load balancer chooses for those that have none, and for
         * those whose server may not be used. Default: none.
         */
        public Builder stickySession(StickySession stickySession) {
            this.stickySession = requireNonNull(stickySession, "stickySession");
            return this;
        }

        /** Asks the servers whether they are well. Default: they are not asked. */
        public Builder healthCheck(HealthCheck healthCheck) {
            this.healthCheck = Optional.of(requireNonNull(healthCheck, "healthCheck"));
            return this;
        }

        /** Which servers are ejected for what becomes of their requests. Default: {@link OutlierDetection#ofDefaults()}. */
        public Builder outlierDetection(OutlierDetection outlierDetection) {
            this.outlierDetection = requireNonNull(outlierDetection, "outlierDetection");
            return this;
        }

        /**
         * The percentage of usable servers below which the pool panics: it uses the unhealthy and the ejected ones as well,
         * since the few that are left would not bear the load, or the checks are wrong. 0 to 100. 0 never panics: without a
         * usable server requests get 503. 1 means in effect once none is left. Draining servers and those whose breaker
         * is open are not used in panic either. A pool with several {@linkplain Target#priority() tiers} panics when each of them
         * is below this percentage. Default: 1.
         */
        public Builder panicThreshold(int panicThreshold) {
            this.panicThreshold = panicThreshold;
            return this;
        }

        /**
         * How long a server takes to get its whole share of requests after it was unhealthy or ejected, or was added by an
         * update: it begins with a tenth, and grows evenly. Not after the start of the proxy. Zero: at once. Default: zero.
         */
        public Builder slowStart(Duration slowStart) {
            this.slowStart = requireNonNull(slowStart, "slowStart");
            return this;
        }

        /** Which Host field the servers get. Default: {@link HostPolicy#PRESERVE}. */
        public Builder hostPolicy(HostPolicy hostPolicy) {
            this.hostPolicy = requireNonNull(hostPolicy, "hostPolicy");
            return this;
        }

        /** The most connections to one server, over all I/O threads; at least 1. Default: 1,024. */
        public Builder maxConnectionsPerTarget(int maxConnectionsPerTarget) {
            this.maxConnectionsPerTarget = maxConnectionsPerTarget;
            return this;
        }

        /** The most exchanges that wait for a connection to one server; 0 means none waits. Default: 1,024. */
        public Builder maxQueued(int maxQueued) {
            this.maxQueued = maxQueued;
            return this;
        }

        /** How long an exchange waits for a connection before it gets 503; above zero. Default: 5 s. */
        public Builder queueTimeout(Duration queueTimeout) {
            this.queueTimeout = requireNonNull(queueTimeout, "queueTimeout");
            return this;
        }

        /**
         * How long an unused connection is kept; above zero. Keep it below the servers' own keep-alive time, or
         * requests meet closing connections. A server that says {@code Keep-Alive: timeout=N} gets N - 1 s if that is
         * less. Default: 4 s.
         */
        public Builder idleTimeout(Duration idleTimeout) {
            this.idleTimeout = requireNonNull(idleTimeout, "idleTimeout");
            return this;
        }

        /** The age at which a connection is not used again; zero means any age. Default: zero. */
        public Builder maxAge(Duration maxAge) {
            this.maxAge = requireNonNull(maxAge, "maxAge");
            return this;
        }

        /** How often names are resolved again; the last good answer is kept. At least 1 s. Default: 30 s. */
        public Builder dnsRefresh(Duration dnsRefresh) {
            this.dnsRefresh = requireNonNull(dnsRefresh, "dnsRefresh");
            return this;
        }

        /** The most bytes that the head of an answer may have; 1,024 to 65,536. Default: 65,536. */
        public Builder maxResponseHeaderBytes(int maxResponseHeaderBytes) {
            this.maxResponseHeaderBytes = maxResponseHeaderBytes;
            return this;
        }

        /**
         * Answers requests at once with 503 and {@code Retry-After} while the pool as a whole fails. It counts requests by
         * what became of them in the end, after all attempts. Default: none.
         */
        public Builder circuitBreaker(CircuitBreaker circuitBreaker) {
            this.circuitBreaker = requireNonNull(circuitBreaker, "circuitBreaker");
            return this;
        }

        /**
         * Leaves out a server while it fails; each server has a breaker of its own, which counts the attempts made on it.
         * When none is left, the answer is 503 with {@code Retry-After}. May be set together with
         * {@link #circuitBreaker}. Default: none.
         */
        public Builder targetCircuitBreaker(CircuitBreaker targetCircuitBreaker) {
            this.targetCircuitBreaker = requireNonNull(targetCircuitBreaker, "targetCircuitBreaker");
            return this;
        }

        /**
         * Whether a failed attempt is followed by another one; a route may have its own policy. Default:
         * {@link RetryPolicy#ofDefaults()}, which never replaces an answer.
         */
        public Builder retry(RetryPolicy retry) {
            this.retry = requireNonNull(retry, "retry");
            return this;
        }

        /**
         * The most requests under way to one server. Unlike those that wait for a connection, which {@link #maxQueued}
         * bounds, what is above this limit is answered at once. Default: none.
         */
        public Builder targetConcurrency(ConcurrencyLimit targetConcurrency) {
            this.targetConcurrency = requireNonNull(targetConcurrency, "targetConcurrency");
            return this;
        }

        /**
         * The most requests under way to the whole pool, also those that wait for a connection or for another attempt; more get
         * 503 with {@code Retry-After} at once. 0 means no limit. Default: 0.
         */
        public Builder maxConcurrentRequests(int maxConcurrentRequests) {
            this.maxConcurrentRequests = maxConcurrentRequests;
            return this;
        }

        /** The pool. */
        public UpstreamPool build() {
            return new UpstreamPool(this);
        }
    }
}
