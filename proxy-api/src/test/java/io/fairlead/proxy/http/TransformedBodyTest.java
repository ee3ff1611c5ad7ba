package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Bodies that pass through a transformer, under every kind of demand. */
class TransformedBodyTest {

    /** Upper case; pieces of dots become nothing; an end of its own. */
    private static ByteTransformer upper(String end) {
        return transformer(piece -> piece.startsWith(".") ? "" : piece.toUpperCase(Locale.ROOT), end);
    }

    private static ByteTransformer transformer(UnaryOperator<String> pieces, String end) {
        return new ByteTransformer() {
            @Override
            public ByteBuffer apply(ByteBuffer piece) {
                return UTF_8.encode(pieces.apply(UTF_8.decode(piece).toString()));
            }

            @Override
            public ByteBuffer finish() {
                return UTF_8.encode(end);
            }
        };
    }

    private static StrictSubscriber subscribe(TestPublisher source, ByteTransformer transformer) {
        return StrictSubscriber.subscribe(Body.of(source).transform(transformer));
    }

    @Test
    void pieces_areChangedAsAskedFor() {
        TestPublisher source = TestPublisher.of("a", "b", "c");
        StrictSubscriber subscriber = subscribe(source, upper(""));
        assertThat(source.requested()).isZero();
        assertThat(subscriber.request(1).text()).isEqualTo("A");
        assertThat(source.requested()).isEqualTo(1);
        assertThat(subscriber.request(2).text()).isEqualTo("ABC");
        assertThat(subscriber.completed()).isTrue();
    }

    @Test
    void finish_waitsForDemand() {
        StrictSubscriber subscriber = subscribe(TestPublisher.of("a"), upper("!"));
        assertThat(subscriber.request(1).text()).isEqualTo("A");
        assertThat(subscriber.completed()).isFalse();
        assertThat(subscriber.request(1).text()).isEqualTo("A!");
        assertThat(subscriber.completed()).isTrue();
        assertThat(subscriber.request(1).text()).isEqualTo("A!");
    }

    @Test
    void finish_goesOutAtOnceWhereDemandIsLeft() {
        assertThat(subscribe(TestPublisher.of("a"), upper("!")).request(2).text())
                .isEqualTo("A!");
        StrictSubscriber endless =
                subscribe(TestPublisher.of("a", "b"), upper("!")).request(Long.MAX_VALUE);
        assertThat(endless.text()).isEqualTo("AB!");
        assertThat(endless.completed()).isTrue();
        StrictSubscriber ofNothing = subscribe(TestPublisher.of(), upper("!"));
        assertThat(ofNothing.completed()).isFalse();
        assertThat(ofNothing.request(1).text()).isEqualTo("!");
        assertThat(subscribe(TestPublisher.of(), upper("")).completed()).isTrue();
    }

    @Test
    void pieceThatBecomesEmpty_isMadeGood() {
        TestPublisher source = TestPublisher.of(".", ".", "a", ".", "b");
        StrictSubscriber subscriber = subscribe(source, upper("!"));
        assertThat(subscriber.request(1).text()).isEqualTo("A");
        assertThat(source.requested()).isEqualTo(3);
        assertThat(subscriber.request(1).text()).isEqualTo("AB");
        assertThat(subscriber.request(1).text()).isEqualTo("AB!");
        assertThat(subscriber.completed()).isTrue();
    }

    @Test
    void endlessDemandGivenTwice_staysEndless() {
        StrictSubscriber subscriber = subscribe(TestPublisher.of("a", "b"), upper("!"))
                .request(Long.MAX_VALUE)
                .request(Long.MAX_VALUE);
        assertThat(subscriber.text()).isEqualTo("AB!");
        TestPublisher open = TestPublisher.open();
        StrictSubscriber later =
                subscribe(open, upper("!")).request(Long.MAX_VALUE).request(Long.MAX_VALUE);
        open.give("a");
        open.complete();
        assertThat(later.text()).isEqualTo("A!");
    }

    @Test
    void demandFromWithinOnNext_isServedInOrder() {
        StrictSubscriber subscriber = new StrictSubscriber() {
            @Override
            void got(ByteBuffer piece) {
                request(1);
            }
        };
        Body body = Body.of(TestPublisher.of("a", ".", "b", "c")).transform(upper("!"));
        assertThat(subscriber.to(body.publisher()).request(1).text()).isEqualTo("ABC!");
        assertThat(subscriber.completed()).isTrue();
    }

    @Test
    void cancel_reachesTheSourceAndEndsTheSignals() {
        TestPublisher source = TestPublisher.of("a", "b");
        StrictSubscriber subscriber = subscribe(source, upper("!")).request(1);
        subscriber.cancel();
        subscriber.request(5);
        assertThat(subscriber.text()).isEqualTo("A");
        assertThat(source.cancelled()).isTrue();

        StrictSubscriber atTheEnd = new StrictSubscriber() {
            @Override
            void got(ByteBuffer piece) {
                cancel();
            }
        };
        atTheEnd.to(Body.of(TestPublisher.of()).transform(upper("!")).publisher())
                .request(1);
        assertThat(atTheEnd.text()).isEqualTo("!");
        assertThat(atTheEnd.completed()).isFalse();
    }

