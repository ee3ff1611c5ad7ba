package io.fairlead.proxy.spring;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which property, or bean, stands behind a place of the configuration. */
final class PropertyPlaces {
    private static final Pattern CAMEL = Pattern.compile("\\b[a-z]+([A-Z][a-z]+)+\\b");
    private static final Pattern ELEMENT = Pattern.compile("(listeners|pools|routes)\\[\\d+]");

    private final Map<String, String> names = new LinkedHashMap<>();
    private final Map<String, String> origins = new LinkedHashMap<>();

    /** Remembers the property, or the words for a bean. */
    void put(String place, String name) {
        names.put(place, name);
    }

    void origin(String place, String origin) {
        origins.put(place, origin);
    }

    /** Tells the problems by the names of the properties. */
    InvalidProxyPropertiesException translate(ConfigurationException exception) {
        List<InvalidProxyPropertiesException.Placed> placed = new ArrayList<>();
        for (Problem problem : exception.problems()) {
            String expectation = problem.code().equals("UNKNOWN_KEY")
                    ? CAMEL.matcher(problem.expectation()).replaceAll((MatchResult found) -> Names.kebab(found.group()))
                    : problem.expectation();
            placed.add(new InvalidProxyPropertiesException.Placed(
                    name(problem.place()), problem.value(), expectation, origin(problem.place())));
        }
        return new InvalidProxyPropertiesException(placed, exception);
    }

    private String name(String place) {
        String known = place;
        while (!known.isEmpty() && !names.containsKey(known)) {
            known = known.substring(0, Math.max(0, Math.max(known.lastIndexOf('.'), known.lastIndexOf('['))));
        }
        String name = names.get(known);
        String rest = Names.kebab(place.substring(known.length()));
        if (!known.contains("[") && ELEMENT.matcher(place).lookingAt()) {
            return place + " (from a bean)";
        }
        if (name == null || known.isEmpty()) {
            return rest.isEmpty() ? PropertyTree.ROOT.toString() : PropertyTree.ROOT + "." + rest;
        }
        return name + rest;
    }

    /** Where the property is set, or the first one within. */
    private @Nullable String origin(String place) {
        for (Map.Entry<String, String> one : origins.entrySet()) {
            String at = one.getKey();
            boolean within = at.startsWith(place)
                    && (at.length() == place.length() || ".[".indexOf(at.charAt(place.length())) >= 0);
            if (within && !place.isEmpty()) {
                return one.getValue();
            }
        }
        return null;
    }
}
