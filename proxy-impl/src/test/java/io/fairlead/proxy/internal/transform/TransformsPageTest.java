package io.fairlead.proxy.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.testing.TestRequest;
import io.fairlead.proxy.transform.Transform;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples of docs/transforms.md do what the page says. */
class TransformsPageTest {
    private static final Path PAGE =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolveSibling("docs/transforms.md");
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)\\((.*)\\)` \\|(.*)\\|(.*)\\|$");
    private static final Pattern ARGUMENT = Pattern.compile("\"([^\"]*)\"");
    private static final Pattern CODE = Pattern.compile("`([^`]*)`");
    private static final Map<String, String> VARIABLES = Map.of("id", "42", "name", "a/b c");

    /** A row of a table. */
    record Example(String method, List<String> arguments, List<String> before, List<String> after) {}

    static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (String line : Files.readAllLines(PAGE)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                examples.add(new Example(
                        row.group(1), all(ARGUMENT, row.group(2)), all(CODE, row.group(3)), all(CODE, row.group(4))));
            }
        }
        return examples;
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(match -> match.group(1)).toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void example_doesWhatThePageSays(Example example) throws ReflectiveOperationException {
        Class<?>[] types = new Class<?>[example.arguments().size()];
        Arrays.fill(types, String.class);
        Method factory = Transform.class.getMethod(example.method(), types);
        Transform transform =
                (Transform) factory.invoke(null, example.arguments().toArray());
        assertThat(TransformPlan.problems(List.of(transform), "t")).isEmpty();
        TransformPlan plan = TransformPlan.compile(List.of(transform), Map.of());

        boolean target = !example.before().isEmpty() && example.before().get(0).startsWith("/");
        TestRequest request = TestRequest.get(target ? example.before().get(0) : "/");
        Headers headers = request.headers();
        if (!target) {
            example.before().forEach(line -> headers.add(line.split(": ", 2)[0], line.split(": ", 2)[1]));
        }
        if (plan.hasRequestEdits()) {
            plan.editRequest(request, VARIABLES);
        } else if (plan.hasResponseEdits()) {
            plan.editResponse(headers, VARIABLES);
        } else if (plan.requestTrailers() != null) {
            plan.requestTrailers().edit(headers, VARIABLES);
        } else {
            plan.responseTrailers().edit(headers, VARIABLES);
        }
        List<String> after = new ArrayList<>();
        if (target) {
            after.add(request.target());
        } else {
            headers.forEach((name, value) -> after.add(name + ": " + value));
        }
        assertThat(after).isEqualTo(example.after());
    }

    @Test
    void everyTransformWithoutCode_hasAnExample() throws IOException {
        List<String> shown = examples().stream().map(Example::method).toList();
        assertThat(Transform.class.getDeclaredMethods())
                .filteredOn(method -> method.getReturnType() == Transform.class && !method.isSynthetic())
                .filteredOn(method -> !method.getName().endsWith("Body"))
                .extracting(Method::getName)
                .isSubsetOf(shown);
    }
}
