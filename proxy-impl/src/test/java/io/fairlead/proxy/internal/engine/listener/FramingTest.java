package io.fairlead.proxy.internal.engine.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.testing.Escapes;
import io.fairlead.proxy.testing.Fields;
import io.fairlead.proxy.testing.FramingCase;
import io.fairlead.proxy.testing.FramingCase.Await;
import io.fairlead.proxy.testing.FramingCase.Fate;
import io.fairlead.proxy.testing.FramingCase.Request;
import io.fairlead.proxy.testing.FramingCase.Send;
import io.fairlead.proxy.testing.FramingCase.Step;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.RawResponse;
import io.fairlead.proxy.testing.ReceivedRequest;
import io.fairlead.proxy.testing.ScriptedExchange;
import io.fairlead.proxy.testing.TestUpstream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sends every case of {@code framing-cases.txt} through a proxy of its own. Whatever the case, the proxy must go on
 * afterwards: a last request, the probe, gets its answer, on the same connection where that stays open. When the probe
 * has reached the upstream, whatever the case let through has reached it before.
 */
class FramingTest {
    private static final String PROBE_LINE = "GET /probe HTTP/1.1";
    private static final String PROBE = PROBE_LINE + "\r\nHost: test\r\n\r\n";
    /** Below the idle limit of upstream connections (4 s), so that it cannot be what closed one. */
    private static final Duration SOON = Duration.ofSeconds(2);

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.fairlead.proxy.testing.FramingCases#requests")
    void request_isTreatedAsTheTableSays(FramingCase one) {
        run(one, (upstream, response) -> {
            assertThat(one.upstream()).isNotNull();
            if (one.upstream().cut()) {
                assertNothingWhole(upstream);
            } else {
                assertReceived(upstream, one.upstream().requests());
            }
            List<ReceivedRequest> received = withoutProbe(upstream);
            if (!received.isEmpty()) {
                ReceivedRequest last = received.get(received.size() - 1);
                assertFields(last.fields(), one.upstreamHas(), one.upstreamLacks());
                assertFields(last.trailers(), one.upstreamTrailers(), List.of());
            }
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.fairlead.proxy.testing.FramingCases#answers")
    void answer_isTreatedAsTheTableSays(FramingCase one) {
        run(one, (upstream, response) -> {
            Boolean reuse = one.reuse();
            if (reuse != null && reuse) {
                assertThat(upstream.connections()).as("upstream connections").isEqualTo(1);
            } else if (reuse != null) {
                upstream.awaitConnectionClosed(0, SOON);
                assertThat(upstream.connections()).as("upstream connections").isEqualTo(2);
            }
        });
    }

    private interface UpstreamCheck {
        void check(TestUpstream upstream, @Nullable RawResponse response);
    }

    /** Runs the case and puts its place before what fails. */
    private static void run(FramingCase one, UpstreamCheck check) {
        try {
            runCase(one, check);
        } catch (AssertionError failure) {
            throw new AssertionError(
                    "case " + one.name() + " (framing-cases.txt:" + one.line() + "): " + failure.getMessage(), failure);
        }
    }

    private static void runCase(FramingCase one, UpstreamCheck check) {
        CountDownLatch clientHasHead = new CountDownLatch(1);
        AtomicBoolean first = new AtomicBoolean(true);
        try (TestUpstream upstream = TestUpstream.start(exchange -> {
                    exchange.continueIfExpected();
                    exchange.readBody();
                    byte[] answer = one.answer();
                    if (answer != null && first.getAndSet(false)) {
                        misbehave(exchange, one, answer, clientHasHead);
                    } else {
                        exchange.write(TestUpstream.ok("ok"));
                    }
                });
                ReverseProxy proxy = ReverseProxy.to(upstream.url())
                        .name("framing")
                        .ioThreads(1)
                        .listener(Listener.http("127.0.0.1", 0))
                        .stopTimeout(Duration.ofSeconds(1))
                        .start();
                RawClient client = RawClient.connect(proxy.port())) {
            RawResponse response = converse(client, one, clientHasHead::countDown);
            if (response != null) {
                assertResponse(one, response);
            }
            if (one.fate() == Fate.OPEN) {
                assertProbed(client);
            } else {
                client.awaitEof(SOON);
                try (RawClient next = RawClient.connect(proxy.port())) {
                    assertProbed(next);
                }
            }
            check.check(upstream, response);
        }
    }

    private static void misbehave(
            ScriptedExchange exchange, FramingCase one, byte[] answer, CountDownLatch clientHasHead)
            throws IOException, InterruptedException {
        exchange.write(answer);
        byte[] afterHead = one.afterHead();
        if (afterHead != null) {
            clientHasHead.await();
            exchange.write(afterHead);
        }
        switch (one.ending()) {
            case KEEP -> {}
            case CLOSE -> exchange.close();
            case RESET -> exchange.reset();
        }
    }

    /** Sends the case and reads its answers; the last one, or null where the end came without it and may. */
    private static @Nullable RawResponse converse(RawClient client, FramingCase one, Runnable onHead) {
        for (Step step : one.steps()) {
            if (step instanceof Send send) {
                // The proxy may have refused the case before all of it was sent.
                client.sendIfOpen(send.bytes());
            } else if (step instanceof Await await) {
                assertThat(client.readHead()).startsWith("HTTP/1.1 " + await.status() + " ");
            }
        }
        if (one.halfClose()) {
            client.halfClose();
        }
        RawResponse last = null;
        for (List<Integer> statuses : one.statuses()) {
            if (statuses.contains(0) && !client.awaitByteOrEnd()) {
                return null;
            }
            last = client.readResponse(one.isHead(), onHead);
            assertThat(last.status()).as(last.toString()).isIn(statuses);
        }
        return last;
    }

    private static void assertResponse(FramingCase one, RawResponse response) {
        assertThat(response.complete()).as("completeness of " + response).isEqualTo(one.fate() != Fate.CUT);
        if (one.interim() != null) {
            assertThat(response.interim()).extracting(RawResponse::status).isEqualTo(one.interim());
        }
        if (one.body() != null) {
            assertThat(Escapes.show(response.body())).isEqualTo(Escapes.show(one.body()));
        }
        assertFields(response.fields(), one.clientHas(), one.clientLacks());
        assertFields(response.trailers(), one.clientTrailers(), List.of());
        if (one.fate() != Fate.CUT && !isHttp10(one)) {
            // RFC 9112 §9.6: who will close says so, and nobody else.
            assertThat(response.fields().containsToken("Connection", "close"))
                    .as("Connection: close in " + response)
                    .isEqualTo(one.fate() == Fate.CLOSED);
        }
    }

    private static boolean isHttp10(FramingCase one) {
        return one.steps().get(0) instanceof Send send
                && new String(send.bytes(), StandardCharsets.ISO_8859_1).contains(" HTTP/1.0\r\n");
    }

    private static void assertProbed(RawClient client) {
        RawResponse response = client.send(PROBE).readResponse();
        assertThat(response.status()).as(response.toString()).isEqualTo(200);
        assertThat(response.bodyText()).isEqualTo("ok");
    }

    private static List<ReceivedRequest> withoutProbe(TestUpstream upstream) {
        return upstream.requests().stream()
                .filter(request -> !request.requestLine().equals(PROBE_LINE))
                .toList();
    }

    private static void assertReceived(TestUpstream upstream, List<Request> expected) {
        List<ReceivedRequest> received = withoutProbe(upstream);
        assertThat(received).allMatch(ReceivedRequest::complete);
        assertThat(described(received))
                .isEqualTo(expected.stream()
                        .map(request -> Escapes.show(request.line()) + " => " + Escapes.show(request.body()))
                        .toList());
        if (expected.isEmpty()) {
            // Not even the beginning of something that was never recognised as a request.
            assertThat(upstream.connections()).isEqualTo(1);
            assertThat(upstream.rawBytes())
                    .asString(StandardCharsets.ISO_8859_1)
                    .startsWith(PROBE_LINE);
        }
    }

    private static void assertNothingWhole(TestUpstream upstream) {
        List<ReceivedRequest> received = withoutProbe(upstream);
        assertThat(received).hasSizeLessThanOrEqualTo(1);
        // When its connection has ended nothing can complete it any more.
        received.forEach(request -> upstream.awaitConnectionClosed(request.connection(), SOON));
        assertThat(withoutProbe(upstream)).noneMatch(ReceivedRequest::complete);
    }

    private static List<String> described(List<ReceivedRequest> received) {
        return received.stream()
                .map(request -> Escapes.show(request.requestLine()) + " => " + Escapes.show(request.body()))
                .toList();
    }

    private static void assertFields(Fields fields, List<Fields.Field> has, List<String> lacks) {
        for (Fields.Field field : has) {
            List<String> expected = new ArrayList<>();
            has.stream()
                    .filter(other -> other.name().equalsIgnoreCase(field.name()))
                    .forEach(other -> expected.add(other.value()));
            assertThat(fields.values(field.name()))
                    .as(field.name() + " in " + fields)
                    .isEqualTo(expected);
        }
        for (String name : lacks) {
            assertThat(fields.values(name)).as(name + " in " + fields).isEmpty();
        }
    }
}
