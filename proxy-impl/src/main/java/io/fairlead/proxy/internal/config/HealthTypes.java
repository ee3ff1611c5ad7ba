package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.HealthCheck.Protocol;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.tls.UpstreamTls;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The part of the {@link Model} that tells which targets can be trusted with requests. */
final class HealthTypes {

    private static final Duration LEAST_INTERVAL = Duration.ofMillis(10);
    private static final Type<Duration> ZERO_OR_MORE = Types.duration(Duration.ZERO);
    private static final Type<Integer> IN_A_ROW = Types.integer(0, 10_000);
    private static final String STATUS_EXPECTATION = "a status of 200 to 599 such as 204, or a range such as 200-299";

    private static final Type<StatusRange> STATUSES = Types.mapped(
            Types.text("status or range of them", HealthTypes::statuses), HealthTypes::range, StatusRange::toString);

    /** Begins as the check of that kind, so that both share the rest of their fields. */
    private static ObjectType<HealthCheck, HealthCheck.Builder> http() {
        return asking(new ObjectType<>(
                "http",
                "Sends a request and looks at the answer.",
                HealthCheck.http("/"),
                values -> HealthCheck.builder(values.text("path")),
                HealthCheck.Builder::build));
    }

    private static ObjectType<HealthCheck, HealthCheck.Builder> https() {
        return asking(new ObjectType<>(
                        "https",
                        "The same over TLS.",
                        HealthCheck.https("/"),
                        values -> HealthCheck.httpsBuilder(values.text("path")),
                        HealthCheck.Builder::build))
                .optional(
                        "tls",
                        TlsTypes.UPSTREAM_TLS,
                        HealthCheck::tls,
                        HealthCheck.Builder::tls,
                        "Whom to trust. The server's name is, unless given there, that of `host`, else the target's.");
    }

    private static ObjectType<HealthCheck, HealthCheck.Builder> asking(
            ObjectType<HealthCheck, HealthCheck.Builder> type) {
        return type.required(
                        "path",
                        Types.text("path with query", HealthTypes::path),
                        HealthCheck::path,
                        "The path asked for, with query if there is one.")
                .optional(
                        "method",
                        Types.text("token", HealthTypes::method),
                        HealthCheck::method,
                        HealthCheck.Builder::method,
                        "The method; not CONNECT.")
                .optional(
                        "host",
                        Types.text("host and port", HealthTypes::host),
                        HealthCheck::host,
                        HealthCheck.Builder::host,
                        "The Host field; empty: the target's own host and port.")
                .optional(
                        "headers",
                        Types.map("object of header fields", HealthTypes::field, Syntax.FIELD_VALUE),
                        HealthCheck::headers,
                        (builder, headers) -> {
                            headers.forEach(builder::header);
                            return builder;
                        },
                        "Further header fields.")
                .optional(
                        "expectedStatuses",
                        Types.list(STATUSES, 1, true),
                        HealthCheck::expectedStatuses,
                        (builder, ranges) -> {
                            ranges.forEach(range -> builder.expectStatus(range.from(), range.to()));
                            return builder;
                        },
                        "The statuses that pass, such as `\"204\"` or `\"200-399\"`.")
                .optional(
                        "expectedBody",
                        Syntax.ANY_TEXT,
                        HealthCheck::expectedBody,
                        HealthCheck.Builder::expectedBody,
                        "What the body must hold; empty: it does not matter.")
                .optional(
                        "maxBodyBytes",
                        Types.integer(1, 65_536),
                        HealthCheck::maxBodyBytes,
                        HealthCheck.Builder::maxBodyBytes,
                        "How many bytes of the body are searched for it.");
    }

    private static ObjectType<HealthCheck, HealthCheck.Builder> tcp() {
        return new ObjectType<>(
                "tcp",
                "Makes a connection, and closes it.",
                HealthCheck.tcp(),
                values -> HealthCheck.tcpBuilder(),
                HealthCheck.Builder::build);
    }

