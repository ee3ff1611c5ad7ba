package io.fairlead.proxy.internal.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.File;
import java.net.HttpURLConnection;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** dnsjava is optional: a program without it has all else, and is told what is missing. */
class WithoutDnsjavaTest {

    /** What runs in a class loader of its own. */
    public static final class Program implements Function<String, List<String>> {
        @Override
        public List<String> apply(String url) {
            List<String> seen = new ArrayList<>();
            try {
                Class.forName("org.xbill.DNS.Message");
                seen.add("dnsjava is there");
            } catch (ClassNotFoundException e) {
                seen.add("no dnsjava");
            }
            UpstreamPool.Builder pool = UpstreamPool.builder("p");
            try (ReverseProxy proxy = ReverseProxy.to(
                            pool.targetSource(TargetSource.dns(url)).build())
                    .listener(Listener.http("127.0.0.1", 0))
                    .start()) {
                HttpURLConnection connection = (HttpURLConnection)
                        URI.create("http://127.0.0.1:" + proxy.port()).toURL().openConnection();
                seen.add(String.valueOf(connection.getResponseCode()));
            } catch (Exception e) {
                seen.add(e.toString());
            }
            ReverseProxy.Builder asking = ReverseProxy.to(
                    pool.targetSource(TargetSource.srv("_http._tcp.a.test")).build());
            try {
                asking.build();
            } catch (ConfigurationException e) {
                e.problems().forEach(problem -> seen.add(problem.code() + " " + problem));
            }
            UpstreamPool records =
                    pool.targetSource(TargetSource.dnsRecords("http://a.test")).build();
            ProxyConfig.builder().pool(records).build().validate().stream()
                    .filter(problem -> problem.code().equals("MISSING_DEPENDENCY"))
                    .map(Problem::toString)
                    .forEach(seen::add);
            return seen;
        }
    }

    @Test
    void classPathWithoutIt_runsAndTellsWhatIsMissing() throws Exception {
        try (TestUpstream upstream = TestUpstream.answering(TestUpstream.ok("fine"));
                URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            @SuppressWarnings("unchecked")
            Function<String, List<String>> program =
                    (Function<String, List<String>>) loader.loadClass(Program.class.getName())
                            .getDeclaredConstructor()
                            .newInstance();
            assertThat(program.apply(upstream.url()))
                    .containsExactly(
                            "no dnsjava",
                            "200",
                            "MISSING_DEPENDENCY pools[0].targetSource: srv (expected: dnsjava:dnsjava on the class path,"
                                    + " which reads the records)",
                            "pools[0].targetSource: dnsRecords (expected: dnsjava:dnsjava on the class path, which reads"
                                    + " the records)");
        }
    }

    private static URL[] classPath() throws MalformedURLException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<URL> urls = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator)) {
            if (!entry.contains("dnsjava")) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        return urls.toArray(URL[]::new);
    }
}
