package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.UpstreamPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Trailers of responses that transforms edit (RFC 9110 §6.5), and what the head says of a body that is edited. */
class ResponseTrailersTest {
    private static final String HEAD = "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n";
    private static final String FIELDS = "ETag: \"1\"\r\nContent-MD5: x\r\nAccept-Ranges: bytes\r\n";
    private static final String ANSWER = "HTTP/1.1 200 OK\r\n" + FIELDS + "Content-Length: 5\r\n\r\n";

    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private RawResponse answer(String request, String answer, Transform transform) {
        TestUpstream upstream = fixture.answering(answer);
        fixture.start(fixture.listening(ReverseProxy.builder())
                .registerBodyTransform("same", bytes -> bytes)
                .route(Route.builder("all")
                        .transform(transform)
                        .to(UpstreamPool.of("pool", upstream.url()))
                        .build()));
        return fixture.client().send(request).readResponse(request.equals(HEAD));
    }

    private static void assertUpstreamsOwn(RawResponse response) {
        assertThat(response.headers("ETag")).containsExactly("\"1\"");
        assertThat(response.headers("Content-MD5")).containsExactly("x");
        assertThat(response.headers("Accept-Ranges")).containsExactly("bytes");
    }

    @Test
    void addedTrailer_followsTheBody() {
        RawResponse response = answer(GET, ANSWER + "hello", Transform.addResponseTrailer("X-Sum", "1"));
        assertThat(response.bodyText()).isEqualTo("hello");
        assertThat(response.trailers().values("X-Sum")).containsExactly("1");
        assertUpstreamsOwn(response);
    }

    /** The fields that tell of the bytes were taken away though no byte had changed. */
    @Test
    void removedTrailer_leavesTheRestAsItIs() {
        RawResponse response = answer(
                GET,
                "HTTP/1.1 200 OK\r\n" + FIELDS
                        + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Gone: 1\r\nX-Kept: 2\r\n\r\n",
                Transform.removeResponseTrailer("X-Gone"));
        assertThat(response.bodyText()).isEqualTo("hello");
        assertThat(response.trailers().values("X-Gone")).isEmpty();
        assertThat(response.trailers().values("X-Kept")).containsExactly("2");
        assertUpstreamsOwn(response);
    }

    @Test
    void removalFromABodyWithLength_keepsTheLength() {
        RawResponse response = answer(GET, ANSWER + "hello", Transform.removeResponseTrailer("X-Gone"));
        assertThat(response.bodyText()).isEqualTo("hello");
        assertThat(response.headers("Content-Length")).containsExactly("5");
        assertUpstreamsOwn(response);
    }

    /** It became Content-Length: 0. */
    @Test
    void head_tellsTheLengthThatGetWouldHave() {
        RawResponse removing = answer(HEAD, ANSWER, Transform.removeResponseTrailer("X-Gone"));
        assertThat(removing.headers("Content-Length")).containsExactly("5");
        assertUpstreamsOwn(removing);
        RawResponse adding = answer(HEAD, ANSWER, Transform.addResponseTrailer("X-Sum", "1"));
        assertThat(adding.headers("Content-Length")).isEmpty();
        assertUpstreamsOwn(adding);
    }

    @Test
    void notModified_keepsItsValidators() {
        RawResponse response = answer(
                GET,
                "HTTP/1.1 304 Not Modified\r\n" + FIELDS + "Content-Length: 5\r\n\r\n",
                Transform.removeResponseTrailer("X-Gone"));
        assertThat(response.status()).isEqualTo(304);
        assertThat(response.headers("Content-Length")).containsExactly("5");
        assertUpstreamsOwn(response);
    }

    @Test
    void emptyBody_staysWithoutTrailers() {
        RawResponse response =
                answer(GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Transform.addResponseTrailer("X-Sum", "1"));
        assertThat(response.headers("Content-Length")).containsExactly("0");
        assertThat(response.headers("Transfer-Encoding")).isEmpty();
    }

    /** RFC 9110 §8.6: HEAD told the length and the tag of a body that GET does not get. */
    @Test
    void headOfABodyThatIsEdited_tellsNothingOfTheUpstreams() {
        RawResponse response = answer(HEAD, ANSWER, Transform.responseBody("same", 1_000));
        assertThat(response.headers("Content-Length")).isEmpty();
        assertThat(response.headers("ETag")).isEmpty();
    }
}
