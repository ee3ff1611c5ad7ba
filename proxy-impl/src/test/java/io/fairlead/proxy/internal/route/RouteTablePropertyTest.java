package io.fairlead.proxy.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestRequest;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The index against a matcher that asks every route, written straight from the Javadoc of Route and Match. */
class RouteTablePropertyTest {

    private static final String[] HOSTS = {"a", "b", "x.a", "y.a", "z.x.a", "c.b", ""};
    private static final String[] HOST_PATTERNS = {"a", "b", "x.a", "*.a", "*.x.a", "*.b", "Y.a"};
    private static final String[] SEGMENTS = {"", "p", "q", "r", "p%2Fq"};
    private static final String[] REGEXES = {"/p.*", "/[pq]/r", ".*q", "/p/?(?P<v>.*)", "/(p|q)", "\\*", "/q*/.*"};
    private static final String[] METHODS = {"GET", "PUT", "POST"};
    private static final String[] NETWORKS = {"10.0.0.0/8", "10.1.0.0/16", "::/0", "10.1.0.1"};
    private static final String[] CLIENTS = {"10.1.0.1", "10.2.0.1", "192.0.2.1", "::1"};

    @Test
    void index_agreesWithAskingEveryRoute() {
        Seeds.run(150, random -> {
            List<Route> routes = routes(random, 1 + random.nextInt(40));
            RouteTable table = RouteTable.compile(routes);
            List<Ranked> ranked = Ranked.all(routes);
            for (int i = 0; i < 40; i++) {
                TestRequest request = request(random);
                InetAddress client = IpLiterals.parse(any(random, CLIENTS));
                RouteMatch found = table.find(request, client);
                String about = request + " from " + client + " among " + routes;
                int expected = ranked.stream()
                        .filter(one -> one.terms.stream().allMatch(term -> fits(term, request, client)))
                        .mapToInt(one -> one.route)
                        .findFirst()
                        .orElse(-1);
                assertThat(found.index()).as(about).isEqualTo(expected);
                // Alternatives are shared with the index, so the match as a whole is asked too.
                assertThat(routes.stream().anyMatch(route -> fits(route.match(), request, client)))
                        .as(about)
                        .isEqualTo(found.found());
                assertThat(!found.found() || fits(routes.get(expected).match(), request, client))
                        .as(about)
                        .isTrue();
                if (expected < 0) {
                    assertThat(found.allowedMethods())
                            .as(about)
                            .containsExactlyElementsOf(allowed(ranked, request, client));
                }
            }
        });
    }

    @Test
    void explanation_agreesWithTheLookup() {
        Seeds.run(80, random -> {
            List<Route> routes = routes(random, 1 + random.nextInt(15));
            RouteTable table = RouteTable.compile(routes);
            for (int i = 0; i < 20; i++) {
                TestRequest request = request(random);
                InetAddress client = IpLiterals.parse(any(random, CLIENTS));
                RouteMatch found = table.find(request, client);
                Explanation explanation = table.explain(request, client);
                assertThat(explanation.routeId().orElse(""))
                        .isEqualTo(found.found() ? routes.get(found.index()).id() : "");
                assertThat(explanation.candidates()).hasSameSizeAs(routes);
                for (Explanation.Candidate candidate : explanation.candidates()) {
                    Route route =
                            routes.get(Integer.parseInt(candidate.routeId().substring(1)));
                    assertThat(candidate.matched()).isEqualTo(fits(route.match(), request, client));
                    boolean winner = explanation.routeId().equals(java.util.Optional.of(candidate.routeId()));
                    assertThat(candidate.reason().isEmpty()).isEqualTo(winner);
                }
            }
        });
    }

    @Test
    void routeReportedAsUnreachable_neverWins() {
        int[] reported = {0};
        Seeds.run(150, random -> {
            List<Route> routes = routes(random, 2 + random.nextInt(12));
            Set<Integer> unreachable = RouteTable.problems(routes).stream()
                    .filter(problem -> problem.code().equals("UNREACHABLE_ROUTE"))
                    .map(Problem::place)
                    .map(place -> Integer.parseInt(place.replaceAll("[^0-9]", "")))
                    .collect(Collectors.toSet());
            reported[0] += unreachable.size();
            RouteTable table = RouteTable.compile(routes);
            for (int i = 0; i < 100; i++) {
                TestRequest request = request(random);
                int index = table.find(request, IpLiterals.parse(any(random, CLIENTS)))
                        .index();
                assertThat(unreachable).as("%s among %s", request, routes).doesNotContain(index);
            }
        });
        if (System.getProperty(Seeds.PROPERTY) == null) {
            assertThat(reported[0]).isPositive();
        }
    }

