package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A body whose pieces pass through a transformer. Read once, whatever its source, since a transformer serves one body. */
final class TransformedBody implements Body {

    private final Body source;
    private final ByteTransformer transformer;
    private final AtomicBoolean taken = new AtomicBoolean();

    TransformedBody(Body source, ByteTransformer transformer) {
        this.source = source;
        this.transformer = requireNonNull(transformer, "transformer");
    }

    @Override
    public OptionalLong length() {
        return OptionalLong.empty();
    }

    @Override
    public Optional<Headers> trailers() {
        return source.trailers();
    }

    @Override
    public void discard() {
        if (taken.compareAndSet(false, true)) {
            source.discard();
        }
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        take();
        Flow.Publisher<ByteBuffer> pieces = source.publisher();
        AtomicBoolean subscribed = new AtomicBoolean();
        return subscriber -> {
            requireNonNull(subscriber, "subscriber");
            if (subscribed.compareAndSet(false, true)) {
                pieces.subscribe(new Step(subscriber, transformer));
            } else {
                subscriber.onSubscribe(BodyReaders.NO_SUBSCRIPTION);
                subscriber.onError(new IllegalStateException("the body has one subscriber already"));
            }
        };
    }

    /** Reads the source's own stream, which knows on which threads it may block. */
    @Override
    public InputStream inputStream() {
        InputStream input = source.inputStream();
        take();
        return new TransformedStream(input, transformer);
    }

    private void take() {
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalStateException("the body was read before");
        }
    }

    /**
     * One piece in, one piece or none out, so the demand passes through as it is; a piece that becomes empty is asked for
     * anew. Only what {@code finish} gives is a piece that no demand upstream stands for: it goes out at once if demand is
     * left, else with the next request.
     *
     * <p>The publisher calls from one thread at a time, the subscriber asks and cancels from any other. Nothing is locked
     * while either is called.
     */
    private static final class Step implements Flow.Subscriber<ByteBuffer>, Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> downstream;
        private final ByteTransformer transformer;
        private final AtomicLong demand = new AtomicLong();
        /** What {@code finish} gave until it went out; whoever takes it also ends the stream. */
        private final AtomicReference<@Nullable ByteBuffer> last = new AtomicReference<>();

        private volatile Flow.@Nullable Subscription upstream;
        private volatile boolean finished;
        private volatile boolean done;

        Step(Flow.Subscriber<? super ByteBuffer> downstream, ByteTransformer transformer) {
            this.downstream = downstream;
            this.transformer = transformer;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            upstream = subscription;
            downstream.onSubscribe(this);
        }

        @Override
        public void onNext(ByteBuffer piece) {
            if (done) {
                return;
            }
            ByteBuffer out;
            try {
                out = requireNonNull(transformer.apply(piece), "the transformer gave null");
            } catch (RuntimeException | Error e) {
                cancel();
                downstream.onError(e);
                return;
            }
            if (done) {
                return;
            }
            if (out.hasRemaining()) {
                demand.updateAndGet(had -> had == Long.MAX_VALUE ? had : had - 1);
                downstream.onNext(out);
            } else {
                ask(1);
            }
        }

        @Override
        public void onError(Throwable problem) {
            if (!done) {
                done = true;
                downstream.onError(problem);
            }
        }

        @Override
        public void onComplete() {
            if (done) {
                return;
            }
            ByteBuffer out;
            try {
                out = requireNonNull(transformer.finish(), "the transformer gave null");
            } catch (RuntimeException | Error e) {
                done = true;
                downstream.onError(e);
                return;
            }
            if (!out.hasRemaining()) {
                complete();
                return;
            }
            last.set(out);
            finished = true;
            giveLast();
        }

        @Override
        public void request(long n) {
            if (done) {
                return;
            }
            if (n > 0) {
                BodyReaders.addDemand(demand, n);
            }
            if (!finished) {
                // The publisher answers a bad demand too, in order with its other signals. If it finishes in between,
                // onComplete sees the demand that was added above.
                ask(n);
            }
            if (n > 0) {
                giveLast();
            } else if (last.getAndSet(null) != null && !done) {
                done = true;
                downstream.onError(BodyReaders.badDemand(n));
            }
        }

        @Override
        public void cancel() {
            done = true;
            Flow.Subscription current = upstream;
            if (current != null) {
                current.cancel();
            }
        }

        private void ask(long n) {
            Flow.Subscription current = upstream;
            if (current != null) {
                current.request(n);
            }
        }

        private void giveLast() {
            if (done || demand.get() == 0) {
                return;
            }
            ByteBuffer out = last.getAndSet(null);
            if (out != null) {
                downstream.onNext(out);
                complete();
            }
        }

        private void complete() {
            if (!done) {
                done = true;
                downstream.onComplete();
            }
        }
    }

    /** The blocking twin of {@link Step}. */
    private static final class TransformedStream extends InputStream {
        private static final int PIECE_BYTES = 16 * 1024;

        private final InputStream source;
        private final ByteTransformer transformer;
        private ByteBuffer current = ByteBuffer.allocate(0);
        private boolean finished;

        TransformedStream(InputStream source, ByteTransformer transformer) {
            this.source = source;
            this.transformer = transformer;
        }

        @Override
        public int read() throws IOException {
            return fill() ? current.get() & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int count = Math.min(length, current.remaining());
            current.get(target, offset, count);
            return count;
        }

        private boolean fill() throws IOException {
            while (!current.hasRemaining() && !finished) {
                // A piece of its own each time: the transformer may keep what it was given.
                byte[] piece = new byte[PIECE_BYTES];
                int count = source.read(piece);
                finished = count < 0;
                try {
                    ByteBuffer out =
                            finished ? transformer.finish() : transformer.apply(ByteBuffer.wrap(piece, 0, count));
                    current = requireNonNull(out, "the transformer gave null");
                } catch (RuntimeException e) {
                    source.close();
                    throw new IOException("the body failed: " + e.getMessage(), e);
                }
            }
            return current.hasRemaining();
        }

        @Override
        public void close() throws IOException {
            source.close();
        }
    }
}
