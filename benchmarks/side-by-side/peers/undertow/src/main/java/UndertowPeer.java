import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpHandler;
import io.undertow.server.handlers.proxy.LoadBalancingProxyClient;
import io.undertow.server.handlers.proxy.ProxyHandler;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * Undertow's own {@code ProxyHandler}, one I/O thread. Arguments: listen port, upstream URI. With a third
 * argument, a path, it measures itself: the time from {@code start()}, and from before Undertow is touched, until
 * that path has been answered through the proxy, printed as {@code from_start_ms} and {@code from_first_use_ms}.
 */
public final class UndertowPeer {

    private UndertowPeer() {}

    public static void main(String[] args) throws Exception {
        long firstUse = System.nanoTime();
        int port = Integer.parseInt(args[0]);
        LoadBalancingProxyClient client = new LoadBalancingProxyClient()
                .setConnectionsPerThread(256)
                .setSoftMaxConnectionsPerThread(256)
                .setMaxQueueSize(10_000)
                .addHost(URI.create(args[1]));
        HttpHandler proxy = ProxyHandler.builder()
                .setProxyClient(client)
                .setMaxRequestTime(600_000)
                .build();
        Undertow server = Undertow.builder()
                .addHttpListener(port, "127.0.0.1")
                .setIoThreads(1)
                .setServerOption(UndertowOptions.MAX_ENTITY_SIZE, -1L)
                .setHandler(proxy)
                .build();
        long start = System.nanoTime();
        server.start();
        if (args.length > 2) {
            firstAnswer(port, args[2]);
            long answered = System.nanoTime();
            System.out.printf("from_start_ms %.1f%n", (answered - start) / 1e6);
            System.out.printf("from_first_use_ms %.1f%n", (answered - firstUse) / 1e6);
            System.exit(0);
        }
    }

    private static void firstAnswer(int port, String path) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String head = new String(in.readNBytes(12), StandardCharsets.US_ASCII);
            in.transferTo(OutputStream.nullOutputStream());
            if (!head.equals("HTTP/1.1 200")) {
                throw new IllegalStateException("not answered with 200: " + head);
            }
        }
    }
}
