package io.fairlead.proxy.observe;

/** Hears of what happens to the proxy as a whole. */
@FunctionalInterface
public interface LifecycleListener {

    /** What happened. */
    enum Event {
        /** Every listener is bound and takes connections. */
        STARTED,
        /** Another configuration is in force. */
        UPDATED,
        /**
         * A stop has begun: the proxy is not ready any more, and answers say {@code Connection: close}. After the
         * configuration's {@code stopDelay} no new connections are taken; exchanges finish.
         */
        DRAINING,
        /** Everything is closed. */
        STOPPED
    }

    /** Takes the event, on the thread that called start, update or stop; what it throws is logged. */
    void onEvent(Event event);
}
