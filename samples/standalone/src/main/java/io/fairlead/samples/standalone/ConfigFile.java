package io.fairlead.samples.standalone;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A file that is watched by reading it now and then.
 *
 * <p>Looking at the content is dull but sure: events of the file system are late or missing on network drives, in
 * containers and behind the symbolic links of mounted secrets, and the time of a file does not tell two quick changes
 * apart. A configuration is small.
 */
final class ConfigFile {
    private final Path path;
    private final PrintStream err;
    private String taken = "";
    private String last = "";
    private boolean again;
    private boolean missing;

    ConfigFile(Path path, PrintStream err) {
        this.path = path;
        this.err = err;
    }

    /** Reads the file for the first time. */
    String read() {
        try {
            taken = Files.readString(path);
            last = taken;
            return taken;
        } catch (IOException e) {
            throw new UncheckedIOException(reason(e), e);
        }
    }

    /**
     * Hands on the content if it is another one than before, and did not change since the last look.
     *
     * @param changed whether that is done with; if not, it gets the same content again at the next look
     */
    void poll(Predicate<String> changed) {
        String now = readQuietly();
        if (now == null) {
            return;
        }
        // A writer may be half way through; a content that stands for two looks is whole.
        boolean settled = now.equals(last);
        last = now;
        if (settled && (again || !now.equals(taken))) {
            taken = now;
            again = !changed.test(now);
        }
    }

    /** A file may be away for a moment while it is replaced; told once. */
    private @Nullable String readQuietly() {
        try {
            String now = Files.readString(path);
            missing = false;
            return now;
        } catch (IOException e) {
            if (!missing) {
                err.println(path + ": " + reason(e) + "; the running configuration stays");
                err.flush();
            }
            missing = true;
            return null;
        }
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file";
        }
        return e instanceof CharacterCodingException ? "not in UTF-8" : "cannot be read";
    }
}
