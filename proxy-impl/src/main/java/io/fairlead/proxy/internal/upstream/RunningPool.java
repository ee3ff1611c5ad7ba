package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.balancer.Pickers;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A running upstream pool: its targets, which of them may be used, and the choice among those. It lives as long as the
 * configuration has a pool of this name; an update changes it in place, and targets whose URL stays keep their connections
 * and their state.
 *
 * <p>The path reads {@code usable}, a volatile that holds an immutable list. What changes it is rare and comes from any thread:
 * updates, health checks, ejections, breakers. It takes the lock of this object, which guards the targets, their reasons and
 * the making of the list, and which nobody holds while waiting or calling others' code. Timers of the pool run on its
 * home loop, one of the I/O threads.
 */
public final class RunningPool implements AutoCloseable {

    /** What is against a target that has to pass a check first. */
    static final String NOT_CHECKED = "no check has passed yet";

    private final IoLoop home;
    private final int loopCount;
    private final NameResolver resolver;
    private final PoolHealth health;
    private final Map<String, TargetPickerFactory> strategies;

    /** Proxies of a fleet must not draw alike. */
    private final long seed = ThreadLocalRandom.current().nextLong();

    /** For each I/O thread, written and read by that thread only. */
    private final @Nullable Shard[] shards;

    /** Guarded by this: by URL, in the order of the configuration. */
    private Map<String, PoolTarget> targets = new LinkedHashMap<>();

    /** Guarded by this: so few are well that the others are used too. */
    private boolean panicking;

    private volatile UpstreamPool config;
    private volatile TargetSet usable = new TargetSet(List.of());

    /** Against these speaks an ejection and nothing else. */
    private volatile TargetSet ejected = new TargetSet(List.of());

    /** What one thread has of the pool. */
    private static final class Shard {
        private final UpstreamPool config;
        private final TargetPicker picker;
        private final RetryBudget retries;

        Shard(UpstreamPool config, TargetPicker picker, RetryBudget retries) {
            this.config = config;
            this.picker = picker;
            this.retries = retries;
        }
    }

    /**
     * @param home the loop of the pool's timers
     * @param loopCount I/O threads of the proxy
     * @param events who hears of changes of the state of targets
     * @param strategies load balancers of the program by name
     */
    public RunningPool(
            UpstreamPool config,
            IoLoop home,
            int loopCount,
            NameResolver resolver,
            TargetEvents events,
            Map<String, TargetPickerFactory> strategies) {
        this.config = config;
        this.home = home;
        this.loopCount = loopCount;
        this.resolver = resolver;
        this.strategies = strategies;
        this.shards = new Shard[loopCount];
        this.health = new PoolHealth(
                this, home, events, () -> ThreadLocalRandom.current().nextDouble());
        update(config);
    }

    public UpstreamPool config() {
        return config;
    }

    // ---- which targets there are, and which may be used

    /** Takes other settings, also other targets; those that are gone finish what they have. */
    public void update(UpstreamPool next) {
        List<PoolTarget> gone = new ArrayList<>();
        synchronized (this) {
            Map<String, PoolTarget> before = targets;
            Map<String, PoolTarget> after = new LinkedHashMap<>();
            config = next;
            for (Target target : next.targets()) {
                PoolTarget known = before.get(target.url());
                if (known == null) {
                    known = open(target, next);
                } else {
                    known.configure(target);
                    known.client().settings(next);
                }
                after.put(target.url(), known);
            }
            before.forEach((url, target) -> {
                if (!after.containsKey(url)) {
                    gone.add(target);
                }
            });
            targets = after;
            rebuild();
        }
        gone.forEach(target -> target.client().close());
        home.execute(health::configure);
    }

    private PoolTarget open(Target target, UpstreamPool next) {
        PoolTarget opened = new PoolTarget(
                target,
                new ClientTarget(target, next, loopCount, resolver),
                next.outlierDetection(),
                loopCount,
                // At once where this is the home loop, so that the next attempt goes elsewhere.
                (outlier, reason) -> home.execute(() -> health.outlier(outlier, reason)));
        if (next.healthCheck().isPresent() && !next.healthCheck().get().usableBeforeFirstCheck()) {
            opened.set(Unusable.CHECK_FAILED, true, NOT_CHECKED);
        }
        return opened;
    }

    /**
     * Takes a target out of use for a reason, or takes the reason back.
     *
     * @param why what was seen, if it is taken out of use
     */
    public void mark(PoolTarget target, Unusable reason, boolean on, String why) {
        synchronized (this) {
            if (target.is(reason) == on) {
                return;
            }
            target.set(reason, on, why);
            rebuild();
        }
    }

    /** Gives the target no new requests, and keeps none of its connections. */
    public void drain(PoolTarget target) {
        target.client().keepIdle(false);
        mark(target, Unusable.DRAINED, true, "it is drained by hand");
        tell(target, What.DRAINING, "it is drained by hand");
    }

    /** The target has nothing left. */
    public void drained(PoolTarget target, String what) {
        tell(target, What.DRAINED, what);
    }

    /** Takes a drain back. */
    public void undrain(PoolTarget target) {
        if (target.is(Unusable.DRAINED)) {
            target.client().keepIdle(true);
            mark(target, Unusable.DRAINED, false, "");
            tell(target, What.UNDRAINED, "its drain was undone");
        }
    }

