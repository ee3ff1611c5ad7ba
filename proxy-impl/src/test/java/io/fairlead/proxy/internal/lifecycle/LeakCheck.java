package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.ReverseProxy;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

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

    /** Connections to targets that wait for the next exchange. */
    public static int upstreamsIdle(ReverseProxy proxy) {
        return usage(proxy).upstreamsIdle();
    }

    /**
     * Waits until the proxy has nothing in use: no buffer, no client, no upstream connection save idle ones, and no timer
     * save theirs. The clients must be closed.
     */
    public static void awaitIdle(ReverseProxy proxy) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Usage now = usage(proxy);
            if (now.buffers() == 0
                    && now.clients() == 0
                    && now.upstreamsInUse() == 0
                    && now.timers() <= now.upstreamsIdle()) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("the proxy has not given back all it took: " + now);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static Usage usage(ReverseProxy proxy) {
        return ((EngineProxy) proxy).usage();
    }
}
