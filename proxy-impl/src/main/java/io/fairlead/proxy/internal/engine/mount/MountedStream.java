package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.resilience.Timeouts;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Protocols;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.ChannelListener;
import org.xnio.IoUtils;
import org.xnio.Options;

/**
 * The client's side of one exchange that came from somebody else's server. All on the I/O thread of the exchange.
 *
 * <ol>
 *   <li>{@link #start}: the exchange begins. Its request body is read by {@link MountedRequestBody};
 *   <li>{@link #requestRead}: once it is read, {@link ClientWatch} notices a client that goes away;
 *   <li>{@link #respond}: {@link MountedResponse} writes the response;
 *   <li>{@link #responseSent}: Undertow goes on with the next request. A request body that nobody read is read over for a
 *       moment, then the connection closes;
 *   <li>{@link #gone}, {@link #cut}, {@link #stopNow}: the other ends; {@link #release} is part of each, once.
 * </ol>
 */
final class MountedStream extends TimerWheel.Timer implements ClientStream {

    /** A deadline that is switched off. */
    static final long OFF = Long.MAX_VALUE;

    private static final Logger LOG = LoggerFactory.getLogger(MountedStream.class);

    private static final long LINGER_NANOS = 1_000_000_000L;

    private final HttpServerExchange exchange;
    private final RequestHead head;
    private final IoLoop loop;
    private final MountedWorker worker;
    private final MountedProxy proxy;
    private final InetSocketAddress peer;
    private final InetSocketAddress local;
    private final ClientWatch watch;
    private final MountedRequestBody body;
    private final MountedResponse response;
    private final boolean multiplexed;

    private boolean open = true;
    private boolean released;
    private int status;
    private @Nullable ProxyExchange run;
    private @Nullable ConnectionStreams connection;

    private long readDeadline = OFF;
    private long writeDeadline = OFF;

    MountedStream(
            HttpServerExchange exchange, RequestHead head, IoLoop loop, MountedWorker worker, MountedProxy proxy) {
        this.exchange = exchange;
        this.head = head;
        this.loop = loop;
        this.worker = worker;
        this.proxy = proxy;
        this.peer =
                resolved(exchange.getSourceAddress(), exchange.getConnection().getPeerAddress(InetSocketAddress.class));
        this.local = resolved(
                exchange.getDestinationAddress(), exchange.getConnection().getLocalAddress(InetSocketAddress.class));
        this.watch = new ClientWatch(exchange.getConnection(), this::gone);
        this.multiplexed = exchange.getProtocol().equals(Protocols.HTTP_2_0);
        this.body = new MountedRequestBody(this, exchange, head, loop);
        this.response = new MountedResponse(this, exchange, loop);
    }

