package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.BodyTooLargeException;
import io.fairlead.proxy.http.Headers;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Replaces a body as a whole by what registered functions make of it, one after the other. */
public final class BodyEdit {

    private final List<Function> functions;

    BodyEdit(List<Function> functions) {
        this.functions = List.copyOf(functions);
    }

    /**
     * A function of one transform.
     *
     * @param name under which it is registered
     * @param code the function
     * @param maxBytes the cap on what it is given
     */
    record Function(String name, UnaryOperator<byte[]> code, int maxBytes) {}

    /** The longest body that is read. */
    public int maxBytes() {
        return functions.get(0).maxBytes();
    }

    /**
     * Reads the body and gives what the functions make of it; its trailers stay. A body that is known to be empty, such
     * as that of a GET or a 304, is given back as it is: there is nothing to edit.
     *
     * <p>The stage fails with {@link BodyTooLargeException} over the cap of a function, with the function's own exception,
     * or with the failure of the body. The functions run on the thread that completes the reading.
     */
    public CompletionStage<Body> apply(Body body) {
        if (body.length().orElse(-1) == 0) {
            return CompletableFuture.completedFuture(body);
        }
        return body.readAll(maxBytes()).thenApply(bytes -> edited(bytes, body));
    }

    private Body edited(byte[] read, Body source) {
        byte[] bytes = read;
        for (Function function : functions) {
            if (bytes.length > function.maxBytes()) {
                throw new BodyTooLargeException(function.maxBytes());
            }
            byte[] next = function.code().apply(bytes);
            if (next == null) {
                throw new IllegalStateException("body transform \"" + function.name() + "\" gave null");
            }
            bytes = next;
        }
        Optional<Headers> trailers = source.trailers();
        Body edited = Body.of(bytes);
        return trailers.isEmpty() ? edited : new WithTrailers(edited, trailers);
    }

    static @Nullable BodyEdit of(List<Function> functions) {
        return functions.isEmpty() ? null : new BodyEdit(functions);
    }

    /** The new bytes with the trailers of the old body. */
    private record WithTrailers(Body bytes, Optional<Headers> trailers) implements Body {
        @Override
        public boolean isReplayable() {
            return bytes.isReplayable();
        }

        @Override
        public OptionalLong length() {
            return bytes.length();
        }

        @Override
        public CompletionStage<byte[]> readAll(int maxBytes) {
            return bytes.readAll(maxBytes);
        }

        @Override
        public InputStream inputStream() {
            return bytes.inputStream();
        }

        @Override
        public Flow.Publisher<ByteBuffer> publisher() {
            return bytes.publisher();
        }

        @Override
        public void discard() {
            bytes.discard();
        }
    }
}
