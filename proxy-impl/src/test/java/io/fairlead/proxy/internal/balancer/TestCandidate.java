package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.upstream.Target;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A target whose state the test sets. */
final class TestCandidate implements Candidate {
    private final Target target;
    double weight = 1;
    int inFlight;
    long latencyNanos;

    private TestCandidate(Target target) {
        this.target = target;
    }

    static List<TestCandidate> list(double... weights) {
        List<TestCandidate> list = new ArrayList<>();
        for (double weight : weights) {
            TestCandidate candidate = new TestCandidate(Target.of("http://10.0.0." + list.size() + ":8080"));
            candidate.weight = weight;
            list.add(candidate);
        }
        return list;
    }

    static List<TestCandidate> equal(int count) {
        double[] weights = new double[count];
        Arrays.fill(weights, 1);
        return list(weights);
    }

    /** A list of its own, as a pool makes one at every change. */
    static Candidates candidates(List<TestCandidate> list) {
        List<TestCandidate> copy = List.copyOf(list);
        return new Candidates() {
            @Override
            public int size() {
                return copy.size();
            }

            @Override
            public Candidate get(int index) {
                return copy.get(index);
            }
        };
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
