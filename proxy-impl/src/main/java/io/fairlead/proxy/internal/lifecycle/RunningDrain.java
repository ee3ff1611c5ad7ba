package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.Drain;
import io.fairlead.proxy.DrainReport;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.exchange.DrainWatch;
import io.fairlead.proxy.internal.engine.exchange.ProxyExchange;
import io.fairlead.proxy.internal.engine.listener.ListenerContext;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.loop.IoWorker;
import io.fairlead.proxy.internal.time.Nanos;
import io.fairlead.proxy.internal.time.TimerWheel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One drain of a part of a running proxy. What takes the part out of use, and back, is its {@link Subject}'s to do; this
 * waits for the exchanges.
 *
 * <ol>
 *   <li>{@link #begin}, after the part was taken out of use: every loop looks once for the exchanges that concern it, and has
 *       them followed. What a loop begins after that does not go there any more, as the change is visible to it;
 *   <li>{@link #check}, when none of those is left, and every moment where the part itself counts what is under way;
 *   <li>{@link #cut}, when the time is over;
 *   <li>{@link #finish}: the end, once.
 * </ol>
 *
 * <p>Its state belongs to one loop, the home, whose timer it is as well. An undo is the proxy's to do, under its lock, as it
 * ends all drains of the part: {@link #halt}, and then {@link #end}, or {@link #resume} if the part cannot be used again.
 */
final class RunningDrain extends TimerWheel.Timer implements Drain {

    private static final long LOOK_AGAIN_NANOS = 50_000_000L;

    /** What is drained. */
    interface Subject {
        /** Whether the exchange is one of those that are waited for; asked on its loop. */
        boolean concerns(ListenerContext listener, ProxyExchange exchange);

        /** Whether nothing is under way there. Asked once no exchange is left that was seen, unless {@link #counts}. */
        boolean isIdle();

        /**
         * Whether {@link #isIdle} alone decides, and is to be asked again and again: an exchange may be done with a target
         * long before its client has everything.
         */
        default boolean counts() {
            return false;
        }

        /**
         * Whether only what was under way when the drain began is cut. What begins later is none of it: by then the
         * configuration may use again what was drained.
         */
        default boolean cutsFormerOnly() {
            return false;
        }

        /** Nothing is under way there any more; told once, on the home loop. */
        default void drained(DrainReport report) {}

        /**
         * Takes it into use again, if it still is out of use for this drain; with the lock of the proxy held.
         *
         * @return whether that changes the configuration
         */
        boolean undo();
    }

    private final IoWorker worker;
    private final IoLoop home;
    private final Supplier<List<ListenerContext>> listeners;
    private final Subject subject;
    private final Object hold;
    private final Consumer<RunningDrain> onUndo;
    private final Consumer<RunningDrain> onOver;
    private final DrainWatch watch = new DrainWatch(this::none);
    private final CompletableFuture<DrainReport> report = new CompletableFuture<>();
    private final long begunAt;
    private final long deadline;
    private boolean cutting;
    private boolean over;
    /** It was over while it was halted. */
    private boolean due;
    /** Cuts nothing, and is not over by itself: its part is being put back in use. */
    private volatile boolean halted;
    /** Guarded by the lock of the proxy. */
    private boolean undone;

    /**
     * @param listeners those that the proxy has, also on their way out
     * @param hold what keeps the part out of use; drains that have the same one end together
     * @param onUndo is asked to undo it
     * @param onOver hears of the end before the report does
     */
    RunningDrain(
            IoWorker worker,
            Supplier<List<ListenerContext>> listeners,
            Subject subject,
            Object hold,
            Duration timeout,
            Consumer<RunningDrain> onUndo,
            Consumer<RunningDrain> onOver) {
        this.worker = worker;
        this.home = worker.loops().get(0);
        this.listeners = listeners;
        this.subject = subject;
        this.hold = hold;
        this.onUndo = onUndo;
        this.onOver = onOver;
        this.begunAt = home.now();
        this.deadline = begunAt + Nanos.of(timeout);
    }

    // ---- 1. who is under way

    /** Called where nothing of the part was told to end yet, so that what ends from now on is counted. */
    void begin() {
        look();
        home.execute(() -> {
            // Nothing may have been under way.
            if (!over) {
                home.schedule(this, subject.counts() ? nextLook() : deadline);
            }
        });
    }

    private long nextLook() {
        return Math.min(deadline, home.now() + LOOK_AGAIN_NANOS);
    }

    private void look() {
        List<ListenerContext> all = listeners.get();
        watch.hold(worker.loops().size());
        worker.tellEachLoop(loop -> {
            each(all, loop, watch::add);
            watch.release();
        });
    }

    private void each(List<ListenerContext> all, IoLoop loop, Consumer<ProxyExchange> action) {
        for (ListenerContext listener : all) {
            for (ProxyExchange exchange : listener.exchanges(loop)) {
                if (subject.concerns(listener, exchange)) {
                    action.accept(exchange);
                }
            }
        }
    }

    // ---- 2. whether it is done

    private void none() {
        // Later: an exchange is in the middle of its end, and may be counted there until it has returned.
        home.later(this::check);
    }

    private void check() {
        if (over || cutting) {
            return;
        }
        if (subject.isIdle()) {
            finish();
        } else {
            home.schedule(this, nextLook());
        }
    }

    @Override
    protected void fire(long now) {
        if (over || cutting) {
            return;
        }
        if (now - deadline >= 0) {
            cut();
        } else if (subject.counts()) {
            check();
        } else {
            // Armed for the deadline again, should what is found now take longer.
            home.schedule(this, deadline);
            look();
        }
    }

    // ---- 3. the time is over

    private void cut() {
        cutting = true;
        List<ListenerContext> all = listeners.get();
        AtomicInteger left = new AtomicInteger(worker.loops().size());
        worker.tellEachLoop(loop -> {
            try {
                each(all, loop, exchange -> {
                    if (!halted && (!subject.cutsFormerOnly() || watch.follows(exchange))) {
                        watch.cut(exchange);
                        exchange.fail(FailureCode.DRAIN_TIMEOUT, "not over when the time of a drain was");
                    }
                });
            } finally {
                if (left.decrementAndGet() == 0) {
                    home.execute(this::finish);
                }
            }
        });
    }

    // ---- 4. the end

    private void finish() {
        if (over) {
            return;
        }
        if (halted) {
            due = true;
            return;
        }
        over = true;
        home.remove(this);
        DrainReport made = watch.report(Duration.ofNanos(home.now() - begunAt), subject.counts());
        try {
            subject.drained(made);
            onOver.accept(this);
        } finally {
            // Whoever waits for it must not wait for ever because of what somebody else threw.
            report.complete(made);
        }
    }

    /** The proxy is closed, and its loops with it. */
    void proxyStopped() {
        report.complete(watch.report(Duration.ofNanos(System.nanoTime() - begunAt), false));
    }

    @Override
    public void undo() {
        onUndo.accept(this);
    }

    // ---- an undo, with the lock of the proxy held

    Subject subject() {
        return subject;
    }

    Object hold() {
        return hold;
    }

    boolean isUndone() {
        return undone;
    }

    /** Before its part is put back in use: what begins there from then on must not be cut. */
    void halt() {
        halted = true;
    }

    /** Its part could not be put back in use. */
    void resume() {
        halted = false;
        home.later(() -> {
            if (cutting) {
                cut();
            } else if (due) {
                finish();
            }
        });
    }

    /** Its part is in use again. */
    void end() {
        undone = true;
        // Later: on the home loop itself this would call who waits for the report with the lock held.
        home.later(() -> {
            if (!over) {
                over = true;
                home.remove(this);
                onOver.accept(this);
                report.complete(watch.report(Duration.ofNanos(home.now() - begunAt), false));
            }
        });
    }

    @Override
    public CompletionStage<DrainReport> report() {
        return report.minimalCompletionStage();
    }

    @Override
    public boolean isOver() {
        return report.isDone();
    }

    @Override
    public DrainReport await() throws InterruptedException {
        if (!report.isDone() && worker.loops().stream().anyMatch(IoLoop::inLoop)) {
            throw new IllegalStateException("await() must not be called on an I/O thread of the proxy: use report()");
        }
        try {
            return report.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
