package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.testing.Seeds;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HeaderBlockTest {
    private static final List<String> NAMES =
            List.of("Host", "host", "X-A", "x-a", "X-B", "Age", "Via", "TE", "Date", "Set-Cookie");

    @Test
    void parsedFields_keepOrderAndSpelling() {
        HeaderBlock block = parsed("Host: test\r\nX-a:  1 \r\nSet-Cookie: a=1, b\r\nx-A: 2\r\n");
        assertThat(block).hasToString("Host: test\nX-a: 1\nSet-Cookie: a=1, b\nx-A: 2\n");
        assertThat(block.all("X-A")).containsExactly("1", "2");
        assertThat(block.first("x-a")).contains("1");
        assertThat(block.contains("SET-COOKIE")).isTrue();
        assertThat(block.size()).isEqualTo(4);
        assertThat(written(block, 0)).isEqualTo("Host: test\r\nX-a:  1 \r\nSet-Cookie: a=1, b\r\nx-A: 2\r\n");
    }

    @Test
    void setField_replacesAllOfItsNameByOneAtTheEnd() {
        HeaderBlock block = parsed("X-A: 1\r\nHost: test\r\nx-a: 2\r\n");
        block.set("X-a", "3");
        assertThat(written(block, 0)).isEqualTo("Host: test\r\nX-a: 3\r\n");
        assertThat(block.size()).isEqualTo(2);
    }

    @Test
    void changedField_isFoundByNumberToo() {
        HeaderBlock block = parsed("Host: test\r\nVia: 1.1 a\r\n");
        block.set("via", "1.1 b");
        assertThat(block.get(FieldId.VIA)).isEqualTo("1.1 b");
        block.remove("VIA");
        assertThat(block.find(FieldId.VIA)).isEqualTo(-1);
        assertThat(block.get(FieldId.VIA)).isNull();
    }

    @Test
    void skippedFields_areLeftOutOfWhatIsWrittenOnly() {
        HeaderBlock block = parsed("Connection: x\r\nHost: test\r\nX-A: 1\r\nTE: trailers\r\nDate: now\r\nX-B: 2\r\n");
        assertThat(written(block, FieldId.HOP_BY_HOP_BITS | 1L << FieldId.DATE))
                .isEqualTo("Host: test\r\nX-A: 1\r\nX-B: 2\r\n");
        assertThat(block.size()).isEqualTo(6);
        assertThat(written(block, -1L)).isEmpty();
    }

    @Test
    void nominatedFields_areRemovedButFramingAndHost() {
        HeaderBlock block =
                parsed("Host: test\r\nConnection: x-A ,, X-B\t,content-length, host, transfer-encoding, X\r\n"
                        + "X-A: 1\r\nx-b: 2\r\nContent-Length: 3\r\nX-AB: 4\r\nx-a: 5\r\n");
        block.removeNominated(block.find(FieldId.CONNECTION));
        assertThat(written(block, 1L << FieldId.CONNECTION))
                .isEqualTo("Host: test\r\nContent-Length: 3\r\nX-AB: 4\r\n");
    }

    @Test
    void token_isFoundInAnyFieldOfTheName() {
        HeaderBlock block = parsed("TE: gzip;q=0.5\r\nTE: deflate , Trailers\r\n");
        assertThat(block.hasToken(FieldId.TE, Ascii.bytes("trailers"))).isTrue();
        assertThat(block.hasToken(FieldId.TE, Ascii.bytes("gzip"))).isFalse();
    }

    @Test
    void badNameOrValue_isRejectedAndChangesNothing() {
        HeaderBlock block = parsed("X-A: 1\r\n");
        assertThatIllegalArgumentException().isThrownBy(() -> block.set("X-A", "a\r\nX-B: c"));
        assertThatIllegalArgumentException().isThrownBy(() -> block.add("X A", "b"));
        assertThatIllegalArgumentException().isThrownBy(() -> block.add("X-A", "\u0100"));
        assertThat(block).hasToString("X-A: 1\n");
    }

    @Test
    void anyEdits_giveWhatAPlainListGives() {
        Seeds.run(2_000, random -> {
            StringBuilder lines = new StringBuilder();
            Headers model = Headers.create();
            for (int i = random.nextInt(6); i > 0; i--) {
                String name = name(random);
                lines.append(name).append(": v").append(i).append("\r\n");
                model.add(name, "v" + i);
            }
            HeaderBlock block = random.nextInt(4) == 0 ? HeaderBlock.of(model) : parsed(lines.toString());
            for (int i = random.nextInt(20); i > 0; i--) {
                String name = name(random);
                String value = "e".repeat(random.nextInt(60)) + "\u00e9";
                switch (random.nextInt(3)) {
                    case 0 -> {
                        block.add(name, value);
                        model.add(name, value);
                    }
                    case 1 -> {
                        block.set(name, value);
                        model.set(name, value);
                    }
                    default -> {
                        block.remove(name);
                        model.remove(name);
                    }
                }
                assertThat(block).hasToString(model.toString());
                assertThat(block.size()).isEqualTo(model.size());
                assertThat(block.all(name)).isEqualTo(model.all(name));
                assertThat(block.first(name)).isEqualTo(model.first(name));
            }
            assertThat(written(block, 0)).isEqualTo(model.toString().replace("\n", "\r\n"));
            assertThat(block.wireLength())
                    .isGreaterThanOrEqualTo(written(block, 0).length());
        });
    }

    private static String name(Random random) {
        return NAMES.get(random.nextInt(NAMES.size()));
    }

    /** Through the parser of answers, which asks little of the fields. */
    private static HeaderBlock parsed(String lines) {
        HeadParser parser = new HeadParser();
        int size = parser.parseResponse(ByteBuffer.wrap(Ascii.bytes("HTTP/1.1 200 OK\r\n" + lines + "\r\n")), 10_000);
        assertThat(size).isPositive();
        return parser.response();
    }

    private static String written(HeaderBlock block, long skip) {
        byte[] bytes = new byte[block.wireLength() + 3];
        int end = block.writeTo(bytes, 3, skip);
        return Ascii.string(bytes, 3, end - 3);
    }
}
