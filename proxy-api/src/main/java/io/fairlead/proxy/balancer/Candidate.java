package io.fairlead.proxy.balancer;

import io.fairlead.proxy.upstream.Target;

/**
 * A target that may be picked, with what is known of it at this moment. The same object stands for a target as long as
 * its pool has it, so that a picker may keep state by identity. Safe to read from any thread.
 */
public interface Candidate {

    /** The target as configured. */
    Target target();

    /**
     * Its share of the traffic against the others: the configured weight, less while it starts slowly after a recovery.
     * Above zero.
     */
    double weight();

    /** Requests under way to it over all I/O threads, from the pick to the last byte of the answer. */
    int inFlight();

    /**
     * The time from the begin of an attempt to the head of the answer in nanoseconds, as a moving mean that follows a rise at
     * once and a fall slowly (10 s), and fades while nothing is measured; 0 as long as nothing was measured.
     */
    long latencyNanos();
}
