package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the upstream has sent reaches the client without waiting for what comes next. */
class FlushTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private final Semaphore seen = new Semaphore(0);

    @Test
    void headOfChunkedAnswer_isSeenBeforeItsFirstByte() {
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            seen.acquire();
            exchange.write("2\r\nok\r\n0\r\n\r\n");
        })));
        RawClient client = fixture.client().send(GET);
        RawResponse response = client.readResponse(false, seen::release);
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo("ok");
        assertThat(response.complete()).isTrue();
    }

    @Test
    void headOfAnswerWithLength_isSeenBeforeItsFirstByte() {
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
            seen.acquire();
            exchange.write("ok");
        })));
        RawResponse response = fixture.client().send(GET).readResponse(false, seen::release);
        assertThat(response.bodyText()).isEqualTo("ok");
    }

    @Test
    void headOfAnswerUntilClose_isSeenBeforeItsFirstByte() {
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\n\r\n");
            seen.acquire();
            exchange.write("ok").closeAfterwards();
        })));
        RawClient client = fixture.client();
        RawResponse response = client.send(GET).readResponse(false, seen::release);
        assertThat(response.bodyText()).isEqualTo("ok");
        assertThat(response.complete()).isTrue();
        assertThat(client.isClosedByPeer()).isFalse();
    }

    @Test
    void eventsOfChunkedStream_areSeenOneByOne() {
        events("Transfer-Encoding: chunked\r\n", "e\r\ndata: event ", "\r\n", "0\r\n\r\n");
    }

    @Test
    void eventsOfStreamUntilClose_areSeenOneByOne() {
        events("", "data: event ", "", "");
    }

    private void events(String framing, String before, String after, String end) {
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + framing + "\r\n");
            for (int i = 0; i < 3; i++) {
                seen.acquire();
                exchange.write(before + i + "\n" + after);
            }
            seen.acquire();
            exchange.write(end).closeAfterwards();
        })));
        RawClient client = fixture.client().send(GET);
        assertThat(client.readHead()).contains("Transfer-Encoding: chunked\r\n");
        for (int i = 0; i < 3; i++) {
            seen.release();
            String chunk = "e\r\ndata: event " + i + "\n\r\n";
            assertThat(new String(client.readBytes(chunk.length()), StandardCharsets.ISO_8859_1))
                    .isEqualTo(chunk);
        }
        seen.release();
        assertThat(new String(client.readBytes(5), StandardCharsets.ISO_8859_1)).isEqualTo("0\r\n\r\n");
        assertThat(fixture.awaitRecord().failure()).isEmpty();
    }

    @Test
    void piecesOfUpload_reachTheUpstreamOneByOne() {
        fixture.start(fixture.to(fixture.upstream(exchange -> {
            exchange.readHead();
            byte[] buffer = new byte[100];
            for (int i = 0; i < 3; i++) {
                assertThat(exchange.readRaw(buffer)).isEqualTo("1\r\nx\r\n".length());
                seen.release();
            }
            exchange.readRaw(buffer);
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .close();
        })));
        RawClient client = fixture.client().send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 3; i++) {
            client.send("1\r\nx\r\n");
            seen.acquireUninterruptibly();
        }
        client.send("0\r\n\r\n");
        assertThat(client.readResponse().status()).isEqualTo(200);
    }
}
