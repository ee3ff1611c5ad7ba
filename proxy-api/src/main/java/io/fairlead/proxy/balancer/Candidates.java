package io.fairlead.proxy.balancer;

/**
 * The targets that an attempt may go to: healthy, not draining, of one tier, and not tried before for the same request.
 * Immutable, at least one, in the order of the configuration; a change of the pool's state makes a new list. So a picker may keep what
 * it derives from a list for as long as it gets the same one.
 */
public interface Candidates {

    /** How many; at least 1. */
    int size();

    /** The target at this place, 0 to {@code size() - 1}. */
    Candidate get(int index);
}
