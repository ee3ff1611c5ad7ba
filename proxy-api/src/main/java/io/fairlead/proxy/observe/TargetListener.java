package io.fairlead.proxy.observe;

/** Hears of every change of the state of targets and pools. */
@FunctionalInterface
public interface TargetListener {

    /**
     * Takes the event. The events of a pool come in order, on one I/O thread, after the change is in force; it must not block.
     * What it throws is logged and goes no further.
     */
    void onEvent(TargetEvent event);
}
