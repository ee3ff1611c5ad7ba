package io.fairlead.proxy.internal.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the connections of clients, in all and per client, and says when there are too many. Safe to use from any thread.
 *
 * <p>A client is an IPv4 address or a /64 of IPv6: the /64 is what one subscriber gets, so that counting single IPv6
 * addresses would limit nobody. An entry vanishes with its last connection, and there is one only for a client that holds a
 * place in the total, so there are never more than {@code maxConnections} of them.
 */
public final class ConnectionLimiter {
    /** What becomes of a new connection. */
    public enum Decision {
        /** It was counted; give it back with {@link ConnectionLimiter#release}. */
        ADMITTED,
        /** The proxy has as many as it may have. */
        TOO_MANY,
        /** This client has as many as it may have. */
        TOO_MANY_OF_ADDRESS
    }

    private final int maxConnections;
    private final int maxPerClient;
    private final AtomicInteger total = new AtomicInteger();
    // Two maps, because every 64-bit number is the prefix of some IPv6 network and leaves no room for IPv4.
    private final ConcurrentMap<Integer, Integer> ofAddress = new ConcurrentHashMap<>();
    private final ConcurrentMap<Long, Integer> ofNetwork = new ConcurrentHashMap<>();

    /**
     * A limiter with nothing counted.
     *
     * @param maxConnections connections in all
     * @param maxPerClient connections of one client; 0 means that clients are not told apart
     */
    public ConnectionLimiter(int maxConnections, int maxPerClient) {
        this.maxConnections = maxConnections;
        this.maxPerClient = maxPerClient;
    }

    /** Counts a connection of this client if both limits allow it. */
    public Decision tryAcquire(InetAddress client) {
        if (!tryIncrement(total, maxConnections)) {
            return Decision.TOO_MANY;
        }
        if (maxPerClient > 0) {
            boolean admitted = client instanceof Inet4Address
                    ? tryIncrement(ofAddress, address(client), maxPerClient)
                    : tryIncrement(ofNetwork, network(client), maxPerClient);
            if (!admitted) {
                total.decrementAndGet();
                return Decision.TOO_MANY_OF_ADDRESS;
            }
        }
        return Decision.ADMITTED;
    }

    /** Gives back what was {@link Decision#ADMITTED admitted}; once for each. */
    public void release(InetAddress client) {
        if (maxPerClient > 0) {
            if (client instanceof Inet4Address) {
                decrement(ofAddress, address(client));
            } else {
                decrement(ofNetwork, network(client));
            }
        }
        // Last, so that an entry never outlives its place in the total.
        total.decrementAndGet();
    }

    /** How many connections are counted. */
    public int connections() {
        return total.get();
    }

    /** How many clients they come from; 0 if clients are not told apart. */
    public int clients() {
        return ofAddress.size() + ofNetwork.size();
    }

    private static boolean tryIncrement(AtomicInteger count, int max) {
        while (true) {
            int now = count.get();
            if (now >= max) {
                return false;
            }
            if (count.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    private static <K> boolean tryIncrement(ConcurrentMap<K, Integer> counts, K key, int max) {
        while (true) {
            Integer now = counts.putIfAbsent(key, 1);
            if (now == null) {
                return true;
            }
            if (now >= max) {
                return false;
            }
            if (counts.replace(key, now, now + 1)) {
                return true;
            }
        }
    }

    private static <K> void decrement(ConcurrentMap<K, Integer> counts, K key) {
        counts.computeIfPresent(key, (k, now) -> now == 1 ? null : now - 1);
    }

    private static int address(InetAddress client) {
        byte[] bytes = client.getAddress();
        return (int) bits(bytes, 4);
    }

    /** The first 64 bits. An IPv4-mapped address does not come here: {@link InetAddress} makes it an IPv4 one. */
    private static long network(InetAddress client) {
        return bits(client.getAddress(), 8);
    }

    private static long bits(byte[] bytes, int count) {
        long bits = 0;
        for (int i = 0; i < count; i++) {
            bits = bits << 8 | bytes[i] & 0xff;
        }
        return bits;
    }
}
