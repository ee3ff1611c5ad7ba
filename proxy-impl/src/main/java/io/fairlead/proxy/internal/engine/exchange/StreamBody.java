package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of a message as user code sees it. Untouched it is a handle that the engine takes back ({@link #take}) and
 * pumps without it; touched it is a publisher that copies each piece to the heap for its reader.
 */
final class StreamBody implements Body {

    private static final Logger LOG = LoggerFactory.getLogger(StreamBody.class);

    private static final Flow.Subscription NOTHING = new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
    };

    private final IoLoop loop;
    private final BodySource source;
    private final long length;
    private final Runnable onRead;
    private final Consumer<Throwable> onFault;
    private final AtomicBoolean taken = new AtomicBoolean();
    private volatile @Nullable Headers trailers;
    private volatile boolean discarded;

    /** Who reads the body; of the loop. */
    private @Nullable Pieces reader;

    /** Since when nobody asks for it; of the loop. */
    private long heldSince;

    /**
     * @param length bytes, -1 if unknown
     * @param onRead runs on the loop when somebody begins to read
     * @param onFault gets on the loop what the reader throws; it will not do what the exchange waits for
     */
    StreamBody(IoLoop loop, BodySource source, long length, Runnable onRead, Consumer<Throwable> onFault) {
        this.loop = loop;
        this.source = source;
        this.length = length;
        this.onRead = onRead;
        this.onFault = onFault;
        this.heldSince = loop.now();
    }

    /** Whether somebody has it and asks for nothing, while its peer waits; on the loop. */
    boolean isHeld() {
        Pieces reading = reader;
        return reading == null ? !discarded : !reading.ended && reading.demand == 0;
    }

    /** Since when it {@link #isHeld}, in the loop's time. */
    long heldSince() {
        return heldSince;
    }

    /** The source, if nobody reads the body; the body is used up then. */
    @Nullable
    BodySource take() {
        return taken.compareAndSet(false, true) ? source : null;
    }

    /** Whether somebody reads it, has read it, or gave it up. */
    boolean isTaken() {
        return taken.get();
    }

    @Override
    public OptionalLong length() {
        return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    }

    @Override
    public Optional<Headers> trailers() {
        return Optional.ofNullable(trailers);
    }

    @Override
    public void discard() {
        if (taken.compareAndSet(false, true)) {
            discarded = true;
            loop.execute(source::cancel);
        }
    }

    /** The exchange is over, on the loop: who still reads the body is told that no more comes. */
    void over(FailureCode code) {
        Pieces reading = reader;
        if (reading != null) {
            try {
                reading.over(code);
            } catch (RuntimeException e) {
                LOG.warn("a reader of a body failed", e);
            }
        }
    }

    @Override
    public InputStream inputStream() {
        if (loop.inLoop() || Thread.currentThread() instanceof org.xnio.XnioIoThread) {
            throw new IllegalStateException("inputStream() would block an I/O thread: use Middleware.blocking");
        }
        return Body.super.inputStream();
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalStateException("the body was read or discarded before");
        }
        AtomicBoolean subscribed = new AtomicBoolean();
        return subscriber -> loop.execute(() -> {
            if (!subscribed.compareAndSet(false, true)) {
                refuse(subscriber);
                return;
            }
            Pieces pieces = new Pieces(subscriber);
            reader = pieces;
            try {
                subscriber.onSubscribe(pieces);
            } catch (RuntimeException | Error e) {
                pieces.fault(e);
                return;
            }
            onRead.run();
            source.attach(pieces);
        });
    }

    /** The bytes go to one reader; a further one is told so the way Reactive Streams §1.9 asks for. */
    private static void refuse(Flow.Subscriber<? super ByteBuffer> subscriber) {
        try {
            subscriber.onSubscribe(NOTHING);
            subscriber.onError(new IllegalStateException("the body has a reader already"));
        } catch (RuntimeException e) {
            LOG.warn("a reader of a body failed", e);
        }
    }

    /** Hands the pieces to the subscriber as it asks for them. */
    private final class Pieces implements BodySink, Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private long demand;
        private boolean ended;
        private boolean lastHeld;
        private @Nullable ByteBuffer held;

        Pieces(Flow.Subscriber<? super ByteBuffer> subscriber) {
            this.subscriber = subscriber;
        }

        @Override
        public void feed(BodySource newSource) {}

        @Override
        public boolean write(ByteBuffer data, boolean last) {
            if (ended) {
                return true;
            }
            if (demand == 0 && data.hasRemaining()) {
                held = data;
                lastHeld = last;
                return false;
            }
            give(data, last);
            return true;
        }

        private void give(ByteBuffer data, boolean last) {
            if (data.hasRemaining()) {
                demand--;
                if (demand == 0) {
                    heldSince = loop.now();
                }
                ByteBuffer copy = ByteBuffer.allocate(data.remaining());
                copy.put(data).flip();
                try {
                    subscriber.onNext(copy);
                } catch (RuntimeException | Error e) {
                    fault(e);
                }
            }
            if (last && !ended) {
                complete();
            }
        }

        private void complete() {
            ended = true;
            try {
                subscriber.onComplete();
            } catch (RuntimeException | Error e) {
                fault(e);
            }
        }

        /** The reader threw, which none may (Reactive Streams §2.13): it is told nothing more. */
        private void fault(Throwable problem) {
            if (!ended) {
                stop();
            }
            onFault.accept(problem);
        }

        @Override
        public void flush() {}

        /** The client was told to go on when somebody came to read. */
        @Override
        public void heldBack() {}

        @Override
        public void end(@Nullable HeaderBlock newTrailers) {
            trailers = newTrailers;
            if (ended) {
                return;
            }
            if (held != null) {
                lastHeld = true;
                return;
            }
            complete();
        }

        @Override
        public void abort(FailureCode code, String detail) {
            if (!ended) {
                ended = true;
                release();
                subscriber.onError(new ExchangeFailedException(code, detail));
            }
        }

        private void over(FailureCode code) {
            if (!ended) {
                stop();
                subscriber.onError(new ExchangeFailedException(code, "the exchange is over"));
            }
        }

        private void stop() {
            ended = true;
            // Who has pushed its last piece may be at work for another exchange already.
            boolean pushedAll = held != null && lastHeld;
            release();
            if (!pushedAll) {
                source.cancel();
            }
        }

        private void release() {
            ByteBuffer buffer = held;
            if (buffer != null) {
                held = null;
                loop.give(buffer);
            }
        }

        @Override
        public void request(long n) {
            loop.execute(() -> {
                if (ended) {
                    return;
                }
                if (n <= 0) {
                    stop();
                    subscriber.onError(new IllegalArgumentException("request: " + n + " (expected: > 0)"));
                    return;
                }
                demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                ByteBuffer buffer = held;
                if (buffer != null) {
                    held = null;
                    boolean last = lastHeld;
                    give(buffer, last);
                    loop.give(buffer);
                    if (!last && !ended) {
                        source.resume();
                    }
                }
            });
        }

        @Override
        public void cancel() {
            loop.execute(() -> {
                if (!ended) {
                    stop();
                }
            });
        }
    }
}
