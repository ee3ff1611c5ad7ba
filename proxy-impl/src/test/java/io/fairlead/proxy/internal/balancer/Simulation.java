package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.TargetPicker;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * A closed loop without sockets: so many clients, each of which sends its next request when it has the answer to the last
 * one, spread over I/O threads with a picker each. The time of an answer is exponential with the mean of its target.
 */
final class Simulation {
    private static final int THREADS = 4;

    private record Answer(double at, int client, int target) {}

    private final List<TestCandidate> targets;
    private final double[] meanNanos;
    private final Random random;
    private final List<TargetPicker> pickers = new ArrayList<>();

    Simulation(LoadBalancer loadBalancer, List<TestCandidate> targets, double[] meanNanos, long seed) {
        this.targets = targets;
        this.meanNanos = meanNanos.clone();
        this.random = new Random(seed);
        for (int i = 0; i < THREADS; i++) {
            pickers.add(Pickers.of(loadBalancer, i, seed + i));
        }
    }

    /** The share of each target in so many requests of so many clients. */
    double[] shares(int clients, int requests) {
        Candidates candidates = TestCandidate.candidates(targets);
        PriorityQueue<Answer> underWay = new PriorityQueue<>((a, b) -> Double.compare(a.at(), b.at()));
        int[] counts = new int[targets.size()];
        int warmUp = requests / 10;
        for (int i = 0; i < requests + warmUp; i++) {
            double now = 0;
            int client = i;
            if (i >= clients) {
                Answer answer = underWay.remove();
                now = answer.at();
                client = answer.client();
                targets.get(answer.target()).inFlight--;
            }
            int picked = pickers.get(client % THREADS).pick(candidates, TestExchanges.of(client));
            targets.get(picked).inFlight++;
            if (i >= warmUp) {
                counts[picked]++;
            }
            double took = -Math.log(1 - random.nextDouble()) * meanNanos[picked];
            targets.get(picked).latencyNanos = Math.max(1, (long) meanNanos[picked]);
            underWay.add(new Answer(now + took, client, picked));
        }
        double[] shares = new double[counts.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = counts[i] / (double) requests;
        }
        return shares;
    }
}
