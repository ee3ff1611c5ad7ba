package io.fairlead.proxy.internal.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Resolves the names of targets off the I/O threads, again and again, and tells who watches a name when its addresses
 * change. A name that cannot be resolved any more keeps its last good addresses: a name server that is down must not take
 * the targets with it.
 *
 * <p>Two daemon threads at most, started with the first name and ended when there is none: both look names up, and one of
 * them waits for the next refresh. IP literals need neither. Each name is looked up by one thread at a time, so a name
 * server that does not answer holds up at most the other names, and never makes a queue grow.
 *
 * <p>The JVM caches addresses too ({@code networkaddress.cache.ttl}, 30 s by default); a shorter refresh sees that cache.
 */
public final class NameResolver implements AutoCloseable {
    /** Finds the addresses of a name; may block. */
    @FunctionalInterface
    public interface Lookup {
        /** The addresses, at least one. */
        InetAddress[] lookup(String host) throws UnknownHostException;
    }

    /** A name that is being watched, until closed. */
    public interface Watch extends AutoCloseable {
        /** Ends it. A change that is being reported right now is still reported; none after that. */
        @Override
        void close();
    }

    private static final Logger LOG = LoggerFactory.getLogger(NameResolver.class);
    private static final int THREADS = 2;
    private static final long IDLE_SECONDS = 10;
    private static final long FIRST_RETRY_NANOS = 1_000_000_000L;

    private final String name;
    private final Lookup lookup;
    private final LongSupplier nanoClock;

    /** Guards the fields below and those of each {@link WatchedName}; never held while a name is looked up or reported. */
    private final Object lock = new Object();

    private final Set<WatchedName> watched = new LinkedHashSet<>();
    private @Nullable ScheduledThreadPoolExecutor executor;
    private @Nullable Future<?> nextRefresh;
    private boolean closed;

    /**
     * A resolver without threads.
     *
     * @param name the proxy's name, for the threads
     * @param lookup usually {@code InetAddress::getAllByName}
     * @param nanoClock usually {@code System::nanoTime}
     */
    public NameResolver(String name, Lookup lookup, LongSupplier nanoClock) {
        this.name = name;
        this.lookup = lookup;
        this.nanoClock = nanoClock;
    }

