package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.proxy.internal.file.SmallFile;
import io.fairlead.proxy.route.ErrorPage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The contents of the error pages of a configuration, some of which stand in files; read once, so that they stay as they are. */
public final class PageContents {

    /** Of a proxy that has read none. */
    public static final PageContents NONE = new PageContents(Map.of());

    /** The longest page. */
    public static final int MAX_BYTES = 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(PageContents.class);

    private final Map<String, String> ofFiles;

    private PageContents(Map<String, String> ofFiles) {
        this.ofFiles = Map.copyOf(ofFiles);
    }

    /**
     * Reads the files of these pages.
     *
     * @param former what stays in place of a file that cannot be read any more
     */
    public static PageContents read(List<ErrorPage> pages, PageContents former) {
        Map<String, String> read = new HashMap<>();
        pages.stream()
                .map(ErrorPage::file)
                .filter(file -> !file.isEmpty())
                .distinct()
                .forEach(file -> {
                    String known = former.ofFiles.get(file);
                    try {
                        read.put(file, read(file));
                    } catch (IOException e) {
                        // The configuration was found good a moment ago, and must not fail half way.
                        LOG.warn("error page {}: {}", file, e.toString());
                        if (known != null) {
                            read.put(file, known);
                        }
                    }
                });
        return new PageContents(read);
    }

    /** The content of a page; null if it is not to be had. */
    @Nullable
    String of(ErrorPage page) {
        return page.file().isEmpty() ? page.text() : ofFiles.get(page.file());
    }

    /** What should stand in the place of this file name; null if the file can be read. */
    public static @Nullable String expectation(String file) {
        try {
            read(file);
            return null;
        } catch (CharacterCodingException e) {
            return "a file in UTF-8";
        } catch (SmallFile.TooLongException e) {
            return "a file of at most " + MAX_BYTES + " bytes";
        } catch (NoSuchFileException e) {
            return "a file that is there";
        } catch (IOException e) {
            return "a file that can be read";
        }
    }

    private static String read(String file) throws IOException {
        byte[] bytes;
        try {
            bytes = SmallFile.read(Path.of(file), MAX_BYTES);
        } catch (InvalidPathException e) {
            throw new IOException(e);
        }
        return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    }
}
