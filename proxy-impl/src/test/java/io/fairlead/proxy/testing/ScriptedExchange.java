package io.fairlead.proxy.testing;

import io.fairlead.proxy.testing.TestUpstream.Connection;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One turn of a {@link TestUpstream} script: it reads a request as far as it likes and writes what it likes.
 *
 * <p>What the script leaves unread of a request whose head it has read is read after it, so that the connection can go
 * on with the next; a script that wants back-pressure or an early answer ends with {@link #stall()}, {@link
 * #awaitClose()}, {@link #close()} or {@link #reset()}. Used on the connection's own thread only.
 */
public final class ScriptedExchange {
    private final Connection connection;
    private final int number;
    private TestUpstream.@Nullable Recording recording;
    private boolean bodyRead;
    private boolean closeAfter;

    ScriptedExchange(Connection connection, int number) {
        this.connection = connection;
        this.number = number;
    }

    /** The number of this turn on its connection, the first being 0. */
    public int number() {
        return number;
    }

    /** The number of the connection, the first being 0. */
    public int connection() {
        return connection.index();
    }

    /** Reads the head and answers it byte for byte. */
    public String readHead() throws IOException {
        TestUpstream.Recording present = recording;
        if (present != null) {
            return present.head().text();
        }
        MessageReader.Head head = connection.reader().readHead();
        if (head == null) {
            throw new EOFException("the proxy closed the connection instead of sending a request");
        }
        recording = connection.record(head);
        return head.text();
    }

    /** The first value of a field of the head, which is read when it has not been. */
    public Optional<String> header(String name) throws IOException {
        return fields().first(name);
    }

    /** The fields of the head, which is read when it has not been. */
    public Fields fields() throws IOException {
        readHead();
        TestUpstream.Recording present = recording;
        return present == null ? Fields.NONE : present.head().fields();
    }

    /** The request target, byte for byte. */
    public String target() throws IOException {
        String[] parts = readHead().split(" ", 3);
        return parts.length < 2 ? "" : parts[1];
    }

    /** The method. */
    public String method() throws IOException {
        return readHead().split(" ", 2)[0];
    }

    /**
     * Reads the whole body and answers it without its framing. Where the request asked for it by {@code Expect} and
     * the script has written nothing yet, call {@link #continueIfExpected()} first, or the body never comes.
     */
    public byte[] readBody() throws IOException {
        readBody(true);
        TestUpstream.Recording present = recording;
        return present == null ? new byte[0] : present.body();
    }

    /** Reads the whole body, keeps none of it, and answers its length: for bodies larger than the heap. */
    public long discardBody() throws IOException {
        return readBody(false);
    }

    private long readBody(boolean keep) throws IOException {
        readHead();
        TestUpstream.Recording present = recording;
        if (present == null || bodyRead) {
            return present == null ? 0 : present.bodyLength();
        }
        bodyRead = true;
        Fields fields = present.head().fields();
        MessageReader.Sink sink = (bytes, offset, length) -> present.append(bytes, offset, length, keep);
        Fields trailers = Fields.NONE;
        if (fields.containsToken("Transfer-Encoding", "chunked")) {
            trailers = connection.reader().readChunked(sink, present::addChunk);
        } else {
            Optional<String> length = fields.first("Content-Length");
            if (length.isPresent()) {
                connection.reader().readLength(MessageReader.parseLength(length.get()), sink);
            }
        }
        present.complete(trailers);
        return present.bodyLength();
    }

    /** Reads some bytes of the body as they are on the wire, framing included; -1 at the end of the connection. */
    public int readRaw(byte[] buffer) throws IOException {
        return connection.in().read(buffer);
    }

    /** Writes {@code 100 Continue} where the request expects it (RFC 9110 §10.1.1). */
    public ScriptedExchange continueIfExpected() throws IOException {
        if (fields().containsToken("Expect", "100-continue")) {
            write("HTTP/1.1 100 Continue\r\n\r\n");
        }
        return this;
    }

    /** Writes exactly these bytes, given as latin-1 text. */
    public ScriptedExchange write(String latin1) throws IOException {
        return write(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Writes exactly these bytes, in one go: TCP_NODELAY is on and nothing is held back. */
    public ScriptedExchange write(byte[] bytes) throws IOException {
        connection.out().write(bytes);
        connection.noteWritten(bytes);
        return this;
    }

    /** Writes one byte at a time, each in a segment of its own as far as the kernel lets it. */
    public ScriptedExchange write1ByteAtATime(String latin1) throws IOException {
        for (byte b : latin1.getBytes(StandardCharsets.ISO_8859_1)) {
            write(new byte[] {b});
        }
        return this;
    }

    /** Does nothing, since nothing is held back; it stands in scripts where a reader expects it. */
    public ScriptedExchange flush() throws IOException {
        connection.out().flush();
        return this;
    }

    /** Waits, reading and dropping what comes, until the proxy has ended or reset the connection; then closes it. */
    public void awaitClose() throws IOException {
        try {
            byte[] buffer = new byte[16_384];
            while (connection.in().read(buffer) >= 0) {
                // What comes is recorded as raw bytes; nothing else is done with it.
            }
        } finally {
            close();
        }
    }

    /** Reads nothing and writes nothing any more, until the upstream is closed. */
    public void stall() throws InterruptedException {
        closeAfter = true;
        connection.awaitUpstreamClosed();
    }

    /** Ends our direction with a FIN and goes on reading. */
    public ScriptedExchange halfClose() throws IOException {
        connection.socket().shutdownOutput();
        return this;
    }

    /** Closes the connection: FIN, or RST where the kernel still holds bytes that were not read. */
    public void close() throws IOException {
        closeAfter = true;
        connection.socket().close();
    }

    /** Closes the connection with a RST. */
    public void reset() throws IOException {
        connection.socket().setSoLinger(true, 0);
        close();
    }

    /** Ends the connection after this turn, once the request has been read to its end. */
    public ScriptedExchange closeAfterwards() {
        closeAfter = true;
        return this;
    }

    /** Reads what the script left; answers whether the connection goes on. */
    boolean finish() throws IOException {
        if (connection.socket().isClosed()) {
            return false;
        }
        readBody(true);
        TestUpstream.Recording present = recording;
        if (closeAfter || present == null || connection.socket().isOutputShutdown()) {
            return false;
        }
        Fields fields = present.head().fields();
        boolean asked = fields.containsToken("Connection", "close")
                || (present.head().startLine().endsWith("HTTP/1.0")
                        && !fields.containsToken("Connection", "keep-alive"));
        return !asked && !connection.saidClose();
    }
}
