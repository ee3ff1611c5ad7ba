package io.fairlead.proxy.route;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;

/**
 * Which requests a route takes: data that can be printed, compared and indexed.
 *
 * <p>Host and path look at the normalised request, so that an encoded or dotted path cannot slip past. Patterns are
 * checked by the proxy's {@code build()}, not here.
 *
 * <p>Regular expressions are those of RE2/J (<a href="https://github.com/google/re2/wiki/Syntax">syntax</a>), which
 * takes time linear in the input, so that no request can stall the proxy; there are no back-references and no
 * look-around. A named group is written {@code (?P<name>..)} or {@code (?<name>..)}.
 */
public sealed interface Match {

    /** Every request. */
    static Match any() {
        return Any.INSTANCE;
    }

    /**
     * The host without port: {@code shop.example.com}, or {@code *.example.com} for every name below it (not
     * {@code example.com} itself). What the star stands for is captured as variable {@code host}.
     */
    static Match host(String pattern) {
        return new Host(requireNonNull(pattern, "pattern"));
    }

    /**
     * The path: {@code /health} exactly; {@code /api/**} the prefix {@code /api} with all below it, by whole
     * segments; {@code /users/{id}/orders} with one segment captured as variable {@code id}; {@code /users/{id}/**}
     * for both.
     */
    static Match path(String pattern) {
        return new Path(requireNonNull(pattern, "pattern"));
    }

    /** The whole path matches this regular expression; its named groups become variables. */
    static Match pathRegex(String regex) {
        return new PathRegex(requireNonNull(regex, "regex"));
    }

    /** The method is one of these. */
    static Match method(String... methods) {
        return new Method(List.of(methods));
    }

    /** A header field of this name is present. */
    static Match header(String name) {
        return new Field(Source.HEADER, requireNonNull(name, "name"), Test.PRESENT, "");
    }

    /** A header field of this name has exactly this value. */
    static Match header(String name, String value) {
        return new Field(Source.HEADER, requireNonNull(name, "name"), Test.EQUALS, requireNonNull(value, "value"));
    }

    /** A header field of this name matches this regular expression as a whole. */
    static Match headerRegex(String name, String regex) {
        return new Field(Source.HEADER, requireNonNull(name, "name"), Test.REGEX, requireNonNull(regex, "regex"));
    }

    /** A query parameter of this name is present. */
    static Match query(String name) {
        return new Field(Source.QUERY, requireNonNull(name, "name"), Test.PRESENT, "");
    }

    /** A query parameter of this name has exactly this value once decoded. */
    static Match query(String name, String value) {
        return new Field(Source.QUERY, requireNonNull(name, "name"), Test.EQUALS, requireNonNull(value, "value"));
    }

    /** A query parameter of this name matches this regular expression as a whole. */
    static Match queryRegex(String name, String regex) {
        return new Field(Source.QUERY, requireNonNull(name, "name"), Test.REGEX, requireNonNull(regex, "regex"));
    }

    /** A cookie of this name is present. */
    static Match cookie(String name) {
        return new Field(Source.COOKIE, requireNonNull(name, "name"), Test.PRESENT, "");
    }

    /** A cookie of this name has exactly this value. */
    static Match cookie(String name, String value) {
        return new Field(Source.COOKIE, requireNonNull(name, "name"), Test.EQUALS, requireNonNull(value, "value"));
    }

    /** A cookie of this name matches this regular expression as a whole. */
    static Match cookieRegex(String name, String regex) {
        return new Field(Source.COOKIE, requireNonNull(name, "name"), Test.REGEX, requireNonNull(regex, "regex"));
    }

    /** The client's address lies in one of these CIDR blocks. */
    static Match clientAddress(String... networks) {
        return new ClientAddress(List.of(networks));
    }

    /** Both hold. */
    default Match and(Match other) {
        List<Match> parts = new ArrayList<>(this instanceof And all ? all.parts() : List.of(this));
        if (other instanceof And all) {
            parts.addAll(all.parts());
        } else {
            parts.add(requireNonNull(other, "other"));
        }
        return new And(parts);
    }

    /** One of them holds. */
    default Match or(Match other) {
        List<Match> parts = new ArrayList<>(this instanceof Or one ? one.parts() : List.of(this));
        if (other instanceof Or one) {
            parts.addAll(one.parts());
        } else {
            parts.add(requireNonNull(other, "other"));
        }
        return new Or(parts);
    }

    /** It does not hold. */
    default Match not() {
        return new Not(this);
    }

    /** Every request. */
    enum Any implements Match {
        /** The only one. */
        INSTANCE
    }

    /**
     * See {@link Match#host}.
     *
     * @param pattern the host or wildcard
     */
    record Host(String pattern) implements Match {}

    /**
     * See {@link Match#path}.
     *
     * @param pattern exact path, prefix or template
     */
    record Path(String pattern) implements Match {}

    /**
     * See {@link Match#pathRegex}.
     *
     * @param regex in the syntax of RE2, see {@link Match}
     */
    record PathRegex(String regex) implements Match {}

    /**
     * See {@link Match#method}.
     *
     * @param methods in their spelling
     */
    record Method(List<String> methods) implements Match {
        /** Copies the list. */
        public Method {
            methods = List.copyOf(methods);
        }
    }

    /** Where a field stands. */
    enum Source {
        /** A header field. */
        HEADER,
        /** A query parameter. */
        QUERY,
        /** A cookie. */
        COOKIE
    }

    /** What is asked of a field's value. */
    enum Test {
        /** That it is there. */
        PRESENT,
        /** That it is this. */
        EQUALS,
        /** That it matches this regular expression as a whole. */
        REGEX
    }

    /**
     * A header field, query parameter or cookie; one of several of that name suffices.
     *
     * @param source where it stands
     * @param name its name; header fields regardless of case
     * @param test what is asked of the value
     * @param value the value or regular expression; empty for {@link Test#PRESENT}
     */
    record Field(Source source, String name, Test test, String value) implements Match {}

    /**
     * See {@link Match#clientAddress}.
     *
     * @param networks CIDR blocks or single addresses
     */
    record ClientAddress(List<String> networks) implements Match {
        /** Copies the list. */
        public ClientAddress {
            networks = List.copyOf(networks);
        }
    }

    /**
     * All of these hold.
     *
     * @param parts at least one
     */
    record And(List<Match> parts) implements Match {
        /** Copies the list. */
        public And {
            parts = List.copyOf(parts);
        }
    }

    /**
     * One of these holds.
     *
     * @param parts at least one
     */
    record Or(List<Match> parts) implements Match {
        /** Copies the list. */
        public Or {
            parts = List.copyOf(parts);
        }
    }

    /**
     * This does not hold.
     *
     * @param match the match to turn round
     */
    record Not(Match match) implements Match {}
}
