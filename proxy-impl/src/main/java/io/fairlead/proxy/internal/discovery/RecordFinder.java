package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.discovery.TargetSource.DnsRecords;
import io.fairlead.proxy.internal.discovery.DnsClient.Answer;
import io.fairlead.proxy.internal.discovery.DnsClient.ServersFailed;
import io.fairlead.proxy.internal.net.NameServers;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Makes targets of DNS records, and looks again when their TTL is over. Only this class and {@link DnsClient} see dnsjava, and
 * they are loaded with the first source that needs them.
 */
final class RecordFinder implements Finder {

    private static final Logger LOG = LoggerFactory.getLogger(RecordFinder.class);

    /** How much rarer than its peers a server of SRV weight 0 is asked, where their weights leave room for it. */
    private static final int RARELY = 100;

    private static final int MAX_WEIGHT = 65_535;
    private static final int MAX_PRIORITY = 127;

    private final DnsRecords source;
    private final DnsClient client;
    private final Name name;
    private final String port;
    private final Map<Integer, List<InetAddress>> lastOfType = new HashMap<>();
    private final Map<Name, Map<Integer, List<InetAddress>>> lastOfHost = new HashMap<>();
    private List<InetSocketAddress> servers;
    private long pauseNanos;
    private int cutFrom;

    /** @param source valid */
    RecordFinder(DnsRecords source) throws TextParseException {
        this.source = source;
        this.client = new DnsClient(this::servers, (int) source.timeout().toMillis());
        this.servers = source.resolvers().stream()
                .map(text -> Objects.requireNonNull(NameServers.parse(text)))
                .toList();
        if (source.kind() == DnsRecords.Kind.SRV) {
            this.name = absolute(source.query());
            this.port = "";
        } else {
            URI url = URI.create(source.query());
            String authority = url.getRawAuthority();
            int colon = authority.indexOf(':');
            this.name = absolute(colon < 0 ? authority : authority.substring(0, colon));
            this.port = colon < 0 ? "" : authority.substring(colon);
        }
        this.pauseNanos = source.refresh().toNanos();
    }

    private static Name absolute(String text) throws TextParseException {
        return Name.fromString(text, Name.root);
    }

    /** Those of the system are read again after a failure: a laptop changes its network. */
    private List<InetSocketAddress> servers() {
        if (servers.isEmpty()) {
            servers = new ResolverConfig().servers();
        }
        return servers;
    }

    @Override
    public long pauseNanos(long refreshNanos) {
        return pauseNanos;
    }

    @Override
    public List<Target> find() throws IOException {
        pauseNanos = source.refresh().toNanos();
        try {
            Found found = source.kind() == DnsRecords.Kind.SRV ? services() : addresses();
            pauseNanos = pause(found.ttlSeconds());
            return cut(found.targets());
        } catch (IOException e) {
            if (source.resolvers().isEmpty()) {
                servers = List.of();
            }
            throw e;
        }
    }

    private long pause(long ttlSeconds) {
        long least = source.refresh().toNanos();
        return Math.max(least, Math.min(source.maxRefresh().toNanos(), TimeUnit.SECONDS.toNanos(ttlSeconds)));
    }

    private List<Target> cut(List<Target> targets) {
        int count = targets.size();
        if (count <= source.maxTargets()) {
            cutFrom = 0;
            return targets;
        }
        if (cutFrom != count) {
            cutFrom = count;
            LOG.warn("{} has {} targets or more; {} are used, as maxTargets says", name, count, source.maxTargets());
        }
        return targets.subList(0, source.maxTargets());
    }

    /** Targets in the order of their priorities and URLs, because servers rotate their answers. */
    private record Found(List<Target> targets, long ttlSeconds) {}

    // ---- addresses

    private Found addresses() throws IOException {
        Resolved resolved = resolve(name, lastOfType);
        List<Target> targets = resolved.addresses().stream()
                .map(address -> "http://" + DnsFinder.literal(address) + port)
                .distinct()
                .sorted()
                .map(Target::of)
                .toList();
        return new Found(targets, resolved.ttlSeconds());
    }

    private static final class NoAddress extends IOException {
        private static final long serialVersionUID = 1;

        NoAddress(String reason) {
            super(reason);
        }
    }

    private record Resolved(List<InetAddress> addresses, long ttlSeconds) {}

