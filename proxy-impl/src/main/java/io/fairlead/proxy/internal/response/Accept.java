package io.fairlead.proxy.internal.response;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an Accept field (RFC 9110 §12.5.1) for one question: which of some types does the client like best? Of several ranges
 * that cover a type, the most specific one gives its quality. At the same quality the type that is named more precisely
 * wins, then the one that the field names first, then the first of those at hand, which is text for the proxy's own errors:
 * {@code application/json, *}{@code /*} is a client that speaks JSON, and a bare {@code *}{@code /*} is curl. What breaks the
 * grammar is read as no preference at all. Parameters of types are not looked at.
 */
final class Accept {
    /** What comes after is not looked at: the field is client input, and no honest one is that long. */
    private static final int MAX_CHARS = 1_000;

    private static final int ANY = 1;
    private static final int ANY_SUBTYPE = 2;
    private static final int EXACT = 3;

    /** What the field says of one media type. */
    private static final class Preference {
        private final String type;
        private final String subtype;
        private int specificity;
        /** In thousandths. */
        private int quality;

        private int position;

        Preference(String type, String subtype) {
            this.type = type;
            this.subtype = subtype;
        }
    }

    private final String field;
    private final int end;
    private int at;
    /** Whether it names no type at all. */
    private boolean isEmpty = true;

    private final Preference[] types;

    private Accept(String field, Preference... types) {
        this.field = field;
        this.types = types;
        // A range that the limit cuts in two must not count as another one, nor as a broken one.
        this.end = field.length() <= MAX_CHARS ? field.length() : Math.max(0, field.lastIndexOf(',', MAX_CHARS - 1));
    }

    static boolean prefersJson(@Nullable String accept) {
        // Most fields name no JSON at all: those are answered without an object being made. A type of "application/*"
        // names it too.
        if (accept == null || accept.indexOf('/') < 0 || !namesApplication(accept)) {
            return false;
        }
        Preference text = new Preference("text", "plain");
        Preference problem = new Preference("application", "problem+json");
        Preference json = new Preference("application", "json");
        if (!new Accept(accept, text, problem, json).read()) {
            return false;
        }
        // A client that takes JSON can read problem details, so whichever of the two it likes better speaks.
        Preference best = better(problem, json) ? problem : json;
        return best.quality > 0 && better(best, text);
    }

    /**
     * The place of the type that the client likes best.
     *
     * @param accept the field, several joined by commas; null if there is none
     * @param types such as {@code text/html}, without parameters; at least one
     * @return 0 if it has no preference, -1 if it accepts none
     */
    static int choose(@Nullable String accept, List<String> types) {
        if (accept == null || accept.equals("*/*")) {
            return 0;
        }
        Preference[] preferences = new Preference[types.size()];
        for (int i = 0; i < preferences.length; i++) {
            String type = types.get(i);
            int slash = type.indexOf('/');
            preferences[i] = new Preference(type.substring(0, slash), type.substring(slash + 1));
        }
        Accept reader = new Accept(accept, preferences);
        if (!reader.read() || reader.isEmpty) {
            return 0;
        }
        int best = 0;
        for (int i = 1; i < preferences.length; i++) {
            if (better(preferences[i], preferences[best])) {
                best = i;
            }
        }
        return preferences[best].quality > 0 ? best : -1;
    }

    private static boolean namesApplication(String accept) {
        int limit = Math.min(accept.length(), MAX_CHARS);
        String name = "application/";
        for (int i = 0; i + name.length() <= limit; i++) {
            if (accept.regionMatches(true, i, name, 0, name.length())) {
                return true;
            }
        }
        return false;
    }

    private static boolean better(Preference a, Preference b) {
        if (a.quality != b.quality) {
            return a.quality > b.quality;
        }
        return a.specificity != b.specificity ? a.specificity > b.specificity : a.position < b.position;
    }

    /** Reads the whole list; false if it is malformed. */
    private boolean read() {
        for (int position = 0; ; position++) {
            // Empty elements of a list are to be ignored (RFC 9110 §5.6.1.2).
            skipSpace();
            while (at < end && field.charAt(at) == ',') {
                at++;
                skipSpace();
            }
            if (at == end) {
                return true;
            }
            if (!readRange(position)) {
                return false;
            }
            if (at < end && field.charAt(at) != ',') {
                return false;
            }
        }
    }

    private boolean readRange(int position) {
        int type = at;
        int slash = skipToken();
        if (slash == type || slash == end || field.charAt(slash) != '/') {
            return false;
        }
        int subtype = ++at;
        int subtypeEnd = skipToken();
        if (subtypeEnd == subtype) {
            return false;
        }
        boolean anyType = slash - type == 1 && field.charAt(type) == '*';
        boolean anySubtype = subtypeEnd - subtype == 1 && field.charAt(subtype) == '*';
        if (anyType && !anySubtype) {
            return false;
        }
        int quality = readParameters();
        if (quality < 0) {
            return false;
        }
        isEmpty = false;
        for (Preference preference : types) {
            int specificity;
            if (anyType) {
                specificity = ANY;
            } else if (!is(preference.type, type, slash)) {
                continue;
            } else if (anySubtype) {
                specificity = ANY_SUBTYPE;
            } else if (is(preference.subtype, subtype, subtypeEnd)) {
                specificity = EXACT;
            } else {
                continue;
            }
            if (specificity > preference.specificity) {
                preference.specificity = specificity;
                preference.quality = quality;
                preference.position = position;
            }
        }
        return true;
    }

    /** Reads up to the next comma or the end; the quality in thousandths, 1,000 if there is none, -1 if malformed. */
    private int readParameters() {
        int quality = 1_000;
        while (true) {
            skipSpace();
            if (at == end || field.charAt(at) == ',') {
                return quality;
            }
            if (field.charAt(at) != ';') {
                return -1;
            }
            at++;
            skipSpace();
            int name = at;
            int nameEnd = skipToken();
            if (nameEnd == name) {
                // "a/b;" and "a/b;;q=1" are allowed (RFC 9110 §5.6.6).
                continue;
            }
            if (at == end || field.charAt(at) != '=') {
                return -1;
            }
            at++;
            int value = at;
            if (at < end && field.charAt(at) == '"') {
                if (!skipQuoted()) {
                    return -1;
                }
            } else if (skipToken() == value) {
                return -1;
            }
            if (is("q", name, nameEnd)) {
                quality = quality(value, at);
                if (quality < 0) {
                    return -1;
                }
            }
        }
    }

    /** {@code 0}, {@code 1}, each with up to three decimals (RFC 9110 §12.4.2). */
    private int quality(int from, int to) {
        char whole = field.charAt(from);
        if (whole != '0' && whole != '1' || to - from > 5 || to - from > 1 && field.charAt(from + 1) != '.') {
            return -1;
        }
        int thousandths = (whole - '0') * 1_000;
        int unit = 100;
        for (int i = from + 2; i < to; i++, unit /= 10) {
            char digit = field.charAt(i);
            if (digit < '0' || digit > '9') {
                return -1;
            }
            thousandths += (digit - '0') * unit;
        }
        return thousandths <= 1_000 ? thousandths : -1;
    }

    private boolean is(String word, int from, int to) {
        return to - from == word.length() && field.regionMatches(true, from, word, 0, word.length());
    }

    private void skipSpace() {
        while (at < end && (field.charAt(at) == ' ' || field.charAt(at) == '\t')) {
            at++;
        }
    }

    /** Skips a token (RFC 9110 §5.6.2) and returns its end. */
    private int skipToken() {
        while (at < end && isTokenChar(field.charAt(at))) {
            at++;
        }
        return at;
    }

    private boolean skipQuoted() {
        for (at++; at < end; at++) {
            char c = field.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == '"') {
                at++;
                return true;
            }
        }
        at = end;
        return false;
    }

    private static boolean isTokenChar(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
}
