package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the route of a request. Immutable.
 *
 * <p>How it is built:
 *
 * <ol>
 *   <li>Each route's match is taken apart into {@link Alternatives}; each becomes an {@link Entry}.
 *   <li>All entries are sorted by precedence; the place of each is its rank. So of all that fit, the lowest rank wins,
 *       and no comparison is left for the lookup.
 *   <li>Entries are put into a table by exact host, by wildcard suffix, or among those without a host; there by exact
 *       path, by segments, among the regular expressions, or among those without a path ({@link PathIndex}).
 * </ol>
 *
 * <p>A lookup has up to three passes over that index. The first asks all but regular expressions, and cuts off what
 * ranks behind the best so far. The second, only if a regular expression is left that would precede the best, asks
 * those in their order until one fits. The third, only for a request that would fit but for its method, collects the
 * methods. The first makes no object.
 */
public final class RouteTable {

    private static final long DEFERRED = 1L << 32;
    private static final long METHOD_MISSED = 1L << 33;

    private final List<Route> routes;
    private final Entry[] entries;
    private final @Nullable TextMap<PathIndex> exactHosts;
    private final @Nullable TextMap<PathIndex> wildcardHosts;
    private final int firstWildcardHost;
    private final @Nullable PathIndex anyHost;

    private RouteTable(List<Route> routes, List<Entry> unsorted) {
        this.routes = List.copyOf(routes);
        this.entries = unsorted.toArray(Entry[]::new);
        Arrays.sort(entries, Entry.PRECEDENCE);
        Map<String, List<Entry>> byHost = new HashMap<>();
        Map<String, List<Entry>> byWildcard = new HashMap<>();
        List<Entry> withoutHost = new ArrayList<>();
        for (int rank = 0; rank < entries.length; rank++) {
            Entry entry = entries[rank];
            entry.rank = rank;
            if (entry.host == null) {
                withoutHost.add(entry);
            } else {
                (entry.host.wildcard() ? byWildcard : byHost)
                        .computeIfAbsent(entry.host.text(), host -> new ArrayList<>())
                        .add(entry);
            }
        }
        this.exactHosts = byHost.isEmpty() ? null : new TextMap<>(indexes(byHost));
        this.wildcardHosts = byWildcard.isEmpty() ? null : new TextMap<>(indexes(byWildcard));
        this.firstWildcardHost = byWildcard.values().stream()
                .flatMap(List::stream)
                .mapToInt(entry -> entry.rank)
                .min()
                .orElse(Visitor.NONE);
        this.anyHost = withoutHost.isEmpty() ? null : new PathIndex(withoutHost);
    }

    private static Map<String, PathIndex> indexes(Map<String, List<Entry>> lists) {
        Map<String, PathIndex> indexes = new HashMap<>();
        lists.forEach((host, list) -> indexes.put(host, new PathIndex(list)));
        return indexes;
    }

