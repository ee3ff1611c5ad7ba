package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.transform.TrailerEdits;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;

/**
 * A body whose trailers are edited once it was read to its end. Its length is hidden if it gets trailers, so that it is sent
 * chunked.
 */
final class EditedTrailersBody implements Body {

    private final Body body;
    private final TrailerEdits edits;
    private final Map<String, String> variables;

    EditedTrailersBody(Body body, TrailerEdits edits, Map<String, String> variables) {
        this.body = body;
        this.edits = edits;
        this.variables = variables;
    }

    /** The body as it came. */
    Body unedited() {
        return body;
    }

    /** The source of the body as it came, with the edits behind it. */
    BodySource over(BodySource source) {
        return new EditedTrailersSource(source, edits, variables);
    }

    @Override
    public boolean isReplayable() {
        return body.isReplayable();
    }

    @Override
    public OptionalLong length() {
        return edits.adding() ? OptionalLong.empty() : body.length();
    }

    @Override
    public Optional<Headers> trailers() {
        // A copy: the body may be asked again, and one of user code may be sent to many clients at once.
        Headers trailers = Headers.create();
        body.trailers().ifPresent(fields -> fields.forEach(trailers::add));
        edits.edit(trailers, variables);
        return trailers.size() == 0 ? Optional.empty() : Optional.of(trailers);
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
