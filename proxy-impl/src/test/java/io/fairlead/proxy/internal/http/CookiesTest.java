package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.testing.Seeds;
import io.fairlead.proxy.testing.TestRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CookiesTest {

    private static final String PARTS = "aab==;; \tA\"\u00ff";

    private static List<String> found(HeaderBlock fields, String name) {
        List<String> values = new ArrayList<>();
        for (long at = Cookies.find(fields, name, Cookies.FIRST); at >= 0; at = Cookies.find(fields, name, at)) {
            values.add(Ascii.string(fields.bytes(), Cookies.offset(at), Cookies.length(at)));
        }
        return values;
    }

    @Test
    void find_givesWhatAllGives() {
        Seeds.run(5_000, random -> {
            TestRequest request = TestRequest.get("/");
            for (int i = random.nextInt(4); i > 0; i--) {
                StringBuilder field = new StringBuilder();
                for (int j = random.nextInt(20); j > 0; j--) {
                    field.append(PARTS.charAt(random.nextInt(PARTS.length())));
                }
                request.with(
                        random.nextInt(4) == 0 ? "X" : "cookie",
                        field.toString().strip());
            }
            for (String name : List.of("a", "aa", "b", "A", "a a")) {
                assertThat(found(HeaderBlock.of(request.headers()), name))
                        .as("%s in %s", name, request)
                        .isEqualTo(Cookies.all(request, name));
            }
        });
    }

    @Test
    void values_standInTheirOrder() {
        HeaderBlock fields = new HeaderBlock();
        fields.add("Cookie", "a=1; b=2; a= 3 ;a=").add("X", "a=4").add("cookie", "a=5");
        assertThat(found(fields, "a")).containsExactly("1", "3", "", "5");
    }
}
