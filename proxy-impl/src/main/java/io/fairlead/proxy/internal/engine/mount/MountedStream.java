package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.exchange.EngineServices;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.net.IpLiterals;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.undertow.io.IoCallback;
import io.undertow.io.Sender;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RequestTooBigException;
import io.undertow.server.protocol.http.HttpAttachments;
import io.undertow.server.protocol.http.HttpContinue;
import io.undertow.util.AttachmentKey;
import io.undertow.util.HeaderMap;
import io.undertow.util.HeaderValues;
import io.undertow.util.HttpString;
import io.undertow.util.Protocols;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.ChannelListener;
import org.xnio.IoUtils;
import org.xnio.Options;
import org.xnio.channels.StreamSinkChannel;
import org.xnio.channels.StreamSourceChannel;

/**
 * The client's side of one exchange that came from somebody else's server: Undertow's channels made a source and a sink.
 * All on the I/O thread of the exchange.
 *
 * <ol>
 *   <li>{@link #attach}: the request body is read as far as it goes, then whenever more comes;
 *   <li>once it is read, {@link ClientWatch} notices a client that goes away;
 *   <li>{@link #respond}: status and fields are handed to Undertow, which frames the body and sends them with its first
 *       bytes;
 *   <li>what the channel does not take waits in {@code outbound}, and the source stops until it is written;
 *   <li>{@link #finish}: the last byte is flushed, and Undertow goes on with the next request. A request body that nobody
 *       read is read over for a moment ({@link #linger}), then the connection closes.
 * </ol>
 */
final class MountedStream extends TimerWheel.Timer implements ClientStream, BodySource, BodySink {

    private static final Logger LOG = LoggerFactory.getLogger(MountedStream.class);

    private static final long LINGER_NANOS = 1_000_000_000L;
    private static final int MAX_LINGER_BYTES = 64 * 1024;

    /** Framing and connection fields are Undertow's to make. */
    private static final long NOT_FORWARDED =
            FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.TRANSFER_ENCODING;

    private static final HttpString VIA = new HttpString("Via");

    private final HttpServerExchange exchange;
    private final RequestHead head;
    private final IoLoop loop;
    private final MountedWorker worker;
    private final MountedProxy proxy;
    private final InetSocketAddress peer;
    private final InetSocketAddress local;
    private final ClientWatch watch;
    private final boolean multiplexed;

    private boolean open = true;
    private boolean released;
    private @Nullable ProxyExchange run;
    private @Nullable ConnectionStreams connection;

    private @Nullable StreamSourceChannel source;
    private @Nullable BodySink bodySink;
    private boolean reading;
    private boolean bodyBlocked;
    private boolean bodyEnded;
    private boolean continueDue;
    private long bodyBytes;
    private long maxBodyBytes;
    private boolean lingering;
    private int lingered;

    private @Nullable StreamSinkChannel sink;
    private int status;
    private boolean responded;
    private boolean unframed;
    private boolean ended;
    private boolean shut;
    private boolean flushing;
    private boolean flushDue;
    private long responseBytes;
    private @Nullable ByteBuffer outbound;

    /** What waits behind {@code outbound}: a piece of a body and its last one at most. */
    private final ArrayDeque<ByteBuffer> outboundQueue = new ArrayDeque<>(2);

    private boolean sourceBlocked;
    private @Nullable BodySource responseSource;

    // Deadlines; Long.MAX_VALUE when off.
    private long readDeadline = Long.MAX_VALUE;
    private long writeDeadline = Long.MAX_VALUE;

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
        this.bodyEnded = !head.hasBody();
        this.continueDue = head.expectContinue() && head.hasBody();
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

    void start(EngineServices services) {
        worker.opened(this);
        connection = ConnectionStreams.of(exchange, loop);
        connection.streams.add(this);
        ProxyExchange begun = new ProxyExchange(this, head, worker.snapshot(), services, null);
        run = begun;
        if (bodyEnded) {
            watch.start();
        }
        begun.start();
    }

