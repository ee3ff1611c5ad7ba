package io.fairlead.proxy.internal.time;

import static java.util.Objects.requireNonNull;

import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A hierarchical timing wheel for one thread: no locks, no allocation after construction.
 *
 * <p><b>The picture.</b> Time is counted in ticks of 8 ms since construction, and {@code tick} is the last one that was
 * looked at. There are four levels of 64 slots; a slot of level n spans 64^n ticks, so the levels reach 0.5 s, 33 s,
 * 35 min and 37 h. The level of a timer is the highest group of six bits in which its due tick differs from the current
 * one, and its slot is that group's value. So within a level only slots above the current one are in use, each level's
 * slots all come after those of the level below, and the next slot to come up is the lowest bit of the first bitmap that
 * is not empty. What is due beyond the current turn of the top level waits in one more list, until that turn ends.
 *
 * <p><b>When a slot comes up</b>, each of its entries is due, or moves to a slot nearer to its deadline, or was cancelled
 * and falls out. That makes pushing a deadline back free: {@link #schedule} writes the field and leaves the entry where
 * it is, which is what happens to the keep-alive timer at each request. For the same reason {@link #cancel} writes one
 * field.
 *
 * <p><b>Firing</b> happens after the wheel has been turned, from a list of what is due, so that a timer which schedules
 * itself again for a time that is past fires in the next tick and not in an endless loop, and so that a timer may cancel
 * or push back another one that is due at the same moment.
 *
 * <p>Times are those of {@link System#nanoTime()}: only differences mean something. A deadline lies at most 100 years ahead.
 */
public final class TimerWheel {
    /** Length of a tick. */
    static final long TICK_NANOS = 8_000_000L;

    private static final int LEVELS = 4;
    private static final int BITS = 6;
    private static final int SLOTS = 1 << BITS;

    // Lists by index: first the slots of all levels, then these two; a timer that is in none has NONE.
    private static final int FAR = LEVELS * SLOTS;
    private static final int DUE = FAR + 1;
    private static final int LISTS = DUE + 1;
    private static final int NONE = -1;

    private static final Logger LOG = LoggerFactory.getLogger(TimerWheel.class);

    /** Something that happens at a time. Belongs to one wheel and its thread. */
    public abstract static class Timer {
        private @Nullable Timer next;
        private @Nullable Timer previous;
        private int list = NONE;
        /** The end of the tick before the slot comes up: a deadline after this may stay where it is. */
        private long slotAfterNanos;

        private long deadlineNanos;
        private boolean scheduled;

        /**
         * Called once when the deadline has passed; the timer is no longer scheduled then and may schedule itself again.
         *
         * @param nowNanos the time given to {@link TimerWheel#advance}
         */
        protected abstract void fire(long nowNanos);

        /** Whether it will fire: it was scheduled, and neither fired nor was cancelled since. */
        public final boolean isScheduled() {
            return scheduled;
        }
    }

    private final @Nullable Timer[] heads = new @Nullable Timer[LISTS];
    private final long[] occupied = new long[LEVELS];
    private final BiConsumer<? super Timer, ? super Throwable> failures;
    private long tick;
    /** The time at which {@link #tick} began. */
    private long tickNanos;

    private int size;

    /** An empty wheel that logs what its timers throw. */
    public TimerWheel(long nowNanos) {
        this(
                nowNanos,
                (timer, failure) ->
                        LOG.error("A timer failed: {}", timer.getClass().getName(), failure));
    }

    /**
     * An empty wheel.
     *
     * @param nowNanos the time now
     * @param failures is told what a timer threw; the others fire all the same
     */
    public TimerWheel(long nowNanos, BiConsumer<? super Timer, ? super Throwable> failures) {
        this.tickNanos = nowNanos;
        this.failures = failures;
    }

    /**
     * Has the timer fire at the deadline, or at most one tick later. A timer that is scheduled already gets the new
     * deadline in place of the old one.
     *
     * @param deadlineNanos one that is past means the next tick
     */
    public void schedule(Timer timer, long deadlineNanos) {
        timer.deadlineNanos = deadlineNanos;
        timer.scheduled = true;
        // An entry that is about to fire is looked at again before it does.
        if (timer.list == DUE || (timer.list != NONE && deadlineNanos - timer.slotAfterNanos > 0)) {
            return;
        }
        if (timer.list != NONE) {
            unlink(timer);
        }
        place(timer, tick + 1);
    }

    /** Has the timer not fire. Its entry stays until its slot comes up, so that scheduling it again costs nothing. */
    public void cancel(Timer timer) {
        timer.scheduled = false;
    }

    /** Cancels the timer and forgets it at once; for what is closed and must not be held on to. */
    public void remove(Timer timer) {
        timer.scheduled = false;
        if (timer.list != NONE) {
            unlink(timer);
        }
    }

    /** Fires every timer that is due. A time before that of an earlier call does nothing. */
    public void advance(long nowNanos) {
        turn(nowNanos);
        for (Timer timer = heads[DUE]; timer != null; timer = heads[DUE]) {
            unlink(timer);
            if (!timer.scheduled) {
                continue;
            }
            if (timer.deadlineNanos - nowNanos > 0) {
                place(timer, tick + 1);
                continue;
            }
            timer.scheduled = false;
            try {
                timer.fire(nowNanos);
            } catch (Throwable failure) {
                // Not even an Error may keep the other connections of this thread from their timeouts.
                failures.accept(timer, failure);
            }
        }
    }

    /**
     * When {@link #advance} has something to do next. That may be before the next deadline (an entry moves nearer to its
     * deadline, or falls out), but an entry causes at most four such calls on its way, and none after it was removed. It
     * is never more than one tick after the next deadline.
     *
     * @return {@link Long#MAX_VALUE} if nothing is held
     */
    public long nextDeadlineNanos() {
        if (size == 0) {
            return Long.MAX_VALUE;
        }
        if (heads[DUE] != null) {
            return tickNanos;
        }
        return tickNanos + (startOf(nextList()) - tick) * TICK_NANOS;
    }

    /** How many timers are held; a cancelled one counts until its slot comes up. */
    public int size() {
        return size;
    }

    /** Moves all that is due by now to the list of due timers. */
    private void turn(long nowNanos) {
        long ahead = nowNanos - tickNanos;
        if (ahead < TICK_NANOS) {
            return;
        }
        long target = tick + ahead / TICK_NANOS;
        for (int list = nextList(); list != NONE; list = nextList()) {
            long start = startOf(list);
            if (start > target) {
                break;
            }
            moveTo(start);
            empty(list);
        }
        moveTo(target);
    }

    /** Moves each entry of a list that has come up to where it belongs now; the cancelled ones fall out. */
    private void empty(int list) {
        Timer entry = heads[list];
        // What is beyond the next turn too goes back to the end of FAR: stop at what is the end now.
        Timer last = entry == null ? null : entry.previous;
        while (entry != null) {
            Timer following = entry == last ? null : entry.next;
            unlink(entry);
            if (entry.scheduled) {
                place(entry, tick);
            }
            entry = following;
        }
    }

    private void moveTo(long newTick) {
        tickNanos += (newTick - tick) * TICK_NANOS;
        tick = newTick;
    }

    /** Links the timer where its deadline belongs, for the given tick at the earliest. */
    private void place(Timer timer, long earliest) {
        long aheadNanos = timer.deadlineNanos - tickNanos;
        long due = tick;
        if (aheadNanos > 0) {
            // Rounded up: a timer never fires early.
            due += aheadNanos / TICK_NANOS + (aheadNanos % TICK_NANOS == 0 ? 0 : 1);
        }
        due = Math.max(due, earliest);
        int list = listOf(due);
        if (list != DUE) {
            timer.slotAfterNanos = tickNanos + (startOf(list) - 1 - tick) * TICK_NANOS;
        }
        link(timer, list);
    }

    private int listOf(long due) {
        if (due <= tick) {
            return DUE;
        }
        int level = (Long.SIZE - 1 - Long.numberOfLeadingZeros(due ^ tick)) / BITS;
        return level >= LEVELS ? FAR : level * SLOTS + (int) (due >>> level * BITS & SLOTS - 1);
    }

    /** The list that comes up next, or {@link #NONE}. */
    private int nextList() {
        for (int level = 0; level < LEVELS; level++) {
            if (occupied[level] != 0) {
                return level * SLOTS + Long.numberOfTrailingZeros(occupied[level]);
            }
        }
        return heads[FAR] == null ? NONE : FAR;
    }

    /** The tick at which a slot, or FAR, comes up. */
    private long startOf(int list) {
        int level = list / SLOTS;
        int turnBits = (list == FAR ? LEVELS : level + 1) * BITS;
        long turn = tick >>> turnBits << turnBits;
        return list == FAR ? turn + (1L << turnBits) : turn + ((long) (list % SLOTS) << level * BITS);
    }

    private void link(Timer timer, int list) {
        Timer head = heads[list];
        if (head == null) {
            heads[list] = timer;
            timer.next = timer;
            timer.previous = timer;
            if (list < FAR) {
                occupied[list / SLOTS] |= 1L << list % SLOTS;
            }
        } else {
            // The lists are rings, so that the end is found without a second array.
            Timer tail = requireNonNull(head.previous);
            tail.next = timer;
            timer.previous = tail;
            timer.next = head;
            head.previous = timer;
        }
        timer.list = list;
        size++;
    }

    private void unlink(Timer timer) {
        int list = timer.list;
        Timer next = requireNonNull(timer.next);
        Timer previous = requireNonNull(timer.previous);
        if (next == timer) {
            heads[list] = null;
            if (list < FAR) {
                occupied[list / SLOTS] &= ~(1L << list % SLOTS);
            }
        } else {
            next.previous = previous;
            previous.next = next;
            if (heads[list] == timer) {
                heads[list] = next;
            }
        }
        timer.next = null;
        timer.previous = null;
        timer.list = NONE;
        size--;
    }
}
