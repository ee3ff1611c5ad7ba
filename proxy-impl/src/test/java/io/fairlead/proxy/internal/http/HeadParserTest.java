package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.testing.Escapes;
import io.fairlead.proxy.testing.Seeds;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadParserTest {
    private static final HeadLimits LIMITS = new HeadLimits(100, 500, 8);
    private static final int MAX_ANSWER = 500;
    private static final Windows WINDOWS = new Windows();

    // ---- requests

    @Test
    void request_isTakenApart() {
        HeadParser parser = new HeadParser();
        ByteBuffer data = buffer("POST /a%20b?c=d HTTP/1.1\r\nHost: test\r\nx-A:  1 \r\nContent-Length: 12\r\n"
                + "Expect: 100-Continue\r\nX-a:2\r\n\r\nbody");
        int before = data.position();
        int size = parser.parseRequest(data, LIMITS);
        assertThat(size).isEqualTo(data.remaining() - 4);
        assertThat(data.position()).isEqualTo(before);
        RequestHead head = parser.request();
        assertThat(head.method()).isEqualTo("POST");
        assertThat(head.target()).isEqualTo("/a%20b?c=d");
        assertThat(head.version()).isEqualTo(HttpVersion.HTTP_1_1);
        assertThat(head.contentLength()).isEqualTo(12);
        assertThat(head.hasBody()).isTrue();
        assertThat(head.chunked()).isFalse();
        assertThat(head.keepAlive()).isTrue();
        assertThat(head.expectContinue()).isTrue();
        assertThat(head.all("X-A")).containsExactly("1", "2");
        assertThat(head.toString()).isEqualTo("Host: test\nx-A: 1\nContent-Length: 12\nExpect: 100-Continue\nX-a: 2\n");
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1, '', true",
        "HTTP/1.1, close, false",
        "HTTP/1.1, 'keep-alive, CLOSE', false",
        "HTTP/1.0, '', false",
        "HTTP/1.0, Keep-Alive, true",
        "HTTP/1.0, 'keep-alive, close', false",
        "HTTP/1.0, xkeep-alive, false",
    })
    void connectionField_decidesOnKeepAlive(String version, String connection, boolean keepAlive) {
        HeadParser parser = new HeadParser();
        String field = connection.isEmpty() ? "" : "Connection: " + connection + "\r\n";
        parser.parseRequest(buffer("GET / " + version + "\r\nHost: test\r\n" + field + "\r\n"), LIMITS);
        assertThat(parser.request().keepAlive()).isEqualTo(keepAlive);
    }

    @ParameterizedTest
    @CsvSource({
        "http://test/a?b, /a?b",
        "http://test, /",
        "http://test?b=c, /?b=c",
        "HTTP://TEST/, /",
    })
    void absoluteForm_isLeftWithItsPath(String target, String expected) {
        HeadParser parser = new HeadParser();
        parser.parseRequest(buffer("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n"), LIMITS);
        RequestHead head = parser.request();
        assertThat(head.target()).isEqualTo(expected);
        assertThat(head.forwardableLine()).isFalse();
    }

    @Test
    void absoluteFormWithoutHostField_tellsTheHost() {
        HeadParser parser = new HeadParser();
        parser.parseRequest(buffer("GET http://test:81/a HTTP/1.0\r\nX: y\r\n\r\n"), LIMITS);
        assertThat(parser.request().get(FieldId.HOST)).isEqualTo("test:81");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                // The request line.
                " / HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "G(T / HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "\\{65*A}|CLIENT_METHOD_NOT_IMPLEMENTED",
                "\\{70*A} / HTTP/1.1\\r\\n|CLIENT_METHOD_NOT_IMPLEMENTED",
                "GET  / HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET /a#b HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET /%0g HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET /%00 HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET /\\xe9 HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET /\\{100*a}|CLIENT_TARGET_TOO_LONG",
                "GET /\\{100*a}%zz HTTP/1.1\\r\\n|CLIENT_TARGET_TOO_LONG",
                "GET /  HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1\\n|CLIENT_MALFORMED_REQUEST",
                "GET / http|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.10\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1 \\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.2\\r\\n|CLIENT_VERSION_UNSUPPORTED",
                "GET / HTTP/0.9\\r\\n|CLIENT_VERSION_UNSUPPORTED",
                "PRI * HTTP/2.0\\r\\n|CLIENT_VERSION_UNSUPPORTED",
                "GET * HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET test:80 HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET ftp://test/ HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET https://test/ HTTP/1.1\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET http://u@test/ HTTP/1.1\\r\\n|CLIENT_BAD_HOST",
                "GET http:///a HTTP/1.1\\r\\n|CLIENT_BAD_HOST",
                "TRACE / HTTP/1.1\\r\\n|CLIENT_METHOD_NOT_ALLOWED",
                "TRACE http://test/ HTTP/1.1\\r\\n|CLIENT_METHOD_NOT_ALLOWED",
                "CONNECT test:443 HTTP/1.1\\r\\n|CLIENT_METHOD_NOT_IMPLEMENTED",
                "CONNECT / HTTP/1.1\\r\\n|CLIENT_METHOD_NOT_IMPLEMENTED",
                // The field lines.
                "GET / HTTP/1.1\\r\\n: b\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA : b\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA: b\\r\\n c\\r\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA: b\\n|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA: b\\rc|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA: \\0|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nA: \\x7f|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\nHost: test\\r\\n\\rx|CLIENT_MALFORMED_REQUEST",
                "GET / HTTP/1.1\\r\\n\\{9*A: b\\r\\n}|CLIENT_HEADERS_TOO_LARGE",
                "GET / HTTP/1.1\\r\\nA: \\{500*a}|CLIENT_HEADERS_TOO_LARGE",
                // Host.
                "GET / HTTP/1.1\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost:\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nHost: a\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a/b\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a:\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a:0\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a:65536\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: a:8x\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: [::1\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: [a]\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET / HTTP/1.1\\r\\nHost: \\{256*a}\\r\\n\\r\\n|CLIENT_BAD_HOST",
                "GET http://a/ HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n|CLIENT_BAD_HOST",
                // Framing and what touches it.
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length:\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: +1\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1, 1\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: \\{19*1}\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\{2*Content-Length: 1\\r\\n}\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\{2*Transfer-Encoding: chunked\\r\\n}\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.0\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
                        + "|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Host\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: x, transfer-Encoding\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: content-length\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Trailer\\r\\n\\r\\n|CLIENT_BAD_FRAMING",
                "GET / HTTP/1.1\\r\\nHost: a\\r\\nExpect: luck\\r\\n\\r\\n|CLIENT_EXPECTATION_UNKNOWN",
            })
    void badRequest_isRefusedWithItsCode(String escaped, FailureCode expected) {
        HeadParser parser = new HeadParser();
        int size = parser.parseRequest(ByteBuffer.wrap(Escapes.bytes(escaped)), LIMITS);
        assertThat(size).isEqualTo(HeadParser.REFUSED);
        assertThat(parser.failure()).isEqualTo(expected);
        assertThat(parser.detail()).isNotEmpty();
    }

    @Test
    void requestLineWithoutEnd_isRefusedAtTheLimitOfTheHead() {
        HeadParser parser = new HeadParser();
        HeadLimits limits = new HeadLimits(65_536, 300, 8);
        assertThat(parser.parseRequest(buffer("GET /" + "a".repeat(290)), limits))
                .isEqualTo(HeadParser.INCOMPLETE);
        assertThat(parser.parseRequest(buffer("GET /" + "a".repeat(310)), limits))
                .isEqualTo(HeadParser.REFUSED);
        assertThat(parser.failure()).isEqualTo(FailureCode.CLIENT_TARGET_TOO_LONG);
    }

    // ---- responses

    @Test
    void response_isTakenApart() {
        HeadParser parser = new HeadParser();
        String text = "HTTP/1.1 299 Odd one\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        assertThat(parser.parseResponse(buffer(text + "5"), MAX_ANSWER)).isEqualTo(text.length());
        ResponseHead head = parser.response();
        assertThat(head.status()).isEqualTo(299);
        assertThat(Ascii.string(head.bytes(), head.reasonOffset(), head.reasonLength()))
                .isEqualTo("Odd one");
        assertThat(head.chunked()).isTrue();
        assertThat(head.contentLength()).isEqualTo(-1);
        assertThat(head.keepAlive()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "ICY 200 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/2.0 200 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.2 200 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1  200 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 20 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 099 Low\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 600 High\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 2000 OK\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 O\\x01K\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\n\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\rX|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nA: b\\r\\n c\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nA: b\\nB: c|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nContent-Length: -1\\r\\n\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\n\\{2*Content-Length: 1\\r\\n}\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.0 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\nContent-Length: 1\\r\\n\\r\\n"
                        + "|UPSTREAM_MALFORMED_RESPONSE",
                "HTTP/1.1 200 OK\\r\\nA: \\{500*a}|UPSTREAM_HEADERS_TOO_LARGE",
            })
    void badResponse_isRefusedWithItsCode(String escaped, FailureCode expected) {
        HeadParser parser = new HeadParser();
        int size = parser.parseResponse(ByteBuffer.wrap(Escapes.bytes(escaped)), MAX_ANSWER);
        assertThat(size).isEqualTo(HeadParser.REFUSED);
        assertThat(parser.failure()).isEqualTo(expected);
    }

    // ---- in pieces

    @Test
    void requestThatArrivesByteByByte_isReadAsIfItCameWhole() {
        HeadParser used = new HeadParser();
        Seeds.run(2_000, random -> {
            byte[] data = RandomHead.request(random);
            HeadLimits limits = random.nextInt(3) == 0
                    ? new HeadLimits(64, 256, 8)
                    : new HeadLimits(64 + random.nextInt(200), 256 + random.nextInt(600), 8 + random.nextInt(20));
            assertPiecesMakeNoDifference(random, used, data, parser -> buffer -> parser.parseRequest(buffer, limits));
        });
    }

    @Test
    void responseThatArrivesByteByByte_isReadAsIfItCameWhole() {
        HeadParser used = new HeadParser();
        Seeds.run(2_000, random -> {
            byte[] data = RandomHead.response(random);
            int max = 100 + random.nextInt(600);
            assertPiecesMakeNoDifference(random, used, data, parser -> buffer -> parser.parseResponse(buffer, max));
        });
    }

    @Test
    void requestInRandomPieces_isReadAsIfItCameWhole() {
        HeadParser used = new HeadParser();
        Seeds.run(4_000, random -> {
            byte[] data = RandomHead.request(random);
            assertRandomPiecesMakeNoDifference(
                    random, used, data, parser -> buffer -> parser.parseRequest(buffer, LIMITS));
        });
    }

    @Test
    void responseInRandomPieces_isReadAsIfItCameWhole() {
        HeadParser used = new HeadParser();
        Seeds.run(4_000, random -> {
            byte[] data = RandomHead.response(random);
            assertRandomPiecesMakeNoDifference(
                    random, used, data, parser -> buffer -> parser.parseResponse(buffer, MAX_ANSWER));
        });
    }

    private static void assertRandomPiecesMakeNoDifference(
            Random random, HeadParser used, byte[] data, ParseWith parse) {
        HeadParser fresh = new HeadParser();
        String whole = describe(fresh, parse.with(fresh).parse(ByteBuffer.wrap(data)));
        String inPieces = inPieces(used, random, data, parse);
        // A fault behind which nothing comes may wait for the deadline; what ends is told at once.
        if (inPieces != null || new String(data, StandardCharsets.ISO_8859_1).contains("\r\n\r\n")) {
            assertThat(inPieces == null ? "incomplete" : inPieces)
                    .as(Escapes.show(data))
                    .isEqualTo(whole);
        }
    }

    /** As the engine does it; both limits of these tests are 500 bytes. */
    private static @Nullable String inPieces(HeadParser parser, Random random, byte[] data, ParseWith parse) {
        PartialHead partial = null;
        int at = 0;
        while (at < data.length) {
            int size = Math.min(data.length - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 200));
            ByteBuffer piece = ByteBuffer.wrap(data, at, size);
            at += size;
            ByteBuffer toParse = piece;
            if (partial != null) {
                if (!partial.add(piece, MAX_ANSWER)) {
                    continue;
                }
                toParse = partial.bytes();
            }
            String outcome = describe(parser, parse.with(parser).parse(toParse));
            if (!outcome.equals("incomplete")) {
                return outcome;
            }
            if (partial == null) {
                partial = new PartialHead(piece);
            }
        }
        return null;
    }

    private interface Parse {
        int parse(ByteBuffer data);
    }

    private interface ParseWith {
        Parse with(HeadParser parser);
    }

    /** The used parser has read every head before this one and must show nothing of them. */
    private static void assertPiecesMakeNoDifference(Random random, HeadParser used, byte[] data, ParseWith parse) {
        HeadParser fresh = new HeadParser();
        String whole = describe(fresh, parse.with(fresh).parse(ByteBuffer.wrap(data)));
        String grown = "incomplete";
        for (int length = 1; length <= data.length && grown.equals("incomplete"); length++) {
            grown = describe(used, parse.with(used).parse(WINDOWS.show(random, data, 0, length)));
            WINDOWS.assertNothingIsChanged(data, 0, length);
        }
        assertThat(grown).as(Escapes.show(data)).isEqualTo(whole);
        assertThat(describe(used, parse.with(used).parse(ByteBuffer.wrap(data))))
                .as(Escapes.show(data))
                .isEqualTo(whole);
    }

    private static String describe(HeadParser parser, int size) {
        if (size == HeadParser.INCOMPLETE) {
            return "incomplete";
        }
        if (size == HeadParser.REFUSED) {
            return "refused: " + parser.failure();
        }
        HeaderBlock block;
        try {
            block = parser.request();
        } catch (IllegalStateException answered) {
            block = parser.response();
        }
        if (block instanceof RequestHead head) {
            return size + " bytes: " + head.method() + " " + head.target() + " " + head.version() + " "
                    + head.contentLength() + " " + head.chunked() + " " + head.keepAlive() + " "
                    + head.expectContinue() + " " + head.forwardableLine() + "\n" + head;
        }
        ResponseHead head = (ResponseHead) block;
        return size + " bytes: " + head.status() + " "
                + Ascii.string(head.bytes(), head.reasonOffset(), head.reasonLength()) + " " + head.contentLength()
                + " " + head.chunked() + " " + head.keepAlive() + "\n" + head;
    }

    @Test
    void headThatDripsIn_costsWorkInProportionToItsBytes() {
        HeadLimits limits = new HeadLimits(8_192, 32_768, 1_000);
        for (String line : List.of("X: y\r\n", "X-Long: " + "a".repeat(30_000) + "\r\n")) {
            String head = "GET / HTTP/1.1\r\nHost: test\r\n" + line.repeat(Math.min(900, 30_000 / line.length() + 1));
            byte[] data = Ascii.bytes(head + "\r\n");
            HeadParser parser = new HeadParser();
            PartialHead partial = null;
            int size = HeadParser.INCOMPLETE;
            for (byte b : data) {
                ByteBuffer piece = ByteBuffer.wrap(new byte[] {b});
                if (partial == null) {
                    size = parser.parseRequest(piece, limits);
                    partial = new PartialHead(piece);
                } else if (partial.add(piece, limits.maxHeaderBytes())) {
                    size = parser.parseRequest(partial.bytes(), limits);
                }
            }
            assertThat(size).isEqualTo(data.length);
            assertThat(partial).isNotNull();
            assertThat(partial.work()).isLessThan(16 * 1024 + 6L * data.length);
        }
    }

    @Test
    void badFirstLineThatDripsIn_isRefusedBeforeItEnds() {
        HeadParser parser = new HeadParser();
        assertThat(inPieces(
                        parser, new Random(1), Ascii.bytes("GE("), used -> buffer -> used.parseRequest(buffer, LIMITS)))
                .isEqualTo("refused: " + FailureCode.CLIENT_MALFORMED_REQUEST);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.allocateDirect(text.length() + 7)
                .position(7)
                .put(Ascii.bytes(text))
                .flip()
                .position(7);
    }
}
