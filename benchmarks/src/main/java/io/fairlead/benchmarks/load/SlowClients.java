package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients that drip: some send a request head one byte a second and never end it, the others send a whole head and then
 * drip the body. One that is answered or closed comes again, so the pressure stays the same for the whole run.
 *
 * <p>Arguments: {@code --url URL --heads N --bodies N}; heads are dripped to the URL's path, bodies are POSTed to {@code /sink}.
 * Prints {@code ready} when all are connected, runs until standard input ends, then says what became of them:
 * {@code heads_first_408} counts those of the first N head clients that were answered 408, {@code heads_408_after_min_s} and
 * {@code .._max_s} when, {@code heads_other} and {@code bodies_other} every other fate by status or {@code closed}.
 */
public final class SlowClients {

    /** So many that no tick brings more than a byte or two: a burst would hold up the origin on the same core. */
    private static final int TICKS_PER_SECOND = 500;

    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1) / TICKS_PER_SECOND;

    private final InetSocketAddress address;
    private final Selector selector = Selector.open();
    private final ByteBuffer in = ByteBuffer.allocate(16 * 1024);
    private final List<Client> clients = new ArrayList<>();
    private final Map<String, Integer> headsOther = new TreeMap<>();
    private final Map<String, Integer> bodiesOther = new TreeMap<>();
    private long headsFirst408;
    private long heads408;
    private long bodies408;
    private long minNanos = Long.MAX_VALUE;
    private long maxNanos;
    private volatile boolean inputEnded;

    private SlowClients(InetSocketAddress address) throws IOException {
        this.address = address;
    }

    /** One slow client; it outlives its connections. */
    private static final class Client {
        private final int number;
        private final boolean dripsHead;
        private final byte[] beginning;
        private @Nullable SocketChannel channel;
        private int position;
        private long openedAt;
        private boolean first = true;

        private Client(int number, boolean dripsHead, byte[] beginning) {
            this.number = number;
            this.dripsHead = dripsHead;
            this.beginning = beginning;
        }

        /** The next byte of a head that never ends. */
        private byte next() {
            return dripsHead && position < beginning.length ? beginning[position++] : (byte) 'a';
        }
    }

    public static void main(String[] args) throws IOException {
        Arguments arguments = new Arguments(args);
        URI url = arguments.url();
        SlowClients slow = new SlowClients(arguments.address());
        byte[] head = ("GET " + url.getRawPath() + " HTTP/1.1\r\nHost: " + url.getRawAuthority() + "\r\nX-Drip: ")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] post = ("POST /sink HTTP/1.1\r\nHost: " + url.getRawAuthority() + "\r\nContent-Length: 1000000\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        int heads = (int) arguments.number("heads", 250);
        int bodies = (int) arguments.number("bodies", 250);
        for (int i = 0; i < heads + bodies; i++) {
            Client client = new Client(i, i < heads, i < heads ? head : post);
            slow.clients.add(client);
            slow.open(client);
        }
        System.out.println("ready " + slow.clients.size());
        Thread watch = new Thread(slow::awaitEndOfInput, "end-of-input");
        watch.setDaemon(true);
        watch.start();
        slow.drip();
        slow.report();
    }

    private void awaitEndOfInput() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            System.err.println("standard input failed: " + e);
        }
        inputEnded = true;
    }

    private void open(Client client) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.bind(Arguments.source(client.number));
        channel.connect(address);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, client);
        client.channel = channel;
        client.position = 0;
        client.openedAt = System.nanoTime();
        if (!client.dripsHead) {
            channel.write(ByteBuffer.wrap(client.beginning));
        }
    }

    /** The bytes of all are spread over the second. */
    private void drip() throws IOException {
        long start = System.nanoTime();
        for (long tick = 0; !inputEnded; tick++) {
            for (int i = (int) (tick % TICKS_PER_SECOND); i < clients.size(); i += TICKS_PER_SECOND) {
                Client client = clients.get(i);
                SocketChannel channel = client.channel;
                if (channel == null) {
                    open(client);
                    continue;
                }
                try {
                    channel.write(ByteBuffer.wrap(new byte[] {client.next()}));
                } catch (IOException e) {
                    // The answer, if there is one, may still be there to read.
                    readable(client);
                    if (client.channel != null) {
                        gone(client, "closed");
                    }
                }
            }
            long next = start + (tick + 1) * TICK_NANOS;
            for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                selector.select(key -> readable((Client) key.attachment()), Math.max(1, left / 1_000_000));
            }
        }
    }

    private void readable(Client client) {
        SocketChannel channel = client.channel;
        if (channel == null) {
            return;
        }
        try {
            in.clear();
            int n = channel.read(in);
            if (n == 0) {
                return;
            }
            gone(client, n < 12 ? "closed" : new String(in.array(), 9, 3, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            gone(client, "closed");
        }
    }

    private void gone(Client client, String fate) {
        long nanos = System.nanoTime() - client.openedAt;
        SocketChannel channel = client.channel;
        client.channel = null;
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new IllegalStateException("a socket does not close", e);
            }
        }
        if (!fate.equals("408")) {
            (client.dripsHead ? headsOther : bodiesOther).merge(fate, 1, Integer::sum);
        } else if (client.dripsHead) {
            heads408++;
            headsFirst408 += client.first ? 1 : 0;
            minNanos = Math.min(minNanos, nanos);
            maxNanos = Math.max(maxNanos, nanos);
        } else {
            bodies408++;
        }
        client.first = false;
    }

    private void report() {
        System.out.println("heads_first_408 " + headsFirst408);
        System.out.println("heads_408 " + heads408);
        if (heads408 > 0) {
            System.out.println(String.format(Locale.ROOT, "heads_408_after_min_s %.2f", minNanos / 1e9));
            System.out.println(String.format(Locale.ROOT, "heads_408_after_max_s %.2f", maxNanos / 1e9));
        }
        System.out.println("heads_other " + headsOther);
        System.out.println("bodies_408 " + bodies408);
        System.out.println("bodies_other " + bodiesOther);
    }
}
