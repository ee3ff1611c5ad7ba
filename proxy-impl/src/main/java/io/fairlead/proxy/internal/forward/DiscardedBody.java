package io.fairlead.proxy.internal.forward;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Takes the body of an answer that nobody wants; one that is too long is broken off. */
final class DiscardedBody implements BodySink {

    static final int MAX_BYTES = 64 * 1024;

    private final BodySource source;
    private int left = MAX_BYTES;

    DiscardedBody(BodySource source) {
        this.source = source;
    }

    @Override
    public void feed(BodySource newSource) {}

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        left -= data.remaining();
        if (left < 0 && !last) {
            source.cancel();
        }
        return true;
    }

    @Override
    public void flush() {}

    @Override
    public void end(@Nullable HeaderBlock trailers) {}

    @Override
    public void heldBack() {}

    @Override
    public void abort(FailureCode code, String detail) {}
}
