package io.fairlead.proxy.internal.engine.path;

import static io.fairlead.proxy.internal.engine.path.ProxyFixture.GET;
import static io.fairlead.proxy.internal.engine.path.ProxyFixture.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Limits;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Limits on the number of client connections. */
class LimitsTest {
    @RegisterExtension
    final ProxyFixture fixture = new ProxyFixture();

    private void start(Limits limits) {
        TestUpstream upstream = fixture.answering(TestUpstream.ok("ok"));
        fixture.start(fixture.watched(ReverseProxy.to(upstream.url())
                .listener(Listener.builder("127.0.0.1", 0).limits(limits).build())));
    }

    private void assertThirdIsRefused(FailureCode code) {
        RawClient first = fixture.client();
        RawClient second = fixture.client();
        ProxyFixture.await("two connections", () -> LeakCheck.clients(fixture.proxy()) == 2);
        fixture.client().awaitEof(SOON);
        ExchangeRecord refused = fixture.awaitRecord();
        assertThat(refused.failure()).contains(code);
        assertThat(refused.client().getAddress().isLoopbackAddress()).isTrue();
        assertThat(first.send(GET).readResponse().status()).isEqualTo(200);
        first.close();
        ProxyFixture.await("one connection", () -> LeakCheck.clients(fixture.proxy()) == 1);
        assertThat(fixture.client().send(GET).readResponse().status()).isEqualTo(200);
        assertThat(second.send(GET).readResponse().status()).isEqualTo(200);
    }

    @Test
    void connectionsAboveTheLimit_areClosedAtOnce() {
        start(Limits.ofDefaults().withMaxConnections(2));
        assertThirdIsRefused(FailureCode.CLIENT_TOO_MANY_CONNECTIONS);
    }

    @Test
    void connectionsOfOneClientAboveTheLimit_areClosedAtOnce() {
        start(Limits.ofDefaults().withMaxConnectionsPerClient(2));
        assertThirdIsRefused(FailureCode.CLIENT_TOO_MANY_CONNECTIONS_OF_ADDRESS);
    }
}
