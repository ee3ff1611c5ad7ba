package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.time.TimerWheel;
import java.time.Duration;

/**
 * Bounds how long middleware may have the body of an upstream's answer and neither read nor send it. Such an answer keeps
 * its upstream's connection from all others, and nobody else bounds that: the upstream has done its part, and the client
 * cannot know.
 */
final class HeldTimer extends TimerWheel.Timer {

    private final IoLoop loop;
    private final StreamBody view;
    private final Duration limit;
    private final Runnable late;

    /** @param late runs on the loop once the body was held for longer than the limit */
    HeldTimer(IoLoop loop, StreamBody view, Duration limit, Runnable late) {
        this.loop = loop;
        this.view = view;
        this.limit = limit;
        this.late = late;
    }

    void start() {
        loop.schedule(this, loop.now() + limit.toNanos());
    }

    void stop() {
        loop.remove(this);
    }

    @Override
    protected void fire(long now) {
        long deadline = (view.isHeld() ? view.heldSince() : now) + limit.toNanos();
        if (now - deadline >= 0) {
            late.run();
        } else {
            loop.schedule(this, deadline);
        }
    }
}
