package io.fairlead.proxy.internal.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Shows bytes in a part of a buffer, heap or direct, between others that would end any head or body: who reads past the
 * limit gets another result, and who writes there is found out.
 */
final class Windows {
    private static final byte[] AROUND = Ascii.bytes("\r\n0\r\n\r\nX: y\r\n\r\n");
    private static final int CAPACITY = 16 * 1024;

    private final ByteBuffer heap = ByteBuffer.allocate(CAPACITY);
    private final ByteBuffer direct = ByteBuffer.allocateDirect(CAPACITY);
    private ByteBuffer shown = heap;
    private int behind;

    /** A buffer whose position and limit enclose the bytes. */
    ByteBuffer show(Random random, byte[] data, int offset, int length) {
        shown = random.nextBoolean() ? heap : direct;
        behind = AROUND.length + length;
        shown.clear().put(AROUND).put(data, offset, length).put(AROUND);
        return shown.limit(behind).position(AROUND.length);
    }

    /** Sees that the bytes around those that were shown last are as they were. */
    void assertNothingAroundIsChanged() {
        ByteBuffer all = shown.duplicate().clear();
        ByteBuffer expected = ByteBuffer.wrap(AROUND);
        assertThat(all.slice(0, AROUND.length)).isEqualTo(expected);
        assertThat(all.slice(behind, AROUND.length)).isEqualTo(expected);
    }

    /** Sees that the buffer, which was only to be read, stands as it was shown. */
    void assertNothingIsChanged(byte[] data, int offset, int length) {
        assertNothingAroundIsChanged();
        assertThat(shown.position()).isEqualTo(AROUND.length);
        assertThat(shown.limit()).isEqualTo(behind);
        assertThat(shown).isEqualTo(ByteBuffer.wrap(data, offset, length));
    }
}