    /**
     * Builds the table.
     *
     * @throws IllegalArgumentException if a pattern is wrong, see {@link #problems}
     */
    public static RouteTable compile(List<Route> routes) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < routes.size(); i++) {
            try {
                entries.addAll(Entry.of(i, routes.get(i)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "route \"" + routes.get(i).id() + "\": expected " + e.getMessage(), e);
            }
        }
        return new RouteTable(routes, entries);
    }

    /** Only these entries of these routes. */
    static RouteTable of(List<Route> routes, List<Entry> entries) {
        return new RouteTable(routes, entries);
    }

    /** What is wrong with the matches of these routes, unreachable ones included; each with its place. */
    public static List<Problem> problems(List<Route> routes) {
        return RouteProblems.of(routes);
    }

    /** The names of the variables that a match captures for some request, sorted; null if something is wrong with it. */
    public static @Nullable Set<String> variables(Match match) {
        return RouteProblems.captured(match);
    }

    /** Finds the route that takes this request from this client. */
    public RouteMatch find(Request request, InetAddress client) {
        long state = search(First.INSTANCE, Visitor.NONE, request, client);
        int best = Visitor.best(state);
        if ((state & DEFERRED) != 0) {
            Second second = new Second();
            search(second, best, request, client);
            best = second.best(best, request, client);
        }
        if (best != Visitor.NONE) {
            return entries[best].found(request);
        }
        if ((state & METHOD_MISSED) != 0) {
            Third third = new Third();
            search(third, Visitor.NONE, request, client);
            if (!third.methods.isEmpty()) {
                return RouteMatch.methodNotAllowed(List.copyOf(third.methods));
            }
        }
        return RouteMatch.NOT_FOUND;
    }

    /** Says which route takes this request, and why the others do not; slow. */
    public Explanation explain(Request request, InetAddress client) {
        return Explainer.explain(routes, List.of(entries), find(request, client), request, client);
    }

    /** Visits all entries whose host and path fit, as long as they precede the best. */
    <Q> long search(Visitor<Q> visitor, long state, Q request, InetAddress client) {
        long now = state;
        String path = null;
        if (exactHosts != null || wildcardHosts != null) {
            String host = visitor.host(request);
            PathIndex exact = exactHosts == null ? null : exactHosts.get(host, 0, host.length());
            if (exact != null && exact.first() < Visitor.best(now)) {
                path = exact.usesPath() ? visitor.path(request) : null;
                now = exact.visit(visitor, now, request, client, path);
            }
            if (wildcardHosts != null && firstWildcardHost < Visitor.best(now)) {
                int hash = 0;
                // Not the first character: the star stands for at least one.
                for (int i = host.length() - 1; i > 0; i--) {
                    char c = host.charAt(i);
                    hash = TextMap.next(hash, c);
                    PathIndex below = c == '.' ? wildcardHosts.get(host, i, host.length(), hash) : null;
                    if (below != null && below.first() < Visitor.best(now)) {
                        path = path == null && below.usesPath() ? visitor.path(request) : path;
                        now = below.visit(visitor, now, request, client, path);
                    }
                }
            }
        }
        if (anyHost != null && anyHost.first() < Visitor.best(now)) {
            path = path == null && anyHost.usesPath() ? visitor.path(request) : path;
            now = anyHost.visit(visitor, now, request, client, path);
        }
        return now;
    }

    /** A pass over the index for a request. */
    private abstract static class Pass implements Visitor<Request> {
        @Override
        public String host(Request request) {
            return Condition.hostOf(request);
        }

        @Override
        public String path(Request request) {
            return request.normalizedPath();
        }
    }

    /** The best entry without regular expressions, and whether the other passes have anything to do. */
    private static final class First extends Pass {
        static final First INSTANCE = new First();

        @Override
        public long visit(Entry entry, long state, Request request, InetAddress client) {
            if (!entry.allows(request)) {
                return state | METHOD_MISSED;
            }
            if (!entry.plainHold(request, client)) {
                return state;
            }
            return entry.slow.length == 0 ? state & (DEFERRED | METHOD_MISSED) | entry.rank : state | DEFERRED;
        }
    }

    /** The entries with regular expressions that would precede the best. */
    private static final class Second extends Pass {
        private final List<Entry> candidates = new ArrayList<>(4);

        @Override
        public long visit(Entry entry, long state, Request request, InetAddress client) {
            if (entry.slow.length > 0 && entry.allows(request) && entry.plainHold(request, client)) {
                candidates.add(entry);
            }
            return state;
        }

        int best(int otherwise, Request request, InetAddress client) {
            candidates.sort(Comparator.comparingInt(entry -> entry.rank));
            for (Entry entry : candidates) {
                if (entry.slowHold(request, client)) {
                    return entry.rank;
                }
            }
            return otherwise;
        }
    }

    /** The methods of what fits but for the method. */
    private static final class Third extends Pass {
        private final TreeSet<String> methods = new TreeSet<>();

        @Override
        public long visit(Entry entry, long state, Request request, InetAddress client) {
            if (!entry.allows(request) && entry.plainHold(request, client) && entry.slowHold(request, client)) {
                methods.addAll(entry.methods());
            }
            return state;
        }
    }
}