    /**
     * Looks the name up at once and then after every {@code refresh}, counted from the end of the last lookup; every
     * second until the first address is found.
     *
     * @param host a name, or an IP literal, IPv6 with or without brackets
     * @param refresh time between two lookups
     * @param onChange gets the addresses, in the order of the answer, whenever their set differs from the last one, and an
     *     empty list if the first lookup fails; for
     *     a literal once and before this method returns, for a name on a thread of the resolver, never on two at a time
     * @throws IllegalArgumentException if the host looks like an IPv6 literal and is none
     */
    public Watch watch(String host, Duration refresh, Consumer<List<InetAddress>> onChange) {
        InetAddress literal = IpLiterals.parse(host);
        if (literal != null) {
            onChange.accept(List.of(literal));
            return () -> {};
        }
        WatchedName watch = new WatchedName(host, refresh.toNanos(), onChange);
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the resolver is closed");
            }
            watched.add(watch);
            lookUp(watch);
        }
        return watch;
    }

    /** Ends all watching and the threads, also those that are busy. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            watched.clear();
            if (executor != null) {
                executor.shutdownNow();
                executor = null;
            }
        }
    }

    /** Looks up each name whose time has come. */
    void refreshDue() {
        synchronized (lock) {
            long now = nanoClock.getAsLong();
            for (WatchedName watch : watched) {
                if (!watch.inLookup && watch.nextNanos - now <= 0) {
                    lookUp(watch);
                }
            }
            armRefresh();
        }
    }

    /** How many names are being looked up. */
    int inLookup() {
        synchronized (lock) {
            return (int) watched.stream().filter(watch -> watch.inLookup).count();
        }
    }

    /** Whether there is anything to run lookups on. */
    boolean hasThreads() {
        synchronized (lock) {
            return executor != null;
        }
    }

    /** Hands the name to a thread; with the lock held. */
    private void lookUp(WatchedName watch) {
        watch.inLookup = true;
        executor().execute(watch);
    }

    private ScheduledThreadPoolExecutor executor() {
        if (executor == null) {
            executor = new ScheduledThreadPoolExecutor(THREADS, task -> {
                // No inherited thread locals and no one's class loader: the thread must not hold the application that
                // happened to watch the first name.
                Thread thread = new Thread(null, task, "fairlead-" + name + "-dns", 0, false);
                thread.setContextClassLoader(NameResolver.class.getClassLoader());
                thread.setDaemon(true);
                return thread;
            });
            executor.setRemoveOnCancelPolicy(true);
            executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
            executor.allowCoreThreadTimeOut(true);
        }
        return executor;
    }

    /** Has {@link #refreshDue} run when the next name is due; with the lock held. */
    private void armRefresh() {
        if (nextRefresh != null) {
            nextRefresh.cancel(false);
            nextRefresh = null;
        }
        long now = nanoClock.getAsLong();
        long wait = Long.MAX_VALUE;
        for (WatchedName watch : watched) {
            if (!watch.inLookup) {
                wait = Math.min(wait, watch.nextNanos - now);
            }
        }
        if (wait != Long.MAX_VALUE && !closed) {
            nextRefresh = executor().schedule(this::refreshDue, Math.max(0, wait), TimeUnit.NANOSECONDS);
        }
    }

    private final class WatchedName implements Watch, Runnable {
        private final String host;
        private final long refreshNanos;
        private final Consumer<List<InetAddress>> onChange;
        private boolean inLookup;
        private long nextNanos;
        // The two below are written by one lookup at a time, and each is handed over by the lock.
        private List<InetAddress> addresses = List.of();
        private boolean failing;

        WatchedName(String host, long refreshNanos, Consumer<List<InetAddress>> onChange) {
            this.host = host;
            this.refreshNanos = refreshNanos;
            this.onChange = onChange;
        }

        @Override
        public void run() {
            try {
                found(lookup.lookup(host));
            } catch (UnknownHostException | RuntimeException e) {
                failed(e);
            } finally {
                synchronized (lock) {
                    inLookup = false;
                    // Without any address the targets are of no use until there is one.
                    long wait = addresses.isEmpty() ? Math.min(refreshNanos, FIRST_RETRY_NANOS) : refreshNanos;
                    nextNanos = nanoClock.getAsLong() + wait;
                    armRefresh();
                }
            }
        }

        private void found(InetAddress[] answer) throws UnknownHostException {
            if (answer.length == 0) {
                throw new UnknownHostException(host + ": no address");
            }
            if (failing) {
                failing = false;
                LOG.info("{} is resolved again", host);
            }
            List<InetAddress> now = List.copyOf(new LinkedHashSet<>(List.of(answer)));
            // A name server rotates its answers: another order is no change.
            if (now.size() == addresses.size() && new ArrayList<>(addresses).containsAll(now)) {
                return;
            }
            addresses = now;
            tell(now);
        }

        private void tell(List<InetAddress> now) {
            if (isWatched()) {
                try {
                    onChange.accept(now);
                } catch (RuntimeException e) {
                    LOG.error("The watcher of {} failed", host, e);
                }
            }
        }

        private void failed(Exception failure) {
            // Once per change of state: with a refresh of seconds the log would hold nothing else.
            if (!failing && isWatched()) {
                failing = true;
                LOG.warn("{} cannot be resolved; {} known addresses stay in use", host, addresses.size(), failure);
                if (addresses.isEmpty()) {
                    // Who waits for the first answer must not wait until a deadline of its own.
                    tell(addresses);
                }
            }
        }

        private boolean isWatched() {
            synchronized (lock) {
                return watched.contains(this);
            }
        }

        @Override
        public void close() {
            synchronized (lock) {
                watched.remove(this);
                armRefresh();
            }
        }
    }
}
