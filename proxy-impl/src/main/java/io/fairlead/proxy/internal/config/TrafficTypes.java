package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.traffic.SplitOverride;
import io.fairlead.proxy.traffic.StickyCookie;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The part of {@link Model} that says how a route divides its requests. */
final class TrafficTypes {
    private static final int MAX_WEIGHT = 1_000_000;
    private static final UpstreamRef NOWHERE = new UpstreamRef("");

    static final Type<Upstream> UPSTREAM = new DataOnly<>(
            Types.mapped(Syntax.NAME, UpstreamRef::new, UpstreamRef::name),
            UpstreamRef.class,
            "the name of a pool or of a registered handler, Upstream.ref(name)");

    static final ObjectType<Split.Share, Split.Share> SHARE = new ObjectType<Split.Share, Split.Share>(
                    "Share",
                    "A part of the requests of a route.",
                    new Split.Share(NOWHERE, 0),
                    values -> new Split.Share(values.get("to"), values.get("weight")),
                    share -> share)
            .required("to", UPSTREAM, Split.Share::to, "The name of a pool, or of a registered handler.")
            .required(
                    "weight",
                    Types.integer(0, MAX_WEIGHT),
                    Split.Share::weight,
                    "What it gets, against the sum of all weights; 0: nothing but what an override sends it.");

    static final ObjectType<StickyCookie, StickyCookie> STICKY_COOKIE = new ObjectType<StickyCookie, StickyCookie>(
                    "StickyCookie",
                    "A cookie that keeps a client in its share; its name alone will do.",
                    new StickyCookie("", Duration.ZERO),
                    values -> new StickyCookie(values.text("name"), Duration.ZERO),
                    cookie -> cookie)
            .required("name", Syntax.TOKEN, StickyCookie::name, "The name.")
            .optional(
                    "maxAge",
                    Types.duration(Duration.ZERO),
                    StickyCookie::maxAge,
                    (cookie, maxAge) -> new StickyCookie(cookie.name(), maxAge),
                    "How long the client keeps it, in whole seconds; `0s`: until it is closed.")
            .shorthand("name")
            .rule((cookie, place, context) -> {
                String at = place + ".maxAge";
                if (cookie.maxAge().getNano() != 0 && !context.broken(at)) {
                    context.report("OUT_OF_RANGE", at, Durations.format(cookie.maxAge()), "whole seconds");
                }
                String name = cookie.name();
                if (name.regionMatches(true, 0, "__Host-", 0, 7) || name.regionMatches(true, 0, "__Secure-", 0, 9)) {
                    context.report(
                            "INVALID",
                            place + ".name",
                            Context.quote(name),
                            "a name without this prefix: browsers refuse such a cookie where a client comes without https");
                }
            });

    static final Variants<SplitOverride> OVERRIDE = new Variants<SplitOverride>(
                    "SplitOverride", "Sends a request to one share, whatever the weights say.")
            .add(
                    SplitOverride.Header.class,
                    new ObjectType<SplitOverride.Header, SplitOverride.Header>(
                                    "header",
                                    "If a header field has this value.",
                                    new SplitOverride.Header("", "", NOWHERE),
                                    values -> new SplitOverride.Header(
                                            values.text("name"), values.text("value"), values.get("to")),
                                    one -> one)
                            .required("name", Syntax.TOKEN, SplitOverride.Header::name, "The name, regardless of case.")
                            .required("value", Syntax.OVERRIDE, SplitOverride.Header::value, "The whole value.")
                            .required("to", UPSTREAM, SplitOverride.Header::to, "That of a share."))
            .add(
                    SplitOverride.Cookie.class,
                    new ObjectType<SplitOverride.Cookie, SplitOverride.Cookie>(
                                    "cookie",
                                    "If a cookie has this value.",
                                    new SplitOverride.Cookie("", "", NOWHERE),
                                    values -> new SplitOverride.Cookie(
                                            values.text("name"), values.text("value"), values.get("to")),
                                    one -> one)
                            .required("name", Syntax.TOKEN, SplitOverride.Cookie::name, "The name, case-sensitive.")
                            .required("value", Syntax.COOKIE_OVERRIDE, SplitOverride.Cookie::value, "The whole value.")
                            .required("to", UPSTREAM, SplitOverride.Cookie::to, "That of a share."));

