package io.fairlead.proxy.internal.resilience;

import io.fairlead.proxy.resilience.CircuitBreaker;
import io.fairlead.proxy.resilience.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The running breaker of a target or a pool, on resilience4j's state machine. Any thread may ask and tell it.
 *
 * <p><b>Permits.</b> Who wants to send acquires a permit and gives it back exactly once: {@link #succeeded},
 * {@link #failed}, or {@link #released} when nothing is known. A permit is the number of the state in which it was
 * given, and what comes back in a later state is dropped. Without that a slow call of the closed time could take a
 * probe's place in the verdict of the half-open time, or make room for more probes than are allowed.
 *
 * <p><b>Threads and locks.</b> resilience4j's scheduler is never used: {@link #halfOpenIfDue} and {@link #tryAcquire} look at the clock
 * that is given in. While closed, asking is three volatile reads; telling takes the short {@code ReentrantLock} of the
 * sliding window, which is no lock of ours to hold during I/O. Its lock-free window is not taken, because under four
 * threads it cost two to eight times as much and some 400 bytes a call (docs/circuit-breaking.md).
 *
 * <p><b>Events.</b> resilience4j's own are not subscribed to, because with one subscriber it makes an event of every call. A
 * change of state is found by comparing after each result instead; whoever wins the compare-and-set reports it.
 */
public final class Breaker {

    /** What {@link #tryAcquire} gives when nothing may be sent. */
    public static final int REFUSED = -1;

    private static final VarHandle PHASE;

    static {
        try {
            PHASE = MethodHandles.lookup().findVarHandle(Breaker.class, "phase", Phase.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Longer than any call takes. */
    private static final Duration NEVER_SLOW = Duration.ofDays(365);

    /** The state machine wants an exception; what failed is known elsewhere, and this one costs nothing. */
    private static final Throwable FAILURE = new CallFailed();

    /** Hears of every change of state, on the thread that caused it. */
    @FunctionalInterface
    public interface Listener {
        /**
         * The state has changed.
         *
         * @param reason what was seen
         */
        void changed(State from, State to, String reason);
    }

    /** A state with its number; the next state has the next number, also if it has the same name. */
    private record Phase(State state, int number, long sinceNanos) {}

    private final CircuitBreaker config;
    private final LongSupplier nanoTime;
    private final Listener listener;
    private final io.github.resilience4j.circuitbreaker.CircuitBreaker machine;
    private volatile Phase phase;

    /**
     * A closed breaker.
     *
     * @param nanoTime as {@link System#nanoTime()}
     */
    public Breaker(String name, CircuitBreaker config, LongSupplier nanoTime, Listener listener) {
        this.config = config;
        this.nanoTime = nanoTime;
        this.listener = listener;
        boolean byCalls = config.windowCalls() > 0;
        boolean slowCounts = !config.slowCallDuration().isZero();
        this.machine = io.github.resilience4j.circuitbreaker.CircuitBreaker.of(
                name,
                CircuitBreakerConfig.custom()
                        .failureRateThreshold(config.failureRatePercent())
                        .slowCallRateThreshold(slowCounts ? config.slowCallRatePercent() : 100)
                        .slowCallDurationThreshold(slowCounts ? config.slowCallDuration() : NEVER_SLOW)
                        .slidingWindow(
                                byCalls
                                        ? config.windowCalls()
                                        : (int) config.window().toSeconds(),
                                config.minimumCalls(),
                                byCalls ? SlidingWindowType.COUNT_BASED : SlidingWindowType.TIME_BASED,
                                SlidingWindowSynchronizationStrategy.SYNCHRONIZED)
                        .waitDurationInOpenState(config.openDuration())
                        .permittedNumberOfCallsInHalfOpenState(config.halfOpenCalls())
                        .automaticTransitionFromOpenToHalfOpenEnabled(false)
                        .clock(new NanoClock(nanoTime))
                        .build());
        this.phase = new Phase(State.CLOSED, 0, nanoTime.getAsLong());
    }

    public CircuitBreaker config() {
        return config;
    }

    public State state() {
        return phase.state;
    }

    /** A permit to send; {@link #REFUSED} if nothing may be sent now. */
    public int tryAcquire() {
        Phase now = phase;
        // Not asked of the machine, which would make an event of each refusal.
        if (now.state == State.FORCED_OPEN || now.state == State.OPEN && remainingNanos(now) > 0) {
            return REFUSED;
        }
        if (!machine.tryAcquirePermission()) {
            return REFUSED;
        }
        // Read again: with the number of a phase that ended meanwhile, a probe's permit would never come back.
        return current(phase, null).number;
    }

    /** {@link #tryAcquire} for who has a place for an object; null if nothing may be sent now. */
    public @Nullable BreakerCall tryCall() {
        int permit = tryAcquire();
        return permit == REFUSED ? null : new BreakerCall(this, permit);
    }

    /** The call of this permit was answered well after this time. */
    public void succeeded(int permit, long nanos) {
        Phase now = phase;
        if (now.number == permit) {
            machine.onSuccess(nanos, TimeUnit.NANOSECONDS);
            current(now, null);
        }
    }

    /** The call of this permit failed after this time. */
    public void failed(int permit, long nanos) {
        Phase now = phase;
        if (now.number == permit) {
            machine.onError(nanos, TimeUnit.NANOSECONDS, FAILURE);
            current(now, null);
        }
    }

    /** The call of this permit came to nothing that says anything about the target. */
    public void released(int permit) {
        if (phase.number == permit) {
            machine.releasePermission();
        }
    }

    /**
     * Makes an open breaker half open once its time is over, for one that is not asked as long as it is open.
     *
     * @return whether it is still open
     */
    public boolean halfOpenIfDue() {
        Phase now = phase;
        if (now.state == State.OPEN && remainingNanos(now) <= 0 && machine.tryAcquirePermission()) {
            // The machine moves on by itself when it is asked, and only one of the threads that ask at once moves it.
            machine.releasePermission();
            now = current(now, null);
        }
        return now.state == State.OPEN;
    }

    /** When it makes sense to ask again: what is left of the open time; 0 while it is not open. */
    public long retryAfterNanos() {
        Phase now = phase;
        return switch (now.state) {
            case OPEN -> Math.max(0, remainingNanos(now));
            // Nobody knows; the client need not ask more often than a breaker would.
            case FORCED_OPEN -> config.openDuration().toNanos();
            default -> 0;
        };
    }

    /** Lets nothing pass until {@link #reset}. */
    public void forceOpen() {
        Phase now = phase;
        machine.transitionToForcedOpenState();
        current(now, "forced open by hand");
    }

    /** Lets everything pass and counts nothing until {@link #reset}. */
    public void disable() {
        Phase now = phase;
        machine.transitionToDisabledState();
        current(now, "switched off by hand");
    }

    /** Closes it and forgets what it has seen. */
    public void reset() {
        Phase now = phase;
        machine.reset();
        current(now, "reset by hand");
    }

    private long remainingNanos(Phase open) {
        return config.openDuration().toNanos() - (nanoTime.getAsLong() - open.sinceNanos);
    }

    /** The phase of now; a new one if the machine has changed its state, which the winner reports. */
    private Phase current(Phase known, @Nullable String reason) {
        Phase before = known;
        while (true) {
            State state = stateOfMachine();
            if (state == before.state) {
                return before;
            }
            Phase next = new Phase(state, before.number + 1 & Integer.MAX_VALUE, nanoTime.getAsLong());
            if (PHASE.compareAndSet(this, before, next)) {
                listener.changed(before.state, state, reason != null ? reason : seen(before.state, state));
                return next;
            }
            before = phase;
        }
    }

    private State stateOfMachine() {
        return switch (machine.getState()) {
            case CLOSED -> State.CLOSED;
            case OPEN -> State.OPEN;
            case HALF_OPEN -> State.HALF_OPEN;
            case FORCED_OPEN -> State.FORCED_OPEN;
            case DISABLED, METRICS_ONLY -> State.DISABLED;
        };
    }

    private String seen(State from, State to) {
        if (to == State.HALF_OPEN) {
            return "open for " + text(config.openDuration());
        }
        if (to != State.OPEN) {
            return config.halfOpenCalls() + " probes, not too many failed or slow";
        }
        // An open machine keeps the numbers that opened it.
        io.github.resilience4j.circuitbreaker.CircuitBreaker.Metrics metrics = machine.getMetrics();
        int calls = metrics.getNumberOfBufferedCalls();
        String what = calls + (from == State.HALF_OPEN ? " probes" : " calls");
        String failures = metrics.getNumberOfFailedCalls() + " of " + what + " failed";
        int slow = metrics.getNumberOfSlowCalls();
        return slow == 0 ? failures : failures + ", " + slow + " took longer than " + text(config.slowCallDuration());
    }

    private static String text(Duration duration) {
        return duration.toNanos() % 1_000_000_000L == 0
                ? duration.toSeconds() + " s"
                : String.format(Locale.ROOT, "%.3f s", duration.toNanos() / 1e9);
    }

    /** The time that is given in, as the machine wants it; it begins at the epoch, since only differences are used. */
    private static final class NanoClock extends Clock {
        private final LongSupplier nanoTime;
        private final long startNanos;

        NanoClock(LongSupplier nanoTime) {
            this.nanoTime = nanoTime;
            this.startNanos = nanoTime.getAsLong();
        }

        @Override
        public Instant instant() {
            long nanos = nanoTime.getAsLong() - startNanos;
            return Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private static final class CallFailed extends RuntimeException {
        private static final long serialVersionUID = 1;

        CallFailed() {
            super("the call failed", null, false, false);
        }
    }
}
