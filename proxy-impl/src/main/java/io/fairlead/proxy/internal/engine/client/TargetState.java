package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.upstream.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What all I/O threads share of one target: its addresses, and how many connections and waiters it has. The limits hold
 * for the proxy as a whole, never for a thread, so these two counters are shared; everything else is per thread.
 */
final class TargetState {

    private final Target target;
    private final String host;
    private final int port;
    private final int maxConnections;
    private final int maxQueued;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger queued = new AtomicInteger();

    /** Of the I/O threads, each written by its own thread before it is published by a waiter or an idle connection. */
    private final @Nullable LoopTarget[] loops;

    private volatile @Nullable List<InetSocketAddress> addresses;
    private volatile int goodAddress;

    /** Guarded by this: who waits for the first answer of the resolver. */
    private final Set<Runnable> unresolvedWaiters = new LinkedHashSet<>();

    /** Guarded by this: no answer comes any more. */
    private boolean retired;

    TargetState(Target target, String host, int port, int maxConnections, int maxQueued, int loopCount) {
        this.target = target;
        this.host = host;
        this.port = port;
        this.maxConnections = maxConnections;
        this.maxQueued = maxQueued;
        this.loops = new LoopTarget[loopCount];
    }

    Target target() {
        return target;
    }

    String host() {
        return host;
    }

    /** The resolver's answer; an empty one if the name has none. */
    void resolved(List<InetAddress> found) {
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
            if (now >= maxConnections) {
                return false;
            }
            if (connections.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    boolean hasRoom() {
        return connections.get() < maxConnections;
    }

    void closed() {
        connections.decrementAndGet();
    }

    int connections() {
        return connections.get();
    }

    boolean tryQueue() {
        if (queued.incrementAndGet() > maxQueued) {
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

    synchronized void register(int index, LoopTarget loopTarget) {
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

    /** All threads close what is idle, and what is at work once it is done; who waits for the resolver is told. */
    void retire() {
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
