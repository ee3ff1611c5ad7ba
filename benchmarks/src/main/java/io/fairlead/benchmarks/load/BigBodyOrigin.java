package io.fairlead.benchmarks.load;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/**
 * The upstream of {@link BigBody}: it makes and takes bodies of any size and remembers their SHA-256.
 *
 * <ul>
 *   <li>{@code GET /down/FRAMING/BYTES/ID} sends random bytes, FRAMING being {@code length} or {@code chunked}.
 *   <li>{@code GET /digest/ID} tells, once that body has been sent, what it was: {@code SHA-256 bytes}.
 *   <li>{@code POST /up} reads a body to its end and answers {@code SHA-256 bytes framing}.
 * </ul>
 *
 * <p>Arguments: {@code --port PORT}; it listens on the loopback address and runs until it is ended.
 */
public final class BigBodyOrigin {

    private static final int BLOCK_BYTES = 64 * 1024;

    private final Map<String, String> digests = new ConcurrentHashMap<>();

    private BigBodyOrigin() {}

    public static void main(String[] args) throws IOException {
        int port = (int) new Arguments(args).number("port", 0);
        BigBodyOrigin origin = new BigBodyOrigin();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 128);
        server.createContext("/down/", origin::down);
        server.createContext("/digest/", origin::digest);
        server.createContext("/up", origin::up);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening " + server.getAddress().getPort());
    }

    private void down(HttpExchange exchange) throws IOException {
        String[] path = exchange.getRequestURI().getPath().split("/");
        boolean chunked = path[2].equals("chunked");
        long bytes = Long.parseLong(path[3]);
        // For this server a length of 0 means chunks.
        exchange.sendResponseHeaders(200, chunked ? 0 : bytes);
        byte[] block = new byte[BLOCK_BYTES];
        new Random(bytes).nextBytes(block);
        MessageDigest sha256 = sha256();
        try (OutputStream out = exchange.getResponseBody()) {
            long left = bytes;
            for (long i = 0; left > 0; i++) {
                // The block's number in its first bytes: a block lost, doubled or moved changes the digest.
                for (int b = 0; b < Long.BYTES; b++) {
                    block[b] = (byte) (i >>> (8 * b));
                }
                int n = (int) Math.min(left, block.length);
                sha256.update(block, 0, n);
                out.write(block, 0, n);
                left -= n;
            }
            digests.put(path[4], HexFormat.of().formatHex(sha256.digest()) + " " + bytes);
        }
    }

    private void digest(HttpExchange exchange) throws IOException {
        String id = exchange.getRequestURI().getPath().substring("/digest/".length());
        answer(exchange, digests.getOrDefault(id, "unknown"));
    }

    private void up(HttpExchange exchange) throws IOException {
        boolean chunked = exchange.getRequestHeaders().containsKey("Transfer-Encoding");
        MessageDigest sha256 = sha256();
        byte[] block = new byte[BLOCK_BYTES];
        long bytes = 0;
        try (InputStream in = exchange.getRequestBody()) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                sha256.update(block, 0, n);
                bytes += n;
            }
        }
        answer(
                exchange,
                HexFormat.of().formatHex(sha256.digest()) + " " + bytes + " " + (chunked ? "chunked" : "length"));
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
