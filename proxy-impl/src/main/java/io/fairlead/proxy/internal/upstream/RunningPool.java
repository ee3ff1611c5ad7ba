package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.balancer.Pickers;
import io.fairlead.proxy.internal.balancer.TierDraw;
import io.fairlead.proxy.internal.discovery.Discoveries;
import io.fairlead.proxy.internal.engine.client.ClientTarget;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.internal.net.TargetUrls;
import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.internal.resilience.BreakerCall;
import io.fairlead.proxy.internal.resilience.LimitMeter;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.ConcurrencyLimit;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A running upstream pool: its targets, which of them may be used, and the choice among those. It lives as long as the
 * configuration has a pool of this name; an update changes it in place, and targets whose URL stays keep their connections
 * and their state.
 *
 * <p>The path reads the {@link Selection}, a volatile that is immutable. What changes it is rare and comes from any thread:
 * updates, health checks, ejections, breakers. It takes the lock of this object, which guards the targets, their reasons and
 * the making of the selection, and which nobody holds while waiting or calling others' code. Timers of the pool run on its
 * home loop, one of the I/O threads.
 */
public final class RunningPool implements AutoCloseable {

    /** What is against a target that has to pass a check first. */
    static final String NOT_CHECKED = "no check has passed yet";

    private static final String BY_HAND = "it is drained by hand";

    /** What is asked of a client whom a limit refuses: places become free all the time. */
    private static final int OVERLOAD_RETRY_SECONDS = 1;

    private final IoLoop home;
    private final int loopCount;
    private final NameResolver resolver;
    private final Discoveries discoveries;
    private final PoolHealth health;
    private final Map<String, TargetPickerFactory> strategies;

    /** Proxies of a fleet must not draw alike. */
    private final long seed = ThreadLocalRandom.current().nextLong();

    /** Requests in the pool, counted only where their number is limited. */
    private final PaddedCounter requests = new PaddedCounter();

    /** For each I/O thread, written and read by that thread only. */
    private final @Nullable PoolShard[] shards;

    /** Guarded by this: by URL, in the order of the configuration. */
    private Map<String, PoolTarget> targets = new LinkedHashMap<>();

    /** Guarded by this: which targets are drained by hand. */
    private final Holds holds = new Holds();

    /** Guarded by this: what the source found last. */
    private List<Target> discovered = List.of();

    /** Guarded by this: asks the source, if there is one. */
    private Discoveries.@Nullable Watch watch;

    /** Guarded by this: who hears of what {@link #watch} finds. */
    private @Nullable Discovered discovering;

    /** Guarded by this: the zone of the proxy. */
    private @Nullable String zone;

    /** Guarded by this. */
    private final SpillOver spillOver = new SpillOver();

    /** Guarded by this. */
    private boolean closed;

    private volatile UpstreamPool config;
    private volatile Selection selection;

    /** Which target a client has; null if clients have none. */
    private volatile @Nullable Sessions sessions;

    /** The breaker of the pool as a whole; changed under the lock. */
    private volatile @Nullable Breaker breaker;

    /**
     * @param zone of the proxy, if it has one
     * @param home the loop of the pool's timers
     * @param loopCount I/O threads of the proxy
     * @param events who hears of changes of the state of targets
     * @param strategies load balancers of the program by name
     */
    public RunningPool(
            UpstreamPool config,
            @Nullable String zone,
            IoLoop home,
            int loopCount,
            NameResolver resolver,
            Discoveries discoveries,
            TargetEvents events,
            Map<String, TargetPickerFactory> strategies) {
        this.config = config;
        this.home = home;
        this.loopCount = loopCount;
        this.resolver = resolver;
        this.strategies = strategies;
        this.discoveries = discoveries;
        this.shards = new PoolShard[loopCount];
        this.health = new PoolHealth(
                this, home, events, () -> ThreadLocalRandom.current().nextDouble());
        this.selection = Selection.of(List.of(), config, zone);
        update(config, zone);
    }

