package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.time.TimerWheel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoFuture;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.StreamConnection;

/**
 * The connections of one I/O thread to one target: idle ones, the last used first, and the exchanges that wait for one.
 *
 * <p>The limit on connections is shared by all threads. Who frees a permit serves its own waiters first, but not more
 * than {@link #OWN_TURNS} times while another thread waits too; then it hands the permit over.
 */
final class LoopTarget {

    private static final Logger LOG = LoggerFactory.getLogger(LoopTarget.class);
    private static final OptionMap OPTIONS =
            OptionMap.builder().set(Options.TCP_NODELAY, true).getMap();
    private static final int OWN_TURNS = 8;

    private final IoLoop loop;
    private final ClientTarget state;
    private final ArrayDeque<Http1UpstreamConnection> idle = new ArrayDeque<>();
    private final ArrayDeque<Acquisition> waiters = new ArrayDeque<>();
    private final Set<Http1UpstreamConnection> all = new HashSet<>();
    private boolean retired;
    private int ownTurns;

    /** For other threads to look at; being late does no harm. */
    private volatile int idleHint;

    private volatile int waiterHint;

    LoopTarget(IoLoop loop, ClientTarget state) {
        this.loop = loop;
        this.state = state;
    }

    IoLoop loop() {
        return loop;
    }

    int idleHint() {
        return idleHint;
    }

    int waiterHint() {
        return waiterHint;
    }

    int idleCount() {
        return idle.size();
    }

    int inUseCount() {
        return all.size() - idle.size();
    }

    long idleNanos() {
        return state.settings().idleTimeout().toNanos();
    }

    long maxAgeNanos() {
        return state.settings().maxAge().toNanos();
    }

    int maxResponseHeaderBytes() {
        return state.settings().maxResponseHeaderBytes();
    }

    /**
     * Gives the listener a connection: an idle one at once, else a new one or one that becomes free.
     *
     * @param fresh whether one that was used before will not do, because such a one has just failed
     * @param queues whether it may wait for a connection while all that are allowed are in use
     * @return what is under way, to be cancelled when the exchange ends; null if the listener was called already
     */
    @Nullable
    Acquisition acquire(UpstreamListener listener, Duration connectTimeout, boolean fresh, boolean queues) {
        if (!fresh) {
            long now = loop.now();
            Http1UpstreamConnection connection;
            while ((connection = idle.pollLast()) != null) {
                if (connection.usable(now)) {
                    hints();
                    connection.lease(listener);
                    return null;
                }
                connection.close();
            }
            hints();
        } else {
            Http1UpstreamConnection oldest = idle.pollFirst();
            if (oldest != null) {
                oldest.close();
            }
        }
        Acquisition acquisition = new Acquisition(listener, connectTimeout, fresh);
        if (waiters.isEmpty() && state.tryOpen()) {
            acquisition.connect();
            return acquisition.settled ? null : acquisition;
        }
        if (!queues) {
            listener.failed(
                    FailureCode.UPSTREAM_QUEUE_TIMEOUT,
                    "no connection is free, and the time to wait is over",
                    true,
                    false);
            return null;
        }
        if (!state.tryQueue()) {
            listener.failed(
                    FailureCode.UPSTREAM_QUEUE_FULL,
                    "more than " + state.settings().maxQueued() + " exchanges wait",
                    true,
                    false);
            return null;
        }
        waiters.addLast(acquisition);
        acquisition.queued = true;
        hints();
        acquisition.queueDeadline = loop.now() + state.settings().queueTimeout().toNanos();
        loop.schedule(acquisition, acquisition.queueDeadline);
        Http1UpstreamConnection useless = fresh ? idle.pollFirst() : null;
        if (useless != null) {
            useless.close();
        } else if (idle.isEmpty()) {
            state.askForIdle(this);
        }
        // A permit may have become free between the look at it and the place in the queue.
        serveWaiters();
        return acquisition.settled ? null : acquisition;
    }

    /** Serves waiters of this thread as far as permits go. */
    void serveWaiters() {
        while (!waiters.isEmpty() && state.tryOpen()) {
            dequeue(waiters.removeFirst()).connect();
        }
        hints();
        if (waiters.isEmpty() && state.othersQueued(0) && state.hasRoom()) {
            // Who was offered this permit has left meanwhile; another thread would wait for it in vain.
            state.offerPermit(this);
        }
    }

