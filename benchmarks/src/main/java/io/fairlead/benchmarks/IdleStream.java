package io.fairlead.benchmarks;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.ClientStream;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.ResponseHead;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A client without a socket: sends no body and counts its responses. */
final class IdleStream implements ClientStream, BodySource, BodySink {

    private static final byte[] NONE = new byte[0];

    private final IoLoop loop;
    private final InetSocketAddress address = new InetSocketAddress("127.0.0.1", 50000);
    private long responses;

    IdleStream(IoLoop loop) {
        this.loop = loop;
    }

    long responses() {
        return responses;
    }

    @Override
    public IoLoop loop() {
        return loop;
    }

    @Override
    public InetSocketAddress peer() {
        return address;
    }

    @Override
    public InetSocketAddress local() {
        return address;
    }

    @Override
    public byte[] forwardedLines() {
        return NONE;
    }

    @Override
    public void askForBody() {}

    @Override
    public BodySource requestBody() {
        return this;
    }

    @Override
    public boolean requestComplete() {
        return true;
    }

    @Override
    public long requestBytes() {
        return 0;
    }

    @Override
    public void maxBodyBytes(long maxBytes) {}

    @Override
    public boolean acceptsLength(long length) {
        return true;
    }

    @Override
    public void interim(int status, HeaderBlock headers) {}

    @Override
    public BodySink respond(
            int status,
            @Nullable ResponseHead reason,
            HeaderBlock headers,
            long bodyLength,
            long declaredLength,
            boolean close) {
        responses++;
        return this;
    }

    @Override
    public long responseBytes() {
        return 0;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void cut() {}

    @Override
    public void attach(BodySink sink) {}

    @Override
    public void resume() {}

    @Override
    public void cancel() {}

    @Override
    public void feed(BodySource source) {}

    @Override
    public boolean write(ByteBuffer data, boolean last) {
        return true;
    }

    @Override
    public void flush() {}

    @Override
    public void heldBack() {}

    @Override
    public void end(@Nullable HeaderBlock trailers) {}

    @Override
    public void abort(FailureCode code, String detail) {}
}
