package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.internal.engine.listener.ListenerContext;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.listener.Listener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a running proxy: those of the configuration, and those that it took away and that may still have
 * connections. Changed under the lock of the proxy; the addresses may be asked for without it.
 */
final class BoundListeners {

    /** A listener of the configuration; bound unless it is drained. */
    static final class Bound {
        private final ListenerContext context;
        private volatile IoWorker.Acceptor acceptor;
        /** As it was bound first: a drain that is undone gives the same port again. */
        private final InetSocketAddress address;

        /** What keeps it out of use; null while it is in use. */
        private volatile @Nullable Object hold;

        Bound(ListenerContext context, IoWorker.Acceptor acceptor) {
            this.context = context;
            this.acceptor = acceptor;
            this.address = acceptor.address();
        }

        ListenerContext context() {
            return context;
        }

        /** Takes no more connections. */
        void close() {
            acceptor.close();
        }
    }

    private final Function<Listener, ListenerContext> contexts;
    private volatile List<Bound> bound = List.of();
    private final List<Bound> leaving = new ArrayList<>();

    /** @param contexts makes what the connections of a new listener share */
    BoundListeners(Function<Listener, ListenerContext> contexts) {
        this.contexts = contexts;
    }

    /**
     * Binds what is new and keeps what is bound already, in the order of the configuration. If one fails, none is new. Takes
     * effect with {@link #replace}.
     *
     * @throws UncheckedIOException if an address cannot be bound
     */
    List<Bound> bind(ProxyConfig wanted, IoWorker running) {
        List<Bound> result = new ArrayList<>();
        List<Bound> fresh = new ArrayList<>();
        List<Bound> left = new ArrayList<>(bound);
        try {
            for (Listener listener : wanted.listeners()) {
                Bound same = left.stream()
                        .filter(one -> one.context.config().host().equals(listener.host())
                                && one.context.config().port() == listener.port())
                        .findFirst()
                        .orElse(null);
                if (same != null) {
                    left.remove(same);
                    result.add(same);
                    continue;
                }
                ListenerContext context = contexts.apply(listener);
                try {
                    InetSocketAddress address = new InetSocketAddress(listener.host(), listener.port());
                    if (address.isUnresolved()) {
                        throw new UnknownHostException("unknown host");
                    }
                    Bound added = new Bound(context, running.bind(address, context::accept));
                    fresh.add(added);
                    result.add(added);
                } catch (IOException e) {
                    throw new UncheckedIOException(
                            "cannot listen on " + listener.host() + ":" + listener.port() + ": " + e.getMessage(), e);
                }
            }
        } catch (RuntimeException | Error e) {
            fresh.forEach(one -> leave(one, running));
            // An update may be tried again and again.
            forgetEmpty();
            throw e;
        }
        return List.copyOf(result);
    }

    /** Puts these, as {@link #bind} gave them, in the place of those that there are, with the settings of now. */
    void replace(List<Bound> after, ProxyConfig config, IoWorker running) {
        List<Bound> before = bound;
        bound = after;
        for (int i = 0; i < after.size(); i++) {
            after.get(i).context.update(config.listeners().get(i));
        }
        for (Bound one : before) {
            if (!after.contains(one)) {
                leave(one, running);
            }
        }
        forgetEmpty();
    }

    /** Takes no more connections there; those that it has end after their exchange. */
    private void leave(Bound one, IoWorker running) {
        leaving.add(one);
        one.close();
        one.context.drain(running);
    }

    private void forgetEmpty() {
        leaving.removeIf(one -> one.context.isEmpty());
    }

    /** The bound addresses, in the order of the configuration. */
    List<InetSocketAddress> addresses() {
        return bound.stream()
                .filter(one -> one.hold == null)
                .map(one -> one.address)
                .toList();
    }

    /** Of all, also those on their way out. */
    List<ListenerContext> contexts() {
        List<Bound> all = new ArrayList<>(bound);
        all.addAll(leaving);
        return all.stream().map(Bound::context).toList();
    }

    /** How many that an update took away are kept because they had connections then. */
    int leaving() {
        return leaving.size();
    }

    /** The listener that was bound to this address. */
    Bound at(InetSocketAddress address) {
        return bound.stream()
                .filter(one -> one.address.equals(address))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no listener is bound to " + address));
    }

    /**
     * Takes no more connections there for now; those that there are go on.
     *
     * @return what keeps it out of use, for {@link #undrain}; the same as before if it is drained already
     */
    Object drain(Bound one) {
        Object hold = one.hold;
        if (hold == null) {
            hold = new Object();
            one.hold = hold;
            one.close();
        }
        return hold;
    }

    /**
     * Binds a drained one again, unless it was before, or is not of the configuration any more.
     *
     * @throws UncheckedIOException if somebody else has its address
     */
    void undrain(Bound one, Object hold, IoWorker running) {
        if (one.hold != hold || !bound.contains(one)) {
            return;
        }
        try {
            one.context.undrain();
            one.acceptor = running.bind(one.address, one.context::accept);
            one.hold = null;
        } catch (IOException e) {
            one.context.drain(running);
            throw new UncheckedIOException("cannot listen on " + one.address + ": " + e.getMessage(), e);
        }
    }

    /** All that there are, for who ends them; none on their way out are left. */
    List<Bound> takeAll() {
        List<Bound> all = new ArrayList<>(bound);
        all.addAll(leaving);
        leaving.clear();
        return all;
    }

    /** All have ended. */
    void clear() {
        bound = List.of();
    }
}
