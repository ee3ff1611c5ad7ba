package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import java.time.Duration;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The part of the {@link Model} that tells of deadlines, retries, breakers and limits on what is under way. */
final class ResilienceTypes {

    private static final Type<Duration> DEADLINE = Types.duration(Duration.ZERO);
    private static final Type<Set<Integer>> STATUSES = Types.mapped(
            Types.list(Types.integer(400, 599)),
            list -> Set.copyOf(list),
            set -> set.stream().sorted().toList());

    static final ObjectType<Timeouts, Timeouts> TIMEOUTS = new ObjectType<Timeouts, Timeouts>(
                    "Timeouts",
                    "The deadline of every phase of an exchange; `0s` switches one off.",
                    Timeouts.ofDefaults(),
                    values -> Timeouts.ofDefaults(),
                    timeouts -> timeouts)
            .optional(
                    "requestHead",
                    DEADLINE,
                    Timeouts::requestHead,
                    Timeouts::withRequestHead,
                    "From the first byte of a request's head to its last; 408.")
            .optional(
                    "connect",
                    DEADLINE,
                    Timeouts::connect,
                    Timeouts::withConnect,
                    "Making a connection to a target; 504.")
            .optional(
                    "responseHead",
                    DEADLINE,
                    Timeouts::responseHead,
                    Timeouts::withResponseHead,
                    "From the last byte of the request sent to the head of the answer; 504.")
            .optional(
                    "middleware",
                    DEADLINE,
                    Timeouts::middleware,
                    Timeouts::withMiddleware,
                    "What one middleware may take until it goes on or answers; 500.")
            .optional(
                    "attempt",
                    DEADLINE,
                    Timeouts::attempt,
                    Timeouts::withAttempt,
                    "One attempt, from picking the target to the head of the answer; 504.")
            .optional(
                    "total",
                    DEADLINE,
                    Timeouts::total,
                    Timeouts::withTotal,
                    "The whole exchange; 504, or a cut stream once the response has begun.")
            .optional(
                    "idle",
                    DEADLINE,
                    Timeouts::idle,
                    Timeouts::withIdle,
                    "Between two reads or writes of a body, on either side; 408, 504 or a cut stream.")
            .optional(
                    "keepAlive",
                    DEADLINE,
                    Timeouts::keepAlive,
                    Timeouts::withKeepAlive,
                    "How long a client's connection without a request is kept.");

    static final ObjectType<CircuitBreaker, CircuitBreaker.Builder> CIRCUIT_BREAKER = new ObjectType<
                    CircuitBreaker, CircuitBreaker.Builder>(
                    "CircuitBreaker",
                    "When to stop sending to what keeps failing, and when to try it again.",
                    CircuitBreaker.ofDefaults(),
                    values -> CircuitBreaker.builder(),
                    CircuitBreaker.Builder::build)
            .optional(
                    "failureRatePercent",
                    Types.integer(1, 100),
                    CircuitBreaker::failureRatePercent,
                    CircuitBreaker.Builder::failureRatePercent,
                    "The share of failures that opens it.")
            .optional(
                    "slowCallDuration",
                    DEADLINE,
                    CircuitBreaker::slowCallDuration,
                    CircuitBreaker.Builder::slowCallDuration,
                    "A call whose answer begins later is slow; `0s`: none is.")
            .optional(
                    "slowCallRatePercent",
                    Types.integer(1, 100),
                    CircuitBreaker::slowCallRatePercent,
                    CircuitBreaker.Builder::slowCallRatePercent,
                    "The share of slow calls that opens it.")
            .optional(
                    "window",
                    Types.duration(Duration.ofSeconds(1)),
                    CircuitBreaker::window,
                    CircuitBreaker.Builder::window,
                    "How far back it looks, in whole seconds up to `1h`; not used with `windowCalls`.")
            .optional(
                    "windowCalls",
                    Types.integer(0, 10_000),
                    CircuitBreaker::windowCalls,
                    CircuitBreaker.Builder::windowCalls,
                    "How many calls it looks back on; 0: those of `window`.")
            .optional(
                    "minimumCalls",
                    Types.integer(1),
                    CircuitBreaker::minimumCalls,
                    CircuitBreaker.Builder::minimumCalls,
                    "The calls it must have seen before it opens; not more than `windowCalls` where that is set.")
            .optional(
                    "openDuration",
                    Types.duration(Duration.ofMillis(10)),
                    CircuitBreaker::openDuration,
                    CircuitBreaker.Builder::openDuration,
                    "How long nothing is sent before the probes.")
            .optional(
                    "halfOpenCalls",
                    Types.integer(1, 1_000),
                    CircuitBreaker::halfOpenCalls,
                    CircuitBreaker.Builder::halfOpenCalls,
                    "The probes whose outcome closes it or opens it anew.")
            .rule(ResilienceTypes::checkCircuitBreaker);

