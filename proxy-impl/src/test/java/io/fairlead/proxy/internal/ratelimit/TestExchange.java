package io.fairlead.proxy.internal.ratelimit;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.testing.TestRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** An exchange without a connection, of a client at an address. */
final class TestExchange implements Exchange {
    private final InetSocketAddress client;
    private final TestRequest request;
    private final Map<String, Object> attributes = new HashMap<>();
    private Map<String, String> variables = Map.of();
    private String route = "r";

    private TestExchange(String client, TestRequest request) {
        try {
            this.client = new InetSocketAddress(InetAddress.getByName(client), 1234);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
        this.request = request;
    }

    static TestExchange from(String client) {
        return new TestExchange(client, TestRequest.get("/"));
    }

    static TestExchange of(TestRequest request) {
        return new TestExchange("192.0.2.1", request);
    }

    static TestExchange with(String field, String value) {
        return of(TestRequest.get("/").with(field, value));
    }

    TestExchange variable(String name, String value) {
        variables = Map.of(name, value);
        return this;
    }

    TestExchange route(String id) {
        route = id;
        return this;
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public Request request() {
        return request;
    }

    @Override
    public Optional<String> routeId() {
        return Optional.of(route);
    }

    @Override
    public Map<String, String> variables() {
        return variables;
    }

    @Override
    public InetSocketAddress client() {
        return client;
    }

    @Override
    public InetSocketAddress peer() {
        return client;
    }

    @Override
    public InetSocketAddress local() {
        return client;
    }

    @Override
    public Instant startedAt() {
        return Instant.EPOCH;
    }

    @Override
    public Optional<Duration> remaining() {
        return Optional.empty();
    }

    @Override
    public Optional<Object> attribute(String key) {
        return Optional.ofNullable(attributes.get(key));
    }

    @Override
    public void attribute(String key, Object value) {
        attributes.put(key, value);
    }

    @Override
    public void onCancel(Runnable action) {
        throw new UnsupportedOperationException();
    }
}
