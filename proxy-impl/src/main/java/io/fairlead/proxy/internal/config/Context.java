package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.resilience.Timeouts;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What one run through the table carries along: the problems found, and what a nested object inherits. */
final class Context {
    /** The longest value that a problem shows; more would drown the expectation. */
    private static final int SHOWN = 100;

    private final List<Problem> problems = new ArrayList<>();
    private final Set<String> places = new LinkedHashSet<>();
    private final Set<String> unread = new LinkedHashSet<>();
    private final Placeholders placeholders;
    private final boolean writesDefaults;
    private Timeouts timeouts = Timeouts.ofDefaults();
    private boolean readsFiles = true;

    Context(Placeholders placeholders, boolean writesDefaults) {
        this.placeholders = placeholders;
        this.writesDefaults = writesDefaults;
    }

    /** For a check, or for writing without defaults. */
    Context() {
        this(Placeholders.ofProcess(), false);
    }

    void report(String code, String place, String value, String expectation) {
        problems.add(new Problem(code, place.isEmpty() ? "$" : escaped(place), escaped(value), escaped(expectation)));
        places.add(place);
        if (code.equals("WRONG_TYPE")) {
            unread.add(place);
        }
    }

    List<Problem> problems() {
        return problems;
    }

    Placeholders placeholders() {
        return placeholders;
    }

    boolean writesDefaults() {
        return writesDefaults;
    }

    /** Whether files that the configuration names are looked at. */
    boolean readsFiles() {
        return readsFiles;
    }

    /** From now on no file is looked at. */
    void leaveFiles() {
        readsFiles = false;
    }

    /** The deadlines of the proxy, which a route's own ones start from. */
    Timeouts timeouts() {
        return timeouts;
    }

    void inherit(Timeouts proxyTimeouts) {
        timeouts = proxyTimeouts;
    }

    /** Whether a problem was found at this place or in what it holds, or it stands in something of another kind. */
    boolean broken(String place) {
        return brokenWithin(place) || unread.stream().anyMatch(known -> within(known, place));
    }

    /** Whether a problem was found at this place or in what it holds. */
    boolean brokenWithin(String place) {
        return places.stream().anyMatch(known -> within(place, known));
    }

    /** Whether an element of a list could not be read and was left out, so that those behind it stand elsewhere now. */
    boolean moved(String list) {
        return places.stream().anyMatch(known -> {
            int end = known.startsWith(list + "[") ? known.indexOf(']', list.length()) : -1;
            return end >= 0
                    && (end == known.length() - 1 || known.substring(end).equals("].type"));
        });
    }

    /** Whether what stands at this place was of another kind, so that all of it has its defaults. */
    boolean unread(String place) {
        return unread.contains(place);
    }

    /** Whether {@code inner} is {@code outer} or a part of it. */
    static boolean within(String outer, String inner) {
        return inner.startsWith(outer)
                && (inner.length() == outer.length()
                        || outer.isEmpty()
                        || inner.charAt(outer.length()) == '.'
                        || inner.charAt(outer.length()) == '[');
    }

    static String child(String place, String key) {
        return place.isEmpty() ? key : place + "." + key;
    }

    /** A text in quotes as a problem shows it: a secret as its placeholder, controls escaped, and not too long. */
    static String quote(String text) {
        String shown = Placeholders.raw(text);
        String start = shown.length() > SHOWN ? shown.substring(0, SHOWN) : shown;
        return '"' + escaped(start) + (shown.length() > SHOWN ? "...\"" : "\"");
    }

    /** A text that stays on its line, wherever it is printed: the keys of JSON and names may hold anything. */
    private static String escaped(String text) {
        if (text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        text.chars()
                .forEach(c ->
                        out.append(Character.isISOControl(c) ? String.format("\\u%04x", c) : String.valueOf((char) c)));
        return out.toString();
    }

    /** Any other value, and not too long. */
    static String abbreviate(String text) {
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }
}
