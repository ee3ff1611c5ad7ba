package io.fairlead.proxy.http;

import static java.util.Objects.requireNonNull;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * The content of a message: a stream that is read once and never held in memory whole unless asked for.
 *
 * <p>A body that nobody touches passes through the proxy without a copy. One that is touched is read by exactly one
 * of {@link #readAll}, {@link #publisher}, {@link #inputStream}, {@link #transform} or {@link #replayable}; a second
 * reader gets an {@link IllegalStateException}. Buffers handed to readers are theirs to keep.
 *
 * <p>Back-pressure reaches the peer that sends: while a reader asks for nothing, nothing is read from the network
 * beyond what two buffers hold.
 */
public interface Body {

    /** A body of no bytes. */
    static Body empty() {
        return BytesBody.EMPTY;
    }

    /** A body of these bytes, which the caller must not change afterwards. May be read any number of times. */
    static Body of(byte[] bytes) {
        return bytes.length == 0 ? BytesBody.EMPTY : new BytesBody(bytes, Optional.empty());
    }

    /** A body of this text in UTF-8. May be read any number of times. */
    static Body of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A body of unknown length, streamed from {@code publisher}. */
    static Body of(Flow.Publisher<ByteBuffer> publisher) {
        return new PublisherBody(publisher, -1);
    }

    /**
     * A body streamed from {@code publisher}.
     *
     * @param length bytes that the publisher will give; a different number fails the message
     */
    static Body of(Flow.Publisher<ByteBuffer> publisher, long length) {
        if (length < 0) {
            throw new IllegalArgumentException("length: " + length + " (expected: >= 0)");
        }
        return new PublisherBody(publisher, length);
    }

    /**
     * A body read from a file while it is sent, in pieces of 64 KiB. The reads block the thread that asks for the next
     * piece, so keep files on a local disk.
     *
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    static Body of(Path file) {
        return FileBody.open(requireNonNull(file, "file"));
    }

    /** Whether it may be read any number of times, as bytes in memory and files may. Default: false. */
    default boolean isReplayable() {
        return false;
    }

    /** The number of bytes if known before reading. */
    OptionalLong length();

    /** The trailer fields, complete only once the body was read to its end; empty when there are none. */
    Optional<Headers> trailers();

    /** The bytes as a stream for one subscriber. Cancelling tells the sender to stop. */
    Flow.Publisher<ByteBuffer> publisher();

    /** Gives up the body unread, which releases what it holds. Does nothing if it was read or discarded before. */
    void discard();

    /**
     * Reads all of the body into memory.
     *
     * @param maxBytes the cap; a longer body fails the stage with {@link BodyTooLargeException}
     */
    default CompletionStage<byte[]> readAll(int maxBytes) {
        return BodyReaders.readAll(this, maxBytes);
    }

    /**
     * The bytes as a blocking stream, for blocking middleware only.
     *
     * @throws IllegalStateException on an I/O thread of the proxy, which must never block
     */
    default InputStream inputStream() {
        return BodyReaders.inputStream(this);
    }

    /** This body with each piece changed by {@code transformer}; the length is unknown afterwards. */
    default Body transform(ByteTransformer transformer) {
        return BodyReaders.transform(this, transformer);
    }

    /**
     * A body that keeps what was read, so that it may be read again.
     *
     * @param maxBytes the cap on what is kept; a longer body fails the stage with {@link BodyTooLargeException}
     */
    default CompletionStage<Body> replayable(int maxBytes) {
        return BodyReaders.replayable(this, maxBytes);
    }
}
