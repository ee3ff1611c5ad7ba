package io.fairlead.proxy.internal.balancer;

/**
 * Shares the requests of a pool among its tiers, and those of a tier between the proxy's own zone and the others.
 *
 * <p>A tier bears all requests while at least the threshold of its weight is usable, and usable/threshold of them below that.
 * The first tier takes what it bears, the next one what it bears of the rest, and so on. If they do not bear all of them
 * together, each takes more in proportion to what it bears.
 */
public final class TierLoads {

    /** What rounding leaves is no share. */
    private static final double NOTHING = 1e-9;

    private TierLoads() {}

    /**
     * The share of each tier. They add up to 1, or are all 0 if nothing is usable.
     *
     * @param usable the usable weight of each tier, in the order of their use
     * @param all the weight of each tier
     * @param thresholdPercent 0 to 100
     */
    public static double[] of(double[] usable, double[] all, int thresholdPercent) {
        double[] loads = new double[usable.length];
        double taken = 0;
        for (int i = 0; i < loads.length; i++) {
            double rest = 1 - taken < NOTHING ? 0 : 1 - taken;
            loads[i] = Math.min(rest, capacity(usable[i], all[i], thresholdPercent));
            taken += loads[i];
        }
        if (taken > 0) {
            for (int i = 0; i < loads.length; i++) {
                loads[i] /= taken;
            }
        }
        return loads;
    }

    /**
     * The share of the requests to a tier that goes to the targets of the proxy's own zone; the others get the rest.
     *
     * @param traffic the share of all requests to the pool that comes through proxies of this zone, above 0
     */
    public static double ofOwnZone(
            double ownUsable,
            double ownAll,
            double otherUsable,
            double otherAll,
            double traffic,
            int thresholdPercent) {
        // Below 1 where the zone has less than its share of the targets, which a whole fleet's requests would overrun.
        double strength = Math.min(1, ownAll / (ownAll + otherAll) / traffic);
        double own = strength * capacity(ownUsable, ownAll, thresholdPercent);
        double other = Math.min(1 - own, capacity(otherUsable, otherAll, thresholdPercent));
        if (own + other == 0) {
            return 0;
        }
        double share = own / (own + other);
        return share < NOTHING ? 0 : share > 1 - NOTHING ? 1 : share;
    }

    /** The share of all requests that a tier bears. */
    private static double capacity(double usable, double all, int thresholdPercent) {
        if (usable <= 0) {
            return 0;
        }
        return thresholdPercent == 0 ? 1 : Math.min(1, usable * 100 / (all * thresholdPercent));
    }
}
