package io.fairlead.proxy.internal.route;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** A request without a connection, which counts what is asked of it. */
final class TestRequest implements Request {
    private final String method;
    private final String host;
    private final String target;
    private final Headers headers = Headers.create();
    int hostCalls;
    int pathCalls;
    int queryCalls;
    int headerCalls;

    private TestRequest(String method, String host, String target) {
        this.method = method;
        this.host = host;
        this.target = target;
    }

    static TestRequest of(String method, String host, String target) {
        return new TestRequest(method, host, target);
    }

    static TestRequest get(String host, String target) {
        return of("GET", host, target);
    }

    static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    TestRequest with(String name, String value) {
        headers.add(name, value);
        return this;
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
    public Request target(String target) {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    @Override
    public String toString() {
        return method + " " + host + " " + target + " " + headers;
    }
}
