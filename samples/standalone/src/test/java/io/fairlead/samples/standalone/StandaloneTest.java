package io.fairlead.samples.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program: in this JVM as long as it ends by itself, in one of its own where it runs. */
final class StandaloneTest {
    private static final Pattern LISTENING = Pattern.compile("listening on http://127\\.0\\.0\\.1:([0-9]+)\n");

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<AutoCloseable> toClose = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : toClose) {
            one.close();
        }
    }

    private int run(String... args) throws InterruptedException {
        return new Standalone(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(args);
    }

    private Path file(String json) throws IOException {
        return Files.writeString(directory.resolve("proxy.json"), json);
    }

    private static String respond(String body) {
        return respond(0, body);
    }

    private static String respond(int port, String body) {
        return "{\"version\": 1, \"listeners\": [{\"host\": \"127.0.0.1\", \"port\": " + port + "}], \"routes\":"
                + " [{\"id\": \"all\", \"respond\": {\"status\": 200, \"body\": \"" + body + "\"}}]}";
    }

    @Test
    void help_exitsWith0() throws InterruptedException {
        assertThat(run("--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("Usage:").contains("--upstream URL");
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).allMatch(line -> line.length() <= 120);
    }

    @Test
    void unknownOption_exitsWith2() throws InterruptedException {
        assertThat(run("--bogus")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("\"--bogus\": unknown option");
        assertThat(out.size()).isZero();
    }

    /** It was reported at --upstream.url, which is no option. */
    @Test
    void upstreamThatIsGivenTwice_isReportedAtItsOption() throws InterruptedException {
        assertThat(run("--check", "--upstream", "http://127.0.0.1:1", "--upstream", "http://127.0.0.1:1"))
                .isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("--upstream: ");
    }

    @Test
    void missingFile_exitsWith2() throws InterruptedException {
        assertThat(run("--config", directory.resolve("none.json").toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("none.json: no such file");
    }

    @Test
    void checkOfAGoodFile_exitsWith0() throws Exception {
        assertThat(run("--check", "--config", file(respond("a")).toString())).isZero();
        assertThat(err.size()).isZero();
    }

    @Test
    void checkOfABadFile_listsEveryProblemAndExitsWith2() throws Exception {
        Path file = file("""
                {"version": 1, "routes": [{"id": "a", "to": "ordres"}, {"id": "a", "match": {"path": "x"}}],
                 "pools": [{"name": "orders", "targets": ["https://a"]}], "stopTimeout": 5}
                """);
        assertThat(run("--config", file.toString(), "--check")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .hasSize(6)
                .allMatch(line -> line.startsWith(file + ": "))
                .anyMatch(line -> line.contains("pools[0].targets[0]: \"https://a\""))
                .anyMatch(line -> line.contains("routes[0].to: \"ordres\""))
                .anyMatch(line -> line.contains("routes[1].id: \"a\""))
                .anyMatch(line -> line.contains("routes[1]: route \"a\" without action"))
                .anyMatch(line -> line.contains("routes[1].match.path: x"))
                .anyMatch(line -> line.contains("stopTimeout: 5"));
    }

    @Test
    void referencesThatNobodyDefines_exitWith2() throws Exception {
        Path file = file("""
                {"version": 1, "listeners": [{"port": 0}], "middleware": [{"ref": "audit"}],
                 "routes": [{"id": "a", "to": "orders"}]}
                """);
        assertThat(run("--config", file.toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("middleware[0].ref", "routes[0].to");
    }

    @Test
    void configurationWithoutListeners_exitsWith2() throws Exception {
        Path file = file("{\"version\": 1}");
        assertThat(run("--config", file.toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("listeners: no listeners", "routes: no routes");
    }

    @Test
    void badFlags_areToldByTheirNames() throws InterruptedException {
        assertThat(run("--listen", "127.0.0.1:70000", "--upstream", "https://a", "--upstream", "http://b/c"))
                .isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .hasSize(3)
                .anyMatch(line -> line.startsWith("--listen: 70000 "))
                .anyMatch(line -> line.startsWith("--upstream: \"https://a\" "))
                .anyMatch(line -> line.startsWith("--upstream: \"http://b/c\" "));
    }

    private HttpServer upstream(String answer) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        toClose.add(() -> server.stop(0));
        return server;
    }

    /** A program that runs, with what it prints in files. */
    private final class Program implements AutoCloseable {
        private final Path printed = directory.resolve("out");
        private final Path told = directory.resolve("err");
        private final Process process;

        Program(String... args) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx128m",
                    "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    Standalone.class.getName()));
            command.addAll(List.of(args));
            process = new ProcessBuilder(command)
                    .redirectOutput(printed.toFile())
                    .redirectError(told.toFile())
                    .start();
            toClose.add(this);
        }

        int port() {
            Matcher matcher = await().atMost(Duration.ofSeconds(30))
                    .until(() -> LISTENING.matcher(Files.readString(printed)), Matcher::find);
            return Integer.parseInt(matcher.group(1));
        }

        String err() throws IOException {
            return Files.readString(told);
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    private static String get(int port) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                .timeout(Duration.ofSeconds(10))
                .build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void severalUpstreams_areBalanced_andSigtermEnds() throws Exception {
        HttpServer one = upstream("one");
        HttpServer two = upstream("two");
        Program program = new Program(
                "--listen",
                "127.0.0.1:0",
                "--io-threads",
                "1",
                "--upstream",
                "http://127.0.0.1:" + one.getAddress().getPort(),
                "--upstream",
                "http://127.0.0.1:" + two.getAddress().getPort());
        int port = program.port();
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(get(port));
        }
        // Drawn at random while the proxy has nothing else to do.
        assertThat(answers).containsOnly("one", "two").contains("one", "two");

        program.process.destroy();
        assertThat(program.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(program.err()).isEmpty();
    }

    /** What somebody tries first: two servers, one of them is killed. Nothing is set but their addresses. */
    @Test
    void upstreamThatIsKilled_isNoticedByNoClient() throws Exception {
        HttpServer one = upstream("one");
        HttpServer two = upstream("two");
        Program program = new Program(
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "http://127.0.0.1:" + one.getAddress().getPort(),
                "--upstream",
                "http://127.0.0.1:" + two.getAddress().getPort());
        int port = program.port();
        List<String> before = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            before.add(get(port));
        }
        assertThat(before).contains("one", "two");

        one.stop(0);
        List<String> after = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            after.add(get(port));
        }
        assertThat(after).containsOnly("two");
    }

    @Test
    void changedFile_isTakenOver_andABadOneChangesNothing() throws Exception {
        Path file = file(respond("first"));
        Program program = new Program("--config", file.toString());
        int port = program.port();
        assertThat(get(port)).isEqualTo("first");

        Path next = Files.writeString(directory.resolve("next.json"), respond("second"));
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        await().atMost(Duration.ofSeconds(20)).until(() -> get(port), "second"::equals);
        await().until(() -> program.err().contains("route \"all\": changed respond"));

        file("{\"version\": 1, \"routes\": [{\"id\": \"a\"}, {\"id\": \"a\", \"to\": 7}]}");
        await().atMost(Duration.ofSeconds(20)).until(() -> program.err().contains("The running configuration stays."));
        assertThat(program.err()).contains("routes[0]: route \"a\" without action", "routes[1].to: 7");
        assertThat(get(port)).isEqualTo("second");

        file(respond("third"));
        await().atMost(Duration.ofSeconds(20)).until(() -> get(port), "third"::equals);
    }

    /** The other process may be one that is just being stopped: then nobody would touch the file again. */
    @Test
    void changedFileWithAnAddressInUse_isTakenOverOnceTheAddressIsFree() throws Exception {
        ServerSocket holder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        toClose.add(holder);
        Path file = file(respond("first"));
        Program program = new Program("--config", file.toString());
        int port = program.port();

        file(respond(holder.getLocalPort(), "second"));
        await().atMost(Duration.ofSeconds(20)).until(() -> program.err().contains("the new one is tried again"));
        assertThat(get(port)).isEqualTo("first");
        holder.close();

        await().atMost(Duration.ofSeconds(20)).until(() -> program.err().contains(": reloaded, "));
        assertThat(get(holder.getLocalPort())).isEqualTo("second");
        assertThat(program.err()).containsOnlyOnce("cannot listen on 127.0.0.1:" + holder.getLocalPort());
    }

    @Test
    void updateThatFailsAgain_isToldOnceForEachProblem() throws Exception {
        ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        toClose.addAll(List.of(one, two));
        Arguments arguments = Arguments.parse("--config", "proxy.json");
        Standalone standalone = new Standalone(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        ReverseProxy proxy = ReverseProxy.builder()
                .config(ProxyConfig.fromJson(respond("first")))
                .start();
        toClose.add(proxy);

        for (ServerSocket held : List.of(one, one, one, two, two)) {
            assertThat(standalone.update(proxy, arguments, respond(held.getLocalPort(), "next")))
                    .isFalse();
        }
        assertThat(err.toString(StandardCharsets.UTF_8).lines())
                .hasSize(2)
                .anyMatch(line -> line.contains(":" + one.getLocalPort() + ": "))
                .anyMatch(line -> line.contains(":" + two.getLocalPort() + ": "));

        two.close();
        assertThat(standalone.update(proxy, arguments, respond(two.getLocalPort(), "next")))
                .isTrue();
        assertThat(proxy.port()).isEqualTo(two.getLocalPort());
    }

    @Test
    void addressInUse_exitsWith1() throws Exception {
        HttpServer taken = upstream("taken");
        Program program = new Program(
                "--listen", "127.0.0.1:" + taken.getAddress().getPort(), "--upstream", "http://127.0.0.1:1");
        assertThat(program.process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(program.process.exitValue()).isEqualTo(1);
        assertThat(program.err()).isNotEmpty();
    }
}