    private static long nanos(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE / 4 : duration.toNanos();
    }

    private long idleDeadline() {
        ProxyExchange current = run;
        Duration idle = current == null
                ? worker.snapshot().timeouts().idle()
                : current.timeouts().idle();
        return loop.now() + nanos(idle);
    }

    // ---- 1. the request body

    @Override
    public BodySource requestBody() {
        return this;
    }

    @Override
    public boolean requestComplete() {
        return bodyEnded;
    }

    @Override
    public long requestBytes() {
        return bodyBytes;
    }

    @Override
    public void maxBodyBytes(long maxBytes) {
        maxBodyBytes = maxBytes;
    }

    @Override
    public boolean acceptsLength(long length) {
        return maxBodyBytes == 0 || length <= maxBodyBytes;
    }

    @Override
    public void attach(BodySink newSink) {
        bodySink = newSink;
        timeBody();
        read();
    }

    @Override
    public void resume() {
        if (bodyBlocked && open) {
            bodyBlocked = false;
            timeBody();
            read();
        }
    }

    @Override
    public void cancel() {
        bodySink = null;
        bodyBlocked = false;
        if (!lingering) {
            readDeadline = Long.MAX_VALUE;
            schedule();
        }
        StreamSourceChannel channel = source;
        if (channel != null && open && !bodyEnded) {
            channel.suspendReads();
        }
    }

    @Override
    public void askForBody() {
        if (!continueDue || responded || !open) {
            return;
        }
        continueDue = false;
        HttpContinue.sendContinueResponse(exchange, new IoCallback() {
            @Override
            public void onComplete(HttpServerExchange ignored, Sender sender) {}

            @Override
            public void onException(HttpServerExchange ignored, Sender sender, IOException problem) {
                gone("reset by the client");
            }
        });
    }

    private @Nullable StreamSourceChannel source() {
        StreamSourceChannel channel = source;
        if (channel == null) {
            channel = exchange.getRequestChannel();
            source = channel;
            if (channel != null) {
                channel.getReadSetter().set(guarded(ready -> {
                    if (lingering) {
                        readOver();
                    } else {
                        read();
                    }
                }));
            }
        }
        return channel;
    }

    private static <C extends Channel> ChannelListener<C> guarded(ChannelListener<C> listener) {
        return channel -> {
            try {
                listener.handleEvent(channel);
            } catch (RuntimeException | Error e) {
                LOG.error("a client's connection failed", e);
                IoUtils.safeClose(channel);
            }
        };
    }

    /** Pushes until the channel or the sink has enough. Not re-entrant: a sink that goes on at once calls resume. */
    private void read() {
        StreamSourceChannel channel = source();
        if (reading || channel == null) {
            return;
        }
        reading = true;
        try {
            while (open && !bodyEnded && !bodyBlocked && bodySink != null && readPiece(channel, bodySink)) {
                // The next piece.
            }
        } finally {
            reading = false;
        }
    }

    private boolean readPiece(StreamSourceChannel channel, BodySink target) {
        ByteBuffer buffer = loop.take();
        int count;
        try {
            count = channel.read(buffer);
        } catch (RequestTooBigException e) {
            loop.give(buffer);
            bodyFailed(FailureCode.CLIENT_BODY_TOO_LARGE, "the server's limit");
            return false;
        } catch (IOException e) {
            loop.give(buffer);
            if (exchange.getConnection().isOpen()) {
                bodyFailed(FailureCode.CLIENT_MALFORMED_BODY, "the body broke off");
            } else {
                gone("closed by the client within the request body");
            }
            return false;
        }
        if (count == 0) {
            loop.give(buffer);
            channel.resumeReads();
            target.flush();
            return false;
        }
        if (count < 0) {
            loop.give(buffer);
            if (!head.chunked() && bodyBytes < head.contentLength()) {
                bodyFailed(FailureCode.CLIENT_MALFORMED_BODY, "less than Content-Length");
                return false;
            }
            bodyEnded();
            target.end(trailers());
            return false;
        }
        bodyBytes += count;
        if (maxBodyBytes > 0 && bodyBytes > maxBodyBytes) {
            loop.give(buffer);
            bodyFailed(FailureCode.CLIENT_BODY_TOO_LARGE, "more than " + maxBodyBytes + " bytes");
            return false;
        }
        if (!head.chunked() && bodyBytes > head.contentLength()) {
            loop.give(buffer);
            bodyFailed(FailureCode.CLIENT_MALFORMED_BODY, "more than Content-Length");
            return false;
        }
        boolean last = !head.chunked() && bodyBytes == head.contentLength();
        if (last) {
            bodyEnded();
        } else {
            timeBody();
        }
        buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
        if (target.write(buffer, last)) {
            loop.give(buffer);
        } else if (!last) {
            bodyBlocked = true;
            readDeadline = Long.MAX_VALUE;
            schedule();
            channel.suspendReads();
        }
        return true;
    }

