package io.fairlead.proxy.internal.engine.transfer;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Writes the chunked coding (RFC 9112 §7.1) around data where it stands. */
public final class ChunkFrame {

    private static final long NOT_IN_TRAILERS =
            FieldId.HOP_BY_HOP_BITS | 1L << FieldId.CONTENT_LENGTH | 1L << FieldId.HOST;

    private ChunkFrame() {}

    /** Puts the size line before the data, CR LF behind it, and the last chunk behind that if it is the last. */
    public static void put(ByteBuffer data, int size, boolean last) {
        int at = data.position();
        int end = data.limit();
        data.limit(Math.min(data.capacity(), end + IoLoop.TAILROOM));
        if (size > 0) {
            data.put(--at, (byte) '\n');
            data.put(--at, (byte) '\r');
            int rest = size;
            do {
                data.put(--at, (byte) Character.forDigit(rest & 15, 16));
                rest >>>= 4;
            } while (rest != 0);
            data.put(end++, (byte) '\r');
            data.put(end++, (byte) '\n');
        }
        if (last) {
            data.put(end++, (byte) '0');
            data.put(end++, (byte) '\r');
            data.put(end++, (byte) '\n');
            data.put(end++, (byte) '\r');
            data.put(end++, (byte) '\n');
        }
        data.limit(end).position(at);
    }

    /** Puts the last chunk and the trailers at the buffer's position. */
    public static void putEnd(ByteBuffer buffer, @Nullable HeaderBlock trailers) {
        buffer.put((byte) '0').put((byte) '\r').put((byte) '\n');
        if (trailers != null && trailers.wireLength() < IoLoop.DATA_BYTES - 16) {
            byte[] bytes = new byte[trailers.wireLength()];
            buffer.put(bytes, 0, trailers.writeTo(bytes, 0, NOT_IN_TRAILERS));
        }
        buffer.put((byte) '\r').put((byte) '\n');
    }
}
