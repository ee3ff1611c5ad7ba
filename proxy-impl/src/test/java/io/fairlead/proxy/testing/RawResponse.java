package io.fairlead.proxy.testing;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A response as the client got it.
 *
 * @param version {@code HTTP/1.1} or {@code HTTP/1.0}
 * @param status the status code
 * @param reason the reason phrase, which may be empty
 * @param head the head byte for byte (latin-1), its empty line included
 * @param fields the head's fields
 * @param body the body without chunk framing
 * @param chunkSizes the sizes of its chunks, the last (0) included; empty where it was not chunked
 * @param trailers the fields after a chunked body
 * @param interim the 1xx responses that came before it
 * @param complete false where the connection ended before the framing said so
 */
public record RawResponse(
        String version,
        int status,
        String reason,
        String head,
        Fields fields,
        byte[] body,
        List<Long> chunkSizes,
        Fields trailers,
        List<RawResponse> interim,
        boolean complete) {

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
        return Escapes.show(head) + (complete ? "" : " (cut)") + " body of " + body.length + " bytes";
    }
}
