/** The public types of Fairlead, an embeddable reverse proxy. */
module io.fairlead.proxy {
    requires static transitive org.jspecify;

    exports io.fairlead.proxy;
    exports io.fairlead.proxy.balancer;
    exports io.fairlead.proxy.discovery;
    exports io.fairlead.proxy.exchange;
    exports io.fairlead.proxy.health;
    exports io.fairlead.proxy.http;
    exports io.fairlead.proxy.listener;
    exports io.fairlead.proxy.middleware;
    exports io.fairlead.proxy.observe;
    exports io.fairlead.proxy.ratelimit;
    exports io.fairlead.proxy.resilience;
    exports io.fairlead.proxy.route;
    exports io.fairlead.proxy.spi;
    exports io.fairlead.proxy.tls;
    exports io.fairlead.proxy.traffic;
    exports io.fairlead.proxy.transform;
    exports io.fairlead.proxy.upstream;

    uses io.fairlead.proxy.spi.ProxyProvider;
}
