package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bodies in the hands of middleware neither hold up nor disturb what else goes on in their I/O thread. */
class MiddlewareBodyTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @Test
    void answerInPlaceOfTheUpstreams_endsTheUpstreamsAtOnce() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            exchange.awaitClose();
        });
        fixture.start(fixture.to(upstream)
                .middleware(
                        (exchange, chain) -> chain.proceed(exchange).thenApply(response -> Response.of(200, "own"))));
        RawClient client = fixture.client();
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("own");
        upstream.awaitConnectionClosed(SOON);
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("own");
    }

    /** The reader holds the last piece, whose connection is at work for another exchange by then. */
    @Test
    void readerThatCancelsAfterTheLastPiece_leavesTheNextExchangeAlone() throws Exception {
        CountDownLatch finish = new CountDownLatch(1);
        TestUpstream upstream = fixture.upstream(exchange -> {
            if (exchange.target().equals("/first")) {
                exchange.write(TestUpstream.ok("whole"));
            } else {
                exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
                finish.await();
                exchange.write("half");
            }
        });
        AtomicReference<Flow.Subscription> subscribed = new AtomicReference<>();
        CompletableFuture<Response> first = new CompletableFuture<>();
        fixture.start(fixture.to(UpstreamPool.builder("default")
                        .target(upstream.url())
                        .maxConnectionsPerTarget(1)
                        .build())
                .middleware((exchange, chain) -> exchange.request().target().equals("/first")
                        ? chain.proceed(exchange).thenCompose(response -> {
                            response.body().publisher().subscribe(new Idle(subscribed));
                            return first;
                        })
                        : chain.proceed(exchange)));
        RawClient reader = fixture.client().send("GET /first HTTP/1.1\r\nHost: test\r\n\r\n");
        ProxyFixture.await("the reader", () -> subscribed.get() != null);
        RawClient client = fixture.client().send(GET);
        RawResponse response = client.readResponse(false, () -> {
            subscribed.get().cancel();
            first.complete(Response.of(200, "own"));
            assertThat(reader.readResponse().bodyText()).isEqualTo("own");
            finish.countDown();
        });
        assertThat(response.bodyText()).isEqualTo("halfhalf");
        assertThat(upstream.connections()).isEqualTo(1);
    }

    private record Idle(AtomicReference<Flow.Subscription> subscribed) implements Flow.Subscriber<ByteBuffer> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscribed.set(subscription);
        }

        @Override
        public void onNext(ByteBuffer piece) {}

        @Override
        public void onError(Throwable problem) {}

        @Override
        public void onComplete() {}
    }

    /** The body's publisher runs user code between the making of the head and its sending. */
    @Test
    void bodyThatAnswersAnotherExchangeWhenSubscribed_leavesItsHeadWhole() throws Exception {
        CompletableFuture<Response> other = new CompletableFuture<>();
        CountDownLatch waiting = new CountDownLatch(1);
        TestUpstream upstream = fixture.answering(TestUpstream.ok("stored"));
        fixture.start(fixture.to(upstream).middleware((exchange, chain) -> {
            if (exchange.request().target().equals("/other")) {
                waiting.countDown();
                return other;
            }
            exchange.request().body(Body.of(subscriber -> {
                other.complete(Response.of(200, "other").header("X-Secret", "of another client"));
                subscriber.onSubscribe(new Flow.Subscription() {
                    @Override
                    public void request(long n) {
                        subscriber.onComplete();
                    }

                    @Override
                    public void cancel() {}
                });
            }));
            return chain.proceed(exchange);
        }));
        RawClient otherClient = fixture.client().send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(waiting.await(5, TimeUnit.SECONDS)).isTrue();
        RawClient client = fixture.client().send("POST /mine HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi");
        assertThat(otherClient.readResponse().bodyText()).isEqualTo("other");
        assertThat(client.readResponse().bodyText()).isEqualTo("stored");
        assertThat(upstream.lastRequest().head())
                .startsWith("POST /mine HTTP/1.1\r\n")
                .doesNotContain("X-Secret");
    }

    /** To a client of HTTP/1.0 a body without length ends with the connection; a cut one must not look like that. */
    @Test
    void bodyThatFailsTowardsHttp10_endsWithAReset() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
            exchange.close();
        });
        fixture.start(fixture.to(upstream));
        RawResponse response =
                fixture.client().send("GET / HTTP/1.0\r\nHost: test\r\n\r\n").readResponse();
        assertThat(response.complete()).isFalse();
    }
}
