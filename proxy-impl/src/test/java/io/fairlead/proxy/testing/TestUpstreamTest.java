package io.fairlead.proxy.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The two ends of a path test against each other, without a proxy between them. */
class TestUpstreamTest {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final String GET = "GET /a?b HTTP/1.1\r\nHost: test\r\n\r\n";

    @Test
    void requestsOnOneConnection_areRecordedAndAnsweredInTurn() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("one"), TestUpstream.ok("two"));
                RawClient client = RawClient.connect(upstream.port())) {
            client.send("POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello" + GET);
            assertThat(client.readResponse().bodyText()).isEqualTo("one");
            assertThat(client.readResponse().bodyText()).isEqualTo("two");

            List<ReceivedRequest> requests = upstream.awaitRequests(2);
            assertThat(requests.get(0).bodyText()).isEqualTo("hello");
            assertThat(requests.get(0).method()).isEqualTo("POST");
            assertThat(requests.get(1).target()).isEqualTo("/a?b");
            assertThat(requests.get(1).header("host")).contains("test");
            assertThat(requests.get(1).head()).isEqualTo(GET);
            assertThat(upstream.rawBytes()).asString().endsWith(GET);
            assertThat(upstream.connections()).isEqualTo(1);
            assertThat(upstream.openConnections()).isEqualTo(1);
        }
    }

    @Test
    void chunkedRequest_isDechunkedWithItsTrailers() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("ok"));
                RawClient client = RawClient.connect(upstream.port())) {
            client.sendSlowly("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "2\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: v\r\n\r\n");
            assertThat(client.readResponse().status()).isEqualTo(200);
            ReceivedRequest request = upstream.lastRequest();
            assertThat(request.bodyText()).isEqualTo("hello");
            assertThat(request.chunkSizes()).containsExactly(2L, 3L, 0L);
            assertThat(request.trailers().first("X-T")).contains("v");
            assertThat(request.complete()).isTrue();
        }
    }

    @Test
    void requestCutShort_isRecordedAsIncomplete() {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("never"));
                RawClient client = RawClient.connect(upstream.port())) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
            upstream.awaitHeads(1);
            client.halfClose();
            client.awaitEof(SOON);
            upstream.awaitConnectionClosed(SOON);
            assertThat(upstream.lastRequest().complete()).isFalse();
            assertThat(upstream.lastRequest().bodyText()).isEqualTo("he");
        }
    }

    @Test
    void interimChunksAndTrailers_areRead() {
        String answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n";
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.write1ByteAtATime(answer).flush();
                });
                RawClient client = RawClient.connect(upstream.port())) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(response.interim()).extracting(RawResponse::status).containsExactly(103);
            assertThat(response.bodyText()).isEqualTo("abc");
            assertThat(response.trailers().first("x-t")).contains("v");
            assertThat(client.isClosedByPeer()).isFalse();
        }
    }

    @Test
    void answerEndedByClose_isReadToItsEnd() {
        try (TestUpstream upstream = TestUpstream.answeringThenClosing("HTTP/1.0 200 OK\r\n\r\nall of it");
                RawClient client = RawClient.connect(upstream.port())) {
            RawResponse response = client.send(GET).readResponse();
            assertThat(response.bodyText()).isEqualTo("all of it");
            client.awaitEof(SOON);
            upstream.awaitConnectionClosed(SOON);
            assertThat(upstream.openConnections()).isZero();
        }
    }

    @Test
    void answerToHead_hasNoBody() {
        try (TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
                RawClient client = RawClient.connect(upstream.port())) {
            RawResponse response =
                    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n").readResponse(true);
            assertThat(response.body()).isEmpty();
            assertThat(response.complete()).isTrue();
        }
    }

    @Test
    void connectionReset_cutsTheResponse() {
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
                    exchange.readRaw(new byte[1]);
                    exchange.reset();
                });
                RawClient client = RawClient.connect(upstream.port())) {
            assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 200 OK\r\n");
            client.send("!");
            client.awaitEof(SOON);
        }
    }

    @Test
    void stalledUpstream_leavesTheClientWithoutAnswer() {
        try (TestUpstream upstream = TestUpstream.start(ScriptedExchange::stall);
                RawClient client = RawClient.connect(upstream.port())) {
            client.timeout(Duration.ofMillis(20)).send(GET);
            assertThatThrownBy(client::readResponse)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("in vain for a response");
            assertThatThrownBy(() -> client.awaitEof(Duration.ofMillis(20))).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void connectionClosedAtAccept_givesTheClientItsEnd() {
        try (TestUpstream upstream = TestUpstream.startAtAccept(ScriptedExchange::close);
                RawClient client = RawClient.connect(upstream.port())) {
            client.awaitEof(SOON);
            upstream.awaitConnections(1);
        }
    }

    @Test
    void awaitClose_seesTheClientGo() {
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.readHead();
                    exchange.awaitClose();
                });
                RawClient client = RawClient.connect(upstream.port())) {
            client.send(GET);
            upstream.awaitHeads(1);
            client.reset();
            upstream.awaitConnectionClosed(SOON);
        }
    }

    @Test
    void scriptThatFails_failsTheTestAtClose() {
        TestUpstream upstream = TestUpstream.start(exchange -> {
            throw new IllegalStateException("wrong");
        });
        try (RawClient client = RawClient.connect(upstream.port())) {
            client.send(GET).awaitEof(SOON);
            upstream.awaitConnectionClosed(SOON);
        }
        assertThatThrownBy(upstream::close).isInstanceOf(AssertionError.class).hasMessageContaining("wrong");
    }

    @Test
    void malformedOutput_isAnAssertionError() {
        try (TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
                RawClient client = RawClient.connect(upstream.port())) {
            client.send(GET);
            assertThatThrownBy(client::readResponse)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("bare LF");
        }
    }
}
