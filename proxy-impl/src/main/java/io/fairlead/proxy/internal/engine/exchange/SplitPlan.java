package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.internal.traffic.SplitChooser;
import java.util.List;

/** What is done with the requests of a route whose pool is chosen for each: the route's plan, once for every share. */
final class SplitPlan {

    private final SplitChooser chooser;
    private final RoutePlan[] shares;

    /** @param shares plans without a split, in the order of the shares */
    SplitPlan(SplitChooser chooser, List<RoutePlan> shares) {
        this.chooser = chooser;
        this.shares = shares.toArray(RoutePlan[]::new);
    }

    /** Chooses for a request, once. Its response gets the cookie that keeps a new client there. */
    RoutePlan choose(RoutedExchange exchange) {
        int place = chooser.overridden(exchange);
        if (place < 0) {
            long key = chooser.key(exchange);
            if (key == SplitChooser.NO_KEY && chooser.givesKeys()) {
                key = chooser.newKey();
                exchange.response.setCookie(
                        chooser.setCookie(key, exchange.scheme().equals("https")));
            }
            place = chooser.place(key);
        }
        return shares[place];
    }
}
