package io.fairlead.proxy.http;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** Bytes in memory; may be read again. */
final class BytesBody implements Body {

    static final BytesBody EMPTY = new BytesBody(new byte[0]);

    private final byte[] bytes;

    BytesBody(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public OptionalLong length() {
        return OptionalLong.of(bytes.length);
    }

    @Override
    public Optional<Headers> trailers() {
        return Optional.empty();
    }

    @Override
    public CompletionStage<byte[]> readAll(int maxBytes) {
        return bytes.length > maxBytes
                ? CompletableFuture.failedFuture(new BodyTooLargeException(maxBytes))
                : CompletableFuture.completedFuture(bytes);
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        return subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            private boolean done;

            @Override
            public void request(long n) {
                if (done) {
                    return;
                }
                done = true;
                if (n <= 0) {
                    subscriber.onError(new IllegalArgumentException("request: " + n + " (expected: > 0)"));
                    return;
                }
                if (bytes.length > 0) {
                    subscriber.onNext(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
                }
                subscriber.onComplete();
            }

            @Override
            public void cancel() {
                done = true;
            }
        });
    }

    @Override
    public void discard() {}
}
