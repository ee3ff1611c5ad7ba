package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.exchange.DrainWatch;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.exchange.Snapshot;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.http.HeadLimits;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.internal.net.ConnectionLimiter;
import io.fairlead.proxy.internal.response.ErrorBody;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;

/** A running listener: its settings, its limits, and the connections that it has. */
public final class ListenerContext {

    private static final Logger LOG = LoggerFactory.getLogger(ListenerContext.class);

    /** What follows from the settings, replaced as a whole by an update. */
    private record Settings(Listener config, HeadLimits headLimits, ConnectionLimiter limiter, ClientResolver trust) {
        static Settings of(Listener config) {
            Limits limits = config.limits();
            return new Settings(
                    config,
                    new HeadLimits(limits.maxTargetBytes(), limits.maxHeaderBytes(), limits.maxHeaderFields()),
                    new ConnectionLimiter(limits.maxConnections(), limits.maxConnectionsPerClient()),
                    new ClientResolver(CidrSet.parse(config.trustedProxies().networks())::contains));
        }
    }

    private final Supplier<Snapshot> snapshot;
    private final EngineServices services;
    private final AtomicInteger open;
    /** The connections of this listener, for who must not wait for the threads that have them. */
    private final AtomicInteger own = new AtomicInteger();

    private final Runnable onLastClosed;

    /** For each I/O thread the connections that it has; each set belongs to its thread. */
    private final List<Set<Http1ServerConnection>> connections = new ArrayList<>();

    private volatile Settings settings;

    /** Answers end their connections, though others may still come. */
    private volatile boolean leaving;

    /** A connection that was accepted just before the listener was closed may come after it was drained. */
    private volatile boolean draining;

    /**
     * @param open counts the connections of all listeners of the proxy
     * @param onLastClosed runs when that count comes down to zero
     */
    public ListenerContext(
            Listener config,
            int loopCount,
            Supplier<Snapshot> snapshot,
            EngineServices services,
            AtomicInteger open,
            Runnable onLastClosed) {
        this.settings = Settings.of(config);
        this.snapshot = snapshot;
        this.services = services;
        this.open = open;
        this.onLastClosed = onLastClosed;
        for (int i = 0; i < loopCount; i++) {
            connections.add(new HashSet<>());
        }
    }

    public Listener config() {
        return settings.config();
    }

    /** Puts other settings in force; connections that are there count against the old limits until they close. */
    public void update(Listener config) {
        // Compared by value only after an update: JDK 17 keeps the class of the record that was compared last, and with
        // it
        // the class loader of an application that may have gone long ago.
        if (config != settings.config() && !config.equals(settings.config())) {
            settings = Settings.of(config);
        }
    }

    /** Takes a connection, on its own I/O thread. */
    public void accept(StreamConnection connection, IoLoop loop) {
        ConnectionLimiter limiter = settings.limiter();
        InetSocketAddress peer = connection.getPeerAddress(InetSocketAddress.class);
        if (peer == null || draining) {
            IoUtils.safeClose(connection);
            return;
        }
        switch (limiter.tryAcquire(peer.getAddress())) {
            case ADMITTED -> {
                Http1ServerConnection accepted = new Http1ServerConnection(connection, loop, this, limiter);
                open.incrementAndGet();
                own.incrementAndGet();
                accepted.start();
            }
            case TOO_MANY -> reject(connection, peer, FailureCode.CLIENT_TOO_MANY_CONNECTIONS);
            case TOO_MANY_OF_ADDRESS -> reject(connection, peer, FailureCode.CLIENT_TOO_MANY_CONNECTIONS_OF_ADDRESS);
        }
    }

    private void reject(StreamConnection connection, InetSocketAddress peer, FailureCode code) {
        IoUtils.safeClose(connection);
        LOG.debug("{}: {}", peer, code);
        services.refused(peer, code, "closed at once", 0);
    }

    Snapshot snapshot() {
        return snapshot.get();
    }

    HeadLimits headLimits() {
        return settings.headLimits();
    }

    boolean halfClose() {
        return settings.config().halfClose();
    }

    int minBodyRate() {
        return settings.config().limits().minBodyBytesPerSecond();
    }

    long maxBodyBytes() {
        return settings.config().limits().maxBodyBytes();
    }

    ProxyExchange newExchange(ClientStream stream, RequestHead head) {
        ClientResolver trust = settings.trust();
        return new ProxyExchange(stream, head, snapshot.get(), services, trust.trusts(stream.peer()) ? trust : null);
    }

    byte[] forwardedLines(InetSocketAddress peer, InetSocketAddress local) {
        return snapshot.get().composer().connectionLines(peer, local, "http");
    }

    byte[] viaLine(HttpVersion received) {
        return snapshot.get().viaLine(received);
    }

    /** What is said to a client whose request has no exchange. */
    ErrorBody errorBody(FailureCode code) {
        return snapshot.get().errorPages().of(code, null, () -> ErrorPages.Details.UNKNOWN);
    }

    void addFailure(HeaderBlock fields, FailureCode code) {
        if (snapshot.get().config().failureHeader()) {
            fields.add("Fairlead-Failure", code.name());
        }
    }

    /** A head that did not become an exchange. */
    void refused(Http1ServerConnection connection, FailureCode code, String detail) {
        LOG.debug("{}: {} {}", connection.peer(), code, detail);
        services.refused(connection.peer(), code, detail, code.status());
    }

    void opened(Http1ServerConnection connection) {
        connections.get(connection.loop().index()).add(connection);
    }

    void closed(Http1ServerConnection connection, ConnectionLimiter limiter) {
        connections.get(connection.loop().index()).remove(connection);
        limiter.release(connection.peer().getAddress());
        own.decrementAndGet();
        if (open.decrementAndGet() == 0) {
            onLastClosed.run();
        }
    }

    /** Lets every answer from now on end its connection, so that clients go elsewhere. */
    public void leave() {
        leaving = true;
    }

    boolean isLeaving() {
        return leaving;
    }

    /** The exchanges that this loop has; called on it. */
    public List<ProxyExchange> exchanges(IoLoop loop) {
        List<ProxyExchange> all = new ArrayList<>();
        for (Http1ServerConnection connection : connections.get(loop.index())) {
            ProxyExchange exchange = connection.exchange();
            if (exchange != null) {
                all.add(exchange);
            }
        }
        return all;
    }

    /** Closes idle connections, and the others after their exchange; soon, on their own threads. */
    public void drain(IoWorker worker) {
        draining = true;
        worker.tellEachLoop(loop -> List.copyOf(connections.get(loop.index())).forEach(Http1ServerConnection::drain));
    }

    /** Takes connections again, and keeps them. */
    public void undrain() {
        draining = false;
    }

    /** Whether no connection is left. */
    public boolean isEmpty() {
        return own.get() == 0;
    }

    /**
     * Closes all connections.
     *
     * @param watch is told of the exchanges that are cut
     */
    public void stopNow(IoWorker worker, DrainWatch watch) {
        worker.onEachLoop(loop -> {
            for (Http1ServerConnection connection : List.copyOf(connections.get(loop.index()))) {
                ProxyExchange cut = connection.exchange();
                if (cut != null) {
                    watch.cut(cut);
                }
                connection.stopNow();
            }
        });
    }
}
