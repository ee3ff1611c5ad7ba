package io.fairlead.proxy.internal.http;

import java.util.List;
import java.util.Random;

/** Heads at random, most of them sound but for a byte or two, with more bytes behind them or their end cut off. */
final class RandomHead {
    private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "OPTIONS", "CONNECT", "TRACE", "BREW");
    private static final List<String> TARGETS = List.of(
            "/",
            "/a/b?c=d",
            "*",
            "http://test/a",
            "http://test?a",
            "/%41%20",
            "/%4",
            "/a%zz",
            "https://test/",
            "test:80");
    private static final List<String> VERSIONS =
            List.of("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/1", "http/1.1");
    private static final List<String> FIELDS = List.of(
            "Content-Length: 5",
            "Content-Length: 5x",
            "Transfer-Encoding: chunked",
            "Connection: close",
            "Connection: keep-alive, x-a",
            "Expect: 100-continue",
            "X-A: b",
            "x-a:\t c ",
            "Empty:",
            "X-Obs: caf\u00e9",
            "Bad : x",
            "Host: test");

    private RandomHead() {}

    static byte[] request(Random random) {
        String line = (random.nextInt(40) == 0 ? "M".repeat(60 + random.nextInt(10)) : pick(random, METHODS)) + " "
                + (random.nextInt(10) == 0
                        ? "/" + "a".repeat(random.nextInt(400)) + pick(random, List.of("", "%zz", "%41", "%4"))
                        : target(random))
                + " "
                + pick(random, VERSIONS) + "\r\n";
        return rest(random, (random.nextInt(10) == 0 ? "\r\n" : "") + line, "Host: test\r\n");
    }

    private static String target(Random random) {
        return random.nextInt(3) == 0 ? pick(random, TARGETS) : "/a" + random.nextInt(1_000);
    }

    static byte[] response(Random random) {
        String line =
                pick(random, VERSIONS) + " " + random.nextInt(90, 650) + pick(random, List.of(" OK", " ", "")) + "\r\n";
        return rest(random, line, "");
    }

    private static byte[] rest(Random random, String line, String always) {
        StringBuilder text = new StringBuilder(line);
        if (random.nextInt(10) > 0) {
            text.append(always);
        }
        int fields = random.nextInt(random.nextInt(8) == 0 ? 30 : 5);
        for (int i = 0; i < fields; i++) {
            text.append(random.nextInt(3) > 0 ? "X-" + i + ": " + "v".repeat(random.nextInt(40)) : pick(random, FIELDS))
                    .append("\r\n");
        }
        text.append("\r\n");
        if (random.nextBoolean()) {
            text.append("5\r\nhello and more");
        }
        byte[] bytes = Ascii.bytes(text.toString());
        return random.nextInt(3) == 0 ? Mutations.of(random, bytes) : bytes;
    }

    private static String pick(Random random, List<String> list) {
        return list.get(random.nextInt(list.size()));
    }
}
