package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.proxy.route.ErrorPage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The contents of error pages, some of which stand in files. A file that cannot be read any more keeps its last content. */
public final class PageContents {

    /** The longest page. */
    public static final int MAX_BYTES = 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(PageContents.class);

    private final Map<String, String> lastKnown = new ConcurrentHashMap<>();

    /** A reading of all pages of a configuration, each file once. */
    public final class Reading {
        private final Map<String, @Nullable String> read = new HashMap<>();

        private Reading() {}

        /** The content of a page; null if it is not to be had. */
        @Nullable
        String of(ErrorPage page) {
            if (page.file().isEmpty()) {
                return page.text();
            }
            if (!read.containsKey(page.file())) {
                read.put(page.file(), content(page.file()));
            }
            return read.get(page.file());
        }
    }

    public Reading begin() {
        return new Reading();
    }

    private @Nullable String content(String file) {
        try {
            String content = read(file);
            lastKnown.put(file, content);
            return content;
        } catch (IOException e) {
            // The configuration was found good a moment ago, and must not fail half way.
            LOG.warn("error page {}: {}", file, e.toString());
            return lastKnown.get(file);
        }
    }

    /** What should stand in the place of this file name; null if the file can be read. */
    public static @Nullable String expectation(String file) {
        try {
            read(file);
            return null;
        } catch (CharacterCodingException e) {
            return "a file in UTF-8";
        } catch (TooLongException e) {
            return "a file of at most " + MAX_BYTES + " bytes";
        } catch (NoSuchFileException e) {
            return "a file that is there";
        } catch (IOException e) {
            return "a file that can be read";
        }
    }

    private static String read(String file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (InvalidPathException e) {
            throw new IOException(e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new TooLongException();
        }
        return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    }

    private static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
