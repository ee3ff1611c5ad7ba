package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import java.util.Arrays;
import java.util.List;

/** The targets that may be picked at this moment, in the order of the configuration; immutable. */
final class TargetSet implements Candidates {

    private final PoolTarget[] targets;
    private final int part;

    /** @param part the tier, or part of one, that they are of; 0 for the first and for those of several */
    TargetSet(List<PoolTarget> targets, int part) {
        this(targets.toArray(new PoolTarget[0]), part);
    }

    private TargetSet(PoolTarget[] targets, int part) {
        this.targets = targets;
        this.part = part;
    }

    int part() {
        return part;
    }

    @Override
    public int size() {
        return targets.length;
    }

    @Override
    public Candidate get(int index) {
        return targets[index];
    }

    PoolTarget target(int index) {
        return targets[index];
    }

    boolean hasOther(List<PoolTarget> tried) {
        for (PoolTarget target : targets) {
            if (!tried.contains(target)) {
                return true;
            }
        }
        return false;
    }

    /** Those that are not among these; may be empty. */
    TargetSet without(List<PoolTarget> tried) {
        if (tried.isEmpty()) {
            return this;
        }
        PoolTarget[] left = new PoolTarget[targets.length];
        int size = 0;
        for (PoolTarget target : targets) {
            if (!tried.contains(target)) {
                left[size++] = target;
            }
        }
        return new TargetSet(Arrays.copyOf(left, size), part);
    }

    /** All but the one at this place. */
    TargetSet without(int place) {
        PoolTarget[] left = new PoolTarget[targets.length - 1];
        System.arraycopy(targets, 0, left, 0, place);
        System.arraycopy(targets, place + 1, left, place, left.length - place);
        return new TargetSet(left, part);
    }
}
