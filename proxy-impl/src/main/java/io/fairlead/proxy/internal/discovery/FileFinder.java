package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.internal.config.TargetList;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads targets from a file when it has changed. What is seen of the file before and after it was read must be the same, or
 * it was written meanwhile and is read again at the next look.
 */
final class FileFinder implements Finder {

    private static final int MAX_BYTES = 1 << 20;

    /** The key tells a file that was renamed to this place, which may have the time and size of the former one. */
    private record Seen(
            FileTime modified, long size, @Nullable Object key) {
        static Seen of(Path path) throws IOException {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            return new Seen(now.lastModifiedTime(), now.size(), now.fileKey());
        }
    }

    private final Path path;
    private @Nullable Seen last;

    FileFinder(Path path) {
        this.path = path;
    }

    @Override
    public @Nullable List<Target> find() throws IOException {
        Seen before;
        byte[] bytes;
        Seen after;
        try {
            before = Seen.of(path);
            if (before.equals(last)) {
                return null;
            }
            try (InputStream in = Files.newInputStream(path)) {
                bytes = in.readNBytes(MAX_BYTES + 1);
            }
            after = Seen.of(path);
        } catch (NoSuchFileException e) {
            last = null;
            throw new IOException("no such file: " + path, e);
        }
        if (Objects.equals(before, after)) {
            // Also if it is wrong: it is told once and not read again until it changes.
            last = after;
        }
        if (bytes.length > MAX_BYTES) {
            throw new IOException(path + " has more than " + MAX_BYTES + " bytes");
        }
        return TargetList.read(new String(bytes, StandardCharsets.UTF_8));
    }
}