    private Acquisition dequeue(Acquisition acquisition) {
        acquisition.queued = false;
        loop.remove(acquisition);
        state.leftQueue();
        return acquisition;
    }

    /** A connection has finished an exchange and can take another. */
    void idle(Http1UpstreamConnection connection) {
        boolean otherThreadsWait = state.othersQueued(waiters.size()) && (waiters.isEmpty() || ownTurns >= OWN_TURNS);
        if (retired || otherThreadsWait || (waiters.isEmpty() && !state.keepsIdle())) {
            ownTurns = 0;
            connection.close();
            return;
        }
        Acquisition next = waiters.peekFirst();
        if (next != null && next.fresh) {
            // It gets the permit of this one.
            ownTurns++;
            connection.close();
            return;
        }
        if (next != null) {
            waiters.removeFirst();
            ownTurns++;
            dequeue(next);
            hints();
            // Not in this call: the connection is in the middle of its last exchange's end.
            loop.later(() -> handOver(connection, next));
            return;
        }
        idle.addLast(connection);
        hints();
        // Who began to wait between the look at the queue and the hint has not seen this one and would wait in vain.
        if (state.othersQueued(0) && waiters.isEmpty()) {
            connection.close();
        }
    }

    private void handOver(Http1UpstreamConnection connection, Acquisition next) {
        if (connection.usable(loop.now())) {
            UpstreamListener listener = next.take();
            if (listener != null) {
                connection.lease(listener);
            } else {
                connection.close();
            }
            return;
        }
        if (next.listener == null) {
            connection.close();
            return;
        }
        // The same one goes back to where it was, with the time that it has left: the exchange knows it, to cancel it.
        state.backToQueue();
        waiters.addFirst(next);
        next.queued = true;
        hints();
        loop.schedule(next, next.queueDeadline);
        connection.close();
        serveWaiters();
        if (next.queued) {
            Http1UpstreamConnection oldest = idle.pollFirst();
            if (oldest != null) {
                oldest.close();
            } else {
                state.askForIdle(this);
            }
        }
    }

    /** A connection is closed: its permit goes to a waiter, here or in another thread. */
    void closed(Http1UpstreamConnection connection) {
        all.remove(connection);
        idle.remove(connection);
        hints();
        freePermit();
    }

    private void freePermit() {
        state.closed();
        if (!state.othersQueued(0)) {
            return;
        }
        if (state.othersQueued(waiters.size()) && (waiters.isEmpty() || ownTurns >= OWN_TURNS)) {
            ownTurns = 0;
            state.offerPermit(this);
        }
        if (!waiters.isEmpty()) {
            loop.later(this::serveWaiters);
        }
    }

    void closeOneIdle() {
        Http1UpstreamConnection oldest = idle.pollFirst();
        if (oldest != null) {
            oldest.close();
        } else if (state.othersQueued(waiters.size())) {
            // It was taken meanwhile; another thread may have one.
            state.askForIdle(this);
        }
    }

    void retire() {
        retired = true;
        closeIdle();
    }

    void closeIdle() {
        List.copyOf(idle).forEach(Http1UpstreamConnection::close);
    }

    private void hints() {
        if (idleHint != idle.size()) {
            idleHint = idle.size();
        }
        if (waiterHint != waiters.size()) {
            waiterHint = waiters.size();
        }
    }

    /** A connection on its way to an exchange: queued, then being made. Its timer is the queue's, then the connect's. */
    final class Acquisition extends TimerWheel.Timer implements ClientTarget.Pending {
        private @Nullable UpstreamListener listener;
        private final Duration connectTimeout;
        private final boolean fresh;
        private boolean queued;
        private long queueDeadline;
        private boolean connectBegun;
        private boolean settled;
        private int firstAddress;
        private int tried;
        private @Nullable IoFuture<StreamConnection> connecting;
        private @Nullable Runnable resolving;

        Acquisition(UpstreamListener listener, Duration connectTimeout, boolean fresh) {
            this.listener = listener;
            this.connectTimeout = connectTimeout;
            this.fresh = fresh;
        }

        @Nullable
        UpstreamListener take() {
            UpstreamListener taken = listener;
            listener = null;
            return taken;
        }

        /** The exchange is over. A connection that is being made is still made, for the next one. */
        @Override
        public void cancel() {
            listener = null;
            if (queued) {
                waiters.remove(this);
                dequeue(this);
                hints();
            }
        }