    private static ObjectType<HealthCheck, HealthCheck.Builder> timed(
            ObjectType<HealthCheck, HealthCheck.Builder> type) {
        return type.optional(
                        "port",
                        Types.integer(0, 65_535),
                        HealthCheck::port,
                        HealthCheck.Builder::port,
                        "The port asked; 0: the target's own.")
                .optional(
                        "interval",
                        Types.duration(LEAST_INTERVAL),
                        HealthCheck::interval,
                        HealthCheck.Builder::interval,
                        "From one check to the next.")
                .optional(
                        "jitterPercent",
                        Types.integer(0, 50),
                        HealthCheck::jitterPercent,
                        HealthCheck.Builder::jitterPercent,
                        "By how much of itself each interval differs at random.")
                .optional(
                        "timeout",
                        Types.duration(Duration.ofMillis(1)),
                        HealthTypes::ownTimeout,
                        HealthCheck.Builder::timeout,
                        "How long a check may take, connecting included; at most the interval. 2 s, or the interval if that"
                                + " is shorter.")
                .optional(
                        "rise",
                        Types.integer(1),
                        HealthCheck::rise,
                        HealthCheck.Builder::rise,
                        "Passes in a row that make an unhealthy target healthy.")
                .optional(
                        "fall",
                        Types.integer(1),
                        HealthCheck::fall,
                        HealthCheck.Builder::fall,
                        "Failures in a row that make a healthy target unhealthy.")
                .optional(
                        "transitionInterval",
                        ZERO_OR_MORE,
                        HealthCheck::transitionInterval,
                        HealthCheck.Builder::transitionInterval,
                        "The interval while the last check speaks against the state, where it is shorter; `0s`: none.")
                .optional(
                        "unhealthyInterval",
                        ZERO_OR_MORE,
                        HealthCheck::unhealthyInterval,
                        HealthCheck.Builder::unhealthyInterval,
                        "The interval of an unhealthy target; `0s`: as of all.")
                .optional(
                        "minUnhealthy",
                        ZERO_OR_MORE,
                        HealthCheck::minUnhealthy,
                        HealthCheck.Builder::minUnhealthy,
                        "The least time that a target stays unhealthy, against flapping.")
                .optional(
                        "usableBeforeFirstCheck",
                        Types.BOOLEAN,
                        HealthCheck::usableBeforeFirstCheck,
                        HealthCheck.Builder::usableBeforeFirstCheck,
                        "Whether a target is used as long as no check has settled its state.")
                .optional(
                        "warmUp",
                        ZERO_OR_MORE,
                        HealthCheck::warmUp,
                        HealthCheck.Builder::warmUp,
                        "How long after a target is new failed checks do not count.");
    }

    static final Variants<HealthCheck> HEALTH_CHECK = new Variants<HealthCheck>(
                    "HealthCheck", "How the servers are asked whether they are well.")
            .add(HealthCheck.class, timed(http()), check -> check.protocol() == Protocol.HTTP)
            .add(HealthCheck.class, timed(https()), check -> check.protocol() == Protocol.HTTPS)
            .add(HealthCheck.class, timed(tcp()), check -> check.protocol() == Protocol.TCP)
            .rule(HealthTypes::check);

