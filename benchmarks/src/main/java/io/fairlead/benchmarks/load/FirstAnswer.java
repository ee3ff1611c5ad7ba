package io.fairlead.benchmarks.load;

import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.listener.Listener;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What a program that embeds Fairlead waits for when it starts: the time from {@code start()}, and from before the first use of
 * the API, until a request has been answered through the proxy. Each run needs a fresh JVM, since everything after the first
 * finds its classes loaded.
 *
 * <p>Arguments: {@code --upstream URL --path PATH}. Prints {@code from_start_ms} and {@code from_first_use_ms}.
 */
public final class FirstAnswer {

    private FirstAnswer() {}

    public static void main(String[] args) throws IOException {
        Arguments arguments = new Arguments(args);
        String upstream = arguments.text("upstream");
        String path = arguments.text("path");
        long firstUse = System.nanoTime();
        UpstreamPool files = UpstreamPool.of("files", upstream, upstream.replace("127.0.0.1", "localhost"));
        try (ReverseProxy proxy = ReverseProxy.builder()
                .listener(Listener.http("127.0.0.1", 0))
                .route(Route.builder("catalog")
                        .match(Match.host("shop.example.com").and(Match.path("/api/catalog/**")))
                        .to(UpstreamPool.of("catalog", upstream))
                        .build())
                .route(Route.builder("files").to(files).build())
                .build()) {
            long start = System.nanoTime();
            proxy.start();
            ask(proxy.port(), path);
            long answered = System.nanoTime();
            System.out.println(String.format(Locale.ROOT, "from_start_ms %.1f", (answered - start) / 1e6));
            System.out.println(String.format(Locale.ROOT, "from_first_use_ms %.1f", (answered - firstUse) / 1e6));
        }
    }

    private static void ask(int port, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            if (!status.equals("HTTP/1.1 200")) {
                throw new IOException("not answered with 200: " + status);
            }
        }
    }
}