    @Test
    void transformerThatFails_failsTheStreamAndCancelsTheSource() {
        TestPublisher source = TestPublisher.of("a", "b");
        StrictSubscriber subscriber = subscribe(
                        source,
                        transformer(
                                piece -> {
                                    throw new IllegalStateException("no " + piece);
                                },
                                ""))
                .request(9);
        assertThat(subscriber.failure()).hasMessage("no a");
        assertThat(source.cancelled()).isTrue();

        StrictSubscriber ofNull =
                subscribe(TestPublisher.of("a"), piece -> null).request(1);
        assertThat(ofNull.failure()).isInstanceOf(NullPointerException.class);

        StrictSubscriber atTheEnd = subscribe(TestPublisher.of("a"), new ByteTransformer() {
                    @Override
                    public ByteBuffer apply(ByteBuffer piece) {
                        return piece;
                    }

                    @Override
                    public ByteBuffer finish() {
                        throw new IllegalStateException("at the end");
                    }
                })
                .request(1);
        assertThat(atTheEnd.failure()).hasMessage("at the end");
    }

    @Test
    void sourceThatFails_failsTheStream() {
        TestPublisher source = TestPublisher.open();
        StrictSubscriber subscriber = subscribe(source, upper("!")).request(1);
        source.fail(new IOException("broken"));
        assertThat(subscriber.failure()).hasMessage("broken");
    }

    @Test
    void badDemand_isAnErrorBeforeAndAfterTheEnd() {
        assertThat(subscribe(TestPublisher.of("a"), upper("!")).request(0).failure())
                .isInstanceOf(IllegalArgumentException.class);
        StrictSubscriber waiting = subscribe(TestPublisher.of(), upper("!"));
        assertThat(waiting.request(-1).failure()).isInstanceOf(IllegalArgumentException.class);
        assertThat(waiting.size()).isZero();
    }

    @Test
    void transformedBytes_areReadOnceSinceTheTransformerIs() {
        Body body = Body.of("ab").transform(upper("!"));
        assertThat(body.length()).isEmpty();
        assertThat(body.readAll(3).toCompletableFuture().join()).asString(UTF_8).isEqualTo("AB!");
        assertThatThrownBy(body::publisher).isInstanceOf(IllegalStateException.class);

        var publisher = Body.of("ab").transform(upper("")).publisher();
        assertThat(new StrictSubscriber().to(publisher).request(1).text()).isEqualTo("AB");
        assertThat(new StrictSubscriber().to(publisher).failure()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void transformersOnTopOfEachOther_finishInOrder() {
        Body body = Body.of(TestPublisher.of("a", "b")).transform(upper("!")).transform(transformer(p -> p + p, "?"));
        StrictSubscriber subscriber = StrictSubscriber.subscribe(body).request(3);
        assertThat(subscriber.text()).isEqualTo("AABB!!");
        assertThat(subscriber.request(1).text()).isEqualTo("AABB!!?");
        assertThat(subscriber.completed()).isTrue();
    }

    @Test
    void discard_reachesTheSource() {
        TestPublisher source = TestPublisher.of("a");
        Body body = Body.of(source).transform(upper(""));
        body.discard();
        assertThat(source.cancelled()).isTrue();
        assertThatThrownBy(body::publisher).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void inputStream_readsTransformedPieces() throws IOException {
        try (InputStream input =
                Body.of(TestPublisher.of("a", ".", "b")).transform(upper("!")).inputStream()) {
            assertThat(input.read()).isEqualTo('A');
            assertThat(input.readAllBytes()).asString(UTF_8).isEqualTo("B!");
        }
        InputStream failing = Body.of("a").transform(piece -> null).inputStream();
        assertThatThrownBy(failing::read).isInstanceOf(IOException.class);
    }

    /** The subscriber asks on one thread while the publisher gives on another; no signal may overlap or be lost. */
    @Test
    void demandFromAnotherThread_losesNothing() throws InterruptedException {
        ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
        try {
            for (int round = 0; round < 300; round++) {
                CountDownLatch end = new CountDownLatch(1);
                try (SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(executor, 16)) {
                    StrictSubscriber subscriber = new StrictSubscriber() {
                        @Override
                        public void onSubscribe(Flow.Subscription subscription) {
                            super.onSubscribe(subscription);
                            request(1);
                        }

                        @Override
                        void got(ByteBuffer piece) {
                            executor.execute(() -> request(1));
                        }

                        @Override
                        public void onComplete() {
                            super.onComplete();
                            end.countDown();
                        }
                    };
                    Body.of(source).transform(upper("!")).publisher().subscribe(subscriber);
                    for (String piece : new String[] {"a", ".", "b", ".", "c"}) {
                        source.submit(UTF_8.encode(piece));
                    }
                    source.close();
                    assertThat(end.await(10, TimeUnit.SECONDS))
                            .as("round %d", round)
                            .isTrue();
                    assertThat(subscriber.text()).isEqualTo("ABC!");
                }
            }
        } finally {
            executor.shutdownNow();
        }
    }
}
