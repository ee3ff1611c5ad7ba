package io.fairlead.proxy.internal.discovery;

import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.upstream.Target;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/** Makes a target of each address of a name. */
final class DnsFinder implements Finder {

    private final NameResolver.Lookup lookup;
    private final String host;
    private final String port;

    /** @param url valid */
    DnsFinder(String url, NameResolver.Lookup lookup) {
        URI parsed = URI.create(url);
        this.host = parsed.getHost();
        this.port = parsed.getPort() < 0 ? "" : ":" + parsed.getPort();
        this.lookup = lookup;
    }

    @Override
    public List<Target> find() throws UnknownHostException {
        // In an order of its own: name servers rotate their answers.
        return Arrays.stream(lookup.lookup(host))
                .map(DnsFinder::literal)
                .distinct()
                .sorted()
                .map(address -> Target.of("http://" + address + port))
                .toList();
    }

    /** As it stands in a URL. */
    static String literal(InetAddress address) {
        String text = address.getHostAddress();
        if (!(address instanceof Inet6Address)) {
            return text;
        }
        // A scope is of this machine, and URLs have no place for it.
        int scope = text.indexOf('%');
        return "[" + (scope < 0 ? text : text.substring(0, scope)) + "]";
    }
}
