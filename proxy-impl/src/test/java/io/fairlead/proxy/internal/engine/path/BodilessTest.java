package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.TestUpstream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers that have no body whatever their fields say (RFC 9112 §6.3): a Content-Length in them is not waited for. */
class BodilessTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    @ParameterizedTest
    @CsvSource({
        "GET, 304 Not Modified, Content-Length: 5",
        "GET, 304 Not Modified, Transfer-Encoding: chunked",
        "GET, 304 Not Modified, X-None: 1",
        "GET, 204 No Content, Content-Length: 5",
        "GET, 204 No Content, Content-Length: 0",
        "GET, 204 No Content, X-None: 1",
        "HEAD, 200 OK, Content-Length: 5",
        "HEAD, 200 OK, Transfer-Encoding: chunked",
        "HEAD, 200 OK, X-None: 1",
        "HEAD, 404 Not Found, Content-Length: 5",
        "GET, 200 OK, Content-Length: 0",
    })
    void answerWithoutBody_comesAtOnceAndItsConnectionsAreReused(String method, String status, String field) {
        TestUpstream upstream =
                fixture.answering("HTTP/1.1 " + status + "\r\n" + field + "\r\n\r\n", TestUpstream.ok("next"));
        fixture.start(fixture.to(upstream));
        RawClient client = fixture.client().timeout(SOON);
        RawResponse response =
                client.send(method + " / HTTP/1.1\r\nHost: test\r\n\r\n").readResponse(method.equals("HEAD"));
        assertThat(response.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
        if (response.status() == 204) {
            // RFC 9110 §8.6: no Content-Length in a 204.
            assertThat(response.header("Content-Length")).isEmpty();
        } else if (field.startsWith("Content-Length")) {
            assertThat(response.header("Content-Length")).contains(field.substring(field.length() - 1));
        }
        assertThat(client.send(GET).readResponse().bodyText()).isEqualTo("next");
        assertThat(upstream.connections()).isEqualTo(1);
    }
}
