package io.fairlead.proxy.internal.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files that have a bounded size and an end. */
public final class SmallFile {

    private SmallFile() {}

    /** The file is longer than it may be. */
    public static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLongException(int maxBytes) {
            super("more than " + maxBytes + " bytes");
        }
    }

    /**
     * The content of a file.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws TooLongException if it is longer
     */
    public static byte[] read(Path path, int maxBytes) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            // To open a pipe may take for ever.
            throw new IOException("not a regular file");
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(path)) {
            bytes = in.readNBytes(maxBytes + 1);
        }
        if (bytes.length > maxBytes) {
            throw new TooLongException(maxBytes);
        }
        return bytes;
    }
}
