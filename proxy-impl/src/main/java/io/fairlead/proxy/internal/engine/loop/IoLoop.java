package io.fairlead.proxy.internal.engine.loop;

import io.fairlead.proxy.internal.http.Ascii;
import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.time.TimerWheel;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xnio.XnioExecutor;
import org.xnio.XnioIoThread;

/**
 * What one I/O thread has for itself: a timer wheel, buffers, and scratch space. Used by that thread only, save for
 * {@link #execute}, {@link #inLoop} and {@link #thread}.
 *
 * <p>Buffers: {@link #take} gives a direct buffer with {@link #HEADROOM} bytes before its position, so that a head or a
 * chunk size can be put in front of data that was read into it, and head and data leave in one write without a copy.
 * Whoever takes a buffer gives it back, or hands it to a sink that keeps it and gives it back.
 */
public final class IoLoop {

    /** Bytes before the data of a fresh buffer. */
    public static final int HEADROOM = 1008;

    /** Bytes after the data of a fresh buffer: CR LF and the last chunk. */
    public static final int TAILROOM = 16;

    /** Bytes of data that a fresh buffer takes. */
    public static final int DATA_BYTES = 64 * 1024;

    private static final int CAPACITY = HEADROOM + DATA_BYTES + TAILROOM;

    /** Buffers kept for reuse; more are in use only while that many peers are slow, and are left to the collector. */
    private static final int MAX_CACHED = 256;

    private static final Logger LOG = LoggerFactory.getLogger(IoLoop.class);

    /** RFC 9110 §5.6.7: IMF-fixdate. */
    private static final DateTimeFormatter IMF_FIXDATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
            .withZone(ZoneOffset.UTC);

    private final XnioIoThread thread;
    private final int index;
    private final TimerWheel timers;
    private final HeadParser parser = new HeadParser();
    private final ArrayDeque<ByteBuffer> cached = new ArrayDeque<>();
    private final long wallOriginMillis = System.currentTimeMillis();
    private final long nanoOrigin = System.nanoTime();
    private byte[] scratch = new byte[8 * 1024];
    private int taken;
    private long armedFor = Long.MAX_VALUE;
    private XnioExecutor.@Nullable Key armed;
    private long dateSecond = Long.MIN_VALUE;
    private byte[] date = new byte[0];

    /** @param index of the thread among those of its proxy, from 0 */
    public IoLoop(XnioIoThread thread, int index) {
        this.thread = thread;
        this.index = index;
        this.timers = new TimerWheel(nanoOrigin, (timer, problem) -> LOG.error("a timer failed", problem));
    }

    public XnioIoThread thread() {
        return thread;
    }

    public int index() {
        return index;
    }

    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /** Runs {@code task} on this loop: at once if this is its thread, else soon. */
    public void execute(Runnable task) {
        if (inLoop()) {
            task.run();
        } else {
            thread.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException | Error e) {
                    LOG.error("a task failed", e);
                }
            });
        }
    }

    /** Runs {@code task} on this loop after what it is doing now. */
    public void later(Runnable task) {
        thread.execute(task);
    }

    public HeadParser parser() {
        return parser;
    }

    // ---- buffers

    /** A buffer to read into: position at the headroom, limit before the tailroom. */
    public ByteBuffer take() {
        taken++;
        ByteBuffer buffer = cached.pollFirst();
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(CAPACITY);
        }
        return buffer.limit(CAPACITY - TAILROOM).position(HEADROOM);
    }

    /** A buffer with these bytes, ready to be written; of its own size if they are too many for a usual one. */
    public ByteBuffer take(byte[] bytes, int length) {
        if (length <= CAPACITY) {
            return take().clear().put(bytes, 0, length).flip();
        }
        taken++;
        return ByteBuffer.allocate(length).put(bytes, 0, length).flip();
    }

    /** Gives back a buffer that {@link #take} gave. */
    public void give(ByteBuffer buffer) {
        taken--;
        if (buffer.isDirect() && cached.size() < MAX_CACHED) {
            cached.addFirst(buffer);
        }
    }

    /** Buffers that were taken and not given back. */
    public int buffersInUse() {
        return taken;
    }

    /**
     * Leaves the buffers that are kept for reuse to the collector; the loop is not used afterwards. Freeing them by hand
     * takes {@code sun.misc.Unsafe}, which newer JVMs complain about on the standard error of our host.
     */
    public void free() {
        cached.clear();
    }

    /** Space to compose a head in, of at least this size; what is in it holds only until the next call. */
    public byte[] scratch(int size) {
        if (scratch.length < size) {
            scratch = new byte[Math.max(size, scratch.length * 2)];
        }
        return scratch;
    }

    /** The space as it is, with what the last user put there. */
    public byte[] scratch() {
        return scratch;
    }

    // ---- time

    public long now() {
        return System.nanoTime();
    }

    /** The time of day at a moment of {@link #now}. */
    public Instant wallTime(long nanos) {
        return Instant.ofEpochMilli(wallOriginMillis).plusNanos(nanos - nanoOrigin);
    }

    /** The line {@code Date: ...} for the current second. */
    public byte[] dateLine() {
        long second = System.currentTimeMillis() / 1000;
        if (second != dateSecond) {
            dateSecond = second;
            date = Ascii.bytes("Date: " + IMF_FIXDATE.format(Instant.ofEpochSecond(second)) + "\r\n");
        }
        return date;
    }

    /** Fires {@code timer} at the deadline, or later if it is pushed back by then. */
    public void schedule(TimerWheel.Timer timer, long deadlineNanos) {
        timers.schedule(timer, deadlineNanos);
        if (armed == null || deadlineNanos - armedFor < 0) {
            arm();
        }
    }

    /** {@code timer} does not fire any more. */
    public void cancel(TimerWheel.Timer timer) {
        timers.cancel(timer);
    }

    /** Takes {@code timer} out of the wheel at once, for an object that is done with. */
    public void remove(TimerWheel.Timer timer) {
        timers.remove(timer);
    }

    public int timerCount() {
        return timers.size();
    }

    private void arm() {
        long next = timers.nextDeadlineNanos();
        if (armed != null) {
            armed.remove();
            armed = null;
        }
        if (next == Long.MAX_VALUE) {
            return;
        }
        armedFor = next;
        // Rounded up, so that the wake-up does not come a moment before the deadline and again after it.
        long millis = Math.max(1, (next - now() + 999_999) / 1_000_000);
        armed = thread.executeAfter(this::tick, millis, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        armed = null;
        timers.advance(now());
        arm();
    }
}
