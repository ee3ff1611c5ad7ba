package io.fairlead.proxy.observe;

/**
 * A tier of a pool at one moment, or a part of one: where the proxy prefers its own zone, the targets of that zone and the
 * others of the tier are told apart.
 *
 * @param priority {@link io.fairlead.proxy.upstream.Target#priority()} of its targets
 * @param zone which of them
 * @param loadPercent the share of the pool's requests that goes to it; 0 while it is not needed
 * @param usablePercent how many of its targets are usable, in percent by weight; what starts slowly counts with the
 *     weight that it has reached
 * @param usable how many of its targets are usable
 * @param targets how many it has, without those of weight 0
 */
public record TierStatus(int priority, Zone zone, double loadPercent, double usablePercent, int usable, int targets) {

    /** Which targets of a tier. */
    public enum Zone {
        /** All of them: no zone is preferred. */
        ALL,
        /** Those of the proxy's own zone. */
        OWN,
        /** Those that are not of the proxy's own zone. */
        OTHER
    }
}
