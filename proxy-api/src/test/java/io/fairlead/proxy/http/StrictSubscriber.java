package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Holds a publisher to the rules of Reactive Streams: one subscription, never more pieces than asked for, one signal at a
 * time, one end, and nothing after an end or a cancel. What it breaks is listed in {@link #broken}.
 */
class StrictSubscriber implements Flow.Subscriber<ByteBuffer> {
    final List<String> broken = new ArrayList<>();
    final List<Integer> sizes = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicLong open = new AtomicLong();
    private final AtomicBoolean busy = new AtomicBoolean();
    private Flow.Subscription subscription;
    private volatile boolean cancelled;
    private volatile boolean completed;
    private volatile Throwable failure;

    static StrictSubscriber subscribe(Body body) {
        return new StrictSubscriber().to(body.publisher());
    }

    StrictSubscriber to(Flow.Publisher<ByteBuffer> publisher) {
        publisher.subscribe(this);
        assertThat(subscription).as("onSubscribe was called").isNotNull();
        return this;
    }

    StrictSubscriber request(long n) {
        open.accumulateAndGet(n, (had, more) -> had + more < 0 ? Long.MAX_VALUE : had + more);
        subscription.request(n);
        return this;
    }

    StrictSubscriber cancel() {
        cancelled = true;
        subscription.cancel();
        return this;
    }

    /** Called in onNext. */
    void got(ByteBuffer piece) {}

    @Override
    public void onSubscribe(Flow.Subscription newSubscription) {
        check(subscription == null, "onSubscribe twice");
        subscription = newSubscription;
    }

    @Override
    public void onNext(ByteBuffer piece) {
        enter("onNext");
        check(open.getAndUpdate(had -> had == Long.MAX_VALUE ? had : had - 1) > 0, "onNext that was not asked for");
        check(piece.hasRemaining(), "an empty piece");
        sizes.add(piece.remaining());
        byte[] copy = new byte[piece.remaining()];
        piece.get(copy);
        bytes.writeBytes(copy);
        got(piece);
        busy.set(false);
    }

    @Override
    public void onError(Throwable problem) {
        enter("onError");
        failure = problem;
        busy.set(false);
    }

    @Override
    public void onComplete() {
        enter("onComplete");
        completed = true;
        busy.set(false);
    }

    private void enter(String signal) {
        check(busy.compareAndSet(false, true), signal + " within another signal");
        check(subscription != null, signal + " before onSubscribe");
        check(!completed && failure == null, signal + " after the end");
        check(!cancelled, signal + " after cancel");
    }

    private synchronized void check(boolean holds, String rule) {
        if (!holds) {
            broken.add(rule);
        }
    }

    String text() {
        assertThat(broken).isEmpty();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    int size() {
        assertThat(broken).isEmpty();
        return bytes.size();
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    boolean completed() {
        assertThat(broken).isEmpty();
        return completed;
    }

    Throwable failure() {
        assertThat(broken).isEmpty();
        return failure;
    }
}
