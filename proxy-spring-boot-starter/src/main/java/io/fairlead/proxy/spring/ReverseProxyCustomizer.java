package io.fairlead.proxy.spring;

import io.fairlead.proxy.ReverseProxy;

/**
 * A bean that changes the auto-configured proxy before it is built. Properties and other beans were applied before;
 * several customizers run in their order ({@code @Order}).
 */
@FunctionalInterface
public interface ReverseProxyCustomizer {

    /** Changes what will be built. */
    void customize(ReverseProxy.Builder builder);
}
