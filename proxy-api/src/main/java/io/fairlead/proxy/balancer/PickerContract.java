package io.fairlead.proxy.balancer;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.upstream.Target;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Checks that a picker of one's own keeps what {@link TargetPicker} asks for, in a test of any framework:
 *
 * <pre>{@code
 * PickerContract.verify(() -> new MyPicker(seed));
 * }</pre>
 *
 * <p>It looks at what every strategy has to do, not at how well it chooses: a place within the list whatever comes, for one
 * target and for a thousand, for weights of very different size, for targets that are idle, busy and unknown, for lists that
 * change between two picks, for retries, for requests that have nothing to go by, and with a picker for each of several threads.
 */
public final class PickerContract {
    private static final int PICKS = 2_000;
    private static final int THREADS = 4;
    private static final long SECONDS = 30;
    private static final int SHOWN = 20;

    private final Supplier<? extends TargetPicker> supplier;
    private final long seconds;
    private final Set<String> violations = Collections.synchronizedSet(new LinkedHashSet<>());

    /** What is being picked for, if it does not end. */
    private volatile String now = "";

    private PickerContract(Supplier<? extends TargetPicker> supplier, long seconds) {
        this.supplier = supplier;
        this.seconds = seconds;
    }

    /**
     * Checks the pickers of this supplier. Takes some seconds at most; half a minute with a picker that hangs, whose thread is
     * left behind.
     *
     * @param pickers gives a new picker each time, as for a new I/O thread; one that keeps nothing may be given again
     * @throws AssertionError that lists everything that was found
     */
    public static void verify(Supplier<? extends TargetPicker> pickers) {
        verify(pickers, SECONDS);
    }

    /** The same with another deadline for each step. */
    static void verify(Supplier<? extends TargetPicker> pickers, long seconds) {
        PickerContract contract = new PickerContract(requireNonNull(pickers, "pickers"), seconds);
        contract.verify();
        List<String> found = new ArrayList<>(contract.violations);
        if (!found.isEmpty()) {
            int more = found.size() - SHOWN;
            throw new AssertionError("the picker violates its contract:\n- "
                    + String.join("\n- ", found.subList(0, Math.min(SHOWN, found.size())))
                    + (more > 0 ? "\n- and " + more + " more" : ""));
        }
    }

    private void verify() {
        List<Runnable> steps = List.of(
                this::oneCandidate,
                this::sizes,
                this::weights,
                this::loads,
                this::changes,
                this::retries,
                this::exchanges);
        for (Runnable step : steps) {
            if (!ends(step)) {
                // The others would hang, too, one after another.
                violations.add(now + ": still picking after " + seconds + " s");
                return;
            }
        }
        threads();
    }

    /** Whether a step comes to its end in time, on a thread of its own: a picker that hangs must not take the test with it. */
    private boolean ends(Runnable step) {
        FutureTask<Void> task = new FutureTask<>(step, null);
        Thread thread = new Thread(task, "picker-contract");
        thread.setDaemon(true);
        thread.start();
        try {
            task.get(seconds, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            task.cancel(true);
            return false;
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof RuntimeException problem) {
                throw problem;
            } else if (cause instanceof Error error) {
                throw error;
            }
            throw new AssertionError(now + ": threw " + cause, cause);
        }
    }

    private void oneCandidate() {
        List<MadeUpCandidate> one = MadeUpCandidate.list(1);
        picks("one candidate", List.of(one), picker("one candidate"), new Random(1), 100);
    }

    private void sizes() {
        for (int size : new int[] {2, 3, 10, 1_000}) {
            String when = size + " candidates";
            picks(when, List.of(MadeUpCandidate.list(size)), picker(when), new Random(size), PICKS);
        }
    }

    private void weights() {
        // Below 1 altogether: targets that have just recovered, while they start slowly.
        double[][] all = {{1, 65_535}, {65_535, 1, 1}, {0.001, 1, 1_000}, {1e-9, 1e9}, {3, 3, 3}, {0.1}, {0.1, 0.1}};
        for (double[] weights : all) {
            List<MadeUpCandidate> list = MadeUpCandidate.list(weights.length);
            StringBuilder when = new StringBuilder("weights");
            for (int i = 0; i < weights.length; i++) {
                list.get(i).weight = weights[i];
                when.append(' ').append(weights[i]);
            }
            picks(when.toString(), List.of(list), picker(when.toString()), new Random(2), PICKS);
        }
    }

    private void loads() {
        int[][] inFlight = {
            {0, 0, 0},
            {5, 5, 5},
            {0, 1, 1_000_000},
            {Integer.MAX_VALUE, 0, 0},
            {Integer.MAX_VALUE, Integer.MAX_VALUE, 0},
            {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE}
        };
        long[][] latencies = {{0, 0, 0}, {1, 1_000_000, 60_000_000_000L}, {0, Long.MAX_VALUE, 1}};
        for (int[] counts : inFlight) {
            for (long[] nanos : latencies) {
                List<MadeUpCandidate> list = MadeUpCandidate.list(3);
                StringBuilder when = new StringBuilder("under way/latency");
                for (int i = 0; i < 3; i++) {
                    list.get(i).inFlight = counts[i];
                    list.get(i).latencyNanos = nanos[i];
                    when.append(' ').append(counts[i]).append('/').append(nanos[i]);
                }
                // Held, so that the extremes stay.
                hold(when.toString(), list, picker(when.toString()), new Random(3));
            }
        }
    }

