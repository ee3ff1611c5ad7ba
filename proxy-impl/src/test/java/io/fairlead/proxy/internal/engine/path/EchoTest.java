package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.upstream.Upstream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are made of the request's body. What had come with the head was thrown away when the answer began. */
class EchoTest {
    private static final String NEXT = "GET /next HTTP/1.1\r\nHost: test\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @BeforeEach
    void start() {
        fixture.start(fixture.listening(ReverseProxy.builder())
                .route(Route.builder("handler")
                        .match(Match.path("/handler"))
                        .to(Upstream.handler(EchoTest::echo))
                        .build())
                .route(Route.builder("middleware")
                        .match(Match.path("/middleware"))
                        .middleware((exchange, chain) -> CompletableFuture.completedFuture(echo(exchange.request())))
                        .respond(500, "not reached")
                        .build())
                .route(Route.builder("late")
                        .match(Match.path("/late"))
                        .to(Upstream.handler(request -> Response.of(200)
                                .withBody(Body.of(
                                        subscriber -> request.body().publisher().subscribe(subscriber)))))
                        .build())
                .route(Route.builder("next").respond(200, "next").build()));
    }

    private static Response echo(Request request) {
        return Response.of(200).withBody(request.body());
    }

    @ParameterizedTest
    @CsvSource({
        "/handler, 'hello world', ''",
        "/handler, 'hello', ' world'",
        "/handler, '', 'hello world'",
        "/middleware, 'hello world', ''",
        "/middleware, 'hello', ' world'",
        "/middleware, '', 'hello world'"
    })
    void bodyWithLength_comesBackWhole(String path, String early, String late) {
        RawClient client =
                fixture.client().send("POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n" + early);
        RawResponse response = client.readResponse(false, () -> client.send(late));
        assertThat(response.complete()).isTrue();
        assertThat(response.bodyText()).isEqualTo("hello world");
        if (late.isEmpty()) {
            assertThat(client.send(NEXT).readResponse().bodyText()).isEqualTo("next");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/handler, 'b|hello world|0||', ''",
        "/handler, '5|hello|', '6| world|0||'",
        "/handler, '', 'b|hello world|0||'",
        "/middleware, 'b|hello world|0||', ''",
        "/middleware, '5|hello|', '6| world|0||'",
        "/middleware, '', 'b|hello world|0||'"
    })
    void chunks_comeBackWhole(String path, String early, String late) {
        RawClient client = fixture.client()
                .send("POST " + path + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + early.replace("|", "\r\n"));
        RawResponse response = client.readResponse(false, () -> client.send(late.replace("|", "\r\n")));
        assertThat(response.complete()).isTrue();
        assertThat(response.bodyText()).isEqualTo("hello world");
    }

    /** It hung, or ended as if it were whole. */
    @ParameterizedTest
    @ValueSource(
            strings = {"Content-Length: 11\r\n\r\nhello world", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"})
    void bodyThatIsAskedForOnceTheAnswerHasBegun_cutsIt(String rest) {
        RawClient client = fixture.client().send("POST /late HTTP/1.1\r\nHost: test\r\n" + rest);
        client.timeout(SOON);
        assertThat(new String(client.readUntilClosed(), StandardCharsets.ISO_8859_1))
                .doesNotContain("hello")
                .doesNotEndWith("0\r\n\r\n");
    }

    @Test
    void bodyThatTheClientIsAskedFor_comesBackWhole() {
        RawClient client = fixture.client()
                .send("POST /handler HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 100 ");
        assertThat(client.send("hello").readResponse().bodyText()).isEqualTo("hello");
    }
}
