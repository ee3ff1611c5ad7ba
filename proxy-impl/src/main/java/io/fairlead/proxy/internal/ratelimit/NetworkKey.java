package io.fairlead.proxy.internal.ratelimit;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.SplittableRandom;

/** A client's network as a key. An IPv4 address is the IPv6 one that it maps to (RFC 4291 §2.5.5.2). */
final class NetworkKey {

    /** Which addresses collide must not be for clients to choose: a whole /48 belongs to one of them. */
    private static final long SEED = new SplittableRandom().nextLong();

    private final long high;
    private final long low;

    private NetworkKey(long high, long low) {
        this.high = high;
        this.low = low;
    }

    /** The network of an address with so many bits of it, by family. */
    static NetworkKey of(InetAddress address, int ipv4Prefix, int ipv6Prefix) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            long bits = word(bytes, 0, 4);
            return new NetworkKey(0, 0xffff_0000_0000L | bits & (-1L << 32 - ipv4Prefix));
        }
        long high = word(bytes, 0, 8);
        long low = word(bytes, 8, 8);
        // A shift by 64 would be none at all.
        return ipv6Prefix > 64
                ? new NetworkKey(high, low & (-1L << 128 - ipv6Prefix))
                : new NetworkKey(high & (-1L << 64 - ipv6Prefix), 0);
    }

    private static long word(byte[] bytes, int from, int count) {
        long word = 0;
        for (int i = from; i < from + count; i++) {
            word = word << 8 | bytes[i] & 0xff;
        }
        return word;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NetworkKey key && high == key.high && low == key.low;
    }

    @Override
    public int hashCode() {
        // The finalizer of SplitMix64, over both words.
        long z = (high ^ SEED) * 0x9e3779b97f4a7c15L + low;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return (int) (z ^ z >>> 32);
    }

    /** The network's first address. */
    @Override
    public String toString() {
        byte[] bytes = new byte[16];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (high >>> 56 - 8 * i);
            bytes[8 + i] = (byte) (low >>> 56 - 8 * i);
        }
        try {
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError("sixteen bytes are an address", e);
        }
    }
}