    static final ObjectType<OutlierDetection, OutlierDetection.Builder> OUTLIER_DETECTION = new ObjectType<
                    OutlierDetection, OutlierDetection.Builder>(
                    "OutlierDetection",
                    "Which servers are ejected for what becomes of their requests. A kind of failure with 0 ejects nobody.",
                    OutlierDetection.ofDefaults(),
                    values -> OutlierDetection.builder(),
                    OutlierDetection.Builder::build)
            .optional(
                    "consecutive5xx",
                    IN_A_ROW,
                    OutlierDetection::consecutive5xx,
                    OutlierDetection.Builder::consecutive5xx,
                    "5xx answers but 501 and 505, and unanswered requests, in a row.")
            .optional(
                    "consecutiveGatewayErrors",
                    IN_A_ROW,
                    OutlierDetection::consecutiveGatewayErrors,
                    OutlierDetection.Builder::consecutiveGatewayErrors,
                    "Answers 502, 503, 504 and unanswered requests in a row.")
            .optional(
                    "consecutiveLocalOriginFailures",
                    IN_A_ROW,
                    OutlierDetection::consecutiveLocalOriginFailures,
                    OutlierDetection.Builder::consecutiveLocalOriginFailures,
                    "Unanswered requests in a row: refused, reset, timed out.")
            .optional(
                    "successRateDeviation",
                    IN_A_ROW,
                    OutlierDetection::successRateDeviation,
                    OutlierDetection.Builder::successRateDeviation,
                    "How far below the mean a success rate may be, in thousandths of a standard deviation.")
            .optional(
                    "successRateMinTargets",
                    Types.integer(2),
                    OutlierDetection::successRateMinTargets,
                    OutlierDetection.Builder::successRateMinTargets,
                    "How many servers must have enough requests to be compared.")
            .optional(
                    "successRateMinRequests",
                    Types.integer(1),
                    OutlierDetection::successRateMinRequests,
                    OutlierDetection.Builder::successRateMinRequests,
                    "How many requests are enough in an interval.")
            .optional(
                    "failurePercentage",
                    Types.integer(0, 100),
                    OutlierDetection::failurePercentage,
                    OutlierDetection.Builder::failurePercentage,
                    "The share of failed requests in an interval that ejects.")
            .optional(
                    "failurePercentageMinTargets",
                    Types.integer(1),
                    OutlierDetection::failurePercentageMinTargets,
                    OutlierDetection.Builder::failurePercentageMinTargets,
                    "How many servers must have enough requests for that.")
            .optional(
                    "failurePercentageMinRequests",
                    Types.integer(1),
                    OutlierDetection::failurePercentageMinRequests,
                    OutlierDetection.Builder::failurePercentageMinRequests,
                    "How many requests are enough in an interval.")
            .optional(
                    "interval",
                    Types.duration(Duration.ofMillis(100)),
                    OutlierDetection::interval,
                    OutlierDetection.Builder::interval,
                    "How often rates are looked at, and after which time without ejection the next one is shorter again.")
            .optional(
                    "baseEjectionTime",
                    Types.duration(Duration.ofMillis(1)),
                    OutlierDetection::baseEjectionTime,
                    OutlierDetection.Builder::baseEjectionTime,
                    "How long an ejection lasts, times the number of ejections in a row.")
            .optional(
                    "maxEjectionTime",
                    Types.duration(Duration.ofMillis(1)),
                    OutlierDetection::maxEjectionTime,
                    OutlierDetection.Builder::maxEjectionTime,
                    "The longest ejection.")
            .optional(
                    "maxEjectionPercent",
                    Types.integer(0, 100),
                    OutlierDetection::maxEjectionPercent,
                    OutlierDetection.Builder::maxEjectionPercent,
                    "The share of the servers that may be ejected at once; always one, never the last usable one.")
            .optional(
                    "earlyReturn",
                    Types.choice(OutlierDetection.EarlyReturn.class),
                    OutlierDetection::earlyReturn,
                    OutlierDetection.Builder::earlyReturn,
                    "Which active checks end an ejection: none, one that finds the server healthy again, any that passes.")
            .rule((detection, place, context) -> {
                if (detection.maxEjectionTime().compareTo(detection.baseEjectionTime()) < 0
                        && sound(context, place, "baseEjectionTime", "maxEjectionTime")) {
                    context.report(
                            "OUT_OF_RANGE",
                            place + ".maxEjectionTime",
                            Durations.format(detection.maxEjectionTime()),
                            ">= baseEjectionTime, " + Durations.format(detection.baseEjectionTime()));
                }
            });

    private HealthTypes() {}

