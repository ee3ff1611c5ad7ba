package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.route.PathNormalizer;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A request that is only asked about, for {@code explain}. */
final class QuestionedRequest implements Request {

    private final String method;
    private final String host;
    private final String target;
    private final Headers headers = Headers.create();

    QuestionedRequest(String method, String host, String target, Map<String, String> fields) {
        this.method = method;
        this.host = host.toLowerCase(Locale.ROOT);
        this.target = target;
        fields.forEach(headers::set);
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
        throw new IllegalStateException("only asked about");
    }

    @Override
    public String path() {
        int question = target.indexOf('?');
        return question < 0 ? target : target.substring(0, question);
    }

    @Override
    public Optional<String> query() {
        int question = target.indexOf('?');
        return question < 0 ? Optional.empty() : Optional.of(target.substring(question + 1));
    }

    @Override
    public String normalizedPath() {
        return PathNormalizer.normalize(path());
    }

    @Override
    public String host() {
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
        return headers;
    }

    @Override
    public Body body() {
        return Body.empty();
    }

    @Override
    public Request body(Body body) {
        throw new IllegalStateException("only asked about");
    }
}
