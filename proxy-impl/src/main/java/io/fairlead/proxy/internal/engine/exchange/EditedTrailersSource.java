package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.transform.TrailerEdits;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A body that passes through as it comes, without a copy, and whose trailers are edited at its end. */
final class EditedTrailersSource implements BodySource, BodySink {

    private final BodySource source;
    private final TrailerEdits edits;
    private final Map<String, String> variables;
    private @Nullable BodySink sink;

    EditedTrailersSource(BodySource source, TrailerEdits edits, Map<String, String> variables) {
        this.source = source;
        this.edits = edits;
        this.variables = variables;
    }

    // ---- the source of the sink

    @Override
    public void attach(BodySink newSink) {
        sink = newSink;
        source.attach(this);
    }

    @Override
    public void resume() {
        source.resume();
    }

    @Override
    public void cancel() {
        source.cancel();
    }

    // ---- the sink of the source

    /** The sink was told to feed from this object. */
    @Override
    public void feed(BodySource newSource) {}

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        BodySink to = sink();
        HeaderBlock trailers = last ? edited(null) : null;
        if (trailers == null) {
            return to.write(data, last);
        }
        boolean taken = !data.hasRemaining() || to.write(data, false);
        to.end(trailers);
        return taken;
    }

    @Override
    public void flush() {
        sink().flush();
    }

    @Override
    public void heldBack() {
        sink().heldBack();
    }

    @Override
    public void end(@Nullable HeaderBlock trailers) {
        sink().end(edited(trailers));
    }

    private @Nullable HeaderBlock edited(@Nullable HeaderBlock trailers) {
        if (trailers == null && !edits.adding()) {
            return null;
        }
        HeaderBlock fields = trailers == null ? new HeaderBlock() : trailers;
        edits.edit(fields, variables);
        return fields.size() == 0 ? null : fields;
    }

    @Override
    public void abort(FailureCode code, String detail) {
        sink().abort(code, detail);
    }

    private BodySink sink() {
        BodySink to = sink;
        if (to == null) {
            throw new IllegalStateException("not attached");
        }
        return to;
    }
}
