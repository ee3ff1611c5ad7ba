package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.transform.TransformPlan.FieldEdit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Edits of the trailer fields of a message. */
public final class TrailerEdits {

    private final FieldEdit[] edits;
    private final boolean adding;

    private TrailerEdits(List<FieldEdit> edits, boolean adding) {
        this.edits = edits.toArray(FieldEdit[]::new);
        this.adding = adding;
    }

    static @Nullable TrailerEdits of(List<FieldEdit> edits, boolean adding) {
        return edits.isEmpty() ? null : new TrailerEdits(edits, adding);
    }

    /** Whether a message that came without trailers has some afterwards; it must be sent chunked then. */
    public boolean adding() {
        return adding;
    }

    /** Edits these fields. */
    public void edit(Headers trailers, Map<String, String> variables) {
        TransformPlan.run(edits, trailers, variables);
    }
}
