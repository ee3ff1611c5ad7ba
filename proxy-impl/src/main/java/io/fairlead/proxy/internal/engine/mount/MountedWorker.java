package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.internal.engine.exchange.Snapshot;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.upstream.RunningPool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.XnioIoThread;
import org.xnio.XnioWorker;

/** What a mounted proxy has on the I/O threads of one server: a loop for each, and connections to the targets. */
final class MountedWorker {

    private static final Logger LOG = LoggerFactory.getLogger(MountedWorker.class);

    private final XnioWorker worker;
    private final Map<String, RunningPool> pools;
    private final Snapshot snapshot;

    /** Each place is written by its own thread, once. */
    private final AtomicReferenceArray<IoLoop> loops;

    /** For each I/O thread the exchanges that it has; each set belongs to its thread. */
    private final List<Set<MountedStream>> streams = new ArrayList<>();

    /** @param first the loop of the thread that runs this */
    MountedWorker(XnioWorker worker, IoLoop first, Map<String, RunningPool> pools, Snapshot snapshot) {
        this.worker = worker;
        this.pools = pools;
        this.snapshot = snapshot;
        int count = worker.getIoThreadCount();
        this.loops = new AtomicReferenceArray<>(count);
        loops.set(first.index(), first);
        for (int i = 0; i < count; i++) {
            streams.add(new HashSet<>());
        }
    }

    Snapshot snapshot() {
        return snapshot;
    }

    boolean isGone() {
        return worker.isShutdown();
    }

    /** The loop of this thread; called on it. */
    IoLoop loop(XnioIoThread thread) {
        IoLoop loop = loops.get(thread.getNumber());
        if (loop == null) {
            loop = new IoLoop(thread, thread.getNumber());
            loops.set(thread.getNumber(), loop);
        }
        return loop;
    }

    void opened(MountedStream stream) {
        streams.get(stream.loop().index()).add(stream);
    }

    void closed(MountedStream stream) {
        streams.get(stream.loop().index()).remove(stream);
    }

    void cutAll() {
        onEachLoop(loop -> List.copyOf(streams.get(loop.index())).forEach(MountedStream::stopNow));
    }

    void closePools() {
        try {
            pools.values().forEach(RunningPool::close);
        } catch (RejectedExecutionException e) {
            // The server's threads have ended and took their connections with them.
            LOG.debug("the server has stopped", e);
        }
    }

    /** Runs {@code action} on each loop that is in use, and waits until all have unless this is one of them. */
    void onEachLoop(Consumer<IoLoop> action) {
        List<CountDownLatch> begun = new ArrayList<>();
        for (int i = 0; i < loops.length(); i++) {
            IoLoop loop = loops.get(i);
            if (loop == null) {
                continue;
            }
            CountDownLatch done = new CountDownLatch(1);
            try {
                loop.execute(() -> {
                    try {
                        action.accept(loop);
                    } finally {
                        done.countDown();
                    }
                });
                begun.add(done);
            } catch (RejectedExecutionException e) {
                LOG.debug("the server has stopped", e);
            }
        }
        if (Thread.currentThread() instanceof XnioIoThread) {
            return;
        }
        for (CountDownLatch done : begun) {
            MountedProxy.await(done, TimeUnit.SECONDS.toNanos(10), this::isGone);
        }
    }

    Map<String, RunningPool> pools() {
        return pools;
    }
}
