package io.fairlead.benchmarks.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An upstream that fails on command: one thread, one selector, HTTP/1.1 with keep-alive.
 *
 * <p>Arguments: {@code --id NAME --port PORT --log FILE [--bytes 1024] [--idle-ms 0]
 * [--slow-ms 0]}. An answer carries the name in {@code
 * X-Upstream}, and its body begins with the {@code X-Request-Id} of its request. Paths with an answer of their own:
 *
 * <ul>
 *   <li>{@code /events/N/MS} sends N events in chunks, one every MS milliseconds.
 *   <li>{@code /big/BYTES} sends that many bytes as fast as they are taken.
 *   <li>{@code /slow/MS} is answered after MS milliseconds.
 * </ul>
 *
 * <p>Lines on the standard input change how it answers from then on; each is confirmed with {@code ok 1}: {@code answer
 * STATUS}, {@code slow MS}, {@code serve N MS} (takes MS for each, N at once, and lets the others wait), {@code hang}
 * (reads and never answers), {@code reset} (sends half of a head, then resets the
 * connection). After SIGTERM it takes no more connections, closes idle ones at once, finishes what it is answering and ends.
 *
 * <p>The log has a line for each request whose head came, {@code MICROS R ID METHOD TARGET}, and one for each answer that
 * was handed to the kernel whole, {@code MICROS A ID STATUS}. Requests are logged before they are answered, so that the log
 * tells the truth also when the process is killed.
 */
public final class ScriptedUpstream {

    private enum Manner {
        ANSWER,
        HANG,
        RESET
    }

    private static final ByteBuffer BLOCK = ByteBuffer.allocateDirect(64 * 1024);

