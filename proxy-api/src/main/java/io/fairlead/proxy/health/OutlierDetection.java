package io.fairlead.proxy.health;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/**
 * Watches what becomes of the requests to each target, and ejects the one that fails while others do not: it gets no requests
 * for a while. Immutable; two with equal settings are equal.
 *
 * <p>It is on by default, with {@link #ofDefaults}: five requests in a row that a target does not answer at all. It never
 * ejects the last usable target, so that a pool of one is never without, and a client that goes away never counts.
 *
 * <p>An ejection lasts {@link Builder#baseEjectionTime} times the number of ejections in a row, at most {@link
 * Builder#maxEjectionTime}. The number falls by one with each {@link Builder#interval} in which the target is not ejected.
 */
public final class OutlierDetection {

    /** What may end an ejection before its time is over. */
    public enum EarlyReturn {
        /** Nothing. */
        NEVER,
        /**
         * The active check finds the target healthy after it had found it unhealthy: what was seen to go away and come back is a
         * new target. Checks that pass all the time say nothing of the requests that fail. The default.
         */
        ON_RECOVERY,
        /** Any active check that passes. */
        ON_PASSING_CHECK
    }

    private static final OutlierDetection DEFAULTS = builder().build();
    private static final OutlierDetection RECOMMENDED =
            builder().consecutive5xx(5).maxEjectionPercent(100).build();
    private static final OutlierDetection OFF =
            builder().consecutiveLocalOriginFailures(0).build();

    private final int consecutive5xx;
    private final int consecutiveGatewayErrors;
    private final int consecutiveLocalOriginFailures;
    private final int successRateDeviation;
    private final int successRateMinTargets;
    private final int successRateMinRequests;
    private final int failurePercentage;
    private final int failurePercentageMinTargets;
    private final int failurePercentageMinRequests;
    private final Duration interval;
    private final Duration baseEjectionTime;
    private final Duration maxEjectionTime;
    private final int maxEjectionPercent;
    private final EarlyReturn earlyReturn;

    private OutlierDetection(Builder builder) {
        this.consecutive5xx = builder.consecutive5xx;
        this.consecutiveGatewayErrors = builder.consecutiveGatewayErrors;
        this.consecutiveLocalOriginFailures = builder.consecutiveLocalOriginFailures;
        this.successRateDeviation = builder.successRateDeviation;
        this.successRateMinTargets = builder.successRateMinTargets;
        this.successRateMinRequests = builder.successRateMinRequests;
        this.failurePercentage = builder.failurePercentage;
        this.failurePercentageMinTargets = builder.failurePercentageMinTargets;
        this.failurePercentageMinRequests = builder.failurePercentageMinRequests;
        this.interval = builder.interval;
        this.baseEjectionTime = builder.baseEjectionTime;
        this.maxEjectionTime = builder.maxEjectionTime;
        this.maxEjectionPercent = builder.maxEjectionPercent;
        this.earlyReturn = builder.earlyReturn;
    }

    /** The defaults that stand at each setting. */
    public static OutlierDetection ofDefaults() {
        return DEFAULTS;
    }

    /**
     * Ejects after 5 failures in a row of any kind, 5xx answers included, and may eject all but the last target: for pools whose
     * targets are alike, so that an error of one of them alone is its own.
     */
    public static OutlierDetection recommended() {
        return RECOMMENDED;
    }

    /** Ejects nothing. */
    public static OutlierDetection off() {
        return OFF;
    }

    /** Begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        return builder()
                .consecutive5xx(consecutive5xx)
                .consecutiveGatewayErrors(consecutiveGatewayErrors)
                .consecutiveLocalOriginFailures(consecutiveLocalOriginFailures)
                .successRateDeviation(successRateDeviation)
                .successRateMinTargets(successRateMinTargets)
                .successRateMinRequests(successRateMinRequests)
                .failurePercentage(failurePercentage)
                .failurePercentageMinTargets(failurePercentageMinTargets)
                .failurePercentageMinRequests(failurePercentageMinRequests)
                .interval(interval)
                .baseEjectionTime(baseEjectionTime)
                .maxEjectionTime(maxEjectionTime)
                .maxEjectionPercent(maxEjectionPercent)
                .earlyReturn(earlyReturn);
    }

    /** 5xx answers but 501 and 505, and unanswered requests in a row; 0 if they do not matter. */
    public int consecutive5xx() {
        return consecutive5xx;
    }

