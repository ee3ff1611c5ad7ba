package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.internal.config.TargetList;
import io.fairlead.proxy.internal.file.SmallFile;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads targets from a file at each look. Its time and size would not tell two quick changes apart, nor one that keeps both.
 *
 * <p>A writer may be half way through, so a content counts once two looks have seen it. Only the first look of all, for
 * which a start may wait, reads twice instead.
 */
final class FileFinder implements Finder {

    private static final int MAX_BYTES = 1 << 20;

    private final Path path;

    /** What the last look has read; null if there was none, or it could not. */
    private byte @Nullable [] last;

    /** What was handed on last, be it good or bad; null if there is nothing, or the file could not be read since. */
    private byte @Nullable [] taken;

    private boolean looked;

    FileFinder(Path path) {
        this.path = path;
    }

    @Override
    public @Nullable List<Target> find() throws IOException {
        byte[] before = last;
        byte[] now;
        try {
            if (!looked) {
                looked = true;
                before = read();
            }
            now = read();
        } catch (IOException e) {
            last = null;
            taken = null;
            throw e;
        }
        last = now;
        if (!Arrays.equals(now, before) || Arrays.equals(now, taken)) {
            return null;
        }
        taken = now;
        return TargetList.read(new String(now, StandardCharsets.UTF_8));
    }

    private byte[] read() throws IOException {
        try {
            return SmallFile.read(path, MAX_BYTES);
        } catch (NoSuchFileException e) {
            throw new IOException("no such file: " + path, e);
        } catch (IOException e) {
            throw new IOException(path + ": " + reason(e), e);
        }
    }

    /** The message of an exception of the file system is the path, and maybe a reason. */
    private static String reason(IOException e) {
        String reason = e instanceof FileSystemException told ? told.getReason() : e.getMessage();
        return reason == null ? e.getClass().getSimpleName() : reason;
    }
}
