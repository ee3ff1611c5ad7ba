package io.fairlead.samples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuickstartTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private DemoUpstream one;
    private DemoUpstream two;
    private ReverseProxy proxy;

    @BeforeEach
    void start() {
        one = DemoUpstream.start("one");
        two = DemoUpstream.start("two");
        proxy = Quickstart.proxy(0, one.url(), two.url()).start();
    }

    @AfterEach
    void stop() {
        proxy.close();
        one.stop();
        two.stop();
    }

    private HttpResponse<String> get(String target) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + proxy.port() + target);
        return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    @Test
    void manyRequests_reachBothUpstreams() throws Exception {
        StringBuilder bodies = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            bodies.append(get("/").body());
        }
        assertThat(bodies.toString()).contains("upstream one", "upstream two");
    }

    @Test
    void apiRequest_losesPrefixAndGetsTheMiddlewaresField() throws Exception {
        HttpResponse<String> response = get("/api/hello?x=1");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).contains("GET /hello?x=1\n");
        assertThat(response.headers().firstValue("X-Powered-By")).contains("fairlead");
    }

    @Test
    void oldPage_isRedirected() throws Exception {
        HttpResponse<String> response = get("/old/hello");
        assertThat(response.statusCode()).isEqualTo(308);
        assertThat(response.headers().firstValue("Location")).contains("/api/hello");
    }

    @Test
    void health_isAnsweredByTheProxy() throws Exception {
        assertThat(get("/health").body()).isEqualTo("up\n");
    }
}
