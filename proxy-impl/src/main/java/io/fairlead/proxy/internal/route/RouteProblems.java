package io.fairlead.proxy.internal.route;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Everything that is wrong with the matches of routes. Places are those of the JSON form of a match. */
final class RouteProblems {

    private final List<Problem> problems = new ArrayList<>();

    private RouteProblems() {}

    static List<Problem> of(List<Route> routes) {
        RouteProblems found = new RouteProblems();
        List<List<Entry>> entries = new ArrayList<>();
        for (int i = 0; i < routes.size(); i++) {
            entries.add(found.checked(i, routes.get(i)));
        }
        Coverage.unreachable(routes, entries)
                .forEach((index, first) -> found.report(
                        "UNREACHABLE_ROUTE",
                        match(index),
                        "every request that fits route \"" + routes.get(index).id() + "\" goes to route \""
                                + routes.get(first).id() + "\"",
                        "a request that no earlier route takes"));
        return List.copyOf(found.problems);
    }

    private static String match(int route) {
        return "routes[" + route + "].match";
    }

    private void report(String code, String place, String value, String expectation) {
        problems.add(new Problem(code, place, value, expectation));
    }

    /** Reports what is wrong with one route alone, and returns its entries if that is nothing. */
    private List<Entry> checked(int index, Route route) {
        int before = problems.size();
        String place = match(index);
        check(route.match(), place);
        if (problems.size() > before) {
            return List.of();
        }
        try {
            List<Entry> entries = Entry.of(index, route);
            if (entries.isEmpty()) {
                report("UNREACHABLE_ROUTE", place, MatchText.of(route.match()), "a match that some request fits");
            }
            for (Entry entry : entries) {
                if (!checkVariables(entry.terms, place)) {
                    return List.of();
                }
            }
            return entries;
        } catch (Alternatives.TooManyException e) {
            report("MATCH_TOO_COMPLEX", place, MatchText.of(route.match()), String.valueOf(e.getMessage()));
            return List.of();
        }
    }

    private void check(Match match, String place) {
        if (match instanceof Match.Host host) {
            pattern("INVALID_PATTERN", place + ".host", host.pattern(), () -> HostPattern.parse(host.pattern()));
        } else if (match instanceof Match.Path path) {
            pattern("INVALID_PATTERN", place + ".path", path.pattern(), () -> PathPattern.parse(path.pattern()));
        } else if (match instanceof Match.PathRegex regex) {
            regex(place + ".pathRegex", regex.regex());
        } else if (match instanceof Match.Method method) {
            methods(place + ".method", method.methods());
        } else if (match instanceof Match.Field field) {
            field(place, field);
        } else if (match instanceof Match.ClientAddress address) {
            networks(place + ".clientAddress", address.networks());
        } else if (match instanceof Match.And and) {
            parts(and.parts(), place + ".and");
        } else if (match instanceof Match.Or or) {
            parts(or.parts(), place + ".or");
        } else if (match instanceof Match.Not not) {
            check(not.match(), place + ".not");
        }
    }

    private void parts(List<Match> parts, String place) {
        if (parts.isEmpty()) {
            report("EMPTY_MATCH", place, "[]", "at least one match");
        }
        for (int i = 0; i < parts.size(); i++) {
            check(parts.get(i), place + "[" + i + "]");
        }
    }

    /** A rule that throws with its expectation as message. */
    private void pattern(String code, String place, String value, Runnable parse) {
        try {
            parse.run();
        } catch (IllegalArgumentException e) {
            report(code, place, value, String.valueOf(e.getMessage()));
        }
    }

    private void regex(String place, String regex) {
        try {
            Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            report("INVALID_REGEX", place, regex, "a regular expression of RE2: " + e.getDescription());
        }
    }

    private void methods(String place, List<String> methods) {
        if (methods.isEmpty()) {
            report("EMPTY_MATCH", place, "[]", "at least one method");
        }
        for (int i = 0; i < methods.size(); i++) {
            if (!HttpSyntax.isToken(methods.get(i))) {
                report(
                        "INVALID_METHOD",
                        place + "[" + i + "]",
                        methods.get(i),
                        "a method name (a token, RFC 9110 5.6.2)");
            }
        }
    }

    private void networks(String place, List<String> networks) {
        if (networks.isEmpty()) {
            report("EMPTY_MATCH", place, "[]", "at least one network");
        }
        for (int i = 0; i < networks.size(); i++) {
            String network = networks.get(i);
            try {
                CidrSet.parse(List.of(network));
            } catch (IllegalArgumentException e) {
                report(
                        "INVALID_NETWORK",
                        place + "[" + i + "]",
                        network,
                        "a CIDR block or an address, such as 10.0.0.0/8");
            }
        }
    }

    private void field(String place, Match.Field field) {
        String at = place
                + switch (field.source()) {
                    case HEADER -> ".header";
                    case QUERY -> ".query";
                    case COOKIE -> ".cookie";
                };
        boolean named =
                field.source() == Match.Source.QUERY ? !field.name().isEmpty() : HttpSyntax.isToken(field.name());
        if (!named) {
            report(
                    "INVALID_NAME",
                    at,
                    field.name(),
                    field.source() == Match.Source.QUERY ? "a name" : "a name (a token, RFC 9110 5.6.2)");
        }
        if (field.test() == Match.Test.REGEX) {
            regex(at, field.value());
        }
    }

    /** Two conditions of one match must not capture the same name, or one value would be lost. */
    private boolean checkVariables(Set<Match> terms, String place) {
        Set<String> names = new HashSet<>();
        for (Match term : terms) {
            for (String name : variables(term)) {
                if (!names.add(name)) {
                    report("DUPLICATE_VARIABLE", place, name, "each variable captured once");
                    return false;
                }
            }
        }
        return true;
    }

    /** The names that a match captures for some request; null if something is wrong with it. */
    static @Nullable Set<String> captured(Match match) {
        RouteProblems found = new RouteProblems();
        found.check(match, "");
        if (!found.problems.isEmpty()) {
            return null;
        }
        try {
            Set<String> names = new TreeSet<>();
            for (Set<Match> terms : Alternatives.of(match)) {
                terms.forEach(term -> names.addAll(variables(term)));
            }
            return names;
        } catch (Alternatives.TooManyException e) {
            return null;
        }
    }

    private static List<String> variables(Match term) {
        if (term instanceof Match.Host host && HostPattern.parse(host.pattern()).wildcard()) {
            return List.of(Condition.OnHost.VARIABLE);
        } else if (term instanceof Match.Path path) {
            return PathPattern.parse(path.pattern()).segments().stream()
                    .filter(PathPattern.Segment::variable)
                    .map(PathPattern.Segment::text)
                    .toList();
        } else if (term instanceof Match.PathRegex regex) {
            return List.copyOf(Pattern.compile(regex.regex()).namedGroups().keySet());
        }
        return List.of();
    }
}
