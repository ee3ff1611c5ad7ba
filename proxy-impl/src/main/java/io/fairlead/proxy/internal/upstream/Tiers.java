package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.ZonePreference;
import io.fairlead.proxy.internal.balancer.TierLoads;
import io.fairlead.proxy.observe.TierStatus;
import io.fairlead.proxy.observe.TierStatus.Zone;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tiers of a pool in the order of their use, and which share of the requests goes to each; immutable.
 *
 * <ol>
 *   <li>Targets of equal priority are a tier. {@link TierLoads} says what each takes, by the weight that is usable of it; what
 *       starts slowly counts with the weight that it has, so that a tier that comes back is not overrun.
 *   <li>A tier that has targets in the proxy's own zone and elsewhere is two parts, which share what it takes by the same rule.
 *   <li>In panic each part that gets requests uses its unhealthy and ejected ones, too. The shares stay those of the usable ones,
 *       as a tier that is gone would take all otherwise; with nothing usable anywhere they are those of what panic uses.
 * </ol>
 */
final class Tiers {

    /** Targets that are picked from together; one without a share is used when a request has failed at the others. */
    private record Part(TierStatus status, boolean usual, TargetSet targets) {
        boolean takes() {
            return status.loadPercent() > 0;
        }

        String name() {
            String of = "priority " + status.priority();
            return switch (status.zone()) {
                case ALL -> of;
                case OWN -> of + " in the own zone";
                case OTHER -> of + " elsewhere";
            };
        }

        @Override
        public String toString() {
            return name() + ": " + status.usable() + " of " + status.targets() + " usable ("
                    + percent(status.usablePercent()) + " by weight), takes " + percent(status.loadPercent());
        }

        private static String percent(double value) {
            String rounded = value > 0 && value < 1 ? "<1" : value > 99 && value < 100 ? ">99" : "" + Math.round(value);
            return rounded + " %";
        }
    }

    /** The same while they are counted. */
    private static final class Group {
        private final int priority;
        private final Zone zone;
        private final int place;
        private final List<PoolTarget> members;
        private double all;
        private double well;
        private int count;
        private int wellCount;

        /** What counts when requests are shared: what is well, or in panic with nothing well what is used then. */
        private double bearing;

        Group(int priority, Zone zone, int place, List<PoolTarget> members) {
            this.priority = priority;
            this.zone = zone;
            this.place = place;
            this.members = members;
        }

        Group count(Predicate<PoolTarget> bears) {
            for (PoolTarget member : members) {
                // Drained by hand it is missing; with weight 0 it was never counted on.
                int weight = member.target().weight();
                all += weight;
                count += weight > 0 ? 1 : 0;
                if (member.isUsable()) {
                    well += member.weight();
                    wellCount++;
                }
                bearing += bears.test(member) ? member.weight() : 0;
            }
            return this;
        }
    }

    private final List<Part> parts;
    private final TargetSet usable;
    private final @Nullable TargetSet only;

    /** Those that take requests, and the sum of their shares up to and including each. */
    private final TargetSet[] taking;

    private final double[] ends;
    private final boolean panics;

