package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.upstream.Target;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks once; by one thread at a time. */
@FunctionalInterface
interface Finder {

    /** The targets, not checked; null if nothing can have changed since the last look, be that good or bad. */
    @Nullable
    List<Target> find() throws Exception;

    /**
     * How long to wait before the next look, whatever became of the last one.
     *
     * @param refreshNanos as configured
     */
    default long pauseNanos(long refreshNanos) {
        return refreshNanos;
    }
}
