package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.route.Match;
import java.util.List;
import java.util.stream.Collectors;

/** A match in words, for {@code explain}. */
final class MatchText {

    private MatchText() {}

    static String of(Match match) {
        if (match instanceof Match.Host host) {
            return "host " + host.pattern();
        } else if (match instanceof Match.Path path) {
            return "path " + path.pattern();
        } else if (match instanceof Match.PathRegex regex) {
            return "path matching " + regex.regex();
        } else if (match instanceof Match.Method method) {
            return "method " + String.join(" or ", method.methods());
        } else if (match instanceof Match.Field field) {
            String name = switch (field.source()) {
                        case HEADER -> "header ";
                        case QUERY -> "query parameter ";
                        case COOKIE -> "cookie ";
                    }
                    + field.name();
            return switch (field.test()) {
                case PRESENT -> name;
                case EQUALS -> name + " \"" + field.value() + "\"";
                case REGEX -> name + " matching " + field.value();
            };
        } else if (match instanceof Match.ClientAddress address) {
            return "client address in " + String.join(" or ", address.networks());
        } else if (match instanceof Match.And and) {
            return parts(and.parts(), " and ");
        } else if (match instanceof Match.Or or) {
            return parts(or.parts(), " or ");
        } else if (match instanceof Match.Not not) {
            return "not " + of(not.match());
        }
        return "any request";
    }

    private static String parts(List<Match> parts, String word) {
        return parts.stream().map(MatchText::of).collect(Collectors.joining(word, "(", ")"));
    }
}
