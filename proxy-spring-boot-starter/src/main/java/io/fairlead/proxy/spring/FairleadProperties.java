package io.fairlead.proxy.spring;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The switches that belong to the starter. Every other {@code fairlead.*} property is part of the proxy's
 * configuration, which an application gets as an {@link io.fairlead.proxy.ProxyConfig} bean.
 *
 * @param enabled whether the starter does anything; default: true
 * @param name the name of the proxy in threads and logs; default: {@code proxy}
 * @param ioThreads the number of I/O threads; zero, the default, means one for each core
 */
@ConfigurationProperties("fairlead")
public record FairleadProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("proxy") String name,
        @DefaultValue("0") int ioThreads) {}
