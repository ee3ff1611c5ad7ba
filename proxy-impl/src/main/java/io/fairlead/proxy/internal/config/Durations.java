package io.fairlead.proxy.internal.config;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as text: {@code 5s}, {@code 250ms}, {@code 1h}, or ISO 8601. */
final class Durations {
    static final String EXPECTATION = "a duration such as \"5s\", \"250ms\" or \"1m\"";
    static final String PATTERN = "^-?[0-9]+(ms|s|m|h|d)$|^[-+]?[Pp]";

    /** A hundred years: every count of nanoseconds below it fits a long. */
    static final Duration MAX = Duration.ofDays(36_500);

    private static final Pattern SHORT = Pattern.compile("(-?[0-9]{1,18})(ms|s|m|h|d)");

    private Durations() {}

    /** The duration; null if the text is none. */
    static @Nullable Duration parse(String text) {
        try {
            Matcher matcher = SHORT.matcher(text);
            if (!matcher.matches()) {
                return Duration.parse(text);
            }
            long amount = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
        } catch (DateTimeParseException | ArithmeticException e) {
            return null;
        }
    }

    /** The shortest text that gives exactly this duration. */
    static String format(Duration value) {
        if (value.getNano() % 1_000_000 != 0 || value.abs().compareTo(MAX) > 0) {
            return value.toString();
        }
        long millis = value.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds / 60 + "m";
    }
}
