package io.fairlead.proxy.internal.engine.path;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.internal.lifecycle.LeakCheck;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.testing.RawClient;
import io.fairlead.proxy.testing.TestUpstream;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The upstreams, proxies and clients of one test. After the test it closes the clients, sees that each proxy has given
 * back every buffer, connection and timer ({@link LeakCheck}), and closes the rest.
 */
final class ProxyFixture implements AfterEachCallback {
    static final String GET = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    /** What has to happen at once may take this long on a busy machine; well below every default deadline. */
    static final Duration SOON = Duration.ofSeconds(2);

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final List<TestUpstream> upstreams = new ArrayList<>();
    private final List<ReverseProxy> proxies = new ArrayList<>();
    private final List<RawClient> clients = new ArrayList<>();
    private final BlockingQueue<ExchangeRecord> records = new LinkedBlockingQueue<>();

    /** Starts an upstream that runs this script. */
    TestUpstream upstream(TestUpstream.Script script) {
        return keep(TestUpstream.start(script));
    }

    /** Starts an upstream that gives these answers. */
    TestUpstream answering(String... answers) {
        return keep(TestUpstream.answering(answers));
    }

    TestUpstream keep(TestUpstream upstream) {
        upstreams.add(upstream);
        return upstream;
    }

    /** Begins a proxy with one I/O thread, on a free port, whose error answers tell their code. */
    ReverseProxy.Builder to(UpstreamPool pool) {
        return listening(ReverseProxy.to(pool));
    }

    /** Begins a proxy that forwards to these upstreams. */
    ReverseProxy.Builder to(TestUpstream... targets) {
        UpstreamPool.Builder pool = UpstreamPool.builder("default");
        for (TestUpstream target : targets) {
            pool.target(target.url());
        }
        return to(pool.build());
    }

    /** Gives the builder what every proxy of a test has. */
    ReverseProxy.Builder listening(ReverseProxy.Builder builder) {
        return watched(builder).listener(Listener.http("127.0.0.1", 0));
    }

    /** The same for a builder that has its listener. */
    ReverseProxy.Builder watched(ReverseProxy.Builder builder) {
        return builder.ioThreads(1).failureHeader(true).onExchange(records::add);
    }

    ReverseProxy start(ReverseProxy.Builder builder) {
        ReverseProxy proxy = builder.start();
        proxies.add(proxy);
        return proxy;
    }

    /** The proxy that was started last. */
    ReverseProxy proxy() {
        return proxies.get(proxies.size() - 1);
    }

    /** Connects to the proxy that was started last. */
    RawClient client() {
        return client(0);
    }

    /** Connects with a receive buffer of this size (0: the system's). */
    RawClient client(int receiveBufferBytes) {
        InetSocketAddress address = proxy().addresses().get(0);
        RawClient client = RawClient.connect(address, receiveBufferBytes);
        clients.add(client);
        return client;
    }

    /** Waits for the record of the next exchange that is over. */
    ExchangeRecord awaitRecord() {
        try {
            ExchangeRecord next = records.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("no exchange was over within " + PATIENCE);
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until the condition holds. */
    static void await(String what, BooleanSupplier condition) {
        Await.soon(what, PATIENCE).until(condition::getAsBoolean);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<Throwable> problems = new ArrayList<>();
        clients.forEach(client -> attempt(problems, client::close));
        if (context.getExecutionException().isEmpty()) {
            proxies.forEach(proxy -> attempt(problems, () -> {
                if (!proxy.addresses().isEmpty()) {
                    LeakCheck.awaitIdle(proxy);
                }
            }));
        }
        proxies.forEach(proxy -> attempt(problems, () -> proxy.stop(Duration.ZERO)));
        upstreams.forEach(upstream -> attempt(problems, upstream::close));
        if (!problems.isEmpty()) {
            AssertionError failed = new AssertionError("the test left: " + problems.get(0), problems.get(0));
            problems.stream().skip(1).forEach(failed::addSuppressed);
            throw failed;
        }
    }

    private static void attempt(List<Throwable> problems, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | AssertionError e) {
            problems.add(e);
        }
    }
}
