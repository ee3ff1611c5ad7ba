package io.fairlead.proxy.testing;

import io.fairlead.proxy.testing.FramingCase.Await;
import io.fairlead.proxy.testing.FramingCase.Ending;
import io.fairlead.proxy.testing.FramingCase.Fate;
import io.fairlead.proxy.testing.FramingCase.Request;
import io.fairlead.proxy.testing.FramingCase.Send;
import io.fairlead.proxy.testing.FramingCase.Step;
import io.fairlead.proxy.testing.FramingCase.Upstream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads {@code framing-cases.txt}. A slip in the table is an {@link IllegalArgumentException} that names the case. */
public final class FramingCases {
    private static final String TABLE = "/framing-cases.txt";
    private static final String GET = "GET / HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n";
    private static final Set<String> KEYS = Set.of(
            "send",
            "await",
            "finish",
            "answer",
            "after-head",
            "ending",
            "status",
            "interim",
            "body",
            "client-has",
            "client-lacks",
            "client-trailer",
            "connection",
            "upstream",
            "upstream-has",
            "upstream-lacks",
            "upstream-trailer",
            "reuse");

    private FramingCases() {}

    /** All cases, in the order of the table. */
    public static List<FramingCase> all() {
        try (InputStream in = FramingCases.class.getResourceAsStream(TABLE)) {
            if (in == null) {
                throw new IllegalStateException("no " + TABLE + " on the class path");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The cases about what a client sends. */
    public static Stream<FramingCase> requests() {
        return all().stream().filter(one -> !one.isAboutAnAnswer());
    }

    /** The cases about what an upstream answers. */
    public static Stream<FramingCase> answers() {
        return all().stream().filter(FramingCase::isAboutAnAnswer);
    }

    static List<FramingCase> parse(String table) {
        List<FramingCase> cases = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Raw raw = null;
        int number = 0;
        for (String line : table.split("\n", -1)) {
            number++;
            if (line.startsWith("#") || line.isBlank()) {
                continue;
            }
            if (line.startsWith("== ")) {
                if (raw != null) {
                    cases.add(raw.toCase());
                }
                raw = new Raw(line.substring(3).strip(), number);
                if (!names.add(raw.name)) {
                    throw new IllegalArgumentException("line " + number + ": " + raw.name + " is there already");
                }
            } else if (raw == null) {
                throw new IllegalArgumentException("line " + number + ": expected == name");
            } else {
                raw.add(line, number);
            }
        }
        if (raw != null) {
            cases.add(raw.toCase());
        }
        return List.copyOf(cases);
    }

    /** A case as text: its values by key, and the order of the client's steps. */
    private static final class Raw {
        private final String name;
        private final int line;
        private final Map<String, List<String>> values = new LinkedHashMap<>();
        private final List<String> stepKeys = new ArrayList<>();
        private @Nullable List<String> last;

        private Raw(String name, int line) {
            this.name = name;
            this.line = line;
        }

        private void add(String text, int number) {
            List<String> present = last;
            if (text.startsWith(" ")) {
                if (present == null) {
                    throw new IllegalArgumentException("line " + number + ": nothing to continue");
                }
                present.add(present.remove(present.size() - 1) + text.strip());
                return;
            }
            int colon = text.indexOf(':');
            String key = colon < 0 ? text : text.substring(0, colon);
            if (colon < 0 || !KEYS.contains(key)) {
                throw new IllegalArgumentException("line " + number + ": unknown key " + key);
            }
            List<String> list = values.computeIfAbsent(key, k -> new ArrayList<>());
            list.add(text.substring(colon + 1).strip());
            last = list;
            if (key.equals("send") || key.equals("await")) {
                stepKeys.add(key);
            }
        }

        private FramingCase toCase() {
            try {
                return new FramingCase(
                        name,
                        line,
                        steps(),
                        "half-close".equals(oneOf("finish", List.of("half-close"))),
                        bytes("answer"),
                        bytes("after-head"),
                        ending(),
                        statuses(),
                        interim(),
                        bytes("body"),
                        fields("client-has"),
                        list("client-lacks"),
                        fields("client-trailer"),
                        fate(),
                        upstream(),
                        fields("upstream-has"),
                        list("upstream-lacks"),
                        fields("upstream-trailer"),
                        reuse());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("case " + name + ", line " + line + ": " + e.getMessage(), e);
            }
        }

        private List<Step> steps() {
            if (stepKeys.isEmpty()) {
                if (!values.containsKey("answer")) {
                    throw new IllegalArgumentException("neither send nor answer");
                }
                return List.of(new Send(Escapes.bytes(GET)));
            }
            List<Step> steps = new ArrayList<>();
            int sends = 0;
            int awaits = 0;
            for (String key : stepKeys) {
                steps.add(
                        key.equals("send")
                                ? new Send(Escapes.bytes(list("send").get(sends++)))
                                : new Await(Integer.parseInt(list("await").get(awaits++))));
            }
            return List.copyOf(steps);
        }

        private List<List<Integer>> statuses() {
            List<List<Integer>> all = new ArrayList<>();
            for (String one : required("status").split(" ")) {
                List<Integer> alternatives = new ArrayList<>();
                for (String status : one.split("\\|")) {
                    alternatives.add(status.equals("-") ? 0 : Integer.parseInt(status));
                }
                all.add(List.copyOf(alternatives));
            }
            return List.copyOf(all);
        }

        private @Nullable List<Integer> interim() {
            String given = one("interim");
            if (given == null) {
                return null;
            }
            return given.equals("none")
                    ? List.of()
                    : Stream.of(given.split(" ")).map(Integer::valueOf).toList();
        }

        private Fate fate() {
            return Fate.valueOf(required("connection").toUpperCase(Locale.ROOT));
        }

        private Ending ending() {
            String given = one("ending");
            return given == null ? Ending.KEEP : Ending.valueOf(given.toUpperCase(Locale.ROOT));
        }

        private @Nullable Boolean reuse() {
            String given = oneOf("reuse", List.of("yes", "no"));
            return given == null ? null : given.equals("yes");
        }

        private @Nullable Upstream upstream() {
            List<String> given = list("upstream");
            if (given.isEmpty()) {
                if (!values.containsKey("answer")) {
                    throw new IllegalArgumentException("upstream is missing");
                }
                return null;
            }
            if (given.equals(List.of("none"))) {
                return new Upstream(false, List.of());
            }
            if (given.equals(List.of("cut"))) {
                return new Upstream(true, List.of());
            }
            List<Request> requests = new ArrayList<>();
            for (String request : given) {
                int arrow = request.indexOf(" => ");
                byte[] line = Escapes.bytes(arrow < 0 ? request : request.substring(0, arrow));
                byte[] body = Escapes.bytes(arrow < 0 ? "" : request.substring(arrow + 4));
                requests.add(new Request(new String(line, StandardCharsets.ISO_8859_1), body));
            }
            return new Upstream(false, List.copyOf(requests));
        }

        private List<Fields.Field> fields(String key) {
            return Fields.parse(list(key).stream()
                            .map(line -> new String(Escapes.bytes(line), StandardCharsets.ISO_8859_1))
                            .toList())
                    .all();
        }

        private byte @Nullable [] bytes(String key) {
            String given = one(key);
            return given == null ? null : Escapes.bytes(given);
        }

        private List<String> list(String key) {
            return List.copyOf(values.getOrDefault(key, List.of()));
        }

        private String required(String key) {
            String given = one(key);
            if (given == null) {
                throw new IllegalArgumentException(key + " is missing");
            }
            return given;
        }

        private @Nullable String one(String key) {
            List<String> given = list(key);
            if (given.size() > 1) {
                throw new IllegalArgumentException(key + " is there more than once");
            }
            return given.isEmpty() ? null : given.get(0);
        }

        private @Nullable String oneOf(String key, List<String> allowed) {
            String given = one(key);
            if (given != null && !allowed.contains(given)) {
                throw new IllegalArgumentException(key + ": " + given + " (expected one of: " + allowed + ")");
            }
            return given;
        }
    }
}