    public UpstreamPool config() {
        return config;
    }

    // ---- which targets there are, and which may be used

    /** Whether it runs with these settings. */
    public synchronized boolean has(UpstreamPool settings, @Nullable String proxyZone) {
        return config.equals(settings) && Objects.equals(zone, proxyZone);
    }

    /**
     * Takes other settings, also other targets; those that are gone finish what they have.
     *
     * @param proxyZone the zone of the proxy, if it has one
     */
    public void update(UpstreamPool next, @Nullable String proxyZone) {
        Discoveries.Watch former = null;
        Changes changes;
        synchronized (this) {
            TargetSource source = next.targetSource().orElse(null);
            boolean sameSource = Objects.equals(source, config.targetSource().orElse(null));
            config = next;
            zone = proxyZone;
            if (source == null) {
                discovered = List.of();
            }
            if (!sameSource || watch == null) {
                // The targets of a former source stay until the new one has answered.
                former = watch;
                Discovered hears = new Discovered();
                discovering = hears;
                watch = source == null || closed ? null : discoveries.watch(source, hears);
            }
            breaker = sameOrNew(breaker, next.circuitBreaker().orElse(null), null);
            changes = apply();
            // What an update takes away is not drained when it comes back; what a source leaves out is.
            changes.gone.forEach(target -> holds.forget(target.target().url()));
            if (!sameSource) {
                holds.retain(targets.keySet());
            }
        }
        if (former != null) {
            former.close();
        }
        tell(changes);
    }

    /** What is left to do about other targets once the lock is free. */
    private record Changes(List<PoolTarget> gone, List<Runnable> events) {}

    /** Makes the targets those that are configured and those that were found; with the lock held. */
    private Changes apply() {
        Changes changes = new Changes(new ArrayList<>(), new ArrayList<>());
        Map<String, Target> wanted = new LinkedHashMap<>();
        Set<String> own = new HashSet<>();
        for (Target target : config.targets()) {
            wanted.put(target.url(), target);
            own.add(TargetUrls.same(target.url()));
        }
        for (Target target : discovered) {
            if (!own.contains(TargetUrls.same(target.url()))) {
                wanted.put(target.url(), target);
            }
        }
        Map<String, PoolTarget> before = targets;
        Map<String, PoolTarget> after = new LinkedHashMap<>();
        for (Target target : wanted.values()) {
            PoolTarget known = before.get(target.url());
            if (known == null) {
                known = open(target, config);
                if (holds.isHeld(target.url())) {
                    PoolTarget back = known;
                    back.client().keepIdle(false);
                    back.set(Unusable.DRAINED, true, BY_HAND);
                    changes.events.add(() -> tell(back, What.DRAINING, BY_HAND + ", and was when it left"));
                }
            } else {
                boolean drained = known.is(Unusable.DRAINING);
                known.configure(target);
                known.client().settings(config);
                if (drained != known.is(Unusable.DRAINING)) {
                    PoolTarget changed = known;
                    String reason = "its weight is " + target.weight();
                    changes.events.add(() -> tell(changed, drained ? What.UNDRAINED : What.DRAINING, reason));
                }
            }
            limit(known, config);
            after.put(target.url(), known);
        }
        before.forEach((url, target) -> {
            if (!after.containsKey(url)) {
                changes.gone.add(target);
            }
        });
        targets = after;
        holds.present(after.keySet(), System.nanoTime());
        sessions = Sessions.of(config, after.values(), sessions);
        rebuild();
        return changes;
    }

    private void tell(Changes changes) {
        changes.gone.forEach(target -> target.client().close());
        // Later: on the home loop itself this would call listeners while who updates holds a lock of the proxy.
        home.later(health::configure);
        changes.events.forEach(Runnable::run);
    }

