package io.fairlead.proxy.internal.route;

import com.google.re2j.Pattern;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds routes that never win, because an earlier entry takes every request of each of their entries.
 *
 * <p>An entry covers another if each of its conditions follows from one of the other's. That is sound and not
 * complete: entries that only together cover another, or arithmetic between regular expressions, are not seen.
 *
 * <p>To find the few entries that may cover another, the index itself is asked with a sample: a host and path that fit
 * the other and as little else as can be. What covers it fits the sample too.
 */
final class Coverage {

    /** A text that no pattern holds, because patterns hold neither control characters nor their like. */
    private static final String UNLIKE_ANY = "\u0001";

    /** What the other entry looks like to the index. */
    private record Sample(String host, String path) {}

    private final RouteTable table;
    private final Map<Match, Object> compiled = new HashMap<>();

    private Coverage(RouteTable table) {
        this.table = table;
    }

    /** The routes that never win, each with one that comes before it: index to index, in the order of the routes. */
    static Map<Integer, Integer> unreachable(List<Route> routes, List<List<Entry>> entriesByRoute) {
        List<Entry> all = new ArrayList<>();
        entriesByRoute.forEach(all::addAll);
        Coverage coverage = new Coverage(RouteTable.of(routes, all));
        Map<Integer, Integer> unreachable = new java.util.LinkedHashMap<>();
        for (int route = 0; route < entriesByRoute.size(); route++) {
            Optional<Entry> covering = coverage.covering(entriesByRoute.get(route));
            if (covering.isPresent()) {
                unreachable.put(route, covering.get().route);
            }
        }
        return unreachable;
    }

    /** An entry that covers one of these, if each of them is covered. */
    private Optional<Entry> covering(List<Entry> entries) {
        Optional<Entry> covering = Optional.empty();
        for (Entry entry : entries) {
            covering = Optional.ofNullable(covering(entry));
            if (covering.isEmpty()) {
                return covering;
            }
        }
        return covering;
    }

    private @Nullable Entry covering(Entry entry) {
        Search search = new Search(entry);
        table.search(search, entry.rank, sample(entry), InetAddress.getLoopbackAddress());
        return search.found;
    }

    private static Sample sample(Entry entry) {
        String host = entry.host == null
                ? UNLIKE_ANY
                : entry.host.wildcard() ? UNLIKE_ANY + entry.host.text() : entry.host.text();
        if (entry.path == null) {
            return new Sample(host, UNLIKE_ANY);
        }
        StringBuilder path = new StringBuilder();
        entry.path
                .segments()
                .forEach(segment -> path.append('/').append(segment.variable() ? UNLIKE_ANY : segment.text()));
        if (entry.path.kind() == PathPattern.Kind.PREFIX) {
            path.append('/').append(UNLIKE_ANY);
        }
        return new Sample(host, path.toString());
    }

    /** Stops at the first entry of another route that covers this one. */
    private final class Search implements Visitor<Sample> {
        private final Entry covered;
        private @Nullable Entry found;

        Search(Entry covered) {
            this.covered = covered;
        }

        @Override
        public String host(Sample sample) {
            return sample.host();
        }

        @Override
        public String path(Sample sample) {
            return sample.path();
        }

        @Override
        public long visit(Entry entry, long state, Sample sample, InetAddress client) {
            if (entry.route == covered.route || !implied(entry.terms, covered.terms)) {
                return state;
            }
            found = entry;
            return entry.rank;
        }
    }

    /** Whether all conclusions follow from the premises. */
    private boolean implied(Set<Match> conclusions, Set<Match> premises) {
        for (Match conclusion : conclusions) {
            boolean follows = premises.contains(conclusion);
            for (Match premise : premises) {
                follows = follows || implies(premise, conclusion);
            }
            if (!follows) {
                return false;
            }
        }
        return true;
    }

    /** Whether every request that fits the one fits the other; false where that cannot be told. */
    private boolean implies(Match premise, Match conclusion) {
        if (premise.equals(conclusion) || conclusion instanceof Match.Any) {
            return true;
        }
        if (premise instanceof Match.Or or) {
            return or.parts().stream().allMatch(part -> implies(part, conclusion));
        }
        if (conclusion instanceof Match.And and) {
            return and.parts().stream().allMatch(part -> implies(premise, part));
        }
        if (premise instanceof Match.And and) {
            return and.parts().stream().anyMatch(part -> implies(part, conclusion));
        }
        if (conclusion instanceof Match.Or or) {
            return or.parts().stream().anyMatch(part -> implies(premise, part));
        }
        if (premise instanceof Match.Not not && conclusion instanceof Match.Not other) {
            return implies(other.match(), not.match());
        }
        if (premise instanceof Match.Host host && conclusion instanceof Match.Host other) {
            return host(other).covers(host(host));
        }
        if (premise instanceof Match.Path path && conclusion instanceof Match.Path other) {
            return path(other).covers(path(path));
        }
        if (premise instanceof Match.Path path && conclusion instanceof Match.PathRegex other) {
            PathPattern pattern = path(path);
            return pattern.kind() == PathPattern.Kind.EXACT
                    && regex(other, other.regex()).matches(pattern.path());
        }
        if (premise instanceof Match.Method method && conclusion instanceof Match.Method other) {
            return other.methods().containsAll(method.methods());
        }
        if (premise instanceof Match.ClientAddress address && conclusion instanceof Match.ClientAddress other) {
            return networks(other).containsAll(networks(address));
        }
        return premise instanceof Match.Field field && conclusion instanceof Match.Field other && implies(field, other);
    }

    private boolean implies(Match.Field premise, Match.Field conclusion) {
        boolean sameField = premise.source() == conclusion.source()
                && (premise.source() == Match.Source.HEADER
                        ? premise.name().equalsIgnoreCase(conclusion.name())
                        : premise.name().equals(conclusion.name()));
        if (!sameField) {
            return false;
        }
        return switch (conclusion.test()) {
            case PRESENT -> true;
            case EQUALS ->
                premise.test() == Match.Test.EQUALS && premise.value().equals(conclusion.value());
            case REGEX ->
                premise.test() == Match.Test.EQUALS
                                && regex(conclusion, conclusion.value()).matches(premise.value())
                        || premise.test() == Match.Test.REGEX && premise.value().equals(conclusion.value());
        };
    }

    private HostPattern host(Match.Host host) {
        return compiled(host, match -> HostPattern.parse(match.pattern()));
    }

    private PathPattern path(Match.Path path) {
        return compiled(path, match -> PathPattern.parse(match.pattern()));
    }

    private CidrSet networks(Match.ClientAddress address) {
        return compiled(address, match -> CidrSet.parse(match.networks()));
    }

    private Pattern regex(Match owner, String regex) {
        return compiled(owner, match -> Pattern.compile(regex));
    }

    @SuppressWarnings("unchecked")
    private <M extends Match, C> C compiled(M match, Function<M, C> compile) {
        return (C) compiled.computeIfAbsent(match, key -> compile.apply((M) key));
    }
}