    /** Targets come, go, and are others all at once, with other weights; each list for a few picks. */
    private void changes() {
        String when = "a list that changes";
        TargetPicker picker = picker(when);
        Random random = new Random(4);
        List<MadeUpCandidate> all = MadeUpCandidate.list(50);
        List<MadeUpCandidate> others = MadeUpCandidate.list(50);
        for (int round = 0; round < 300; round++) {
            List<MadeUpCandidate> some = new ArrayList<>();
            for (MadeUpCandidate candidate : round % 10 == 9 ? others : all) {
                if (random.nextInt(3) > 0 || some.isEmpty()) {
                    some.add(candidate);
                }
                candidate.weight = random.nextInt(4) == 0 ? 1 + random.nextInt(100) : 1;
            }
            picks(when, List.of(some), picker, random, 1 + random.nextInt(5));
        }
    }

    /** Two lists in turn, of which one is always a new one, without the target that was picked before. */
    private void retries() {
        String when = "a retry";
        TargetPicker picker = picker(when);
        Random random = new Random(5);
        List<MadeUpCandidate> all = MadeUpCandidate.list(7);
        for (int i = 0; i < all.size(); i++) {
            all.get(i).weight = 1 + i;
        }
        Candidates usual = new MadeUpCandidates(all);
        for (int round = 0; round < PICKS; round++) {
            int picked = pick(when, picker, usual, exchange(random));
            List<MadeUpCandidate> left = new ArrayList<>(all);
            while (picked >= 0 && left.size() > 1 && random.nextInt(3) > 0) {
                left.remove(picked);
                picked = pick(when, picker, new MadeUpCandidates(List.copyOf(left)), exchange(random));
            }
        }
    }

    private void exchanges() {
        List<MadeUpCandidate> list = MadeUpCandidate.list(5);
        Candidates candidates = new MadeUpCandidates(list);
        for (Exchange exchange : MadeUpExchange.odd()) {
            String when = exchange.toString();
            TargetPicker picker = picker(when);
            for (int i = 0; i < 20; i++) {
                pick(when, picker, candidates, exchange);
            }
        }
    }

    private void threads() {
        List<MadeUpCandidate> list = MadeUpCandidate.list(10);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            String when = THREADS + " threads, each with its own picker";
            Thread thread = new Thread(
                    () -> picks(when, List.of(list, list.subList(0, 9)), picker(when), new Random(number), PICKS),
                    "picker-contract-" + i);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
            if (thread.isAlive()) {
                violations.add(THREADS + " threads, each with its own picker: still picking after " + seconds + " s");
            }
        }
    }

    /** Picks from these lists in turn, with requests that begin and end meanwhile. */
    private void picks(String when, List<List<MadeUpCandidate>> lists, TargetPicker picker, Random random, int count) {
        List<Candidates> candidates = new ArrayList<>();
        lists.forEach(list -> candidates.add(new MadeUpCandidates(list)));
        for (int i = 0; i < count; i++) {
            int turn = i % lists.size();
            int place = pick(when, picker, candidates.get(turn), exchange(random));
            if (place >= 0) {
                MadeUpCandidate picked = lists.get(turn).get(place);
                picked.inFlight = random.nextInt(3) == 0 ? 0 : picked.inFlight + 1;
                picked.latencyNanos = random.nextInt(10) == 0 ? 0 : random.nextInt(100_000_000);
            }
        }
    }

    private void hold(String when, List<MadeUpCandidate> list, TargetPicker picker, Random random) {
        Candidates candidates = new MadeUpCandidates(list);
        for (int i = 0; i < 100; i++) {
            pick(when, picker, candidates, exchange(random));
        }
    }

    private TargetPicker picker(String when) {
        now = when;
        TargetPicker picker = supplier.get();
        if (picker == null) {
            violations.add(when + ": the supplier gave null");
            return (candidates, exchange) -> 0;
        }
        return picker;
    }

    /** The place; -1 after a violation. */
    private int pick(String when, TargetPicker picker, Candidates candidates, Exchange exchange) {
        now = when;
        int size = candidates.size();
        int place;
        try {
            place = picker.pick(candidates, exchange);
        } catch (RuntimeException | Error e) {
            violations.add(when + ": threw " + e);
            return -1;
        }
        if (place < 0 || place >= size) {
            violations.add(when + ": picked " + place + " (expected: 0 to " + (size - 1) + ")");
            return -1;
        }
        return place;
    }

    private static Exchange exchange(Random random) {
        return MadeUpExchange.of(random.nextInt(1_000));
    }

    private static final class MadeUpCandidate implements Candidate {
        private final Target target;
        private volatile double weight = 1;
        private volatile int inFlight;
        private volatile long latencyNanos;

        MadeUpCandidate(int number) {
            target = Target.of("http://10.0." + number / 250 + "." + number % 250 + ":8080");
        }

        static List<MadeUpCandidate> list(int size) {
            List<MadeUpCandidate> list = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                list.add(new MadeUpCandidate(i));
            }
            return list;
        }

        @Override
        public Target target() {
            return target;
        }

        @Override
        public double weight() {
            return weight;
        }

        @Override
        public int inFlight() {
            return inFlight;
        }

        @Override
        public long latencyNanos() {
            return latencyNanos;
        }
    }

    private record MadeUpCandidates(List<MadeUpCandidate> list) implements Candidates {
        @Override
        public int size() {
            return list.size();
        }

        @Override
        public Candidate get(int index) {
            return list.get(index);
        }

        // One list is not another because it has the same elements at this moment.
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