    private Tiers(List<Part> parts, TargetSet usable, boolean panics) {
        this.parts = parts;
        this.usable = usable;
        this.panics = panics;
        List<Part> loaded = parts.stream().filter(Part::takes).toList();
        this.taking = loaded.stream().map(Part::targets).toArray(TargetSet[]::new);
        this.ends = new double[taking.length];
        double end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += loaded.get(i).status().loadPercent() / 100;
            ends[i] = end;
        }
        this.only = taking.length == 0 ? new TargetSet(List.of(), 0) : taking.length == 1 ? taking[0] : null;
    }

    /** Called under the lock of the pool. */
    static Tiers of(Collection<PoolTarget> targets, UpstreamPool config, @Nullable String zone) {
        Map<Integer, List<PoolTarget>> byPriority = new TreeMap<>();
        for (PoolTarget target : targets) {
            byPriority
                    .computeIfAbsent(target.target().priority(), priority -> new ArrayList<>())
                    .add(target);
        }
        boolean panics = panics(targets, byPriority.values(), config.panicThreshold());
        Predicate<PoolTarget> picked = panics ? PoolTarget::isUsableInPanic : PoolTarget::isUsable;
        boolean someWell = targets.stream().anyMatch(PoolTarget::isUsable);
        Predicate<PoolTarget> bears = someWell ? PoolTarget::isUsable : picked;

        int size = byPriority.size();
        List<Group> tiers = new ArrayList<>();
        byPriority.forEach((priority, members) ->
                tiers.add(new Group(priority, Zone.ALL, 2 * tiers.size(), members).count(bears)));
        double[] bearing = tiers.stream().mapToDouble(tier -> tier.bearing).toArray();
        double[] all = tiers.stream().mapToDouble(tier -> tier.all).toArray();
        int threshold = config.spillOverThreshold();
        double[] loads = TierLoads.of(bearing, all, threshold);
        double[] usual = TierLoads.of(all, all, threshold);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            parts.addAll(split(tiers.get(i), loads[i], usual[i], config, zone, bears, picked));
        }
        TargetSet union = parts.size() == 1
                ? parts.get(0).targets()
                : new TargetSet(targets.stream().filter(picked).toList(), 0);
        return new Tiers(List.copyOf(parts), union, panics);
    }

    /** Whether so few are well that the others are used as well: each tier is below the threshold. */
    private static boolean panics(
            Collection<PoolTarget> targets, Collection<List<PoolTarget>> tiers, int panicThreshold) {
        boolean below = false;
        for (List<PoolTarget> tier : tiers) {
            long all = tier.stream().filter(target -> !target.isDraining()).count();
            long well = tier.stream().filter(PoolTarget::isUsable).count();
            if (all > 0 && well * 100 >= panicThreshold * all) {
                return false;
            }
            below |= all > 0;
        }
        return below && targets.stream().anyMatch(target -> !target.isUsable() && target.isUsableInPanic());
    }

    private static List<Part> split(
            Group tier,
            double load,
            double usual,
            UpstreamPool config,
            @Nullable String zone,
            Predicate<PoolTarget> bears,
            Predicate<PoolTarget> picked) {
        ZonePreference preference = config.zonePreference();
        if (zone != null && preference.enabled()) {
            List<PoolTarget> here = new ArrayList<>();
            List<PoolTarget> elsewhere = new ArrayList<>();
            for (PoolTarget member : tier.members) {
                (isIn(zone, member) ? here : elsewhere).add(member);
            }
            Group own = new Group(tier.priority, Zone.OWN, tier.place, here).count(bears);
            Group other = new Group(tier.priority, Zone.OTHER, tier.place + 1, elsewhere).count(bears);
            long inUse = here.stream().filter(target -> !target.isDraining()).count();
            if (inUse >= preference.minTargets() && own.all > 0 && other.all > 0) {
                double traffic = preference.trafficPercent() > 0
                        ? preference.trafficPercent() / 100.0
                        : 1.0 / zones(tier.members);
                int threshold = config.spillOverThreshold();
                double share = TierLoads.ofOwnZone(own.bearing, own.all, other.bearing, other.all, traffic, threshold);
                double usually = TierLoads.ofOwnZone(own.all, own.all, other.all, other.all, traffic, threshold);
                return List.of(
                        part(own, load * share, usual * usually > 0, picked),
                        part(other, load * (1 - share), usual * (1 - usually) > 0, picked));
            }
        }
        return List.of(part(tier, load, usual > 0, picked));
    }

    private static boolean isIn(String zone, PoolTarget target) {
        return target.target().zone().orElse("").equals(zone);
    }

    /** The zones that these targets are in; those that tell none are one together. */
    private static long zones(List<PoolTarget> targets) {
        return targets.stream()
                .filter(target -> target.target().weight() > 0)
                .map(target -> target.target().zone().orElse(""))
                .distinct()
                .count();
    }

    private static Part part(Group group, double load, boolean usual, Predicate<PoolTarget> picked) {
        double percent = group.all == 0 ? 0 : 100 * group.well / group.all;
        TierStatus status =
                new TierStatus(group.priority, group.zone, 100 * load, percent, group.wellCount, group.count);
        return new Part(
                status,
                usual,
                new TargetSet(group.members.stream().filter(picked).toList(), group.place));
    }

    // ---- the path

    /** The targets that all requests go to; null if several parts share them. */
    @Nullable
    TargetSet only() {
        return only;
    }

    /**
     * The targets of the part that a request falls to.
     *
     * @param place in 0..1
     */
    TargetSet at(double place) {
        int last = ends.length - 1;
        for (int i = 0; i < last; i++) {
            if (place < ends[i]) {
                return taking[i];
            }
        }
        return taking[last];
    }

    /** All that may be picked, in the order of the configuration. */
    TargetSet usable() {
        return usable;
    }

    /** How many parts there are, whether they take requests or not. */
    int parts() {
        return parts.size();
    }

    /** The targets of a part, in the order of their use. */
    TargetSet part(int place) {
        return parts.get(place).targets();
    }

    /** Those of the first part, in the order of their use, that has others than these; null if there are none. */
    @Nullable
    TargetSet besides(List<PoolTarget> tried) {
        for (Part part : parts) {
            if (part.targets().hasOther(tried)) {
                return part.targets().without(tried);
            }
        }
        return null;
    }

    // ---- what is told

    /** Whether so few are well that the others are used too. */
    boolean panics() {
        return panics;
    }

    /** Whether requests go elsewhere than they do while everything is usable. */
    boolean spillsOver() {
        return parts.stream().anyMatch(part -> part.takes() != part.usual());
    }

    /** The parts that requests go to; empty if nothing is usable. */
    List<String> takers() {
        return parts.stream().filter(Part::takes).map(Part::name).toList();
    }

    /** What each part has and takes, in words. */
    String describe() {
        return parts.stream().map(Part::toString).collect(Collectors.joining("; "));
    }

    List<TierStatus> status() {
        return parts.stream().map(Part::status).toList();
    }
}
