package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.traffic.SplitExplainer;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says why a request goes where it goes, by asking every route in turn. */
final class Explainer {

    private Explainer() {}

    static Explanation explain(
            List<Route> routes, List<Entry> entries, RouteMatch found, Request request, InetAddress client) {
        // A route stands where the best of its alternatives does.
        Map<Integer, Optional<Entry>> fitting = new LinkedHashMap<>();
        for (Entry entry : entries) {
            Optional<Entry> known = fitting.getOrDefault(entry.route, Optional.empty());
            fitting.put(entry.route, known.or(() -> Optional.of(entry).filter(e -> e.fits(request, client))));
        }
        for (int route = 0; route < routes.size(); route++) {
            fitting.putIfAbsent(route, Optional.empty());
        }
        Optional<Entry> winner =
                found.found() ? fitting.getOrDefault(found.index(), Optional.empty()) : Optional.empty();
        List<Explanation.Candidate> candidates = new ArrayList<>();
        fitting.forEach((index, entry) -> {
            Route route = routes.get(index);
            String reason = "";
            if (entry.isEmpty()) {
                reason = Condition.of(route.match()).failure(request, client);
            } else if (winner.isPresent() && winner.get().route != index) {
                Entry first = winner.get();
                reason = "route \"" + routes.get(first.route).id() + "\" comes first: it "
                        + first.advantageOver(entry.get());
            }
            candidates.add(new Explanation.Candidate(route.id(), entry.isPresent(), reason));
        });
        Optional<Route> route = winner.map(entry -> routes.get(entry.route));
        return new Explanation(
                route.map(Route::id),
                candidates,
                route.filter(one -> one.action().orElse(null) instanceof RouteAction.Split)
                        .map(one -> SplitExplainer.explain(
                                ((RouteAction.Split) one.action().orElseThrow()).split(), one.id(), request)));
    }
}
