package io.fairlead.proxy.http;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** Bytes in memory; may be read again, so no reader gets the array itself. */
final class BytesBody implements Body {

    static final BytesBody EMPTY = new BytesBody(new byte[0], Optional.empty());

    private final byte[] bytes;
    private final Optional<Headers> trailers;

    BytesBody(byte[] bytes, Optional<Headers> trailers) {
        this.bytes = bytes;
        this.trailers = trailers;
    }

    @Override
    public boolean isReplayable() {
        return true;
    }

    @Override
    public OptionalLong length() {
        return OptionalLong.of(bytes.length);
    }

    @Override
    public Optional<Headers> trailers() {
        return trailers;
    }

    @Override
    public CompletionStage<byte[]> readAll(int maxBytes) {
        BodyReaders.requireCap(maxBytes);
        return bytes.length > maxBytes
                ? CompletableFuture.failedFuture(new BodyTooLargeException(maxBytes))
                : CompletableFuture.completedFuture(bytes.clone());
    }

    /** Never waits, so it is allowed everywhere. */
    @Override
    public InputStream inputStream() {
        return new ByteArrayInputStream(bytes);
    }

    @Override
    public CompletionStage<Body> replayable(int maxBytes) {
        BodyReaders.requireCap(maxBytes);
        return bytes.length > maxBytes
                ? CompletableFuture.failedFuture(new BodyTooLargeException(maxBytes))
                : CompletableFuture.completedFuture(this);
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        return subscriber -> {
            Once once = new Once(subscriber);
            subscriber.onSubscribe(once);
            if (bytes.length == 0) {
                once.complete();
            }
        };
    }

    @Override
    public void discard() {}

    /** Gives the one piece to whoever asks first. The flag makes a cancel from another thread safe. */
    private final class Once implements Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private final AtomicBoolean given = new AtomicBoolean();
        private volatile boolean done;

        Once(Flow.Subscriber<? super ByteBuffer> subscriber) {
            this.subscriber = subscriber;
        }

        @Override
        public void request(long n) {
            if (done || !given.compareAndSet(false, true)) {
                return;
            }
            if (n <= 0) {
                done = true;
                subscriber.onError(BodyReaders.badDemand(n));
                return;
            }
            if (bytes.length > 0) {
                subscriber.onNext(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
                complete();
            }
        }

        @Override
        public void cancel() {
            done = true;
        }

        void complete() {
            if (!done) {
                done = true;
                subscriber.onComplete();
            }
        }
    }
}
