package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** A stream that somebody else makes; read once. */
final class PublisherBody implements Body {

    private final Flow.Publisher<ByteBuffer> publisher;
    private final long length;
    private final AtomicBoolean taken = new AtomicBoolean();

    /** @param length -1 when it is not known */
    PublisherBody(Flow.Publisher<ByteBuffer> publisher, long length) {
        this.publisher = requireNonNull(publisher, "publisher");
        this.length = length;
    }

    @Override
    public OptionalLong length() {
        return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    }

    @Override
    public Optional<Headers> trailers() {
        return Optional.empty();
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalStateException("the body was read before");
        }
        return publisher;
    }

    /** Subscribes and cancels at once, so that the maker of the stream learns that nobody wants it. */
    @Override
    public void discard() {
        if (taken.compareAndSet(false, true)) {
            publisher.subscribe(new Flow.Subscriber<>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    subscription.cancel();
                }

                @Override
                public void onNext(ByteBuffer item) {}

                @Override
                public void onError(Throwable throwable) {}

                @Override
                public void onComplete() {}
            });
        }
    }
}
