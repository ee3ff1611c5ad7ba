package io.fairlead.proxy.internal.forward;

import static java.time.temporal.ChronoUnit.SECONDS;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** What a {@link RetryPolicy} says to an attempt that has failed. */
final class Retries {

    /** In place of a wait: nobody was reached, so that nobody wants to be left alone. */
    static final long REACHED_NOBODY = -1;

    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");
    private static final long MAX_SECONDS = 1_000_000;

    private Retries() {}

    /** Whether the method is one of those safe ones that are forwarded (RFC 9110 §9.2.1). */
    static boolean isSafe(String method) {
        return SAFE.contains(method);
    }

    /** Whether another attempt should follow an answer. */
    static boolean wants(RetryPolicy policy, OutgoingRequest request, ResponseHead head) {
        int status = head.status();
        if (status < 400) {
            return !policy.responseHeaders().isEmpty() && hasOne(policy, head);
        }
        return (status >= 502 && status <= 504 && policy.on().contains(RetryOn.GATEWAY_ERROR))
                || policy.statuses().contains(status)
                || (policy.safeMethodStatuses().contains(status) && isSafe(request.method()))
                || hasOne(policy, head);
    }

    private static boolean hasOne(RetryPolicy policy, ResponseHead head) {
        for (String name : policy.responseHeaders()) {
            if (head.first(name).isPresent()) {
                return true;
            }
        }
        return false;
    }

    /** Whether another attempt should follow a failure. */
    static boolean wants(RetryPolicy policy, FailureCode code) {
        RetryOn condition = condition(code);
        return condition != null && policy.on().contains(condition);
    }

    private static @Nullable RetryOn condition(FailureCode code) {
        switch (code) {
            case UPSTREAM_QUEUE_FULL:
            case UPSTREAM_QUEUE_TIMEOUT:
            case UPSTREAM_NAME_NOT_RESOLVED:
            case UPSTREAM_CONNECT_FAILED:
            case UPSTREAM_CONNECT_TIMEOUT:
                return RetryOn.CONNECT_FAILURE;
            case UPSTREAM_SEND_FAILED:
            case UPSTREAM_CLOSED:
            case UPSTREAM_MALFORMED_RESPONSE:
            case UPSTREAM_HEADERS_TOO_LARGE:
            case UPSTREAM_UNEXPECTED_UPGRADE:
                return RetryOn.RESET;
            case UPSTREAM_SEND_TIMEOUT:
            case UPSTREAM_HEAD_TIMEOUT:
            case UPSTREAM_ATTEMPT_TIMEOUT:
                return RetryOn.TIMEOUT;
            default:
                return null;
        }
    }

    /**
     * The pause before the next attempt: at random up to a limit that doubles each time, so that those who failed together
     * do not come back together.
     *
     * @param tries attempts until now
     */
    static long backoffNanos(RetryPolicy policy, int tries) {
        long first = policy.backoff().toNanos();
        int doublings = Math.min(tries - 1, 10);
        long doubled = first > Long.MAX_VALUE >> doublings ? Long.MAX_VALUE : first << doublings;
        long limit = Math.min(policy.maxBackoff().toNanos(), doubled);
        return limit <= 0 ? 0 : ThreadLocalRandom.current().nextLong(limit);
    }

    /** How long Retry-After asks to wait, as a number of seconds or as a date (RFC 9110 §10.2.3); 0 if it says nothing. */
    static long retryAfterNanos(ResponseHead head) {
        String value = head.first("Retry-After").orElse("").trim();
        if (value.isEmpty()) {
            return 0;
        }
        try {
            long seconds = Character.isDigit(value.charAt(0))
                    ? seconds(value)
                    : Instant.now().until(DateTimeFormatter.RFC_1123_DATE_TIME.parse(value, Instant::from), SECONDS)
                            + 1;
            return Math.max(0, Math.min(MAX_SECONDS, seconds)) * 1_000_000_000L;
        } catch (NumberFormatException | DateTimeException e) {
            return 0;
        }
    }

    /** The number; one with more digits than a long has is a long time too. */
    private static long seconds(String digits) {
        return digits.length() > 18 && digits.chars().allMatch(Character::isDigit)
                ? MAX_SECONDS
                : Long.parseLong(digits);
    }
}