    /** What a source tells, unless the pool has another one by now; one that is equal but was begun later is another. */
    private final class Discovered implements Discoveries.Listener {
        @Override
        public void found(List<Target> found) {
            Changes changes;
            synchronized (RunningPool.this) {
                if (closed || discovering != this) {
                    return;
                }
                discovered = found;
                holds.expire(System.nanoTime());
                changes = apply();
            }
            tell(changes);
        }

        @Override
        public void failed(String reason) {
            home.execute(() -> health.tell("", What.SOURCE_FAILED, reason));
        }

        @Override
        public void recovered() {
            home.execute(() -> health.tell("", What.SOURCE_RECOVERED, "it gives a good answer again"));
        }
    }

    /** Waits until the source of targets, if there is one, was asked once; not for an I/O thread. */
    public void awaitTargets(long nanos) throws InterruptedException {
        Discoveries.Watch waiting;
        synchronized (this) {
            waiting = watch;
        }
        if (waiting != null) {
            waiting.awaitFirst(nanos);
        }
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

    /**
     * Gives the target no new requests, and keeps none of its connections.
     *
     * @return what keeps it out of use, for {@link #undrain}; the same as before if it is drained already; null if the pool
     *     has no such target
     */
    public @Nullable Object drain(String url) {
        PoolTarget target;
        Object hold;
        synchronized (this) {
            target = targets.get(url);
            if (target == null) {
                return null;
            }
            hold = holds.hold(url);
        }
        if (!target.is(Unusable.DRAINED)) {
            target.client().keepIdle(false);
            mark(target, Unusable.DRAINED, true, BY_HAND);
            tell(target, What.DRAINING, BY_HAND);
        }
        return hold;
    }

    /** The target has nothing left. */
    public void drained(PoolTarget target, String what) {
        home.execute(() -> health.tell(target.target().url(), What.DRAINED, what));
    }

    /** Takes a drain back, unless it was before; a target that is away is not drained when it comes back. */
    public void undrain(String url, Object hold) {
        PoolTarget target;
        synchronized (this) {
            target = holds.release(url, hold) && !closed ? targets.get(url) : null;
        }
        if (target != null) {
            target.client().keepIdle(true);
            mark(target, Unusable.DRAINED, false, "");
            tell(target, What.UNDRAINED, "its drain was undone");
        }
    }

    private void tell(PoolTarget target, What what, String reason) {
        // Later: on the home loop itself this would call listeners while who drains holds a lock of the proxy.
        home.later(() -> health.tell(target.target().url(), what, reason));
    }

    /** Without health checks none speaks against a target. */
    synchronized void clearStaleChecks() {
        // By the settings of now: a later update may want checks, and has marked its new targets.
        if (config.healthCheck().isPresent()) {
            return;
        }
        boolean some = false;
        for (PoolTarget target : targets.values()) {
            if (target.is(Unusable.CHECK_FAILED)) {
                target.set(Unusable.CHECK_FAILED, false, "");
                some = true;
            }
        }
        if (some) {
            rebuild();
        }
    }

    /** Weights have changed, of which pickers may keep what they derived. */
    synchronized void reweigh() {
        rebuild();
    }

    /** Makes the selection anew; with the lock held. */
    private void rebuild() {
        boolean panicked = selection.panics();
        Selection next = Selection.of(targets.values(), config, zone);
        selection = next;
        if (next.panics() != panicked) {
            String reason = next.counts() + ", threshold " + config.panicThreshold() + " %";
            // Later: not while the lock is held.
            home.later(() -> health.tell("", next.panics() ? What.PANIC_BEGAN : What.PANIC_ENDED, reason));
        }
        What spills = spillOver.next(next.tiers());
        if (spills != null) {
            String reason = next.tiers().describe() + "; threshold " + config.spillOverThreshold() + " %";
            home.later(() -> health.tell("", spills, reason));
        }
    }

    // ---- breakers and limits

    /** Gives a target the breaker and the limit of these settings; equal settings keep the breaker's state. */
    private void limit(PoolTarget target, UpstreamPool next) {
        Breaker before = target.breaker();
        Breaker after = sameOrNew(before, next.targetCircuitBreaker().orElse(null), target);
        if (after != before) {
            target.breaker(after);
            target.set(Unusable.BREAKER_OPEN, false, "");
        }
        ConcurrencyLimit wanted = next.targetConcurrency().orElse(null);
        LimitMeter meter = target.meter();
        if (wanted == null || !wanted.isAdaptive()) {
            meter = null;
        } else if (meter == null || !meter.config().equals(wanted)) {
            meter = new LimitMeter(wanted, loopCount, System.nanoTime());
        }
        target.limit(wanted == null ? Integer.MAX_VALUE : wanted.max(), meter);
    }

    private @Nullable Breaker sameOrNew(
            @Nullable Breaker before, @Nullable CircuitBreaker wanted, @Nullable PoolTarget target) {
        if (wanted == null || before != null && before.config().equals(wanted)) {
            return wanted == null ? null : before;
        }
        String name = target == null ? config.name() : config.name() + " " + target;
        return new Breaker(name, wanted, System::nanoTime, (from, to, reason) -> breakerChanged(target, to, reason));
    }

    private void breakerChanged(@Nullable PoolTarget target, CircuitBreaker.State to, String reason) {
        if (target != null) {
            synchronized (this) {
                Breaker now = target.breaker();
                // By what it is now: of two changes at once, the later one may be told first.
                boolean isOpen = now != null && isOpen(now.state());
                if (target.is(Unusable.BREAKER_OPEN) != isOpen) {
                    target.set(Unusable.BREAKER_OPEN, isOpen, reason);
                    rebuild();
                }
            }
        }
        What what = switch (to) {
            case OPEN, FORCED_OPEN -> What.BREAKER_OPEN;
            case HALF_OPEN -> What.BREAKER_HALF_OPEN;
            case CLOSED, DISABLED -> What.BREAKER_CLOSED;
        };
        String url = target == null ? "" : target.target().url();
        home.execute(() -> health.tell(url, what, reason));
    }

    private static boolean isOpen(CircuitBreaker.State state) {
        return state == CircuitBreaker.State.OPEN || state == CircuitBreaker.State.FORCED_OPEN;
    }

    /**
     * The breaker of the pool, or of one of its targets.
     *
     * @param url of the target; empty for the pool
     * @return null if there is none
     */
    public @Nullable Breaker breaker(String url) {
        if (url.isEmpty()) {
            return breaker;
        }
        for (PoolTarget target : targets()) {
            if (target.target().url().equals(url)) {
                return target.breaker();
            }
        }
        return null;
    }

    /** The pool at this moment. */
    public synchronized PoolStatus status() {
        boolean panicking = selection.panics();
        return new PoolStatus(
                config.name(),
                panicking,
                targets.values().stream()
                        .map(target -> target.status(panicking))
                        .toList(),
                selection.tiers().status());
    }

    public synchronized List<PoolTarget> targets() {
        return List.copyOf(targets.values());
    }

    // ---- the path

    /**
     * A request comes to the pool.
     *
     * @return its place, which it leaves once; null if the pool's breaker or limit refuses it, see {@link #refusal}
     */
    public @Nullable PoolEntry enter(IoLoop loop) {
        Breaker asked = breaker;
        int max = config.maxConcurrentRequests();
        if (asked == null && max == 0) {
            return PoolEntry.FREE;
        }
        if (max > 0 && requests.getAndIncrement() >= max) {
            requests.getAndDecrement();
            shard(loop).refused(FailureCode.UPSTREAM_OVERLOADED);
            return null;
        }
        BreakerCall call = asked == null ? null : asked.tryCall();
        if (asked != null && call == null) {
            if (max > 0) {
                requests.getAndDecrement();
            }
            shard(loop).refused(FailureCode.UPSTREAM_CIRCUIT_OPEN);
            return null;
        }
        return new PoolEntry(call, max > 0 ? requests : null);
    }

    /** Why {@link #enter} or {@link #pick} has just given nothing on this thread. */
    public FailureCode refusal(IoLoop loop) {
        return shard(loop).refusal();
    }

    /** When a client that is refused should come again, in seconds; 0 if nobody knows. */
    public int retryAfterSeconds(FailureCode refusal) {
        if (refusal == FailureCode.UPSTREAM_OVERLOADED) {
            return OVERLOAD_RETRY_SECONDS;
        } else if (refusal != FailureCode.UPSTREAM_CIRCUIT_OPEN) {
            return 0;
        }
        long nanos = Long.MAX_VALUE;
        Breaker own = breaker;
        if (own != null && isOpen(own.state())) {
            nanos = own.retryAfterNanos();
        } else {
            for (PoolTarget target : selection.open()) {
                Breaker one = target.breaker();
                nanos = one == null ? nanos : Math.min(nanos, one.retryAfterNanos());
            }
        }
        return seconds(nanos);
    }

    private static int seconds(long nanos) {
        // Half open, and all probes are under way: soon it is known.
        long seconds = nanos == Long.MAX_VALUE ? 1 : (nanos + 999_999_999L) / 1_000_000_000L;
        return (int) Math.max(1, Math.min(Integer.MAX_VALUE, seconds));
    }

    /**
     * Chooses a target for an attempt, and counts it as under way there until {@link #ended}.
     *
     * <p>When all usable ones have failed for the request, an ejected one is tried: targets that are restarted one after
     * another are back long before their ejection is over, and then the last one is restarted.
     *
     * @param tried those that have failed for this request
     * @param same whether they come again when there are no others
     * @return null if no target may be used
     */
    public @Nullable PoolTarget pick(IoLoop loop, Exchange exchange, List<PoolTarget> tried, boolean same) {
        if (!same && !hasResort(tried)) {
            shard(loop).refused(FailureCode.UPSTREAM_UNAVAILABLE);
            return null;
        }
        return shard(loop).pick(due(), exchange, tried);
    }

    /** What may be picked now, with the breakers half open whose time is over. */
    private Selection due() {
        Selection now = selection;
        if (now.open().isEmpty()) {
            return now;
        }
        now.halfOpenDue();
        // Read again: a breaker that changes its state has the selection made anew.
        return selection;
    }

    /** Which target a client has; null if the pool has no sticky sessions. */
    public @Nullable Sessions sessions() {
        return sessions;
    }

    /**
     * Takes the target of a request's session for an attempt, as {@link #pick} does.
     *
     * @return false if the target may not be used, or refuses it
     */
    public boolean pickSession(IoLoop loop, PoolTarget target) {
        return shard(loop).pickSession(due(), target);
    }

    /** When a client whose session's target was refused should come again, in seconds; 0 if nobody knows. */
    public int sessionRetryAfterSeconds(PoolTarget target) {
        Breaker asked = target.breaker();
        if (target.isUsableInSession(selection.panics())) {
            return OVERLOAD_RETRY_SECONDS;
        }
        return asked != null && target.isOnly(Unusable.BREAKER_OPEN) ? seconds(asked.retryAfterNanos()) : 0;
    }

    /**
     * Lets another attempt follow on the same target, as {@link #pick} does.
     *
     * @return false if the target is not used any more, or refuses it
     */
    public boolean again(IoLoop loop, PoolTarget target) {
        // As in a session: what a target has may go on there when its weight becomes 0.
        return !target.client().isRetired()
                && target.isUsableInSession(selection.panics())
                && shard(loop).admits(target);
    }

    /** What the breaker of the target that was picked last gave to the attempt; null if it has none. */
    public @Nullable BreakerCall call(IoLoop loop) {
        return shard(loop).call();
    }

    /** Whether there is a usable target beside these. */
    public boolean hasOther(List<PoolTarget> tried) {
        return due().usable().hasOther(tried);
    }

    /** Whether there is a target beside these for a request that failed at all of them. */
    public boolean hasResort(List<PoolTarget> tried) {
        Selection now = due();
        return now.usable().hasOther(tried) || now.ejected().hasOther(tried);
    }

    /** The retries that this thread may make for requests to this pool. */
    public RetryBudget retries(IoLoop loop) {
        return shard(loop).retries();
    }

    /**
     * The head of an answer came.
     *
     * @param call {@link #call} of the attempt
     */
    public void answered(IoLoop loop, PoolTarget target, @Nullable BreakerCall call, int status, long nanos) {
        target.watch().answered(loop.index(), status);
        boolean failure = OutlierWatch.isFailure(status);
        if (Pickers.readLatency(config.loadBalancer())) {
            // An error or a refusal may come at once, and would draw all requests to a target that serves none.
            if (failure || status == 429) {
                target.latency().failed(nanos);
            } else {
                target.latency().answered(nanos);
            }
        }
        LimitMeter meter = target.meter();
        if (meter != null && (status == 503 || status == 429)) {
            meter.dropped(loop.index(), loop.now());
        } else if (meter != null && status < 500) {
            // An error may come at once, and would pass for the time of a target without a queue.
            meter.answered(loop.index(), nanos, target.inFlight(), loop.now());
        }
        if (call != null && failure) {
            call.failed(nanos);
        } else if (call != null) {
            call.succeeded(nanos);
        }
    }

    /**
     * The attempt failed through the target's doing or that of the way to it.
     *
     * @param call {@link #call} of the attempt
     */
    public void failed(IoLoop loop, PoolTarget target, @Nullable BreakerCall call, FailureCode code, long nanos) {
        target.watch().failed(loop.index(), code);
        if (Pickers.readLatency(config.loadBalancer())) {
            target.latency().failed(nanos);
        }
        LimitMeter meter = target.meter();
        if (meter != null && code.status() == 504) {
            meter.dropped(loop.index(), loop.now());
        }
        if (call != null) {
            call.failed(nanos);
        }
    }

    /**
     * Another target was asked later and answered first, and this one has answered nobody meanwhile. Not told to the limit: to
     * hang is no sign of too many requests.
     *
     * @param call {@link #call} of the attempt
     */
    public void overtaken(IoLoop loop, PoolTarget target, @Nullable BreakerCall call, long nanos) {
        target.watch().failed(loop.index(), FailureCode.UPSTREAM_ATTEMPT_TIMEOUT);
        if (Pickers.readLatency(config.loadBalancer())) {
            target.latency().failed(nanos);
        }
        if (call != null) {
            call.failed(nanos);
        }
    }

    /** Nothing of the attempt is under way any more; told once, after one of those above. */
    public void ended(PoolTarget target) {
        target.ended();
    }

    private PoolShard shard(IoLoop loop) {
        PoolShard shard = shards[loop.index()];
        UpstreamPool current = config;
        if (shard != null && shard.config() == current) {
            return shard;
        }
        // The turn goes on where it was after an update of something else.
        TierPickers pickers = shard != null && shard.config().loadBalancer().equals(current.loadBalancer())
                ? shard.pickers()
                : pickers(current, loop.index());
        PoolShard next = shard == null
                ? new PoolShard(current, pickers, new RetryBudget(current.retry(), loopCount))
                : shard.with(current, pickers);
        shards[loop.index()] = next;
        return next;
    }

    private TierPickers pickers(UpstreamPool current, int thread) {
        return new TierPickers(
                part -> Pickers.of(current, strategies, thread, seed + thread + (long) part * loopCount),
                new TierDraw(current.loadBalancer(), seed + thread));
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
        synchronized (this) {
            closed = true;
            if (watch != null) {
                watch.close();
                watch = null;
            }
        }
        targets().forEach(target -> target.client().close());
        home.execute(health::close);
    }
}
