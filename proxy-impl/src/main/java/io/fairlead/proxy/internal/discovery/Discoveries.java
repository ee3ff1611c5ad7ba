package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.internal.config.TargetList;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the target sources of one proxy again and again, and tells the pools what is new. Daemon threads do it, which begin with
 * the first source and end with the last: looking may block, and no I/O thread does. Two at most ask what the program has
 * registered, and two the other sources, which need not wait for code that hangs.
 */
public final class Discoveries implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Discoveries.class);
    private static final int THREADS = 2;
    private static final long IDLE_SECONDS = 10;

    private final String name;
    private final Map<String, TargetDiscovery> registered;
    private final NameResolver.Lookup lookup;

    /** Guarded by this: ask registered code. */
    private @Nullable ScheduledThreadPoolExecutor askers;

    /** Guarded by this: ask all else. */
    private @Nullable ScheduledThreadPoolExecutor builtIn;

    /** Guarded by this. */
    private boolean closed;

    /** Who hears of a source; on a thread of its own, never on two at a time. */
    public interface Listener {
        /** The targets that are there from now on, valid and at least one. */
        void found(List<Target> targets);

        /** The source fails, for this reason now. */
        void failed(String reason);

        /** It does not fail any more; comes before what was found. */
        void recovered();
    }

    /**
     * @param name of the proxy, for the threads
     * @param registered code by name
     */
    public Discoveries(String name, Map<String, TargetDiscovery> registered, NameResolver.Lookup lookup) {
        this.name = name;
        this.registered = registered;
        this.lookup = lookup;
    }

    /** Begins to ask a source, at once and off this thread. */
    public Watch watch(TargetSource source, Listener listener) {
        boolean code = source instanceof TargetSource.Registered;
        Watch watch = new Watch(finder(source), code, source.refresh().toNanos(), listener);
        watch.next(0);
        return watch;
    }

    private Finder finder(TargetSource source) {
        if (source instanceof TargetSource.File file) {
            return new FileFinder(Path.of(file.path()));
        }
        if (source instanceof TargetSource.Dns dns) {
            return new DnsFinder(dns.url(), lookup);
        }
        if (source instanceof TargetSource.DnsRecords records) {
            return byRecords(records);
        }
        String wanted = ((TargetSource.Registered) source).name();
        TargetDiscovery code = registered.get(wanted);
        if (code == null) {
            throw new IllegalStateException("no discovery is registered for " + source);
        }
        return () -> find(wanted, code);
    }

    /** Null has a meaning for finders only. */
    private static List<Target> find(String name, TargetDiscovery code) throws Exception {
        List<Target> found = code.find();
        if (found == null) {
            throw new IllegalStateException("discovery \"" + name + "\" gave null instead of targets");
        }
        for (Target target : found) {
            if (target == null) {
                throw new IllegalStateException("discovery \"" + name + "\" gave a null among its targets");
            }
        }
        return found;
    }

    private static Finder byRecords(TargetSource.DnsRecords records) {
        try {
            return new RecordFinder(records);
        } catch (IOException e) {
            throw new IllegalStateException("a name that the validator has let pass: " + records.query(), e);
        }
    }

    private synchronized @Nullable ScheduledThreadPoolExecutor executor(boolean code) {
        if (closed) {
            return null;
        }
        ScheduledThreadPoolExecutor known = code ? askers : builtIn;
        if (known != null) {
            return known;
        }
        ScheduledThreadPoolExecutor made = new ScheduledThreadPoolExecutor(THREADS, task -> {
            // As the resolver's threads: nothing of the application that began it is held.
            Thread thread = new Thread(null, task, "fairlead-" + name + "-discovery", 0, false);
            thread.setContextClassLoader(Discoveries.class.getClassLoader());
            thread.setDaemon(true);
            return thread;
        });
        made.setRemoveOnCancelPolicy(true);
        made.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        made.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        made.allowCoreThreadTimeOut(true);
        if (code) {
            askers = made;
        } else {
            builtIn = made;
        }
        return made;
    }

    /** Ends all looking. What is being told right now is still told. */
    @Override
    public synchronized void close() {
        closed = true;
        if (askers != null) {
            askers.shutdownNow();
            askers = null;
        }
        if (builtIn != null) {
            builtIn.shutdownNow();
            builtIn = null;
        }
    }

    /** The looks that are to come. */
    synchronized int pending() {
        return (askers == null ? 0 : askers.getQueue().size())
                + (builtIn == null ? 0 : builtIn.getQueue().size());
    }

    /** A source that is being asked, until closed. */
    public final class Watch implements AutoCloseable, Runnable {
        private final Finder finder;
        private final boolean code;
        private final long refreshNanos;
        private final Listener listener;
        private final CountDownLatch first = new CountDownLatch(1);
        private volatile boolean ended;

        /** Guarded by this: the look to come. */
        private @Nullable Future<?> next;

        // Of one look at a time; the executor hands them over.
        private @Nullable List<Target> last;
        private @Nullable String failure;

        private Watch(Finder finder, boolean code, long refreshNanos, Listener listener) {
            this.finder = finder;
            this.code = code;
            this.refreshNanos = refreshNanos;
            this.listener = listener;
        }

        private void next(long delayNanos) {
            ScheduledThreadPoolExecutor runs = executor(code);
            synchronized (this) {
                if (runs == null || ended) {
                    return;
                }
                try {
                    next = runs.schedule(this, delayNanos, TimeUnit.NANOSECONDS);
                } catch (RejectedExecutionException e) {
                    LOG.debug("closed meanwhile", e);
                }
            }
        }

        @Override
        public void run() {
            if (ended) {
                return;
            }
            try {
                look();
            } catch (Throwable e) {
                // Whatever it is, the next look comes.
                LOG.error("the listener of a target source failed", e);
            } finally {
                first.countDown();
                next(finder.pauseNanos(refreshNanos));
            }
        }

        private void look() {
            List<Target> found;
            try {
                found = finder.find();
                if (found == null) {
                    return;
                }
                TargetList.check(found);
            } catch (Throwable e) {
                // Code of others: an Error is no better an answer than an exception.
                if (!ended) {
                    failed(e);
                }
                return;
            }
            if (ended) {
                return;
            }
            if (failure != null) {
                failure = null;
                listener.recovered();
            }
            List<Target> now = List.copyOf(found);
            if (!now.equals(last)) {
                last = now;
                listener.found(now);
            }
        }

        private void failed(Throwable e) {
            String reason = e instanceof ConfigurationException wrong
                    ? "not valid: " + wrong.problems().get(0)
                    : e instanceof Error ? e.toString() : Objects.requireNonNullElse(e.getMessage(), e.toString());
            // Once for each reason: with a pause of seconds the log would hold nothing else.
            if (!reason.equals(failure)) {
                failure = reason;
                if (e instanceof Error) {
                    LOG.error("a target source failed", e);
                }
                listener.failed(reason);
            }
        }

        /** Waits until it was asked once, or for so long. */
        public void awaitFirst(long nanos) throws InterruptedException {
            if (!first.await(Math.max(0, nanos), TimeUnit.NANOSECONDS)) {
                LOG.warn("a target source has not answered yet; the proxy starts without its targets");
            }
        }

        @Override
        public void close() {
            Future<?> last;
            synchronized (this) {
                ended = true;
                last = next;
                next = null;
            }
            if (last != null) {
                // Else it would hold the pool until its time, and the threads.
                last.cancel(false);
            }
            first.countDown();
        }
    }
}
