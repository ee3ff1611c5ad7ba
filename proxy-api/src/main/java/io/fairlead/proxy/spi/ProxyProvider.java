package io.fairlead.proxy.spi;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;

/** The engine behind the API, found with {@link ServiceLoader}. Users never call it. */
public interface ProxyProvider {

    /** Builds a proxy of a valid configuration; throws {@code ConfigurationException} otherwise. */
    ReverseProxy create(ProxyConfig config, Registrations registrations);

    /** Reads JSON; throws {@code ConfigurationException} when the text does not fit. */
    ProxyConfig fromJson(String json);

    /** Writes JSON. */
    String toJson(ProxyConfig config);

    /** All problems of a configuration. References to registered code are not checked. */
    List<Problem> validate(ProxyConfig config);

    /** A line for each difference. */
    List<String> diff(ProxyConfig from, ProxyConfig to);

    /**
     * Finds the engine: first with the class loader that has the API, then with the thread's context class loader, so
     * that it works in a fat jar and from a pool's thread alike.
     *
     * @throws IllegalStateException if there is none
     */
    static ProxyProvider load() {
        Iterator<ProxyProvider> own = ServiceLoader.load(ProxyProvider.class, ProxyProvider.class.getClassLoader())
                .iterator();
        if (own.hasNext()) {
            return own.next();
        }
        Iterator<ProxyProvider> context =
                ServiceLoader.load(ProxyProvider.class).iterator();
        if (context.hasNext()) {
            return context.next();
        }
        throw new IllegalStateException("no proxy engine found: add the dependency io.fairlead:fairlead-proxy-impl");
    }
}
