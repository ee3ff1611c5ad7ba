package io.fairlead.proxy.internal.net;

import inet.ipaddr.AddressStringException;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import inet.ipaddr.IncompatibleAddressException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A set of networks. The library reads the text; a lookup is a binary search over sorted ranges of raw addresses.
 *
 * <p>An IPv4-mapped IPv6 address ({@code ::ffff:10.0.0.1}, RFC 4291 §2.5.5.2) is the IPv4 address that it carries, in
 * the set and in the question, so that a dual-stack socket does not change what a rule means. Otherwise the families
 * are apart: {@code ::/0} holds no IPv4 address.
 */
public final class CidrSet {

    private static final int IPV4_BYTES = 4;

    /**
     * Only {@code address} or {@code address/prefix}: the library would also take octal parts, wildcards, ranges,
     * missing parts and masks, which other programs read differently.
     */
    private static final IPAddressStringParameters STRICT = new IPAddressStringParameters.Builder()
            .allowEmpty(false)
            .allowAll(false)
            .allowSingleSegment(false)
            .allowWildcardedSeparator(false)
            .allowMask(false)
            .allowPrefixOnly(false)
            .setRangeOptions(inet.ipaddr.AddressStringParameters.RangeParameters.NO_RANGE)
            .getIPv4AddressParametersBuilder()
            .allow_inet_aton(false)
            .allowLeadingZeros(false)
            .allowUnlimitedLeadingZeros(false)
            .allowBinary(false)
            .getParentBuilder()
            .getIPv6AddressParametersBuilder()
            .allowZone(false)
            .allowBase85(false)
            .allowBinary(false)
            .getParentBuilder()
            .toParams();

    private final Ranges v4;
    private final Ranges v6;

    private CidrSet(Ranges v4, Ranges v6) {
        this.v4 = v4;
        this.v6 = v6;
    }

    /**
     * Reads CIDR blocks and single addresses. Bits below the prefix are ignored: {@code 10.1.2.3/8} is
     * {@code 10.0.0.0/8}.
     *
     * @throws IllegalArgumentException if one of them is neither; the message names it
     */
    public static CidrSet parse(List<String> networks) {
        List<Range> v4 = new ArrayList<>();
        List<Range> v6 = new ArrayList<>();
        for (String network : networks) {
            IPAddress block = block(network);
            IPAddress plain = unmapped(block);
            (plain.isIPv4() ? v4 : v6).add(Range.of(plain));
        }
        return new CidrSet(Ranges.of(v4), Ranges.of(v6));
    }

    private static IPAddress block(String network) {
        try {
            return new IPAddressString(network.trim(), STRICT).toAddress().toPrefixBlock();
        } catch (AddressStringException | IncompatibleAddressException e) {
            throw new IllegalArgumentException("\"" + network + "\" is neither a CIDR block nor an address", e);
        }
    }

    private static IPAddress unmapped(IPAddress block) {
        Integer prefix = block.getNetworkPrefixLength();
        return block.isIPv6() && block.toIPv6().isIPv4Mapped() && (prefix == null || prefix >= 96)
                ? block.toIPv6().getEmbeddedIPv4Address()
                : block;
    }

    /** Whether the address lies in one of the networks. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == IPV4_BYTES) {
            return v4.contains(0, word(bytes, 0, IPV4_BYTES));
        }
        long high = word(bytes, 0, Long.BYTES);
        long low = word(bytes, Long.BYTES, Long.BYTES);
        return high == 0 && low >>> 32 == 0xffffL ? v4.contains(0, low & 0xffffffffL) : v6.contains(high, low);
    }

    /** Whether every address of the other set lies in this one. */
    public boolean containsAll(CidrSet other) {
        return v4.containsAll(other.v4) && v6.containsAll(other.v6);
    }

    private static long word(byte[] bytes, int from, int count) {
        long word = 0;
        for (int i = from; i < from + count; i++) {
            word = word << 8 | bytes[i] & 0xff;
        }
        return word;
    }

    private static int compare(long highA, long lowA, long highB, long lowB) {
        int high = Long.compareUnsigned(highA, highB);
        return high != 0 ? high : Long.compareUnsigned(lowA, lowB);
    }

    /** Addresses from the first to the last, each as two unsigned words. */
    private record Range(long firstHigh, long firstLow, long lastHigh, long lastLow) {

        static Range of(IPAddress block) {
            byte[] first = block.getLower().getBytes();
            byte[] last = block.getUpper().getBytes();
            return first.length == IPV4_BYTES
                    ? new Range(0, word(first, 0, IPV4_BYTES), 0, word(last, 0, IPV4_BYTES))
                    : new Range(
                            word(first, 0, Long.BYTES),
                            word(first, Long.BYTES, Long.BYTES),
                            word(last, 0, Long.BYTES),
                            word(last, Long.BYTES, Long.BYTES));
        }
    }

    /** Ranges in ascending order; none lies in another, because of two CIDR blocks that meet one holds the other. */
    private static final class Ranges {
        private final Range[] ranges;

        private Ranges(Range[] ranges) {
            this.ranges = ranges;
        }

        static Ranges of(List<Range> blocks) {
            List<Range> sorted = new ArrayList<>(blocks);
            Comparator<Range> byFirst = (a, b) -> compare(a.firstHigh(), a.firstLow(), b.firstHigh(), b.firstLow());
            Comparator<Range> wideFirst = (a, b) -> compare(b.lastHigh(), b.lastLow(), a.lastHigh(), a.lastLow());
            sorted.sort(byFirst.thenComparing(wideFirst));
            List<Range> kept = new ArrayList<>();
            for (Range range : sorted) {
                Range previous = kept.isEmpty() ? null : kept.get(kept.size() - 1);
                if (previous == null
                        || compare(range.firstHigh(), range.firstLow(), previous.lastHigh(), previous.lastLow()) > 0) {
                    kept.add(range);
                }
            }
            return new Ranges(kept.toArray(Range[]::new));
        }

        boolean contains(long high, long low) {
            return contains(high, low, high, low);
        }

        private boolean contains(long firstHigh, long firstLow, long lastHigh, long lastLow) {
            int from = 0;
            int to = ranges.length - 1;
            while (from <= to) {
                int middle = (from + to) >>> 1;
                Range range = ranges[middle];
                if (compare(firstHigh, firstLow, range.firstHigh(), range.firstLow()) < 0) {
                    to = middle - 1;
                } else if (compare(firstHigh, firstLow, range.lastHigh(), range.lastLow()) > 0) {
                    from = middle + 1;
                } else {
                    return compare(lastHigh, lastLow, range.lastHigh(), range.lastLow()) <= 0;
                }
            }
            return false;
        }

        boolean containsAll(Ranges other) {
            for (Range range : other.ranges) {
                if (!contains(range.firstHigh(), range.firstLow(), range.lastHigh(), range.lastLow())) {
                    return false;
                }
            }
            return true;
        }
    }
}
