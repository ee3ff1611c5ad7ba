package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.route.RouteAction;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answers of routes that need nobody else: redirects and fixed content. */
final class LocalAnswers {

    private LocalAnswers() {}

    /** Whether the answer cannot be made for a request without a host. */
    static boolean needsHost(@Nullable RouteAction action) {
        return action instanceof RouteAction.Redirect redirect
                && redirect.location().contains("{host}");
    }

    static Response of(@Nullable RouteAction action, Request request, Map<String, String> variables) {
        if (action instanceof RouteAction.Redirect redirect) {
            return Response.of(redirect.status()).header("Location", location(redirect.location(), request, variables));
        }
        if (action instanceof RouteAction.Respond respond) {
            Headers headers = Headers.create();
            respond.headers().forEach(headers::set);
            if (!respond.body().isEmpty() && !headers.contains("Content-Type")) {
                headers.set("Content-Type", "text/plain; charset=utf-8");
            }
            return Response.of(respond.status(), headers, Body.of(respond.body()));
        }
        throw new IllegalStateException("a route without an action");
    }

    /** Fills in the braces. What comes from the client is percent-encoded already, or encoded here. */
    private static String location(String template, Request request, Map<String, String> variables) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < template.length()) {
            int open = template.indexOf('{', at);
            int close = open < 0 ? -1 : template.indexOf('}', open);
            if (close < 0) {
                break;
            }
            out.append(template, at, open);
            String name = template.substring(open + 1, close);
            out.append(
                    switch (name) {
                        case "path" -> out.isEmpty() ? onePlace(request.path()) : request.path();
                        case "query" ->
                            request.query().map(query -> "?" + query).orElse("");
                        case "host" -> request.host();
                        default -> encode(variables.getOrDefault(name, ""));
                    });
            at = close + 1;
        }
        return out.append(template, at, template.length()).toString();
    }

    /** A location that begins with two slashes names another host (RFC 3986 §4.2), which no client may choose. */
    private static String onePlace(String path) {
        int at = 0;
        while (path.startsWith("//", at)) {
            at++;
        }
        return path.substring(at);
    }

    private static String encode(String value) {
        return java.net.URLEncoder.encode(value, java.nio.charset.StandardCharsets.UTF_8)
                .replace("+", "%20");
    }
}