    /**
     * All IPv4 and IPv6 addresses. Of a family that no server can tell of the last known ones stay, so that a server which
     * stumbles over AAAA takes nothing away.
     */
    private Resolved resolve(Name host, Map<Integer, List<InetAddress>> known) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        long ttl = Long.MAX_VALUE;
        ServersFailed failure = null;
        boolean told = false;
        boolean exists = true;
        for (int type : new int[] {Type.A, Type.AAAA}) {
            try {
                Answer answer = client.ask(host, type);
                List<InetAddress> found = addresses(answer.records());
                known.put(type, found);
                addresses.addAll(found);
                exists &= answer.exists();
                if (!found.isEmpty()) {
                    told = true;
                    ttl = Math.min(ttl, answer.ttlSeconds());
                }
            } catch (ServersFailed e) {
                addresses.addAll(known.getOrDefault(type, List.of()));
                failure = e;
            }
        }
        if (told) {
            if (failure != null) {
                LOG.debug("only one kind of address is known anew", failure);
            }
            return new Resolved(addresses, ttl);
        }
        if (failure != null) {
            throw failure;
        }
        throw new NoAddress(host.toString(true) + (exists ? " has no address records" : " does not exist"));
    }

    private static List<InetAddress> addresses(List<Record> records) {
        List<InetAddress> addresses = new ArrayList<>();
        for (Record one : records) {
            if (one instanceof ARecord four) {
                addresses.add(four.getAddress());
            } else if (one instanceof AAAARecord six) {
                addresses.add(six.getAddress());
            }
        }
        return addresses;
    }

    // ---- services

    private Found services() throws IOException {
        Answer answer = client.ask(name, Type.SRV);
        List<SRVRecord> records = new ArrayList<>();
        for (Record one : answer.records()) {
            SRVRecord service = (SRVRecord) one;
            // RFC 2782: "." means that the service is decidedly not available.
            if (!service.getTarget().equals(Name.root)) {
                records.add(service);
            }
        }
        if (records.isEmpty()) {
            String what = !answer.exists()
                    ? " does not exist"
                    : answer.records().isEmpty() ? " has no SRV records" : " says that there is no such service";
            throw new IOException(name.toString(true) + what);
        }
        lastOfHost.keySet().retainAll(records.stream().map(SRVRecord::getTarget).toList());
        long ttl = answer.ttlSeconds();
        Map<String, Target> targets = new LinkedHashMap<>();
        IOException nowhere = null;
        int rank = 0;
        for (List<SRVRecord> tier : tiers(records).values()) {
            int[] weights = weights(tier.stream().mapToInt(SRVRecord::getWeight).toArray());
            for (int i = 0; i < tier.size(); i++) {
                SRVRecord one = tier.get(i);
                if (targets.size() > source.maxTargets()) {
                    // One too many, so that it is told; an answer of thousands must not become as many queries.
                    return new Found(List.copyOf(targets.values()), ttl);
                }
                try {
                    Resolved hosts = source.resolvers().isEmpty() ? null : resolve(one, answer);
                    for (String host : hosts == null ? List.of(host(one)) : literals(hosts)) {
                        String url = "http://" + host + ":" + one.getPort();
                        targets.putIfAbsent(url, target(url, rank, weights[i]));
                    }
                    ttl = hosts == null ? ttl : Math.min(ttl, hosts.ttlSeconds());
                } catch (NoAddress e) {
                    // One record that leads nowhere does not take the others away.
                    LOG.debug("{} leads nowhere", one, e);
                    nowhere = e;
                }
            }
            rank++;
        }
        if (targets.isEmpty() && nowhere != null) {
            throw nowhere;
        }
        return new Found(List.copyOf(targets.values()), ttl);
    }

    private static Target target(String url, int rank, int weight) {
        return Target.builder(url)
                .weight(weight)
                .priority(Math.min(rank, MAX_PRIORITY))
                .build();
    }

    private static String host(SRVRecord service) {
        return service.getTarget().toString(true).toLowerCase(Locale.ROOT);
    }

    private static List<String> literals(Resolved hosts) {
        return hosts.addresses().stream().map(DnsFinder::literal).sorted().toList();
    }

    private static Map<Integer, List<SRVRecord>> tiers(List<SRVRecord> records) {
        records.sort(Comparator.comparing(RecordFinder::host)
                .thenComparingInt(SRVRecord::getPort)
                .thenComparing(Comparator.comparingInt(SRVRecord::getWeight).reversed()));
        Map<Integer, List<SRVRecord>> tiers = new TreeMap<>();
        for (SRVRecord one : records) {
            tiers.computeIfAbsent(one.getPriority(), priority -> new ArrayList<>())
                    .add(one);
        }
        return tiers;
    }

    /**
     * The weights of the targets of one priority. In SRV 0 means rarely, and all 0 means alike; here 0 would drain.
     */
    static int[] weights(int[] srv) {
        int most = 0;
        boolean rare = false;
        for (int weight : srv) {
            most = Math.max(most, weight);
            rare |= weight == 0;
        }
        int factor = rare && most > 0 ? Math.max(1, Math.min(RARELY, MAX_WEIGHT / most)) : 1;
        int[] weights = new int[srv.length];
        for (int i = 0; i < srv.length; i++) {
            weights[i] = srv[i] == 0 ? 1 : srv[i] * factor;
        }
        return weights;
    }

    /** What the server told of a host beside its record, or says when it is asked. */
    private Resolved resolve(SRVRecord service, Answer answer) throws IOException {
        List<InetAddress> told = new ArrayList<>();
        long ttl = Long.MAX_VALUE;
        for (Record one : answer.additional()) {
            List<InetAddress> address = addresses(List.of(one));
            if (one.getName().equals(service.getTarget()) && !address.isEmpty()) {
                told.addAll(address);
                ttl = Math.min(ttl, DnsClient.ttl(one));
            }
        }
        return told.isEmpty()
                ? resolve(service.getTarget(), lastOfHost.computeIfAbsent(service.getTarget(), host -> new HashMap<>()))
                : new Resolved(told, ttl);
    }
}
