package io.fairlead.proxy.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Flow;

/** Gives pieces while they are asked for, on the thread of whoever asks or feeds it. */
final class TestPublisher implements Flow.Publisher<ByteBuffer>, Flow.Subscription {
    private final Deque<String> pieces = new ArrayDeque<>();
    private Flow.Subscriber<? super ByteBuffer> subscriber;
    private long requested;
    private long demand;
    private boolean completes;
    private boolean ended;
    private boolean running;
    private boolean cancelled;

    static TestPublisher of(String... pieces) {
        TestPublisher publisher = new TestPublisher();
        publisher.pieces.addAll(List.of(pieces));
        publisher.completes = true;
        return publisher;
    }

    /** One that the test feeds. */
    static TestPublisher open() {
        return new TestPublisher();
    }

    synchronized boolean cancelled() {
        return cancelled;
    }

    synchronized long requested() {
        return requested;
    }

    void give(String piece) {
        synchronized (this) {
            pieces.add(piece);
        }
        run();
    }

    void complete() {
        synchronized (this) {
            completes = true;
        }
        run();
    }

    void fail(Throwable problem) {
        subscriber.onError(problem);
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> newSubscriber) {
        subscriber = newSubscriber;
        newSubscriber.onSubscribe(this);
        run();
    }

    @Override
    public void request(long n) {
        if (n <= 0) {
            if (!ended) {
                ended = true;
                subscriber.onError(new IllegalArgumentException("request: " + n));
            }
            return;
        }
        synchronized (this) {
            requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        }
        run();
    }

    @Override
    public synchronized void cancel() {
        cancelled = true;
    }

    private void run() {
        synchronized (this) {
            if (running || subscriber == null) {
                return;
            }
            running = true;
        }
        while (true) {
            String next;
            synchronized (this) {
                boolean finish = completes && pieces.isEmpty();
                if (cancelled || ended || !finish && (pieces.isEmpty() || demand == 0)) {
                    running = false;
                    return;
                }
                ended = finish;
                next = finish ? null : pieces.remove();
                if (!finish) {
                    demand--;
                }
            }
            if (next == null) {
                subscriber.onComplete();
            } else {
                subscriber.onNext(ByteBuffer.wrap(next.getBytes(StandardCharsets.UTF_8)));
            }
        }
    }
}
