package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.HealthCheck.Protocol;
import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.http.BodyDecoder;
import io.fairlead.proxy.internal.http.ChunkedDecoder;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.PartialHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.tls.ClientTls;
import io.fairlead.proxy.internal.tls.TlsFailures;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.IoFuture;
import org.xnio.IoUtils;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.StreamConnection;

/**
 * One health check of a target, on a connection of its own that counts against no limit and is closed afterwards: a target whose
 * connections are used up is busy, not ill, and one that takes no new connections is ill though old ones may work. One I/O
 * thread.
 *
 * <ol>
 *   <li>{@link #start}: connect, to the next address if one fails;
 *   <li>shake hands, for HTTPS; send the request, in one piece;
 *   <li>read the head of the answer, and as much of the body as is searched;
 *   <li>tell the verdict, once;
 *   <li>read the rest of a small answer, because a target that is cut off writes that into its log; close.
 * </ol>
 *
 * <p>All of it within the check's timeout, which is the timer.
 */
public final class Probe extends TimerWheel.Timer {

    private static final Logger LOG = LoggerFactory.getLogger(Probe.class);
    private static final OptionMap OPTIONS =
            OptionMap.builder().set(Options.TCP_NODELAY, true).getMap();

    /** More than this is not read for politeness. */
    private static final int MAX_UNWANTED_BYTES = 64 * 1024;

    private static final int MAX_HEAD_BYTES = 16 * 1024;

    /** Hears of the verdict. */
    @FunctionalInterface
    public interface Listener {
        /**
         * The check is over.
         *
         * @param seen what the target did, in words
         */
        void over(boolean passed, String seen);
    }

    private final IoLoop loop;
    private final ClientTarget target;
    private final HealthCheck check;
    private final byte[] head;
    private final @Nullable ClientTls tls;
    private final BodyDecoder decoder = new BodyDecoder();

    private @Nullable Listener listener;
    private boolean closed;
    private @Nullable Runnable resolving;
    private int tried;
    private @Nullable IoFuture<StreamConnection> connecting;
    private @Nullable StreamConnection connection;
    private @Nullable TlsStream secure;
    private @Nullable PartialHead partial;
    private boolean inBody;
    private byte[] searched = new byte[0];
    private int searchedLength;
    private int unwanted;
    private String status = "";

    /**
     * Makes one that has not begun.
     *
     * @param head of {@link #head(HealthCheck, String)}
     * @param tls for an HTTPS check
     */
    public Probe(
            IoLoop loop,
            ClientTarget target,
            HealthCheck check,
            byte[] head,
            @Nullable ClientTls tls,
            Listener listener) {
        this.loop = loop;
        this.target = target;
        this.check = check;
        this.head = head;
        this.tls = tls;
        this.listener = listener;
    }

