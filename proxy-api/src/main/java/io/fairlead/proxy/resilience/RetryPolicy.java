package io.fairlead.proxy.resilience;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Whether a failed attempt is followed by another one, and when. A pool has one, and a route may have its own.
 *
 * <p>Whatever it says, an attempt is made again only if that can do no harm: nothing of the request was sent, or its method
 * is idempotent (RFC 9110 §9.2.2), or {@link #nonIdempotent()} allows it; what was sent of the body can be sent again; and the
 * client has not received a byte. The next attempt goes to a target that was not tried yet as long as there is one.
 *
 * <p>The deadlines are those of {@link Timeouts}: {@code attempt} for each attempt, {@code total} for all of them with their
 * pauses. There is no other.
 *
 * <p>Apart from all this, and not counted, is a connection that was kept and that the target closed just when a request was
 * sent on it: the request is sent once more on a new connection.
 *
 * <p>Immutable; two with equal settings are equal.
 */
public final class RetryPolicy {

    private static final RetryPolicy DEFAULTS = builder().build();

    private final int maxAttempts;
    private final Set<RetryOn> on;
    private final Set<Integer> statuses;
    private final Set<Integer> safeMethodStatuses;
    private final List<String> responseHeaders;
    private final boolean nonIdempotent;
    private final boolean sameTarget;
    private final Duration backoff;
    private final Duration maxBackoff;
    private final Duration maxRetryAfter;
    private final int budgetPercent;
    private final int budgetFloor;
    private final int maxReplayBytes;
    private final Optional<String> attemptHeader;
    private final Duration hedgeAfter;

    private RetryPolicy(Builder builder) {
        this.maxAttempts = builder.maxAttempts;
        this.on = Set.copyOf(builder.on);
        this.statuses = Set.copyOf(builder.statuses);
        this.safeMethodStatuses = Set.copyOf(builder.safeMethodStatuses);
        this.responseHeaders = List.copyOf(builder.responseHeaders);
        this.nonIdempotent = builder.nonIdempotent;
        this.sameTarget = builder.sameTarget;
        this.backoff = builder.backoff;
        this.maxBackoff = builder.maxBackoff;
        this.maxRetryAfter = builder.maxRetryAfter;
        this.budgetPercent = builder.budgetPercent;
        this.budgetFloor = builder.budgetFloor;
        this.maxReplayBytes = builder.maxReplayBytes;
        this.attemptHeader = builder.attemptHeader;
        this.hedgeAfter = builder.hedgeAfter;
    }

    /**
     * What a pool has unless told otherwise: three attempts, each on another target, on {@link RetryOn#CONNECT_FAILURE} and
     * {@link RetryOn#RESET}. No answer is ever replaced.
     */
    public static RetryPolicy ofDefaults() {
        return DEFAULTS;
    }

    /** One attempt. */
    public static RetryPolicy none() {
        return builder().maxAttempts(1).build();
    }

    /**
     * Three attempts on every {@link RetryOn}, and on 500 for safe methods; the same target again if there is no other. Meant
     * to go with a {@link Timeouts#attempt()} of 500 ms or whatever a healthy target never takes.
     */
    public static RetryPolicy recommended() {
        return builder()
                .on(RetryOn.values())
                .safeMethodStatuses(500)
                .sameTarget(true)
                .build();
    }

    /** Begins with the defaults that stand at each setter. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these settings. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxAttempts = maxAttempts;
        builder.on = copy(on);
        builder.statuses = statuses;
        builder.safeMethodStatuses = safeMethodStatuses;
        builder.responseHeaders = responseHeaders;
        builder.nonIdempotent = nonIdempotent;
        builder.sameTarget = sameTarget;
        builder.backoff = backoff;
        builder.maxBackoff = maxBackoff;
        builder.maxRetryAfter = maxRetryAfter;
        builder.budgetPercent = budgetPercent;
        builder.budgetFloor = budgetFloor;
        builder.maxReplayBytes = maxReplayBytes;
        builder.attemptHeader = attemptHeader;
        builder.hedgeAfter = hedgeAfter;
        return builder;
    }

    private static Set<RetryOn> copy(Set<RetryOn> conditions) {
        Set<RetryOn> copy = EnumSet.noneOf(RetryOn.class);
        copy.addAll(conditions);
        return copy;
    }

    /** Attempts for one request, the first included. */
    public int maxAttempts() {
        return maxAttempts;
    }

    /** On what another attempt follows. */
    public Set<RetryOn> on() {
        return on;
    }

    /** The statuses of answers on which another attempt follows, beside those of {@link #on()}. */
    public Set<Integer> statuses() {
        return statuses;
    }

    /** The same, for GET, HEAD and OPTIONS only. */
    public Set<Integer> safeMethodStatuses() {
        return safeMethodStatuses;
    }

    /** Fields of an answer whose presence asks for another attempt. */
    public List<String> responseHeaders() {
        return responseHeaders;
    }

    /** Whether requests that are not idempotent are sent again too. */
    public boolean nonIdempotent() {
        return nonIdempotent;
    }

    /** Whether a target is tried again when there is no other. */
    public boolean sameTarget() {
        return sameTarget;
    }

    /** The longest pause before the second attempt. */
    public Duration backoff() {
        return backoff;
    }

    /** The longest pause before any attempt. */
    public Duration maxBackoff() {
        return maxBackoff;
    }

    /** How long a Retry-After is waited for. */
    public Duration maxRetryAfter() {
        return maxRetryAfter;
    }

    /** Retries for a hundred requests. */
    public int budgetPercent() {
        return budgetPercent;
    }

    /** Retries in ten seconds that the budget allows in any case. */
    public int budgetFloor() {
        return budgetFloor;
    }

    /** The most bytes of a request body that are kept for another attempt. */
    public int maxReplayBytes() {
        return maxReplayBytes;
    }

    /** The field that tells the target the number of the attempt. */
    public Optional<String> attemptHeader() {
        return attemptHeader;
    }

    /** How long an answer is waited for before another target is asked as well; zero means never. */
    public Duration hedgeAfter() {
        return hedgeAfter;
    }

    private List<Object> state() {
        return List.of(
                maxAttempts,
                on,
                statuses,
                safeMethodStatuses,
                responseHeaders,
                nonIdempotent,
                sameTarget,
                backoff,
                maxBackoff,
                maxRetryAfter,
                budgetPercent,
                budgetFloor,
                maxReplayBytes,
                attemptHeader,
                hedgeAfter);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RetryPolicy policy && state().equals(policy.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "RetryPolicy[maxAttempts=" + maxAttempts + " on=" + new TreeSet<>(on) + " statuses="
                + new TreeSet<>(statuses) + " safeMethodStatuses=" + new TreeSet<>(safeMethodStatuses) + "]";
    }

    /** Collects the settings. Rejects only null; the proxy's {@code build()} reports everything else. */
    public static final class Builder {
        private int maxAttempts = 3;
        private Set<RetryOn> on = EnumSet.of(RetryOn.CONNECT_FAILURE, RetryOn.RESET);
        private Set<Integer> statuses = Set.of();
        private Set<Integer> safeMethodStatuses = Set.of();
        private List<String> responseHeaders = List.of();
        private boolean nonIdempotent;
        private boolean sameTarget;
        private Duration backoff = Duration.ofMillis(25);
        private Duration maxBackoff = Duration.ofMillis(250);
        private Duration maxRetryAfter = Duration.ofSeconds(1);
        private int budgetPercent = 20;
        private int budgetFloor = 100;
        private int maxReplayBytes = 64 * 1024;
        private Optional<String> attemptHeader = Optional.empty();
        private Duration hedgeAfter = Duration.ZERO;

        private Builder() {}

        /** Attempts for one request, the first included; 1 to 10, 1 means no retry. Default: 3. */
        public Builder maxAttempts(int maxAttempts) {
            this.maxAttempts = maxAttempts;
            return this;
        }

        /** On what another attempt follows; none of them leaves statuses and fields. Default: CONNECT_FAILURE and RESET. */
        public Builder on(RetryOn... conditions) {
            Set<RetryOn> set = EnumSet.noneOf(RetryOn.class);
            set.addAll(List.of(conditions));
            this.on = set;
            return this;
        }

        /** Statuses of answers on which another attempt follows; 400 to 599. Default: none. */
        public Builder statuses(int... statuses) {
            this.statuses = IntStream.of(statuses).boxed().collect(Collectors.toUnmodifiableSet());
            return this;
        }

        /** The same for GET, HEAD and OPTIONS only, for statuses that may come after the work was done. Default: none. */
        public Builder safeMethodStatuses(int... statuses) {
            this.safeMethodStatuses = IntStream.of(statuses).boxed().collect(Collectors.toUnmodifiableSet());
            return this;
        }

        /** Fields of an answer whose presence asks for another attempt, such as {@code X-Retry}. Default: none. */
        public Builder responseHeaders(String... names) {
            this.responseHeaders = List.of(names);
            return this;
        }

        /**
         * Whether requests that are not idempotent, such as POST, are sent again though the target may have acted on them.
         * Only for targets that find duplicates by themselves. Default: false.
         */
        public Builder nonIdempotent(boolean nonIdempotent) {
            this.nonIdempotent = nonIdempotent;
            return this;
        }

        /**
         * Whether a target is tried again, after a pause, when there is no other; never one at which no connection was
         * free. Default: false.
         */
        public Builder sameTarget(boolean sameTarget) {
            this.sameTarget = sameTarget;
            return this;
        }

        /**
         * The longest pause before the second attempt; it doubles with each further one. The pause is chosen at random
         * between nothing and that ("full jitter"), so that clients do not come back all at once. A connect failure goes to
         * another target without any. Zero: no pauses. Default: 25 ms.
         */
        public Builder backoff(Duration backoff) {
            this.backoff = requireNonNull(backoff, "backoff");
            return this;
        }

        /** The longest pause before any attempt; not below {@link #backoff}. Default: 250 ms. */
        public Builder maxBackoff(Duration maxBackoff) {
            this.maxBackoff = requireNonNull(maxBackoff, "maxBackoff");
            return this;
        }

        /**
         * How long a Retry-After of an answer (RFC 9110 §10.2.3) is waited for before the same target is tried again. If it
         * asks for more, or for more than is left of {@link Timeouts#total()}, the answer goes to the client. Another target
         * is tried without that wait. Default: 1 s.
         */
        public Builder maxRetryAfter(Duration maxRetryAfter) {
            this.maxRetryAfter = requireNonNull(maxRetryAfter, "maxRetryAfter");
            return this;
        }

        /**
         * Retries in ten seconds for a hundred requests to the pool, which are those of the last ten seconds or those under
         * way, whichever are more; 0 to 100. More are not made, so that retries do not bury targets that are down already.
         * Attempts that reached nobody do not count. What a pool's policy says holds for all its routes. Default: 20.
         */
        public Builder budgetPercent(int budgetPercent) {
            this.budgetPercent = budgetPercent;
            return this;
        }

        /** Retries in ten seconds that the budget allows in any case, for pools with little traffic. Default: 100. */
        public Builder budgetFloor(int budgetFloor) {
            this.budgetFloor = budgetFloor;
            return this;
        }

        /**
         * The most bytes of a request body that are kept for another attempt; a longer body is sent once. All requests of the
         * proxy together keep at most {@link io.fairlead.proxy.ProxyConfig#maxReplayMemoryBytes()}. 0: bodies are not kept.
         * Default: 65,536.
         */
        public Builder maxReplayBytes(int maxReplayBytes) {
            this.maxReplayBytes = maxReplayBytes;
            return this;
        }

        /** The field that tells the target the number of the attempt, beginning with 1. Default: none is sent. */
        public Builder attemptHeader(String name) {
            this.attemptHeader = Optional.of(name);
            return this;
        }

        /**
         * How long the head of an answer is waited for before another target is asked as well ("hedging"); whoever answers
         * first is heard, and the other one given up. Once for a request, only for GET, HEAD and OPTIONS without a body, and
         * only as far as attempts and budget go. A target that is overtaken, though it was asked earlier by so long, is judged as
         * one that did not answer in time. Set it to what nearly all answers need less than, such as the 95th percentile. Zero:
         * never. Default: zero.
         */
        public Builder hedgeAfter(Duration hedgeAfter) {
            this.hedgeAfter = requireNonNull(hedgeAfter, "hedgeAfter");
            return this;
        }

        /** The policy. */
        public RetryPolicy build() {
            return new RetryPolicy(this);
        }
    }
}