    /** 2. Nothing more of this request comes: from here on what is read tells that the client went away. */
    private void bodyEnded() {
        bodyEnded = true;
        readDeadline = Long.MAX_VALUE;
        schedule();
        StreamSourceChannel channel = source;
        if (channel != null) {
            channel.suspendReads();
        }
        if (!ended) {
            watch.start();
        }
    }

    private @Nullable HeaderBlock trailers() {
        HeaderMap given = exchange.getAttachment(HttpAttachments.REQUEST_TRAILERS);
        if (given == null || given.size() == 0) {
            return null;
        }
        HeaderBlock trailers = new HeaderBlock();
        for (HeaderValues values : given) {
            String name = values.getHeaderName().toString();
            byte[] bytes = Ascii.bytes(name);
            int id = FieldId.of(bytes, 0, bytes.length);
            // RFC 9110 §6.5.1: a trailer must not change framing, routing or authentication.
            if (FieldId.isHopByHop(id) || id == FieldId.HOST || id == FieldId.CONTENT_LENGTH) {
                continue;
            }
            for (String value : values) {
                trailers.add(name, value);
            }
        }
        return trailers;
    }

    private void bodyFailed(FailureCode code, String detail) {
        BodySink target = bodySink;
        ProxyExchange current = run;
        cancel();
        if (target != null) {
            target.abort(code, detail);
        }
        if (current != null) {
            current.fail(code, detail);
        }
    }

    private void timeBody() {
        if (!bodyEnded) {
            readDeadline = idleDeadline();
            schedule();
        }
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
        if (responded) {
            throw new IllegalStateException("a response was begun before");
        }
        responded = true;
        status = newStatus;
        exchange.setStatusCode(newStatus);
        if (reason != null && reason.reasonLength() > 0) {
            exchange.setReasonPhrase(Ascii.string(reason.bytes(), reason.reasonOffset(), reason.reasonLength()));
        }
        if (close || !bodyEnded) {
            // An upload that is not complete cannot be waited for: its end may never come.
            exchange.setPersistent(false);
        }
        HeaderMap to = exchange.getResponseHeaders();
        Set<HttpString> given = new HashSet<>(to.getHeaderNames());
        for (int i = 0; i < headers.count(); i++) {
            int id = headers.id(i);
            if (id == FieldId.REMOVED || (NOT_FORWARDED >>> id & 1) != 0) {
                continue;
            }
            HttpString name = new HttpString(headers.name(i));
            // What the server's own handlers have set stands, as with Undertow's own proxy.
            if (!given.contains(name)) {
                to.add(name, headers.value(i));
            }
        }
        if (reason != null && worker.snapshot().config().via()) {
            to.add(VIA, "1.1 fairlead");
        }
        if (declaredLength >= 0) {
            exchange.setResponseContentLength(declaredLength);
        }
        unframed = bodyLength < 0 && exchange.isHttp10();
        return this;
    }

    @Override
    public void feed(BodySource newSource) {
        responseSource = newSource;
    }

