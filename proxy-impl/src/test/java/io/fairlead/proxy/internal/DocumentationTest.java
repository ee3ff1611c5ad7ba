package io.fairlead.proxy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Code in the README and in docs/ compiles as it stands: each Java block that begins with its imports. */
class DocumentationTest {
    private static final Path ROOT =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();
    private static final Pattern BLOCK = Pattern.compile("^```java\\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern CLASS = Pattern.compile("public (?:final )?(?:class|record|interface) (\\w+)");

    @TempDir
    Path classes;

    /** A whole source file out of a page. */
    record Block(String page, String code) {
        @Override
        public String toString() {
            return page + " " + className();
        }

        String className() {
            Matcher matcher = CLASS.matcher(code);
            assertThat(matcher.find()).as("a public class in:%n%s", code).isTrue();
            return matcher.group(1);
        }
    }

    @Test
    void readme_beginsWithCodeThatCompiles() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));

        assertThat(readme.substring(readme.indexOf("```"))).startsWith("```java\nimport ");
    }

    @ParameterizedTest
    @MethodSource("wholeFiles")
    void codeOfAPage_compilesAsItStands(Block block) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject source =
                new SimpleJavaFileObject(
                        URI.create("string:///" + block.className() + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return block.code();
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

    static List<Block> wholeFiles() throws IOException {
        List<Block> blocks = new ArrayList<>();
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            for (Path page : Stream.concat(Stream.of(ROOT.resolve("README.md")), docs.sorted())
                    .filter(path -> path.toString().endsWith(".md"))
                    .toList()) {
                blocks.addAll(javaBlocks(page));
            }
        }
        return blocks.stream()
                .filter(block -> block.code().startsWith("import "))
                // The starter, which has Spring on its class path, compiles these.
                .filter(block -> !block.code().contains("org.springframework"))
                .toList();
    }

    private static List<Block> javaBlocks(Path page) throws IOException {
        return BLOCK.matcher(Files.readString(page))
                .results()
                .map(result -> new Block(ROOT.relativize(page).toString(), result.group(1)))
                .toList();
    }
}
