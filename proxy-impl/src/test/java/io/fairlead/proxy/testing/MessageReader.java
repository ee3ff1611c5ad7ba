package io.fairlead.proxy.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the proxy wrote, to either side. The proxy's own output has to be faultless, so anything odd in it (a bare
 * LF, a chunk size that is not plain hexadecimal) is an {@link AssertionError} and not tolerated. A message that stops
 * in the middle is no fault of the reader: it is an {@link EOFException}, and what came before it stays readable.
 */
final class MessageReader {
    /** Where body bytes go as they arrive. */
    interface Sink {
        void accept(byte[] bytes, int offset, int length);
    }

    private static final int MAX_LINE = 1 << 20;
    private final InputStream in;

    MessageReader(InputStream in) {
        this.in = in;
    }

    /** A start line and its fields; {@code text} is all of it, the empty line included. */
    record Head(String text, String startLine, Fields fields) {}

    /** Reads a head, or answers null where the stream ends before its first byte. */
    @Nullable
    Head readHead() throws IOException {
        StringBuilder text = new StringBuilder();
        String startLine = readLine(text, true);
        if (startLine == null) {
            return null;
        }
        Fields fields = Fields.parse(readFieldLines(text));
        return new Head(text.toString(), startLine, fields);
    }

    private List<String> readFieldLines(StringBuilder text) throws IOException {
        List<String> lines = new ArrayList<>();
        while (true) {
            String line = readLine(text, false);
            if (line == null || line.isEmpty()) {
                return lines;
            }
            lines.add(line);
        }
    }

    /** A Content-Length, which the proxy may write in plain digits only. */
    static long parseLength(String value) {
        if (!value.matches("[0-9]{1,18}")) {
            throw new AssertionError("not a Content-Length the proxy may write: " + Escapes.show(value));
        }
        return Long.parseLong(value);
    }

    void readLength(long length, Sink sink) throws IOException {
        byte[] buffer = new byte[(int) Math.min(Math.max(length, 1), 16_384)];
        long left = length;
        while (left > 0) {
            int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                throw new EOFException("the body ended " + left + " bytes before its Content-Length of " + length);
            }
            sink.accept(buffer, 0, n);
            left -= n;
        }
    }

    /** Reads a chunked body and answers its trailers; {@code chunkSizes} is told of each chunk, the last (0) included. */
    Fields readChunked(Sink sink, LongConsumer chunkSizes) throws IOException {
        while (true) {
            StringBuilder raw = new StringBuilder();
            String line = readLine(raw, false);
            if (line == null || !line.matches("[0-9A-Fa-f]{1,15}")) {
                throw new AssertionError("not a chunk size the proxy may write: " + Escapes.show(raw.toString()));
            }
            long size = Long.parseLong(line, 16);
            chunkSizes.accept(size);
            if (size == 0) {
                return Fields.parse(readFieldLines(new StringBuilder()));
            }
            readLength(size, sink);
            String end = readLine(new StringBuilder(), false);
            if (end == null || !end.isEmpty()) {
                throw new AssertionError("no CRLF after a chunk of " + size + " bytes but " + end);
            }
        }
    }

    void readUntilEnd(Sink sink) throws IOException {
        byte[] buffer = new byte[16_384];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            sink.accept(buffer, 0, n);
        }
    }

    /** One line without its CRLF; null only where the stream ends at once and {@code endIsFine}. */
    private @Nullable String readLine(StringBuilder raw, boolean endIsFine) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean sawCr = false;
        while (true) {
            int b = in.read();
            if (b < 0) {
                if (endIsFine && line.size() == 0 && !sawCr) {
                    return null;
                }
                throw new EOFException("the stream ended inside a line after " + Escapes.show(raw.toString()));
            }
            raw.append((char) b);
            if (sawCr && b != '\n') {
                throw new AssertionError("a bare CR in " + Escapes.show(raw.toString()));
            }
            if (b == '\n') {
                if (!sawCr) {
                    throw new AssertionError("a bare LF in " + Escapes.show(raw.toString()));
                }
                return line.toString(StandardCharsets.ISO_8859_1);
            }
            if (b == '\r') {
                sawCr = true;
            } else {
                line.write(b);
            }
            if (line.size() > MAX_LINE) {
                throw new AssertionError("a line longer than " + MAX_LINE + " bytes");
            }
        }
    }
}
