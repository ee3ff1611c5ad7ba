package io.fairlead.proxy.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The ways to read a body, all built on its publisher. */
final class BodyReaders {

    /** For a subscriber that is turned away: it must be given one before its onError (Reactive Streams 1.9). */
    static final Flow.Subscription NO_SUBSCRIPTION = new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
    };

    private BodyReaders() {}

    static CompletionStage<byte[]> readAll(Body body, int maxBytes) {
        requireCap(maxBytes);
        OptionalLong length = body.length();
        if (length.isPresent() && length.getAsLong() > maxBytes) {
            body.discard();
            return CompletableFuture.failedFuture(new BodyTooLargeException(maxBytes));
        }
        Collector collector = new Collector(maxBytes);
        body.publisher().subscribe(collector);
        return collector.result;
    }

    static CompletionStage<Body> replayable(Body body, int maxBytes) {
        // The trailers are asked for only now: they are complete once the body was read.
        return readAll(body, maxBytes).thenApply(bytes -> new BytesBody(bytes, body.trailers()));
    }

    static InputStream inputStream(Body body) {
        BlockingStream stream = new BlockingStream();
        body.publisher().subscribe(stream);
        return stream.input;
    }

    static Body transform(Body body, ByteTransformer transformer) {
        return new TransformedBody(body, transformer);
    }

    static void requireCap(int maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: >= 0)");
        }
    }

    /** Adds to a demand that stays at {@link Long#MAX_VALUE}, "without end", once it is there. */
    static void addDemand(AtomicLong demand, long n) {
        demand.accumulateAndGet(n, (had, more) -> had + more < 0 ? Long.MAX_VALUE : had + more);
    }

    static IllegalArgumentException badDemand(long n) {
        return new IllegalArgumentException("request: " + n + " (expected: > 0; Reactive Streams 3.9)");
    }

    private static final class Collector implements Flow.Subscriber<ByteBuffer> {
        private final int maxBytes;
        private final CompletableFuture<byte[]> result = new CompletableFuture<>();
        private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
        private Flow.@Nullable Subscription subscription;

        Collector(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            newSubscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(ByteBuffer piece) {
            if (result.isDone()) {
                // Too long before, or given up by who holds the stage.
                cancel();
                return;
            }
            if (piece.remaining() > maxBytes - collected.size()) {
                cancel();
                result.completeExceptionally(new BodyTooLargeException(maxBytes));
                return;
            }
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            collected.writeBytes(bytes);
        }

        private void cancel() {
            if (subscription != null) {
                subscription.cancel();
            }
        }

        @Override
        public void onError(Throwable problem) {
            result.completeExceptionally(problem);
        }

        @Override
        public void onComplete() {
            result.complete(collected.toByteArray());
        }
    }

    /**
     * Hands pieces to a thread that waits for them, one ahead of it. The queue carries them, and whatever else the reader
     * must see, from the publisher's thread to the reader's.
     */
    private static final class BlockingStream implements Flow.Subscriber<ByteBuffer> {
        private static final Object END = new Object();
        private static final Object CLOSED = new Object();

        private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        /** The publisher may call onSubscribe late and elsewhere. Guarded by this, as is {@code closed}. */
        private Flow.@Nullable Subscription subscription;

        private boolean closed;
        final InputStream input = new Reader();

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            boolean late;
            synchronized (this) {
                subscription = newSubscription;
                late = closed;
            }
            if (late) {
                newSubscription.cancel();
            } else {
                newSubscription.request(2);
            }
        }

        @Override
        public void onNext(ByteBuffer piece) {
            events.add(piece);
        }

        @Override
        public void onError(Throwable problem) {
            events.add(problem);
        }

        @Override
        public void onComplete() {
            events.add(END);
        }

        private void requestOne() {
            Flow.Subscription current;
            synchronized (this) {
                current = closed ? null : subscription;
            }
            if (current != null) {
                current.request(1);
            }
        }

        private void close() {
            Flow.Subscription current;
            synchronized (this) {
                current = closed ? null : subscription;
                closed = true;
            }
            if (current != null) {
                current.cancel();
            }
            // Wakes a reader that waits in another thread.
            events.add(CLOSED);
        }

        private synchronized boolean isClosed() {
            return closed;
        }

        /** The reader's side; one thread at a time, save for close. */
        private final class Reader extends InputStream {
            private ByteBuffer current = ByteBuffer.allocate(0);
            private boolean owed;
            private boolean ended;
            private @Nullable Throwable failure;

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

            @Override
            public int available() {
                return current.remaining();
            }

            @Override
            public void close() {
                BlockingStream.this.close();
            }

            /** Waits for a byte; false at the end. A failure or a close shows at every read, never as an end. */
            private boolean fill() throws IOException {
                if (isClosed()) {
                    throw new IOException("the stream is closed");
                }
                if (failure != null) {
                    throw new IOException("the body failed: " + failure.getMessage(), failure);
                }
                while (!ended && !current.hasRemaining()) {
                    take();
                }
                return !ended;
            }

            private void take() throws IOException {
                if (owed) {
                    // Only now, so that no more than the piece in hand and one more are held.
                    owed = false;
                    requestOne();
                }
                Object event;
                try {
                    event = events.take();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while reading the body", e);
                }
                if (event instanceof ByteBuffer piece) {
                    current = piece;
                    owed = true;
                } else if (event instanceof Throwable problem) {
                    failure = problem;
                    throw new IOException("the body failed: " + problem.getMessage(), problem);
                } else if (event == CLOSED) {
                    throw new IOException("the stream is closed");
                } else {
                    ended = true;
                }
            }
        }
    }
}
