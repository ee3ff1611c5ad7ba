package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.testing.Await;
import java.time.Duration;

/** Looks into a running proxy for what it has not given back. */
public final class LeakCheck {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private LeakCheck() {}

    /** Pooled buffers that somebody holds. */
    public static int buffers(ReverseProxy proxy) {
        return usage(proxy).buffers();
    }

    /** Connections of clients. */
    public static int clients(ReverseProxy proxy) {
        return usage(proxy).clients();
    }

    /** Connections to targets that an exchange has. */
    public static int upstreamsInUse(ReverseProxy proxy) {
        return usage(proxy).upstreamsInUse();
    }

    /** Waits until each I/O thread has done what it was told, such as to look for what a drain has to wait for. */
    public static void awaitThreads(ReverseProxy proxy) {
        usage(proxy);
    }

    /** Connections to targets that wait for the next exchange. */
    public static int upstreamsIdle(ReverseProxy proxy) {
        return usage(proxy).upstreamsIdle();
    }

    /**
     * Waits until the proxy has nothing in use: no buffer, no client, no upstream connection save idle ones, and no timer
     * save theirs. The clients must be closed.
     */
    public static void awaitIdle(ReverseProxy proxy) {
        Await.soon("the proxy to give back all it took", PATIENCE)
                .until(
                        () -> usage(proxy),
                        now -> now.buffers() == 0
                                && now.clients() == 0
                                && now.upstreamsInUse() == 0
                                && now.timers() <= now.upstreamsIdle());
    }

    private static Usage usage(ReverseProxy proxy) {
        return ((EngineProxy) proxy).usage();
    }
}
