package io.fairlead.proxy.internal.engine.mount;

import io.undertow.connector.PooledByteBuffer;
import io.undertow.server.ServerConnection;
import io.undertow.server.protocol.http.HttpServerConnection;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Notices at once that an HTTP/1.1 client goes away while its request is at work. Undertow does not read then, and would
 * see it with the next write only. The connection's channel still stands at the end of this request's body, so that the
 * conduit beneath it is read. Bytes that come are the next, pipelined request; they are handed back to Undertow.
 */
final class ClientWatch {

    private final ServerConnection connection;
    private final Consumer<String> onGone;
    private boolean watching;

    ClientWatch(ServerConnection connection, Consumer<String> onGone) {
        this.connection = connection;
        this.onGone = onGone;
    }

    /** Begins to watch; the request must be read to its end. */
    void start() {
        // Bytes at hand already stand before what would be read here.
        if (connection instanceof HttpServerConnection http && http.getExtraBytes() == null && http.isOpen()) {
            watching = true;
            http.getChannel().getSourceChannel().setReadListener(channel -> readable(http));
            http.getOriginalSourceConduit().resumeReads();
        }
    }

    /** Leaves the reading to Undertow. */
    void stop() {
        if (watching && connection instanceof HttpServerConnection http) {
            watching = false;
            http.getOriginalSourceConduit().suspendReads();
            http.getChannel().getSourceChannel().setReadListener(null);
        }
    }

    private void readable(HttpServerConnection http) {
        if (!watching) {
            return;
        }
        PooledByteBuffer pooled = http.getByteBufferPool().allocate();
        int count;
        try {
            count = http.getOriginalSourceConduit().read(pooled.getBuffer());
        } catch (IOException e) {
            count = -1;
        }
        if (count > 0) {
            stop();
            pooled.getBuffer().flip();
            http.ungetRequestBytes(pooled);
            return;
        }
        pooled.close();
        if (count < 0) {
            stop();
            onGone.accept("closed by the client");
        }
    }
}
