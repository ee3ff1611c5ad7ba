package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.route.Fallback;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.upstream.Upstream;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The part of {@link Model} that says what answers when an upstream fails. */
final class FallbackTypes {

    /** Stands for an action that was left out. */
    private static final RouteAction NONE = new RouteAction.Respond(0, Map.of(), "");

    private static final Type<Set<FailureCode>> FAILURES = Types.mapped(
            Types.list(Types.choice(Fallback.FAILURES)),
            list -> Set.copyOf(list),
            set -> set.stream().sorted().toList());

    private FallbackTypes() {}

    static ObjectType<Fallback, Fallback> fallback(
            Type<Upstream> upstream, Type<RouteAction.Redirect> redirect, Type<RouteAction.Respond> respond) {
        return new ObjectType<Fallback, Fallback>(
                        "Fallback",
                        "What answers when the pool or handler of a route fails. One of `to`, `redirect` and `respond` is"
                                + " needed.",
                        Fallback.of(NONE),
                        values -> Fallback.of(NONE),
                        fallback -> fallback)
                .optional(
                        "to",
                        upstream,
                        fallback -> fallback.action() instanceof RouteAction.To to ? to.upstream() : null,
                        (fallback, name) -> fallback.withAction(new RouteAction.To(name)),
                        "The name of another pool, or of a handler that the program registered.")
                .optional(
                        "redirect",
                        redirect,
                        fallback -> action(fallback, RouteAction.Redirect.class),
                        Fallback::withAction,
                        "Answers with a redirect.")
                .optional(
                        "respond",
                        respond,
                        fallback -> action(fallback, RouteAction.Respond.class),
                        Fallback::withAction,
                        "Answers with fixed content.")
                .optional(
                        "statuses",
                        StatusTypes.ERRORS,
                        Fallback::statuses,
                        (fallback, ranges) -> fallback.onStatus(ranges.toArray(StatusRange[]::new)),
                        "The statuses of upstreams' answers that it replaces too, such as `\"404\"` or `\"502-504\"`.")
                .optional(
                        "failures",
                        FAILURES,
                        Fallback::failures,
                        (fallback, codes) -> fallback.onFailure(codes.toArray(FailureCode[]::new)),
                        "The failures that it replaces; none if the list is empty.")
                .notBoth("to", "redirect", "respond")
                .rule(FallbackTypes::check);
    }

    private static <A extends RouteAction> @Nullable A action(Fallback fallback, Class<A> type) {
        return fallback.action() != NONE && type.isInstance(fallback.action()) ? type.cast(fallback.action()) : null;
    }

    private static void check(Fallback fallback, String place, Context context) {
        boolean broken = context.broken(place + ".to")
                || context.broken(place + ".redirect")
                || context.broken(place + ".respond");
        if (fallback.action() == NONE && !broken) {
            context.report("MISSING", place, "a fallback without action", "one of: to, redirect, respond");
        }
        if (fallback.action() instanceof RouteAction.Split) {
            context.report("INVALID", place, "a split", "a pool, a handler, a redirect or fixed content");
        }
        if (fallback.statuses().isEmpty()
                && fallback.failures().isEmpty()
                && !context.broken(place + ".statuses")
                && !context.broken(place + ".failures")) {
            context.report(
                    "MISSING", place, "neither failures nor statuses", "a failure or status on which it answers");
        }
    }

    /** A route that answers by itself never fails. */
    static void checkRoute(Route route, String place, Context context) {
        RouteAction action = route.action().orElse(null);
        boolean answersByItself = action instanceof RouteAction.Redirect || action instanceof RouteAction.Respond;
        if (!route.fallbacks().isEmpty() && answersByItself) {
            context.report(
                    "CONFLICT",
                    place + ".fallbacks",
                    "fallbacks of a route that answers by itself",
                    "a route to a pool or handler");
        }
    }
}
