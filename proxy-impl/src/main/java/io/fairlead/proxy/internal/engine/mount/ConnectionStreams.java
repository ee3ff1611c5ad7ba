package io.fairlead.proxy.internal.engine.mount;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.AttachmentKey;
import java.util.HashSet;
import java.util.Set;

/**
 * The exchanges of one connection of the server. Undertow has no way to take a close listener back, so that there is one
 * for each connection and not for each exchange.
 */
final class ConnectionStreams {

    private static final AttachmentKey<ConnectionStreams> KEY = AttachmentKey.create(ConnectionStreams.class);

    private final Set<MountedStream> streams = new HashSet<>();

    static ConnectionStreams of(HttpServerExchange exchange, IoLoop loop) {
        ConnectionStreams known = exchange.getConnection().getAttachment(KEY);
        if (known == null) {
            ConnectionStreams made = new ConnectionStreams();
            known = made;
            exchange.getConnection().putAttachment(KEY, made);
            exchange.getConnection()
                    .addCloseListener(closed ->
                            loop.execute(() -> Set.copyOf(made.streams).forEach(MountedStream::connectionClosed)));
        }
        return known;
    }

    void add(MountedStream stream) {
        streams.add(stream);
    }

    void remove(MountedStream stream) {
        streams.remove(stream);
    }
}