    /** Answers 502, 503, 504 and unanswered requests in a row; 0 if they do not matter. */
    public int consecutiveGatewayErrors() {
        return consecutiveGatewayErrors;
    }

    /** Unanswered requests in a row; 0 if they do not matter. */
    public int consecutiveLocalOriginFailures() {
        return consecutiveLocalOriginFailures;
    }

    /** How far below the mean a success rate may be, in thousandths of a standard deviation; 0 if it does not matter. */
    public int successRateDeviation() {
        return successRateDeviation;
    }

    /** How many targets must have enough requests to be compared. */
    public int successRateMinTargets() {
        return successRateMinTargets;
    }

    /** How many requests a target must have in an interval to be compared. */
    public int successRateMinRequests() {
        return successRateMinRequests;
    }

    /** The share of failed requests in an interval that ejects; 0 if it does not matter. */
    public int failurePercentage() {
        return failurePercentage;
    }

    /** How many targets must have enough requests for {@link #failurePercentage}. */
    public int failurePercentageMinTargets() {
        return failurePercentageMinTargets;
    }

    /** How many requests a target must have in an interval for {@link #failurePercentage}. */
    public int failurePercentageMinRequests() {
        return failurePercentageMinRequests;
    }

    /** How often rates are looked at, and after which time without ejection the number of ejections falls. */
    public Duration interval() {
        return interval;
    }

    /** How long the first ejection lasts. */
    public Duration baseEjectionTime() {
        return baseEjectionTime;
    }

    /** The longest ejection. */
    public Duration maxEjectionTime() {
        return maxEjectionTime;
    }

    /** The share of the pool's targets that may be ejected at once. */
    public int maxEjectionPercent() {
        return maxEjectionPercent;
    }

    /** What may end an ejection before its time is over. */
    public EarlyReturn earlyReturn() {
        return earlyReturn;
    }