    static final ObjectType<Split, Split.Builder> SPLIT = new ObjectType<Split, Split.Builder>(
                    "Split",
                    "Divides the requests of a route between pools or handlers.",
                    Split.builder().build(),
                    values -> Split.builder(),
                    Split.Builder::build)
            .requiredLater(
                    "shares",
                    Types.list(SHARE, 1, false),
                    Split::shares,
                    Split.Builder::shares,
                    "Who gets what. Clients keep their share when the order stays and weights move between neighbours.")
            .optional(
                    "stickyBy",
                    Types.list(BalancerTypes.HASH_KEY, 1, false),
                    split -> split.keepsByKey() ? split.stickyBy() : null,
                    (builder, keys) -> builder.stickyBy(keys.toArray(new HashKey[0])),
                    "Keeps requests with the same key in the same share, by the first of these that the request has; not"
                            + " with `stickyCookie`.")
            .optional(
                    "stickyCookie",
                    STICKY_COOKIE,
                    split -> split.stickyCookie().orElse(null),
                    Split.Builder::stickyCookie,
                    "Keeps each client in its share with a cookie that the proxy gives it; not with `stickyBy`.")
            .optional(
                    "overrides",
                    Types.list(OVERRIDE),
                    Split::overrides,
                    Split.Builder::overrides,
                    "What sends a request to a share whatever the weights say; the first that fits. Any client may send it.")
            .optional(
                    "salt",
                    Syntax.TEXT,
                    split -> split.salt().orElse(null),
                    Split.Builder::salt,
                    "Hashed together with keys and cookies; splits of one salt agree. The id of the route if left out.")
            .rule(TrafficTypes::checkSplit);

    private TrafficTypes() {}

    private static void checkSplit(Split split, String place, Context context) {
        if (split.keepsByKey() && split.stickyCookie().isPresent()) {
            context.report("CONFLICT", place, "stickyBy and stickyCookie", "only one of: stickyBy, stickyCookie");
        }
        checkOverrides(split, place + ".overrides", context);
        String shares = place + ".shares";
        List<Upstream> known = checkShares(split.shares(), shares, context);
        // A share that could not be read may be the one that is meant.
        if (context.broken(shares)) {
            return;
        }
        for (int i = 0; i < split.overrides().size(); i++) {
            String at = place + ".overrides[" + i + "].to";
            Upstream to = split.overrides().get(i).to();
            if (!known.contains(to) && !context.broken(at) && !context.moved(place + ".overrides")) {
                context.report("UNKNOWN_REFERENCE", at, name(to), "one of: " + names(known));
            }
        }
    }

    /** What never counts: an override behind an equal one, and one that takes every client's own cookie for its own. */
    private static void checkOverrides(Split split, String place, Context context) {
        if (context.moved(place)) {
            return;
        }
        String own = split.stickyCookie().map(StickyCookie::name).orElse("");
        Map<List<String>, Integer> first = new HashMap<>();
        for (int i = 0; i < split.overrides().size(); i++) {
            SplitOverride one = split.overrides().get(i);
            String at = place + "[" + i + "]";
            if (context.broken(at)) {
                continue;
            }
            boolean cookie = one instanceof SplitOverride.Cookie;
            if (cookie && one.name().equals(own)) {
                context.report(
                        "CONFLICT", at + ".name", Context.quote(own), "a name other than that of the stickyCookie");
            }
            String name = cookie ? one.name() : one.name().toLowerCase(Locale.ROOT);
            Integer before = first.putIfAbsent(List.of(cookie ? "cookie" : "header", name, one.value()), i);
            if (before != null && !split.overrides().get(before).to().equals(one.to())) {
                // The value may be a secret.
                context.report(
                        "DUPLICATE", at, one.name(), "another name or value than that of overrides[" + before + "]");
            }
        }
    }

    private static List<Upstream> checkShares(List<Split.Share> shares, String place, Context context) {
        List<Upstream> known = new ArrayList<>();
        Map<Upstream, Integer> first = new HashMap<>();
        long sum = 0;
        for (int i = 0; i < shares.size(); i++) {
            Upstream to = shares.get(i).to();
            String at = place + "[" + i + "].to";
            sum += shares.get(i).weight();
            known.add(to);
            Integer before = context.broken(at) ? null : first.putIfAbsent(to, i);
            if (before != null) {
                context.report("DUPLICATE", at, name(to), "another one than that of shares[" + before + "]");
            }
        }
        if (sum == 0 && !shares.isEmpty() && !context.broken(place)) {
            context.report("OUT_OF_RANGE", place, "all weights are 0", "a weight above 0");
        }
        return known;
    }

    private static String name(Upstream upstream) {
        return upstream instanceof UpstreamRef ref
                ? Context.quote(ref.name())
                : Context.abbreviate(String.valueOf(upstream));
    }

    private static String names(List<Upstream> upstreams) {
        return String.join(
                ", ",
                upstreams.stream()
                        .map(one -> one instanceof UpstreamRef ref ? ref.name() : String.valueOf(one))
                        .toList());
    }
}
