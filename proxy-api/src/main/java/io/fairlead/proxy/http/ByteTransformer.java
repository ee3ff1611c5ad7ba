package io.fairlead.proxy.http;

import java.nio.ByteBuffer;

/** Changes a body piece by piece, for instance to compress it. One instance serves one body. */
public interface ByteTransformer {

    /** Takes the next piece and returns what goes on instead; an empty buffer when there is nothing yet. */
    ByteBuffer apply(ByteBuffer piece);

    /** Returns what is left once the last piece was taken. Default: nothing. */
    default ByteBuffer finish() {
        return ByteBuffer.allocate(0);
    }
}
