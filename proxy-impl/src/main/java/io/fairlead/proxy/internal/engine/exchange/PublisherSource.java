package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a body that user code made. One piece is asked for at a time, so that memory stays flat. */
final class PublisherSource implements BodySource, Flow.Subscriber<ByteBuffer> {

    private static final Logger LOG = LoggerFactory.getLogger(PublisherSource.class);

    private final IoLoop loop;
    private final Body body;
    private final long length;
    private final FailureCode failure;
    private final BiConsumer<FailureCode, String> onFailure;
    private @Nullable BodySink sink;
    private Flow.@Nullable Publisher<ByteBuffer> publisher;
    private Flow.@Nullable Subscription subscription;
    private @Nullable ByteBuffer piece;
    private long sent;
    private boolean blocked;
    private boolean completed;
    private boolean over;

    /**
     * Takes nothing of the body yet.
     *
     * @param failure what an error of the publisher is
     * @param onFailure told when the body breaks off, after the sink
     */
    PublisherSource(IoLoop loop, Body body, FailureCode failure, BiConsumer<FailureCode, String> onFailure) {
        this.onFailure = onFailure;
        this.loop = loop;
        this.body = body;
        this.length = body.length().orElse(-1);
        this.failure = failure;
    }

    /**
     * Takes the body, which then has no other reader.
     *
     * @throws RuntimeException if it was read before
     */
    void open() {
        if (publisher == null) {
            publisher = body.publisher();
        }
    }

    @Override
    public void attach(BodySink newSink) {
        sink = newSink;
        try {
            open();
            Flow.Publisher<ByteBuffer> opened = publisher;
            if (opened != null) {
                opened.subscribe(this);
            }
        } catch (RuntimeException e) {
            fail(failure, e.toString());
        }
    }

    /** Runs a step on the loop; what user code throws in it ends the body, or nothing would. */
    private void onLoop(Runnable step) {
        loop.execute(() -> {
            try {
                step.run();
            } catch (RuntimeException | Error e) {
                fail(failure, e.toString());
            }
        });
    }

    @Override
    public void onSubscribe(Flow.Subscription newSubscription) {
        onLoop(() -> {
            subscription = newSubscription;
            if (over) {
                newSubscription.cancel();
                return;
            }
            newSubscription.request(1);
            BodySink to = sink;
            if (!over && !blocked && to != null) {
                // The first piece may come late; that the body has begun is to be seen at once.
                to.flush();
            }
        });
    }

    @Override
    public void onNext(ByteBuffer next) {
        onLoop(() -> {
            if (!over) {
                piece = next;
                push();
            }
        });
    }

    @Override
    public void onError(Throwable problem) {
        onLoop(() ->
                fail(problem instanceof ExchangeFailedException failed ? failed.code() : failure, problem.toString()));
    }

    @Override
    public void onComplete() {
        onLoop(() -> {
            completed = true;
            push();
        });
    }

    private void push() {
        BodySink to = sink;
        while (!over && !blocked && to != null) {
            ByteBuffer from = piece;
            if (from == null || !from.hasRemaining()) {
                piece = null;
                break;
            }
            ByteBuffer buffer = loop.take();
            int size = Math.min(from.remaining(), IoLoop.DATA_BYTES);
            int start = buffer.position();
            buffer.put(start, from, from.position(), size);
            from.position(from.position() + size);
            buffer.limit(start + size);
            sent += size;
            if (length >= 0 && sent > length) {
                loop.give(buffer);
                fail(failure, "the body is longer than the " + length + " bytes that it announced");
                return;
            }
            if (to.write(buffer, false)) {
                loop.give(buffer);
            } else {
                blocked = true;
            }
        }
        if (over || blocked || to == null || piece != null) {
            return;
        }
        if (completed) {
            if (length >= 0 && sent < length) {
                fail(failure, "the body is shorter than the " + length + " bytes that it announced");
                return;
            }
            HeaderBlock trailers = body.trailers().map(PublisherSource::block).orElse(null);
            over = true;
            to.end(trailers);
            return;
        }
        to.flush();
        Flow.Subscription from = subscription;
        if (from != null) {
            from.request(1);
        }
    }

    private static HeaderBlock block(Headers headers) {
        return HeaderBlock.of(headers);
    }

    private void fail(FailureCode code, String detail) {
        if (over) {
            return;
        }
        try {
            cancel();
        } catch (RuntimeException | Error e) {
            LOG.warn("a body cannot be cancelled", e);
        }
        BodySink to = sink;
        if (to != null) {
            to.abort(code, detail);
        }
        onFailure.accept(code, detail);
    }

    @Override
    public void resume() {
        if (blocked) {
            blocked = false;
            push();
        }
    }

    @Override
    public void cancel() {
        over = true;
        piece = null;
        Flow.Subscription from = subscription;
        if (from != null) {
            from.cancel();
        } else if (publisher == null) {
            // Never asked for: what it holds, such as an upstream's connection, is free again.
            body.discard();
        }
    }
}
