package io.fairlead.proxy.internal.lifecycle;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Drain;
import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.internal.config.Validator;
import io.fairlead.proxy.internal.discovery.Discoveries;
import io.fairlead.proxy.internal.engine.exchange.DrainWatch;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.exchange.Snapshot;
import io.fairlead.proxy.internal.engine.exchange.SnapshotCompiler;
import io.fairlead.proxy.internal.engine.listener.ListenerContext;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.lifecycle.BoundListeners.Bound;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.internal.resilience.Breaker;
import io.fairlead.proxy.internal.response.PageContents;
import io.fairlead.proxy.internal.route.RouteTable;
import io.fairlead.proxy.internal.time.Nanos;
import io.fairlead.proxy.internal.time.Uninterrupted;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.route.Explanation;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.route.RouteAction;
import io.fairlead.proxy.spi.Registrations;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A proxy: its life from {@link #start} to {@link #stop}, and the configuration in force.
 *
 * <p>The lock of this object guards the life and the configuration: start, update and the beginning of a stop come one after
 * the other. Nobody who holds it waits for an I/O thread or calls user code, because middleware may ask for the configuration
 * or update it on an I/O thread. {@code stopping} is held for as long as a stop waits, so that a second one waits for the first;
 * it is taken before the other, and never on an I/O thread. The path takes neither; it reads {@code snapshot}, a volatile.
 */
final class EngineProxy implements ReverseProxy {

    private static final Logger LOG = LoggerFactory.getLogger(EngineProxy.class);
    private static final DrainReport NOTHING = new DrainReport(0, 0, List.of(), Duration.ZERO);
    private static final int CUTS_IN_LOG = 10;
    private static final Duration SOURCE_PATIENCE = Duration.ofSeconds(5);

    private enum State {
        NEW,
        RUNNING,
        CLOSED
    }

    private final Registrations registrations;
    private final EngineServices services;
    private final NameResolver resolver;
    private final Discoveries discoveries;
    private final SnapshotCompiler compiler;
    private final AtomicInteger openConnections = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);

    private final Object stopping = new Object();

    private State state = State.NEW;
    private volatile ProxyConfig config;
    private volatile @Nullable IoWorker worker;
    private Map<String, RunningPool> pools = Map.of();
    /** Changed with the lock held. */
    private final BoundListeners listeners = new BoundListeners(this::context);

    /** Guarded by this: by id, what keeps those routes of the configuration out of use that are drained. */
    private Map<String, Object> drainedRoutes = Map.of();

    /** Guarded by this: what the error pages of the configuration show. */
    private PageContents pageContents = PageContents.NONE;

    /** Guarded by this: the drains that are not over. */
    private final List<RunningDrain> drains = new ArrayList<>();

    private volatile boolean ready;
    private volatile @Nullable Snapshot snapshot;
    private volatile @Nullable CountDownLatch drained;

    EngineProxy(ProxyConfig config, Registrations registrations) {
        this.config = config;
        this.registrations = registrations;
        this.services =
                new EngineServices(registrations.exchangeListeners(), new BlockingExecutor(registrations.name()));
        this.resolver = new NameResolver(registrations.name(), InetAddress::getAllByName, System::nanoTime);
        this.discoveries =
                new Discoveries(registrations.name(), registrations.discoveries(), InetAddress::getAllByName);
        this.compiler = new SnapshotCompiler(registrations, resolver, discoveries);
    }

    Registrations registrations() {
        return registrations;
    }

    @Override
    public ReverseProxy start() {
        try {
            openNow();
            awaitTargets();
            bindNow();
        } catch (StartFailedException e) {
            stopNow(Duration.ZERO);
            throw e.reason;
        }
        tell(LifecycleListener.Event.STARTED);
        return this;
    }

    private synchronized void openNow() throws StartFailedException {
        if (state != State.NEW) {
            throw new IllegalStateException(
                    state == State.RUNNING ? "the proxy was started before" : "the proxy is closed");
        }
        IoWorker started = new IoWorker(registrations.name(), registrations.ioThreads());
        worker = started;
        state = State.RUNNING;
        try {
            pools = compiler.openPools(
                    config, Map.of(), started.loops(), started.loops().size());
            pageContents = SnapshotCompiler.readPages(config, PageContents.NONE);
            snapshot = compiler.compile(config, pools, drainedRoutes.keySet(), pageContents);
        } catch (RuntimeException e) {
            throw new StartFailedException(e);
        }
    }

    private synchronized void bindNow() throws StartFailedException {
        IoWorker started = worker;
        try {
            if (state != State.RUNNING || started == null) {
                throw new IllegalStateException("the proxy was closed while it started");
            }
            // An update that came meanwhile has bound its listeners.
            listeners.replace(listeners.bind(config, started), config, started);
            ready = true;
        } catch (RuntimeException e) {
            throw new StartFailedException(e);
        }
    }

    /** The first client must not find a pool empty only because its source is being asked. Without the lock. */
    private void awaitTargets() {
        List<RunningPool> opened;
        synchronized (this) {
            opened = List.copyOf(pools.values());
        }
        long deadline = System.nanoTime() + SOURCE_PATIENCE.toNanos();
        try {
            for (RunningPool pool : opened) {
                pool.awaitTargets(deadline - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A start that has begun and must be taken back. */
    private static final class StartFailedException extends Exception {
        private static final long serialVersionUID = 1;

        private final RuntimeException reason;

        StartFailedException(RuntimeException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    private Snapshot current() {
        Snapshot now = snapshot;
        if (now == null) {
            throw new IllegalStateException("the proxy was not started");
        }
        return now;
    }

    // ---- configuration

    private ListenerContext context(Listener listener) {
        return new ListenerContext(
                listener, running().loops().size(), this::current, services, openConnections, this::lastClosed);
    }

    @Override
    public void update(ProxyConfig next) {
        requireNone(Validator.validate(next, registrations));
        if (updateNow(next)) {
            tell(LifecycleListener.Event.UPDATED);
        }
    }

    private static void requireNone(List<Problem> problems) {
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
    }

    /** Whether the proxy runs with it now; else it will once it is started. */
    private synchronized boolean updateNow(ProxyConfig next) {
        IoWorker running = worker;
        if (state == State.CLOSED) {
            throw new IllegalStateException("the proxy is closed");
        }
        if (state == State.NEW || running == null) {
            config = next;
            return false;
        }
        Map<String, RunningPool> oldPools = pools;
        Map<String, RunningPool> newPools = compiler.openPools(
                next, oldPools, running.loops(), running.loops().size());
        Map<String, Object> stillDrained = new HashMap<>(drainedRoutes);
        stillDrained.keySet().retainAll(next.routes().stream().map(Route::id).collect(Collectors.toSet()));
        PageContents newContents;
        Snapshot compiled;
        List<Bound> bound;
        try {
            newContents = SnapshotCompiler.readPages(next, pageContents);
            compiled = compiler.compile(next, newPools, stillDrained.keySet(), newContents);
            // Last of what may fail: once the listeners are there, nothing has to be taken back.
            bound = listeners.bind(next, running);
        } catch (RuntimeException | Error e) {
            SnapshotCompiler.closeMissing(newPools, oldPools);
            throw e;
        }
        SnapshotCompiler.updatePools(next, newPools);
        snapshot = compiled;
        pageContents = newContents;
        drainedRoutes = stillDrained;
        pools = newPools;
        config = next;
        listeners.replace(bound, next, running);
        SnapshotCompiler.closeMissing(oldPools, newPools);
        return true;
    }

    @Override
    public void addTarget(String pool, Target target) {
        change(pool, before -> LiveEdits.addTarget(before, target));
    }

    @Override
    public void removeTarget(String pool, String url) {
        change(pool, before -> LiveEdits.removeTarget(before, url));
    }

    @Override
    public void setWeight(String pool, String url, int weight) {
        change(pool, before -> LiveEdits.setWeight(before, url, weight));
    }

    /** An update of one pool, which leaves the snapshot as it is. */
    private void change(String name, UnaryOperator<UpstreamPool> change) {
        if (changeNow(name, change)) {
            tell(LifecycleListener.Event.UPDATED);
        }
    }

    private synchronized boolean changeNow(String name, UnaryOperator<UpstreamPool> change) {
        if (state == State.CLOSED) {
            throw new IllegalStateException("the proxy is closed");
        }
        UpstreamPool after = change.apply(LiveEdits.pool(config, name));
        ProxyConfig next = config.toBuilder().replacePool(after).build();
        requireNone(Validator.validateChange(next, registrations));
        config = next;
        RunningPool running = pools.get(name);
        if (running != null) {
            running.update(after, next.zone().orElse(null));
        }
        return state == State.RUNNING;
    }

    @Override
    public void setShare(String routeId, String pool, int weight) {
        if (setShareNow(routeId, requireNonNull(pool, "pool"), weight)) {
            tell(LifecycleListener.Event.UPDATED);
        }
    }

    private synchronized boolean setShareNow(String routeId, String pool, int weight) {
        if (state == State.CLOSED) {
            throw new IllegalStateException("the proxy is closed");
        }
        Route route = LiveEdits.route(config, routeId);
        RouteAction changed = LiveEdits.setShare(route, pool, weight);
        requireNone(Validator.validateChange(LiveEdits.with(config, route, changed), registrations));
        if (state == State.RUNNING) {
            route(route, changed);
        } else {
            config = LiveEdits.with(config, route, changed);
        }
        return state == State.RUNNING;
    }

    @Override
    public ProxyConfig config() {
        return config;
    }

    @Override
    public List<InetSocketAddress> addresses() {
        return listeners.addresses();
    }

    @Override
    public Explanation explain(String method, String host, String target, Map<String, String> headers) {
        Snapshot now = snapshot;
        RouteTable routes = now == null ? RouteTable.compile(config().routes()) : now.routes();
        return routes.explain(new QuestionedRequest(method, host, target, headers), InetAddress.getLoopbackAddress());
    }

    @Override
    public List<PoolStatus> pools() {
        List<RunningPool> opened;
        synchronized (this) {
            opened = List.copyOf(pools.values());
        }
        return opened.stream().map(RunningPool::status).toList();
    }

    @Override
    public List<RateLimitCounts> rateLimits() {
        Snapshot now = snapshot;
        return now == null ? List.of() : now.rateLimits();
    }

    @Override
    public boolean isReady() {
        return ready;
    }

    // ---- drains of a part

    private synchronized List<ListenerContext> contexts() {
        return listeners.contexts();
    }

    private synchronized IoWorker running() {
        IoWorker running = worker;
        if (state != State.RUNNING || running == null) {
            throw new IllegalStateException(state == State.NEW ? "the proxy was not started" : "the proxy is closed");
        }
        return running;
    }

    /**
     * Begins the drain of what was just taken out of use, in one step with that; with the lock held.
     *
     * @param hold what keeps it out of use; a part that is drained again has one for all of its drains
     */
    private RunningDrain begin(RunningDrain.Subject subject, Object hold, Duration timeout) {
        RunningDrain drain =
                new RunningDrain(running(), this::contexts, subject, hold, timeout, this::undo, this::over);
        drains.add(drain);
        drain.begin();
        return drain;
    }

    private synchronized void over(RunningDrain drain) {
        drains.remove(drain);
    }

    private void undo(RunningDrain drain) {
        if (undoNow(drain)) {
            tell(LifecycleListener.Event.UPDATED);
        }
    }

    /** Whether that has changed the configuration. */
    private synchronized boolean undoNow(RunningDrain drain) {
        if (drain.isUndone()) {
            return false;
        }
        running();
        List<RunningDrain> ending = new ArrayList<>(drains);
        ending.removeIf(one -> one.hold() != drain.hold());
        if (!ending.contains(drain)) {
            ending.add(drain);
        }
        ending.forEach(RunningDrain::halt);
        boolean updated;
        try {
            updated = drain.subject().undo();
        } catch (RuntimeException | Error e) {
            ending.forEach(RunningDrain::resume);
            throw e;
        }
        ending.forEach(RunningDrain::end);
        return updated;
    }

    @Override
    public synchronized Drain drainListener(InetSocketAddress address, Duration timeout) {
        requireNonNull(timeout, "timeout");
        IoWorker running = running();
        Bound one = listeners.at(address);
        Object hold = listeners.drain(one);
        Drain drain = begin(
                new RunningDrain.Subject() {
                    @Override
                    public boolean concerns(ListenerContext listener, ProxyExchange exchange) {
                        return listener == one.context();
                    }

                    @Override
                    public boolean isIdle() {
                        return one.context().isEmpty();
                    }

                    @Override
                    public boolean undo() {
                        listeners.undrain(one, hold, running);
                        return false;
                    }
                },
                hold,
                timeout);
        one.context().drain(running);
        return drain;
    }

    @Override
    public synchronized Drain drainRoute(String routeId, Duration timeout) {
        requireNonNull(timeout, "timeout");
        running();
        LiveEdits.route(config, routeId);
        Object known = drainedRoutes.get(routeId);
        Object hold = known == null ? new Object() : known;
        if (known == null) {
            Map<String, Object> changed = new HashMap<>(drainedRoutes);
            changed.put(routeId, hold);
            markDrained(changed);
        }
        return begin(
                new RunningDrain.Subject() {
                    @Override
                    public boolean concerns(ListenerContext listener, ProxyExchange exchange) {
                        return routeId.equals(exchange.route());
                    }

                    @Override
                    public boolean cutsFormerOnly() {
                        return true;
                    }

                    @Override
                    public boolean isIdle() {
                        return true;
                    }

                    @Override
                    public boolean undo() {
                        Map<String, Object> changed = new HashMap<>(drainedRoutes);
                        if (changed.remove(routeId, hold)) {
                            markDrained(changed);
                        }
                        return false;
                    }
                },
                hold,
                timeout);
    }

    /** These routes are drained from now on; with the lock held. */
    private void markDrained(Map<String, Object> routes) {
        snapshot = compiler.compile(config, pools, routes.keySet(), pageContents);
        drainedRoutes = routes;
    }

    @Override
    public Drain switchRoute(String routeId, String pool, Duration timeout) {
        Drain drain = switchNow(routeId, pool, requireNonNull(timeout, "timeout"));
        tell(LifecycleListener.Event.UPDATED);
        return drain;
    }

    private synchronized Drain switchNow(String routeId, String pool, Duration timeout) {
        running();
        Route route = LiveEdits.route(config, routeId);
        RouteAction former = route.action().orElse(null);
        if (former == null || LiveEdits.upstreams(former).isEmpty()) {
            throw new IllegalArgumentException("route \"" + routeId + "\" answers by itself");
        }
        RunningPool next = pools.get(pool);
        if (next == null) {
            throw new IllegalArgumentException("no pool has the name \"" + pool + "\"");
        }
        RouteAction.To changed = new RouteAction.To(Upstream.ref(pool));
        requireNone(Validator.validateChange(LiveEdits.with(config, route, changed), registrations));
        route(route, changed);
        return begin(
                new RunningDrain.Subject() {
                    @Override
                    public boolean concerns(ListenerContext listener, ProxyExchange exchange) {
                        return routeId.equals(exchange.route()) && exchange.pool() != next;
                    }

                    @Override
                    public boolean cutsFormerOnly() {
                        return true;
                    }

                    @Override
                    public boolean isIdle() {
                        return true;
                    }

                    @Override
                    public boolean undo() {
                        return switchBack(routeId, changed, former);
                    }
                },
                new Object(),
                timeout);
    }

    /**
     * Whether the route still went where it was switched to, and what it went to before is still there; with the lock held.
     *
     * @throws ConfigurationException if what it went to before does not go with what an update has made of the rest
     */
    private boolean switchBack(String routeId, RouteAction from, RouteAction to) {
        Route now = config.routes().stream()
                .filter(one -> one.id().equals(routeId))
                .findFirst()
                .orElse(null);
        boolean there = LiveEdits.upstreams(to).stream()
                .allMatch(one -> one instanceof UpstreamRef ref
                        && (pools.containsKey(ref.name())
                                || registrations.handlers().containsKey(ref.name())));
        if (now == null || !there || !now.action().equals(Optional.of(from)) || from.equals(to)) {
            return false;
        }
        requireNone(Validator.validateChange(LiveEdits.with(config, now, to), registrations));
        route(now, to);
        return true;
    }

    /** Puts the route with another action in force; with the lock held. */
    private void route(Route route, RouteAction action) {
        ProxyConfig next = LiveEdits.with(config, route, action);
        snapshot = compiler.compile(next, pools, drainedRoutes.keySet(), pageContents);
        config = next;
    }

    @Override
    public synchronized Drain drainTarget(String pool, String url, Duration timeout) {
        requireNonNull(timeout, "timeout");
        running();
        RunningPool of = pools.get(pool);
        if (of == null) {
            throw new IllegalArgumentException("no pool has the name \"" + pool + "\"");
        }
        PoolTarget target = of.targets().stream()
                .filter(one -> one.target().url().equals(url))
                .findFirst()
                .orElseThrow(() -> noTarget(pool, url));
        Object hold = of.drain(url);
        if (hold == null) {
            throw noTarget(pool, url);
        }
        return begin(
                new RunningDrain.Subject() {
                    @Override
                    public boolean concerns(ListenerContext listener, ProxyExchange exchange) {
                        return exchange.busyTarget() == target;
                    }

                    @Override
                    public boolean isIdle() {
                        return target.inFlight() == 0;
                    }

                    @Override
                    public boolean counts() {
                        return true;
                    }

                    @Override
                    public void drained(DrainReport report) {
                        of.drained(target, report.finished() + " requests finished, " + report.cut() + " were cut");
                    }

                    @Override
                    public boolean undo() {
                        of.undrain(url, hold);
                        return false;
                    }
                },
                hold,
                timeout);
    }

    private static IllegalArgumentException noTarget(String pool, String url) {
        return new IllegalArgumentException("pool \"" + pool + "\" has no target \"" + url + "\"");
    }

    @Override
    public void circuitBreaker(String pool, CircuitBreaker.State wanted) {
        force(pool, "", wanted);
    }

    @Override
    public void circuitBreaker(String pool, String targetUrl, CircuitBreaker.State wanted) {
        force(pool, requireNonNull(targetUrl, "targetUrl"), wanted);
    }

    private void force(String pool, String targetUrl, CircuitBreaker.State wanted) {
        RunningPool found;
        synchronized (this) {
            if (state != State.RUNNING) {
                throw new IllegalStateException("the proxy does not run");
            }
            found = pools.get(requireNonNull(pool, "pool"));
        }
        Breaker breaker = found == null ? null : found.breaker(targetUrl);
        if (breaker == null) {
            throw new IllegalArgumentException(
                    "pool: \"" + pool + "\"" + (targetUrl.isEmpty() ? "" : ", targetUrl: \"" + targetUrl + "\"")
                            + (found == null
                                    ? " (expected: a pool of this proxy)"
                                    : " (expected: one with a circuit breaker)"));
        }
        switch (requireNonNull(wanted, "state")) {
            case FORCED_OPEN -> breaker.forceOpen();
            case DISABLED -> breaker.disable();
            case CLOSED -> breaker.reset();
            case OPEN, HALF_OPEN ->
                throw new IllegalArgumentException(
                        "state: " + wanted + " (expected one of: FORCED_OPEN, DISABLED, CLOSED)");
        }
    }

    // ---- the end

    private void lastClosed() {
        CountDownLatch waiting = drained;
        if (waiting != null) {
            waiting.countDown();
        }
    }

    /** A stop waits for the I/O threads; on one of them it would wait for itself. Asked before the lock is taken. */
    private void refuseOnIoThread() {
        IoWorker running = worker;
        if (running != null && running.loops().stream().anyMatch(IoLoop::inLoop)) {
            throw new IllegalStateException("stop() must not be called on an I/O thread of the proxy, such as in a"
                    + " listener or a middleware: call it on another thread");
        }
    }

    @Override
    public DrainReport stop(Duration timeout) {
        requireNonNull(timeout, "timeout");
        refuseOnIoThread();
        return stopNow(timeout);
    }

    private DrainReport stopNow(Duration timeout) {
        synchronized (stopping) {
            List<Bound> all;
            List<RunningPool> opened;
            boolean ran;
            Duration delay;
            synchronized (this) {
                if (state == State.CLOSED) {
                    return NOTHING;
                }
                ran = state == State.RUNNING;
                delay = ready ? config.stopDelay() : Duration.ZERO;
                ready = false;
                state = State.CLOSED;
                all = listeners.takeAll();
                opened = List.copyOf(pools.values());
            }
            // From here on nobody else can end it, so that nothing that fails may keep a thread or a socket open.
            try {
                IoWorker running = ran ? worker : null;
                return running == null ? NOTHING : end(running, all, opened, Nanos.of(delay), Nanos.of(timeout));
            } finally {
                ended();
            }
        }
    }

    private DrainReport end(
            IoWorker running, List<Bound> all, List<RunningPool> opened, long delayNanos, long timeoutNanos) {
        try {
            tell(LifecycleListener.Event.DRAINING);
            long begunAt = System.nanoTime();
            all.forEach(one -> one.context().leave());
            long openNanos = Math.min(delayNanos, timeoutNanos);
            if (openNanos > 0) {
                pause(openNanos);
            }
            all.forEach(Bound::close);
            CountDownLatch waiting = new CountDownLatch(1);
            drained = waiting;
            DrainWatch watch = new DrainWatch(() -> {});
            // What is under way now, before anything is told to end: who sees one thread's connections close may end
            // what another thread has. Nothing more begins on a connection that drains.
            running.onEachLoop(
                    loop -> all.forEach(one -> one.context().exchanges(loop).forEach(watch::add)));
            all.forEach(one -> one.context().drain(running));
            if (openConnections.get() > 0) {
                await(waiting, timeoutNanos - openNanos);
            }
            for (Bound one : all) {
                one.context().stopNow(running, watch);
            }
            DrainReport report = watch.report(Duration.ofNanos(System.nanoTime() - begunAt), false);
            tellCut(report);
            return report;
        } finally {
            all.forEach(Bound::close);
            opened.forEach(RunningPool::close);
            // What the pools have handed to their threads is done before these end.
            running.onEachLoop(loop -> {});
            running.close();
        }
    }

    /** Frees what is left once the I/O threads have ended, and tells who waits. */
    private void ended() {
        List<RunningDrain> open;
        synchronized (this) {
            open = List.copyOf(drains);
            drains.clear();
            pools = Map.of();
        }
        open.forEach(RunningDrain::proxyStopped);
        listeners.clear();
        discoveries.close();
        resolver.close();
        services.blocking().close();
        closed.countDown();
        tell(LifecycleListener.Event.STOPPED);
    }

    private static void tellCut(DrainReport report) {
        if (!report.isClean()) {
            LOG.warn(
                    "{} exchanges were cut by the stop, {} finished; among them {}",
                    report.cut(),
                    report.finished(),
                    report.cuts().stream().limit(CUTS_IN_LOG).toList());
        }
    }

    /** How many listeners that an update took away are kept because they had connections then. */
    synchronized int leavingListeners() {
        return listeners.leaving();
    }

    /** What the proxy has in use at this moment; all zero once it is idle. */
    Usage usage() {
        AtomicInteger buffers = new AtomicInteger();
        AtomicInteger upstreamsInUse = new AtomicInteger();
        AtomicInteger upstreamsIdle = new AtomicInteger();
        AtomicInteger timers = new AtomicInteger();
        IoWorker running;
        List<RunningPool> opened;
        synchronized (this) {
            running = state == State.RUNNING ? worker : null;
            opened = List.copyOf(pools.values());
        }
        if (running != null) {
            running.onEachLoop(loop -> {
                int idle = 0;
                int own = 0;
                for (RunningPool pool : opened) {
                    idle += pool.idle(loop);
                    own += pool.timers(loop);
                    upstreamsInUse.addAndGet(pool.inUse(loop));
                }
                buffers.addAndGet(loop.buffersInUse());
                upstreamsIdle.addAndGet(idle);
                timers.addAndGet(loop.timerCount() - own);
            });
        }
        return new Usage(buffers.get(), openConnections.get(), upstreamsInUse.get(), upstreamsIdle.get(), timers.get());
    }

    /** Lets load balancers in front find out that the proxy is not ready; on the thread that stops it. */
    private static void pause(long nanos) {
        Uninterrupted.await(nanos, left -> {
            TimeUnit.NANOSECONDS.sleep(left);
            return true;
        });
    }

    private static void await(CountDownLatch latch, long nanos) {
        if (!Uninterrupted.await(latch, nanos)) {
            LOG.debug("exchanges are cut after {} ms", TimeUnit.NANOSECONDS.toMillis(nanos));
        }
    }

    @Override
    public void close() {
        stop(config().stopTimeout());
    }

    @Override
    public void await() throws InterruptedException {
        closed.await();
    }

    private void tell(LifecycleListener.Event event) {
        for (LifecycleListener listener : registrations.lifecycleListeners()) {
            try {
                listener.onEvent(event);
            } catch (RuntimeException e) {
                LOG.warn("a lifecycle listener failed", e);
            }
        }
    }
}