    private @Nullable StreamSinkChannel sink() {
        StreamSinkChannel channel = sink;
        if (channel == null) {
            channel = exchange.getResponseChannel();
            sink = channel;
            if (channel == null) {
                LOG.error("another handler has taken the response of {}", exchange);
                gone("no channel for the response");
            } else {
                channel.getWriteSetter().set(guarded(ready -> writable()));
            }
        }
        return channel;
    }

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        StreamSinkChannel channel = open ? sink() : null;
        if (channel == null || ended) {
            return true;
        }
        responseBytes += data.remaining();
        ended = last;
        if (outbound != null) {
            outboundQueue.addLast(data);
            sourceBlocked = true;
            return false;
        }
        try {
            while (data.hasRemaining()) {
                if (channel.write(data) == 0) {
                    outbound = data;
                    sourceBlocked = true;
                    writeDeadline = idleDeadline();
                    schedule();
                    channel.resumeWrites();
                    return false;
                }
            }
        } catch (IOException e) {
            gone("reset by the client");
            return true;
        }
        if (last) {
            finish(channel);
        }
        return true;
    }

    @Override
    public void flush() {
        StreamSinkChannel channel = open && !ended ? sink() : null;
        if (channel == null || outbound != null) {
            // What waits is flushed once it is written.
            return;
        }
        try {
            flushDue = !channel.flush();
        } catch (IOException e) {
            gone("reset by the client");
            return;
        }
        if (flushDue) {
            writeDeadline = idleDeadline();
            schedule();
            channel.resumeWrites();
        }
    }

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        StreamSinkChannel channel = open && !ended ? sink() : null;
        if (channel == null) {
            return;
        }
        ended = true;
        if (trailers != null) {
            HeaderMap map = new HeaderMap();
            trailers.forEach((name, value) -> map.add(new HttpString(name), value));
            exchange.putAttachment(HttpAttachments.RESPONSE_TRAILERS, map);
        }
        if (outbound == null) {
            finish(channel);
        }
    }

    @Override
    public void abort(FailureCode code, String detail) {
        ProxyExchange current = run;
        if (current != null) {
            current.fail(code, detail);
        } else {
            cut();
        }
    }

    // ---- 4. what had to wait

    private void writable() {
        StreamSinkChannel channel = sink;
        if (!open || channel == null) {
            return;
        }
        try {
            while (outbound != null) {
                ByteBuffer buffer = outbound;
                if (buffer.hasRemaining() && channel.write(buffer) > 0) {
                    writeDeadline = idleDeadline();
                    schedule();
                }
                if (buffer.hasRemaining()) {
                    return;
                }
                loop.give(buffer);
                outbound = outboundQueue.pollFirst();
            }
            if (ended) {
                finish(channel);
                return;
            }
            if (!channel.flush()) {
                return;
            }
        } catch (IOException e) {
            gone("reset by the client");
            return;
        }
        flushDue = false;
        channel.suspendWrites();
        writeDeadline = Long.MAX_VALUE;
        schedule();
        BodySource from = responseSource;
        if (sourceBlocked && from != null) {
            sourceBlocked = false;
            from.resume();
        }
    }

    // ---- 5. the end

    private void finish(StreamSinkChannel channel) {
        boolean out;
        // Undertow takes up the next request, or closes the connection, within the last flush.
        watch.stop();
        flushing = true;
        try {
            if (!shut) {
                shut = true;
                channel.shutdownWrites();
            }
            out = channel.flush();
        } catch (IOException e) {
            gone("reset by the client");
            return;
        } finally {
            flushing = false;
        }
        if (out) {
            done();
            return;
        }
        writeDeadline = idleDeadline();
        schedule();
        channel.resumeWrites();
    }

    private void done() {
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
     * which may overtake the answer (RFC 9112 §9.6). Over HTTP/2 Undertow answers frames of a stream that was reset with
     * GOAWAY, which would end the other streams too, so there only time counts. Undertow itself would read for as long as
     * the client likes.
     */
    private void linger() {
        lingering = true;
        StreamSourceChannel channel = source();
        if (channel == null) {
            closeConnection();
            return;
        }
        writeDeadline = Long.MAX_VALUE;
        readDeadline = loop.now() + LINGER_NANOS;
        schedule();
        readOver();
    }

    private void readOver() {
        StreamSourceChannel channel = source;
        if (!open || channel == null) {
            return;
        }
        ByteBuffer buffer = loop.take();
        int count;
        try {
            while ((count = channel.read(buffer)) > 0 && (multiplexed || lingered <= MAX_LINGER_BYTES)) {
                lingered += count;
                buffer.clear();
            }
        } catch (IOException e) {
            count = 1;
        }
        loop.give(buffer);
        if (count < 0) {
            release();
        } else if (count > 0) {
            closeConnection();
        } else {
            channel.resumeReads();
        }
    }

    private void gone(String detail) {
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
        if (unframed) {
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
        ProxyExchange current = run;
        run = null;
        if (current != null) {
            current.clientFailed(FailureCode.PROXY_STOPPING, "stopped before the exchange was over");
        }
        closeConnection();
    }

    /** Ends what carries this exchange: the connection, or over HTTP/2 the stream alone, with RST_STREAM. */
    private void closeConnection() {
        if (multiplexed) {
            if (!exchange.isRequestComplete()) {
                IoUtils.safeClose(source());
            }
            if (!exchange.isResponseComplete()) {
                IoUtils.safeClose(sink == null ? exchange.getResponseChannel() : sink);
            }
        } else {
            IoUtils.safeClose(exchange.getConnection());
        }
        release();
    }

    private void connectionClosed() {
        if (!flushing) {
            release();
        }
    }

    private void release() {
        open = false;
        if (released) {
            return;
        }
        released = true;
        watch.stop();
        loop.remove(this);
        if (outbound != null) {
            loop.give(outbound);
            outbound = null;
        }
        outboundQueue.forEach(loop::give);
        outboundQueue.clear();
        responseSource = null;
        ConnectionStreams of = connection;
        if (of != null) {
            of.streams.remove(this);
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

    private void schedule() {
        long deadline = Math.min(readDeadline, writeDeadline);
        if (deadline == Long.MAX_VALUE || released) {
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
        if (writeDeadline != Long.MAX_VALUE && now - writeDeadline >= 0) {
            ProxyExchange current = run;
            run = null;
            if (current != null) {
                current.clientFailed(FailureCode.CLIENT_WRITE_TIMEOUT, "the client takes no more bytes");
            }
            closeConnection();
        } else if (readDeadline != Long.MAX_VALUE && now - readDeadline >= 0) {
            readDeadline = Long.MAX_VALUE;
            if (lingering) {
                closeConnection();
            } else {
                bodyFailed(FailureCode.CLIENT_BODY_TIMEOUT, "the body stalled");
            }
        } else {
            schedule();
        }
    }

    // ---- what the engine asks

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

    @Override
    public long responseBytes() {
        return responseBytes;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /**
     * The exchanges of one connection of the server. Undertow has no way to take a close listener back, so that there is one
     * for each connection and not for each exchange.
     */
    private static final class ConnectionStreams {
        private static final AttachmentKey<ConnectionStreams> KEY = AttachmentKey.create(ConnectionStreams.class);

        private final Set<MountedStream> streams = new HashSet<>();

        static ConnectionStreams of(HttpServerExchange exchange, IoLoop loop) {
            ConnectionStreams known = exchange.getConnection().getAttachment(KEY);
            if (known == null) {
                ConnectionStreams made = new ConnectionStreams();
                known = made;
                exchange.getConnection().putAttachment(KEY, made);
                exchange.getConnection()
                        .addCloseListener(closed ->
                                loop.execute(() -> Set.copyOf(made.streams).forEach(MountedStream::connectionClosed)));
            }
            return known;
        }
    }
}
