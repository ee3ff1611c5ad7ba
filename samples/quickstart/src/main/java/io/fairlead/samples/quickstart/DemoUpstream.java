package io.fairlead.samples.quickstart;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/** A small HTTP server that tells what it was asked. */
final class DemoUpstream {
    private final String name;
    private final HttpServer server;

    private DemoUpstream(String name, HttpServer server) {
        this.name = name;
        this.server = server;
    }

    /** Starts a server on a free port of this machine. Its threads do not keep the JVM alive. */
    static DemoUpstream start(String name) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            DemoUpstream upstream = new DemoUpstream(name, server);
            server.createContext("/", upstream::answer);
            server.setExecutor(Executors.newFixedThreadPool(4, task -> {
                Thread thread = new Thread(task, "upstream-" + name);
                thread.setDaemon(true);
                return thread;
            }));
            server.start();
            return upstream;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            long received = exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
            StringBuilder text = new StringBuilder("Hello from upstream ")
                    .append(name)
                    .append('\n')
                    .append(exchange.getRequestMethod())
                    .append(' ')
                    .append(exchange.getRequestURI())
                    .append('\n');
            for (Map.Entry<String, List<String>> field : new TreeMap<>(exchange.getRequestHeaders()).entrySet()) {
                text.append(field.getKey())
                        .append(": ")
                        .append(String.join(", ", field.getValue()))
                        .append('\n');
            }
            if (received > 0) {
                text.append(received).append(" bytes of body\n");
            }
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(200, head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
        }
    }
}
