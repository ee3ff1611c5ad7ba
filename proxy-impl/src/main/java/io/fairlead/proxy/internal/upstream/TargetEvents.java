package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetListener;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of changes of the state of targets: the log, and who listens. */
public final class TargetEvents {

    private static final Logger LOG = LoggerFactory.getLogger(TargetEvents.class);

    private final List<TargetListener> listeners;

    public TargetEvents(List<TargetListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    /** Called on the home loop of the pool, and holding no lock. */
    void tell(TargetEvent event) {
        if (event.target().isEmpty()) {
            LOG.info("pool {}: {}: {}", event.pool(), event.what(), event.reason());
        } else {
            LOG.info("pool {}: {} {}: {}", event.pool(), event.target(), event.what(), event.reason());
        }
        for (TargetListener listener : listeners) {
            try {
                listener.onEvent(event);
            } catch (RuntimeException | Error e) {
                LOG.warn("a target listener failed", e);
            }
        }
    }
}
