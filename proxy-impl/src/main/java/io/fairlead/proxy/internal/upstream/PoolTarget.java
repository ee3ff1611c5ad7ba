package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.internal.balancer.PeakLatency;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.internal.resilience.LimitMeter;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.observe.TargetStatus.Obstacle;
import io.fairlead.proxy.upstream.Target;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One target of a running pool, as all I/O threads see it. It lives as long as its pool has a target of this URL, also
 * across updates. {@link RunningPool} changes its state; the path only reads that, and counts what is under way.
 */
public final class PoolTarget implements Candidate {

    private final ClientTarget client;
    private final byte[] authority;
    private final OutlierWatch watch;
    private final PaddedCounter inFlight = new PaddedCounter();

    private volatile Target config;
    private volatile double weight;

    /** Of its weight, while it starts slowly; written by the home loop. */
    private volatile double share = 1;

    /** Bits of {@link Unusable}; written under the pool's lock. */
    private volatile int unusable;

    /** Guarded by the pool's lock: for each of those bits, what was seen. */
    private final Map<Unusable, Obstacle> obstacles = new EnumMap<>(Unusable.class);

    /** When it answered a request last that may be hedged. */
    private volatile long lastAnswer = Long.MIN_VALUE;

    private final PeakLatency latency = new PeakLatency(System::nanoTime);

    /** Its circuit breaker, if the pool wants one; changed under the pool's lock. */
    private volatile @Nullable Breaker breaker;

    private volatile int maxInFlight = Integer.MAX_VALUE;

    /** Its adaptive limit, in place of the fixed one. */
    private volatile @Nullable LimitMeter meter;

    /**
     * A target that nothing is known of.
     *
     * @param outliers takes why it is to be ejected
     */
    PoolTarget(
            Target config,
            ClientTarget client,
            OutlierDetection detection,
            int loopCount,
            BiConsumer<PoolTarget, String> outliers) {
        this.config = config;
        this.client = client;
        this.authority = Ascii.bytes(URI.create(config.url()).getRawAuthority());
        this.watch = new OutlierWatch(detection, loopCount, reason -> outliers.accept(this, reason));
        configure(config);
    }

    void configure(Target changed) {
        config = changed;
        reweigh();
        boolean draining = changed.weight() == 0;
        if (draining != is(Unusable.DRAINING)) {
            set(Unusable.DRAINING, draining, "its weight is 0");
        }
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
        return latency.get();
    }

    /** What answers and failures say of it. */
    PeakLatency latency() {
        return latency;
    }

    /** It has answered a request that may be hedged. */
    public void answeredAt(long now) {
        lastAnswer = now;
    }

    /** Whether it has answered one since. */
    public boolean hasAnsweredSince(long then) {
        long last = lastAnswer;
        return last != Long.MIN_VALUE && last - then > 0;
    }

    /** Makes and keeps the connections to it. */
    public ClientTarget client() {
        return client;
    }

    /** Its own Host field. */
    public byte[] authority() {
        return authority;
    }

    /** What becomes of the requests to it. */
    OutlierWatch watch() {
        return watch;
    }

    /** It gets this share of its weight. The pool has its list made anew afterwards. */
    void share(double changed) {
        share = changed;
        reweigh();
    }

    /** Synchronized, as an update and the home loop may do it at once: who comes last must see what both have set. */
    private synchronized void reweigh() {
        weight = Math.max(1, config.weight()) * share;
    }

    boolean isUsable() {
        return unusable == 0;
    }

    /** Whether at most its health is against it. */
    boolean isUsableInPanic() {
        return (unusable & ~(Unusable.CHECK_FAILED.bit() | Unusable.EJECTED.bit())) == 0;
    }

    /**
     * Whether the sessions that it has may go on: also while its weight is 0, but not while it is drained by hand.
     *
     * @param panics whether its health counts
     */
    boolean isUsableInSession(boolean panics) {
        int against = unusable & ~Unusable.DRAINING.bit();
        return against == 0 || panics && (against & ~(Unusable.CHECK_FAILED.bit() | Unusable.EJECTED.bit())) == 0;
    }

    /** Whether it is to get nothing new, well or not. */
    boolean isDraining() {
        return (unusable & (Unusable.DRAINING.bit() | Unusable.DRAINED.bit())) != 0;
    }

    /** Whether nothing but this is against it. */
    boolean isOnly(Unusable reason) {
        return unusable == reason.bit();
    }

    boolean is(Unusable reason) {
        return (unusable & reason.bit()) != 0;
    }

    /** @param why what was seen, if it is on */
    void set(Unusable reason, boolean on, String why) {
        unusable = on ? unusable | reason.bit() : unusable & ~reason.bit();
        if (on) {
            obstacles.put(reason, new Obstacle(reason.kind(), why, Instant.now()));
        } else {
            obstacles.remove(reason);
        }
    }

    /** Called under the pool's lock. */
    TargetStatus status(boolean panicking) {
        boolean picked = isUsable() || panicking && isUsableInPanic();
        List<Obstacle> all = new ArrayList<>(obstacles.values());
        return new TargetStatus(
                config.url(),
                picked,
                all,
                config.weight() == 0 ? 0 : weight,
                inFlight(),
                config.priority(),
                config.zone());
    }

    @Nullable
    Breaker breaker() {
        return breaker;
    }

    void breaker(@Nullable Breaker changed) {
        breaker = changed;
    }

    @Nullable
    LimitMeter meter() {
        return meter;
    }

    void limit(int fixed, @Nullable LimitMeter adaptive) {
        maxInFlight = fixed;
        meter = adaptive;
    }

    /**
     * An attempt goes to it.
     *
     * @return false if it is at its limit, and the attempt does not
     */
    boolean begun() {
        LimitMeter adaptive = meter;
        int limit = adaptive == null ? maxInFlight : adaptive.limit();
        // Looking costs less than counting and taking it back, which other threads feel, and refusals must be cheap.
        if (inFlight.get() >= limit) {
            return false;
        }
        if (inFlight.getAndIncrement() < limit) {
            return true;
        }
        inFlight.getAndDecrement();
        return false;
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
