package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * An open-loop HTTP/1.1 GET generator: it sends at a fixed rate over N keep-alive connections whether or not the answers
 * keep up.
 *
 * <p>A closed-loop generator waits for an answer before it sends again, so a server that stalls for a second costs it one
 * slow sample instead of the thousands that real clients would have suffered (coordinated omission). Here every request has
 * an intended send time on a fixed grid, and latency counts from that time: a request that could not be sent because all
 * connections were busy has been waiting all the while, and one that was never sent, not even two seconds after the
 * end of the run, is an error and counts with the time it had waited.
 *
 * <p>Arguments: {@code --url URL --rate PER_SECOND --connections N --seconds S --warmup S}. Requests of the warm-up are sent
 * and not recorded. {@code late_p99_ms} is how late the generator itself sent although a connection was free: when that
 * is near {@code p99_ms}, the figure is the generator's, not the proxy's.
 */
public final class OpenLoop {

    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final InetSocketAddress address;
    private final byte[] request;
    private final Selector selector = Selector.open();

    /** The reader gives, the sender takes. */
    private final ArrayBlockingQueue<Connection> idle;

    private final ByteBuffer out;
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
    private final AtomicInteger inFlight = new AtomicInteger();
    private volatile boolean ended;

    // The sender's.
    private final Histogram late = new Histogram(MAX_NANOS, 3);
    private final Histogram neverSent = new Histogram(MAX_NANOS, 3);

    // The reader's.
    private final Histogram latency = new Histogram(MAX_NANOS, 3);
    private long recordFrom;
    private long requests;
    private long errors;
    private long reconnects;

    private OpenLoop(InetSocketAddress address, URI url, int connections) throws IOException {
        this.address = address;
        this.idle = new ArrayBlockingQueue<>(connections);
        byte[] text = ("GET " + url.getRawPath() + " HTTP/1.1\r\nHost: " + url.getRawAuthority() + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        this.request = text;
        this.out = ByteBuffer.allocateDirect(text.length).put(text);
        for (int i = 0; i < connections; i++) {
            connect();
        }
    }

    /** One keep-alive connection, with at most one request on its way. */
    private static final class Connection {
        private final SocketChannel channel;
        private final ResponseReader reader = new ResponseReader();

        /** When its request was due; 0 when there is none. Written before the request is, so before the reader can see an answer. */
        private volatile long intended;

        private Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        OpenLoop loop = new OpenLoop(
                arguments.address(), arguments.url(), Math.toIntExact(arguments.number("connections", 64)));
        loop.run(
                arguments.number("rate", 1_000),
                TimeUnit.SECONDS.toNanos(arguments.number("warmup", 5)),
                TimeUnit.SECONDS.toNanos(arguments.number("seconds", 10)));
    }

    private void run(long rate, long warmupNanos, long measuredNanos) throws InterruptedException {
        long start = System.nanoTime();
        recordFrom = start + warmupNanos;
        Thread reader = new Thread(this::read, "reader");
        reader.start();
        send(start, recordFrom + measuredNanos, rate);
        long drained = System.nanoTime() + DRAIN_NANOS;
        while (inFlight.get() > 0 && System.nanoTime() < drained) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        ended = true;
        selector.wakeup();
        reader.join();
        errors += inFlight.get() + neverSent.getTotalCount();
        latency.add(neverSent);
        print("rate", (double) rate);
        print("answered_per_s", requests / (measuredNanos / 1e9));
        print("requests", requests);
        print("errors", errors);
        print("reconnects", reconnects);
        print("p50_ms", latency.getValueAtPercentile(50) / 1e6);
        print("p99_ms", latency.getValueAtPercentile(99) / 1e6);
        print("p99.9_ms", latency.getValueAtPercentile(99.9) / 1e6);
        print("max_ms", latency.getMaxValue() / 1e6);
        print("late_p99_ms", late.getValueAtPercentile(99) / 1e6);
    }

    // ---- the sender

    private void send(long start, long end, long rate) throws InterruptedException {
        long sent = 0;
        long waitedUntil = start;
        for (long intended = start; intended < end; intended = start + (long) (++sent * 1e9 / rate)) {
            for (long ahead = intended - System.nanoTime(); ahead > 0; ahead = intended - System.nanoTime()) {
                LockSupport.parkNanos(ahead);
            }
            Connection connection = idle.poll();
            if (connection == null) {
                connection = idle.poll(Math.max(0, end + DRAIN_NANOS - System.nanoTime()), TimeUnit.NANOSECONDS);
                waitedUntil = System.nanoTime();
                if (connection == null) {
                    // Never sent, so never answered; it has waited this long at least.
                    neverSent.recordValue(Math.min(MAX_NANOS, end + DRAIN_NANOS - intended));
                    continue;
                }
            }
            if (intended >= recordFrom && intended > waitedUntil) {
                // Not one that has been waiting for a connection: that is the proxy's doing.
                late.recordValue(Math.min(MAX_NANOS, System.nanoTime() - intended));
            }
            connection.intended = intended;
            inFlight.incrementAndGet();
            try {
                // A request is far smaller than any socket buffer, so a short write can only mean a broken connection.
                if (connection.channel.write(out.clear()) != request.length) {
                    connection.channel.shutdownInput();
                }
            } catch (IOException e) {
                // The reader sees it too, and replaces the connection.
            }
        }
    }

    // ---- the reader

    private void read() {
        try {
            while (!ended) {
                selector.select(this::readable);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void connect() throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        Connection connection = new Connection(channel);
        channel.register(selector, SelectionKey.OP_READ, connection);
        idle.add(connection);
    }

    private void readable(SelectionKey key) {
        Connection connection = (Connection) key.attachment();
        try {
            in.clear();
            int n = connection.channel.read(in);
            if (n < 0) {
                broken(connection);
                return;
            }
            if (!connection.reader.read(in.flip())) {
                return;
            }
            if (connection.intended == 0 || in.hasRemaining()) {
                broken(connection);
                return;
            }
            answered(connection);
        } catch (IOException e) {
            try {
                broken(connection);
            } catch (IOException refused) {
                throw new IllegalStateException("cannot connect again to " + address, refused);
            }
        }
    }

    private void answered(Connection connection) throws IOException {
        long intended = connection.intended;
        if (intended >= recordFrom) {
            latency.recordValue(Math.min(MAX_NANOS, System.nanoTime() - intended));
            requests++;
        }
        if (connection.reader.status() != 200) {
            errors++;
        }
        connection.intended = 0;
        inFlight.decrementAndGet();
        if (connection.reader.reusable()) {
            idle.add(connection);
        } else {
            connection.channel.close();
            reconnects++;
            connect();
        }
    }

    /** A connection lost while idle is only replaced; one lost with a request on it is an error too. */
    private void broken(Connection connection) throws IOException {
        connection.channel.close();
        long intended = connection.intended;
        if (intended == 0 && !idle.remove(connection)) {
            // The sender has just taken it: its write fails.
            intended = System.nanoTime();
            while (connection.intended == 0) {
                Thread.onSpinWait();
            }
        }
        if (intended != 0) {
            inFlight.decrementAndGet();
            errors++;
            if (intended >= recordFrom) {
                latency.recordValue(Math.min(MAX_NANOS, System.nanoTime() - intended));
            }
        }
        reconnects++;
        connect();
    }

    private static void print(String name, double value) {
        System.out.println(String.format(Locale.ROOT, "%s %.3f", name, value));
    }
}
