package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.http.ChunkedDecoder.Result;
import io.fairlead.proxy.testing.Escapes;
import io.fairlead.proxy.testing.Seeds;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChunkedDecoderTest {

    @Test
    void chunksInOneBuffer_areMovedTogether() {
        ByteBuffer buffer = buffer("5\r\nhello\r\n6;x=y\r\n, all \r\n0\r\n\r\nGET /");
        int limit = buffer.limit();
        ChunkedDecoder decoder = new ChunkedDecoder();
        assertThat(decoder.decode(buffer, new HeadParser())).isEqualTo(Result.DONE);
        assertThat(text(buffer)).isEqualTo("hello, all ");
        assertThat(decoder.ended()).isTrue();
        assertThat(decoder.trailers()).isNull();
        // What follows the body is where it was.
        assertThat(text(buffer.limit(limit).position(decoder.next()))).isEqualTo("GET /");
    }

    @Test
    void trailers_keepOrderAndSpelling() {
        ChunkedDecoder decoder = new ChunkedDecoder();
        ByteBuffer buffer = buffer("1\r\na\r\n0;x\r\nX-Sum: 42\r\nx-b:\t1 \r\nX-sum: 43\r\n\r\n");
        assertThat(decoder.decode(buffer, new HeadParser())).isEqualTo(Result.DONE);
        assertThat(decoder.trailers()).hasToString("X-Sum: 42\nx-b: 1\nX-sum: 43\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "\\r\\n|no size",
                ";a\\r\\n|no size before an extension",
                "0x5\\r\\n|0x",
                " 5\\r\\n|a space before",
                "5 \\r\\n|a space behind",
                "-5\\r\\n|a sign",
                "g|no hex digit",
                "\\xff|beyond ASCII",
                "\\{16*0}|too many digits",
                "5\\n|a bare LF",
                "5\\rh|a bare CR",
                "5;a\\n|a bare LF in an extension",
                "5;\\0|NUL in an extension",
                "5;\\x7f|DEL in an extension",
                "5;\\{1025*a}|a long extension",
                "\\{200*1;aaaaaaaaa\\r\\nx\\r\\n}|long extensions together",
                "1\\r\\nab|data without CR LF",
                "1\\r\\na\\n|data and a bare LF",
                "1\\r\\na\\rb|data and a bare CR",
                "0\\r\\n\\n|a bare LF at the end",
                "0\\r\\n\\rx|a bare CR at the end",
                "0\\r\\nA: b\\n|a bare LF behind a trailer",
                "0\\r\\nA: b\\rc|a bare CR in a trailer",
                "0\\r\\nA\\r\\n\\r\\n|a trailer without colon",
                "0\\r\\nA : b\\r\\n\\r\\n|a space before the colon",
                "0\\r\\nA: b\\r\\n c\\r\\n\\r\\n|a folded trailer",
                "0\\r\\nContent-Length: 5\\r\\n\\r\\n|framing in a trailer",
                "0\\r\\nHost: a\\r\\n\\r\\n|Host in a trailer",
                "0\\r\\nConnection: close\\r\\n\\r\\n|Connection in a trailer",
                "0\\r\\n\\{101*A: b\\r\\n}\\r\\n|too many trailers",
                "0\\r\\nA: \\{9000*b}|too long trailers",
            })
    void brokenCoding_isMalformed(String escaped, String what) {
        assertThat(new ChunkedDecoder().decode(ByteBuffer.wrap(Escapes.bytes(escaped)), new HeadParser()))
                .as(what)
                .isEqualTo(Result.MALFORMED);
    }

    @Test
    void extensionOfEachChunk_isLimitedInProportionToTheData() {
        // A sender that signs its chunks, as some object stores have it.
        String chunk = "400;chunk-signature=" + "a".repeat(64) + "\r\n" + "d".repeat(0x400) + "\r\n";
        ByteBuffer buffer = buffer(chunk.repeat(200) + "0\r\n\r\n");
        assertThat(new ChunkedDecoder().decode(buffer, new HeadParser())).isEqualTo(Result.DONE);
        assertThat(buffer.remaining()).isEqualTo(200 * 0x400);
    }

    @Test
    void sizeBeyondAnInt_isNoOtherSize() {
        ChunkedDecoder decoder = new ChunkedDecoder();
        ByteBuffer buffer = buffer("100000005\r\nhello\r\n0\r\n\r\n");
        assertThat(decoder.decode(buffer, new HeadParser())).isEqualTo(Result.MORE);
        assertThat(text(buffer)).isEqualTo("hello\r\n0\r\n\r\n");
    }

    @Test
    void codingInRandomPieces_isReadLikeANaiveDecoderReadsTheWhole() {
        HeadParser parser = new HeadParser();
        Windows windows = new Windows();
        Seeds.run(6_000, random -> {
            byte[] sound = coded(random);
            byte[] coded = random.nextInt(3) == 0 ? sound : Mutations.of(random, sound);
            Decoded expected = naive(new String(coded, StandardCharsets.ISO_8859_1));
            assertThat(inPieces(random, parser, windows, coded, coded.length))
                    .as(Escapes.show(coded))
                    .isEqualTo(expected);
            assertThat(inPieces(random, parser, windows, coded, random.nextBoolean() ? 3 : 100))
                    .as(Escapes.show(coded))
                    .isEqualTo(expected);
        });
    }

    private record Decoded(Result result, String data, String trailers, int used) {}

    /** In one piece where {@code maxPiece} is the whole length, else in pieces of at most so many bytes. */
    private static Decoded inPieces(Random random, HeadParser parser, Windows windows, byte[] coded, int maxPiece) {
        ChunkedDecoder decoder = new ChunkedDecoder();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int at = 0;
        while (at < coded.length) {
            int size = maxPiece == coded.length ? maxPiece : Math.min(coded.length - at, 1 + random.nextInt(maxPiece));
            ByteBuffer piece = windows.show(random, coded, at, size);
            int start = piece.position();
            Result result = decoder.decode(piece, parser);
            windows.assertNothingAroundIsChanged();
            if (result == Result.MALFORMED) {
                return new Decoded(result, "", "", 0);
            }
            while (piece.hasRemaining()) {
                data.write(piece.get());
            }
            if (result == Result.DONE) {
                HeaderBlock trailers = decoder.trailers();
                return new Decoded(
                        result,
                        data.toString(StandardCharsets.ISO_8859_1),
                        trailers == null ? "" : trailers.toString(),
                        at + decoder.next() - start);
            }
            at += size;
        }
        return new Decoded(Result.MORE, data.toString(StandardCharsets.ISO_8859_1), "", 0);
    }

    private static byte[] coded(Random random) {
        StringBuilder out = new StringBuilder();
        for (int i = random.nextInt(5); i > 0; i--) {
            int size = 1 + random.nextInt(random.nextBoolean() ? 5 : 70);
            out.append("0".repeat(random.nextInt(2)))
                    .append(
                            random.nextBoolean()
                                    ? Integer.toHexString(size)
                                    : Integer.toHexString(size).toUpperCase())
                    .append(random.nextInt(3) == 0 ? ";a=\"b\"" : "")
                    .append("\r\n");
            for (int k = 0; k < size; k++) {
                out.append((char) random.nextInt(256));
            }
            out.append("\r\n");
        }
        out.append("0".repeat(1 + random.nextInt(2)))
                .append(random.nextInt(4) == 0 ? ";last" : "")
                .append("\r\n");
        for (int i = random.nextInt(3); i > 0; i--) {
            out.append("X-").append(i).append(": ").append(random.nextInt()).append("\r\n");
        }
        out.append("\r\n");
        out.append("next".repeat(random.nextInt(2)));
        return out.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static final Pattern SIZE = Pattern.compile("([0-9A-Fa-f]{1,15})(?:;[\\t\\x20-\\x7e\\x80-\\xff]*)?\\r\\n");
    private static final Pattern CRLF = Pattern.compile("\\r\\n");
    private static final Pattern TRAILERS = Pattern.compile("((?:[^\\r\\n]+\\r\\n)*)\\r\\n");
    private static final Pattern TRAILER =
            Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*\\r\\n");

    /** RFC 9112 §7.1, read with regular expressions, and with no mind for limits. */
    private static Decoded naive(String coded) {
        StringBuilder data = new StringBuilder();
        int at = 0;
        while (true) {
            Matcher size = SIZE.matcher(coded).region(at, coded.length());
            if (!size.lookingAt()) {
                return stopped(size, data);
            }
            at = size.end();
            long bytes = Long.parseLong(size.group(1), 16);
            if (bytes == 0) {
                break;
            }
            int end = (int) Math.min(coded.length(), at + bytes);
            data.append(coded, at, end);
            at = end;
            Matcher crlf = CRLF.matcher(coded).region(at, coded.length());
            if (!crlf.lookingAt()) {
                return stopped(crlf, data);
            }
            at = crlf.end();
        }
        Matcher trailers = TRAILERS.matcher(coded).region(at, coded.length());
        if (!trailers.lookingAt()) {
            return stopped(trailers, data);
        }
        StringBuilder fields = new StringBuilder();
        Matcher trailer = TRAILER.matcher(trailers.group(1));
        int read = 0;
        while (read < trailers.group(1).length()) {
            if (!trailer.region(read, trailers.group(1).length()).lookingAt()) {
                return new Decoded(Result.MALFORMED, "", "", 0);
            }
            fields.append(trailer.group(1))
                    .append(": ")
                    .append(trailer.group(2))
                    .append('\n');
            read = trailer.end();
        }
        return new Decoded(Result.DONE, data.toString(), fields.toString(), trailers.end());
    }

    private static Decoded stopped(Matcher matcher, StringBuilder data) {
        return matcher.hitEnd()
                ? new Decoded(Result.MORE, data.toString(), "", 0)
                : new Decoded(Result.MALFORMED, "", "", 0);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(Ascii.bytes(text));
    }

    private static @Nullable String text(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Ascii.string(bytes, 0, bytes.length);
    }
}
