package io.fairlead.proxy.internal.upstream;

import java.util.Collection;
import java.util.List;

/**
 * Which targets of a pool may be picked at this moment; immutable, made anew whenever something changes.
 *
 * @param usable those that are picked from
 * @param ejected those against which an ejection speaks and nothing else: the last resort of a request that failed at all
 *     the others
 * @param open those with an open breaker; nobody asks these breakers, so the path looks whether their time is over
 * @param panics whether so few are well that the others are used too
 * @param counts how many are well, in words
 */
record Selection(TargetSet usable, TargetSet ejected, List<PoolTarget> open, boolean panics, String counts) {

    static final Selection NONE =
            new Selection(new TargetSet(List.of()), new TargetSet(List.of()), List.of(), false, "");

    /**
     * The usable ones of these; all but draining ones and those with an open breaker if too few are well. Called under the
     * lock of the pool.
     *
     * @param panicThreshold percent
     */
    static Selection of(Collection<PoolTarget> targets, int panicThreshold) {
        List<PoolTarget> well = targets.stream().filter(PoolTarget::isUsable).toList();
        List<PoolTarget> possible =
                targets.stream().filter(PoolTarget::isUsableInPanic).toList();
        long all = targets.stream().filter(target -> !target.isDraining()).count();
        boolean panics = well.size() * 100L < panicThreshold * all && possible.size() > well.size();
        return new Selection(
                new TargetSet(panics ? possible : well),
                new TargetSet(targets.stream()
                        .filter(target -> target.isOnly(Unusable.EJECTED))
                        .toList()),
                targets.stream()
                        .filter(target -> target.is(Unusable.BREAKER_OPEN))
                        .toList(),
                panics,
                well.size() + " of " + all + " targets are usable");
    }

    /** Those that a request may go to which failed at these; all that are usable if there is no other. */
    TargetSet besides(List<PoolTarget> tried) {
        if (tried.isEmpty()) {
            return usable;
        }
        TargetSet others = usable.without(tried);
        if (others.size() == 0) {
            others = ejected.without(tried);
        }
        return others.size() == 0 ? usable : others;
    }

    /** Lets those breakers half open whose time is over. */
    void halfOpenDue() {
        for (int i = 0; i < open.size(); i++) {
            var breaker = open.get(i).breaker();
            if (breaker != null) {
                breaker.halfOpenIfDue();
            }
        }
    }
}
