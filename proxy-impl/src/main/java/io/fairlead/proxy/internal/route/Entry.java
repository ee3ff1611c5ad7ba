package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One alternative of a route's match: where it stands in the index, what is asked besides, and its precedence. A route
 * whose match is an {@code or} of hosts or paths has several.
 */
final class Entry {

    private static final Entry[] NONE = {};

    /** One for all, so that it is at hand. */
    private static final Condition[] NO_CONDITIONS = {};

    /** What decides between two that fit, as {@link Route} tells; then their place in the list. */
    private static final List<Criterion> CRITERIA = List.of(
            new Criterion("has a lower order", entry -> entry.order),
            new Criterion("has a more specific host", Entry::hostRank),
            new Criterion("has a more specific path", Entry::pathRank),
            new Criterion("has a longer prefix", entry -> -entry.prefixLength()),
            new Criterion("has more conditions", entry -> -entry.terms.size()),
            new Criterion("was added first", entry -> entry.route));

    static final Comparator<Entry> PRECEDENCE = precedence();

    private record Criterion(String text, java.util.function.ToIntFunction<Entry> value) {}

    private final int order;
    final int route;
    final Set<Match> terms;
    /** The most specific of its hosts and paths; null without one. Of path and regex at most one is set. */
    final @Nullable HostPattern host;

    final @Nullable PathPattern path;
    private final boolean regex;
    private final String beginning;
    /** Null: every method. */
    private final @Nullable Set<String> methods;

    private final Condition[] plain;
    final Condition[] slow;
    private final Condition[] capturing;
    private final RouteMatch withoutVariables;
    /** Its place among all entries of the table; set once, when that is known. */
    int rank;

    private Entry(int route, int order, Set<Match> terms) {
        this.route = route;
        this.order = order;
        this.terms = terms;
        Condition.@Nullable OnHost bestHost = null;
        Condition.@Nullable OnPath bestPath = null;
        Condition.@Nullable OnPathRegex firstRegex = null;
        Set<String> allowed = null;
        List<Condition> conditions = new ArrayList<>();
        for (Match term : terms) {
            if (term instanceof Match.Method method) {
                if (allowed == null) {
                    allowed = new LinkedHashSet<>(method.methods());
                } else {
                    allowed.retainAll(method.methods());
                }
                continue;
            }
            Condition condition = Condition.of(term);
            conditions.add(condition);
            if (condition instanceof Condition.OnHost on
                    && (bestHost == null || better(on.pattern(), bestHost.pattern()))) {
                bestHost = on;
            } else if (condition instanceof Condition.OnPath on
                    && (bestPath == null || better(on.pattern(), bestPath.pattern()))) {
                bestPath = on;
            } else if (condition instanceof Condition.OnPathRegex on && firstRegex == null) {
                firstRegex = on;
            }
        }
        this.host = bestHost == null ? null : bestHost.pattern();
        this.path = bestPath == null ? null : bestPath.pattern();
        this.regex = bestPath == null && firstRegex != null;
        this.beginning =
                bestPath != null ? bestPath.pattern().beginning() : firstRegex != null ? firstRegex.literal() : "";
        this.methods = allowed;
        this.capturing = array(conditions, Condition::captures);
        // The index has looked at these when it comes to an entry.
        conditions.remove(bestHost);
        conditions.remove(bestPath);
        if (firstRegex != null) {
            conditions.add(0, firstRegex.beginning());
        }
        this.plain = array(conditions, condition -> !condition.slow());
        this.slow = array(conditions, Condition::slow);
        this.withoutVariables = RouteMatch.found(route, Map.of());
    }

    /**
     * The entries of a route; none if no request can fit.
     *
     * @throws IllegalArgumentException if a pattern is wrong, or there are too many
     */
    static List<Entry> of(int index, Route route) {
        List<Entry> entries = new ArrayList<>();
        for (Set<Match> terms : Alternatives.of(route.match())) {
            entries.add(new Entry(index, route.order(), terms));
        }
        return entries;
    }

    private static Condition[] array(List<Condition> conditions, Predicate<Condition> wanted) {
        Condition[] some = conditions.stream().filter(wanted).toArray(Condition[]::new);
        return some.length == 0 ? NO_CONDITIONS : some;
    }

    private static boolean better(HostPattern a, HostPattern b) {
        return a.wildcard() == b.wildcard() ? a.text().length() > b.text().length() : !a.wildcard();
    }

    private static boolean better(PathPattern a, PathPattern b) {
        return a.kind() == b.kind()
                ? a.segments().size() > b.segments().size()
                : a.kind().compareTo(b.kind()) < 0;
    }

    private static Comparator<Entry> precedence() {
        Comparator<Entry> comparator = (a, b) -> 0;
        for (Criterion criterion : CRITERIA) {
            comparator = comparator.thenComparingInt(criterion.value);
        }
        return comparator;
    }

    /** A host name has 253 characters at most, so that a wildcard comes after every exact host, the longer one first. */
    private int hostRank() {
        return host == null ? 1_000 : host.wildcard() ? 999 - host.text().length() : 0;
    }

    private int pathRank() {
        int kinds = PathPattern.Kind.values().length;
        return path != null ? path.kind().ordinal() : regex ? kinds : kinds + 1;
    }

    private int prefixLength() {
        return path != null && path.kind() == PathPattern.Kind.PREFIX
                ? path.segments().size()
                : 0;
    }

    /** The text with which every path that fits begins; may be empty. */
    String beginning() {
        return beginning;
    }

    boolean onPathRegex() {
        return regex;
    }

    /** In what this one precedes the other. */
    String advantageOver(Entry other) {
        for (Criterion criterion : CRITERIA) {
            if (criterion.value.applyAsInt(this) < criterion.value.applyAsInt(other)) {
                return criterion.text;
            }
        }
        return "";
    }

    boolean allows(Request request) {
        return methods == null || methods.contains(request.method());
    }

    Set<String> methods() {
        return methods == null ? Set.of() : methods;
    }

    /** Whether what the index has not looked at holds, save for method and regular expressions. */
    boolean plainHold(Request request, InetAddress client) {
        return Condition.all(plain, request, client);
    }

    boolean slowHold(Request request, InetAddress client) {
        return Condition.all(slow, request, client);
    }

    /** Whether all of it holds; for explanations, without the index. */
    boolean fits(Request request, InetAddress client) {
        return terms.stream().allMatch(term -> Condition.of(term).test(request, client));
    }

    RouteMatch found(Request request) {
        if (capturing.length == 0) {
            return withoutVariables;
        }
        Map<String, String> variables = new LinkedHashMap<>();
        for (Condition condition : capturing) {
            condition.capture(request, variables);
        }
        return RouteMatch.found(route, Collections.unmodifiableMap(variables));
    }

    /** The entries in ascending rank. */
    static Entry[] sorted(@Nullable List<Entry> entries) {
        if (entries == null || entries.isEmpty()) {
            return NONE;
        }
        Entry[] sorted = entries.toArray(Entry[]::new);
        java.util.Arrays.sort(sorted, Comparator.comparingInt(entry -> entry.rank));
        return sorted;
    }
}
