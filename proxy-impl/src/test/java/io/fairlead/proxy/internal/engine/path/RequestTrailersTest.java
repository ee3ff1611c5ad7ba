package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trailers of requests that transforms edit (RFC 9110 §6.5). */
class RequestTrailersTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private static final String POST = "POST /u/42 HTTP/1.1\r\nHost: test\r\nContent-Digest: x\r\n";
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";

    private void start(Upstream to, List<Middleware> middleware, Transform... transforms) {
        Route.Builder route = Route.builder("r").match(Match.path("/u/{id}")).to(to);
        for (Transform transform : transforms) {
            route.transform(transform);
        }
        middleware.forEach(route::middleware);
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(route.build())
                .route(Route.builder("rest").to(to).transform(transforms[0]).build()));
    }

    private TestUpstream start(Transform... transforms) {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        start(UpstreamPool.of("pool", upstream.url()), List.of(), transforms);
        return upstream;
    }

    private ReceivedRequest forwarded(TestUpstream upstream, String request) {
        assertThat(fixture.client().send(request).readResponse().status()).isEqualTo(200);
        return upstream.awaitRequests(1).get(0);
    }

    @Test
    void trailersOfTheClient_areSetAddedAndRemoved() {
        TestUpstream upstream = start(
                Transform.setRequestTrailer("X-Set", "{id}"),
                Transform.addRequestTrailer("X-Add", "2"),
                Transform.removeRequestTrailer("X-Gone"));
        ReceivedRequest received =
                forwarded(upstream, CHUNKED + "X-Set: 1\r\nX-Add: 1\r\nX-Gone: 1\r\nX-Kept: 1\r\n\r\n");
        assertThat(received.bodyText()).isEqualTo("hello");
        assertThat(received.trailers().values("X-Set")).containsExactly("42");
        assertThat(received.trailers().values("X-Add")).containsExactly("1", "2");
        assertThat(received.trailers().values("X-Gone")).isEmpty();
        assertThat(received.trailers().values("X-Kept")).containsExactly("1");
        // The bytes are the client's own, so what it says of them still holds.
        assertThat(received.header("Content-Digest")).contains("x");
    }

    @ParameterizedTest
    @ValueSource(strings = {CHUNKED + "\r\n", POST + "Content-Length: 5\r\n\r\nhello"})
    void trailersThatTheClientDidNotSend_areAddedToAChunkedBody(String request) {
        ReceivedRequest received = forwarded(start(Transform.addRequestTrailer("X-Add", "{id}")), request);
        assertThat(received.bodyText()).isEqualTo("hello");
        assertThat(received.headers("Transfer-Encoding")).containsExactly("chunked");
        assertThat(received.headers("Content-Length")).isEmpty();
        assertThat(received.trailers().values("X-Add")).containsExactly("42");
    }

    @ParameterizedTest
    @ValueSource(strings = {GET, POST + "Content-Length: 0\r\n\r\n"})
    void requestWithoutBody_getsNoTrailers(String request) {
        ReceivedRequest received = forwarded(start(Transform.setRequestTrailer("X-Set", "1")), request);
        assertThat(received.headers("Transfer-Encoding")).isEmpty();
        assertThat(received.trailers().values("X-Set")).isEmpty();
    }

    @Test
    void removal_leavesTheFraming() {
        ReceivedRequest received =
                forwarded(start(Transform.removeRequestTrailer("X-Gone")), POST + "Content-Length: 5\r\n\r\nhello");
        assertThat(received.headers("Content-Length")).containsExactly("5");
        assertThat(received.headers("Transfer-Encoding")).isEmpty();
    }

    @Test
    void lastTrailerRemoved_endsTheBodyWithoutAny() {
        TestUpstream upstream = start(Transform.removeRequestTrailer("X-Gone"));
        ReceivedRequest received = forwarded(upstream, CHUNKED + "X-Gone: 1\r\n\r\n");
        assertThat(received.bodyText()).isEqualTo("hello");
        assertThat(new String(upstream.rawBytes())).endsWith("0\r\n\r\n").doesNotContain("X-Gone");
    }

    /** The end of the body comes while the upstream does not take what stands before it. */
    @Test
    void largeBodyToASlowUpstream_getsItsTrailers() {
        TestUpstream upstream = fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.readBody();
            exchange.write(TestUpstream.ok("ok"));
        });
        start(UpstreamPool.of("pool", upstream.url()), List.of(), Transform.setRequestTrailer("X-Set", "end"));
        int size = 3_000_001;
        RawClient client = fixture.client();
        client.send(POST + "Content-Length: " + size + "\r\n\r\n" + "x".repeat(size));
        assertThat(client.readResponse().status()).isEqualTo(200);
        ReceivedRequest received = upstream.awaitRequests(1).get(0);
        assertThat(received.body()).hasSize(size);
        assertThat(received.trailers().values("X-Set")).containsExactly("end");
    }

    @Test
    void bodyThatMiddlewarePutInPlace_getsTrailers() {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        start(
                UpstreamPool.of("pool", upstream.url()),
                List.of((exchange, chain) -> {
                    exchange.request().body().discard();
                    exchange.request().body(Body.of("other"));
                    return chain.proceed(exchange);
                }),
                Transform.setRequestTrailer("X-Set", "1"));
        ReceivedRequest received = forwarded(upstream, CHUNKED + "X-Set: 0\r\n\r\n");
        assertThat(received.bodyText()).isEqualTo("other");
        assertThat(received.trailers().values("X-Set")).containsExactly("1");
    }

    @Test
    void functionalUpstream_seesEditedTrailers() {
        start(
                Upstream.asyncHandler(request -> {
                    Body body = request.body();
                    return body.readAll(100)
                            .thenApply(bytes -> Response.of(
                                    200, new String(bytes) + body.trailers().orElseThrow()));
                }),
                List.of(),
                Transform.addRequestTrailer("X-Add", "2"));
        assertThat(fixture.client()
                        .send(CHUNKED + "X-Add: 1\r\n\r\n")
                        .readResponse()
                        .bodyText())
                .isEqualTo("helloX-Add: 1\nX-Add: 2\n");
    }
}
