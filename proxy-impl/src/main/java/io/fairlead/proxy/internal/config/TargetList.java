package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.internal.net.TargetUrls;
import io.fairlead.proxy.upstream.Target;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Targets that do not stand in the configuration, but follow its rules. */
public final class TargetList {

    private static final Type<List<Target>> LIST = Types.list(Model.TARGET);

    private TargetList() {}

    /**
     * Reads a JSON list of targets, or one URL a line.
     *
     * @throws ConfigurationException with all problems
     */
    public static List<Target> read(String text) {
        Context context = new Context();
        String trimmed = text.strip();
        List<Target> targets = trimmed.startsWith("[") ? json(trimmed, context) : lines(text, context);
        fail(context);
        return targets;
    }

    private static List<Target> json(String text, Context context) {
        JsonNode tree = JsonTree.parse(text, context);
        List<Target> targets = tree == null ? null : LIST.read(tree, "", context);
        return targets == null ? List.of() : targets;
    }

    private static List<Target> lines(String text, Context context) {
        List<Target> targets = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String place = "line " + number;
            String trimmed = line.strip();
            if (trimmed.isEmpty() || trimmed.startsWith("#")) {
                continue;
            }
            String[] words = trimmed.split("\\s+");
            Target.Builder target = Target.builder(words[0]);
            for (int i = 1; i < words.length; i++) {
                if (!setting(words[i], target)) {
                    context.report(
                            "INVALID",
                            place,
                            Context.quote(words[i]),
                            "nothing, or weight=NUMBER, priority=NUMBER or zone=NAME");
                }
            }
            Target made = target.build();
            Model.TARGET.check(made, place, context);
            targets.add(made);
        }
        return targets;
    }

    private static boolean setting(String word, Target.Builder target) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        String value = word.substring(equals + 1);
        boolean number = value.matches("[0-9]{1,5}");
        if (name.equals("weight") && number) {
            target.weight(Integer.parseInt(value));
        } else if (name.equals("priority") && number) {
            target.priority(Integer.parseInt(value));
        } else if (name.equals("zone") && equals > 0) {
            target.zone(value);
        } else {
            return false;
        }
        return true;
    }

    /**
     * Refuses targets that no pool may have, and an empty list: a registry that is just starting, or a file that is just
     * being written, must not take everything away.
     *
     * @throws ConfigurationException with all problems
     */
    public static void check(List<Target> targets) {
        Context context = new Context();
        if (targets.isEmpty()) {
            context.report("MISSING", "targets", "none", "at least one target");
        }
        LIST.check(targets, "targets", context);
        Set<String> urls = new HashSet<>();
        for (int i = 0; i < targets.size(); i++) {
            if (!urls.add(TargetUrls.same(targets.get(i).url()))) {
                String url = Context.quote(targets.get(i).url());
                context.report("DUPLICATE", "targets[" + i + "].url", url, "a URL other than those before it");
            }
        }
        fail(context);
    }

    private static void fail(Context context) {
        List<Problem> problems = context.problems();
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
    }
}
