package io.fairlead.proxy.internal.http;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;

/** Sound bytes made unsound in a place or two. */
final class Mutations {

    /** What a grammar of lines, lists and numbers stumbles over. */
    private static final byte[] NASTY = Ascii.bytes("\r\n \t:;,\0%/?A9\u007f\u00ff");

    private static final int MAX_RANGE = 40;

    private Mutations() {}

    /** One to three changes; as they were where nothing would be left. */
    static byte[] of(Random random, byte[] bytes) {
        byte[] result = bytes;
        for (int i = random.nextInt(3); i >= 0; i--) {
            byte[] changed = change(random, result);
            result = changed.length == 0 ? bytes : changed;
        }
        return result;
    }

    private static byte[] change(Random random, byte[] bytes) {
        int at = random.nextInt(bytes.length);
        int end = at + random.nextInt(Math.min(MAX_RANGE, bytes.length - at) + 1);
        int to = random.nextInt(bytes.length + 1);
        byte nasty = NASTY[random.nextInt(NASTY.length)];
        return switch (random.nextInt(8)) {
            case 0 -> spliced(bytes, at, at + 1, new byte[] {nasty});
            case 1 -> spliced(bytes, at, at, new byte[] {nasty});
            case 2 -> spliced(bytes, at, at + 1, new byte[] {(byte) (bytes[at] ^ 1 << random.nextInt(8))});
            case 3 -> spliced(bytes, at, at + 1, new byte[0]);
            case 4 -> spliced(bytes, at, end, new byte[0]);
            case 5 -> spliced(bytes, to, to, Arrays.copyOfRange(bytes, at, end));
            case 6 -> spliced(bytes, at, at, Ascii.bytes("\r\n"));
            default -> Arrays.copyOf(bytes, at);
        };
    }

    private static byte[] spliced(byte[] bytes, int from, int to, byte[] between) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + between.length);
        out.write(bytes, 0, from);
        out.writeBytes(between);
        out.write(bytes, to, bytes.length - to);
        return out.toByteArray();
    }
}
