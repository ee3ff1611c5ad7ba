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

/** A file read in pieces while it is sent. May be read again, each time from its start. */
final class FileBody implements Body {

    private static final int PIECE_BYTES = 64 * 1024;

    private final Path file;
    private final long length;

    private FileBody(Path file, long length) {
        this.file = file;
        this.length = length;
    }

    static FileBody open(Path file) {
        try {
            return new FileBody(file, Files.size(file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
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
            FileChannel channel;
            try {
                channel = FileChannel.open(file, StandardOpenOption.READ);
            } catch (IOException e) {
                subscriber.onSubscribe(new Flow.Subscription() {
                    @Override
                    public void request(long n) {}

                    @Override
                    public void cancel() {}
                });
                subscriber.onError(e);
                return;
            }
            subscriber.onSubscribe(new Pieces(channel, length, subscriber));
        };
    }

    /** Reads a piece for each one asked for. Called by one thread at a time, but may call itself through onNext. */
    private static final class Pieces implements Flow.Subscription {
        private final FileChannel channel;
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private long left;
        private long asked;
        private boolean running;
        private boolean done;

        Pieces(FileChannel channel, long length, Flow.Subscriber<? super ByteBuffer> subscriber) {
            this.channel = channel;
            this.left = length;
            this.subscriber = subscriber;
        }

        @Override
        public void request(long n) {
            if (n <= 0) {
                fail(new IllegalArgumentException("request: " + n + " (expected: > 0)"));
                return;
            }
            asked = asked + n < 0 ? Long.MAX_VALUE : asked + n;
            if (running) {
                return;
            }
            running = true;
            try {
                while (asked > 0 && left > 0 && !done) {
                    asked--;
                    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, left));
                    if (channel.read(piece) < 0) {
                        throw new IOException("the file became shorter while it was read");
                    }
                    left -= piece.flip().remaining();
                    subscriber.onNext(piece);
                }
                if (left == 0 && !done) {
                    close();
                    subscriber.onComplete();
                }
            } catch (IOException e) {
                fail(e);
            } finally {
                running = false;
            }
        }

        @Override
        public void cancel() {
            close();
        }

        private void fail(Throwable problem) {
            if (!done) {
                close();
                subscriber.onError(problem);
            }
        }

        private void close() {
            done = true;
            try {
                channel.close();
            } catch (IOException e) {
                // Only read from, so nothing can be lost.
            }
        }
    }
}
