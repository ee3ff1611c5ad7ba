package io.fairlead.proxy.internal.engine.loop;

import io.fairlead.proxy.internal.time.Uninterrupted;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.ChannelListeners;
import org.xnio.IoUtils;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.StreamConnection;
import org.xnio.Xnio;
import org.xnio.XnioIoThread;
import org.xnio.XnioWorker;
import org.xnio.channels.AcceptingChannel;

/** The I/O threads of one proxy and the sockets that they accept from. */
public final class IoWorker implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(IoWorker.class);
    private static final int BACKLOG = 4096;
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final XnioWorker worker;
    private final IoLoop[] loops;

    /**
     * Starts the threads.
     *
     * @param name threads are called {@code fairlead-<name>-io-1} and so on
     * @param ioThreads zero means one for each core
     */
    public IoWorker(String name, int ioThreads) {
        int count = ioThreads == 0 ? Runtime.getRuntime().availableProcessors() : ioThreads;
        this.worker = Xnio.getInstance("nio", IoWorker.class.getClassLoader())
                .createWorkerBuilder()
                .setWorkerName("fairlead-" + name)
                .setWorkerIoThreads(count)
                .setCoreWorkerPoolSize(1)
                .setMaxWorkerPoolSize(1)
                .setDaemon(true)
                .build();
        this.loops = new IoLoop[count];
        CountDownLatch started = new CountDownLatch(count);
        XnioIoThread[] found = new XnioIoThread[count];
        for (int i = 0; i < 64 * count && started.getCount() > 0; i++) {
            XnioIoThread thread = worker.getIoThread(i);
            if (found[thread.getNumber()] == null) {
                found[thread.getNumber()] = thread;
                started.countDown();
            }
        }
        for (int i = 0; i < count; i++) {
            found[i].setName("fairlead-" + name + "-io-" + (i + 1));
            loops[i] = new IoLoop(found[i], i);
        }
    }

    public List<IoLoop> loops() {
        return List.of(loops);
    }

    public IoLoop loop(XnioIoThread thread) {
        return loops[thread.getNumber()];
    }

    /** A bound socket that is accepted from. */
    public static final class Acceptor implements AutoCloseable {
        private final AcceptingChannel<StreamConnection> channel;

        Acceptor(AcceptingChannel<StreamConnection> channel) {
            this.channel = channel;
        }

        public InetSocketAddress address() {
            return channel.getLocalAddress(InetSocketAddress.class);
        }

        /** Takes no more connections; those that were taken stay. */
        @Override
        public void close() {
            IoUtils.safeClose(channel);
        }
    }

    /**
     * Binds an address and hands each connection to {@code onConnection}, on the connection's own thread.
     *
     * @throws IOException if it cannot be bound
     */
    public Acceptor bind(InetSocketAddress address, BiConsumer<StreamConnection, IoLoop> onConnection)
            throws IOException {
        OptionMap options = OptionMap.builder()
                .set(Options.TCP_NODELAY, true)
                .set(Options.REUSE_ADDRESSES, true)
                .set(Options.BACKLOG, BACKLOG)
                .getMap();
        AcceptingChannel<StreamConnection> channel =
                worker.createStreamConnectionServer(address, listening -> accept(listening, onConnection), options);
        channel.resumeAccepts();
        return new Acceptor(channel);
    }

    private void accept(
            AcceptingChannel<StreamConnection> listening, BiConsumer<StreamConnection, IoLoop> onConnection) {
        StreamConnection accepted;
        try {
            accepted = listening.accept();
        } catch (ClosedChannelException e) {
            // Closed between the connection's coming and this call, which finds none in XNIO's queue: all were taken.
            return;
        } catch (IOException e) {
            LOG.warn("cannot accept a connection", e);
            return;
        }
        if (accepted != null) {
            // XNIO logs what is thrown.
            ChannelListeners.invokeChannelListener(
                    accepted, connection -> onConnection.accept(connection, loop(connection.getIoThread())));
        }
    }

    /** Runs {@code action} on every loop soon; waits for none, so that a loop may call it. */
    public void tellEachLoop(java.util.function.Consumer<IoLoop> action) {
        for (IoLoop loop : loops) {
            loop.execute(() -> action.accept(loop));
        }
    }

    /** Runs {@code action} on every loop and waits until all have; not for a loop to call, two would wait for each other. */
    public void onEachLoop(java.util.function.Consumer<IoLoop> action) {
        List<CountDownLatch> latches = new ArrayList<>();
        for (IoLoop loop : loops) {
            CountDownLatch done = new CountDownLatch(1);
            latches.add(done);
            loop.execute(() -> {
                try {
                    action.accept(loop);
                } finally {
                    done.countDown();
                }
            });
        }
        for (CountDownLatch done : latches) {
            Uninterrupted.await(done, PATIENCE_NANOS);
        }
    }

    /** Ends the threads and frees their buffers. */
    @Override
    public void close() {
        worker.shutdown();
        if (!awaitTermination()) {
            worker.shutdownNow();
            awaitTermination();
        }
        for (IoLoop loop : loops) {
            loop.free();
        }
        XnioMBean.unregisterWithTheLastWorker();
    }

    private boolean awaitTermination() {
        return Uninterrupted.await(PATIENCE_NANOS, left -> worker.awaitTermination(left, TimeUnit.NANOSECONDS));
    }
}
