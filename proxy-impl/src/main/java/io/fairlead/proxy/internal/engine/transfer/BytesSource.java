package io.fairlead.proxy.internal.engine.transfer;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A body that is at hand as a whole; one buffer is filled at a time. */
public final class BytesSource implements BodySource {

    private final IoLoop loop;
    private final byte[] bytes;
    private int given;
    private boolean pushing;
    private boolean blocked;
    private @Nullable BodySink sink;

    /** @param bytes at least one; only read */
    public BytesSource(IoLoop loop, byte[] bytes) {
        this.loop = loop;
        this.bytes = bytes;
    }

    @Override
    public void attach(BodySink newSink) {
        sink = newSink;
        push();
    }

    @Override
    public void resume() {
        blocked = false;
        push();
    }

    private void push() {
        if (pushing) {
            // The loop below goes on by itself.
            return;
        }
        pushing = true;
        try {
            BodySink to = sink;
            while (to != null && !blocked && given < bytes.length) {
                ByteBuffer buffer = loop.take();
                int count = Math.min(buffer.remaining(), bytes.length - given);
                buffer.put(bytes, given, count);
                buffer.limit(buffer.position()).position(buffer.position() - count);
                given += count;
                boolean last = given == bytes.length;
                // Before the call: the sink may ask for more within it.
                blocked = !last;
                if (to.write(buffer, last)) {
                    loop.give(buffer);
                    blocked = false;
                }
                to = sink;
            }
        } finally {
            pushing = false;
        }
    }

    @Override
    public void cancel() {
        sink = null;
    }
}
