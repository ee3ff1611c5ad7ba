package io.fairlead.proxy.internal.route;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.http.Cookies;
import io.fairlead.proxy.internal.http.Escapes;
import io.fairlead.proxy.internal.http.QueryParameters;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.route.Match;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A match, compiled. */
abstract class Condition {

    /** Whether it holds for this request. */
    abstract boolean test(Request request, InetAddress client);

    /** Why it does not hold, with what the request has instead. */
    abstract String failure(Request request, InetAddress client);

    /** Whether it evaluates regular expressions, which are left for last. */
    boolean slow() {
        return false;
    }

    /** Whether {@link #capture} may add something. */
    boolean captures() {
        return false;
    }

    /** Adds what it captures from a request for which it holds. */
    void capture(Request request, Map<String, String> into) {}

    /**
     * Compiles a match of any shape.
     *
     * @throws IllegalArgumentException if a pattern in it is wrong
     */
    static Condition of(Match match) {
        if (match instanceof Match.Any) {
            return new AllOf(List.of());
        } else if (match instanceof Match.Host host) {
            return new OnHost(HostPattern.parse(host.pattern()));
        } else if (match instanceof Match.Path path) {
            return new OnPath(PathPattern.parse(path.pattern()));
        } else if (match instanceof Match.PathRegex regex) {
            return new OnPathRegex(regex.regex());
        } else if (match instanceof Match.Method method) {
            return new OnMethod(method.methods());
        } else if (match instanceof Match.Field field) {
            return switch (field.source()) {
                case HEADER -> new OnHeader(field);
                case QUERY -> new OnQuery(field);
                case COOKIE -> new OnCookie(field);
            };
        } else if (match instanceof Match.ClientAddress address) {
            return new OnClientAddress(address.networks());
        } else if (match instanceof Match.And and) {
            return new AllOf(and.parts().stream().map(Condition::of).toList());
        } else if (match instanceof Match.Or or) {
            return new OneOf(or.parts().stream().map(Condition::of).toList());
        } else {
            return new Negation(((Match.Not) match).match());
        }
    }

    private static String quote(String text) {
        return "\"" + text + "\"";
    }

    /** The host by which routes are looked up. */
    static String hostOf(Request request) {
        return HostPattern.canonical(request.host());
    }

    /** On the host. */
    static final class OnHost extends Condition {
        /** The variable that holds what the star of a host stands for. */
        static final String VARIABLE = "host";

        private final HostPattern pattern;

        OnHost(HostPattern pattern) {
            this.pattern = pattern;
        }

        HostPattern pattern() {
            return pattern;
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return pattern.matches(hostOf(request));
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "host " + quote(request.host()) + " is not " + pattern;
        }

        @Override
        boolean captures() {
            return pattern.wildcard();
        }

        @Override
        void capture(Request request, Map<String, String> into) {
            String captured = pattern.captured(hostOf(request));
            if (captured != null) {
                into.put(VARIABLE, captured);
            }
        }
    }

    /** On the path by a pattern. */
    static final class OnPath extends Condition {
        private final PathPattern pattern;

        OnPath(PathPattern pattern) {
            this.pattern = pattern;
        }

        PathPattern pattern() {
            return pattern;
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return pattern.matches(request.normalizedPath());
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "path " + quote(request.normalizedPath()) + " does not fit " + pattern;
        }

        @Override
        boolean captures() {
            return pattern.hasVariables();
        }

        @Override
        void capture(Request request, Map<String, String> into) {
            pattern.capture(request.normalizedPath(), into);
        }
    }

    /** On the path by a regular expression. */
    static final class OnPathRegex extends Condition {
        private final Pattern pattern;
        private final String literal;
        /** What is left of it behind the literal text, which need not go through the automaton. */
        private final Pattern rest;

        OnPathRegex(String regex) {
            this.pattern = regex(regex);
            this.literal = RegexPrefix.of(regex);
            this.rest = regex(RegexPrefix.rest(regex));
        }

        /** The text with which every path that matches begins; may be empty. */
        String literal() {
            return literal;
        }

        boolean matches(String path) {
            return path.startsWith(literal) && rest.matches(path.substring(literal.length()));
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return matches(request.normalizedPath());
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "path " + quote(request.normalizedPath()) + " does not match " + pattern;
        }

        @Override
        boolean slow() {
            return true;
        }

        @Override
        boolean captures() {
            return !pattern.namedGroups().isEmpty();
        }

        @Override
        void capture(Request request, Map<String, String> into) {
            Matcher matcher = pattern.matcher(request.normalizedPath());
            if (matcher.matches()) {
                for (String name : pattern.namedGroups().keySet()) {
                    String value = matcher.group(name);
                    if (value != null) {
                        into.put(name, Escapes.decode(value));
                    }
                }
            }
        }

        /** What is cheap to ask first. */
        Condition beginning() {
            return new PathBeginning(literal);
        }
    }

    /** On the text with which the path begins; not by whole segments. */
    private static final class PathBeginning extends Condition {
        private final String literal;

        PathBeginning(String literal) {
            this.literal = literal;
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return request.normalizedPath().startsWith(literal);
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "path " + quote(request.normalizedPath()) + " does not begin with " + literal;
        }
    }

    /** On the method. */
    private static final class OnMethod extends Condition {
        private final List<String> methods;

