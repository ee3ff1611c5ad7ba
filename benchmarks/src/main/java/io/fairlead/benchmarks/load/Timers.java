package io.fairlead.benchmarks.load;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** What a selector's thread has to do later. */
final class Timers {

    private record Timer(long at, long number, Runnable task) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return at == other.at ? Long.compare(number, other.number) : Long.compare(at - other.at, 0);
        }
    }

    private final PriorityQueue<Timer> queue = new PriorityQueue<>();
    private long number;

    void after(long nanos, Runnable task) {
        queue.add(new Timer(System.nanoTime() + nanos, number++, task));
    }

    /** Runs what is due; gives for how many milliseconds the selector may wait, at most 100. */
    long runDue() {
        long now = System.nanoTime();
        for (Timer next = queue.peek(); next != null && next.at - now <= 0; next = queue.peek()) {
            queue.remove();
            next.task.run();
        }
        Timer next = queue.peek();
        long ahead = next == null ? Long.MAX_VALUE : next.at - System.nanoTime();
        return Math.max(1, Math.min(100, TimeUnit.NANOSECONDS.toMillis(ahead + 999_999)));
    }
}
