package io.fairlead.benchmarks.load;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Clients that check every answer: each request has an id of its own, and its answer must be a 200 of the expected length
 * that begins with that id (see {@link ScriptedUpstream}).
 *
 * <p>Without {@code --rate} each client sends again when it is answered; with it, requests are due on a fixed grid whether
 * or not answers keep up, and one that finds no free connection waits for one. Nothing is ever sent a second time: what
 * fails, failed.
 *
 * <p>Arguments, all but the first two with a default: {@code --url URL --out FILE --clients 200 --requests N --seconds S
 * --rate PER_SECOND --post-percent 0 --pause-min-ms 0 --pause-max-ms 0 --timeout-ms 30000 --prefix r --expect-bytes 1024
 * --check-id 1 --body-bytes 100 --body-pieces 1 --body-piece-ms 0 --read-bytes 65536 --read-ms 0 --path-per-client 0
 * --seed 1}. With {@code --path-per-client 1} the i-th client appends {@code c<i>} to the path. The run ends after N
 * requests or S seconds, and when what is on its way has ended. The file gets a line for each request: {@code BEGIN_MICROS END_MICROS
 * ID METHOD OUTCOME STATUS UPSTREAM FAILURE_CODE CLIENT}. Outcomes: {@code ok}; {@code status}, an answer that is not a 200; {@code
 * connect}; {@code closed} and {@code reset} before the whole answer came; {@code timeout}; {@code wrong}, an answer that is not the request's.
 */
public final class CheckedLoad {

    private static final Pattern FAILURE_CODE = Pattern.compile("[A-Z]+_[A-Z_]+");

    private final InetSocketAddress address;
    private final URI url;
    private final int maxClients;
    private final long maxRequests;
    private final long ratePerSecond;
    private final int postPercent;
    private final long pauseMinNanos;
    private final long pauseMaxNanos;
    private final long timeoutNanos;
    private final long expectBytes;
    private final boolean checkId;
    private final int bodyBytes;
    private final int bodyPieces;
    private final long bodyPieceNanos;
    private final int readBytes;
    private final long readNanos;
    private final String prefix;
    private final boolean pathPerClient;
    private final Random random;

    private final Selector selector = Selector.open();
    private final Timers timers = new Timers();
    private final ByteBuffer in;
    private final BufferedWriter out;
    private final long epochMicros = System.currentTimeMillis() * 1_000 - System.nanoTime() / 1_000;
    private final Histogram latency = new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
    private final long start = System.nanoTime();
    private final long end;

    private final Client[] clients;
    private int opened;
    private final ArrayDeque<Client> free = new ArrayDeque<>();
    private final ArrayDeque<Long> due = new ArrayDeque<>();
    private long begun;
    private long ended;
    private long ok;