    // What is drawn.

    private static String any(Random random, String... of) {
        return of[random.nextInt(of.length)];
    }

    private static List<Route> routes(Random random, int count) {
        List<Route> routes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            routes.add(Route.builder("r" + i)
                    .order(random.nextInt(4) == 0 ? random.nextInt(3) - 1 : 0)
                    .match(match(random, 0))
                    .build());
        }
        return routes;
    }

    private static Match match(Random random, int depth) {
        Match match = depth < 2 && random.nextInt(5) == 0 ? group(random, depth) : leaf(random);
        for (int i = random.nextInt(3 - depth); i > 0; i--) {
            match = match.and(random.nextInt(5) == 0 && depth < 2 ? group(random, depth) : leaf(random));
        }
        return match;
    }

    private static Match group(Random random, int depth) {
        return random.nextInt(3) == 0
                ? match(random, depth + 1).not()
                : match(random, depth + 1).or(match(random, depth + 1));
    }

    private static Match leaf(Random random) {
        return switch (random.nextInt(14)) {
            case 0, 1, 2 -> Match.host(any(random, HOST_PATTERNS));
            case 3, 4, 5, 6, 7 -> Match.path(pathPattern(random));
            case 8 -> Match.pathRegex(any(random, REGEXES));
            case 9 ->
                random.nextBoolean()
                        ? Match.method(any(random, METHODS))
                        : Match.method(any(random, METHODS), any(random, METHODS));
            case 10 ->
                switch (random.nextInt(3)) {
                    case 0 -> Match.header("X");
                    case 1 -> Match.header("x", any(random, "1", "2"));
                    default -> Match.headerRegex("X", any(random, "1|3", ".*"));
                };
            case 11 -> random.nextBoolean() ? Match.query("k") : Match.query("k", any(random, "1", "a b"));
            case 12 -> random.nextBoolean() ? Match.cookie("c") : Match.cookieRegex("c", "1+");
            default -> random.nextInt(3) == 0 ? Match.any() : Match.clientAddress(any(random, NETWORKS));
        };
    }

    private static String pathPattern(Random random) {
        StringBuilder pattern = new StringBuilder();
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            boolean variable = random.nextInt(3) == 0;
            pattern.append('/').append(variable ? "{v" + i + "}" : any(random, "p", "q", "r", "p%2Fq"));
        }
        boolean prefix = random.nextInt(3) == 0;
        if (prefix) {
            return pattern + "/**";
        }
        return count == 0 || random.nextInt(6) == 0 ? pattern + "/" : pattern.toString();
    }

    private static TestRequest request(Random random) {
        StringBuilder target = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            target.append('/').append(any(random, SEGMENTS));
        }
        if (target.length() == 0) {
            target.append(any(random, "/", "/", "*"));
        }
        if (random.nextBoolean()) {
            target.append(any(random, "?k", "?k=1", "?j=1&k=a+b", "?"));
        }
        TestRequest request = TestRequest.of(any(random, METHODS), any(random, HOSTS), target.toString());
        for (int i = random.nextInt(3); i > 0; i--) {
            request.with("X", any(random, "1", "2", "3"));
        }
        return random.nextInt(3) == 0 ? request.with("Cookie", any(random, "c=1", "d=1; c=2")) : request;
    }

    // The same by the simplest means.

    private static boolean fits(Match match, TestRequest request, InetAddress client) {
        if (match instanceof Match.Any) {
            return true;
        } else if (match instanceof Match.Host host) {
            String pattern = host.pattern().toLowerCase(java.util.Locale.ROOT);
            return pattern.startsWith("*")
                    ? request.host().endsWith(pattern.substring(1))
                            && request.host().length() >= pattern.length()
                    : request.host().equals(pattern);
        } else if (match instanceof Match.Path path) {
            return request.normalizedPath().matches(asRegex(path.pattern()));
        } else if (match instanceof Match.PathRegex regex) {
            return Pattern.matches(regex.regex().replace("?P<", "?<"), request.normalizedPath());
        } else if (match instanceof Match.Method method) {
            return method.methods().contains(request.method());
        } else if (match instanceof Match.ClientAddress address) {
            return io.fairlead.proxy.internal.net.CidrSet.parse(address.networks())
                    .contains(client);
        } else if (match instanceof Match.Field field) {
            Collection<String> values = switch (field.source()) {
                case HEADER -> request.headers().all(field.name());
                case COOKIE ->
                    request.headers().all("Cookie").stream()
                            .filter(value -> value.contains("c="))
                            .map(value -> value.substring(value.indexOf("c=") + 2))
                            .toList();
                case QUERY ->
                    request.query().stream()
                            .filter(query -> query.contains("k"))
                            .map(query -> query.replaceAll(".*k=?", "").replace('+', ' '))
                            .toList();
            };
            return values.stream().anyMatch(value -> switch (field.test()) {
                case PRESENT -> true;
                case EQUALS -> value.equals(field.value());
                case REGEX -> value.matches(field.value());
            });
        } else if (match instanceof Match.And and) {
            return and.parts().stream().allMatch(part -> fits(part, request, client));
        } else if (match instanceof Match.Or or) {
            return or.parts().stream().anyMatch(part -> fits(part, request, client));
        }
        return !fits(((Match.Not) match).match(), request, client);
    }

    private static String asRegex(String pattern) {
        if (pattern.equals("/**")) {
            return "/.*";
        }
        String regex = pattern.replaceAll("\\{[^}]*}", "[^/]+");
        return regex.endsWith("/**") ? regex.substring(0, regex.length() - 3) + "(/.*)?" : regex;
    }

    private static Set<String> allowed(List<Ranked> ranked, TestRequest request, InetAddress client) {
        Set<String> allowed = new TreeSet<>();
        for (Ranked one : ranked) {
            List<Match> others = one.terms.stream()
                    .filter(term -> !(term instanceof Match.Method))
                    .toList();
            if (others.size() < one.terms.size() && others.stream().allMatch(term -> fits(term, request, client))) {
                Set<String> all = new TreeSet<>(List.of(METHODS));
                one.terms.forEach(term -> {
                    if (term instanceof Match.Method method) {
                        all.retainAll(method.methods());
                    }
                });
                allowed.addAll(all);
            }
        }
        return allowed;
    }

    /** One alternative of a route. */
    private record Ranked(int route, int order, List<Match> terms) {

        static List<Ranked> all(List<Route> routes) {
            List<Ranked> all = new ArrayList<>();
            for (int i = 0; i < routes.size(); i++) {
                for (Set<Match> terms : Alternatives.of(routes.get(i).match())) {
                    all.add(new Ranked(i, routes.get(i).order(), List.copyOf(terms)));
                }
            }
            all.sort((a, b) -> {
                int[] left = a.key();
                int[] right = b.key();
                return java.util.Arrays.compare(left, right);
            });
            return all;
        }

        /** As the Javadoc of Route puts it, each part lowest first. */
        int[] key() {
            int host = 1000;
            int path = 4;
            int length = 0;
            for (Match term : terms) {
                if (term instanceof Match.Host one) {
                    host = Math.min(
                            host,
                            one.pattern().startsWith("*") ? 1000 - one.pattern().length() : 0);
                } else if (term instanceof Match.PathRegex) {
                    path = Math.min(path, 3);
                } else if (term instanceof Match.Path one) {
                    boolean prefix = one.pattern().endsWith("/**");
                    int kind = prefix ? 2 : one.pattern().contains("{") ? 1 : 0;
                    int slashes =
                            (int) one.pattern().chars().filter(c -> c == '/').count() - 1;
                    length = kind < path ? 0 : length;
                    path = Math.min(path, kind);
                    length = prefix && path == 2 ? Math.max(length, slashes) : path < 2 ? 0 : length;
                }
            }
            return new int[] {order, host, path, -length, -new LinkedHashSet<>(terms).size(), route};
        }
    }
}
