package io.fairlead.proxy.resilience;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/**
 * When to stop sending to a target or a pool that keeps failing, and when to try it again.
 *
 * <p>A breaker is {@link State#CLOSED} as long as all is well. Once too large a share of what it has seen failed, or was
 * slow, it becomes {@link State#OPEN}: nothing is sent for {@link #openDuration()}. Then it is {@link State#HALF_OPEN}:
 * {@link #halfOpenCalls()} requests are let through as probes, and their outcome closes it or opens it anew.
 *
 * <p>What fails: no connection, no answer or a broken one within the deadlines, and every 5xx status but 501 and 505,
 * which a client can bring about with a method or version of its choice. A 4xx is a success: the upstream is there. A
 * client that goes away counts as nothing, and so does what the proxy refused itself, such as a full queue.
 *
 * <p>Immutable; equal settings are equal. Set on a pool with
 * {@link io.fairlead.proxy.upstream.UpstreamPool.Builder#targetCircuitBreaker} and
 * {@link io.fairlead.proxy.upstream.UpstreamPool.Builder#circuitBreaker}; docs/circuit-breaking.md has the numbers.
 */
public final class CircuitBreaker {

    /** What a breaker does at a moment. */
    public enum State {
        /** Everything passes, and its outcome is counted. */
        CLOSED,
        /** Nothing passes until {@link CircuitBreaker#openDuration()} is over. */
        OPEN,
        /** A few probes pass, whose outcome decides. */
        HALF_OPEN,
        /** Opened by hand: nothing passes until it is reset. */
        FORCED_OPEN,
        /** Switched off by hand: everything passes and nothing is counted until it is reset. */
        DISABLED
    }

    private static final CircuitBreaker DEFAULTS = builder().build();

    private final int failureRatePercent;
    private final Duration slowCallDuration;
    private final int slowCallRatePercent;
    private final Duration window;
    private final int windowCalls;
    private final int minimumCalls;
    private final Duration openDuration;
    private final int halfOpenCalls;

    private CircuitBreaker(Builder builder) {
        this.failureRatePercent = builder.failureRatePercent;
        this.slowCallDuration = builder.slowCallDuration;
        this.slowCallRatePercent = builder.slowCallRatePercent;
        this.window = builder.window;
        this.windowCalls = builder.windowCalls;
        this.minimumCalls = builder.minimumCalls;
        this.openDuration = builder.openDuration;
        this.halfOpenCalls = builder.halfOpenCalls;
    }

    /** Opens at 50 % failures among at least 20 calls of the last 10 s, for 10 s, and then sends 5 probes. */
    public static CircuitBreaker ofDefaults() {
        return DEFAULTS;
    }

    /** Begins with the defaults that stand at each setter. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.failureRatePercent = failureRatePercent;
        builder.slowCallDuration = slowCallDuration;
        builder.slowCallRatePercent = slowCallRatePercent;
        builder.window = window;
        builder.windowCalls = windowCalls;
        builder.minimumCalls = minimumCalls;
        builder.openDuration = openDuration;
        builder.halfOpenCalls = halfOpenCalls;
        return builder;
    }

    /** The share of failures that opens it. */
    public int failureRatePercent() {
        return failureRatePercent;
    }

    /** The time to the head of an answer above which a call is slow; zero means that none is. */
    public Duration slowCallDuration() {
        return slowCallDuration;
    }

    /** The share of slow calls that opens it. */
    public int slowCallRatePercent() {
        return slowCallRatePercent;
    }

    /** How far back it looks, unless {@link #windowCalls()} is above zero. */
    public Duration window() {
        return window;
    }

    /** How many calls it looks back on; zero means those of the last {@link #window()}. */
    public int windowCalls() {
        return windowCalls;
    }

    /** How many calls it must have seen before it opens. */
    public int minimumCalls() {
        return minimumCalls;
    }

    /** How long it stays open before it sends probes. */
    public Duration openDuration() {
        return openDuration;
    }

    /** How many probes it sends when half open. */
    public int halfOpenCalls() {
        return halfOpenCalls;
    }

    private List<Object> values() {
        return List.of(
                failureRatePercent,
                slowCallDuration,
                slowCallRatePercent,
                window,
                windowCalls,
                minimumCalls,
                openDuration,
                halfOpenCalls);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CircuitBreaker breaker && values().equals(breaker.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    @Override
    public String toString() {
        String seen = windowCalls > 0 ? "the last " + windowCalls + " calls" : window.toString();
        String slow = slowCallDuration.isZero() ? "" : ", or " + slowCallRatePercent + " % above " + slowCallDuration;
        return "CircuitBreaker[" + failureRatePercent + " % failures" + slow + " of at least " + minimumCalls
                + " calls in " + seen + "; open " + openDuration + ", then " + halfOpenCalls + " probes]";
    }

    /** Collects the settings. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private int failureRatePercent = 50;
        private Duration slowCallDuration = Duration.ZERO;
        private int slowCallRatePercent = 50;
        private Duration window = Duration.ofSeconds(10);
        private int windowCalls;
        private int minimumCalls = 20;
        private Duration openDuration = Duration.ofSeconds(10);
        private int halfOpenCalls = 5;

        private Builder() {}

        /** Opens when at least this share of the calls failed; 1 to 100. Default: 50. */
        public Builder failureRatePercent(int failureRatePercent) {
            this.failureRatePercent = failureRatePercent;
            return this;
        }

        /**
         * A call whose answer begins later than this is slow, whether it fails or not; zero means that none is slow.
         * Default: zero.
         */
        public Builder slowCallDuration(Duration slowCallDuration) {
            this.slowCallDuration = requireNonNull(slowCallDuration, "slowCallDuration");
            return this;
        }

        /** Opens when at least this share of the calls was slow; 1 to 100. Default: 50. */
        public Builder slowCallRatePercent(int slowCallRatePercent) {
            this.slowCallRatePercent = slowCallRatePercent;
            return this;
        }

        /**
         * Looks at the calls of this time, in steps of a second; whole seconds, 1 s to 1 h. Not used where
         * {@link #windowCalls} is set. Default: 10 s.
         */
        public Builder window(Duration window) {
            this.window = requireNonNull(window, "window");
            return this;
        }

        /** Looks at so many last calls, however long ago; 0 to 10,000, zero means those of {@link #window}. Default: 0. */
        public Builder windowCalls(int windowCalls) {
            this.windowCalls = windowCalls;
            return this;
        }

        /**
         * Does not open before it has seen so many calls in its window; at least 1, and not more than
         * {@link #windowCalls} where that is set. Default: 20.
         */
        public Builder minimumCalls(int minimumCalls) {
            this.minimumCalls = minimumCalls;
            return this;
        }

        /** How long nothing is sent before the probes; at least 10 ms. Default: 10 s. */
        public Builder openDuration(Duration openDuration) {
            this.openDuration = requireNonNull(openDuration, "openDuration");
            return this;
        }

        /**
         * How many requests are let through as probes; 1 to 1,000. When all of them are done, their rates of failures
         * and of slow calls close or open it. Default: 5.
         */
        public Builder halfOpenCalls(int halfOpenCalls) {
            this.halfOpenCalls = halfOpenCalls;
            return this;
        }

        /** The settings. */
        public CircuitBreaker build() {
            return new CircuitBreaker(this);
        }
    }
}
