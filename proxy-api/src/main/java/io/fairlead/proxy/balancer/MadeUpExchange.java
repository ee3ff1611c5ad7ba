package io.fairlead.proxy.balancer;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The exchanges of {@link PickerContract}: requests of many clients, and some that have little to go by. */
final class MadeUpExchange implements Exchange, Request {
    private final String what;
    private final InetSocketAddress client;
    private final Headers headers = Headers.create();
    private final Map<String, Object> attributes = new HashMap<>();
    private String target;

    private MadeUpExchange(String what, InetSocketAddress client, String target) {
        this.what = what;
        this.client = client;
        this.target = target;
    }

    /** That of a client of this number. */
    static MadeUpExchange of(int number) {
        InetSocketAddress client = new InetSocketAddress("10.1." + number / 250 + "." + number % 250, 40_000);
        MadeUpExchange exchange =
                new MadeUpExchange("client " + number, client, "/items/" + number + "?user=" + number);
        exchange.headers.add("Host", "shop.example.com");
        exchange.headers.add("X-User", "user-" + number);
        exchange.headers.add("Cookie", "user=" + number);
        exchange.attributes.put("user", number);
        return exchange;
    }

    /** Those that have little to go by. */
    static List<MadeUpExchange> odd() {
        InetSocketAddress v6 = new InetSocketAddress("2001:db8::1", 0);
        MadeUpExchange empty = new MadeUpExchange("a request whose fields are empty", v6, "/?user=");
        empty.headers.add("X-User", "").add("Cookie", "").add("Cookie", "user=");
        MadeUpExchange binary = new MadeUpExchange("a request with odd characters", v6, "/%00?user=%ff&=&&user");
        binary.headers.add("X-User", "\u00ff\u00fe").add("Cookie", ";;=;user=\u00ff");
        return List.of(
                new MadeUpExchange("a request without fields", v6, "/"),
                new MadeUpExchange(
                        "a client without an address", InetSocketAddress.createUnresolved("_hidden", 0), "*"),
                empty,
                binary);
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public Request request() {
        return this;
    }

    @Override
    public Optional<String> routeId() {
        return Optional.of("contract");
    }

    @Override
    public Map<String, String> variables() {
        return Map.of();
    }

    @Override
    public InetSocketAddress client() {
        return client;
    }

    @Override
    public InetSocketAddress peer() {
        return new InetSocketAddress("127.0.0.1", 40_000);
    }

    @Override
    public InetSocketAddress local() {
        return new InetSocketAddress("127.0.0.1", 8080);
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
    public void onCancel(Runnable action) {}

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
        target = newTarget;
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
        return path();
    }

    @Override
    public String host() {
        return "shop.example.com";
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
        return this;
    }

    @Override
    public String toString() {
        return what;
    }
}
