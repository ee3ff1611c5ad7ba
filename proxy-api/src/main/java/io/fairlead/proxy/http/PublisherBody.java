package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

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
        return length < 0
                ? publisher
                : subscriber -> publisher.subscribe(new Counted(requireNonNull(subscriber, "subscriber"), length));
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

    /** Fails the stream that has more or fewer bytes than were promised. Called by the publisher, one call at a time. */
    private static final class Counted implements Flow.Subscriber<ByteBuffer> {
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private final long length;
        private long left;
        private boolean done;
        private Flow.@Nullable Subscription subscription;

        Counted(Flow.Subscriber<? super ByteBuffer> subscriber, long length) {
            this.subscriber = subscriber;
            this.length = length;
            this.left = length;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            subscriber.onSubscribe(newSubscription);
        }

        @Override
        public void onNext(ByteBuffer piece) {
            if (done) {
                return;
            }
            if (piece.remaining() > left) {
                done = true;
                if (subscription != null) {
                    subscription.cancel();
                }
                subscriber.onError(new IOException("the body has more than the " + length + " bytes announced"));
                return;
            }
            left -= piece.remaining();
            subscriber.onNext(piece);
        }

        @Override
        public void onError(Throwable problem) {
            if (!done) {
                done = true;
                subscriber.onError(problem);
            }
        }

        @Override
        public void onComplete() {
            if (done) {
                return;
            }
            done = true;
            if (left > 0) {
                subscriber.onError(new IOException(
                        "the body ended after " + (length - left) + " of the " + length + " bytes announced"));
            } else {
                subscriber.onComplete();
            }
        }
    }
}
