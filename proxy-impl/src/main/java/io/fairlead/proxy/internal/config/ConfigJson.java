package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** A configuration from JSON and to JSON, see {@link Model} for its shape. */
public final class ConfigJson {
    private static final ObjectWriter WRITER = JsonMapper.shared().writer().with(printer());

    private ConfigJson() {}

    /**
     * Reads a configuration. Placeholders are resolved now.
     *
     * <p>What the text alone can get wrong is reported here; whether the whole may run, such as whether there is a route,
     * is the {@link Validator}'s to say, so that a program can read a part and add the rest. Where this throws anyway,
     * the problems of the whole are told as well, save those that may only follow from the others.
     *
     * @throws ConfigurationException with all problems
     */
    public static ProxyConfig read(String json) {
        return read(json, System::getenv);
    }

    static ProxyConfig read(String json, UnaryOperator<@Nullable String> environment) {
        Context context = new Context(new Placeholders(environment), false);
        JsonNode tree = JsonTree.parse(json, context);
        if (tree == null) {
            throw new ConfigurationException(context.problems());
        }
        ProxyConfig config = Model.CONFIG.read(tree, "", context);
        if (!context.problems().isEmpty()) {
            if (tree.isObject()) {
                Whole.check(config, null, context, true);
            }
            throw new ConfigurationException(context.problems());
        }
        return config;
    }

    /**
     * Writes a configuration: in a fixed order, without what has its default, secrets as their placeholders.
     *
     * @throws ConfigurationException if it holds code or a pool in place of a name
     */
    public static String write(ProxyConfig config) {
        Context check = new Context();
        Model.CONFIG.check(config, "", check);
        List<Problem> problems = check.problems().stream()
                .filter(problem -> problem.code().equals("NOT_DATA"))
                .toList();
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        Context context = new Context();
        context.inherit(config.timeouts());
        return print(Model.CONFIG.write(config, context));
    }

    static String print(JsonNode json) {
        return WRITER.writeValueAsString(json) + "\n";
    }

    private static DefaultPrettyPrinter printer() {
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        Separators separators = Separators.createDefaultInstance()
                .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                .withArrayEmptySeparator("")
                .withObjectEmptySeparator("");
        return new DefaultPrettyPrinter(separators).withObjectIndenter(lines);
    }
}
