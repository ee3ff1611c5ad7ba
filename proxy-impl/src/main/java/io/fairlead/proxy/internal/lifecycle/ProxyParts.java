package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.spi.Registrations;

/**
 * What a proxy is made of, for who runs it by other means than {@link ReverseProxy#start()}.
 *
 * @param config valid
 * @param registrations the code that the configuration refers to
 */
public record ProxyParts(ProxyConfig config, Registrations registrations) {

    /** The parts of a proxy that was built and not started; it holds no thread and no socket, and may be dropped. */
    public static ProxyParts of(ReverseProxy built) {
        if (!(built instanceof EngineProxy proxy)) {
            throw new IllegalArgumentException(
                    "not a proxy of this engine: " + built.getClass().getName());
        }
        return new ProxyParts(proxy.config(), proxy.registrations());
    }
}
