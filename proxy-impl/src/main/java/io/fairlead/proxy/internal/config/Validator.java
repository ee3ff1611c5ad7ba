package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.spi.Registrations;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says whether a configuration may run. The builders, JSON, properties and updates all ask here. */
public final class Validator {

    private Validator() {}

    /**
     * All problems, in the order of the configuration; none if it may run.
     *
     * @param registrations the code that the configuration refers to by name; null if it is not known, then references
     *     to it are not checked, and neither are those to pools, which share their names with handlers
     */
    public static List<Problem> validate(ProxyConfig config, @Nullable Registrations registrations) {
        return validate(config, registrations, new Context());
    }

    /**
     * The same for a configuration that was made of one in force by a change that names no file. Those that it names were
     * read, and need not be there any more.
     */
    public static List<Problem> validateChange(ProxyConfig config, Registrations registrations) {
        Context context = new Context();
        context.leaveFiles();
        return validate(config, registrations, context);
    }

    private static List<Problem> validate(ProxyConfig config, @Nullable Registrations registrations, Context context) {
        Model.CONFIG.check(config, "", context);
        Whole.check(config, registrations, context, false);
        return List.copyOf(context.problems());
    }
}
