package io.fairlead.proxy.internal.transform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.BodyTooLargeException;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.transform.Transform;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class BodyEditTest {
    private static final Map<String, UnaryOperator<byte[]>> FUNCTIONS = Map.of(
            "upper", bytes -> new String(bytes, UTF_8).toUpperCase(Locale.ROOT).getBytes(UTF_8),
            "double", bytes -> new String(bytes, UTF_8).repeat(2).getBytes(UTF_8),
            "fails",
                    bytes -> {
                        throw new IllegalStateException("no");
                    },
            "null", bytes -> null);

    private static BodyEdit request(Transform... transforms) {
        TransformPlan plan = TransformPlan.compile(List.of(transforms), FUNCTIONS);
        assertThat(plan.responseBody()).isNull();
        assertThat(plan.isEmpty()).isFalse();
        return plan.requestBody();
    }

    private static String text(Body body) {
        return new String(body.readAll(1000).toCompletableFuture().join(), UTF_8);
    }

    private static String apply(BodyEdit edit, Body body) {
        return text(edit.apply(body).toCompletableFuture().join());
    }

    @Test
    void function_replacesTheBody() {
        BodyEdit edit = request(Transform.requestBody("upper", 5));
        assertThat(edit.maxBytes()).isEqualTo(5);
        assertThat(apply(edit, Body.of("hello"))).isEqualTo("HELLO");
    }

    @Test
    void severalFunctions_runInOrder() {
        BodyEdit edit = request(Transform.requestBody("double", 5), Transform.requestBody("upper", 10));
        assertThat(apply(edit, Body.of("hello"))).isEqualTo("HELLOHELLO");
    }

    @Test
    void bodyOverTheCap_failsTheStage() {
        assertThatThrownBy(() -> apply(request(Transform.requestBody("upper", 4)), Body.of("hello")))
                .hasCauseInstanceOf(BodyTooLargeException.class);
        // The second function has a cap of its own.
        assertThatThrownBy(() -> apply(
                        request(Transform.requestBody("double", 5), Transform.requestBody("upper", 9)),
                        Body.of("hello")))
                .hasCauseInstanceOf(BodyTooLargeException.class);
    }

    @Test
    void functionThatFailsOrGivesNull_failsTheStage() {
        assertThatThrownBy(() -> apply(request(Transform.requestBody("fails", 9)), Body.of("x")))
                .hasRootCauseMessage("no");
        assertThatThrownBy(() -> apply(request(Transform.requestBody("null", 9)), Body.of("x")))
                .hasRootCauseMessage("body transform \"null\" gave null");
    }

    @Test
    void bodyKnownToBeEmpty_isLeftAlone() {
        assertThat(apply(request(Transform.requestBody("fails", 9)), Body.empty()))
                .isEmpty();
    }

    @Test
    void trailersOfTheOldBody_stay() {
        Headers trailers = Headers.create().add("grpc-status", "0");
        Body source = new Body() {
            private final Body bytes = Body.of("hello");

            @Override
            public OptionalLong length() {
                return OptionalLong.empty();
            }

            @Override
            public Optional<Headers> trailers() {
                return Optional.of(trailers);
            }

            @Override
            public Flow.Publisher<ByteBuffer> publisher() {
                return bytes.publisher();
            }

            @Override
            public void discard() {}
        };
        Body edited = request(Transform.requestBody("upper", 9))
                .apply(source)
                .toCompletableFuture()
                .join();
        assertThat(edited.trailers()).contains(trailers);
        assertThat(edited.length()).hasValue(5);
        assertThat(text(edited)).isEqualTo("HELLO");
    }

    @Test
    void functionThatIsNotRegistered_isNamed() {
        assertThatThrownBy(() -> TransformPlan.compile(List.of(Transform.responseBody("missing", 1)), FUNCTIONS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void responseBody_isApart() {
        TransformPlan plan = TransformPlan.compile(List.of(Transform.responseBody("upper", 9)), FUNCTIONS);
        assertThat(plan.requestBody()).isNull();
        assertThat(apply(plan.responseBody(), Body.of("a"))).isEqualTo("A");
    }

    @Test
    void noTransforms_areAnEmptyPlan() {
        assertThat(TransformPlan.compile(List.of(), Map.of()).isEmpty()).isTrue();
    }
}