    static final ObjectType<RetryPolicy, RetryPolicy.Builder> RETRY = new ObjectType<RetryPolicy, RetryPolicy.Builder>(
                    "RetryPolicy",
                    "Whether a failed attempt is followed by another one.",
                    RetryPolicy.ofDefaults(),
                    values -> RetryPolicy.builder(),
                    RetryPolicy.Builder::build)
            .optional(
                    "maxAttempts",
                    Types.integer(1, 10),
                    RetryPolicy::maxAttempts,
                    RetryPolicy.Builder::maxAttempts,
                    "Attempts for one request, the first included; 1: no retry.")
            .optional(
                    "on",
                    Types.mapped(
                            Types.list(Types.choice(RetryOn.class)),
                            list -> Set.copyOf(list),
                            set -> set.stream().sorted().toList()),
                    RetryPolicy::on,
                    (builder, set) -> builder.on(set.toArray(new RetryOn[0])),
                    "On what another attempt follows.")
            .optional(
                    "statuses",
                    STATUSES,
                    RetryPolicy::statuses,
                    (builder, set) -> builder.statuses(ints(set)),
                    "Statuses of answers on which another attempt follows.")
            .optional(
                    "safeMethodStatuses",
                    STATUSES,
                    RetryPolicy::safeMethodStatuses,
                    (builder, set) -> builder.safeMethodStatuses(ints(set)),
                    "The same, for GET, HEAD and OPTIONS only.")
            .optional(
                    "responseHeaders",
                    Types.list(Syntax.FIELD_NAME),
                    RetryPolicy::responseHeaders,
                    (builder, list) -> builder.responseHeaders(list.toArray(new String[0])),
                    "Fields of an answer whose presence asks for another attempt.")
            .optional(
                    "nonIdempotent",
                    Types.BOOLEAN,
                    RetryPolicy::nonIdempotent,
                    RetryPolicy.Builder::nonIdempotent,
                    "Whether requests such as POST are sent again though the target may have acted on them.")
            .optional(
                    "sameTarget",
                    Types.BOOLEAN,
                    RetryPolicy::sameTarget,
                    RetryPolicy.Builder::sameTarget,
                    "Whether a target is tried again when there is no other.")
            .optional(
                    "backoff",
                    DEADLINE,
                    RetryPolicy::backoff,
                    RetryPolicy.Builder::backoff,
                    "The longest pause before the second attempt; it doubles with each further one. `0s`: no pauses.")
            .optional(
                    "maxBackoff",
                    DEADLINE,
                    RetryPolicy::maxBackoff,
                    RetryPolicy.Builder::maxBackoff,
                    "The longest pause before any attempt.")
            .optional(
                    "maxRetryAfter",
                    DEADLINE,
                    RetryPolicy::maxRetryAfter,
                    RetryPolicy.Builder::maxRetryAfter,
                    "How long a Retry-After is waited for before the same target is tried again.")
            .optional(
                    "budgetPercent",
                    Types.integer(0, 100),
                    RetryPolicy::budgetPercent,
                    RetryPolicy.Builder::budgetPercent,
                    "Retries in ten seconds for a hundred requests to the pool: those of that time, or those under way if they are more.")
            .optional(
                    "budgetFloor",
                    Types.integer(0),
                    RetryPolicy::budgetFloor,
                    RetryPolicy.Builder::budgetFloor,
                    "Retries in ten seconds that the budget allows in any case.")
            .optional(
                    "maxReplayBytes",
                    Types.integer(0),
                    RetryPolicy::maxReplayBytes,
                    RetryPolicy.Builder::maxReplayBytes,
                    "The most bytes of a request body that are kept for another attempt; 0: none.")
            .optional(
                    "attemptHeader",
                    Syntax.ADDED_FIELD,
                    policy -> policy.attemptHeader().orElse(null),
                    RetryPolicy.Builder::attemptHeader,
                    "The field that tells the target the number of the attempt; not sent if left out.")
            .optional(
                    "hedgeAfter",
                    DEADLINE,
                    RetryPolicy::hedgeAfter,
                    RetryPolicy.Builder::hedgeAfter,
                    "How long an answer is waited for before another target is asked as well; `0s`: never.")
            .rule((policy, place, context) -> {
                boolean broken = context.broken(place + ".backoff") || context.broken(place + ".maxBackoff");
                if (!broken && policy.maxBackoff().compareTo(policy.backoff()) < 0) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".maxBackoff",
                            Durations.format(policy.maxBackoff()),
                            "not below backoff, " + Durations.format(policy.backoff()));
                }
                if (policy.maxAttempts() == 1
                        && policy.hedgeAfter().compareTo(Duration.ZERO) > 0
                        && !context.broken(place + ".maxAttempts")) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".hedgeAfter",
                            Durations.format(policy.hedgeAfter()),
                            "0s with maxAttempts 1, as a second target is a second attempt");
                }
            });

    static final ObjectType<ConcurrencyLimit, ConcurrencyLimit> CONCURRENCY_LIMIT = new ObjectType<
                    ConcurrencyLimit, ConcurrencyLimit>(
                    "ConcurrencyLimit",
                    "How many requests may be under way to one server at once.",
                    ConcurrencyLimit.of(1),
                    values -> ConcurrencyLimit.of(values.get("max")),
                    limit -> limit)
            .required("max", Types.integer(1), ConcurrencyLimit::max, "The most requests.")
            .optional(
                    "min",
                    Types.integer(0),
                    ConcurrencyLimit::min,
                    (limit, min) -> new ConcurrencyLimit(limit.max(), min),
                    "Above 0, the limit follows what the server can do, between this and `max`.")
            .rule((limit, place, context) -> {
                String at = place + ".min";
                if (limit.min() > limit.max() && !context.broken(at) && !context.broken(place + ".max")) {
                    context.report("CONFLICT", at, String.valueOf(limit.min()), "<= max, which is " + limit.max());
                }
            });

    private static void checkCircuitBreaker(CircuitBreaker breaker, String place, Context context) {
        Duration window = breaker.window();
        String at = place + ".window";
        if (!context.broken(at) && (window.toNanosPart() != 0 || window.compareTo(Duration.ofHours(1)) > 0)) {
            context.report("OUT_OF_RANGE", at, Durations.format(window), "whole seconds, at most 1h");
        }
        int calls = breaker.windowCalls();
        String minimum = place + ".minimumCalls";
        if (calls > 0 && breaker.minimumCalls() > calls && !context.broken(minimum)) {
            context.report(
                    "CONFLICT", minimum, String.valueOf(breaker.minimumCalls()), "<= windowCalls, which is " + calls);
        }
    }

    /** Remembers the proxy's deadlines for the routes, which come later in the table. */
    static final class ProxyTimeouts extends Delegate<Timeouts> {
        @Override
        Timeouts read(JsonNode json, String place, Context context) {
            Timeouts timeouts = TIMEOUTS.read(json, place, context);
            context.inherit(timeouts);
            return timeouts;
        }

        @Override
        JsonNode write(Timeouts value, Context context) {
            return TIMEOUTS.write(value, context);
        }

        @Override
        Type<Timeouts> type() {
            return TIMEOUTS;
        }
    }

    /** What a route leaves out is as in the proxy's, so that {@code total} holds for all routes but where it is changed. */
    static final class RouteTimeouts extends Delegate<Timeouts> {
        @Override
        Timeouts read(JsonNode json, String place, Context context) {
            return TIMEOUTS.read(json, place, context, context.timeouts(), null);
        }

        @Override
        JsonNode write(Timeouts value, Context context) {
            return TIMEOUTS.write(value, context, context.timeouts());
        }

        @Override
        Type<Timeouts> type() {
            return TIMEOUTS;
        }
    }

    private abstract static class Delegate<T> extends Type<T> {
        abstract Type<T> type();

        @Override
        void check(T value, String place, Context context) {
            type().check(value, place, context);
        }

        @Override
        ObjectNode schema(ConfigSchema.Definitions definitions) {
            return type().schema(definitions);
        }

        @Override
        String label() {
            return type().label();
        }
    }

    private static int[] ints(Set<Integer> set) {
        return set.stream().mapToInt(Integer::intValue).toArray();
    }
}
