package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one target: its addresses, how many connections and waiters it has, and for each I/O thread its own
 * connections. The limits hold for the proxy as a whole, never for a thread, so those two counters are shared by all threads;
 * everything else is per thread ({@link LoopTarget}).
 */
public final class ClientTarget implements AutoCloseable {

    private final String host;
    private final int port;

    /** The pool's settings of connections; an update changes them while connections stay. */
    private volatile UpstreamPool settings;

    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger queued = new AtomicInteger();

    /** Of the I/O threads, each made and read by its own thread; others read it only through {@link #snapshot}. */
    private final @Nullable LoopTarget[] loops;

    private volatile @Nullable List<InetSocketAddress> addresses;
    private volatile int goodAddress;

    /** Guarded by this: who waits for the first answer of the resolver. */
    private final Set<Runnable> unresolvedWaiters = new LinkedHashSet<>();

    /** Written under the lock: no answer comes any more, and no connection is kept. */
    private volatile boolean retired;

    private volatile boolean keepsIdle = true;

    private final NameResolver.Watch watch;

    /** What is under way for an exchange that has no connection yet. */
    public interface Pending {
        /** The exchange is over. */
        void cancel();

        /** Whether it waits for the target, and not for one of our own connections to become free. */
        boolean isConnecting();
    }

    public ClientTarget(Target target, UpstreamPool settings, int loopCount, NameResolver resolver) {
        URI url = URI.create(target.url());
        this.host = url.getHost();
        this.port = url.getPort() < 0 ? 80 : url.getPort();
        this.settings = settings;
        this.loops = new LoopTarget[loopCount];
        this.watch = resolver.watch(host, settings.dnsRefresh(), this::resolved);
    }

    String host() {
        return host;
    }

    /** Whether its pool has it no more. */
    public boolean isRetired() {
        return retired;
    }

    UpstreamPool settings() {
        return settings;
    }

    /** Other limits and times hold from now on; what is open or waits stays. */
    public void settings(UpstreamPool changed) {
        settings = changed;
    }

    /**
     * Gives the listener a connection.
     *
     * @param fresh whether a connection that was used before will not do
     * @param queues whether it may wait for a connection while all that are allowed are in use
     * @return what is under way; null if the listener was called already
     */
    public @Nullable Pending acquire(
            IoLoop loop, UpstreamListener listener, Duration connectTimeout, boolean fresh, boolean queues) {
        return loopTarget(loop).acquire(listener, connectTimeout, fresh, queues);
    }

    private LoopTarget loopTarget(IoLoop loop) {
        LoopTarget own = loops[loop.index()];
        if (own == null) {
            own = new LoopTarget(loop, this);
            register(loop.index(), own);
            if (retired) {
                // An exchange of the former configuration comes first on this thread; close() has not seen it.
                own.retire();
            }
        }
        return own;
    }

    /** Connections of this loop that wait for an exchange; called on it. */
    public int idle(IoLoop loop) {
        LoopTarget own = loops[loop.index()];
        return own == null ? 0 : own.idleCount();
    }

    /** Connections of this loop that an exchange has; called on it. */
    public int inUse(IoLoop loop) {
        LoopTarget own = loops[loop.index()];
        return own == null ? 0 : own.inUseCount();
    }

    /** The resolver's answer; an empty one if the name has none. */
    private void resolved(List<InetAddress> found) {
        List<InetSocketAddress> list = new ArrayList<>();
        for (InetAddress address : found) {
            list.add(new InetSocketAddress(address, port));
        }
        List<Runnable> waiters;
        synchronized (this) {
            addresses = List.copyOf(list);
            goodAddress = 0;
            waiters = List.copyOf(unresolvedWaiters);
            unresolvedWaiters.clear();
        }
        waiters.forEach(Runnable::run);
    }

    /** The addresses; null as long as the resolver has not answered. */
    @Nullable
    List<InetSocketAddress> addresses() {
        return addresses;
    }

    /** Calls the waiter once the resolver has answered, or once it is certain that it does not. */
    void whenResolved(Runnable waiter) {
        synchronized (this) {
            if (addresses == null && !retired) {
                unresolvedWaiters.add(waiter);
                return;
            }
        }
        waiter.run();
    }

    synchronized void waitsNoLonger(Runnable waiter) {
        unresolvedWaiters.remove(waiter);
    }

    /** The place in {@link #addresses} that took a connection last. */
    int goodAddress() {
        return goodAddress;
    }

    void goodAddress(int index) {
        if (goodAddress != index) {
            goodAddress = index;
        }
    }

    boolean tryOpen() {
        while (true) {
            int now = connections.get();
            if (now >= settings.maxConnectionsPerTarget()) {
                return false;
            }
            if (connections.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    boolean hasRoom() {
        return connections.get() < settings.maxConnectionsPerTarget();
    }

    void closed() {
        connections.decrementAndGet();
    }

    /** Connections open or being made. */
    public int connections() {
        return connections.get();
    }

    boolean tryQueue() {
        if (queued.incrementAndGet() > settings.maxQueued()) {
            queued.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Who was admitted before keeps that right, also if another took the place meanwhile. */
    void backToQueue() {
        queued.incrementAndGet();
    }

    void leftQueue() {
        queued.decrementAndGet();
    }

    /** Whether more wait than the {@code own} waiters of the thread that asks. */
    boolean othersQueued(int own) {
        return queued.get() > own;
    }

    private synchronized void register(int index, LoopTarget loopTarget) {
        loops[index] = loopTarget;
    }

    /** A permit is free: another thread that has waiters takes it. */
    void offerPermit(LoopTarget from) {
        for (LoopTarget other : snapshot()) {
            if (other != from && other.waiterHint() > 0) {
                other.loop().execute(other::serveWaiters);
                return;
            }
        }
    }

    /** The limit is reached: a thread that holds an idle connection closes it. */
    void askForIdle(LoopTarget from) {
        for (LoopTarget other : snapshot()) {
            if (other != from && other.idleHint() > 0) {
                other.loop().execute(other::closeOneIdle);
                return;
            }
        }
    }

    private synchronized List<LoopTarget> snapshot() {
        List<LoopTarget> list = new ArrayList<>();
        for (LoopTarget one : loops) {
            if (one != null) {
                list.add(one);
            }
        }
        return list;
    }

    /** Whether connections are kept after their exchange. If they are not, those that are idle are closed now. */
    public void keepIdle(boolean keep) {
        keepsIdle = keep;
        if (!keep) {
            for (LoopTarget one : snapshot()) {
                one.loop().execute(one::closeIdle);
            }
        }
    }

    boolean keepsIdle() {
        return keepsIdle;
    }

    /** All threads close what is idle, and what is at work once it is done; who waits for the resolver is told. */
    @Override
    public void close() {
        watch.close();
        List<Runnable> waiters;
        synchronized (this) {
            retired = true;
            waiters = List.copyOf(unresolvedWaiters);
            unresolvedWaiters.clear();
        }
        waiters.forEach(Runnable::run);
        for (LoopTarget one : snapshot()) {
            one.loop().execute(one::retire);
        }
    }
}
