package io.fairlead.samples.resilience;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A small HTTP server that can be killed, revived on its port, made to fail and made slow. */
final class FragileServer {
    private final String name;
    private int port;
    private @Nullable HttpServer server;
    private @Nullable ExecutorService threads;
    private volatile boolean failing;
    private volatile int delayMillis;

    FragileServer(String name) {
        this.name = name;
        revive();
    }

    String name() {
        return name;
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }

    /** Answers again, on the same port, as fast as it can. */
    void revive() {
        failing = false;
        delayMillis = 0;
        if (server != null) {
            return;
        }
        try {
            HttpServer starting = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            port = starting.getAddress().getPort();
            starting.createContext("/", this::answer);
            threads = Executors.newFixedThreadPool(16, task -> {
                Thread thread = new Thread(task, "server-" + name);
                thread.setDaemon(true);
                return thread;
            });
            starting.setExecutor(threads);
            starting.start();
            server = starting;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes its port and every connection, whatever is on its way. */
    void kill() {
        if (server != null && threads != null) {
            server.stop(0);
            threads.shutdownNow();
            server = null;
        }
    }

    /** Answers 500. */
    void fail() {
        failing = true;
    }

    /** Answers so much later. */
    void slow(int millis) {
        delayMillis = millis;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (delayMillis > 0) {
                TimeUnit.MILLISECONDS.sleep(delayMillis);
            }
            byte[] body = (name + "\n").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(failing ? 500 : 200, body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
