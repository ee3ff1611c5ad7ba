package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.route.Route;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.PropertiesPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;

/** What docs/spring-boot.md and the README show does what they say. */
class SpringBootPageTest {
    private static final Path ROOT =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();

    private static String block(String page, String language) throws IOException {
        Matcher block = Pattern.compile("^```" + language + "\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(Files.readString(ROOT.resolve(page)));
        assertThat(block.find()).as("a block of %s in %s", language, page).isTrue();
        return block.group(1);
    }

    /** The first example of the page. */
    static PropertySource<?> yamlOfThePage() throws IOException {
        return source(block("docs/spring-boot.md", "yaml"));
    }

    private static PropertySource<?> source(String yaml) throws IOException {
        ByteArrayResource file = new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8));
        return new YamlPropertySourceLoader().load("page", file).get(0);
    }

    private static ProxyConfig yaml(String yaml) throws IOException {
        return read(source(yaml));
    }

    private static ProxyConfig read(PropertySource<?> source) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(source);
        return new PropertyReader(environment).read();
    }

    @Test
    void yamlAndPropertiesOfThePage_areTheSameAndRun() throws IOException {
        Properties properties = new Properties();
        properties.load(new StringReader(block("docs/spring-boot.md", "properties")));
        ProxyConfig fromYaml = yaml(block("docs/spring-boot.md", "yaml"));
        ProxyConfig fromProperties = read(new PropertiesPropertySource("page", properties));

        assertThat(fromYaml.validate()).isEmpty();
        assertThat(fromYaml.routes()).extracting(Route::id).containsExactly("catalog", "health");
        assertThat(fromProperties.listeners()).isEqualTo(fromYaml.listeners());
        assertThat(fromProperties.timeouts()).isEqualTo(fromYaml.timeouts());
        assertThat(fromProperties.pools()).isEqualTo(fromYaml.pools());
        // java.util.Properties keeps no order.
        assertThat(fromProperties.routes()).containsExactlyInAnyOrderElementsOf(fromYaml.routes());
    }

    @Test
    void yamlOfTheReadme_runs() throws IOException {
        ProxyConfig config = yaml(block("README.md", "yaml"));

        assertThat(config.validate()).isEmpty();
        assertThat(config.listeners()).hasSize(1);
        assertThat(config.routes()).hasSize(1);
    }

    @Test
    void beansOfThePage_compileAndServe(@TempDir Path classes) throws Exception {
        compile("ProxyBeans", block("docs/spring-boot.md", "java"), classes);
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {classes.toUri().toURL()}, getClass().getClassLoader())) {
            new ApplicationContextRunner()
                    .withConfiguration(AutoConfigurations.of(FairleadAutoConfiguration.class))
                    .withUserConfiguration(loader.loadClass("ProxyBeans"))
                    .withPropertyValues("fairlead.listeners[0].host=127.0.0.1", "fairlead.listeners[0].port=0")
                    .run(context -> {
                        int port = context.getBean(ReverseProxy.class).port();
                        HttpRequest request = HttpRequest.newBuilder(
                                        URI.create("http://127.0.0.1:" + port + "/greeting"))
                                .build();
                        HttpResponse<String> response =
                                HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
                        assertThat(response.body()).isEqualTo("hello\n");
                        assertThat(response.headers().firstValue("X-Audited")).contains("yes");
                    });
        }
    }

    private static void compile(String name, String code, Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject source =
                new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return code;
                    }
                };
        List<String> options = List.of(
                "--release",
                "17",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                classes.toString());
        boolean compiled = compiler.getTask(null, null, problems, options, null, List.of(source))
                .call();
        assertThat(compiled).as("%s", problems.getDiagnostics()).isTrue();
    }
}
