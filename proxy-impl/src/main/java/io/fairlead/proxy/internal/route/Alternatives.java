package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.route.Match;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Takes a match apart into alternatives, each a set of conditions of which all must hold, so that hosts, paths and
 * methods stand where the index sees them.
 *
 * <p>{@code or} is only multiplied out where a host, path or method stands in it; else it stays one condition.
 */
final class Alternatives {

    /** Beyond it a match is refused: the product of its hosts, paths and methods must not swell the table. */
    static final int MAX = 1_000;

    private Alternatives() {}

    /** Says that a match has more than {@link #MAX} alternatives. */
    static final class TooManyException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        TooManyException() {
            super("at most " + MAX + " combinations of hosts, paths and methods in one match");
        }
    }

    /**
     * The alternatives of a match; empty if no request can fit.
     *
     * @throws TooManyException if there are more than {@link #MAX}
     */
    static List<Set<Match>> of(Match match) {
        return expand(inward(match, false));
    }

    /** Brings {@code not} to the leaves (De Morgan). */
    private static Match inward(Match match, boolean negated) {
        if (match instanceof Match.Not not) {
            return inward(not.match(), !negated);
        } else if (match instanceof Match.And and) {
            List<Match> parts = inward(and.parts(), negated);
            return negated ? new Match.Or(parts) : new Match.And(parts);
        } else if (match instanceof Match.Or or) {
            List<Match> parts = inward(or.parts(), negated);
            return negated ? new Match.And(parts) : new Match.Or(parts);
        } else if (match instanceof Match.Any) {
            return negated ? new Match.Or(List.of()) : match;
        }
        return negated ? match.not() : match;
    }

    private static List<Match> inward(List<Match> parts, boolean negated) {
        return parts.stream().map(part -> inward(part, negated)).toList();
    }

    private static List<Set<Match>> expand(Match match) {
        if (match instanceof Match.Any) {
            return List.of(Set.of());
        } else if (match instanceof Match.And and) {
            List<Set<Match>> product = List.of(Set.of());
            for (Match part : and.parts()) {
                product = product(product, expand(part));
            }
            return product;
        } else if (match instanceof Match.Or or && (or.parts().isEmpty() || indexed(or))) {
            List<Set<Match>> sum = new ArrayList<>();
            for (Match part : or.parts()) {
                sum.addAll(expand(part));
                limit(sum.size());
            }
            return sum;
        }
        return List.of(Set.of(match));
    }

    private static List<Set<Match>> product(List<Set<Match>> left, List<Set<Match>> right) {
        limit((long) left.size() * right.size());
        List<Set<Match>> product = new ArrayList<>(left.size() * right.size());
        for (Set<Match> a : left) {
            for (Set<Match> b : right) {
                Set<Match> both = new LinkedHashSet<>(a);
                both.addAll(b);
                product.add(both);
            }
        }
        return product;
    }

    private static void limit(long size) {
        if (size > MAX) {
            throw new TooManyException();
        }
    }

    /** Whether a condition that the index knows, or the always true, stands in it unnegated. */
    private static boolean indexed(Match match) {
        if (match instanceof Match.And and) {
            return and.parts().stream().anyMatch(Alternatives::indexed);
        } else if (match instanceof Match.Or or) {
            return or.parts().stream().anyMatch(Alternatives::indexed);
        }
        return match instanceof Match.Host
                || match instanceof Match.Path
                || match instanceof Match.PathRegex
                || match instanceof Match.Method
                || match instanceof Match.Any;
    }
}