    private final String name;
    private final int bodyBytes;
    private final long idleNanos;
    private final Selector selector = Selector.open();
    private final ServerSocketChannel server = ServerSocketChannel.open();
    private final Timers timers = new Timers();
    private final FileChannel log;
    private final StringBuilder logged = new StringBuilder();
    private final long epochMicros = System.currentTimeMillis() * 1_000 - System.nanoTime() / 1_000;
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);

    /** Those with bytes to send, once the log is written. */
    private final List<Connection> toSend = new ArrayList<>();

    private final Queue<String> commands = new ConcurrentLinkedQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean closing;

    private Manner manner = Manner.ANSWER;
    private int status = 200;
    private long slowNanos;

    /** How many it answers at once; 0 for all. */
    private int places;

    private int placesTaken;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

    private ScriptedUpstream(Arguments arguments) throws IOException {
        this.name = arguments.text("id");
        this.bodyBytes = Math.toIntExact(arguments.number("bytes", 1024));
        this.idleNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("idle-ms", 0));
        this.slowNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("slow-ms", 0));
        this.log =
                FileChannel.open(Path.of(arguments.text("log")), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        int port = Math.toIntExact(arguments.number("port", 0));
        server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 4096);
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
    }

    public static void main(String[] args) throws IOException {
        ScriptedUpstream upstream = new ScriptedUpstream(new Arguments(args));
        Runtime.getRuntime().addShutdownHook(new Thread(upstream::close, "close"));
        Thread reader = new Thread(upstream::readCommands, "commands");
        reader.setDaemon(true);
        reader.start();
        System.out.println("listening " + upstream.server.socket().getLocalPort());
        upstream.run();
    }

    private void readCommands() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                commands.add(line);
                selector.wakeup();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void close() {
        closing = true;
        selector.wakeup();
        try {
            ended.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() throws IOException {
        while (true) {
            selector.select(this::ready, timers.runDue());
            for (String command = commands.poll(); command != null; command = commands.poll()) {
                obey(command.split(" "));
            }
            writeLog();
            for (int i = 0; i < toSend.size(); i++) {
                toSend.get(i).send();
            }
            toSend.clear();
            if (closing && nothingLeft()) {
                writeLog();
                ended.countDown();
                return;
            }
        }
    }

    private boolean nothingLeft() throws IOException {
        server.close();
        boolean nothing = true;
        for (SelectionKey key : selector.keys()) {
            if (key.isValid() && key.attachment() instanceof Connection connection) {
                if (connection.busy) {
                    nothing = false;
                } else {
                    connection.close();
                }
            }
        }
        return nothing;
    }

    private void obey(String[] command) {
        slowNanos = 0;
        places = 0;
        status = 200;
        manner = Manner.ANSWER;
        switch (command[0]) {
            case "answer" -> status = Integer.parseInt(command[1]);
            case "slow" -> slowNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(command[1]));
            case "serve" -> {
                places = Integer.parseInt(command[1]);
                slowNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(command[2]));
            }
            case "hang" -> manner = Manner.HANG;
            case "reset" -> manner = Manner.RESET;
            default -> throw new IllegalArgumentException("no command is called " + command[0]);
        }
        System.out.println("ok 1");
    }

    /** Does the work when a place is free for so long. */
    private void serve(long nanos, Runnable work) {
        if (placesTaken >= places) {
            waiting.add(() -> serve(nanos, work));
            return;
        }
        placesTaken++;
        timers.after(nanos, () -> {
            placesTaken--;
            work.run();
            Runnable next = waiting.poll();
            if (next != null) {
                next.run();
            }
        });
    }

    private void log(char what, String id, String rest) {
        logged.append(epochMicros + System.nanoTime() / 1_000)
                .append(' ')
                .append(what)
                .append(' ')
                .append(id)
                .append(' ')
                .append(rest)
                .append('\n');
    }

    private void writeLog() throws IOException {
        if (logged.length() > 0) {
            ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(logged.toString());
            while (bytes.hasRemaining()) {
                log.write(bytes);
            }
            logged.setLength(0);
        }
    }

    private void ready(SelectionKey key) {
        try {
            if (key.attachment() instanceof Connection connection) {
                if (key.isReadable()) {
                    connection.receive();
                }
                if (key.isValid() && key.isWritable()) {
                    toSend.add(connection);
                }
                return;
            }
            for (SocketChannel channel = server.accept(); channel != null; channel = server.accept()) {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                new Connection(channel);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class Connection {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final RequestReader reader = new RequestReader(this::begun);
        private final ArrayDeque<ByteBuffer> out = new ArrayDeque<>();

        /** Whether a request has begun and is not yet answered whole. */
        private boolean busy;

        /** Whether the answer goes on after what is in {@link #out}. */
        private boolean more;

        private long bigLeft;
        private boolean resetAfter;
        private long lastUsed = System.nanoTime();

        private Connection(SocketChannel channel) throws IOException {
            this.channel = channel;
            this.key = channel.register(selector, SelectionKey.OP_READ, this);
            if (idleNanos > 0) {
                timers.after(idleNanos, this::closeIfIdle);
            }
        }

        private void closeIfIdle() {
            long left = busy ? idleNanos : lastUsed + idleNanos - System.nanoTime();
            if (left <= 0) {
                close();
            } else if (channel.isOpen()) {
                timers.after(left, this::closeIfIdle);
            }
        }

        private void close() {
            try {
                busy = false;
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void receive() {
            try {
                if (channel.read(in.clear()) < 0) {
                    close();
                    return;
                }
                in.flip();
                while (in.hasRemaining()) {
                    if (reader.read(in)) {
                        answer();
                    }
                }
            } catch (IOException e) {
                close();
            }
        }

        private void begun() {
            busy = true;
            log('R', reader.id(), reader.method() + " " + reader.target());
        }

        private void answer() {
            String[] path = reader.target().split("[/?]");
            String what = path.length > 1 ? path[1] : "";
            switch (manner) {
                case HANG -> {}
                case RESET -> {
                    resetAfter = true;
                    text("HTTP/1.1 200 OK\r\nContent-Le");
                }
                case ANSWER -> {
                    if (what.equals("events")) {
                        text(head(200, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"));
                        more = true;
                        event(Integer.parseInt(path[2]), TimeUnit.MILLISECONDS.toNanos(Long.parseLong(path[3])));
                    } else if (what.equals("big")) {
                        bigLeft = Long.parseLong(path[2]);
                        text(head(200, "Content-Length: " + bigLeft));
                    } else {
                        long nanos = what.equals("slow")
                                ? TimeUnit.MILLISECONDS.toNanos(Long.parseLong(path[2]))
                                : slowNanos;
                        if (places > 0) {
                            serve(nanos, this::small);
                        } else if (nanos == 0) {
                            small();
                        } else {
                            timers.after(nanos, this::small);
                        }
                    }
                }
            }
        }

        private void small() {
            byte[] body = (reader.id() + "\n").getBytes(StandardCharsets.ISO_8859_1);
            int length = Math.max(body.length, bodyBytes);
            ByteBuffer bytes = ByteBuffer.allocate(length + 256);
            bytes.put(head(status, "Content-Length: " + length).getBytes(StandardCharsets.ISO_8859_1));
            int end = bytes.position() + length;
            out.add(bytes.put(body).position(end).flip());
            toSend.add(this);
        }

        private String head(int code, String framing) {
            return "HTTP/1.1 " + code + (code == 200 ? " OK" : " Scripted") + "\r\n" + framing + "\r\nX-Upstream: "
                    + name + (closing || !reader.keepAlive() ? "\r\nConnection: close" : "") + "\r\n\r\n";
        }

        private void event(int left, long everyNanos) {
            if (!channel.isOpen()) {
                return;
            }
            if (left == 0) {
                more = false;
                text("0\r\n\r\n");
                return;
            }
            // 16 bytes each.
            text("10\r\n" + String.format("data: %08d\n\n", left) + "\r\n");
            timers.after(everyNanos, () -> event(left - 1, everyNanos));
        }

        private void text(String text) {
            out.add(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
            toSend.add(this);
        }

        private void send() {
            if (!channel.isOpen()) {
                return;
            }
            try {
                while (true) {
                    if (out.isEmpty() && bigLeft > 0) {
                        int n = (int) Math.min(bigLeft, BLOCK.capacity());
                        out.add(BLOCK.slice(0, n));
                        bigLeft -= n;
                    }
                    if (out.isEmpty()) {
                        break;
                    }
                    channel.write(out.peek());
                    if (out.peek().hasRemaining()) {
                        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                        return;
                    }
                    out.remove();
                }
                key.interestOps(SelectionKey.OP_READ);
                if (busy && !more) {
                    sent();
                }
            } catch (IOException e) {
                close();
            }
        }

        private void sent() throws IOException {
            if (resetAfter) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                close();
                return;
            }
            log('A', reader.id(), Integer.toString(status));
            busy = false;
            lastUsed = System.nanoTime();
            if (closing || !reader.keepAlive()) {
                close();
            }
        }
    }
}
