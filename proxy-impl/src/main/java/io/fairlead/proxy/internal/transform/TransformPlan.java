package io.fairlead.proxy.internal.transform;

import com.google.re2j.PatternSyntaxException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.transform.PathEdits.TargetEdit;
import io.fairlead.proxy.transform.Transform;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The transforms of a route in the form in which they run: patterns and templates are compiled, and each is in the list
 * of the part that it edits. Immutable; one plan serves all exchanges of a route.
 *
 * <p>Within a part the order of the configuration holds. Edits of different parts do not see each other, so nothing is
 * lost by running them apart.
 */
public final class TransformPlan {

    private static final TransformPlan EMPTY = new TransformPlan(new Parts());

    /** Edits a set of fields. */
    @FunctionalInterface
    interface FieldEdit {
        void edit(Headers headers, Map<String, String> variables);
    }

    private final TargetEdit[] target;
    private final FieldEdit[] request;
    private final FieldEdit[] response;
    private final @Nullable TrailerEdits requestTrailers;
    private final @Nullable TrailerEdits responseTrailers;
    private final @Nullable BodyEdit requestBody;
    private final @Nullable BodyEdit responseBody;

    private TransformPlan(Parts parts) {
        this.target = parts.target.toArray(TargetEdit[]::new);
        this.request = parts.request.toArray(FieldEdit[]::new);
        this.response = parts.response.toArray(FieldEdit[]::new);
        this.requestTrailers = TrailerEdits.of(parts.requestTrailers, parts.addsRequestTrailers);
        this.responseTrailers = TrailerEdits.of(parts.responseTrailers, parts.addsResponseTrailers);
        this.requestBody = BodyEdit.of(parts.requestBody);
        this.responseBody = BodyEdit.of(parts.responseBody);
    }

    /**
     * Compiles transforms in which {@link #problems} finds nothing.
     *
     * @param bodyFunctions what is registered for body transforms, by name
     * @throws IllegalArgumentException if a transform cannot work, or names a body function that is not registered
     */
    public static TransformPlan compile(List<Transform> transforms, Map<String, UnaryOperator<byte[]>> bodyFunctions) {
        if (transforms.isEmpty()) {
            return EMPTY;
        }
        Parts parts = new Parts();
        for (Transform transform : transforms) {
            try {
                parts.add(transform, bodyFunctions);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException(transform + ": " + e.getMessage(), e);
            }
        }
        return new TransformPlan(parts);
    }

    /**
     * What is wrong with transforms, each with its place.
     *
     * @param place of the list, such as {@code routes[2].transforms}
     */
    public static List<Problem> problems(List<Transform> transforms, String place) {
        List<Problem> problems = new ArrayList<>();
        for (int i = 0; i < transforms.size(); i++) {
            new TransformRules(place + "[" + i + "]", problems).check(transforms.get(i));
        }
        return problems;
    }

    /** Whether there is nothing to do at all. */
    public boolean isEmpty() {
        return !hasRequestEdits()
                && !hasResponseEdits()
                && requestTrailers == null
                && responseTrailers == null
                && requestBody == null
                && responseBody == null;
    }

    /** Whether {@link #editRequest} does anything. */
    public boolean hasRequestEdits() {
        return target.length + request.length > 0;
    }

    /** Whether {@link #editResponse} does anything. */
    public boolean hasResponseEdits() {
        return response.length > 0;
    }

    /**
     * Edits target and header fields of a request. {@code OPTIONS *} has no path and keeps its target.
     *
     * @throws IllegalArgumentException if a variable would make a dot segment; the target is as before then
     */
    public void editRequest(Request edited, Map<String, String> variables) {
        if (target.length > 0 && edited.target().startsWith("/")) {
            Target current = new Target(edited.target());
            for (TargetEdit edit : target) {
                edit.edit(current, variables);
            }
            if (current.changed()) {
                edited.target(current.toString());
            }
        }
        if (request.length > 0) {
            run(request, edited.headers(), variables);
        }
    }

    /** Edits the header fields of a response, Location, Content-Location and Set-Cookie among them. */
    public void editResponse(Headers headers, Map<String, String> variables) {
        run(response, headers, variables);
    }

    static void run(FieldEdit[] edits, Headers headers, Map<String, String> variables) {
        for (FieldEdit edit : edits) {
            edit.edit(headers, variables);
        }
    }

    /** What is done with the trailers of the request; null when they stay. */
    public @Nullable TrailerEdits requestTrailers() {
        return requestTrailers;
    }

    /** What is done with the trailers of the response; null when they stay. */
    public @Nullable TrailerEdits responseTrailers() {
        return responseTrailers;
    }

    /** What is done with the body of the request; null when it stays. */
    public @Nullable BodyEdit requestBody() {
        return requestBody;
    }

