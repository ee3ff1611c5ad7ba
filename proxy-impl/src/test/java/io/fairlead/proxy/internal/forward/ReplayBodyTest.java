package io.fairlead.proxy.internal.forward;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.testing.Seeds;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A body that is sent several times reaches the last sink whole, whatever blocks, fails and comes late on the way. */
class ReplayBodyTest {
    @SuppressWarnings("NullAway")
    private final IoLoop loop = new IoLoop(null, 0);

    private final ReplayMemory memory = new ReplayMemory(1 << 20);

    /** Gives pieces when it is told to, and stops when one was kept, as the body of a request does. */
    private final class Source implements BodySource {
        private final Deque<String> pieces = new ArrayDeque<>();
        private final boolean lastWithPiece;
        private final boolean endAfterPiece;
        private final @Nullable HeaderBlock trailers;
        private @Nullable BodySink sink;
        private boolean waits;
        private boolean ended;

        Source(boolean lastWithPiece, boolean endAfterPiece, @Nullable HeaderBlock trailers) {
            this.lastWithPiece = lastWithPiece;
            this.endAfterPiece = endAfterPiece;
            this.trailers = trailers;
        }

        @Override
        public void attach(BodySink newSink) {
            sink = newSink;
        }

        @Override
        public void resume() {
            assertThat(waits).isTrue();
            waits = false;
        }

        @Override
        public void cancel() {}

        /** Whether there was anything to do. */
        boolean step() {
            BodySink to = sink;
            if (to == null || waits || ended) {
                return false;
            }
            String piece = pieces.poll();
            if (piece == null) {
                ended = true;
                to.end(trailers);
                return true;
            }
            ByteBuffer buffer = loop.take();
            byte[] bytes = piece.getBytes(ISO_8859_1);
            buffer.put(bytes).limit(buffer.position()).position(buffer.position() - bytes.length);
            boolean last = pieces.isEmpty() && lastWithPiece && !endAfterPiece;
            ended = last;
            if (to.write(buffer, last)) {
                loop.give(buffer);
            } else {
                waits = !last;
            }
            if (pieces.isEmpty() && lastWithPiece && endAfterPiece) {
                // Came together, and is told at once whether the piece was taken or not; also if the trailers were
                // removed.
                ended = true;
                to.end(trailers);
            }
            return true;
        }
    }

    /** Takes bytes, or keeps the buffer for a while. */
    private final class Sink implements BodySink {
        private final Random random;
        private final int blocksOf10;
        private final ByteArrayOutputStream got = new ByteArrayOutputStream();
        private @Nullable ByteBuffer kept;
        private boolean ended;
        private @Nullable HeaderBlock trailers;

        Sink(Random random, int blocksOf10) {
            this.random = random;
            this.blocksOf10 = blocksOf10;
        }

        @Override
        public void feed(BodySource source) {}

        @Override
        public boolean write(ByteBuffer data, boolean last) {
            assertThat(kept).as("written to while blocked").isNull();
            assertThat(ended).as("written to after the end").isFalse();
            byte[] bytes = new byte[data.remaining()];
            data.get(data.position(), bytes);
            got.writeBytes(bytes);
            ended = last;
            // As a sink may, which puts its framing around them.
            data.put(data.position(), (byte) 0);
            if (random.nextInt(10) < blocksOf10) {
                kept = data;
                return false;
            }
            return true;
        }

        @Override
        public void flush() {}

        @Override
        public void end(@Nullable HeaderBlock newTrailers) {
            assertThat(ended).as("ended twice").isFalse();
            ended = true;
            trailers = newTrailers;
        }

        @Override
        public void heldBack() {}

        @Override
        public void abort(FailureCode code, String detail) {
            throw new AssertionError(code + " " + detail);
        }

        void release() {
            ByteBuffer buffer = kept;
            if (buffer != null) {
                kept = null;
                loop.give(buffer);
            }
        }
    }

    @Test
    void bodySentSeveralTimes_reachesTheLastSinkWhole() {
        Seeds.run(2_000, random -> {
            boolean withTrailers = random.nextInt(4) == 0;
            HeaderBlock trailers = withTrailers ? new HeaderBlock() : null;
            Source source = new Source(random.nextBoolean(), withTrailers || random.nextInt(4) == 0, trailers);
            StringBuilder whole = new StringBuilder();
            for (int i = random.nextInt(6); i > 0; i--) {
                String piece = String.valueOf((char) ('a' + random.nextInt(26))).repeat(1 + random.nextInt(5_000));
                whole.append(piece);
                source.pieces.add(piece);
            }
            ReplayBody body = new ReplayBody(loop, source, 100_000, memory, () -> true);
            Sink sink = null;
            for (int attempts = 1 + random.nextInt(4); attempts > 0; attempts--) {
                if (sink != null) {
                    body.detach();
                    sink.release();
                    for (int i = random.nextInt(3); i > 0; i--) {
                        source.step();
                    }
                }
                sink = new Sink(random, random.nextInt(8));
                body.attach(sink);
                for (int i = attempts == 1 ? 100 : random.nextInt(8); i > 0; i--) {
                    if (sink.kept != null && random.nextInt(3) == 0) {
                        // Read before the attempt began, or by a source that nobody has told to wait.
                        source.step();
                    } else if (sink.kept != null) {
                        boolean wasLast = sink.ended;
                        sink.release();
                        if (!wasLast) {
                            body.resume();
                        }
                    } else {
                        source.step();
                    }
                }
            }
            assertThat(sink.got.toString(ISO_8859_1)).isEqualTo(whole.toString());
            assertThat(sink.ended).isTrue();
            assertThat(sink.trailers).isSameAs(trailers);
            assertThat(body.isComplete()).isTrue();
            body.close();
            sink.release();
            assertThat(loop.buffersInUse()).isZero();
            assertThat(memory.used()).isZero();
        });
    }

    @Test
    void bodyThatGrowsTooLong_passesWholeAndCannotBeSentAgain() {
        Seeds.run(300, random -> {
            Source source = new Source(true, false, null);
            StringBuilder whole = new StringBuilder();
            while (whole.length() <= 100) {
                String piece = "x".repeat(1 + random.nextInt(60));
                whole.append(piece);
                source.pieces.add(piece);
            }
            ReplayBody body = new ReplayBody(loop, source, 100, memory, () -> true);
            Sink sink = new Sink(random, 4);
            body.attach(sink);
            for (int i = 0; i < 200; i++) {
                if (sink.kept != null) {
                    sink.release();
                    body.resume();
                } else {
                    source.step();
                }
            }
            assertThat(sink.got.toString(ISO_8859_1)).isEqualTo(whole.toString());
            assertThat(body.isComplete()).isFalse();
            assertThat(memory.used()).isZero();
            body.close();
            assertThat(loop.buffersInUse()).isZero();
        });
    }
}
