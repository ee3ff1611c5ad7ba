package io.fairlead.proxy.undertow;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.internal.engine.mount.MountedProxy;
import io.fairlead.proxy.internal.lifecycle.ProxyParts;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.upstream.UpstreamPool;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import java.util.List;

/**
 * A proxy as a handler of an Undertow server that is there already: its routes, middleware and transforms run for the
 * exchanges that the server hands over, on the server's own I/O threads and behind its listeners and TLS.
 *
 * <pre>{@code
 * FairleadHandler proxy = FairleadHandler.of(ReverseProxy.builder().route(route));
 * Undertow.builder().addHttpListener(8080, "localhost").setHandler(Handlers.path(proxy).addExactPath("/own", own));
 * }</pre>
 *
 * <p>What belongs to a listener is the server's: addresses, TLS, limits on connections and heads, keep-alive, and {@code
 * MAX_ENTITY_SIZE}. The request is still checked as at a listener of Fairlead, and refused with the same codes. Routes see
 * the whole raw path, also behind a {@code PathHandler}. The client's address and scheme are those of the exchange, so that
 * a {@code ProxyPeerAddressHandler} in front decides whom to trust; forwarded fields of the request itself are replaced.
 * Interim responses other than 100 are not passed on, and {@link UpstreamPool#maxConnectionsPerTarget()} holds for each
 * server that the handler is mounted in.
 *
 * <p>May be used by any number of threads, and mounted at several places. {@link #close} it after the server has stopped
 * taking requests.
 */
public final class FairleadHandler implements HttpHandler, AutoCloseable {

    private final MountedProxy proxy;

    private FairleadHandler(MountedProxy proxy) {
        this.proxy = proxy;
    }

    /**
     * A handler that does what this proxy would, once it was started.
     *
     * @param proxy without listeners; its {@code ioThreads} are not used
     * @throws io.fairlead.proxy.ConfigurationException with all problems of the configuration
     * @throws IllegalArgumentException if it has listeners, since nobody would bind them
     */
    public static FairleadHandler of(ReverseProxy.Builder proxy) {
        ProxyParts parts = ProxyParts.of(proxy.build());
        ProxyConfig config = parts.config();
        if (!config.listeners().isEmpty()) {
            throw new IllegalArgumentException(
                    "listeners: " + config.listeners().size() + " (expected: none, the Undertow server has its own)");
        }
        return new FairleadHandler(new MountedProxy(config, parts.registrations()));
    }

    /**
     * The forwarder alone: a handler that sends every exchange to this pool, with default timeouts and forwarded fields.
     *
     * @throws io.fairlead.proxy.ConfigurationException with all problems of the pool
     */
    public static FairleadHandler forward(UpstreamPool pool) {
        return of(ReverseProxy.to(pool));
    }

    /**
     * Takes the exchange over and ends it.
     *
     * @throws IllegalStateException if its response was begun before
     */
    @Override
    public void handleRequest(HttpServerExchange exchange) {
        proxy.handle(exchange);
    }

    /**
     * The pools and the state of their targets at this moment: a set of them for each server that the handler is mounted
     * in, from that server's first exchange on, and none after {@link #close}.
     */
    public List<PoolStatus> pools() {
        return proxy.pools();
    }

    /**
     * Answers new exchanges with 503, lets those at work finish for as long as the configuration's {@code stopTimeout}
     * says, cuts the rest, and frees the upstream connections and threads. The server is left alone. On one of the
     * server's I/O threads it does not wait.
     */
    @Override
    public void close() {
        proxy.close();
    }

    /** What is in use at this moment; 0 while no exchange is at work. */
    int inUse() {
        return proxy.inUse();
    }
}
