package io.fairlead.benchmarks.load;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;

/**
 * Streams large bodies through a proxy, down and up, with Content-Length and in chunks, and compares their SHA-256 with what
 * {@link BigBodyOrigin} made or saw.
 *
 * <p>Arguments: {@code --url PROXY --origin ORIGIN --bytes N}. For each of {@code down_length}, {@code down_chunked}, {@code
 * up_length} and {@code up_chunked} it prints {@code .._ok} (1 when the digests are equal, else 0), {@code .._mib_per_s}, and
 * why when not.
 */
public final class BigBody {

    private static final int BLOCK_BYTES = 64 * 1024;
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final String proxy;
    private final String origin;
    private final long bytes;

    private BigBody(Arguments arguments) {
        this.proxy = arguments.text("url");
        this.origin = arguments.text("origin");
        this.bytes = arguments.number("bytes", 1L << 30);
    }

    /** One transfer; it gives an empty text when the digests are equal, else what is wrong. */
    private interface Transfer {
        String run() throws IOException, InterruptedException;
    }

    public static void main(String[] args) throws InterruptedException {
        BigBody run = new BigBody(new Arguments(args));
        run.measure("down_length", () -> run.down("length"));
        run.measure("down_chunked", () -> run.down("chunked"));
        run.measure("up_length", () -> run.up("length"));
        run.measure("up_chunked", () -> run.up("chunked"));
        // The client's own threads would otherwise keep this process alive for a while.
        System.exit(0);
    }

    private void measure(String name, Transfer transfer) throws InterruptedException {
        long start = System.nanoTime();
        String difference;
        try {
            difference = transfer.run();
        } catch (IOException e) {
            difference = e.toString();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println(name + "_ok " + (difference.isEmpty() ? 1 : 0));
        System.out.println(String.format(Locale.ROOT, "%s_mib_per_s %.0f", name, bytes / seconds / (1 << 20)));
        if (!difference.isEmpty()) {
            System.out.println(
                    name + "_failure " + difference.lines().findFirst().orElse(""));
        }
    }

    private String down(String framing) throws IOException, InterruptedException {
        String id = framing + "-" + System.nanoTime();
        HttpResponse<InputStream> response =
                client.send(get(proxy + "/down/" + framing + "/" + bytes + "/" + id), BodyHandlers.ofInputStream());
        MessageDigest sha256 = BigBodyOrigin.sha256();
        byte[] block = new byte[BLOCK_BYTES];
        long received = 0;
        try (InputStream in = response.body()) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                sha256.update(block, 0, n);
                received += n;
            }
        }
        String got = HexFormat.of().formatHex(sha256.digest()) + " " + received;
        String made = client.send(get(origin + "/digest/" + id), BodyHandlers.ofString())
                .body();
        return response.statusCode() == 200 && got.equals(made)
                ? ""
                : "status " + response.statusCode() + ", received " + got + ", sent " + made;
    }

    private String up(String framing) throws IOException, InterruptedException {
        Made made = new Made(bytes);
        BodyPublisher stream = BodyPublishers.ofInputStream(() -> made);
        HttpRequest request = HttpRequest.newBuilder(URI.create(proxy + "/up"))
                .timeout(DEADLINE)
                .POST(framing.equals("length") ? BodyPublishers.fromPublisher(stream, bytes) : stream)
                .build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        String sent = HexFormat.of().formatHex(made.sha256.digest()) + " " + bytes + " ";
        // Whether it goes on in chunks or with a length is the proxy's choice; that the bytes are the same is not.
        return response.statusCode() == 200 && response.body().startsWith(sent)
                ? ""
                : "status " + response.statusCode() + ", sent " + sent + ", received " + response.body();
    }

    private static HttpRequest get(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(DEADLINE).build();
    }

    /** A stream of bytes made as they are read, with their digest. */
    private static final class Made extends InputStream {
        private final MessageDigest sha256 = BigBodyOrigin.sha256();
        private final byte[] block = new byte[BLOCK_BYTES];
        private long left;
        private long number;

        private Made(long bytes) {
            this.left = bytes;
            new Random(bytes).nextBytes(block);
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            int n = (int) Math.min(Math.min(length, block.length), left);
            for (int b = 0; b < Long.BYTES; b++) {
                block[b] = (byte) (number >>> (8 * b));
            }
            number++;
            System.arraycopy(block, 0, target, offset, n);
            sha256.update(block, 0, n);
            left -= n;
            return n;
        }
    }
}
