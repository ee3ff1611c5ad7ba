package io.fairlead.proxy.testing;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A request as it reached the upstream: a snapshot, taken when the test asked for it.
 *
 * @param connection the number of the upstream connection it came on, the first being 0
 * @param head the head byte for byte (latin-1), its empty line included
 * @param fields the head's fields
 * @param body what has come of the body so far, without chunk framing
 * @param chunkSizes the sizes of the chunks in which the body came, the last (0) included; empty with Content-Length
 * @param trailers the fields after a chunked body
 * @param complete whether the message has ended as its framing says; false while it is on its way, and for ever where
 *     it was cut
 */
public record ReceivedRequest(
        int connection,
        String head,
        Fields fields,
        byte[] body,
        List<Long> chunkSizes,
        Fields trailers,
        boolean complete) {

    /** The first line without its CRLF. */
    public String requestLine() {
        return head.substring(0, head.indexOf("\r\n"));
    }

    /** The method. */
    public String method() {
        return requestLine().split(" ")[0];
    }

    /** The request target byte for byte. */
    public String target() {
        return requestLine().split(" ")[1];
    }

    /** The first value of a field. */
    public Optional<String> header(String name) {
        return fields.first(name);
    }

    /** The values of a field in wire order. */
    public List<String> headers(String name) {
        return fields.values(name);
    }

    /** The body as latin-1 text. */
    public String bodyText() {
        return new String(body, StandardCharsets.ISO_8859_1);
    }

    @Override
    public String toString() {
        return Escapes.show(head) + (complete ? "" : " (incomplete)") + " body of " + body.length + " bytes";
    }
}
