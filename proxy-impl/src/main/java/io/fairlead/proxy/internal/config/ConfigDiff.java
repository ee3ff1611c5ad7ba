package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.resilience.Timeouts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Tells two configurations apart, a line for each listener, pool, route or setting that differs. */
public final class ConfigDiff {
    private static final Set<String> NAMED = Set.of("listeners", "pools", "routes");

    /** A difference before this place is seen without cutting off the begin. */
    private static final int SHOWN_FROM_BEGIN = 90;

    private static final int BEFORE_DIFFERENCE = 40;

    private final List<String> lines = new ArrayList<>();
    private final Context from;
    private final Context to;

    private ConfigDiff(ProxyConfig from, ProxyConfig to) {
        this.from = writing(from);
        this.to = writing(to);
    }

    /** Everything is written out, so that a default shows as what it is. */
    private static Context writing(ProxyConfig config) {
        Context context = new Context(Placeholders.ofProcess(), true);
        context.inherit(config.timeouts());
        return context;
    }

    /**
     * The differences: {@code pool "catalog": added}, {@code route "a": changed order (0 -> 5)},
     * {@code timeouts.connect: "5s" -> "2s"}. Empty if the configurations are equal. Secrets show as their placeholders.
     */
    public static List<String> diff(ProxyConfig from, ProxyConfig to) {
        ConfigDiff diff = new ConfigDiff(from, to);
        diff.named("listener", Model.LISTENER, from.listeners(), to.listeners(), ConfigDiff::address);
        diff.named("pool", Model.POOL, from.pools(), to.pools(), pool -> Context.quote(pool.name()));
        diff.named("route", Model.ROUTE, from.routes(), to.routes(), route -> Context.quote(route.id()));
        for (ObjectType.Field<ProxyConfig, ?, ?> field : Model.CONFIG.fields()) {
            if (field.name().equals("timeouts")) {
                for (ObjectType.Field<Timeouts, ?, ?> one : ResilienceTypes.TIMEOUTS.fields()) {
                    diff.setting("timeouts." + one.name(), one, from.timeouts(), to.timeouts());
                }
            } else if (!NAMED.contains(field.name())) {
                diff.setting(field.name(), field, from, to);
            }
        }
        return List.copyOf(diff.lines);
    }

    private static String address(Listener listener) {
        return (listener.host().indexOf(':') >= 0 ? "[" + listener.host() + "]" : listener.host()) + ":"
                + listener.port();
    }

    private <T, V> void setting(String name, ObjectType.Field<T, ?, V> field, T a, T b) {
        String change = change(field, a, b);
        if (change != null) {
            lines.add(name + ": " + change);
        }
    }

    /** {@code 1 -> 2}; null if nothing changed. */
    private <T, V> @Nullable String change(ObjectType.Field<T, ?, V> field, T a, T b) {
        V old = field.getter().apply(a);
        V now = field.getter().apply(b);
        if (Objects.equals(old, now)) {
            return null;
        }
        String before = text(old == null ? null : field.type().write(old, from));
        String after = text(now == null ? null : field.type().write(now, to));
        if (before.equals(after)) {
            // Two values of one placeholder look alike; that they differ is all that may be told.
            return "another value of " + Context.abbreviate(after);
        }
        return fromDifference(before, after) + " -> " + fromDifference(after, before);
    }

    private static String text(@Nullable JsonNode json) {
        return json == null ? "unset" : json.toString();
    }

    /** A long value from a little before where it differs, which would be cut off otherwise. */
    private static String fromDifference(String shown, String other) {
        int at = 0;
        while (at < Math.min(shown.length(), other.length()) && shown.charAt(at) == other.charAt(at)) {
            at++;
        }
        int begin = at < SHOWN_FROM_BEGIN ? 0 : at - BEFORE_DIFFERENCE;
        return (begin == 0 ? "" : "...") + Context.abbreviate(shown.substring(begin));
    }

    private <T> void named(String kind, ObjectType<T, ?> type, List<T> from, List<T> to, Function<T, String> name) {
        Map<String, T> old = byName(from, name);
        Map<String, T> now = byName(to, name);
        old.forEach((key, value) -> {
            if (!now.containsKey(key)) {
                lines.add(kind + " " + key + ": removed");
            }
        });
        now.forEach((key, value) -> {
            T before = old.get(key);
            if (before == null) {
                lines.add(kind + " " + key + ": added");
            } else if (!before.equals(value)) {
                lines.add(kind + " " + key + ": changed " + changes(type, before, value));
            }
        });
        List<String> kept = new ArrayList<>(old.keySet());
        kept.retainAll(now.keySet());
        List<String> order = new ArrayList<>(now.keySet());
        order.retainAll(old.keySet());
        if (!kept.equals(order)) {
            lines.add(kind + "s: now in the order " + String.join(", ", order));
        }
    }

    private <T> String changes(ObjectType<T, ?> type, T a, T b) {
        List<String> changed = new ArrayList<>();
        for (ObjectType.Field<T, ?, ?> field : type.fields()) {
            String change = change(field, a, b);
            if (change != null) {
                changed.add(field.name() + " (" + change + ")");
            }
        }
        return String.join(", ", changed);
    }

    /** Equal names, which only a configuration that is not valid or free ports have, are numbered. */
    private static <T> Map<String, T> byName(List<T> list, Function<T, String> name) {
        Map<String, T> map = new LinkedHashMap<>();
        for (T one : list) {
            String key = name.apply(one);
            for (int i = 2; map.containsKey(key); i++) {
                key = name.apply(one) + " (" + i + ")";
            }
            map.put(key, one);
        }
        return map;
    }
}
