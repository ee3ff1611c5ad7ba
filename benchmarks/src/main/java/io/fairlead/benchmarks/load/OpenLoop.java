package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * An open-loop HTTP/1.1 GET generator: it sends at a fixed rate over N keep-alive connections whether or not the answers
 * keep up.
 *
 * <p>A closed-loop generator waits for an answer before it sends again, so a server that stalls for a second costs it one
 * slow sample instead of the thousands that real clients would have suffered (coordinated omission). Here every request has
 * an intended send time on a fixed grid, and latency counts from that time: a request that could not be sent because all
 * connections were busy has been waiting all the while, and one that was never sent counts with the time it had waited
 * when the run ended.
 *
 * <p>Arguments: {@code --url URL --rate PER_SECOND --connections N --seconds S --warmup S}. Requests of the warm-up are sent
 * and not recorded. {@code late_p99_ms} is how late the generator itself sent although a connection was free: when that
 * is near {@code p99_ms}, the figure is the generator's, not the proxy's.
 */
public final class OpenLoop {

    /** Long enough to leave the core to the origin, short enough not to show in a p99. */
    private static final long NAP_NANOS = 20_000;

    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final InetSocketAddress address;
    private final byte[] request;
    private final Selector selector = Selector.open();
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
    private final Histogram latency = new Histogram(MAX_NANOS, 3);
    private final Histogram late = new Histogram(MAX_NANOS, 3);

    private long recordFrom;
    private long inFlight;
    private long requests;
    private long errors;
    private long reconnects;

    private OpenLoop(InetSocketAddress address, URI url) throws IOException {
        this.address = address;
        this.request = ("GET " + url.getRawPath() + " HTTP/1.1\r\nHost: " + url.getRawAuthority() + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** One keep-alive connection, with at most one request on its way. */
    private static final class Connection {
        private final SocketChannel channel;
        private final ResponseReader reader = new ResponseReader();
        private long intended;
        private boolean busy;

        private Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    public static void main(String[] args) throws IOException {
        Arguments arguments = new Arguments(args);
        OpenLoop loop = new OpenLoop(arguments.address(), arguments.url());
        for (long i = arguments.number("connections", 64); i > 0; i--) {
            loop.connect();
        }
        loop.run(
                arguments.number("rate", 1_000),
                TimeUnit.SECONDS.toNanos(arguments.number("warmup", 5)),
                TimeUnit.SECONDS.toNanos(arguments.number("seconds", 10)));
    }

    private void run(long rate, long warmupNanos, long measuredNanos) throws IOException {
        long start = System.nanoTime();
        recordFrom = start + warmupNanos;
        long end = recordFrom + measuredNanos;
        long sent = 0;
        long intended = start;
        long waitedUntil = start;
        for (long now = start; now < end; now = System.nanoTime()) {
            while (intended <= now) {
                Connection connection = idle.pollLast();
                if (connection == null) {
                    waitedUntil = now;
                    break;
                }
                if (intended >= recordFrom && intended > waitedUntil) {
                    // Not one that has been waiting for a connection: that is the proxy's doing.
                    late.recordValue(Math.min(MAX_NANOS, System.nanoTime() - intended));
                }
                send(connection, intended);
                intended = start + (long) (++sent * 1e9 / rate);
            }
            if (selector.selectNow(this::readable) == 0) {
                long ahead = intended - System.nanoTime();
                LockSupport.parkNanos(ahead <= 0 ? NAP_NANOS : Math.min(ahead, NAP_NANOS));
            }
        }
        // What was due before the end and is not sent yet: now, where a connection is free; else it was never sent, has
        // waited
        // this long at least, and was not answered.
        for (; intended < end; intended = start + (long) (++sent * 1e9 / rate)) {
            Connection connection = idle.pollLast();
            if (connection != null) {
                send(connection, intended);
            } else {
                record(intended, end);
                errors++;
            }
        }
        while (inFlight > 0 && System.nanoTime() < end + DRAIN_NANOS) {
            selector.select(this::readable, 10);
        }
        errors += inFlight;
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

    private void connect() throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        Connection connection = new Connection(channel);
        channel.register(selector, SelectionKey.OP_READ, connection);
        idle.addLast(connection);
    }

    private void send(Connection connection, long intended) throws IOException {
        connection.intended = intended;
        connection.busy = true;
        inFlight++;
        try {
            // A request is far smaller than any socket buffer, so a short write can only mean a broken connection.
            if (connection.channel.write(ByteBuffer.wrap(request)) != request.length) {
                broken(connection);
            }
        } catch (IOException e) {
            broken(connection);
        }
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
            if (!connection.busy || in.hasRemaining()) {
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
        long now = System.nanoTime();
        connection.busy = false;
        inFlight--;
        record(connection.intended, now);
        if (connection.intended >= recordFrom) {
            requests++;
        }
        if (connection.reader.status() != 200) {
            errors++;
        }
        if (connection.reader.reusable()) {
            idle.addLast(connection);
        } else {
            connection.channel.close();
            reconnects++;
            connect();
        }
    }

    /** A connection lost while idle is only replaced; one lost with a request on it is an error too. */
    private void broken(Connection connection) throws IOException {
        connection.channel.close();
        if (connection.busy) {
            connection.busy = false;
            inFlight--;
            errors++;
            record(connection.intended, System.nanoTime());
        } else {
            idle.remove(connection);
        }
        reconnects++;
        connect();
    }

    private void record(long intended, long answered) {
        if (intended >= recordFrom) {
            latency.recordValue(Math.min(MAX_NANOS, answered - intended));
        }
    }

    private static void print(String name, double value) {
        System.out.println(String.format(Locale.ROOT, "%s %.3f", name, value));
    }
}
