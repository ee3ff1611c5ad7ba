package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.Exchange;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws where in 0..1 a request falls while several tiers share the requests of a pool: at random, or with consistent hashing by
 * the key. Then equal keys go to one tier, all proxies agree about it, and when the shares move, only the keys at the
 * border between two tiers do.
 */
public final class TierDraw {

    /** A key's place among the tiers must say nothing about its target within one. */
    private static final long SALT = 0x5DEECE66DL;

    private final List<HashKey> keys;
    private final SplittableRandom random;

    /** For one I/O thread of a pool with this strategy. */
    public TierDraw(LoadBalancer loadBalancer, long seed) {
        this.keys = loadBalancer instanceof LoadBalancer.ConsistentHash hash ? hash.keys() : List.of();
        this.random = new SplittableRandom(Hash.mix(seed));
    }

    /** At least 0 and below 1. */
    public double of(Exchange exchange) {
        long key = Hash.of(keys, exchange);
        return key == Hash.MISSING ? random.nextDouble() : (Hash.mix(key ^ SALT) >>> 11) * 0x1p-53;
    }
}
