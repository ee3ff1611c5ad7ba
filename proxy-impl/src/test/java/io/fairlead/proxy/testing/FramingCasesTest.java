package io.fairlead.proxy.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.testing.FramingCase.Await;
import io.fairlead.proxy.testing.FramingCase.Fate;
import io.fairlead.proxy.testing.FramingCase.Send;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class FramingCasesTest {
    @Test
    void table_isReadWhole() {
        assertThat(FramingCases.requests().count()).isGreaterThanOrEqualTo(250);
        assertThat(FramingCases.answers().count()).isGreaterThanOrEqualTo(90);
    }

    @Test
    void refusedRequest_closesTheConnectionAndGivesTheUpstreamNothingWhole() {
        assertThat(FramingCases.requests()
                        .filter(one -> one.statuses().stream()
                                .anyMatch(statuses -> statuses.stream().allMatch(status -> status >= 400))))
                .hasSizeGreaterThan(150)
                .allSatisfy(one -> {
                    assertThat(one.fate()).isEqualTo(Fate.CLOSED);
                    // All but the last of a pipeline were good and have got through.
                    assertThat(one.upstream()).isNotNull();
                    assertThat(one.upstream().requests()).hasSize(one.statuses().size() - 1);
                });
    }

    @Test
    void caseWithEverything_isParsed() {
        FramingCase one = FramingCases.parse("""
                        # A comment.
                        == name
                        send: POST / HTTP/1.1\\r\\n
                          Expect: 100-continue\\r\\n\\r\\n
                        await: 100
                        send: \\{2*ab}\\s
                        status: 200 400|-
                        connection: closed
                        upstream: POST / HTTP/1.1 => abab\\s
                        upstream-has: X-A: b
                        """).get(0);
        assertThat(one.steps()).hasSize(3);
        assertThat(one.steps().get(0))
                .isInstanceOfSatisfying(
                        Send.class,
                        send -> assertThat(new String(send.bytes(), StandardCharsets.ISO_8859_1))
                                .isEqualTo("POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n"));
        assertThat(one.steps().get(1)).isEqualTo(new Await(100));
        assertThat(one.statuses()).containsExactly(List.of(200), List.of(400, 0));
        assertThat(one.upstream()).isNotNull();
        assertThat(one.upstream().requests().get(0).line()).isEqualTo("POST / HTTP/1.1");
        assertThat(one.upstream().requests().get(0).body()).asString().isEqualTo("abab ");
        assertThat(one.upstreamHas()).containsExactly(new Fields.Field("X-A", "b"));
    }

    @Test
    void slipInTheTable_namesTheCase() {
        assertThatThrownBy(() -> FramingCases.parse("== odd\nsend: a\nconnection: open\nupstream: none\n"))
                .hasMessageContaining("odd")
                .hasMessageContaining("status is missing");
        assertThatThrownBy(() -> FramingCases.parse("== odd\nsned: a\n")).hasMessageContaining("unknown key sned");
    }
}
