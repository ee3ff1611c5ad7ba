package io.fairlead.proxy.spring;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.balancer.TargetPickerFactory;
import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.TargetListener;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/**
 * Runs a proxy in a Spring Boot application, on a port of its own, from {@code fairlead.*} properties and beans.
 *
 * <p>Without any such property and without a {@link Route} or {@link ReverseProxy} bean it does nothing. Beans that are
 * picked up: {@link Listener}, {@link UpstreamPool}, {@link Route}, {@link ExchangeListener},
 * {@link LifecycleListener}, {@link TargetListener} and {@link ReverseProxyCustomizer}; {@link Middleware}, functional
 * {@link Upstream}, {@link TargetPickerFactory}, {@link TargetDiscovery} and {@link RateLimitStore} beans are registered
 * under the bean's name, for what refers to it. The {@link ProxyConfig}, the {@link ReverseProxy}
 * and the {@link ReverseProxyLifecycle} give way to beans of the application.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "fairlead.enabled", matchIfMissing = true)
@Import(ReverseProxyConfiguration.class)
public final class FairleadAutoConfiguration {

    /** The life of all proxies of the application, whoever made them. */
    @Bean
    @ConditionalOnBean(ReverseProxy.class)
    @ConditionalOnMissingBean
    ReverseProxyLifecycle fairleadReverseProxyLifecycle(ObjectProvider<ReverseProxy> proxies) {
        return new ReverseProxyLifecycle(proxies.orderedStream().toList());
    }
}
