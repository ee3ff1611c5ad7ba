package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.discovery.Discoveries;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.SnapshotCompiler;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.http.HeadLimits;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.internal.response.ErrorBody;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.response.PageContents;
import io.fairlead.proxy.internal.time.Nanos;
import io.fairlead.proxy.internal.time.Uninterrupted;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.observe.PoolStatus;
import io.fairlead.proxy.spi.Registrations;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import io.undertow.util.SameThreadExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoUtils;
import org.xnio.XnioIoThread;
import org.xnio.XnioWorker;

/**
 * A proxy without listeners and threads of its own: each exchange runs on the I/O thread of the server that it came to.
 *
 * <p>Connections to targets belong to an I/O thread, so that each server gets pools of its own with its first exchange.
 */
public final class MountedProxy implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MountedProxy.class);

    /** The server has its own limits, which come first if they are lower. */
    private static final HeadLimits HEAD_LIMITS = new HeadLimits(
            Limits.ofDefaults().maxTargetBytes(),
            Limits.ofDefaults().maxHeaderBytes(),
            Limits.ofDefaults().maxHeaderFields());

    private static final long GONE_CHECK_NANOS = 100_000_000L;

    private final ProxyConfig config;
    private final EngineServices services;
    private final NameResolver resolver;
    private final Discoveries discoveries;
    private final SnapshotCompiler compiler;
    private final PageContents pageContents;
    private final ErrorPages errorPages;

    /** Guards {@code closed} and the making of {@code workers}. */
    private final Object lock = new Object();

    private final Map<XnioWorker, MountedWorker> workers = new ConcurrentHashMap<>();

    /** Counts the exchanges at work, and one more until {@link #close}. */
    private final AtomicInteger open = new AtomicInteger(1);

    private final CountDownLatch drained = new CountDownLatch(1);
    private volatile boolean closed;

    /** @param config valid, without listeners */
    public MountedProxy(ProxyConfig config, Registrations registrations) {
        this.config = config;
        this.services =
                new EngineServices(registrations.exchangeListeners(), new BlockingExecutor(registrations.name()));
        this.resolver = new NameResolver(registrations.name(), InetAddress::getAllByName, System::nanoTime);
        this.discoveries =
                new Discoveries(registrations.name(), registrations.discoveries(), InetAddress::getAllByName);
        this.compiler = new SnapshotCompiler(registrations, resolver, discoveries);
        this.pageContents = SnapshotCompiler.readPages(config, PageContents.NONE);
        this.errorPages = ErrorPages.of(List.of(), config.errorPages(), pageContents);
    }

    /** Takes an exchange over; called by a handler of the server, on an I/O thread or on one that may block. */
    public void handle(HttpServerExchange exchange) {
        if (exchange.isResponseStarted()) {
            throw new IllegalStateException("the response was begun before");
        }
        // Without a dispatch Undertow would end the exchange as soon as the handler returns.
        exchange.dispatch(
                exchange.isInIoThread() ? SameThreadExecutor.INSTANCE : exchange.getIoThread(), () -> begin(exchange));
    }

    private void begin(HttpServerExchange exchange) {
        try {
            MountedWorker worker = worker(exchange.getConnection().getWorker(), exchange.getIoThread());
            if (worker == null) {
                refuse(exchange, FailureCode.PROXY_STOPPING, "the proxy is closed");
                return;
            }
            IoLoop loop = worker.loop(exchange.getIoThread());
            ByteBuffer bytes = MountedHead.of(exchange);
            if (bytes == null) {
                refuse(exchange, FailureCode.CLIENT_MALFORMED_REQUEST, "the head cannot be written in HTTP/1.1");
                return;
            }
            int size = loop.parser().parseRequest(bytes, HEAD_LIMITS);
            if (size == HeadParser.INCOMPLETE) {
                refuse(exchange, FailureCode.CLIENT_MALFORMED_REQUEST, "the head does not end");
            } else if (size == HeadParser.REFUSED) {
                refuse(exchange, loop.parser().failure(), loop.parser().detail());
            } else {
                RequestHead head = loop.parser().request();
                if (head.hasBody() && !exchange.isRequestChannelAvailable()) {
                    refuse(exchange, FailureCode.INTERNAL_ERROR, "another handler has taken the request body");
                } else {
                    MountedStream stream = new MountedStream(exchange, head, loop, worker, this);
                    open.incrementAndGet();
                    stream.start(services);
                }
            }
        } catch (RuntimeException | Error e) {
            LOG.error("an exchange failed", e);
            IoUtils.safeClose(exchange.getConnection());
        }
    }

    /** @param thread the one that runs this, of that worker */
    private @Nullable MountedWorker worker(XnioWorker of, XnioIoThread thread) {
        MountedWorker known = workers.get(of);
        if (known != null) {
            return closed ? null : known;
        }
        synchronized (lock) {
            if (closed) {
                return null;
            }
            known = workers.get(of);
            if (known == null) {
                workers.values().removeIf(MountedProxy::dropIfGone);
                IoLoop home = new IoLoop(thread, thread.getNumber());
                Map<String, RunningPool> pools =
                        compiler.openPools(config, Map.of(), List.of(home), of.getIoThreadCount());
                known = new MountedWorker(of, home, pools, compiler.compile(config, pools, Set.of(), pageContents));
                workers.put(of, known);
            }
            return known;
        }
    }

    /** A server that has stopped is not kept, or a host that starts one after the other would pile them up. */
    private static boolean dropIfGone(MountedWorker worker) {
        if (worker.isGone()) {
            worker.closePools();
        }
        return worker.isGone();
    }

    /** A request that cannot become an exchange of ours: answered here, and the connection closes. */
    private void refuse(HttpServerExchange exchange, FailureCode code, String detail) {
        InetSocketAddress peer = exchange.getSourceAddress();
        LOG.debug("{}: {} {}", peer, code, detail);
        services.refused(peer, code, detail, code.status());
        ErrorBody body =
                errorPages.of(code, exchange.getRequestHeaders().getFirst("Accept"), () -> ErrorPages.Details.UNKNOWN);
        exchange.setPersistent(false);
        exchange.setStatusCode(code.status());
        io.fairlead.proxy.http.Headers fields = io.fairlead.proxy.http.Headers.create();
        body.describeIn(fields);
        fields.forEach((name, value) -> exchange.getResponseHeaders().add(new HttpString(name), value));
        if (code == FailureCode.CLIENT_METHOD_NOT_ALLOWED) {
            exchange.getResponseHeaders().put(Headers.ALLOW, "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
        }
        if (config.failureHeader()) {
            exchange.getResponseHeaders().put(new HttpString("Fairlead-Failure"), code.name());
        }
        exchange.getResponseSender().send(ByteBuffer.wrap(body.bytes()));
    }

    /** An exchange is over. */
    void ended() {
        if (open.decrementAndGet() == 0) {
            drained.countDown();
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
        }
        ended();
        List<MountedWorker> all = List.copyOf(workers.values());
        if (!(Thread.currentThread() instanceof XnioIoThread)) {
            await(drained, Nanos.of(config.stopTimeout()), () -> all.stream().allMatch(MountedWorker::isGone));
        }
        all.forEach(MountedWorker::cutAll);
        all.forEach(MountedWorker::closePools);
        // What the pools have handed to the threads is done before this returns.
        all.forEach(worker -> worker.onEachLoop(IoLoop::free));
        workers.clear();
        discoveries.close();
        resolver.close();
        services.blocking().close();
    }

    /** Waits, but not for threads that are gone. */
    static void await(CountDownLatch latch, long nanos, BooleanSupplier gone) {
        long deadline = System.nanoTime() + nanos;
        while (!gone.getAsBoolean()) {
            long left = deadline - System.nanoTime();
            if (Uninterrupted.await(latch, Math.max(0, Math.min(left, GONE_CHECK_NANOS))) || left <= 0) {
                return;
            }
        }
    }

    /** The pools of each server and the state of their targets at this moment. */
    public List<PoolStatus> pools() {
        return workers.values().stream()
                .flatMap(worker -> worker.pools().values().stream())
                .map(RunningPool::status)
                .toList();
    }

    /** Buffers in use, and timers save those of idle connections to targets; both 0 while nothing is at work. */
    public int inUse() {
        AtomicInteger count = new AtomicInteger();
        for (MountedWorker worker : workers.values()) {
            worker.onEachLoop(loop -> {
                int idle = worker.pools().values().stream()
                        .mapToInt(pool -> pool.idle(loop))
                        .sum();
                int inUse = worker.pools().values().stream()
                        .mapToInt(pool -> pool.inUse(loop))
                        .sum();
                int own = worker.pools().values().stream()
                        .mapToInt(pool -> pool.timers(loop))
                        .sum();
                count.addAndGet(loop.buffersInUse() + inUse + Math.max(0, loop.timerCount() - idle - own));
            });
        }
        return count.get() + open.get() - (closed ? 0 : 1);
    }
}
