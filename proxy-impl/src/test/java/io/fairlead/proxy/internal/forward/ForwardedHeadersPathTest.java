package io.fairlead.proxy.internal.forward;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.listener.TrustedProxies;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.HostPolicy;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ForwardedHeadersPathTest {

    private static final String SPOOFED = "GET / HTTP/1.1\r\nHost: shop.test:81\r\nX-Forwarded-For: 1.2.3.4\r\n"
            + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 7\r\n"
            + "Forwarded: for=1.2.3.4;proto=https\r\n\r\n";

    private final TestUpstream upstream = TestUpstream.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    private RawResponse response;
    private int port;

    @AfterEach
    void closeUpstream() {
        upstream.close();
    }

    private ReceivedRequest send(
            String request, TrustedProxies trusted, HostPolicy host, UnaryOperator<ReverseProxy.Builder> change) {
        ReverseProxy.Builder builder = ReverseProxy.builder()
                .listener(
                        Listener.builder("127.0.0.1", 0).trustedProxies(trusted).build())
                .route(Route.builder("all")
                        .to(UpstreamPool.builder("pool")
                                .target(upstream.url())
                                .hostPolicy(host)
                                .build())
                        .build());
        try (ReverseProxy proxy = change.apply(builder).start();
                RawClient client = RawClient.connect(proxy.port())) {
            port = proxy.port();
            response = client.send(request).readResponse();
            assertThat(response.status()).isEqualTo(200);
        }
        return upstream.lastRequest();
    }

    private ReceivedRequest send(TrustedProxies trusted, UnaryOperator<ReverseProxy.Builder> change) {
        return send(SPOOFED, trusted, HostPolicy.PRESERVE, change);
    }

    @Test
    void untrustedPeer_fieldsAreDroppedAndSetAnew() {
        ReceivedRequest received = send(TrustedProxies.none(), builder -> builder);
        assertThat(received.headers("X-Forwarded-For")).containsExactly("127.0.0.1");
        assertThat(received.headers("X-Forwarded-Proto")).containsExactly("http");
        assertThat(received.headers("X-Forwarded-Host")).containsExactly("shop.test:81");
        assertThat(received.headers("X-Forwarded-Port")).containsExactly(Integer.toString(port));
        assertThat(received.headers("Forwarded")).isEmpty();
    }

    @Test
    void trustedPeer_itsListGoesOnAndTheRestIsKept() {
        ReceivedRequest received = send(TrustedProxies.of("127.0.0.0/8"), builder -> builder);
        assertThat(received.headers("X-Forwarded-For")).containsExactly("1.2.3.4, 127.0.0.1");
        assertThat(received.headers("X-Forwarded-Proto")).containsExactly("https");
        assertThat(received.headers("X-Forwarded-Host")).containsExactly("evil");
        assertThat(received.headers("Forwarded")).isEmpty();
    }

    @Test
    void forwardedMode_setsOneElementForAnUntrustedPeer() {
        ReceivedRequest received =
                send(TrustedProxies.none(), builder -> builder.forwardedHeaders(ForwardedHeaders.FORWARDED));
        assertThat(received.headers("Forwarded"))
                .singleElement()
                .satisfies(value -> assertThat(value)
                        .contains("for=127.0.0.1")
                        .contains("proto=http")
                        .contains("host=\"shop.test:81\"")
                        .doesNotContain("1.2.3.4"));
        assertThat(received.headers("X-Forwarded-For")).isEmpty();
    }

    @Test
    void forwardedMode_appendsForATrustedPeer() {
        ReceivedRequest received =
                send(TrustedProxies.of("127.0.0.1"), builder -> builder.forwardedHeaders(ForwardedHeaders.FORWARDED));
        assertThat(received.headers("Forwarded"))
                .singleElement()
                .satisfies(value -> assertThat(value)
                        .startsWith("for=1.2.3.4;proto=https, ")
                        .contains("for=127.0.0.1"));
    }

    @Test
    void offMode_dropsAndSetsNothing() {
        ReceivedRequest received =
                send(TrustedProxies.none(), builder -> builder.forwardedHeaders(ForwardedHeaders.OFF));
        assertThat(received.head()).doesNotContainIgnoringCase("forwarded");
    }

    @Test
    void viaOn_isAddedBothWays() {
        ReceivedRequest received = send(TrustedProxies.none(), builder -> builder);
        assertThat(received.headers("Via")).containsExactly("1.1 fairlead");
        assertThat(response.headers("Via")).containsExactly("1.1 fairlead");
    }

    /** CGI servers read Proxy as HTTP_PROXY, and X_Forwarded_For as X-Forwarded-For. */
    @Test
    void fieldsThatServersMisread_areDropped() {
        ReceivedRequest received = send(
                "GET / HTTP/1.1\r\nHost: shop.test\r\nProxy: http://evil\r\nX_Forwarded_For: 6.6.6.6\r\n"
                        + "X-Real-IP: 6.6.6.6\r\nx_forwarded-proto: https\r\n\r\n",
                TrustedProxies.none(),
                HostPolicy.PRESERVE,
                builder -> builder);
        assertThat(received.head())
                .doesNotContain("evil")
                .doesNotContain("6.6.6.6")
                .doesNotContain("https");
    }

    @Test
    void viaOff_isAddedNeitherWay() {
        ReceivedRequest received = send(TrustedProxies.none(), builder -> builder.via(false));
        assertThat(received.headers("Via")).isEmpty();
        assertThat(response.headers("Via")).isEmpty();
    }

    @Test
    void viaOfAnHttp10Client_namesItsVersion() {
        ReceivedRequest received = send(
                "GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n",
                TrustedProxies.none(),
                HostPolicy.PRESERVE,
                builder -> builder);
        assertThat(received.headers("Via")).containsExactly("1.0 fairlead");
    }

    @Test
    void hostPreserved_isTheClients() {
        assertThat(send(TrustedProxies.none(), builder -> builder).headers("Host"))
                .containsExactly("shop.test:81");
    }

    @Test
    void hostOfTheTarget_replacesTheClientsWhichStaysInXForwardedHost() {
        ReceivedRequest received = send(SPOOFED, TrustedProxies.none(), HostPolicy.TARGET, builder -> builder);
        assertThat(received.headers("Host")).containsExactly(upstream.authority());
        assertThat(received.headers("X-Forwarded-Host")).containsExactly("shop.test:81");
    }
}