        @Override
        public boolean isConnecting() {
            return connectBegun && !settled;
        }

        /** Holds a permit from here on, until there is a connection or a failure. */
        private void connect() {
            connectBegun = true;
            if (!connectTimeout.isZero()) {
                loop.schedule(this, loop.now() + connectTimeout.toNanos());
            }
            if (state.addresses() == null) {
                Runnable waiter = () -> loop.execute(this::resolved);
                resolving = waiter;
                state.whenResolved(waiter);
            } else {
                resolved();
            }
        }

        private void resolved() {
            if (settled) {
                return;
            }
            List<InetSocketAddress> addresses = state.addresses();
            if (addresses == null || addresses.isEmpty()) {
                failed(FailureCode.UPSTREAM_NAME_NOT_RESOLVED, "no address for " + state.host());
                return;
            }
            firstAddress = Math.min(state.goodAddress(), addresses.size() - 1);
            tryNext(addresses);
        }

        private void tryNext(List<InetSocketAddress> addresses) {
            int index = (firstAddress + tried) % addresses.size();
            InetSocketAddress address = addresses.get(index);
            tried++;
            IoFuture<StreamConnection> future;
            try {
                future = loop.thread().openStreamConnection(address, null, OPTIONS);
            } catch (RuntimeException e) {
                // Such as an IPv6 address where the JVM is told to use IPv4 only.
                if (tried < addresses.size()) {
                    tryNext(addresses);
                } else {
                    failed(FailureCode.UPSTREAM_CONNECT_FAILED, address + ": " + e);
                }
                return;
            }
            connecting = future;
            future.addNotifier(
                    (done, ignored) -> loop.execute(() -> {
                        if (done.getStatus() == IoFuture.Status.DONE) {
                            connected(get(done), address, index);
                        } else if (!settled) {
                            if (tried < addresses.size()) {
                                tryNext(addresses);
                            } else {
                                IOException problem =
                                        done.getStatus() == IoFuture.Status.FAILED ? done.getException() : null;
                                failed(
                                        FailureCode.UPSTREAM_CONNECT_FAILED,
                                        address + ": " + (problem == null ? "cancelled" : problem.getMessage()));
                            }
                        }
                    }),
                    null);
        }

        private @Nullable StreamConnection get(IoFuture<? extends StreamConnection> done) {
            try {
                return done.get();
            } catch (IOException e) {
                LOG.debug("connected and lost", e);
                return null;
            }
        }

        private void connected(@Nullable StreamConnection connection, InetSocketAddress address, int index) {
            if (connection == null) {
                failed(FailureCode.UPSTREAM_CONNECT_FAILED, address + ": lost at once");
                return;
            }
            if (settled) {
                org.xnio.IoUtils.safeClose(connection);
                return;
            }
            settled = true;
            loop.remove(this);
            state.goodAddress(index);
            Http1UpstreamConnection made = new Http1UpstreamConnection(connection, loop, LoopTarget.this, address);
            all.add(made);
            UpstreamListener to = take();
            if (to != null) {
                made.lease(to);
            } else {
                made.park();
            }
        }

        private void failed(FailureCode code, String detail) {
            if (settled) {
                return;
            }
            settled = true;
            loop.remove(this);
            Runnable waiter = resolving;
            if (waiter != null) {
                state.waitsNoLonger(waiter);
            }
            UpstreamListener to = take();
            freePermit();
            if (to != null) {
                to.failed(code, detail, true, false);
            }
        }

        @Override
        protected void fire(long now) {
            if (queued) {
                waiters.remove(this);
                dequeue(this);
                hints();
                UpstreamListener to = take();
                if (to != null) {
                    to.failed(
                            FailureCode.UPSTREAM_QUEUE_TIMEOUT,
                            "no connection became free within "
                                    + state.settings().queueTimeout(),
                            true,
                            false);
                }
                return;
            }
            IoFuture<StreamConnection> running = connecting;
            failed(
                    state.addresses() == null
                            ? FailureCode.UPSTREAM_NAME_NOT_RESOLVED
                            : FailureCode.UPSTREAM_CONNECT_TIMEOUT,
                    "no connection within " + connectTimeout);
            if (running != null) {
                running.cancel();
            }
        }
    }
}
