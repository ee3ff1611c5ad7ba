package io.fairlead.proxy.internal.middleware;

import static java.util.Objects.requireNonNull;

import java.lang.reflect.Method;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs middleware that blocks: on at most 10,000 virtual threads where the JVM has them (21 and later), else on at most 200
 * threads with a queue of 1,000. What goes beyond is rejected at once, so that code which hangs cannot fill the memory.
 * Threads are daemons named {@code fairlead-<name>-blocking-N}; there is none before the first task.
 */
public final class BlockingExecutor implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BlockingExecutor.class);

    static final int VIRTUAL_THREADS = 10_000;
    static final int THREADS = 200;
    static final int QUEUE = 1_000;
    private static final int FIRST_WITH_VIRTUAL_THREADS = 21;
    private static final long IDLE_SECONDS = 10;

    private final String threadPrefix;
    /** The tasks that may still be taken; null where the pool and its queue do the counting. */
    private final @Nullable Semaphore permits;

    /** Guards making and ending {@link #executor}. */
    private final Object lock = new Object();

    private volatile @Nullable ExecutorService executor;
    private volatile boolean closed;

    /**
     * An executor that has no thread yet.
     *
     * @param name the proxy's name, for the threads
     */
    public BlockingExecutor(String name) {
        this.threadPrefix = "fairlead-" + name + "-blocking-";
        this.permits =
                Runtime.version().feature() >= FIRST_WITH_VIRTUAL_THREADS ? new Semaphore(VIRTUAL_THREADS) : null;
    }

    /**
     * Runs the task on a thread that may block.
     *
     * @throws RejectedExecutionException if too many are running and waiting, or after {@link #close}
     */
    @Override
    public void execute(Runnable task) {
        requireNonNull(task, "task");
        Semaphore permits = this.permits;
        if (permits == null) {
            executor().execute(() -> run(task));
            return;
        }
        if (!permits.tryAcquire()) {
            throw new RejectedExecutionException("blocking middleware: " + VIRTUAL_THREADS + " tasks are running");
        }
        boolean taken = false;
        try {
            executor().execute(() -> {
                try {
                    run(task);
                } finally {
                    permits.release();
                }
            });
            taken = true;
        } finally {
            if (!taken) {
                permits.release();
            }
        }
    }

    /** How many tasks are running or waiting. */
    public int tasks() {
        if (permits != null) {
            return VIRTUAL_THREADS - permits.availablePermits();
        }
        return executor instanceof ThreadPoolExecutor pool
                ? pool.getActiveCount() + pool.getQueue().size()
                : 0;
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            // Else it would go to the host's uncaught handler, which by default is the error stream.
            LOG.error("A task of blocking middleware failed", failure);
        }
    }

    /** Interrupts what is running, drops what is waiting without running it, and takes nothing more. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            if (executor != null) {
                executor.shutdownNow();
            }
        }
    }

    private ExecutorService executor() {
        ExecutorService made = executor;
        if (made != null) {
            return made;
        }
        synchronized (lock) {
            if (closed) {
                throw new RejectedExecutionException("blocking middleware: the proxy is closed");
            }
            made = executor;
            if (made == null) {
                made = permits == null ? pool() : virtualThreads();
                executor = made;
            }
            return made;
        }
    }

    private ExecutorService pool() {
        AtomicLong number = new AtomicLong();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE), task -> {
                    Thread thread = new Thread(null, task, threadPrefix + number.incrementAndGet(), 0, false);
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** By reflection, because the code is compiled for Java 17. */
    private ExecutorService virtualThreads() {
        try {
            // Methods of the public interface: the builder's own class is not accessible.
            Class<?> builderType = Class.forName("java.lang.Thread$Builder");
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            builder = builderType.getMethod("name", String.class, long.class).invoke(builder, threadPrefix, 1L);
            builder = builderType
                    .getMethod("inheritInheritableThreadLocals", boolean.class)
                    .invoke(builder, false);
            Object factory = builderType.getMethod("factory").invoke(builder);
            Method newExecutor = Executors.class.getMethod("newThreadPerTaskExecutor", ThreadFactory.class);
            return (ExecutorService) newExecutor.invoke(null, factory);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Java " + Runtime.version() + " has no virtual threads", e);
        }
    }
}
