package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.Candidate;
import io.fairlead.proxy.balancer.Candidates;
import java.util.List;

/** The targets that may be picked at this moment, in the order of the configuration; immutable. */
final class TargetSet implements Candidates {

    private final PoolTarget[] targets;
    private final int part;

    /** @param part the tier, or part of one, that they are of; 0 for the first and for those of several */
    TargetSet(List<PoolTarget> targets, int part) {
        this.targets = targets.toArray(new PoolTarget[0]);
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
        return new TargetSet(
                List.of(targets).stream()
                        .filter(target -> !tried.contains(target))
                        .toList(),
                part);
    }
}