    private void tell(PoolTarget target, What what, String reason) {
        home.execute(() -> health.tell(target.target().url(), what, reason));
    }

    /** Weights have changed, of which pickers may keep what they derived. */
    synchronized void reweigh() {
        rebuild();
    }

    /** Makes the list of usable targets; of all but draining ones and those with an open breaker if too few are well. */
    private void rebuild() {
        List<PoolTarget> well =
                targets.values().stream().filter(PoolTarget::isUsable).toList();
        List<PoolTarget> possible =
                targets.values().stream().filter(PoolTarget::isUsableInPanic).toList();
        long all =
                targets.values().stream().filter(target -> !target.isDraining()).count();
        boolean panics = well.size() * 100L < config.panicThreshold() * all && possible.size() > well.size();
        usable = new TargetSet(panics ? possible : well);
        ejected = new TargetSet(targets.values().stream()
                .filter(target -> target.isOnly(Unusable.EJECTED))
                .toList());
        if (panics != panicking) {
            panicking = panics;
            String reason =
                    well.size() + " of " + all + " targets are usable, threshold " + config.panicThreshold() + " %";
            // Later: not while the lock is held.
            home.later(() -> health.tell("", panics ? What.PANIC_BEGAN : What.PANIC_ENDED, reason));
        }
    }

    /** The pool at this moment. */
    public synchronized PoolStatus status() {
        return new PoolStatus(
                config.name(),
                panicking,
                targets.values().stream()
                        .map(target -> target.status(panicking))
                        .toList());
    }

    public synchronized List<PoolTarget> targets() {
        return List.copyOf(targets.values());
    }

    // ---- the path

    /**
     * Chooses a target for an attempt, and counts it as under way there until {@link #ended}.
     *
     * <p>When all usable ones have failed for the request, an ejected one is tried: targets that are restarted one after
     * another are back long before their ejection is over, and then the last one is restarted.
     *
     * @param tried those that have failed for this request; they come again when there are no others
     * @return null if no target may be used
     */
    public @Nullable PoolTarget pick(IoLoop loop, Exchange exchange, List<PoolTarget> tried) {
        TargetSet from = usable;
        if (!tried.isEmpty()) {
            TargetSet others = from.without(tried);
            if (others.size() == 0) {
                others = ejected.without(tried);
            }
            from = others.size() == 0 ? from : others;
        }
        if (from.size() == 0) {
            return null;
        }
        PoolTarget picked =
                from.target(from.size() == 1 ? 0 : shard(loop).picker.pick(from, exchange));
        picked.begun();
        return picked;
    }

    /** Whether there is a usable target beside these. */
    public boolean hasOther(List<PoolTarget> tried) {
        return usable.hasOther(tried);
    }

    /** Whether there is a target beside these for a request that failed at all of them. */
    public boolean hasResort(List<PoolTarget> tried) {
        return usable.hasOther(tried) || ejected.hasOther(tried);
    }

    /** The retries that this thread may make for requests to this pool. */
    public RetryBudget retries(IoLoop loop) {
        return shard(loop).retries;
    }

    /** The head of an answer came. */
    public void answered(IoLoop loop, PoolTarget target, int status, long nanos) {
        target.watch().answered(loop.index(), status);
        target.latency().answered(nanos);
    }

    /** The attempt failed through the target's doing or that of the way to it. */
    public void failed(IoLoop loop, PoolTarget target, FailureCode code, long nanos) {
        target.watch().failed(loop.index(), code);
        target.latency().failed(nanos);
    }

    /** The attempt was given up, through nobody's fault there: nothing is to be learnt from it. */
    public void cancelled(IoLoop loop, PoolTarget target) {}

    /** Nothing of the attempt is under way any more; told once, after one of the three above. */
    public void ended(PoolTarget target) {
        target.ended();
    }

    private Shard shard(IoLoop loop) {
        Shard shard = shards[loop.index()];
        UpstreamPool current = config;
        if (shard == null || shard.config != current) {
            // The turn goes on where it was after an update of something else.
            TargetPicker picker = shard != null && shard.config.loadBalancer().equals(current.loadBalancer())
                    ? shard.picker
                    : Pickers.of(current, strategies, loop.index(), seed + loop.index());
            shard = new Shard(
                    current,
                    picker,
                    shard == null
                            ? new RetryBudget(current.retry(), loopCount)
                            : shard.retries.configure(current.retry()));
            shards[loop.index()] = shard;
        }
        return shard;
    }

    // ---- what is open

    /** Connections of this loop that wait for an exchange; called on it. */
    public int idle(IoLoop loop) {
        return targets().stream().mapToInt(target -> target.client().idle(loop)).sum();
    }

    /** Connections of this loop that an exchange has; called on it. */
    public int inUse(IoLoop loop) {
        return targets().stream()
                .mapToInt(target -> target.client().inUse(loop))
                .sum();
    }

    /** Connections open or being made, to all targets. */
    public int connections() {
        return targets().stream()
                .mapToInt(target -> target.client().connections())
                .sum();
    }

    /** The loop of the pool's timers. */
    public IoLoop home() {
        return home;
    }

    /** Timers of the pool itself in the wheel of this loop; called on it. */
    public int timers(IoLoop loop) {
        return loop == home ? health.timers() : 0;
    }

    /** Closes idle connections now and the others once their exchange is over. */
    @Override
    public void close() {
        home.execute(health::close);
        targets().forEach(target -> target.client().close());
    }
}