    /** What is done with the body of the response; null when it stays. */
    public @Nullable BodyEdit responseBody() {
        return responseBody;
    }

    /** The lists while they are filled. */
    private static final class Parts {
        private final List<TargetEdit> target = new ArrayList<>();
        private final List<FieldEdit> request = new ArrayList<>();
        private final List<FieldEdit> response = new ArrayList<>();
        private final List<FieldEdit> requestTrailers = new ArrayList<>();
        private final List<FieldEdit> responseTrailers = new ArrayList<>();
        private boolean addsRequestTrailers;
        private boolean addsResponseTrailers;
        private final List<BodyEdit.Function> requestBody = new ArrayList<>();
        private final List<BodyEdit.Function> responseBody = new ArrayList<>();

        void add(Transform transform, Map<String, UnaryOperator<byte[]>> bodyFunctions) {
            if (transform instanceof Transform.SetPath edit) {
                target.add(PathEdits.set(edit));
            } else if (transform instanceof Transform.StripPrefix edit) {
                target.add(PathEdits.stripPrefix(edit));
            } else if (transform instanceof Transform.AddPrefix edit) {
                target.add(PathEdits.addPrefix(edit));
            } else if (transform instanceof Transform.PathRegex edit) {
                target.add(PathEdits.regex(edit));
            } else if (transform instanceof Transform.PathTemplate edit) {
                target.add(PathEdits.template(edit));
            } else if (transform instanceof Transform.Query edit) {
                target.add(new QueryEdit(edit));
            } else if (transform instanceof Transform.Header edit) {
                boolean adds = edit.edit() != Transform.Edit.REMOVE;
                switch (edit.part()) {
                    case REQUEST -> request.add(header(edit));
                    case REQUEST_TRAILER -> {
                        requestTrailers.add(header(edit));
                        addsRequestTrailers |= adds;
                    }
                    case RESPONSE -> response.add(header(edit));
                    case RESPONSE_TRAILER -> {
                        responseTrailers.add(header(edit));
                        addsResponseTrailers |= adds;
                    }
                }
            } else if (transform instanceof Transform.RewriteLocation edit) {
                response.add(location(edit));
            } else if (transform instanceof Transform.RewriteCookie edit) {
                response.add(cookie(edit));
            } else if (transform instanceof Transform.BodyEdit edit) {
                UnaryOperator<byte[]> code = bodyFunctions.get(edit.name());
                if (code == null) {
                    throw new IllegalArgumentException("body transform \"" + edit.name() + "\" is not registered");
                }
                BodyEdit.Function function = new BodyEdit.Function(edit.name(), code, edit.maxBytes());
                switch (edit.part()) {
                    case REQUEST -> requestBody.add(function);
                    case RESPONSE -> responseBody.add(function);
                    case REQUEST_TRAILER, RESPONSE_TRAILER ->
                        throw new IllegalArgumentException("trailers have no body");
                }
            }
        }
    }

    private static FieldEdit header(Transform.Header edit) {
        String name = edit.name();
        if (edit.edit() == Transform.Edit.REMOVE) {
            return (headers, variables) -> headers.remove(name);
        }
        // A variable in Host must not end the name, and so choose another host.
        boolean host = name.equalsIgnoreCase("Host");
        Template value = Template.of(edit.value(), host ? Encoding.URI : Encoding.FIELD);
        return edit.edit() == Transform.Edit.SET
                ? (headers, variables) -> headers.set(name, value.expand(variables))
                : (headers, variables) -> headers.add(name, value.expand(variables));
    }

    private static FieldEdit location(Transform.RewriteLocation edit) {
        LocationEdit location = new LocationEdit(edit);
        return (headers, variables) -> {
            rewriteAll(headers, "Location", variables, location::rewrite);
            rewriteAll(headers, "Content-Location", variables, location::rewrite);
        };
    }

    private static FieldEdit cookie(Transform.RewriteCookie edit) {
        CookieEdit cookie = new CookieEdit(edit);
        return (headers, variables) -> rewriteAll(headers, "Set-Cookie", variables, cookie::rewrite);
    }

    /** Rewrites one value; null leaves it. */
    @FunctionalInterface
    private interface Rewrite {
        @Nullable
        String apply(String value, Map<String, String> variables);
    }

    /** Rewrites all fields of a name, which keep their order among each other. */
    private static void rewriteAll(Headers headers, String name, Map<String, String> variables, Rewrite rewrite) {
        if (!headers.contains(name)) {
            return;
        }
        List<String> values = new ArrayList<>(headers.all(name));
        boolean changed = false;
        for (int i = 0; i < values.size(); i++) {
            String value = rewrite.apply(values.get(i), variables);
            if (value != null) {
                values.set(i, value);
                changed = true;
            }
        }
        if (changed) {
            headers.remove(name);
            for (String value : values) {
                headers.add(name, value);
            }
        }
    }
}
