package io.fairlead.proxy;

import java.util.concurrent.CompletionStage;

/**
 * A listener, a route, a target, or the pool that a route went to before, that is being drained, or was: it takes nothing new, and what it has finishes until a deadline.
 * It stays out of use after the deadline too, until {@link #undo()}, or until an update takes it out of the configuration.
 *
 * <pre>{@code
 * Drain drain = proxy.drainTarget("catalog", "http://10.0.0.1:8080", Duration.ofSeconds(30));
 * drain.await();   // restart the server
 * drain.undo();
 * }</pre>
 *
 * <p>May be used by any thread.
 */
public interface Drain {

    /**
     * What became of it: completes when nothing is under way any more, at the latest a moment after the deadline, and never
     * exceptionally. Completes on an I/O thread of the proxy, so that what depends on it must not block.
     */
    CompletionStage<DrainReport> report();

    /** Whether the report is there. */
    boolean isOver();

    /**
     * Waits for the report.
     *
     * @throws IllegalStateException on an I/O thread of the proxy, where it would wait for itself
     */
    DrainReport await() throws InterruptedException;

    /**
     * Lets it take requests again at once. A drain that was not over is over then, and nothing is cut any more; what was cut
     * stays cut. Where it was drained several times, this undoes all those drains. Does nothing if it was undone before, also if
     * it was drained anew since, or if it is not in the configuration any more. A target that its source leaves out for the
     * moment is not drained when it comes back.
     *
     * @throws java.io.UncheckedIOException if a listener's address cannot be bound again; the listener then stays drained
     * @throws ConfigurationException if an update has changed a route that was switched, or a pool, so that the route cannot go
     *     where it went before; it then goes on as it is, and the undo may be tried again
     * @throws IllegalStateException if the proxy is closed
     */
    void undo();
}