    /**
     * The request of a check; empty for TCP.
     *
     * @param authority host and port of the target
     */
    public static byte[] head(HealthCheck check, String authority) {
        if (check.protocol() == Protocol.TCP) {
            return new byte[0];
        }
        StringBuilder text = new StringBuilder();
        text.append(check.method()).append(' ').append(check.path()).append(" HTTP/1.1\r\nHost: ");
        text.append(check.host().isEmpty() ? authority : check.host()).append("\r\n");
        if (check.headers().keySet().stream().noneMatch("User-Agent"::equalsIgnoreCase)) {
            text.append("User-Agent: fairlead-health-check\r\n");
        }
        check.headers()
                .forEach((name, value) ->
                        text.append(name).append(": ").append(value).append("\r\n"));
        // RFC 9110 §8.6: a method that usually has a body says that there is none.
        if (List.of("POST", "PUT", "PATCH").contains(check.method())) {
            text.append("Content-Length: 0\r\n");
        }
        return text.append("Connection: close\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether it still has a connection or a timer. */
    public boolean isOpen() {
        return !closed;
    }

    /** Ends it without a verdict. */
    public void cancel() {
        listener = null;
        close();
    }

    // ---- 1. connect

    /** Begins. The verdict may come before this returns. */
    public void start() {
        loop.schedule(this, loop.now() + check.timeout().toNanos());
        if (target.addresses() == null) {
            Runnable waiter = () -> loop.execute(this::resolved);
            resolving = waiter;
            target.whenResolved(waiter);
        } else {
            resolved();
        }
    }

    private void resolved() {
        resolving = null;
        List<InetSocketAddress> addresses = target.addresses();
        if (closed) {
            return;
        }
        if (addresses == null || addresses.isEmpty()) {
            failed("no address for " + target.host());
        } else {
            tryNext(addresses);
        }
    }

    private void tryNext(List<InetSocketAddress> addresses) {
        int first = Math.min(target.goodAddress(), addresses.size() - 1);
        InetSocketAddress known = addresses.get((first + tried) % addresses.size());
        InetSocketAddress address = check.port() == 0 ? known : new InetSocketAddress(known.getAddress(), check.port());
        tried++;
        IoFuture<StreamConnection> future;
        try {
            future = loop.thread().openStreamConnection(address, null, OPTIONS);
        } catch (RuntimeException e) {
            notConnected(addresses, address, e);
            return;
        }
        connecting = future;
        future.addNotifier(
                (done, ignored) -> loop.execute(() -> {
                    StreamConnection made = null;
                    IOException problem = null;
                    try {
                        if (done.getStatus() != IoFuture.Status.CANCELLED) {
                            made = done.get();
                        }
                    } catch (IOException e) {
                        problem = e;
                    }
                    if (closed) {
                        IoUtils.safeClose(made);
                    } else if (made != null) {
                        connected(made);
                    } else {
                        notConnected(addresses, address, problem);
                    }
                }),
                null);
    }

    private void notConnected(List<InetSocketAddress> addresses, InetSocketAddress address, @Nullable Exception why) {
        if (tried < addresses.size()) {
            tryNext(addresses);
        } else {
            failed("no connection to " + address + (why == null ? "" : ": " + why.getMessage()));
        }
    }

    // ---- 2. send

    private void connected(StreamConnection made) {
        connecting = null;
        connection = made;
        if (check.protocol() == Protocol.TCP) {
            verdict(true, "connected");
            close();
            return;
        }
        ClientTls with = tls;
        if (check.protocol() == Protocol.HTTPS && with != null) {
            prepareTls(made, with);
            return;
        }
        ByteBuffer out = ByteBuffer.wrap(head);
        made.getSinkChannel().setWriteListener(channel -> guarded(() -> write(made, out)));
        made.getSourceChannel().setReadListener(channel -> guarded(() -> read(made)));
        guarded(() -> write(made, out));
        if (!closed) {
            made.getSourceChannel().resumeReads();
        }
    }

    /** The first engine reads the trusted certificates, which is not for an I/O thread. */
    private void prepareTls(StreamConnection made, ClientTls with) {
        InetSocketAddress peer = made.getPeerAddress(InetSocketAddress.class);
        try {
            made.getIoThread().getWorker().execute(() -> {
                SSLEngine engine = null;
                String problem = "";
                try {
                    engine = with.engine(serverName(), peer == null ? check.port() : peer.getPort(), "http/1.1");
                } catch (IOException | RuntimeException e) {
                    problem = String.valueOf(e.getMessage());
                }
                SSLEngine ready = engine;
                String reason = problem;
                loop.execute(() -> {
                    if (ready != null) {
                        guarded(() -> secure(made, ready));
                    } else if (!closed) {
                        failed(reason);
                    }
                });
            });
        } catch (RejectedExecutionException e) {
            failed("the proxy is being closed");
        }
    }

    /** As the Host field says, which tells a server of many names which one is meant; without its port. */
    private String serverName() {
        String host = check.host().isEmpty() ? target.host() : check.host();
        int bracket = host.lastIndexOf(']');
        int colon = host.indexOf(':', bracket + 1);
        String name = colon < 0 ? host : host.substring(0, colon);
        return bracket > 0 ? name.substring(1, bracket) : name;
    }

    private void secure(StreamConnection made, SSLEngine engine) throws IOException {
        TlsStream stream = new TlsStream(loop, made, engine, ByteBuffer.wrap(head), new TlsStream.Listener() {
            @Override
            public void received(ByteBuffer data) {
                Probe.this.received(data);
            }

            @Override
            public void ended() {
                Probe.this.ended();
            }

            @Override
            public void goOn() {
                guarded(Probe.this::advance);
            }
        });
        secure = stream;
        made.getSinkChannel().setWriteListener(channel -> guarded(this::advance));
        made.getSourceChannel().setReadListener(channel -> guarded(this::advance));
        advance();
    }

    private void advance() throws IOException {
        TlsStream stream = secure;
        if (stream != null) {
            stream.advance();
        }
    }

    /** XNIO would swallow what a callback throws. */
    private void guarded(Step step) {
        if (closed) {
            return;
        }
        try {
            step.run();
        } catch (SSLException e) {
            failed(TlsFailures.reason(e));
        } catch (IOException e) {
            failed("the connection failed: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("a health check failed", e);
            failed(e.toString());
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private void write(StreamConnection to, ByteBuffer out) throws IOException {
        while (out.hasRemaining()) {
            if (to.getSinkChannel().write(out) == 0) {
                to.getSinkChannel().resumeWrites();
                return;
            }
        }
        if (to.getSinkChannel().flush()) {
            to.getSinkChannel().suspendWrites();
        } else {
            to.getSinkChannel().resumeWrites();
        }
    }

    // ---- 3. the answer

    private void read(StreamConnection from) throws IOException {
        ByteBuffer buffer = loop.take();
        try {
            int count = from.getSourceChannel().read(buffer);
            if (count < 0) {
                ended();
            } else if (count > 0) {
                buffer.limit(buffer.position()).position(IoLoop.HEADROOM);
                received(buffer);
            }
        } finally {
            loop.give(buffer);
        }
    }

    private boolean isShakingHands() {
        TlsStream stream = secure;
        return stream == null ? check.protocol() == Protocol.HTTPS : !stream.isSecured();
    }

    private void ended() {
        if (isShakingHands()) {
            failed("closed within the TLS handshake");
        } else if (!inBody) {
            failed("closed before it answered");
        } else {
            bodyEnds();
        }
    }

    private void received(ByteBuffer buffer) {
        while (!closed && !inBody) {
            if (!readHead(buffer)) {
                return;
            }
        }
        if (!closed) {
            readBody(buffer);
        }
    }

    /** Whether a whole head was there. */
    private boolean readHead(ByteBuffer buffer) {
        ByteBuffer data = buffer;
        PartialHead begun = partial;
        if (begun != null) {
            if (!begun.add(buffer, MAX_HEAD_BYTES)) {
                return false;
            }
            data = begun.bytes();
        }
        HeadParser parser = loop.parser();
        int size = parser.parseResponse(data, MAX_HEAD_BYTES);
        if (size == HeadParser.INCOMPLETE) {
            if (begun == null) {
                partial = new PartialHead(buffer);
            }
            return false;
        }
        partial = null;
        if (size == HeadParser.REFUSED) {
            failed("an answer that is not HTTP: " + parser.detail());
            return false;
        }
        buffer.position(buffer.limit() - (data.remaining() - size));
        ResponseHead answer = parser.response();
        if (answer.status() == 101) {
            failed("status 101");
            return false;
        }
        if (answer.status() >= 200) {
            answered(answer);
        }
        return true;
    }

    private void answered(ResponseHead answer) {
        inBody = true;
        status = "status " + answer.status();
        boolean fine = check.expectedStatuses().stream().anyMatch(range -> range.contains(answer.status()));
        if (!fine) {
            String expected =
                    check.expectedStatuses().stream().map(StatusRange::toString).collect(Collectors.joining(", "));
            verdict(false, status + " (expected " + expected + ")");
        } else if (check.expectedBody().isEmpty()) {
            verdict(true, status);
        } else {
            searched = new byte[check.maxBodyBytes()];
        }
        boolean empty = check.method().equals("HEAD") || answer.status() == 204 || answer.status() == 304;
        long length = empty ? 0 : answer.chunked() ? -1 : answer.contentLength();
        if (length == 0) {
            bodyEnds();
        } else {
            decoder.begin(answer.chunked(), length);
        }
    }

    private void readBody(ByteBuffer buffer) {
        ChunkedDecoder.Result result = decoder.decode(buffer, loop.parser());
        if (result == ChunkedDecoder.Result.MALFORMED) {
            failed(status + " with a malformed body");
            return;
        }
        if (listener == null) {
            unwanted += buffer.remaining();
        } else {
            search(buffer);
        }
        if (result == ChunkedDecoder.Result.DONE) {
            bodyEnds();
        } else if (unwanted > MAX_UNWANTED_BYTES) {
            close();
        }
    }

    private void search(ByteBuffer data) {
        byte[] wanted = check.expectedBody().getBytes(StandardCharsets.UTF_8);
        int from = Math.max(0, searchedLength - wanted.length + 1);
        int size = Math.min(data.remaining(), searched.length - searchedLength);
        data.get(searched, searchedLength, size);
        searchedLength += size;
        if (holds(wanted, from)) {
            verdict(true, status + " with the expected body");
        } else if (searchedLength == searched.length) {
            verdict(false, notFound());
        }
    }

    private boolean holds(byte[] wanted, int from) {
        for (int i = from; i + wanted.length <= searchedLength; i++) {
            int same = 0;
            while (same < wanted.length && searched[i + same] == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return true;
            }
        }
        return false;
    }

    private String notFound() {
        return status + " without the expected text in the first " + searchedLength + " bytes of its body";
    }

    private void bodyEnds() {
        if (listener != null) {
            verdict(false, notFound());
        }
        close();
    }

    // ---- 4. and 5. the end

    private void verdict(boolean passed, String seen) {
        Listener to = listener;
        listener = null;
        if (to != null) {
            to.over(passed, seen);
        }
    }

    private void failed(String seen) {
        // Closed first: the next check may begin in this call.
        Listener to = listener;
        listener = null;
        close();
        if (to != null) {
            to.over(false, seen);
        }
    }

    @Override
    protected void fire(long now) {
        failed((connection == null
                        ? "no connection within "
                        : inBody
                                ? status + " without a whole body within "
                                : isShakingHands() ? "no TLS handshake within " : "no answer within ")
                + check.timeout().toMillis() + " ms");
    }

    private void close() {
        if (closed) {
            return;
        }
        closed = true;
        loop.remove(this);
        Runnable waiter = resolving;
        if (waiter != null) {
            resolving = null;
            target.waitsNoLonger(waiter);
        }
        IoFuture<StreamConnection> running = connecting;
        if (running != null) {
            connecting = null;
            running.cancel();
        }
        if (secure != null) {
            secure.close();
        }
        IoUtils.safeClose(connection);
    }
}