    /** Handlers in front give addresses by their text, which the engine wants as an address. */
    private static InetSocketAddress resolved(
            @Nullable InetSocketAddress given, @Nullable InetSocketAddress ofConnection) {
        if (given != null && !given.isUnresolved()) {
            return given;
        }
        InetAddress literal = given == null ? null : IpLiterals.parse(given.getHostString());
        if (given != null && literal != null) {
            return new InetSocketAddress(literal, given.getPort());
        }
        return ofConnection == null || ofConnection.isUnresolved()
                ? new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)
                : ofConnection;
    }

    static <C extends Channel> ChannelListener<C> guarded(ChannelListener<C> listener) {
        return channel -> {
            try {
                listener.handleEvent(channel);
            } catch (RuntimeException | Error e) {
                LOG.error("a client's connection failed", e);
                IoUtils.safeClose(channel);
            }
        };
    }

    // ---- 1. the request

    void start(EngineServices services) {
        worker.opened(this);
        ConnectionStreams streams = ConnectionStreams.of(exchange, loop);
        connection = streams;
        streams.add(this);
        ProxyExchange begun = new ProxyExchange(this, head, worker.snapshot(), services, null);
        run = begun;
        if (body.hasEnded()) {
            watch.start();
        }
        begun.start();
    }

    @Override
    public BodySource requestBody() {
        return body;
    }

    @Override
    public boolean requestComplete() {
        return body.hasEnded();
    }

    @Override
    public long requestBytes() {
        return body.bytes();
    }

    @Override
    public void maxBodyBytes(long maxBytes) {
        body.maxBytes(maxBytes);
    }

    @Override
    public boolean acceptsLength(long length) {
        return body.accepts(length);
    }

    @Override
    public void askForBody() {
        if (open && !response.hasBegun()) {
            body.ask();
        }
    }

    // ---- 2. it is read

    /** Nothing more of this request comes: from here on what is read tells that the client went away. */
    void requestRead() {
        if (!response.hasEnded()) {
            watch.start();
        }
    }

    void stopWatching() {
        watch.stop();
    }

    // ---- 3. the response

    @Override
    public void interim(int interimStatus, HeaderBlock headers) {
        if (interimStatus == 100) {
            askForBody();
        }
    }

    @Override
    public BodySink respond(
            int newStatus,
            @Nullable ResponseHead reason,
            HeaderBlock headers,
            long bodyLength,
            long declaredLength,
            boolean close) {
        status = newStatus;
        // An upload that is not complete cannot be waited for: its end may never come.
        boolean closes = close || !body.hasEnded();
        boolean via = worker.snapshot().config().via();
        response.respond(newStatus, reason, headers, bodyLength, declaredLength, closes, via);
        return response;
    }

    boolean answerBegun() {
        return response.hasBegun();
    }

    @Override
    public long responseBytes() {
        return response.bytes();
    }

    // ---- 4. it is sent

    void responseSent() {
        ProxyExchange finished = run;
        run = null;
        if (finished != null) {
            finished.responseSent(status);
        }
        if (exchange.isRequestComplete() || !exchange.getConnection().isOpen()) {
            release();
        } else {
            linger();
        }
    }

    /**
     * Reads over what is left of the request for a moment: a close with unread bytes would make the system send a reset,
     * which may overtake the answer (RFC 9112 §9.6). Undertow itself would read for as long as the client likes.
     */
    private void linger() {
        if (!body.beginReadOver()) {
            closeConnection();
            return;
        }
        writeDeadline = OFF;
        readBy(loop.now() + LINGER_NANOS);
        body.readOver();
    }

    // ---- 5. the other ends

    /** Fails the exchange; false if there is none any more. */
    boolean fail(FailureCode code, String detail) {
        ProxyExchange current = run;
        if (current != null) {
            current.fail(code, detail);
        }
        return current != null;
    }

    /** The client is not there any more. */
    void gone(String detail) {
        open = false;
        ProxyExchange current = run;
        run = null;
        if (current != null) {
            current.clientGone(detail);
        }
        closeConnection();
    }

    @Override
    public void cut() {
        if (!open) {
            return;
        }
        run = null;
        if (response.endsWithTheConnection()) {
            try {
                // Without a chunked coding or length a normal close looks like a complete body.
                exchange.getConnection().setOption(Options.CLOSE_ABORT, Boolean.TRUE);
            } catch (IOException | IllegalArgumentException e) {
                LOG.debug("no reset", e);
            }
        }
        closeConnection();
    }

    /** The time of a stop is over. */
    void stopNow() {
        clientFailed(FailureCode.PROXY_STOPPING, "stopped before the exchange was over");
    }

    private void clientFailed(FailureCode code, String detail) {
        ProxyExchange current = run;
        run = null;
        if (current != null) {
            current.clientFailed(code, detail);
        }
        closeConnection();
    }

    /** Ends what carries this exchange: the connection, or over HTTP/2 the stream alone, with RST_STREAM. */
    void closeConnection() {
        if (multiplexed) {
            if (!exchange.isRequestComplete()) {
                IoUtils.safeClose(body.channel());
            }
            if (!exchange.isResponseComplete()) {
                IoUtils.safeClose(response.channelToClose());
            }
        } else {
            IoUtils.safeClose(exchange.getConnection());
        }
        release();
    }

    void connectionClosed() {
        if (!response.isFlushing()) {
            release();
        }
    }

    void release() {
        open = false;
        if (released) {
            return;
        }
        released = true;
        watch.stop();
        loop.remove(this);
        response.drop();
        ConnectionStreams of = connection;
        if (of != null) {
            of.remove(this);
        }
        worker.closed(this);
        ProxyExchange current = run;
        run = null;
        if (current != null) {
            current.clientGone("the connection was closed");
        }
        proxy.ended();
    }

    // ---- time

    long idleDeadline() {
        ProxyExchange current = run;
        Timeouts timeouts = current == null ? worker.snapshot().timeouts() : current.timeouts();
        Duration idle = timeouts.idle();
        return idle.isZero() ? loop.now() + Long.MAX_VALUE / 4 : loop.now() + idle.toNanos();
    }

    void readBy(long deadline) {
        readDeadline = deadline;
        schedule();
    }

    void writeBy(long deadline) {
        writeDeadline = deadline;
        schedule();
    }

    private void schedule() {
        long deadline = Math.min(readDeadline, writeDeadline);
        if (deadline == OFF || released) {
            loop.cancel(this);
        } else {
            loop.schedule(this, deadline);
        }
    }

    @Override
    protected void fire(long now) {
        if (!open) {
            return;
        }
        if (writeDeadline != OFF && now - writeDeadline >= 0) {
            clientFailed(FailureCode.CLIENT_WRITE_TIMEOUT, "the client takes no more bytes");
        } else if (readDeadline != OFF && now - readDeadline >= 0) {
            readDeadline = OFF;
            if (body.isReadingOver()) {
                closeConnection();
            } else {
                body.timedOut();
            }
        } else {
            schedule();
        }
    }

    // ---- what the engine asks

    @Override
    public boolean isOpen() {
        return open;
    }

    boolean isMultiplexed() {
        return multiplexed;
    }

    @Override
    public IoLoop loop() {
        return loop;
    }

    @Override
    public InetSocketAddress peer() {
        return peer;
    }

    @Override
    public InetSocketAddress local() {
        return local;
    }

    @Override
    public String scheme() {
        return exchange.getRequestScheme().equals("https") ? "https" : "http";
    }

    @Override
    public byte[] forwardedLines() {
        return worker.snapshot().composer().connectionLines(peer, local, scheme());
    }
}
