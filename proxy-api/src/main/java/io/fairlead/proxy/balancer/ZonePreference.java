package io.fairlead.proxy.balancer;

/**
 * Whether and how far a proxy prefers the targets of its own zone within a tier of equal
 * {@linkplain io.fairlead.proxy.upstream.Target#priority() priority}. Does nothing while the proxy has no
 * {@linkplain io.fairlead.proxy.ProxyConfig#zone() zone}, or while a tier has only targets of that zone or none. Data;
 * compares by value.
 *
 * <p>The own zone's targets take all requests of the tier as long as that is no more than their share of the tier's weight can
 * bear; what is more goes to the others. What they have to bear hangs on how many requests come through proxies of
 * this zone, which one proxy does not see: unless {@link #trafficPercent()} says it, all zones that the tier's targets are in
 * are taken to have the same.
 *
 * @param enabled whether the own zone is preferred. Default: true
 * @param trafficPercent the share of all requests to the pool, over all proxies, that comes through proxies of this zone, 0
 *     to 100. 0: the same for each zone. Default: 0
 * @param minTargets the least targets of its own zone that a tier must have for the preference, 1 to 10,000; drained
 *     ones do not count, ill ones do. Default: 1
 */
public record ZonePreference(boolean enabled, int trafficPercent, int minTargets) {

    private static final ZonePreference DEFAULTS = new ZonePreference(true, 0, 1);

    /** Prefers the own zone as far as its targets can bear it, if all zones have the same traffic. */
    public static ZonePreference ofDefaults() {
        return DEFAULTS;
    }

    /** Zones do not matter. */
    public static ZonePreference off() {
        return DEFAULTS.withEnabled(false);
    }

    /** The same, preferring the own zone or not. */
    public ZonePreference withEnabled(boolean changed) {
        return new ZonePreference(changed, trafficPercent, minTargets);
    }

    /** The same with another share of the traffic, 0 to 100; 0: the same for each zone. */
    public ZonePreference withTrafficPercent(int percent) {
        return new ZonePreference(enabled, percent, minTargets);
    }

    /** The same with another least number of own targets, at least 1. */
    public ZonePreference withMinTargets(int targets) {
        return new ZonePreference(enabled, trafficPercent, targets);
    }
}
