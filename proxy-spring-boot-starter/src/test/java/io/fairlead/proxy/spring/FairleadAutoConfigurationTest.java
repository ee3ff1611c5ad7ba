package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.LifecycleListener;
import io.fairlead.proxy.observe.TargetStatus;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

class FairleadAutoConfigurationTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(FairleadAutoConfiguration.class));

    private static HttpResponse<String> get(ReverseProxy proxy, String target) {
        try {
            URI uri = URI.create("http://127.0.0.1:" + proxy.port() + target);
            return CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private ApplicationContextRunner withHello() {
        return runner.withPropertyValues(
                "fairlead.listeners[0].host=127.0.0.1",
                "fairlead.listeners[0].port=0",
                "fairlead.routes.hello.respond.status=200",
                "fairlead.routes.hello.respond.body=hello");
    }

    @Test
    void nothingAboutAProxy_startsNothing() {
        runner.run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(ReverseProxy.class)
                .doesNotHaveBean(ProxyConfig.class)
                .doesNotHaveBean(ReverseProxyLifecycle.class));
    }

    @Test
    void middlewareBeanAlone_startsNothing() {
        runner.withBean(Middleware.class, () -> (exchange, chain) -> chain.proceed(exchange))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ReverseProxy.class));
    }

    @Test
    void properties_startAProxy() {
        withHello().run(context -> {
            ReverseProxy proxy = context.getBean(ReverseProxy.class);
            assertThat(get(proxy, "/").body()).isEqualTo("hello");
            assertThat(context.getBean(ProxyConfig.class).routes())
                    .extracting(Route::id)
                    .containsExactly("hello");
        });
    }

    @Test
    void rateLimitOfARoute_limits() {
        withHello()
                .withPropertyValues(
                        "fairlead.routes.hello.middleware[0].type=rate-limit",
                        "fairlead.routes.hello.middleware[0].limits[0].permits=1",
                        "fairlead.routes.hello.middleware[0].limits[0].period=1h",
                        "fairlead.routes.hello.middleware[0].by=client-address")
                .run(context -> {
                    ReverseProxy proxy = context.getBean(ReverseProxy.class);
                    assertThat(get(proxy, "/").statusCode()).isEqualTo(200);
                    HttpResponse<String> refused = get(proxy, "/");
                    assertThat(refused.statusCode()).isEqualTo(429);
                    assertThat(refused.headers().firstValue("Retry-After")).contains("3600");
                });
    }

    @Test
    void rateLimitByAVariableThatIsNotCaptured_namesTheProperty() {
        withHello()
                .withPropertyValues(
                        "fairlead.routes.hello.middleware[0].type=rate-limit",
                        "fairlead.routes.hello.middleware[0].limits[0].permits=1",
                        "fairlead.routes.hello.middleware[0].limits[0].period=1h",
                        "fairlead.routes.hello.middleware[0].by[0].type=path-variable",
                        "fairlead.routes.hello.middleware[0].by[0].name=id")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasMessageContaining("fairlead.routes.hello.middleware[0].by[0].name: \"id\""));
    }

    /** They were left out, and a reference to them was reported as unknown. */
    @Test
    void discoveryAndRateLimitStoreBeans_areReferredToByTheirNames() {
        List<String> opened = new CopyOnWriteArrayList<>();
        withHello()
                .withBean("registry", TargetDiscovery.class, () -> () -> List.of(Target.of("http://127.0.0.1:1")))
                .withBean("fleet", RateLimitStore.class, () -> (name, rateLimit) -> {
                    opened.add(name);
                    return (key, detailed) -> RateLimitDecision.permit();
                })
                .withPropertyValues(
                        "fairlead.pools.found.target-source.type=ref",
                        "fairlead.pools.found.target-source.name=registry",
                        "fairlead.routes.hello.middleware[0].type=rate-limit",
                        "fairlead.routes.hello.middleware[0].limits[0].permits=1",
                        "fairlead.routes.hello.middleware[0].limits[0].period=1h",
                        "fairlead.routes.hello.middleware[0].store=fleet")
                .run(context -> {
                    ReverseProxy proxy = context.getBean(ReverseProxy.class);
                    assertThat(get(proxy, "/").statusCode()).isEqualTo(200);
                    assertThat(get(proxy, "/").statusCode()).isEqualTo(200);
                    assertThat(opened).hasSize(1);
                    assertThat(proxy.pools().get(0).targets())
                            .extracting(TargetStatus::url)
                            .containsExactly("http://127.0.0.1:1");
                });
    }

    @Test
    void switchedOff_startsNothing() {
        withHello()
                .withPropertyValues("fairlead.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ReverseProxy.class));
    }

    @Test
    void closedContext_freesThePort() {
        int[] port = new int[1];
        withHello().run(context -> port[0] = context.getBean(ReverseProxy.class).port());
        assertThat(isFree(port[0])).isTrue();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (java.io.IOException e) {
            return false;
        }
    }

    @Test
    void nameAndThreads_areThoseOfTheProperties() {
        withHello()
                .withPropertyValues("fairlead.name=edge", "fairlead.io-threads=1")
                .run(context -> {
                    get(context.getBean(ReverseProxy.class), "/");
                    assertThat(Thread.getAllStackTraces().keySet())
                            .extracting(Thread::getName)
                            .contains("fairlead-edge-io-1")
                            .doesNotContain("fairlead-edge-io-2");
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class Beans {
        final List<String> heard = new CopyOnWriteArrayList<>();

        @Bean
        Listener local() {
            return Listener.http("127.0.0.1", 0);
        }

        @Bean
        Upstream greeter() {
            return Upstream.handler(request -> Response.of(
                    200, "greeted " + request.headers().first("X-Seen").orElse("-")));
        }

        @Bean
        UpstreamPool unused() {
            return UpstreamPool.of("spare", "http://127.0.0.1:1");
        }

        @Bean
        Middleware stamp() {
            return (exchange, chain) -> chain.proceed(exchange).thenApply(response -> response.header("X-Stamp", "1"));
        }

        @Bean
        @Order(2)
        Route rest() {
            return Route.builder("rest").respond(200, "rest").build();
        }

        @Bean
        @Order(1)
        Route greet() {
            return Route.builder("greet")
                    .match(Match.path("/greet"))
                    .middleware(Middleware.ref("stamp"))
                    .to(Upstream.ref("greeter"))
                    .build();
        }

        @Bean
        ExchangeListener exchanges() {
            return record -> heard.add("exchange");
        }

        @Bean
        LifecycleListener life() {
            return event -> heard.add(event.name());
        }

        @Bean
        ReverseProxyCustomizer noVia() {
            return builder -> builder.via(false);
        }
    }

    @Test
    void beans_arePickedUp() {
        AtomicReference<List<String>> heard = new AtomicReference<>();
        runner.withUserConfiguration(Beans.class).run(context -> {
            heard.set(context.getBean(Beans.class).heard);
            ReverseProxy proxy = context.getBean(ReverseProxy.class);
            HttpResponse<String> greeted = get(proxy, "/greet");
            assertThat(greeted.body()).isEqualTo("greeted -");
            assertThat(greeted.headers().firstValue("X-Stamp")).contains("1");
            assertThat(greeted.headers().firstValue("Via")).isEmpty();
            assertThat(get(proxy, "/else").body()).isEqualTo("rest");
            assertThat(proxy.config().pools()).extracting(UpstreamPool::name).containsExactly("spare");
            assertThat(proxy.config().routes()).extracting(Route::id).containsExactly("greet", "rest");
        });
        assertThat(heard.get())
                .startsWith("STARTED")
                .contains("exchange", "DRAINING")
                .endsWith("STOPPED");
    }

    @Test
    void propertiesAndBeans_addUp() {
        withHello()
                .withPropertyValues("fairlead.routes.hello.match.path=/hello", "fairlead.middleware=stamp")
                .withUserConfiguration(Beans.class)
                .run(context -> {
                    ReverseProxy proxy = context.getBean(ReverseProxy.class);
                    assertThat(proxy.addresses()).hasSize(2);
                    assertThat(proxy.config().routes()).extracting(Route::id).containsExactly("hello", "greet", "rest");
                    assertThat(get(proxy, "/hello").headers().firstValue("X-Stamp"))
                            .contains("1");
                });
    }

    @Test
    void ownProxy_takesThePlaceOfOurs() {
        ReverseProxy own = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("own").respond(200, "own").build())
                .build();
        withHello().withBean("own", ReverseProxy.class, () -> own).run(context -> {
            assertThat(context).hasSingleBean(ReverseProxy.class);
            assertThat(get(own, "/").body()).isEqualTo("own");
        });
        assertThat(own.addresses()).isEmpty();
    }

    @Test
    void ownProxyWithoutProperties_isStartedAndStopped() {
        ReverseProxy own = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("own").respond(200, "own").build())
                .build();
        runner.withBean(ReverseProxy.class, () -> own)
                .run(context -> assertThat(get(own, "/").body()).isEqualTo("own"));
        assertThat(own.addresses()).isEmpty();
    }

    @Test
    void ownConfig_takesThePlaceOfTheProperties() {
        ProxyConfig own = ProxyConfig.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("own").respond(200, "own").build())
                .build();
        withHello().withBean(ProxyConfig.class, () -> own).run(context -> {
            assertThat(get(context.getBean(ReverseProxy.class), "/").body()).isEqualTo("own");
        });
    }

    @Test
    void problemsOfTheWhole_nameTheProperties() {
        withHello()
                .withPropertyValues("fairlead.routes.lost.to=nowhere", "fairlead.routes.lost.middleware=absent")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasMessageContaining("fairlead.routes.lost.to")
                        .hasMessageContaining("fairlead.routes.lost.middleware: \"absent\""));
    }

    @Test
    void problemOfABean_namesTheBean() {
        withHello()
                .withBean(
                        "lost",
                        Route.class,
                        () -> Route.builder("lost")
                                .match(Match.path("/lost"))
                                .to(Upstream.ref("nowhere"))
                                .build())
                .run(context -> assertThat(context).getFailure().hasMessageContaining("Route bean 'lost'.to"));
    }

    @Test
    void noListener_isAProblem() {
        runner.withPropertyValues("fairlead.routes.hello.respond.status=200")
                .run(context ->
                        assertThat(context).getFailure().hasMessageContaining("fairlead.listeners: no listener"));
    }

    @Test
    void portInUse_isToldWithTheAddress() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            withHello()
                    .withPropertyValues("fairlead.listeners[0].port=" + taken.getLocalPort())
                    .run(context -> {
                        Throwable failure = context.getStartupFailure();
                        assertThat(failure).hasStackTraceContaining("ListenerNotBoundException");
                        assertThat(new ListenerNotBoundFailureAnalyzer()
                                        .analyze(failure)
                                        .getDescription())
                                .contains("cannot listen on 127.0.0.1:" + taken.getLocalPort());
                    });
        }
    }
}
