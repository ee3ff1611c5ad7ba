package io.fairlead.proxy.spring;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.ReverseProxy;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Starts proxies with the application and stops them gracefully with it.
 *
 * <p>They start after the application's own web server and stop before it, so that requests which are forwarded to
 * this very application are still answered. A stop lets exchanges finish for the configuration's {@code stopTimeout};
 * Spring waits for it no longer than {@code spring.lifecycle.timeout-per-shutdown-phase}.
 *
 * <p>A proxy that the application has started itself is left running and only stopped. A stopped proxy cannot be started
 * again, so a paused test context keeps its proxies.
 */
public final class ReverseProxyLifecycle implements SmartLifecycle {

    /** Above the phases of Boot's web server, which are 1,024 and 2,048 below the default. */
    public static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 512;

    private static final Logger LOG = LoggerFactory.getLogger(ReverseProxyLifecycle.class);

    private final List<ReverseProxy> proxies;
    private volatile boolean running;

    /** The life of these proxies. */
    public ReverseProxyLifecycle(List<ReverseProxy> proxies) {
        this.proxies = List.copyOf(proxies);
    }

    /**
     * Starts the proxies. If one cannot be started, none stays started.
     *
     * @throws ListenerNotBoundException if an address cannot be bound
     */
    @Override
    public void start() {
        running = true;
        try {
            for (ReverseProxy proxy : proxies) {
                if (proxy.addresses().isEmpty()) {
                    proxy.start();
                }
                for (InetSocketAddress address : proxy.addresses()) {
                    LOG.info("Fairlead is listening on {}", url(address));
                }
            }
        } catch (UncheckedIOException e) {
            stop();
            throw new ListenerNotBoundException(requireNonNull(e.getMessage()), e);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    private static String url(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Stops the proxies and waits for their exchanges. */
    @Override
    public void stop() {
        proxies.forEach(ReverseProxy::close);
        running = false;
    }

    /** Stops the proxies on a thread of its own, because Spring's must be free to stop others and to keep the time. */
    @Override
    public void stop(Runnable callback) {
        Runnable task = () -> {
            try {
                stop();
            } finally {
                callback.run();
            }
        };
        new Thread(task, "fairlead-stop").start();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
