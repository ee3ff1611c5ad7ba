package io.fairlead.proxy.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * A client that sends exactly the bytes it is given and reads exactly what comes back. Every wait has a deadline (5
 * seconds unless set), and what goes wrong is an {@link AssertionError} that shows what had come until then. One
 * thread at a time.
 *
 * <pre>{@code
 * try (RawClient client = RawClient.connect(port)) {
 *     client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
 *     assertThat(client.readResponse().status()).isEqualTo(200);
 * }
 * }</pre>
 */
public final class RawClient implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private final Socket socket;
    private final PushbackInputStream in;
    private final MessageReader reader;

    private RawClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new PushbackInputStream(socket.getInputStream(), 1);
        this.reader = new MessageReader(in);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
    }

    /** Connects to a port of the loopback address. */
    public static RawClient connect(int port) {
        return connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Connects to an address, as the proxy reports it. */
    public static RawClient connect(InetSocketAddress address) {
        return connect(address, 0);
    }

    /** Connects with a small receive buffer (0: the system's), so that back-pressure comes early. */
    public static RawClient connect(InetSocketAddress address, int receiveBufferBytes) {
        Socket socket = new Socket();
        try {
            if (receiveBufferBytes > 0) {
                socket.setReceiveBufferSize(receiveBufferBytes);
            }
            socket.connect(address, (int) PATIENCE.toMillis());
            return new RawClient(socket);
        } catch (IOException e) {
            throw new AssertionError("cannot connect to " + address + ": " + e, e);
        }
    }

    /** Connects with TLS and offers these protocols by ALPN; the certificate is checked, its name is not. */
    public static RawClient connectTls(InetSocketAddress address, SSLContext context, String... protocols) {
        try {
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket();
            socket.connect(address, (int) PATIENCE.toMillis());
            RawClient client = new RawClient(socket);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(protocols);
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return client;
        } catch (IOException e) {
            throw new AssertionError("cannot connect with TLS to " + address + ": " + e, e);
        }
    }

    /** Sets the deadline of each later read. */
    public RawClient timeout(Duration timeout) {
        try {
            socket.setSoTimeout((int) timeout.toMillis());
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Sends the text as latin-1, in one write. */
    public RawClient send(String latin1) {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends the bytes in one write. */
    public RawClient send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new AssertionError("cannot send: " + e, e);
        }
        return this;
    }

    /** Sends what the peer may not want any more: that it has closed or reset the connection meanwhile is fine. */
    public RawClient sendIfOpen(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            // The peer was quicker.
        }
        return this;
    }

    /** Sends one byte per write. */
    public RawClient sendSlowly(String latin1) {
        for (byte b : latin1.getBytes(StandardCharsets.ISO_8859_1)) {
            send(new byte[] {b});
        }
        return this;
    }

    /** Reads one head, interim or final, byte for byte. */
    public String readHead() {
        return read("a response head", () -> requireHead().text());
    }

    /** Reads the response to anything but HEAD. */
    public RawResponse readResponse() {
        return readResponse(false);
    }

    /** Reads a response to its end, past the interim ones; after HEAD it has no body whatever its head says. */
    public RawResponse readResponse(boolean toHead) {
        return readResponse(toHead, () -> {});
    }

    /** The same, and tells when the final head is there and the body is still to be read. */
    public RawResponse readResponse(boolean toHead, Runnable onHead) {
        List<RawResponse> interim = new ArrayList<>();
        while (true) {
            MessageReader.Head head = read("a response", this::requireHead);
            String[] line = head.startLine().split(" ", 3);
            if (line.length < 3 || !line[0].matches("HTTP/1\\.[01]") || !line[1].matches("[1-5][0-9][0-9]")) {
                throw new AssertionError("not a status line the proxy may write: " + Escapes.show(head.startLine()));
            }
            int status = Integer.parseInt(line[1]);
            if (status >= 200 || status == 101) {
                onHead.run();
                return readBody(head, line, status, toHead, interim);
            }
            interim.add(new RawResponse(
                    line[0],
                    status,
                    line[2],
                    head.text(),
                    head.fields(),
                    new byte[0],
                    List.of(),
                    Fields.NONE,
                    List.of(),
                    true));
        }
    }

    private RawResponse readBody(
            MessageReader.Head head, String[] line, int status, boolean toHead, List<RawResponse> interim) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        List<Long> chunks = new ArrayList<>();
        Fields[] trailers = {Fields.NONE};
        boolean complete = read("the body after " + Escapes.show(head.text()), () -> {
            try {
                Optional<String> length = head.fields().first("Content-Length");
                if (toHead || status == 101 || status == 204 || status == 304) {
                    return true;
                } else if (head.fields().contains("Transfer-Encoding")) {
                    if (!head.fields().values("Transfer-Encoding").equals(List.of("chunked")) || length.isPresent()) {
                        throw new AssertionError("ambiguous framing from the proxy: " + Escapes.show(head.text()));
                    }
                    trailers[0] = reader.readChunked(body::write, chunks::add);
                } else if (length.isPresent()) {
                    if (head.fields().values("Content-Length").size() > 1) {
                        throw new AssertionError("ambiguous framing from the proxy: " + Escapes.show(head.text()));
                    }
                    reader.readLength(MessageReader.parseLength(length.get()), body::write);
                } else {
                    reader.readUntilEnd(body::write);
                }
                return true;
            } catch (EOFException | SocketException e) {
                return false;
            }
        });
        return new RawResponse(
                line[0],
                status,
                line[2],
                head.text(),
                head.fields(),
                body.toByteArray(),
                List.copyOf(chunks),
                trailers[0],
                List.copyOf(interim),
                complete);
    }

    private MessageReader.Head requireHead() throws IOException {
        MessageReader.Head head = reader.readHead();
        if (head == null) {
            throw new AssertionError("the proxy closed the connection instead of answering");
        }
        return head;
    }

    /** Reads exactly so many bytes. */
    public byte[] readBytes(int count) {
        return read(count + " bytes", () -> {
            byte[] bytes = in.readNBytes(count);
            if (bytes.length < count) {
                throw new AssertionError("the connection ended after " + Escapes.show(bytes));
            }
            return bytes;
        });
    }

    /** Waits for either; true for a byte, which is not eaten, and false for the end of the connection. */
    public boolean awaitByteOrEnd() {
        return read("a byte or the end of the connection", () -> {
            try {
                int b = in.read();
                if (b >= 0) {
                    in.unread(b);
                }
                return b >= 0;
            } catch (SocketException reset) {
                return false;
            }
        });
    }

    /** Whatever has come and can be read without waiting; empty where nothing has. */
    public byte[] readAvailable() {
        return read("available bytes", () -> in.readNBytes(in.available()));
    }

    /** Reads everything until the peer ends the connection; a reset ends it too. */
    public byte[] readUntilClosed() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        return read("the end of the connection", () -> {
            try {
                reader.readUntilEnd(all::write);
            } catch (SocketException reset) {
                // A reset is an end.
            }
            return all.toByteArray();
        });
    }

    /** Expects that the peer ends or resets the connection within the time and sends nothing more before that. */
    public void awaitEof(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            int before = socket.getSoTimeout();
            socket.setSoTimeout((int) Math.max(1, timeout.toMillis()));
            int b = in.read();
            if (b >= 0) {
                in.unread(b);
                throw new AssertionError(
                        "expected the end of the connection, but there is " + Escapes.show(readAvailable()));
            }
            socket.setSoTimeout(before);
        } catch (SocketTimeoutException e) {
            throw new AssertionError(
                    "the proxy has not closed the connection within " + timeout + " (" + (System.nanoTime() - deadline)
                            + " ns over)",
                    e);
        } catch (SocketException reset) {
            // A reset is an end.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the end of the connection has come already; waits a millisecond at most and eats no byte. */
    public boolean isClosedByPeer() {
        try {
            int before = socket.getSoTimeout();
            socket.setSoTimeout(1);
            try {
                int b = in.read();
                if (b >= 0) {
                    in.unread(b);
                    return false;
                }
                return true;
            } catch (SocketTimeoutException stillOpen) {
                return false;
            } finally {
                socket.setSoTimeout(before);
            }
        } catch (IOException e) {
            return true;
        }
    }

    /** Ends our direction with a FIN and goes on reading; nothing to do where the peer has reset the connection. */
    public RawClient halfClose() {
        try {
            socket.shutdownOutput();
        } catch (SocketException reset) {
            // There is no direction left to end.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Closes with a RST. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The address the proxy sees as the client's. */
    public InetSocketAddress localAddress() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Read<T> {
        T run() throws IOException;
    }

    private <T> T read(String what, Read<T> read) {
        try {
            return read.run();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("waited " + timeoutMillis() + " ms in vain for " + what, e);
        } catch (IOException e) {
            throw new AssertionError("expected " + what + ": " + e, e);
        }
    }

    private int timeoutMillis() {
        try {
            return socket.getSoTimeout();
        } catch (SocketException e) {
            return -1;
        }
    }
}
