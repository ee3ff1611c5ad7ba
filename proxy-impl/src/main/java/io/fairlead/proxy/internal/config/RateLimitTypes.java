package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.Limit;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/** The part of the {@link Model} that tells of rate limits. */
final class RateLimitTypes {

    private static final Type<Duration> ABOVE_ZERO = Types.duration(Duration.ofMillis(1));

    static final Variants<Key> RATE_LIMIT_KEY = rateLimitKeys();

    static final ObjectType<Limit, Limit> LIMIT = new ObjectType<Limit, Limit>(
                    "Limit",
                    "So many requests in a time, and so many at once after a pause: a token bucket.",
                    Limit.of(1, Duration.ofSeconds(1)),
                    values -> Limit.of(values.get("permits"), values.get("period")),
                    limit -> limit)
            .required("permits", Types.integer(1), Limit::permits, "How many requests a period.")
            .required("period", ABOVE_ZERO, Limit::period, "The time.")
            .optional(
                    "burst",
                    Types.integer(1),
                    limit -> limit.burst() == limit.permits() ? null : (Integer) limit.burst(),
                    Limit::withBurst,
                    "How many may come at once after a pause; as many as in a period if left out.")
            .rule(RateLimitRules::checkLimit);

    static final ObjectType<RateLimit, RateLimit> RATE_LIMIT = new ObjectType<RateLimit, RateLimit>(
                    "rateLimit",
                    "Refuses requests beyond a limit with 429.",
                    RateLimit.of(List.of()),
                    values -> RateLimit.of(values.<List<Limit>>get("limits")),
                    rateLimit -> rateLimit)
            .required("limits", Types.list(LIMIT, 1, false), RateLimit::limits, "All of them must permit a request.")
            .optional(
                    "by",
                    Types.list(RATE_LIMIT_KEY),
                    RateLimit::keys,
                    (rateLimit, keys) -> rateLimit.by(keys),
                    "What tells requests apart that are counted by themselves; all together if left out.")
            .optional(
                    "missingKey",
                    Types.choice(MissingKey.class),
                    RateLimit::missingKey,
                    RateLimit::missingKey,
                    "What becomes of a request without the key.")
            .optional(
                    "exempt",
                    Types.list(Syntax.NETWORK),
                    RateLimit::exempt,
                    (rateLimit, networks) -> rateLimit.exempt(networks),
                    "The networks whose clients pass uncounted.")
            .optional(
                    "fields",
                    Types.choice(RateLimitFields.class),
                    RateLimit::fields,
                    RateLimit::fields,
                    "Which answers carry `RateLimit-Policy` and `RateLimit`.")
            .optional(
                    "dryRun",
                    Types.BOOLEAN,
                    RateLimit::dryRun,
                    RateLimit::dryRun,
                    "Whether it counts what it would refuse, and refuses nothing.")
            .optional(
                    "maxKeys",
                    Types.integer(1, 10_000_000),
                    RateLimit::maxKeys,
                    RateLimit::maxKeys,
                    "The most keys that are counted in this process at once, about 600 bytes each.")
            .optional(
                    "store",
                    Syntax.NAME,
                    rateLimit -> rateLimit.store().orElse(null),
                    RateLimit::store,
                    "The name of a registered store of counters; in this process if left out.")
            .rule(RateLimitRules::checkRateLimit);

    private static Variants<Key> rateLimitKeys() {
        return new Variants<Key>("RateLimitKey", "What tells requests apart for a rate limit.")
                .add(
                        Key.ClientAddress.class,
                        new ObjectType<Key.ClientAddress, Key.ClientAddress>(
                                        "clientAddress",
                                        "The client's address or network.",
                                        new Key.ClientAddress(32, 64),
                                        values -> new Key.ClientAddress(
                                                values.get("ipv4Prefix"), values.get("ipv6Prefix")),
                                        key -> key)
                                .defaulted(
                                        "ipv4Prefix",
                                        Types.integer(1, 32),
                                        Key.ClientAddress::ipv4Prefix,
                                        "The bits of an IPv4 address that count.")
                                .defaulted(
                                        "ipv6Prefix",
                                        Types.integer(1, 128),
                                        Key.ClientAddress::ipv6Prefix,
                                        "The bits of an IPv6 address that count."))
                .add(
                        Key.Header.class,
                        named("header", "A request header field.", Syntax.TOKEN, Key.Header::new, Key.Header::name))
                .add(Key.Cookie.class, named("cookie", "A cookie.", Syntax.TOKEN, Key.Cookie::new, Key.Cookie::name))
                .add(
                        Key.Query.class,
                        named("query", "A query parameter.", Syntax.TEXT, Key.Query::new, Key.Query::name))
                .add(
                        Key.PathVariable.class,
                        named(
                                "pathVariable",
                                "What the route's match captured.",
                                Syntax.NAME,
                                Key.PathVariable::new,
                                Key.PathVariable::name))
                .add(
                        Key.Route.class,
                        new ObjectType<>(
                                "route", "The route.", Key.Route.INSTANCE, values -> Key.Route.INSTANCE, key -> key));
    }

    private static <K> ObjectType<K, K> named(
            String type, String doc, Type<String> syntax, Function<String, K> make, Function<K, String> name) {
        return new ObjectType<K, K>(type, doc, make.apply(""), values -> make.apply(values.text("name")), key -> key)
                .required("name", syntax, name, "Its name.");
    }
}
