package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.internal.middleware.BuiltIn;
import java.util.ArrayList;
import java.util.List;

/** The middleware of a route, outermost first. The built-ins that it begins with run without a future. */
public final class MiddlewarePlan {

    private final List<NamedMiddleware> all;
    private final BuiltIn[] leading;
    private final boolean leadingEdits;

    public MiddlewarePlan(List<NamedMiddleware> all) {
        this.all = List.copyOf(all);
        List<BuiltIn> first = new ArrayList<>();
        for (NamedMiddleware one : all) {
            if (!(one.middleware() instanceof BuiltIn builtIn)) {
                break;
            }
            first.add(builtIn);
        }
        this.leading = first.toArray(BuiltIn[]::new);
        this.leadingEdits = first.stream().anyMatch(BuiltIn::editsResponses);
    }

    public List<NamedMiddleware> all() {
        return all;
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** How many built-ins it begins with. */
    int leading() {
        return leading.length;
    }

    BuiltIn leading(int place) {
        return leading[place];
    }

    /** Whether one of those that it begins with edits responses. */
    boolean leadingEdits() {
        return leadingEdits;
    }
}
