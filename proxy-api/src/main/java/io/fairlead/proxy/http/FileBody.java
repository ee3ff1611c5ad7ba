package io.fairlead.proxy.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A file read in pieces while it is sent. May be read again, each time from its start. */
final class FileBody implements Body {

    static final int PIECE_BYTES = 64 * 1024;

    private final Path file;
    private final long length;

    private FileBody(Path file, long length) {
        this.file = file;
        this.length = length;
    }

    static FileBody open(Path file) {
        try {
            long length = Files.size(file);
            if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
                throw new IOException("not a file that can be read");
            }
            return new FileBody(file, length);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    @Override
    public boolean isReplayable() {
        return true;
    }

    @Override
    public OptionalLong length() {
        return OptionalLong.of(length);
    }

    @Override
    public Optional<Headers> trailers() {
        return Optional.empty();
    }

    @Override
    public void discard() {}

    @Override
    public Flow.Publisher<ByteBuffer> publisher() {
        return subscriber -> {
            Pieces pieces = new Pieces(file, length, subscriber);
            subscriber.onSubscribe(pieces);
            pieces.run();
        };
    }

    /**
     * Reads a piece for each one asked for.
     *
     * <p>A request or cancel may come from any thread and from within onNext. Whoever raises {@code calls} from zero runs
     * the loop, the others leave it a note; so signals never overlap, and the stack does not grow with the file.
     */
    private static final class Pieces implements Flow.Subscription {
        private final Path file;
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private final AtomicLong asked = new AtomicLong();
        private final AtomicInteger calls = new AtomicInteger(1);
        private volatile long badDemand = 1;
        private volatile boolean cancelled;
        /** Opened for the first piece, so that a subscriber that never asks holds no descriptor. Used in the loop only. */
        private @Nullable FileChannel channel;

        private long left;
        private boolean done;

        Pieces(Path file, long length, Flow.Subscriber<? super ByteBuffer> subscriber) {
            this.file = file;
            this.left = length;
            this.subscriber = subscriber;
        }

        @Override
        public void request(long n) {
            if (n <= 0) {
                badDemand = n;
            } else {
                BodyReaders.addDemand(asked, n);
            }
            if (calls.getAndIncrement() == 0) {
                run();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            if (calls.getAndIncrement() == 0) {
                run();
            }
        }

        /** Runs until no call is left; {@code calls} is above zero when it begins. */
        void run() {
            int seen = calls.get();
            do {
                try {
                    step();
                } catch (IOException e) {
                    fail(e);
                } catch (RuntimeException | Error e) {
                    // The subscriber failed; it is done with (Reactive Streams 2.13), and the file must not stay open.
                    end();
                    throw e;
                }
                seen = calls.addAndGet(-seen);
            } while (seen != 0);
        }

        private void step() throws IOException {
            if (cancelled) {
                end();
            }
            if (!done && badDemand <= 0) {
                fail(BodyReaders.badDemand(badDemand));
            }
            while (!done && left > 0 && asked.get() > 0) {
                ByteBuffer piece = read();
                left -= piece.remaining();
                if (asked.get() != Long.MAX_VALUE) {
                    asked.decrementAndGet();
                }
                subscriber.onNext(piece);
                if (cancelled) {
                    end();
                }
            }
            if (!done && left == 0) {
                end();
                subscriber.onComplete();
            }
        }

        private ByteBuffer read() throws IOException {
            FileChannel open = channel;
            if (open == null) {
                open = FileChannel.open(file, StandardOpenOption.READ);
                channel = open;
            }
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, left));
            if (open.read(piece) < 0) {
                throw new IOException("the file became shorter while it was read: " + file);
            }
            return piece.flip();
        }

        private void fail(Throwable problem) {
            if (!done) {
                end();
                subscriber.onError(problem);
            }
        }

        private void end() {
            done = true;
            FileChannel open = channel;
            channel = null;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    // Only read from, so nothing can be lost.
                }
            }
        }
    }
}
