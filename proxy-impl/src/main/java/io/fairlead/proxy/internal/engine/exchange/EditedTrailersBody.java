package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.transform.TransformPlan;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;

/** A body whose trailers are edited once it was read to its end. Its length is hidden, so that it is sent chunked. */
final class EditedTrailersBody implements Body {

    private final Body body;
    private final TransformPlan transforms;
    private final Map<String, String> variables;

    EditedTrailersBody(Body body, TransformPlan transforms, Map<String, String> variables) {
        this.body = body;
        this.transforms = transforms;
        this.variables = variables;
    }

    @Override
    public OptionalLong length() {
        return OptionalLong.empty();
    }

    @Override
    public Optional<Headers> trailers() {
        Headers trailers = body.trailers().orElseGet(Headers::create);
        transforms.editTrailers(trailers, variables);
        return Optional.of(trailers);
    }

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        return body.publisher();
    }

    @Override
    public void discard() {
        body.discard();
    }
}
