package io.fairlead.proxy.spring;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
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
import io.fairlead.proxy.upstream.HandlerUpstream;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The proxy, from properties and beans. Not nested in its importer, whose condition must be asked after these beans are known. */
@Configuration(proxyBeanMethods = false)
@Conditional(OnProxyConfiguredCondition.class)
@EnableConfigurationProperties(FairleadProperties.class)
class ReverseProxyConfiguration {
    private PropertyPlaces places = new PropertyPlaces();

    @Bean
    @ConditionalOnMissingBean
    ProxyConfig fairleadProxyConfig(Environment environment) {
        PropertyReader reader = new PropertyReader(environment);
        ProxyConfig config = reader.read();
        places = reader.places();
        return config;
    }

    @Bean
    @ConditionalOnMissingBean
    ReverseProxy fairleadReverseProxy(
            ProxyConfig config,
            FairleadProperties properties,
            ListableBeanFactory beans,
            ObjectProvider<ExchangeListener> exchangeListeners,
            ObjectProvider<LifecycleListener> lifecycleListeners,
            ObjectProvider<TargetListener> targetListeners,
            ObjectProvider<ReverseProxyCustomizer> customizers) {
        ReverseProxy.Builder builder =
                ReverseProxy.builder().config(config).name(properties.name()).ioThreads(properties.ioThreads());
        beans.getBeansOfType(Middleware.class).forEach(builder::register);
        beans.getBeansOfType(TargetPickerFactory.class).forEach(builder::register);
        beans.getBeansOfType(TargetDiscovery.class).forEach(builder::register);
        beans.getBeansOfType(RateLimitStore.class).forEach(builder::registerRateLimitStore);
        int pools = config.pools().size();
        for (Map.Entry<String, Upstream> upstream :
                beans.getBeansOfType(Upstream.class).entrySet()) {
            if (upstream.getValue() instanceof UpstreamPool pool) {
                builder.pool(pool);
                if (!config.pools().contains(pool)) {
                    bean("pools", pools++, "UpstreamPool", upstream.getKey());
                }
            } else if (upstream.getValue() instanceof HandlerUpstream handler) {
                builder.register(upstream.getKey(), handler);
            }
        }
        addInOrder(beans, Listener.class, "listeners", config.listeners().size(), builder::listener);
        addInOrder(beans, Route.class, "routes", config.routes().size(), builder::route);
        exchangeListeners.orderedStream().forEach(builder::onExchange);
        lifecycleListeners.orderedStream().forEach(builder::onLifecycle);
        targetListeners.orderedStream().forEach(builder::onTarget);
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        return build(builder);
    }

    private <T> void addInOrder(ListableBeanFactory beans, Class<T> type, String list, int given, Consumer<T> add) {
        Map<String, T> byName = beans.getBeansOfType(type);
        int index = given;
        for (T bean : beans.getBeanProvider(type).orderedStream().toList()) {
            add.accept(bean);
            for (Map.Entry<String, T> one : byName.entrySet()) {
                if (one.getValue() == bean) {
                    bean(list, index, type.getSimpleName(), one.getKey());
                }
            }
            index++;
        }
    }

    private void bean(String list, int index, String type, String name) {
        places.put(list + "[" + index + "]", type + " bean '" + name + "'");
    }

    /** A proxy that listens nowhere is right when it is mounted in another server, but of no use here. */
    private ReverseProxy build(ReverseProxy.Builder builder) {
        try {
            ReverseProxy proxy = builder.build();
            if (proxy.config().listeners().isEmpty()) {
                proxy.close();
                Problem missing = new Problem(
                        "MISSING", "listeners", "no listener", "at least one, such as fairlead.listeners[0].port=8080");
                throw new ConfigurationException(List.of(missing));
            }
            return proxy;
        } catch (ConfigurationException e) {
            throw places.translate(e);
        }
    }
}
