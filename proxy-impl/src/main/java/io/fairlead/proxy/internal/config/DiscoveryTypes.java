package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.discovery.TargetSource.DnsRecords;
import io.fairlead.proxy.internal.net.NameServers;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The part of the {@link Model} that tells where targets are found. */
final class DiscoveryTypes {

    private static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(1);
    private static final String LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
    private static final Pattern DNS_NAME = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
    private static final Pattern IPV4_LIKE = Pattern.compile("[0-9.]+");
    private static final Type<String> NAMED_URL = Types.text("URL", "^http://[^/?#@\\s]+$", DiscoveryTypes::namedUrl);
    private static final Type<String> SRV_NAME = Types.text("name", DiscoveryTypes::srvName);
    private static final Type<String> RESOLVER = Types.text("address with port", DiscoveryTypes::resolver);

    private static final Type<Duration> LOOKS = Types.duration(Duration.ofMillis(100));

    static final Variants<TargetSource> TARGET_SOURCE = new Variants<TargetSource>(
                    "TargetSource", "Where a pool finds servers beside those that are configured.")
            .add(
                    TargetSource.File.class,
                    new ObjectType<TargetSource.File, TargetSource.File>(
                                    "file",
                                    "In a file, as a JSON list or one URL a line, whose changes are noticed.",
                                    TargetSource.file(""),
                                    values -> TargetSource.file(values.text("path")),
                                    one -> one)
                            .required("path", Syntax.FILE_PATH, TargetSource.File::path, "The path of the file.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.File::refresh,
                                    TargetSource.File::refresh,
                                    "The pause between two looks at it."))
            .add(
                    TargetSource.Dns.class,
                    new ObjectType<TargetSource.Dns, TargetSource.Dns>(
                                    "dns",
                                    "All addresses of a name.",
                                    TargetSource.dns(""),
                                    values -> TargetSource.dns(values.text("url")),
                                    one -> one)
                            .required(
                                    "url",
                                    Syntax.TARGET_URL,
                                    TargetSource.Dns::url,
                                    "`http://host[:port]` with the name and the port of every target.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.Dns::refresh,
                                    TargetSource.Dns::refresh,
                                    "The pause between two lookups."))
            .add(
                    TargetSource.Registered.class,
                    new ObjectType<TargetSource.Registered, TargetSource.Registered>(
                                    "ref",
                                    "By code that the program registered.",
                                    TargetSource.ref(""),
                                    values -> TargetSource.ref(values.text("name")),
                                    one -> one)
                            .required(
                                    "name",
                                    Syntax.NAME,
                                    TargetSource.Registered::name,
                                    "The name it is registered under.")
                            .optional(
                                    "refresh",
                                    LOOKS,
                                    TargetSource.Registered::refresh,
                                    TargetSource.Registered::refresh,
                                    "The pause between two calls."))
            .add(
                    DnsRecords.class,
                    byRecords(
                            new ObjectType<DnsRecords, DnsRecords>(
                                            "dnsRecords",
                                            "The A and AAAA records of a name, asked for again when their TTL ends. Needs"
                                                    + " `dnsjava:dnsjava`.",
                                            TargetSource.dnsRecords("http://a"),
                                            values -> TargetSource.dnsRecords(values.text("url")),
                                            one -> one)
                                    .required(
                                            "url",
                                            NAMED_URL,
                                            DnsRecords::query,
                                            "`http://host[:port]` with the fully qualified name and the port of every target.")),
                    one -> one.kind() == DnsRecords.Kind.ADDRESSES)
            .add(
                    DnsRecords.class,
                    byRecords(new ObjectType<DnsRecords, DnsRecords>(
                                    "srv",
                                    "The SRV records of a name, asked for again when their TTL ends. Needs"
                                            + " `dnsjava:dnsjava`.",
                                    TargetSource.srv("a"),
                                    values -> TargetSource.srv(values.text("name")),
                                    one -> one)
                            .required(
                                    "name",
                                    SRV_NAME,
                                    DnsRecords::query,
                                    "The fully qualified name, such as `_http._tcp.catalog.example.com`.")),
                    one -> one.kind() == DnsRecords.Kind.SRV);

    private DiscoveryTypes() {}

    /** What both kinds of records have. */
    private static ObjectType<DnsRecords, DnsRecords> byRecords(ObjectType<DnsRecords, DnsRecords> type) {
        return type.optional(
                        "resolvers",
                        Types.list(RESOLVER, 0, true),
                        DnsRecords::resolvers,
                        DnsRecords::resolvers,
                        "Name servers as `address[:port]`, each asked if the one before does not answer; none: those of the"
                                + " system.")
                .optional(
                        "refresh",
                        LOOKS,
                        DnsRecords::refresh,
                        DnsRecords::refresh,
                        "The shortest pause between two looks, whatever the TTL, and the one after a failure.")
                .optional(
                        "maxRefresh",
                        LOOKS,
                        DnsRecords::maxRefresh,
                        DnsRecords::maxRefresh,
                        "The longest pause between two looks, whatever the TTL.")
                .optional(
                        "timeout",
                        Types.duration(Duration.ofMillis(1)),
                        DnsRecords::timeout,
                        DnsRecords::timeout,
                        "How long a name server may take for a query, at most 1 min.")
                .optional(
                        "maxTargets",
                        Types.integer(1, 4_096),
                        DnsRecords::maxTargets,
                        DnsRecords::maxTargets,
                        "How many servers are taken from an answer at most.")
                .rule(DiscoveryTypes::check);
    }

    private static void check(DnsRecords records, String place, Context context) {
        if (records.refresh().compareTo(records.maxRefresh()) > 0
                && !context.brokenWithin(Context.child(place, "refresh"))
                && !context.brokenWithin(Context.child(place, "maxRefresh"))) {
            context.report(
                    "OUT_OF_RANGE",
                    Context.child(place, "maxRefresh"),
                    Durations.format(records.maxRefresh()),
                    ">= refresh, " + Durations.format(records.refresh()));
        }
        if (records.timeout().compareTo(LONGEST_TIMEOUT) > 0) {
            context.report(
                    "OUT_OF_RANGE",
                    Context.child(place, "timeout"),
                    Durations.format(records.timeout()),
                    "<= " + Durations.format(LONGEST_TIMEOUT));
        }
    }

    private static @Nullable String namedUrl(String text) {
        String expectation = Syntax.TARGET_URL_RULE.expectation(text);
        if (expectation != null) {
            return expectation;
        }
        String authority = text.substring("http://".length());
        int colon = authority.indexOf(':');
        return srvName(colon < 0 ? authority : authority.substring(0, colon)) == null
                ? null
                : "http://host[:port] with a name, as an address has no records";
    }

    private static @Nullable String srvName(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        boolean fine = name.length() <= 253
                && DNS_NAME.matcher(name).matches()
                && !IPV4_LIKE.matcher(name).matches();
        return fine ? null : "a name such as _http._tcp.catalog.example.com";
    }

    /** Whether a text is a host name without a dot at its end, and no address. */
    static boolean isName(String text) {
        return text.length() <= 253
                && DNS_NAME.matcher(text).matches()
                && !IPV4_LIKE.matcher(text).matches();
    }

    private static @Nullable String resolver(String text) {
        return NameServers.parse(text) == null
                ? "an address such as 10.0.0.53, 127.0.0.1:5353 or [2001:db8::53]:53"
                : null;
    }
}
