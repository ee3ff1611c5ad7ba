package io.fairlead.proxy.testing;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.route.PathNormalizer;
import java.util.Optional;

/**
 * A request without a connection or a body, to be routed and edited. It counts what is asked of it, so that a test can
 * tell that something was not looked at.
 */
public final class TestRequest implements Request {
    private final String method;
    private final String host;
    private final Headers headers = Headers.create();
    private String target;
    private int targetEdits;
    private int hostCalls;
    private int pathCalls;
    private int queryCalls;
    private int headerCalls;

    private TestRequest(String method, String host, String target) {
        this.method = method;
        this.host = host;
        this.target = target;
    }

    public static TestRequest of(String method, String host, String target) {
        return new TestRequest(method, host, target);
    }

    public static TestRequest get(String host, String target) {
        return of("GET", host, target);
    }

    /** A GET for which the host does not matter. */
    public static TestRequest get(String target) {
        return get("test", target);
    }

    /** Adds a field. */
    public TestRequest with(String name, String value) {
        headers.add(name, value);
        return this;
    }

    /** How often the target was set. */
    public int targetEdits() {
        return targetEdits;
    }

    /** How often the host was asked for. */
    public int hostCalls() {
        return hostCalls;
    }

    /** How often the normalised path was asked for. */
    public int pathCalls() {
        return pathCalls;
    }

    /** How often the query was asked for. */
    public int queryCalls() {
        return queryCalls;
    }

    /** How often the fields were asked for. */
    public int headerCalls() {
        return headerCalls;
    }

    @Override
    public String method() {
        return method;
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
        queryCalls++;
        int mark = target.indexOf('?');
        return mark < 0 ? Optional.empty() : Optional.of(target.substring(mark + 1));
    }

    @Override
    public String normalizedPath() {
        pathCalls++;
        return PathNormalizer.normalize(path());
    }

    @Override
    public String host() {
        hostCalls++;
        return host;
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
        headerCalls++;
        return headers;
    }

    @Override
    public Body body() {
        return Body.empty();
    }

    @Override
    public Request body(Body body) {
        throw new UnsupportedOperationException("it has none");
    }

    @Override
    public String toString() {
        return method + " " + host + " " + target + " " + headers;
    }
}