    private List<Object> state() {
        return List.of(
                consecutive5xx,
                consecutiveGatewayErrors,
                consecutiveLocalOriginFailures,
                successRateDeviation,
                successRateMinTargets,
                successRateMinRequests,
                failurePercentage,
                failurePercentageMinTargets,
                failurePercentageMinRequests,
                interval,
                baseEjectionTime,
                maxEjectionTime,
                maxEjectionPercent,
                earlyReturn);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OutlierDetection detection && state().equals(detection.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "OutlierDetection[consecutive5xx=" + consecutive5xx + " consecutiveGatewayErrors="
                + consecutiveGatewayErrors + " consecutiveLocalOriginFailures=" + consecutiveLocalOriginFailures
                + " successRateDeviation=" + successRateDeviation + " failurePercentage=" + failurePercentage + "]";
    }

    /** Collects the settings of a detection. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private int consecutive5xx;
        private int consecutiveGatewayErrors;
        private int consecutiveLocalOriginFailures = 5;
        private int successRateDeviation;
        private int successRateMinTargets = 5;
        private int successRateMinRequests = 100;
        private int failurePercentage;
        private int failurePercentageMinTargets = 5;
        private int failurePercentageMinRequests = 50;
        private Duration interval = Duration.ofSeconds(10);
        private Duration baseEjectionTime = Duration.ofSeconds(30);
        private Duration maxEjectionTime = Duration.ofSeconds(300);
        private int maxEjectionPercent = 50;
        private EarlyReturn earlyReturn = EarlyReturn.ON_RECOVERY;

        private Builder() {}

        /**
         * Ejects after this many failures in a row, where both a 5xx answer and no answer is one; 0 to 10,000, 0 for never.
         * Not 501 and 505, which a client can bring about with a method or version of its choice: they count as successes
         * here and in the rates. Default: 0, because one bad request that a client repeats is a 5xx from every target; 5 suits most pools.
         */
        public Builder consecutive5xx(int consecutive5xx) {
            this.consecutive5xx = consecutive5xx;
            return this;
        }

        /**
         * Ejects after this many failures in a row, where both an answer 502, 503 or 504 and no answer is one; 0 to 10,000, 0 for
         * never. Default: 0.
         */
        public Builder consecutiveGatewayErrors(int consecutiveGatewayErrors) {
            this.consecutiveGatewayErrors = consecutiveGatewayErrors;
            return this;
        }

        /**
         * Ejects after this many requests in a row without an answer: the connection was refused, reset or timed out, or the
         * answer was none of HTTP; 0 to 10,000, 0 for never. Default: 5.
         */
        public Builder consecutiveLocalOriginFailures(int consecutiveLocalOriginFailures) {
            this.consecutiveLocalOriginFailures = consecutiveLocalOriginFailures;
            return this;
        }

        /**
         * Ejects a target whose share of successes in an interval is below the mean of all by more than this many thousandths
         * of their standard deviation; 0 to 10,000, 0 for never. Default: 0; 1,900 suits large pools.
         */
        public Builder successRateDeviation(int successRateDeviation) {
            this.successRateDeviation = successRateDeviation;
            return this;
        }

        /** How many targets must have {@link #successRateMinRequests} to be compared, at least 2. Default: 5. */
        public Builder successRateMinTargets(int successRateMinTargets) {
            this.successRateMinTargets = successRateMinTargets;
            return this;
        }

        /** How many requests a target must have in an interval to be compared, at least 1. Default: 100. */
        public Builder successRateMinRequests(int successRateMinRequests) {
            this.successRateMinRequests = successRateMinRequests;
            return this;
        }

        /** Ejects a target of whose requests in an interval this share or more failed; 0 to 100, 0 for never. Default: 0. */
        public Builder failurePercentage(int failurePercentage) {
            this.failurePercentage = failurePercentage;
            return this;
        }

        /** How many targets must have {@link #failurePercentageMinRequests} for any to be ejected, at least 1. Default: 5. */
        public Builder failurePercentageMinTargets(int failurePercentageMinTargets) {
            this.failurePercentageMinTargets = failurePercentageMinTargets;
            return this;
        }

        /** How many requests a target must have in an interval for {@link #failurePercentage}, at least 1. Default: 50. */
        public Builder failurePercentageMinRequests(int failurePercentageMinRequests) {
            this.failurePercentageMinRequests = failurePercentageMinRequests;
            return this;
        }

        /**
         * How often rates are looked at, and after which time without ejection the number of ejections in a row falls by one; at
         * least 100 ms. Failures in a row eject at once, whatever the interval. Default: 10 s.
         */
        public Builder interval(Duration interval) {
            this.interval = requireNonNull(interval, "interval");
            return this;
        }

        /** How long the first ejection lasts; the second in a row twice as long, and so on. At least 1 ms. Default: 30 s. */
        public Builder baseEjectionTime(Duration baseEjectionTime) {
            this.baseEjectionTime = requireNonNull(baseEjectionTime, "baseEjectionTime");
            return this;
        }

        /** The longest ejection, not below the base. Default: 300 s. */
        public Builder maxEjectionTime(Duration maxEjectionTime) {
            this.maxEjectionTime = requireNonNull(maxEjectionTime, "maxEjectionTime");
            return this;
        }

        /**
         * The share of the pool's targets that may be ejected at once, rounded down, but always one; 0 to 100. Whatever it is,
         * the last usable target stays. What the active check finds does not count against it. Default: 50.
         */
        public Builder maxEjectionPercent(int maxEjectionPercent) {
            this.maxEjectionPercent = maxEjectionPercent;
            return this;
        }

        /** What may end an ejection before its time is over. Default: {@link EarlyReturn#ON_RECOVERY}. */
        public Builder earlyReturn(EarlyReturn earlyReturn) {
            this.earlyReturn = requireNonNull(earlyReturn, "earlyReturn");
            return this;
        }

        /** The detection. */
        public OutlierDetection build() {
            return new OutlierDetection(this);
        }
    }
}