    private CheckedLoad(Arguments arguments) throws IOException {
        this.address = arguments.address();
        this.url = arguments.url();
        this.maxClients = Math.toIntExact(arguments.number("clients", 200));
        this.maxRequests = arguments.number("requests", Long.MAX_VALUE);
        long seconds = arguments.number("seconds", 3_600);
        this.end = start + TimeUnit.SECONDS.toNanos(seconds);
        this.ratePerSecond = arguments.number("rate", 0);
        this.postPercent = Math.toIntExact(arguments.number("post-percent", 0));
        this.pauseMinNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("pause-min-ms", 0));
        this.pauseMaxNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("pause-max-ms", 0));
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("timeout-ms", 30_000));
        this.expectBytes = arguments.number("expect-bytes", 1024);
        this.checkId = arguments.number("check-id", 1) == 1;
        this.bodyPieces = Math.toIntExact(arguments.number("body-pieces", 1));
        this.bodyBytes = Math.toIntExact(arguments.number("body-bytes", 100)) / bodyPieces * bodyPieces;
        this.bodyPieceNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("body-piece-ms", 0));
        this.readBytes = Math.toIntExact(arguments.number("read-bytes", 64 * 1024));
        this.readNanos = TimeUnit.MILLISECONDS.toNanos(arguments.number("read-ms", 0));
        this.prefix = arguments.text("prefix", "r");
        this.pathPerClient = arguments.number("path-per-client", 0) == 1;
        this.random = new Random(arguments.number("seed", 1));
        this.in = ByteBuffer.allocateDirect(readBytes);
        this.out = Files.newBufferedWriter(Path.of(arguments.text("out")), StandardCharsets.US_ASCII);
        this.clients = new Client[maxClients];
    }

    public static void main(String[] args) throws IOException {
        new CheckedLoad(new Arguments(args)).run();
    }

    private void run() throws IOException {
        if (ratePerSecond > 0) {
            tick(0);
        } else {
            for (; opened < maxClients; opened++) {
                clients[opened] = new Client(opened);
            }
            for (int i = 0; i < maxClients; i++) {
                clients[i].pauseThenBegin();
            }
        }
        timers.after(TimeUnit.MILLISECONDS.toNanos(100), this::endLateOnes);
        while (mayBegin() || ended < begun || !due.isEmpty()) {
            selector.select(this::ready, timers.runDue());
        }
        out.close();
        double seconds = (System.nanoTime() - start) / 1e9;
        print("requests", begun);
        print("ok", ok);
        print("failed", begun - ok);
        print("seconds", seconds);
        print("per_s", ended / seconds);
        print("p50_ms", latency.getValueAtPercentile(50) / 1e6);
        print("p99_ms", latency.getValueAtPercentile(99) / 1e6);
        print("max_ms", latency.getMaxValue() / 1e6);
    }

    private static void print(String name, double value) {
        System.out.println(String.format(Locale.ROOT, "%s %.3f", name, value));
    }

    private boolean mayBegin() {
        return begun + due.size() < maxRequests && System.nanoTime() - end < 0;
    }

    /** The open loop: makes due what the grid of times says, the sent-th request next. */
    private void tick(long sent) {
        long next = sent;
        long intended = start + (long) (next * 1e9 / ratePerSecond);
        while (mayBegin() && intended - System.nanoTime() <= 0) {
            due.add(intended);
            intended = start + (long) (++next * 1e9 / ratePerSecond);
        }
        while (!due.isEmpty() && (!free.isEmpty() || opened < maxClients)) {
            if (free.isEmpty()) {
                clients[opened] = new Client(opened);
                free.add(clients[opened++]);
            }
            // The one used last: as few connections as will do.
            free.removeLast().begin(due.remove());
        }
        if (mayBegin() || !due.isEmpty()) {
            long number = next;
            timers.after(TimeUnit.MILLISECONDS.toNanos(1), () -> tick(number));
        }
    }

    private void endLateOnes() {
        for (int i = 0; i < opened; i++) {
            Client client = clients[i];
            if (client.busy && System.nanoTime() - client.began > timeoutNanos) {
                client.end("timeout");
            }
        }
        timers.after(TimeUnit.MILLISECONDS.toNanos(100), this::endLateOnes);
    }

    private void ready(SelectionKey key) {
        Client client = (Client) key.attachment();
        if (key.isValid() && key.isConnectable()) {
            client.connected();
        }
        if (key.isValid() && key.isWritable()) {
            client.write();
        }
        if (key.isValid() && key.isReadable()) {
            client.read();
        }
    }

    /** One client: a connection, at most one request at a time. */
    private final class Client {
        private final int number;
        private final String path;
        private @Nullable SocketChannel channel;
        private @Nullable SelectionKey key;
        private ResponseReader reader = new ResponseReader();
        private ByteBuffer sending = ByteBuffer.allocate(0);
        private boolean busy;
        private boolean post;
        private long began;
        private String id = "-";
        private int piecesLeft;
        private boolean answerBegun;

        private Client(int number) {
            this.number = number;
            this.path = url.getRawPath() + (pathPerClient ? "c" + number : "");
        }

        private void pauseThenBegin() {
            long pause = pauseMinNanos
                    + (pauseMaxNanos > pauseMinNanos
                            ? (long) (random.nextDouble() * (pauseMaxNanos - pauseMinNanos))
                            : 0);
            if (pause > 0) {
                timers.after(pause, () -> begin(System.nanoTime()));
            } else {
                begin(System.nanoTime());
            }
        }

        private void begin(long intended) {
            if (ratePerSecond == 0 && !mayBegin()) {
                return;
            }
            busy = true;
            answerBegun = false;
            began = intended;
            id = prefix + begun++;
            post = random.nextInt(100) < postPercent;
            String head = (post ? "POST " : "GET ") + path + " HTTP/1.1\r\nHost: " + url.getRawAuthority()
                    + "\r\nX-Request-Id: " + id + (post ? "\r\nContent-Length: " + bodyBytes : "") + "\r\n\r\n";
            piecesLeft = post ? bodyPieces : 0;
            boolean whole = post && bodyPieceNanos == 0;
            byte[] text = head.getBytes(StandardCharsets.US_ASCII);
            sending = ByteBuffer.allocate(text.length + (whole ? bodyBytes : 0));
            sending.put(text);
            if (whole) {
                piecesLeft = 0;
                sending.position(sending.capacity());
            }
            sending.flip();
            try {
                if (channel == null) {
                    connect();
                } else {
                    write();
                }
            } catch (IOException e) {
                end("connect");
            }
        }

        private void connect() throws IOException {
            reader = new ResponseReader();
            channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            if (readNanos > 0) {
                // Else the kernel would take the whole answer for this slow reader.
                channel.setOption(StandardSocketOptions.SO_RCVBUF, 32 * 1024);
            }
            key = channel.register(selector, SelectionKey.OP_CONNECT, this);
            if (channel.connect(address)) {
                connected();
            }
        }

        private void connected() {
            try {
                if (!channel.isConnected()) {
                    channel.finishConnect();
                }
                key.interestOps(SelectionKey.OP_READ);
                write();
            } catch (IOException e) {
                end("connect");
            }
        }

        private void write() {
            try {
                channel.write(sending);
                int writing = sending.hasRemaining() ? SelectionKey.OP_WRITE : 0;
                key.interestOps(key.interestOps() & ~SelectionKey.OP_WRITE | writing);
                if (!sending.hasRemaining() && piecesLeft > 0) {
                    piecesLeft--;
                    String request = id;
                    timers.after(bodyPieceNanos, () -> {
                        if (busy && id.equals(request)) {
                            sending = ByteBuffer.allocate(bodyBytes / bodyPieces);
                            write();
                        }
                    });
                }
            } catch (IOException e) {
                // What the peer sent before it closed is still to be read, and is the answer.
                if (!(e instanceof ConnectException)) {
                    piecesLeft = 0;
                    key.interestOps(SelectionKey.OP_READ);
                }
            }
        }

        private void read() {
            try {
                int n = channel.read(in.clear());
                if (!busy) {
                    // The proxy closed an idle connection; the next request gets another.
                    disconnect();
                    return;
                }
                if (n < 0) {
                    end("closed");
                    return;
                }
                answerBegun = true;
                boolean whole = reader.read(in.flip());
                if (whole && in.hasRemaining()) {
                    end("wrong");
                } else if (whole) {
                    end(judge());
                } else if (readNanos > 0) {
                    SelectionKey reading = key;
                    reading.interestOps(0);
                    timers.after(readNanos, () -> {
                        if (reading.isValid()) {
                            reading.interestOps(SelectionKey.OP_READ);
                        }
                    });
                }
            } catch (IOException | NumberFormatException e) {
                end(answerBegun && !(e.getMessage() + "").contains("reset") ? "wrong" : "reset");
            }
        }

        private String judge() {
            if (reader.status() != 200) {
                return "status";
            }
            boolean its = !checkId || reader.bodyStart().startsWith(id + "\n");
            return its && (expectBytes == 0 || reader.messageBytes() == expectBytes) ? "ok" : "wrong";
        }

        /** The proxy's failure code: of the field, or of the text that an error answer begins with. */
        private String failure() {
            if (reader.status() == 200
                    || !reader.failure().equals("-")
                    || !reader.upstream().equals("-")) {
                return reader.failure();
            }
            Matcher code = FAILURE_CODE.matcher(reader.bodyStart());
            return code.find() ? code.group() : "-";
        }

        private void disconnect() {
            try {
                if (channel != null) {
                    channel.close();
                    channel = null;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void end(String outcome) {
            long now = System.nanoTime();
            boolean good = outcome.equals("ok");
            boolean answered = good || outcome.equals("status");
            busy = false;
            ended++;
            ok += good ? 1 : 0;
            latency.recordValue(Math.min(latency.getHighestTrackableValue(), Math.max(0, now - began)));
            try {
                out.write((epochMicros + began / 1_000) + " " + (epochMicros + now / 1_000) + " " + id + " "
                        + (post ? "POST" : "GET") + " " + outcome + " " + (answered ? reader.status() : 0) + " "
                        + (answered ? reader.upstream() + " " + failure() : "- -") + " " + number + "\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            // A connection with a request half sent cannot take another one.
            if (!answered || !reader.reusable() || sending.hasRemaining() || piecesLeft > 0) {
                disconnect();
            }
            if (ratePerSecond > 0) {
                free.add(this);
            } else if (outcome.equals("connect")) {
                // Nobody listens; asking again at once would only burn the machine.
                timers.after(TimeUnit.MILLISECONDS.toNanos(10), this::pauseThenBegin);
            } else {
                pauseThenBegin();
            }
        }
    }
}
