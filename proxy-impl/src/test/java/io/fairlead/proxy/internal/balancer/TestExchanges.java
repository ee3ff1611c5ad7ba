package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.testing.TestRequest;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;

/** Exchanges of which a picker asks the request, the client and attributes only. */
public final class TestExchanges {

    private TestExchanges() {}

    public static Exchange of(Request request, InetSocketAddress client, Map<String, Object> attributes) {
        return (Exchange) Proxy.newProxyInstance(
                TestExchanges.class.getClassLoader(),
                new Class<?>[] {Exchange.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "request" -> request;
                    case "client" -> client;
                    case "attribute" -> Optional.ofNullable(attributes.get(arguments[0]));
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    public static Exchange of(Request request) {
        return of(request, new InetSocketAddress("192.0.2.1", 1234), Map.of());
    }

    /** That of a client of this number, who tells it in a field. */
    public static Exchange of(int number) {
        return of(TestRequest.get("/").with("X-User", "user-" + number));
    }
}
