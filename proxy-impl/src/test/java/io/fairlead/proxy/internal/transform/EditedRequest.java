package io.fairlead.proxy.internal.transform;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import java.util.Optional;

/** A request with a target and fields, for edits. */
final class EditedRequest implements Request {
    private final Headers headers = Headers.create();
    private String target;
    private int targetEdits;

    EditedRequest(String target) {
        this.target = target;
    }

    int targetEdits() {
        return targetEdits;
    }

    @Override
    public String method() {
        return "GET";
    }

    @Override
    public String target() {
        return target;
    }

    @Override
    public Request target(String newTarget) {
        if (!newTarget.startsWith("/") || newTarget.chars().anyMatch(c -> c <= ' ' || c == 127)) {
            throw new IllegalArgumentException(newTarget);
        }
        target = newTarget;
        targetEdits++;
        return this;
    }

    @Override
    public String path() {
        int mark = target.indexOf('?');
        return mark < 0 ? target : target.substring(0, mark);
    }

    @Override
    public Optional<String> query() {
        int mark = target.indexOf('?');
        return mark < 0 ? Optional.empty() : Optional.of(target.substring(mark + 1));
    }

    @Override
    public String normalizedPath() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String host() {
        return "";
    }

    @Override
    public String scheme() {
        return "http";
    }

    @Override
    public HttpVersion version() {
        return HttpVersion.HTTP_1_1;
    }

    @Override
    public Headers headers() {
        return headers;
    }

    @Override
    public Body body() {
        return Body.empty();
    }

    @Override
    public Request body(Body body) {
        throw new UnsupportedOperationException();
    }
}
