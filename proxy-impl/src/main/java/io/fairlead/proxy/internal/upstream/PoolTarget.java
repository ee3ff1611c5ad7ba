package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.upstream.Target;
import java.net.URI;

/**
 * One target of a running pool, as all I/O threads see it. It lives as long as its pool has a target of this URL, also
 * across updates. {@link RunningPool} changes its state; the path only reads that, and counts what is under way.
 */
public final class PoolTarget implements Candidate {

    private final ClientTarget client;
    private final byte[] authority;
    private final PaddedCounter inFlight = new PaddedCounter();

    private volatile Target config;
    private volatile double weight;

    /** Bits of {@link Unusable}; written under the pool's lock. */
    private volatile int unusable;

    private volatile long latencyNanos;

    PoolTarget(Target config, ClientTarget client) {
        this.config = config;
        this.client = client;
        this.authority = Ascii.bytes(URI.create(config.url()).getRawAuthority());
        configure(config);
    }

    void configure(Target changed) {
        config = changed;
        weight = Math.max(1, changed.weight());
        unusable = changed.weight() == 0 ? unusable | Unusable.DRAINING.bit() : unusable & ~Unusable.DRAINING.bit();
    }

    @Override
    public Target target() {
        return config;
    }

    @Override
    public double weight() {
        return weight;
    }

    @Override
    public int inFlight() {
        return inFlight.get();
    }

    @Override
    public long latencyNanos() {
        return latencyNanos;
    }

    /** Makes and keeps the connections to it. */
    public ClientTarget client() {
        return client;
    }

    /** Its own Host field. */
    public byte[] authority() {
        return authority;
    }

    boolean isUsable() {
        return unusable == 0;
    }

    boolean is(Unusable reason) {
        return (unusable & reason.bit()) != 0;
    }

    void set(Unusable reason, boolean on) {
        unusable = on ? unusable | reason.bit() : unusable & ~reason.bit();
    }

    /** An attempt goes to it. */
    void begun() {
        inFlight.getAndIncrement();
    }

    /** The attempt is over, with its answer's last byte or without any. */
    void ended() {
        inFlight.getAndDecrement();
    }

    @Override
    public String toString() {
        return config.url();
    }
}
