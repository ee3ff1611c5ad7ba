package io.fairlead.benchmarks.load;

import java.io.IOException;

/**
 * Reads the responses of one connection. A response that only the connection's end would delimit is refused, since such a
 * connection cannot be used again.
 */
final class ResponseReader extends MessageReader {

    private int status;
    private boolean reusable;
    private String upstream = "-";
    private String failure = "-";

    /** The status of the response that was begun last. */
    int status() {
        return status;
    }

    /** Whether the connection may carry another request after the response that was begun last. */
    boolean reusable() {
        return reusable;
    }

    /** Which {@link ScriptedUpstream} says it has answered, or "-". */
    String upstream() {
        return upstream;
    }

    /** The proxy's own failure code, or "-". */
    String failure() {
        return failure;
    }

    @Override
    long framing(String head, String lower) throws IOException {
        if (!head.startsWith("HTTP/1.1 ") || head.length() < 12) {
            throw new IOException(
                    "not an HTTP/1.1 response: " + head.lines().findFirst().orElse(""));
        }
        status = Integer.parseInt(head.substring(9, 12));
        if (status / 100 == 1) {
            return INTERIM;
        }
        reusable = !lower.contains("\r\nconnection: close\r\n");
        upstream = field(head, lower, "x-upstream");
        failure = field(head, lower, "fairlead-failure");
        long body = status == 204 || status == 304 ? 0 : bodyOf(lower, Long.MIN_VALUE);
        if (body == Long.MIN_VALUE) {
            throw new IOException("response without Content-Length and without chunks");
        }
        return body;
    }
}
