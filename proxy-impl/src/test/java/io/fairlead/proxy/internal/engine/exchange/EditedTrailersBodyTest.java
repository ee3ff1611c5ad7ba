package io.fairlead.proxy.internal.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.transform.Transform;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

class EditedTrailersBodyTest {

    /** A body with trailers that user code gives again and again. */
    private record Constant(Headers fields) implements Body {
        @Override
        public OptionalLong length() {
            return OptionalLong.of(0);
        }

        @Override
        public Optional<Headers> trailers() {
            return Optional.of(fields);
        }

        @Override
        public Flow.Publisher<ByteBuffer> publisher() {
            return Body.empty().publisher();
        }

        @Override
        public void discard() {}
    }

    private static Body edited(Body body, Transform transform) {
        return new EditedTrailersBody(
                body, TransformPlan.compile(List.of(transform), Map.of()).responseTrailers(), Map.of());
    }

    /** Each call edited what the one before had edited, and the object of the user with it. */
    @Test
    void trailersOfAConstantBody_areEditedOnce() {
        Headers own = Headers.create().add("X-Hop", "origin");
        Body body = edited(new Constant(own), Transform.addResponseTrailer("X-Hop", "proxy"));
        for (int i = 0; i < 3; i++) {
            assertThat(body.trailers().orElseThrow().all("X-Hop")).containsExactly("origin", "proxy");
        }
        assertThat(own.all("X-Hop")).containsExactly("origin");
    }

    @Test
    void removalOfTheLastTrailer_leavesNone() {
        Body body =
                edited(new Constant(Headers.create().add("X-Debug", "1")), Transform.removeResponseTrailer("X-Debug"));
        assertThat(body.trailers()).isEmpty();
        assertThat(body.length()).hasValue(0);
    }
}
