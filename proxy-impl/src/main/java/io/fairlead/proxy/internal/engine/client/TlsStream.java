package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.StreamConnection;

/**
 * TLS as a client, for a connection that sends one short request and reads one answer. One I/O thread; what the handshake
 * computes runs on the worker's task thread, and nothing is read meanwhile.
 *
 * <p>All moves are one loop, {@link #advance}: send what is ready, then do what the engine wants next. Whoever reads and
 * writes the connection calls it, until it is closed.
 */
final class TlsStream {

    private static final Logger LOG = LoggerFactory.getLogger(TlsStream.class);
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    /** A record is at most 16 KiB and a little; this is room for what the engine may ever ask for. */
    private static final int MAX_RECORD_BYTES = 64 * 1024;

    /** So many moves at a time: a server that sends records without end must not keep the thread from all else. */
    private static final int MAX_TURNS = 500;

    private static final int PAUSE_MILLIS = 1;

    /** Who uses the stream. Any call may close it. */
    interface Listener {
        /** The answer goes on with these bytes, which hold only during the call. */
        void received(ByteBuffer data);

        /** No more comes. */
        void ended();

        /** What it waited for is over: call {@link #advance}. */
        void goOn();
    }

    private final IoLoop loop;
    private final StreamConnection connection;
    private final SSLEngine engine;
    private final ByteBuffer request;
    private final Listener listener;
    private ByteBuffer out;
    private ByteBuffer in;
    private boolean needsMore = true;
    private boolean inTask;
    private boolean pausing;
    private boolean secured;
    private boolean closed;

    TlsStream(IoLoop loop, StreamConnection connection, SSLEngine engine, ByteBuffer request, Listener listener) {
        this.loop = loop;
        this.connection = connection;
        this.engine = engine;
        this.request = request;
        this.listener = listener;
        int size = engine.getSession().getPacketBufferSize();
        this.in = ByteBuffer.allocate(size);
        this.out = ByteBuffer.allocate(size);
    }

    /** Whether the handshake is over. */
    boolean isSecured() {
        return secured;
    }

    /** Does all that can be done now, or much of it and the rest after others had their turn. */
    void advance() throws IOException {
        for (int turns = 0; !closed && !inTask && !pausing; turns++) {
            if (turns == MAX_TURNS) {
                pause();
                return;
            }
            if (!flush()) {
                return;
            }
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> wrap(NOTHING);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!unwrap()) {
                        return;
                    }
                }
                default -> {
                    secured = true;
                    if (request.hasRemaining()) {
                        wrap(request);
                    } else if (!unwrap()) {
                        return;
                    }
                }
            }
        }
    }

    private void pause() {
        pausing = true;
        connection.getSourceChannel().suspendReads();
        // Not merely later: the thread does all such tasks, and those that they bring, before it looks at its timers.
        connection
                .getIoThread()
                .executeAfter(
                        () -> {
                            pausing = false;
                            listener.goOn();
                        },
                        PAUSE_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    /** Whether all that was ready is sent; else the next call comes when more can be, and not before. */
    private boolean flush() throws IOException {
        out.flip();
        try {
            while (out.hasRemaining()) {
                if (connection.getSinkChannel().write(out) == 0) {
                    connection.getSourceChannel().suspendReads();
                    connection.getSinkChannel().resumeWrites();
                    return false;
                }
            }
        } finally {
            out.compact();
        }
        connection.getSinkChannel().suspendWrites();
        connection.getSourceChannel().resumeReads();
        return true;
    }

    private void wrap(ByteBuffer plain) throws IOException {
        switch (engine.wrap(plain, out).getStatus()) {
            // A server that sends larger records than usual may be sent such, and the engine wants room for one.
            case BUFFER_OVERFLOW -> out = larger(out);
            // Its side is closed, and ours with it.
            case CLOSED -> listener.ended();
            default -> {}
        }
    }

    /** Whether there may be more to do at once. */
    private boolean unwrap() throws IOException {
        if (needsMore) {
            if (!in.hasRemaining()) {
                in = larger(in);
            }
            int count = connection.getSourceChannel().read(in);
            if (count < 0) {
                listener.ended();
            }
            if (count <= 0) {
                return false;
            }
            needsMore = false;
        }
        ByteBuffer plain = loop.take();
        try {
            in.flip();
            SSLEngineResult result;
            try {
                result = engine.unwrap(in, plain);
            } finally {
                in.compact();
            }
            needsMore = result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW || in.position() == 0;
            if (result.bytesProduced() > 0) {
                listener.received(plain.limit(plain.position()).position(IoLoop.HEADROOM));
            }
            if (result.getStatus() == SSLEngineResult.Status.CLOSED && !closed) {
                listener.ended();
            }
        } finally {
            loop.give(plain);
        }
        return true;
    }

    private static ByteBuffer larger(ByteBuffer full) throws IOException {
        if (full.capacity() >= MAX_RECORD_BYTES) {
            throw new IOException("a TLS record that is too long");
        }
        return ByteBuffer.allocate(full.capacity() * 2).put(full.flip());
    }

    /** Certificates are verified in there: milliseconds that the exchanges of this thread need not wait for. */
    private void runTasks() {
        inTask = true;
        connection.getSourceChannel().suspendReads();
        try {
            connection.getIoThread().getWorker().execute(() -> {
                for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                    task.run();
                }
                loop.execute(() -> {
                    inTask = false;
                    listener.goOn();
                });
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the worker is closed", e);
            inTask = false;
            listener.ended();
        }
    }

    /** Tells the server that it was meant, as far as that can be said at once; the connection is the caller's to close. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (inTask) {
            // The engine's lock is held there.
            return;
        }
        try {
            // Each check proves the certificate anew: one that expires between two would else not be seen.
            engine.getSession().invalidate();
            engine.closeOutbound();
            engine.wrap(NOTHING, out);
            out.flip();
            connection.getSinkChannel().write(out);
        } catch (IOException | RuntimeException e) {
            LOG.debug("no end of TLS was sent", e);
        }
    }
}
