package io.fairlead.proxy.internal.config;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Puts the values in place of <code>${env:NAME}</code> and <code>${file:PATH}</code>; <code>$${</code> stands for
 * <code>${</code> itself.
 *
 * <p>A text that held a placeholder is a secret from then on: that very object remembers how it was written, and problems,
 * differences and JSON show that instead. Only the identity counts, so an equal text from elsewhere is no secret.
 */
final class Placeholders {
    private static final int MAX_FILE_BYTES = 64 * 1024;

    // A name without a colon, such as ${1} or ${group}, belongs to whoever reads the text.
    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\$\\{|\\$\\{([A-Za-z]+):([^}]*)(\\}?)");

    // What a reader would take for an escape or a placeholder, and so has to be escaped itself.
    private static final Pattern SPECIAL = Pattern.compile("(?<=\\$)\\$\\{|\\$\\{(?=[A-Za-z]+:)");

    // Weak keys compare by identity and let go of the text when the configuration goes.
    private static final Cache<String, String> WRITTEN =
            Caffeine.newBuilder().weakKeys().build();

    private final UnaryOperator<@Nullable String> environment;

    Placeholders(UnaryOperator<@Nullable String> environment) {
        this.environment = environment;
    }

    static Placeholders ofProcess() {
        return new Placeholders(System::getenv);
    }

    static boolean in(String written) {
        Matcher matcher = PLACEHOLDER.matcher(written);
        while (matcher.find()) {
            if (matcher.group(1) != null) {
                return true;
            }
        }
        return false;
    }

    /** How the text is written in JSON: a secret with its placeholders, anything else escaped where needed. */
    static String toJson(String value) {
        String written = WRITTEN.getIfPresent(value);
        return written != null ? written : SPECIAL.matcher(value).replaceAll("\\$\\$\\{");
    }

    /** The text, or for a secret how it was written. */
    static String raw(String value) {
        return raw(value, value);
    }

    /** How a text was written that held a placeholder; another one for all else. */
    static String raw(String value, String otherwise) {
        String written = WRITTEN.getIfPresent(value);
        return written != null ? written : otherwise;
    }

    /** The text with all placeholders resolved; null after a problem was reported. */
    @Nullable
    String resolve(String written, String place, Context context) {
        if (!written.contains("${")) {
            return written;
        }
        StringBuilder out = new StringBuilder();
        boolean secret = false;
        boolean failed = false;
        int end = 0;
        Matcher matcher = PLACEHOLDER.matcher(written);
        while (matcher.find()) {
            out.append(written, end, matcher.start());
            end = matcher.end();
            if (matcher.group(1) == null) {
                out.append("${");
                continue;
            }
            secret = true;
            String resolved = lookUp(matcher, place, context);
            failed |= resolved == null;
            out.append(resolved);
        }
        out.append(written, end, written.length());
        if (failed) {
            return null;
        }
        // A new object by all means, for its identity is what is remembered.
        String value = out.toString();
        if (secret) {
            WRITTEN.put(value, written);
        }
        return value;
    }

    private @Nullable String lookUp(Matcher matcher, String place, Context context) {
        String shown = Context.quote(matcher.group());
        String name = matcher.group(2);
        if (matcher.group(3).isEmpty()) {
            context.report("INVALID", place, shown, "a closing } (or $${ for the characters ${)");
            return null;
        }
        switch (matcher.group(1)) {
            case "env" -> {
                String value = name.isEmpty() ? null : environment.apply(name);
                if (value == null) {
                    context.report("UNRESOLVED", place, shown, "environment variable " + name + " to be set");
                }
                return value;
            }
            case "file" -> {
                return readFile(name, shown, place, context);
            }
            default -> {
                context.report("INVALID", place, shown, "${env:NAME} or ${file:PATH} (or $${ for the characters ${)");
                return null;
            }
        }
    }

    private static @Nullable String readFile(String name, String shown, String place, Context context) {
        try {
            Path file = Path.of(name);
            if (Files.isRegularFile(file) && Files.size(file) > MAX_FILE_BYTES) {
                context.report("UNRESOLVED", place, shown, "a file of at most " + MAX_FILE_BYTES + " bytes");
                return null;
            }
            String content = Files.readString(file, StandardCharsets.UTF_8);
            // Editors and `echo` end a file with a line end that is no part of a secret.
            return content.replaceFirst("\\r?\\n\\z", "");
        } catch (IOException | InvalidPathException e) {
            context.report("UNRESOLVED", place, shown, "a readable file in UTF-8");
            return null;
        }
    }
}
