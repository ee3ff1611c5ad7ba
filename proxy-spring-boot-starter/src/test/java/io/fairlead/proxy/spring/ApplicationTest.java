package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.tomcat.autoconfigure.reactive.TomcatReactiveWebServerAutoConfiguration;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Whole applications of each kind, with the proxy found through auto-configuration. */
@ExtendWith(OutputCaptureExtension.class)
class ApplicationTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String[] PROXY = {
        "--spring.main.banner-mode=off",
        "--fairlead.listeners[0].host=127.0.0.1",
        "--fairlead.listeners[0].port=0",
        "--fairlead.routes.hello.match.path=/proxy",
        "--fairlead.routes.hello.respond.status=200",
        "--fairlead.routes.hello.respond.body=from the proxy"
    };

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    @SpringBootApplication
    @RestController
    static class WebApplication {
        static volatile CountDownLatch entered = new CountDownLatch(1);
        static volatile CompletableFuture<String> answer = new CompletableFuture<>();

        @GetMapping("/app")
        String app() {
            return "from the application";
        }

        @GetMapping("/slow")
        CompletableFuture<String> slow() {
            entered.countDown();
            return answer;
        }
    }

    /** Servers that applications run on; the test class path has all of them, so the one that is not meant is left out. */
    enum Server {
        TOMCAT_WITH_WEBMVC(WebApplicationType.SERVLET, TomcatWebServer.class, ""),
        TOMCAT_WITH_WEBFLUX(
                WebApplicationType.REACTIVE,
                TomcatWebServer.class,
                NettyReactiveWebServerAutoConfiguration.class.getName()),
        /** What Spring Boot takes for WebFlux unless told otherwise. */
        NETTY_WITH_WEBFLUX(
                WebApplicationType.REACTIVE,
                NettyWebServer.class,
                TomcatReactiveWebServerAutoConfiguration.class.getName());

        private final WebApplicationType type;
        private final Class<? extends WebServer> kind;
        private final String leftOut;

        Server(WebApplicationType type, Class<? extends WebServer> kind, String leftOut) {
            this.type = type;
            this.kind = kind;
            this.leftOut = leftOut;
        }

        ConfigurableApplicationContext run(String... more) {
            String[] arguments = Stream.concat(Stream.of("--spring.autoconfigure.exclude=" + leftOut), Stream.of(more))
                    .toArray(String[]::new);
            ConfigurableApplicationContext context = ApplicationTest.run(WebApplication.class, type, arguments);
            assertThat(((WebServerApplicationContext) context).getWebServer()).isInstanceOf(kind);
            return context;
        }
    }

    private static ConfigurableApplicationContext run(Class<?> application, WebApplicationType type, String... more) {
        String[] arguments =
                Stream.concat(Arrays.stream(PROXY), Arrays.stream(more)).toArray(String[]::new);
        return new SpringApplicationBuilder(application)
                .web(type)
                .registerShutdownHook(false)
                .run(arguments);
    }

    private static String get(int port, String target) throws Exception {
        return CLIENT.send(request(port, target), BodyHandlers.ofString()).body();
    }

    private static HttpRequest request(int port, String target) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
                .build();
    }

    @Test
    void withoutWeb_runsTheProxy() throws Exception {
        try (ConfigurableApplicationContext context = run(Application.class, WebApplicationType.NONE)) {
            assertThat(get(context.getBean(ReverseProxy.class).port(), "/proxy"))
                    .isEqualTo("from the proxy");
        }
    }

    @ParameterizedTest
    @EnumSource
    void withWeb_runsTheProxyBesideTheApplication(Server server) throws Exception {
        try (ConfigurableApplicationContext context = server.run("--server.port=0")) {
            int application = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            int proxy = context.getBean(ReverseProxy.class).port();
            assertThat(proxy).isNotEqualTo(application);
            assertThat(get(application, "/app")).isEqualTo("from the application");
            assertThat(get(proxy, "/proxy")).isEqualTo("from the proxy");
        }
    }

    /** Such a thread has the system's class loader as its context, which knows nothing of a fat jar or a deployment. */
    @Test
    void askedFromAForkJoinThread_findsTheEngine() throws Exception {
        try (ConfigurableApplicationContext context = run(Application.class, WebApplicationType.NONE)) {
            ProxyConfig config = context.getBean(ProxyConfig.class);
            String json = CompletableFuture.supplyAsync(config::toJson, new ForkJoinPool(1))
                    .get(30, TimeUnit.SECONDS);
            assertThat(json).contains("from the proxy");
        }
    }

    /** The proxy stops first, and only when its exchanges are over: so the application still answers what was forwarded. */
    @ParameterizedTest
    @EnumSource
    void exchangeInFlight_isFinishedBeforeTheApplicationStops(Server server) throws Exception {
        WebApplication.entered = new CountDownLatch(1);
        WebApplication.answer = new CompletableFuture<>();
        int port = freePort();
        ConfigurableApplicationContext context = server.run(
                "--server.port=" + port,
                "--server.shutdown=immediate",
                "--fairlead.pools.self.targets=http://127.0.0.1:" + port,
                "--fairlead.routes.self.to=self");
        int proxy = context.getBean(ReverseProxy.class).port();
        CompletableFuture<HttpResponse<String>> answer =
                CLIENT.sendAsync(request(proxy, "/slow"), BodyHandlers.ofString());
        assertThat(WebApplication.entered.await(30, TimeUnit.SECONDS)).isTrue();

        CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
        awaitClosedListener(proxy);
        assertThat(closed).isNotDone();
        WebApplication.answer.complete("slow");

        assertThat(answer.get(30, TimeUnit.SECONDS).body()).isEqualTo("slow");
        closed.get(30, TimeUnit.SECONDS);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void awaitClosedListener(int port) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < deadline) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                Thread.onSpinWait();
            } catch (IOException refused) {
                return;
            }
        }
        throw new AssertionError("the proxy still listens");
    }

    @Test
    void wrongProperty_isToldByTheFailureAnalysis(CapturedOutput output) {
        assertThatThrownBy(() -> SpringApplication.run(Application.class, "--fairlead.routes.hello.respond.status=ok"))
                .hasStackTraceContaining("InvalidProxyPropertiesException");
        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .contains("Property: fairlead.routes.hello.respond.status")
                .contains("Value: \"ok\"");
    }
}
