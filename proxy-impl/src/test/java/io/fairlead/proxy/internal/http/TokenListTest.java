package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.Escapes;
import io.fairlead.proxy.testing.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TokenListTest {

    @Test
    void emptyElementsAndBlanks_areLeftOut() {
        assertThat(elements("a", "", "")).containsExactly("a");
        assertThat(elements(" ,, a\t, ,b c ,", "", "")).containsExactly("a", "b c");
        assertThat(elements("", "", "")).isEmpty();
        assertThat(elements(" ,\t", "", "")).isEmpty();
    }

    @Test
    void token_isFoundWholeAndInAnyCase() {
        byte[] list = Ascii.bytes("xclose, Close;q=1,keep-ALIVE");
        assertThat(TokenList.contains(list, 0, list.length, Ascii.bytes("close")))
                .isFalse();
        assertThat(TokenList.contains(list, 0, list.length, Ascii.bytes("keep-alive")))
                .isTrue();
        assertThat(TokenList.contains(list, 0, list.length - 1, Ascii.bytes("keep-alive")))
                .isFalse();
    }

    @Test
    void anyList_isSplitAtItsCommasAndNoByteAroundItIsRead() {
        Seeds.run(2_000, random -> {
            StringBuilder list = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                list.append(", \tab".charAt(random.nextInt(5)));
            }
            List<String> expected = Stream.of(list.toString().split(","))
                    .map(element -> element.replaceAll("^[ \t]+|[ \t]+$", ""))
                    .filter(element -> !element.isEmpty())
                    .toList();
            assertThat(elements(list.toString(), "a,b", "b,a"))
                    .as(Escapes.show(list.toString()))
                    .isEqualTo(expected);
        });
    }

    private static List<String> elements(String list, String before, String after) {
        byte[] bytes = Ascii.bytes(before + list + after);
        int stop = before.length() + list.length();
        List<String> elements = new ArrayList<>();
        for (long e = TokenList.next(bytes, before.length(), stop);
                e != TokenList.END;
                e = TokenList.next(bytes, TokenList.stop(e), stop)) {
            elements.add(Ascii.string(bytes, TokenList.start(e), TokenList.length(e)));
        }
        return elements;
    }
}
