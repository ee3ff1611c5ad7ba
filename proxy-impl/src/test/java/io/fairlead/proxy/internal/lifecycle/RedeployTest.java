package io.fairlead.proxy.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A container that deploys an application anew drops the class loader of the old one. Whatever of the JVM still points into
 * it, such as a thread, a thread local of the container's, a shutdown hook or an MBean, keeps all of its classes for good.
 *
 * <p>XNIO's MBean did. To find what does: a heap dump, and the path from the roots to the {@code URLClassLoader}.
 */
class RedeployTest {
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    private Path directory;

    /** In a JVM of its own, without what other tests left behind. */
    @Test
    void closedProxy_leavesNothingThatKeepsItsClassLoader() throws Exception {
        Path log = directory.resolve("log");
        Process container = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        // The JDK keeps method handles of records softly, which is no leak; so such references end at
                        // once.
                        "-XX:SoftRefLRUPolicyMSPerMB=0",
                        "-cp",
                        CLASS_PATH,
                        Container.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(container.waitFor(50, TimeUnit.SECONDS)).isTrue();
            assertThat(container.exitValue())
                    .as("%s", Files.readString(log, StandardCharsets.UTF_8))
                    .isZero();
        } finally {
            container.destroyForcibly();
        }
    }

    /** Deploys the application twice. */
    static final class Container {
        private Container() {}

        public static void main(String[] args) throws Exception {
            try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("ok"))) {
                for (int i = 0; i < 2; i++) {
                    WeakReference<ClassLoader> loader = deployAndUndeploy(upstream.port());
                    await().atMost(Duration.ofSeconds(20)).until(() -> {
                        System.gc();
                        return loader.get() == null;
                    });
                }
            }
        }

        /** In a method of its own, so that no variable keeps the class loader. */
        private static WeakReference<ClassLoader> deployAndUndeploy(int upstream) throws Exception {
            try (URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
                Object application = within(
                        loader,
                        () -> loader.loadClass(Application.class.getName())
                                .getDeclaredConstructor()
                                .newInstance());
                assertThat(application).isNotInstanceOf(Application.class);
                int port = within(loader, () -> ((IntUnaryOperator) application).applyAsInt(upstream));
                try (RawClient client = RawClient.connect(port)) {
                    client.send("GET /it HTTP/1.1\r\nHost: a\r\n\r\n");
                    assertThat(client.readResponse().bodyText()).isEqualTo("ok");
                }
                within(loader, () -> {
                    ((AutoCloseable) application).close();
                    return null;
                });
                return new WeakReference<>(loader);
            }
        }

        /** Calls the application as a container does. */
        private static <T> T within(ClassLoader loader, Callable<T> call) throws Exception {
            Thread thread = Thread.currentThread();
            ClassLoader own = thread.getContextClassLoader();
            thread.setContextClassLoader(loader);
            try {
                return call.call();
            } finally {
                thread.setContextClassLoader(own);
            }
        }

        private static URL[] classPath() throws MalformedURLException {
            List<URL> urls = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
            return urls.toArray(URL[]::new);
        }
    }

    /** What is deployed. The container's class loader knows it by types of the JDK alone. */
    public static final class Application implements IntUnaryOperator, AutoCloseable {
        private ReverseProxy proxy;

        /** Starts the proxy in front of the server at this port, and tells its own port. */
        @Override
        public int applyAsInt(int upstream) {
            proxy = ReverseProxy.builder()
                    .config(ProxyConfig.fromJson("""
                            {"version": 1,
                             "listeners": [{"host": "127.0.0.1", "port": 0, "trustedProxies": ["127.0.0.0/8"]}],
                             "middleware": [{"ref": "blocking"}],
                             "pools": [{"name": "it", "targets": ["http://localhost:%d"],
                               "targetSource": {"type": "dnsRecords", "url": "http://nowhere.test", "resolvers": "127.0.0.1:1"}}],
                             "routes": [{"id": "it", "match": {"pathRegex": "/[a-z]*"}, "to": "it"}]}
                            """.formatted(upstream)))
                    .register("blocking", Middleware.blocking((exchange, chain) -> chain.proceed(exchange)))
                    .start();
            return proxy.port();
        }

        @Override
        public void close() {
            proxy.close();
        }
    }
}