        OnMethod(List<String> methods) {
            this.methods = methods;
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return methods.contains(request.method());
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "method " + request.method() + " is not " + String.join(" or ", methods);
        }
    }

    /** On a named value of which there may be several. */
    private abstract static class OnField extends Condition {
        final String name;
        private final Match.Field field;
        private final String noun;
        private final Predicate<String> fits;

        OnField(Match.Field field, String noun) {
            this.field = field;
            this.name = field.name();
            this.noun = noun;
            this.fits = fits(field);
        }

        private static Predicate<String> fits(Match.Field field) {
            return switch (field.test()) {
                case PRESENT -> value -> true;
                case EQUALS -> field.value()::equals;
                case REGEX -> regex(field.value())::matches;
            };
        }

        abstract boolean present(Request request);

        abstract List<String> values(Request request);

        @Override
        boolean test(Request request, InetAddress client) {
            if (field.test() == Match.Test.PRESENT) {
                return present(request);
            }
            for (String value : values(request)) {
                if (fits.test(value)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        String failure(Request request, InetAddress client) {
            List<String> values = values(request);
            if (values.isEmpty()) {
                return noun + " " + name + " is absent";
            }
            String actual = noun + " " + name + " is "
                    + String.join(", ", values.stream().map(Condition::quote).toList());
            return actual + (slow() ? ", which does not match " + field.value() : ", not " + quote(field.value()));
        }

        @Override
        boolean slow() {
            return field.test() == Match.Test.REGEX;
        }
    }

    private static final class OnHeader extends OnField {
        private final boolean equals;
        private final String expected;

        OnHeader(Match.Field field) {
            super(field, "header");
            this.equals = field.test() == Match.Test.EQUALS;
            this.expected = field.value();
        }

        @Override
        boolean test(Request request, InetAddress client) {
            if (equals) {
                // Most often the field is absent, or there once: no list for that.
                Optional<String> first = request.headers().first(name);
                if (first.isEmpty() || first.get().equals(expected)) {
                    return first.isPresent();
                }
            }
            return super.test(request, client);
        }

        @Override
        boolean present(Request request) {
            return request.headers().contains(name);
        }

        @Override
        List<String> values(Request request) {
            return request.headers().all(name);
        }
    }

    private static final class OnQuery extends OnField {
        OnQuery(Match.Field field) {
            super(field, "query parameter");
        }

        @Override
        boolean present(Request request) {
            return QueryParameters.contains(request, name);
        }

        @Override
        List<String> values(Request request) {
            return QueryParameters.all(request, name);
        }
    }

    private static final class OnCookie extends OnField {
        OnCookie(Match.Field field) {
            super(field, "cookie");
        }

        @Override
        boolean present(Request request) {
            return Cookies.contains(request, name);
        }

        @Override
        List<String> values(Request request) {
            return Cookies.all(request, name);
        }
    }

    private static final class OnClientAddress extends Condition {
        private final List<String> networks;
        private final CidrSet set;

        OnClientAddress(List<String> networks) {
            this.networks = networks;
            this.set = CidrSet.parse(networks);
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return set.contains(client);
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "client address " + client.getHostAddress() + " is not in " + String.join(" or ", networks);
        }
    }

    /** All of them; none is always true. */
    private static final class AllOf extends Condition {
        private final Condition[] parts;

        AllOf(List<Condition> parts) {
            this.parts = parts.toArray(Condition[]::new);
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return all(parts, request, client);
        }

        @Override
        String failure(Request request, InetAddress client) {
            for (Condition part : parts) {
                if (!part.test(request, client)) {
                    return part.failure(request, client);
                }
            }
            return "";
        }

        @Override
        boolean slow() {
            return List.of(parts).stream().anyMatch(Condition::slow);
        }
    }

    /** One of them; of none it is never true. */
    private static final class OneOf extends Condition {
        private final Condition[] parts;

        OneOf(List<Condition> parts) {
            this.parts = parts.toArray(Condition[]::new);
        }

        @Override
        boolean test(Request request, InetAddress client) {
            for (Condition part : parts) {
                if (part.test(request, client)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        String failure(Request request, InetAddress client) {
            List<String> failures = new ArrayList<>();
            for (Condition part : parts) {
                failures.add(part.failure(request, client));
            }
            return String.join("; ", failures);
        }

        @Override
        boolean slow() {
            return List.of(parts).stream().anyMatch(Condition::slow);
        }
    }

    private static final class Negation extends Condition {
        private final Match match;
        private final Condition condition;

        Negation(Match match) {
            this.match = match;
            this.condition = of(match);
        }

        @Override
        boolean test(Request request, InetAddress client) {
            return !condition.test(request, client);
        }

        @Override
        String failure(Request request, InetAddress client) {
            return "not " + MatchText.of(match) + " does not hold";
        }

        @Override
        boolean slow() {
            return condition.slow();
        }
    }

    static boolean all(Condition[] conditions, Request request, InetAddress client) {
        for (Condition condition : conditions) {
            if (!condition.test(request, client)) {
                return false;
            }
        }
        return true;
    }

    private static Pattern regex(String regex) {
        try {
            return Pattern.compile(regex);
        } catch (com.google.re2j.PatternSyntaxException e) {
            throw new IllegalArgumentException("a regular expression of RE2 (" + e.getMessage() + ")", e);
        }
    }
}
