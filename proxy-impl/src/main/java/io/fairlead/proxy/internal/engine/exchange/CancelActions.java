package io.fairlead.proxy.internal.engine.exchange;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What user code wants done if its exchange does not come to its proper end; on the exchange's loop. */
final class CancelActions {

    private static final Logger LOG = LoggerFactory.getLogger(CancelActions.class);

    private final List<Runnable> actions = new ArrayList<>(1);

    void add(Runnable action) {
        actions.add(action);
    }

    /** Runs them all, in the order in which they came. */
    void run() {
        for (Runnable action : actions) {
            run(action);
        }
    }

    /** Runs one; what it throws ends here. */
    static void run(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("a cancel action failed", e);
        }
    }
}
