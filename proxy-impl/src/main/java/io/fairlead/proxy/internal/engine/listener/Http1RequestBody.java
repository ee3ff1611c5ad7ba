package io.fairlead.proxy.internal.engine.listener;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.BodyDecoder;
import io.fairlead.proxy.internal.http.ChunkedDecoder;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The body of the request at hand, on its way from the client's connection to whoever reads it. One for each connection,
 * begun anew for each request.
 *
 * <ol>
 *   <li>{@link #begin}: the head tells what frames the body.
 *   <li>{@link #attach}: whoever reads it has come; from now on the client has to send, within the idle time and at the
 *       least rate. Time in which it is not its turn does not count: while it waits for 100 (Continue), and while the
 *       reader takes no more.
 *   <li>{@link #push}: one piece after the other goes to the reader, as the connection reads them, within the limit.
 *   <li>{@link #cancel}: nobody wants the rest. It is read over if it is small, because behind it stands the client's next
 *       request, and the connection can go on. Decoded exactly, since bytes of a body that were taken for a request would
 *       be one that was smuggled.
 *   <li>{@link #giveUp}: the rest is too long, broken, or may never come; the connection closes.
 * </ol>
 */
final class Http1RequestBody implements BodySource {

    /** What is read over of a body that nobody wants, framing included. */
    static final int MAX_READ_OVER_BYTES = 64 * 1024;

    private static final long RATE_GRACE_NANOS = 5_000_000_000L;
    private static final long RATE_STEP_NANOS = 1_000_000_000L;

    private final Http1ServerConnection connection;
    private final Http1Input input;
    private final IoLoop loop;
    private final ListenerContext listener;
    private final BodyDecoder decoder = new BodyDecoder();

    private boolean pending;
    private boolean continueDue;
    private @Nullable BodySink sink;
    private boolean blocked;
    private long bytes;
    private long maxBytes;

    private boolean readOver;
    private int readOverLeft;

    private long lastRead;
    private long rateStart;
    private long rateHeldUp;
    private long blockedSince;

    Http1RequestBody(Http1ServerConnection connection, Http1Input input, IoLoop loop, ListenerContext listener) {
        this.connection = connection;
        this.input = input;
        this.loop = loop;
        this.listener = listener;
    }

    // ---- 1. what frames it

    void begin(RequestHead request) {
        pending = request.hasBody();
        continueDue = pending && request.expectContinue();
        bytes = 0;
        maxBytes = listener.maxBodyBytes();
        sink = null;
        blocked = false;
        readOver = false;
        if (pending) {
            decoder.begin(request.chunked(), request.contentLength());
        }
    }

    /** Whether there is more of it to be read. */
    boolean isPending() {
        return pending;
    }

    /** Whether all of the rest is here, so that it can be read over whenever that is due. */
    boolean isAtHand() {
        ByteBuffer here = input.bytes();
        return here != null && decoder.left() >= 0 && here.remaining() >= decoder.left();
    }

    /** Whether it is on its way past everybody, so that the connection can go on. */
    boolean isReadOver() {
        return readOver;
    }

    boolean isBlocked() {
        return blocked;
    }

    long bytes() {
        return bytes;
    }

    void maxBytes(long max) {
        maxBytes = max;
    }

    boolean accepts(long length) {
        return maxBytes == 0 || length <= maxBytes;
    }

    // ---- 2. somebody reads it

    @Override
    public void attach(BodySink newSink) {
        if (!pending || readOver) {
            // Whoever comes too late must not wait for what will not come.
            newSink.abort(FailureCode.MIDDLEWARE_FAILED, "the request body was given up before it was read");
            return;
        }
        sink = newSink;
        restartTime();
        // They were switched off if more came while there was nowhere to put it.
        connection.resumeReads();
        if (connection.isProcessing()) {
            // The head was parsed by process(), which goes on with the body by itself; but the caller wants what is at
            // hand to leave together with its head.
            while (connection.isOpen() && pending && push()) {
                // The next piece.
            }
        } else {
            connection.process();
        }
        if (isHeldBack() && sink == newSink) {
            newSink.heldBack();
        }
    }

    /** Whether the client rightly waits until it is told to go on (RFC 9110 §10.1.1). */
    private boolean isHeldBack() {
        return pending && continueDue && bytes == 0;
    }

    /** Whether the client is still to be told to go on. */
    boolean isContinueDue() {
        return continueDue;
    }

    /** The client has been told to go on; what it took until then was not its own doing. */
    void asked() {
        continueDue = false;
        if (pending && sink != null && !blocked) {
            restartTime();
        }
    }

    @Override
    public void resume() {
        if (!blocked || !connection.isOpen()) {
            return;
        }
        blocked = false;
        long now = loop.now();
        rateHeldUp += now - blockedSince;
        lastRead = now;
        time();
        connection.resumeReads();
        connection.process();
    }

    // ---- 3. piece by piece

    /** Bytes have come. */
    void arrived() {
        long now = loop.now();
        lastRead = now;
        if (continueDue && bytes == 0) {
            // It has not waited for 100, or not longer, as it may.
            rateStart = now;
        }
    }

    /** Pushes one piece; false when it has to wait. */
    boolean push() {
        BodySink target = sink;
        if (target == null && !readOver || blocked) {
            return false;
        }
        ByteBuffer buffer = input.bytes();
        if (buffer == null) {
            // Who does not want it answers all the same.
            if (!readOver && connection.inputEnded()) {
                connection.gone("closed by the client within the request body");
            }
            return false;
        }
        int before = buffer.remaining();
        ChunkedDecoder.Result result = decoder.decode(buffer, loop.parser());
        if (result == ChunkedDecoder.Result.MALFORMED) {
            failed(FailureCode.CLIENT_MALFORMED_BODY, "chunked coding");
            return false;
        }
        boolean last = result == ChunkedDecoder.Result.DONE;
        int size = buffer.remaining();
        bytes += size;
        if (target == null) {
            return passOver(before - (decoder.tailTo() - decoder.tailFrom()), last);
        }
        if (maxBytes > 0 && bytes > maxBytes) {
            failed(FailureCode.CLIENT_BODY_TOO_LARGE, "more than " + maxBytes + " bytes");
            return false;
        }
        HeaderBlock trailers = last ? decoder.trailers() : null;
        ByteBuffer piece = input.takePiece(decoder);
        if (last) {
            ended();
        }
        boolean taken = true;
        if (size > 0 || last && trailers == null) {
            taken = target.write(piece, last && trailers == null);
        }
        if (taken) {
            loop.give(piece);
        }
        if (last) {
            if (trailers != null) {
                target.end(trailers);
            }
            return true;
        }
        if (sink != target) {
            // Cancelled within the call.
            return true;
        }
        if (!taken) {
            blocked = true;
            blockedSince = loop.now();
            connection.readBy(Http1ServerConnection.OFF);
            return false;
        }
        time();
        target.flush();
        return true;
    }

    private boolean passOver(int used, boolean last) {
        readOverLeft -= used;
        if (readOverLeft < 0) {
            giveUp();
            return false;
        }
        input.passOver(decoder);
        if (last) {
            ended();
            connection.bodyReadOver();
        }
        return true;
    }

    private void ended() {
        pending = false;
        continueDue = false;
        decoder.end();
        connection.readBy(Http1ServerConnection.OFF);
    }

    private void failed(FailureCode code, String detail) {
        BodySink target = sink;
        ProxyExchange current = connection.exchange();
        boolean unwanted = readOver;
        giveUp();
        if (unwanted) {
            // The answer that is about to go out, or that has gone out, stands.
            return;
        }
        if (target != null) {
            target.abort(code, detail);
        }
        if (current != null) {
            current.fail(code, detail);
        }
    }

    // ---- 4. nobody wants it

    @Override
    public void cancel() {
        if (!pending || readOver) {
            return;
        }
        sink = null;
        blocked = false;
        readOver = true;
        readOverLeft = MAX_READ_OVER_BYTES;
        connection.readBy(Http1ServerConnection.OFF);
        while (connection.isOpen() && pending && push()) {
            // What is at hand.
        }
        if (!pending || !connection.isOpen()) {
            return;
        }
        // A client that still waits for 100 may send its body or not (RFC 9110 §10.1.1), so that nobody knows where
        // the next request begins.
        if (continueDue || decoder.left() > readOverLeft || connection.inputEnded() || connection.closesAfter()) {
            giveUp();
        } else {
            connection.resumeReads();
        }
    }

    // ---- 5. it has no end that could be waited for

    void giveUp() {
        sink = null;
        if (pending) {
            pending = false;
            decoder.end();
            connection.bodyGivenUp();
        }
    }

    // ---- time

    private void restartTime() {
        long now = loop.now();
        lastRead = now;
        rateStart = now;
        rateHeldUp = 0;
        time();
    }

    private void time() {
        if (!pending) {
            return;
        }
        if (isHeldBack() && !connection.answerBegun()) {
            // It is the other side's turn, which is told so and timed there.
            connection.readBy(Http1ServerConnection.OFF);
            return;
        }
        long idle = lastRead + connection.idleNanos();
        long rate =
                listener.minBodyRate() > 0 ? Math.max(lastRead, rateStart + RATE_GRACE_NANOS) + RATE_STEP_NANOS : idle;
        connection.readBy(Math.min(idle, rate));
    }

    void timedOut(long now) {
        long idle = connection.idleNanos();
        if (now - lastRead >= idle) {
            failed(FailureCode.CLIENT_BODY_TIMEOUT, "the body stalled");
        } else if (tooSlow(now)) {
            failed(FailureCode.CLIENT_BODY_TOO_SLOW, "less than " + listener.minBodyRate() + " bytes a second");
        } else {
            connection.readBy(Math.min(lastRead + idle, now + RATE_STEP_NANOS));
        }
    }

    private boolean tooSlow(long now) {
        long elapsed = now - rateStart - rateHeldUp;
        return listener.minBodyRate() > 0
                && elapsed > RATE_GRACE_NANOS
                && bytes < (elapsed - RATE_GRACE_NANOS) / 1_000_000_000.0 * listener.minBodyRate();
    }
}
