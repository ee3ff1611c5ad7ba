package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A request body that can be sent again: it stands between the body's source and the sinks of the attempts, passes on what
 * comes and keeps a copy, up to a limit. A body that grows past it is passed on and no more kept.
 *
 * <ol>
 *   <li>{@link #attach}: an attempt begins; it gets what is kept first, and then what comes.
 *   <li>{@link #write}: a piece has come from the source.
 *   <li>{@link #detach}: the attempt has failed. A piece that comes before the next one is held, and stops the source.
 *   <li>{@link #settle}: an answer is accepted; nothing is kept any more. {@link #close}: the exchange is over.
 * </ol>
 */
final class ReplayBody implements BodySource, BodySink {

    private static final int FIRST_BYTES = 1024;

    private final IoLoop loop;
    private final BodySource source;
    private final int maxBytes;
    private final ReplayMemory memory;
    private final BooleanSupplier useful;

    private byte[] kept = new byte[0];
    private int size;
    private boolean keeping = true;
    private boolean complete = true;
    private boolean begun;
    private boolean ended;
    private boolean askFirst;
    private @Nullable HeaderBlock trailers;

    private @Nullable BodySink out;
    /** Kept bytes that the attempt has got already. */
    private int given;

    /** A piece that came when nobody took it; its trailers may have come with it. */
    private @Nullable ByteBuffer held;

    private boolean heldLast;
    /** Whether the source waits for {@link BodySource#resume}. */
    private boolean sourceWaits;

    private boolean outBlocked;
    /** Whether the attempt knows that the body is over. */
    private boolean endTold;

    private boolean pumping;

    /** @param useful whether another attempt may still get what is kept */
    ReplayBody(IoLoop loop, BodySource source, int maxBytes, ReplayMemory memory, BooleanSupplier useful) {
        this.loop = loop;
        this.source = source;
        this.maxBytes = maxBytes;
        this.memory = memory;
        this.useful = useful;
    }

    /** Whether another attempt would get the whole body. */
    boolean isComplete() {
        return complete;
    }

    // ---- 1. an attempt

    @Override
    public void attach(BodySink sink) {
        out = sink;
        given = 0;
        outBlocked = false;
        endTold = false;
        pump();
    }

    @Override
    public void resume() {
        outBlocked = false;
        pump();
    }

    /** Gives the sink what it lacks, then lets the source go on. */
    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            BodySink to = out;
            while (to != null && !outBlocked && given < size) {
                given(to);
                to = out;
            }
            if (to == null || outBlocked) {
                return;
            }
            ByteBuffer waiting = held;
            if (waiting != null) {
                held = null;
                if (write(waiting, heldLast)) {
                    loop.give(waiting);
                }
                to = out;
                if (to == null || outBlocked) {
                    return;
                }
            }
            if (ended) {
                if (!endTold) {
                    endTold = true;
                    to.end(trailers);
                }
                return;
            }
        } finally {
            pumping = false;
        }
        goOn();
    }

    private void given(BodySink to) {
        ByteBuffer buffer = loop.take();
        int count = Math.min(buffer.remaining(), size - given);
        buffer.put(kept, given, count);
        buffer.limit(buffer.position()).position(buffer.position() - count);
        given += count;
        // A source that has no trailers after all may tell the end while its last piece is still held.
        boolean last = ended && held == null && given == size && trailers == null;
        endTold = last;
        if (to.write(buffer, last)) {
            loop.give(buffer);
        } else {
            outBlocked = true;
        }
    }

    private void goOn() {
        BodySink to = out;
        if (to == null || outBlocked || ended) {
            return;
        }
        if (!begun) {
            begun = true;
            source.attach(this);
        } else if (sourceWaits) {
            sourceWaits = false;
            source.resume();
        } else if (askFirst && size == 0) {
            to.heldBack();
        } else {
            to.flush();
        }
    }

    // ---- 2. a piece from the source

    @Override
    public void feed(BodySource newSource) {}

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        BodySink to = out;
        // A sink that was attached a moment ago may be busy with what is kept, of which the source knows nothing.
        if (to == null || outBlocked) {
            held = data;
            heldLast = last;
            sourceWaits = true;
            return false;
        }
        askFirst = false;
        forgetIfUseless();
        keep(data);
        if (last) {
            ended = true;
            endTold = true;
        }
        boolean taken = to.write(data, last);
        forgetIfUseless();
        if (taken) {
            return true;
        }
        outBlocked = true;
        sourceWaits = true;
        return false;
    }

    private void forgetIfUseless() {
        if (keeping && given == size && !useful.getAsBoolean()) {
            complete = false;
            forget();
        }
    }

    private void keep(ByteBuffer data) {
        int more = data.remaining();
        if (!keeping) {
            complete = complete && more == 0;
            return;
        }
        if (size + more > maxBytes || !makeRoom(size + more)) {
            complete = false;
            forget();
            return;
        }
        data.get(data.position(), kept, size, more);
        size += more;
        given = size;
    }

    private boolean makeRoom(int needed) {
        if (needed <= kept.length) {
            return true;
        }
        int grown = Math.min(maxBytes, Math.max(FIRST_BYTES, Math.max(needed, kept.length * 2)));
        if (!memory.tryTake(grown - kept.length)) {
            return false;
        }
        kept = Arrays.copyOf(kept, grown);
        return true;
    }

    private void forget() {
        keeping = false;
        memory.give(kept.length);
        kept = new byte[0];
        size = 0;
        given = 0;
    }

    @Override
    public void flush() {
        BodySink to = out;
        if (to != null) {
            to.flush();
        }
    }

    @Override
    public void end(@Nullable HeaderBlock newTrailers) {
        ended = true;
        trailers = newTrailers;
        BodySink to = out;
        if (to != null && !outBlocked) {
            endTold = true;
            to.end(newTrailers);
        }
    }

    @Override
    public void heldBack() {
        askFirst = true;
        BodySink to = out;
        if (to != null) {
            to.heldBack();
        }
    }

    @Override
    public void abort(FailureCode code, String detail) {
        complete = false;
        BodySink to = out;
        if (to != null) {
            to.abort(code, detail);
        }
    }

    // ---- 3. the attempt has failed

    void detach() {
        out = null;
    }

    /** The attempt's sink wants no more, which says nothing of the next attempt's. */
    @Override
    public void cancel() {
        detach();
    }

    // ---- 4. the end

    /** There will be no other attempt: what comes is only passed on. */
    void settle() {
        if (keeping && given == size) {
            forget();
            complete = false;
        }
    }

    void close() {
        out = null;
        ByteBuffer waiting = held;
        if (waiting != null) {
            held = null;
            loop.give(waiting);
        }
        if (keeping) {
            forget();
        }
        complete = false;
    }
}
