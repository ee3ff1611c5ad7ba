package io.fairlead.proxy.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * An HTTP/1.1 upstream that does what a script says, on a raw socket: any answer, right or wrong, in any pieces, and a
 * stall, a half-close or a reset wherever the test wants it. It records every byte that reached it.
 *
 * <pre>{@code
 * try (TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) { .. }
 * try (TestUpstream upstream = TestUpstream.start(exchange -> {
 *     exchange.readHead();
 *     exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").reset();
 * })) { .. }
 * }</pre>
 *
 * <p>Each connection has a daemon thread of its own, and the script runs there once per request, when the request's
 * first byte has come. Bytes are read only when the script asks, so a script that does not read makes the proxy feel
 * back-pressure; it also means that the end of a connection is noticed only by a thread that reads: between two
 * requests, and in {@link ScriptedExchange#awaitClose()}.
 */
public final class TestUpstream implements AutoCloseable {
    /** What the upstream does with one request. What it throws fails {@link #close()}, save an I/O error. */
    @FunctionalInterface
    public interface Script {
        void run(ScriptedExchange exchange) throws Exception;
    }

    /** The deadline of every await that is given none. */
    public static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Raw bytes kept per connection; later ones are counted by nobody, so that a body of 1 GiB does not fill the heap. */
    private static final int MAX_RECORDED = 8 << 20;

    private final ServerSocket server;
    private final Script script;
    private final boolean atAccept;
    private final CountDownLatch closed = new CountDownLatch(1);

    /** Guards the lists below, the connections' recorded bytes and the recordings; notified when any of them changes. */
    private final Object lock = new Object();

    private final List<Connection> connections = new ArrayList<>();
    private final List<Recording> recordings = new ArrayList<>();
    private final List<Throwable> failures = new ArrayList<>();

    private TestUpstream(Script script, boolean atAccept, int port) {
        this.script = script;
        this.atAccept = atAccept;
        try {
            server = new ServerSocket();
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_024);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("test-upstream-" + port(), this::accept);
    }

    /** Starts an upstream that runs the script for each request. */
    public static TestUpstream start(Script script) {
        return new TestUpstream(script, false, 0);
    }

    /** Starts an upstream on the port of one that was closed: a server that comes back. */
    public static TestUpstream startAgain(int port, Script script) {
        return new TestUpstream(script, false, port);
    }

    /** Starts an upstream that runs the script as soon as a connection is accepted, before any byte has come. */
    public static TestUpstream startAtAccept(Script script) {
        return new TestUpstream(script, true, 0);
    }

    /**
     * Starts an upstream that reads each request to its end and then writes an answer byte for byte: the first request
     * that comes gets the first, and so on; when they are used up the last is given again. An answer with {@code
     * Connection: close} ends the connection. {@code Expect: 100-continue} is answered before the body is read.
     */
    public static TestUpstream answering(String... latin1Answers) {
        AtomicInteger next = new AtomicInteger();
        List<String> answers = List.of(latin1Answers);
        return start(exchange -> {
            exchange.continueIfExpected();
            exchange.readBody();
            exchange.write(answers.get(Math.min(next.getAndIncrement(), answers.size() - 1)));
        });
    }

    /** Like {@link #answering}, and ends the connection after each answer. */
    public static TestUpstream answeringThenClosing(String latin1Answer) {
        return start(exchange -> {
            exchange.continueIfExpected();
            exchange.readBody();
            exchange.write(latin1Answer).closeAfterwards();
        });
    }

    /** A 200 answer with a text body and its length. */
    public static String ok(String body) {
        int length = body.getBytes(StandardCharsets.ISO_8859_1).length;
        return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + length + "\r\n\r\n" + body;
    }

    /** The port it listens on. */
    public int port() {
        return server.getLocalPort();
    }

    /** The URL to give to the proxy: {@code http://127.0.0.1:port}. */
    public String url() {
        return "http://127.0.0.1:" + port();
    }

    /** What {@code Host} is when the proxy names the upstream itself. */
    public String authority() {
        return "127.0.0.1:" + port();
    }

    /** Connections accepted so far. */
    public int connections() {
        synchronized (lock) {
            return connections.size();
        }
    }

    /** Connections whose end neither side has brought about, as far as a reading script has seen. */
    public int openConnections() {
        synchronized (lock) {
            return (int) connections.stream().filter(c -> !c.ended).count();
        }
    }

    /** Every request whose head has been read, in that order. */
    public List<ReceivedRequest> requests() {
        synchronized (lock) {
            return recordings.stream().map(Recording::snapshot).toList();
        }
    }

    /** The request that has come last. */
    public ReceivedRequest lastRequest() {
        List<ReceivedRequest> all = requests();
        if (all.isEmpty()) {
            throw new AssertionError("no request has reached the upstream");
        }
        return all.get(all.size() - 1);
    }

    /** Every byte that was read, connection after connection (the first {@code 8 MiB} of each). */
    public byte[] rawBytes() {
        synchronized (lock) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            connections.forEach(c -> all.writeBytes(c.raw.toByteArray()));
            return all.toByteArray();
        }
    }

    /** Every byte that was read on one connection, the first being 0. */
    public byte[] rawBytes(int connection) {
        synchronized (lock) {
            return connections.get(connection).raw.toByteArray();
        }
    }

    /** Waits until so many requests have come to their end, and answers all. */
    public List<ReceivedRequest> awaitRequests(int count) {
        await(
                PATIENCE,
                () -> recordings.stream().filter(r -> r.complete).count() >= count,
                () -> count + " complete requests");
        return requests();
    }

    /** Waits until so many heads have come, their bodies complete or not, and answers all. */
    public List<ReceivedRequest> awaitHeads(int count) {
        await(PATIENCE, () -> recordings.size() >= count, () -> count + " request heads");
        return requests();
    }

    /** Waits until so many connections have been accepted. */
    public void awaitConnections(int count) {
        await(PATIENCE, () -> connections.size() >= count, () -> count + " connections");
    }

    /** Waits until at least one connection has been accepted and none of them is open any more. */
    public void awaitConnectionClosed(Duration timeout) {
        await(
                timeout,
                () -> !connections.isEmpty() && connections.stream().allMatch(c -> c.ended),
                () -> "the end of all connections");
    }

    /** Waits until one connection, the first being 0, has ended. */
    public void awaitConnectionClosed(int connection, Duration timeout) {
        await(
                timeout,
                () -> connections.size() > connection && connections.get(connection).ended,
                () -> "the end of connection " + connection);
    }

    /** What scripts have thrown, save I/O errors, which are the daily bread of a server. */
    public List<Throwable> failures() {
        synchronized (lock) {
            return List.copyOf(failures);
        }
    }

    /** Closes the listening socket and every connection, and reports what a script has thrown. */
    @Override
    public void close() {
        closed.countDown();
        closeQuietly(server);
        List<Connection> all;
        synchronized (lock) {
            all = List.copyOf(connections);
        }
        all.forEach(connection -> closeQuietly(connection.socket));
        List<Throwable> thrown = failures();
        if (!thrown.isEmpty()) {
            throw new AssertionError("the upstream's script failed: " + thrown.get(0), thrown.get(0));
        }
    }

    /** Stops listening, so that a further connect is refused; open connections go on. */
    public void stopListening() {
        closeQuietly(server);
    }

    private void await(Duration timeout, BooleanSupplier condition, Supplier<String> what) {
        long deadline = System.nanoTime() + timeout.toNanos();
        synchronized (lock) {
            while (!condition.getAsBoolean()) {
                long millis = (deadline - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    throw new AssertionError("the upstream waited " + timeout + " for " + what.get() + "; it has seen "
                            + connections.size() + " connections, "
                            + connections.stream().filter(c -> !c.ended).count() + " of them open, and requests "
                            + recordings.stream().map(Recording::snapshot).toList());
                }
                try {
                    lock.wait(millis);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted while waiting for " + what.get(), e);
                }
            }
        }
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                Connection connection;
                synchronized (lock) {
                    connection = new Connection(socket, connections.size());
                    connections.add(connection);
                    lock.notifyAll();
                }
                if (closed.getCount() == 0) {
                    closeQuietly(socket);
                    return;
                }
                daemon("test-upstream-" + port() + "-" + connection.index, () -> serve(connection));
            } catch (IOException e) {
                return; // The listening socket has been closed.
            }
        }
    }

    private void serve(Connection connection) {
        try {
            boolean goOn = true;
            for (int number = 0; goOn; number++) {
                if (!(atAccept && number == 0) && !connection.awaitByte()) {
                    break;
                }
                ScriptedExchange exchange = new ScriptedExchange(connection, number);
                script.run(exchange);
                goOn = exchange.finish();
            }
        } catch (IOException e) {
            // The proxy cut or reset the connection, or close() did: the test looks at what has been recorded.
        } catch (Throwable failure) {
            synchronized (lock) {
                if (closed.getCount() != 0) {
                    failures.add(failure);
                }
            }
        } finally {
            closeQuietly(connection.socket);
            synchronized (lock) {
                connection.ended = true;
                lock.notifyAll();
            }
        }
    }

    private static void daemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // Closing is all that was wanted.
        }
    }

    /** One accepted connection. Its streams belong to its thread; what is recorded is guarded by {@link #lock}. */
    final class Connection {
        private final Socket socket;
        private final int index;
        private final InputStream in;
        private final OutputStream out;
        private final MessageReader reader;
        private final ByteArrayOutputStream raw = new ByteArrayOutputStream();
        private final StringBuilder written = new StringBuilder();
        private boolean ended;

        private Connection(Socket socket, int index) throws IOException {
            this.socket = socket;
            this.index = index;
            this.in = new BufferedInputStream(new RecordingStream(socket.getInputStream(), this));
            this.out = socket.getOutputStream();
            this.reader = new MessageReader(in);
        }

        Socket socket() {
            return socket;
        }

        int index() {
            return index;
        }

        InputStream in() {
            return in;
        }

        OutputStream out() {
            return out;
        }

        MessageReader reader() {
            return reader;
        }

        void awaitUpstreamClosed() throws InterruptedException {
            closed.await();
        }

        boolean awaitByte() throws IOException {
            written.setLength(0);
            in.mark(1);
            int b = in.read();
            in.reset();
            return b >= 0;
        }

        /** Remembers the answer's beginning, where {@code Connection: close} may stand. */
        void noteWritten(byte[] bytes) {
            if (written.length() < 65_536) {
                written.append(new String(bytes, StandardCharsets.ISO_8859_1));
            }
        }

        boolean saidClose() {
            String head = written.toString().toLowerCase(Locale.ROOT);
            int end = head.indexOf("\r\n\r\n");
            return (end < 0 ? head : head.substring(0, end)).contains("\r\nconnection: close");
        }

        Recording record(MessageReader.Head head) {
            synchronized (lock) {
                Recording recording = new Recording(index, head);
                recordings.add(recording);
                lock.notifyAll();
                return recording;
            }
        }
    }

    /** A request while it comes in. Guarded by {@link #lock}. */
    final class Recording {
        private final int connection;
        private final MessageReader.Head head;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private final List<Long> chunkSizes = new ArrayList<>();
        private long bodyLength;
        private Fields trailers = Fields.NONE;
        private boolean complete;

        private Recording(int connection, MessageReader.Head head) {
            this.connection = connection;
            this.head = head;
        }

        MessageReader.Head head() {
            return head;
        }

        byte[] body() {
            synchronized (lock) {
                return body.toByteArray();
            }
        }

        long bodyLength() {
            synchronized (lock) {
                return bodyLength;
            }
        }

        void append(byte[] bytes, int offset, int length, boolean keep) {
            synchronized (lock) {
                bodyLength += length;
                if (keep) {
                    body.write(bytes, offset, length);
                }
                lock.notifyAll();
            }
        }

        void addChunk(long size) {
            synchronized (lock) {
                if (chunkSizes.size() < 100_000) {
                    chunkSizes.add(size);
                }
            }
        }

        void complete(Fields seen) {
            synchronized (lock) {
                trailers = seen;
                complete = true;
                lock.notifyAll();
            }
        }

        private ReceivedRequest snapshot() {
            return new ReceivedRequest(
                    connection,
                    head.text(),
                    head.fields(),
                    body.toByteArray(),
                    List.copyOf(chunkSizes),
                    trailers,
                    complete);
        }
    }

    private final class RecordingStream extends FilterInputStream {
        private final Connection connection;

        private RecordingStream(InputStream in, Connection connection) {
            super(in);
            this.connection = connection;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = super.read(buffer, offset, length);
            if (n > 0) {
                synchronized (lock) {
                    connection.raw.write(buffer, offset, Math.min(n, MAX_RECORDED - connection.raw.size()));
                    lock.notifyAll();
                }
            }
            return n;
        }
    }
}