    /** The rules on more than one field, and on fields that only the other kind of check has. */
    private static void check(HealthCheck check, String place, Context context) {
        if (check.timeout().compareTo(check.interval()) > 0 && sound(context, place, "timeout", "interval")) {
            context.report(
                    "OUT_OF_RANGE",
                    place + ".timeout",
                    Durations.format(check.timeout()),
                    "<= interval, " + Durations.format(check.interval()));
        }
        boolean searched = !check.expectedBody().isEmpty();
        if (searched && check.method().equals("HEAD")) {
            context.report(
                    "CONFLICT",
                    place + ".expectedBody",
                    Context.quote(check.expectedBody()),
                    "none, as the answer to HEAD has no body");
        }
        if (searched
                && check.expectedBody().getBytes(StandardCharsets.UTF_8).length > check.maxBodyBytes()
                && sound(context, place, "maxBodyBytes")) {
            context.report(
                    "OUT_OF_RANGE",
                    place + ".maxBodyBytes",
                    String.valueOf(check.maxBodyBytes()),
                    "at least the length of expectedBody");
        }
        if (check.protocol() != Protocol.HTTPS && !check.tls().equals(UpstreamTls.ofDefaults())) {
            context.report("CONFLICT", place, check.toString(), "no tls but in an HTTPS check");
        }
        // JSON has no such keys there.
        HealthCheck plain = HealthCheck.tcp();
        boolean ofHttp = !check.method().equals(plain.method())
                || !check.host().isEmpty()
                || !check.headers().isEmpty()
                || !check.expectedStatuses().equals(plain.expectedStatuses())
                || searched
                || check.maxBodyBytes() != plain.maxBodyBytes();
        if (check.protocol() == Protocol.TCP && ofHttp) {
            context.report(
                    "CONFLICT",
                    place,
                    check.toString(),
                    "no method, host, headers, expectedStatuses, expectedBody or maxBodyBytes in a TCP check");
        }
    }

    /** Null where it follows from the interval, so that it also does when the rest is read. */
    private static @Nullable Duration ownTimeout(HealthCheck check) {
        Duration usual =
                HealthCheck.tcpBuilder().interval(check.interval()).build().timeout();
        return check.timeout().equals(usual) ? null : check.timeout();
    }

    /** Whether all of these could be read and are within their own ranges, so that a rule on them says something new. */
    private static boolean sound(Context context, String place, String... fields) {
        for (String field : fields) {
            if (context.brokenWithin(Context.child(place, field))) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable String statuses(String text) {
        if (!text.matches("[0-9]{3}(-[0-9]{3})?")) {
            return STATUS_EXPECTATION;
        }
        StatusRange range = range(text);
        return range.from() >= 200 && range.to() <= 599 && range.from() <= range.to() ? null : STATUS_EXPECTATION;
    }

    private static StatusRange range(String text) {
        return text.matches("[0-9]{3}(-[0-9]{3})?")
                ? new StatusRange(
                        Integer.parseInt(text.substring(0, 3)), Integer.parseInt(text.substring(text.length() - 3)))
                : StatusRange.SUCCESSFUL;
    }

    private static @Nullable String path(String text) {
        boolean fine = text.startsWith("/") && text.chars().allMatch(c -> c > ' ' && c < 127 && c != '#');
        return fine ? null : "a path that begins with / and has no spaces, such as /healthz";
    }

    private static @Nullable String method(String text) {
        return text.equals("CONNECT") ? "a method other than CONNECT" : Syntax.TOKEN_RULE.expectation(text);
    }

    private static @Nullable String host(String text) {
        boolean fine = text.isEmpty() || Syntax.isAuthority(text);
        return fine ? null : "a host such as shop.example.com, with a port if need be";
    }

    private static @Nullable String field(String text) {
        return text.toLowerCase(Locale.ROOT).equals("host")
                ? "a field other than Host, which is a setting of its own"
                : Syntax.settableField(text);
    }
}
