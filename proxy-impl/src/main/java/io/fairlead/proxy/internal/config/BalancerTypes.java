package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.balancer.ZonePreference;

/** The part of {@link Model} that says how a pool chooses targets. */
final class BalancerTypes {
    static final Variants<HashKey> HASH_KEY = hashKeys();

    static final Variants<LoadBalancer> LOAD_BALANCER = loadBalancers();

    static final ObjectType<ZonePreference, ZonePreference> ZONE_PREFERENCE = new ObjectType<
                    ZonePreference, ZonePreference>(
                    "ZonePreference",
                    "Whether and how far servers of the proxy's own zone are preferred within their tier.",
                    ZonePreference.ofDefaults(),
                    values -> ZonePreference.ofDefaults(),
                    one -> one)
            .optional(
                    "enabled", Types.BOOLEAN, ZonePreference::enabled, ZonePreference::withEnabled, "Whether they are.")
            .optional(
                    "trafficPercent",
                    Types.integer(0, 100),
                    ZonePreference::trafficPercent,
                    ZonePreference::withTrafficPercent,
                    "The share of all requests to the pool that comes through proxies of this zone; 0: the same for each"
                            + " zone.")
            .optional(
                    "minTargets",
                    Types.integer(1, 10_000),
                    ZonePreference::minTargets,
                    ZonePreference::withMinTargets,
                    "The least servers of its own zone that a tier must have for it.");

    private BalancerTypes() {}

    private static Variants<HashKey> hashKeys() {
        Variants<HashKey> table =
                new Variants<>("HashKey", "What consistent hashing and splits tell requests apart by.");
        table.add(
                HashKey.Header.class,
                new ObjectType<HashKey.Header, HashKey.Header>(
                                "header",
                                "The first header field of this name.",
                                new HashKey.Header(""),
                                values -> new HashKey.Header(values.text("name")),
                                one -> one)
                        .required("name", Syntax.TOKEN, HashKey.Header::name, "The name, regardless of case."));
        table.add(
                HashKey.Cookie.class,
                new ObjectType<HashKey.Cookie, HashKey.Cookie>(
                                "cookie",
                                "The first cookie of this name.",
                                new HashKey.Cookie(""),
                                values -> new HashKey.Cookie(values.text("name")),
                                one -> one)
                        .required("name", Syntax.TOKEN, HashKey.Cookie::name, "The name."));
        table.add(
                HashKey.Query.class,
                new ObjectType<HashKey.Query, HashKey.Query>(
                                "query",
                                "The first query parameter of this name, decoded.",
                                new HashKey.Query(""),
                                values -> new HashKey.Query(values.text("name")),
                                one -> one)
                        .required("name", Syntax.TEXT, HashKey.Query::name, "The parameter, decoded."));
        table.add(
                HashKey.ClientAddress.class,
                new ObjectType<>(
                        "clientAddress",
                        "The client's address; of an IPv6 address the first 64 bits.",
                        HashKey.ClientAddress.INSTANCE,
                        values -> HashKey.ClientAddress.INSTANCE,
                        one -> one));
        table.add(
                HashKey.Attribute.class,
                new ObjectType<HashKey.Attribute, HashKey.Attribute>(
                                "attribute",
                                "What middleware kept on the exchange under this key.",
                                new HashKey.Attribute(""),
                                values -> new HashKey.Attribute(values.text("key")),
                                one -> one)
                        .required("key", Syntax.TEXT, HashKey.Attribute::key, "The attribute's key."));
        return table;
    }

    private static Variants<LoadBalancer> loadBalancers() {
        Variants<LoadBalancer> table = new Variants<>("LoadBalancer", "How a server is chosen for a request.");
        strategy(
                table,
                "roundRobin",
                LoadBalancer.Strategy.ROUND_ROBIN,
                "Each target in turn; those of less weight are passed over in some rounds.");
        strategy(
                table,
                "weightedRoundRobin",
                LoadBalancer.Strategy.WEIGHTED_ROUND_ROBIN,
                "Each target in turn as often as its weight says, its turns spread evenly.");
        strategy(
                table,
                "leastRequests",
                LoadBalancer.Strategy.LEAST_REQUESTS,
                "The target with the fewest requests under way for its weight.");
        strategy(
                table,
                "powerOfTwoChoices",
                LoadBalancer.Strategy.POWER_OF_TWO_CHOICES,
                "Of two drawn at random the target with fewer requests under way for its weight.");
        strategy(table, "random", LoadBalancer.Strategy.RANDOM, "One at random, by weight.");
        strategy(
                table,
                "peakEwma",
                LoadBalancer.Strategy.PEAK_EWMA,
                "Of two drawn at random the target where an answer can be expected sooner, by latency and requests under"
                        + " way.");
        table.add(
                LoadBalancer.ConsistentHash.class,
                new ObjectType<LoadBalancer.ConsistentHash, LoadBalancer.ConsistentHash>(
                                "consistentHash",
                                "Equal keys to the same target, unless that is overloaded.",
                                LoadBalancer.consistentHash(HashKey.clientAddress()),
                                values -> LoadBalancer.consistentHash(HashKey.clientAddress()),
                                one -> one)
                        .requiredLater(
                                "keys",
                                Types.list(HASH_KEY, 1, false),
                                LoadBalancer.ConsistentHash::keys,
                                (one, keys) -> new LoadBalancer.ConsistentHash(keys, one.balanceFactor()),
                                "What is hashed: the first of these that the request has; one at random if it has none.")
                        .optional(
                                "balanceFactor",
                                Types.integer(0, 10_000),
                                LoadBalancer.ConsistentHash::balanceFactor,
                                LoadBalancer.ConsistentHash::withBalanceFactor,
                                "Requests under way to a target, in percent of its fair share, above which the next target"
                                        + " of the key is taken; 101 or more, or 0 for no bound.")
                        .rule((hash, place, context) -> {
                            String at = place + ".balanceFactor";
                            if (hash.balanceFactor() > 0 && hash.balanceFactor() <= 100 && !context.broken(at)) {
                                context.report(
                                        "OUT_OF_RANGE", at, String.valueOf(hash.balanceFactor()), "0, or 101 to 10000");
                            }
                        }));
        table.add(
                LoadBalancer.Ref.class,
                new ObjectType<LoadBalancer.Ref, LoadBalancer.Ref>(
                                "ref",
                                "A strategy that the program registered under a name.",
                                new LoadBalancer.Ref(""),
                                values -> new LoadBalancer.Ref(values.text("name")),
                                one -> one)
                        .required("name", Syntax.NAME, LoadBalancer.Ref::name, "The name it is registered under."));
        return table;
    }

    private static void strategy(
            Variants<LoadBalancer> table, String name, LoadBalancer.Strategy strategy, String doc) {
        table.add(
                LoadBalancer.Strategy.class,
                new ObjectType<>(name, doc, strategy, values -> strategy, one -> one),
                one -> one == strategy);
    }
}
