package io.fairlead.proxy.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** The ways to read a body, all built on its publisher. */
final class BodyReaders {

    private BodyReaders() {}

    static CompletionStage<byte[]> readAll(Body body, int maxBytes) {
        OptionalLong length = body.length();
        if (length.isPresent() && length.getAsLong() > maxBytes) {
            body.discard();
            return CompletableFuture.failedFuture(new BodyTooLargeException(maxBytes));
        }
        Collector collector = new Collector(maxBytes);
        body.publisher().subscribe(collector);
        return collector.result;
    }

    static InputStream inputStream(Body body) {
        BlockingStream stream = new BlockingStream();
        body.publisher().subscribe(stream.subscriber);
        return stream;
    }

    static Body transform(Body body, ByteTransformer transformer) {
        return new TransformedBody(body, transformer);
    }

    private static byte[] bytes(ByteBuffer piece) {
        byte[] bytes = new byte[piece.remaining()];
        piece.get(bytes);
        return bytes;
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
                return;
            }
            if (piece.remaining() > maxBytes - collected.size()) {
                if (subscription != null) {
                    subscription.cancel();
                }
                result.completeExceptionally(new BodyTooLargeException(maxBytes));
                return;
            }
            collected.writeBytes(bytes(piece));
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

    /** Hands pieces to a thread that waits for them, one ahead of it. */
    private static final class BlockingStream extends InputStream {
        private static final Object END = new Object();

        private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        private Flow.@Nullable Subscription subscription;
        private @Nullable ByteBuffer current;
        private boolean ended;

        private final Flow.Subscriber<ByteBuffer> subscriber = new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription newSubscription) {
                subscription = newSubscription;
                newSubscription.request(2);
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
        };

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (!ended && (current == null || !current.hasRemaining())) {
                take();
            }
            if (ended || current == null) {
                return -1;
            }
            int count = Math.min(length, current.remaining());
            current.get(target, offset, count);
            return count;
        }

        private void take() throws IOException {
            Object event;
            try {
                event = events.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while reading the body", e);
            }
            if (event instanceof ByteBuffer piece) {
                current = piece;
                if (subscription != null) {
                    subscription.request(1);
                }
            } else if (event instanceof Throwable problem) {
                ended = true;
                throw new IOException("the body failed: " + problem.getMessage(), problem);
            } else {
                ended = true;
            }
        }

        @Override
        public void close() {
            if (!ended && subscription != null) {
                ended = true;
                subscription.cancel();
            }
        }
    }

    /** A body whose pieces pass through a transformer. */
    private static final class TransformedBody implements Body {
        private final Body source;
        private final ByteTransformer transformer;

        TransformedBody(Body source, ByteTransformer transformer) {
            this.source = source;
            this.transformer = transformer;
        }

        @Override
        public OptionalLong length() {
            return OptionalLong.empty();
        }

        @Override
        public java.util.Optional<Headers> trailers() {
            return source.trailers();
        }

        @Override
        public void discard() {
            source.discard();
        }

        @Override
        public Flow.Publisher<ByteBuffer> publisher() {
            Flow.Publisher<ByteBuffer> pieces = source.publisher();
            return subscriber -> pieces.subscribe(new Step(subscriber, transformer));
        }
    }

    /**
     * One piece in, one piece or none out. What {@code finish} gives goes out without being asked for only if demand is
     * left; else it waits for the next request.
     */
    private static final class Step implements Flow.Subscriber<ByteBuffer>, Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> downstream;
        private final ByteTransformer transformer;
        private final ArrayDeque<ByteBuffer> last = new ArrayDeque<>(1);
        private Flow.@Nullable Subscription upstream;
        private long demand;
        private boolean finished;
        private boolean done;

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
        public synchronized void onNext(ByteBuffer piece) {
            if (done) {
                return;
            }
            ByteBuffer out;
            try {
                out = transformer.apply(piece);
            } catch (RuntimeException e) {
                fail(e);
                return;
            }
            if (out.hasRemaining()) {
                demand--;
                downstream.onNext(out);
            } else if (upstream != null) {
                upstream.request(1);
            }
        }

        @Override
        public synchronized void onError(Throwable problem) {
            if (!done) {
                done = true;
                downstream.onError(problem);
            }
        }

        @Override
        public synchronized void onComplete() {
            if (done) {
                return;
            }
            finished = true;
            try {
                ByteBuffer out = transformer.finish();
                if (out.hasRemaining()) {
                    last.add(out);
                }
            } catch (RuntimeException e) {
                fail(e);
                return;
            }
            drain();
        }

        @Override
        public synchronized void request(long n) {
            if (done) {
                return;
            }
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
            if (finished) {
                drain();
            } else if (upstream != null) {
                upstream.request(n);
            }
        }

        @Override
        public synchronized void cancel() {
            done = true;
            if (upstream != null) {
                upstream.cancel();
            }
        }

        private void drain() {
            ByteBuffer out = last.peek();
            if (out != null && demand > 0) {
                last.remove();
                demand--;
                downstream.onNext(out);
            }
            if (last.isEmpty() && !done) {
                done = true;
                downstream.onComplete();
            }
        }

        private void fail(Throwable problem) {
            done = true;
            if (upstream != null) {
                upstream.cancel();
            }
            downstream.onError(problem);
        }
    }
}
