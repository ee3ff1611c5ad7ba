package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.engine.transfer.BytesSource;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.response.ErrorBody;
import org.jspecify.annotations.Nullable;

/**
 * The one response of an exchange on its way to the client's stream; on the exchange's loop. It knows nothing of the
 * chain: who calls it sees to it that only one final response is sent ({@link #isBegun}).
 *
 * <ol>
 *   <li>{@link #interim}, any number of times;
 *   <li>{@link #send}, {@link #pass} or {@link #sendError}: the final head, and the body attached to the client;
 *   <li>{@link #sent} once its last byte is out, or {@link #stop}.
 * </ol>
 */
final class ClientResponse {

    private static final String[] VALIDATORS = {
        "ETag", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"
    };

    /** Why a response cannot be sent. */
    record Refusal(FailureCode code, String detail) {}

    private final ClientStream stream;
    private final RequestHead request;
    private boolean begun;
    private @Nullable BodySource source;
    private long headNanos;
    private @Nullable String cookie;

    ClientResponse(ClientStream stream, RequestHead request) {
        this.stream = stream;
        this.request = request;
    }

    /** Whether the final response has begun, so that nothing else can be answered. */
    boolean isBegun() {
        return begun;
    }

    /** Gives the client this cookie with its answer, unless that is a failure of ours. */
    void setCookie(String field) {
        cookie = field;
    }

    /** The upstream's final head is here. */
    void headCame() {
        headNanos = stream.loop().now();
    }

    /** When the upstream's head came, or else our own was made; 0 if there was none. */
    long headNanos() {
        return headNanos;
    }

    // ---- 1. interim responses

    void interim(ResponseHead head) {
        removeNominated(head);
        stream.interim(head.status(), head);
    }

    /** Removes the fields that concern the upstream's connection alone (RFC 9110 §7.6.1). */
    static void removeNominated(HeaderBlock fields) {
        for (int i = fields.find(FieldId.CONNECTION); i >= 0; i = fields.findAfter(i, FieldId.CONNECTION)) {
            fields.removeNominated(i);
        }
    }

    // ---- 2. the final response

    /** Passes on what the upstream answered, which nobody touched. */
    void pass(ResponseHead answer, BodySource body, long bodyLength) {
        begin(answer.status(), answer, answer, bodyLength == 0 ? null : body, bodyLength, answer.contentLength());
    }

    /**
     * Sends what the chain made.
     *
     * @param requestBody the request's own body, which may be sent back, but not by its handle
     * @param beforeHead runs when nothing can refuse the response any more and nothing of it is out
     * @param blamed for a body that is not to be had
     * @return why not, with nothing sent; null if the response has begun
     */
    @Nullable
    Refusal send(Response response, @Nullable Body requestBody, Runnable beforeHead, FailureCode blamed) {
        HeaderBlock fields = HeaderBlock.of(response.headers());
        ResponseHead upstream = fields instanceof ResponseHead answer ? answer : null;
        Body given = response.body();
        boolean same = upstream != null && upstream.status() == response.status();
        Body unedited = given instanceof EditedTrailersBody edited ? edited.unedited() : given;
        if (unedited instanceof StreamBody untouched && untouched != requestBody) {
            BodySource body = untouched.take();
            if (body == null) {
                return new Refusal(FailureCode.MIDDLEWARE_FAILED, "the response body was read and not replaced");
            }
            if (given instanceof EditedTrailersBody edited) {
                body = edited.over(body);
            }
            beforeHead.run();
            long length = given.length().orElse(-1);
            begin(response.status(), same ? upstream : null, fields, body, length, length);
            return null;
        }
        if (given == Body.empty()) {
            beforeHead.run();
            long declared =
                    upstream != null && same && (isToHead() || response.status() == 304) ? lengthIn(upstream) : 0;
            begin(response.status(), same ? upstream : null, fields, null, 0, declared);
            return null;
        }
        if (upstream != null) {
            removeValidators(upstream);
        }
        PublisherSource body = new PublisherSource(stream.loop(), given, blamed, (code, detail) -> {});
        if (!isBodiless(response.status())) {
            try {
                body.open();
            } catch (RuntimeException e) {
                // Nothing is out yet, so that it can still be told with a status.
                return new Refusal(blamed, "the response body: " + e.getMessage());
            }
        }
        // Not earlier: the body that was just asked for may be the request's own.
        beforeHead.run();
        long length = given.length().orElse(-1);
        begin(response.status(), same ? upstream : null, fields, body, length, length);
        return null;
    }

    private static long lengthIn(ResponseHead head) {
        return head.find(FieldId.CONTENT_LENGTH) < 0 ? -1 : head.contentLength();
    }

    /** Removes the fields that tell of the bytes of a body that is another one now. */
    static void removeValidators(HeaderBlock fields) {
        for (String name : VALIDATORS) {
            fields.remove(name);
        }
    }

    private boolean isToHead() {
        return request.method().equals("HEAD");
    }

    private boolean isBodiless(int status) {
        return isToHead() || status == 204 || status == 304;
    }

    private void begin(
            int status,
            @Nullable ResponseHead upstream,
            HeaderBlock fields,
            @Nullable BodySource body,
            long length,
            long declared) {
        begun = true;
        if (headNanos == 0) {
            headNanos = stream.loop().now();
        }
        if (cookie != null) {
            fields.add("Set-Cookie", cookie);
        }
        boolean bodiless = isBodiless(status);
        long declaredLength = status == 204 ? -1 : declared;
        if (bodiless && body != null) {
            body.cancel();
        }
        if (bodiless || body == null || length == 0) {
            BodySink sink = stream.respond(status, upstream, fields, 0, declaredLength, false);
            if (body != null && !bodiless) {
                body.cancel();
            }
            sink.end(null);
            return;
        }
        BodySink sink = stream.respond(status, upstream, fields, length, declaredLength, false);
        source = body;
        sink.feed(body);
        body.attach(sink);
    }

    /**
     * Answers with a failure.
     *
     * @param error the body
     * @param fields what the answer says besides; gets the others
     * @param withCode whether a field names the code
     */
    void sendError(FailureCode code, ErrorBody error, HeaderBlock fields, boolean withCode) {
        begun = true;
        error.describeIn(fields);
        if (withCode) {
            fields.add("Fairlead-Failure", code.name());
        }
        if (!stream.requestComplete()) {
            stream.requestBody().cancel();
        }
        byte[] text = error.bytes();
        // Who sends a request that is refused for itself loses the connection; a route or an upstream that fails is not
        // the client's fault.
        boolean close = code.side() == FailureCode.Side.CLIENT || code == FailureCode.PROXY_STOPPING;
        boolean bodiless = isToHead() || text.length == 0;
        BodySink sink = stream.respond(code.status(), null, fields, bodiless ? 0 : text.length, text.length, close);
        if (bodiless) {
            sink.end(null);
            return;
        }
        BytesSource content = new BytesSource(stream.loop(), text);
        source = content;
        sink.feed(content);
        content.attach(sink);
    }

    // ---- 3. the end

    /** The last byte is out. */
    void sent() {
        source = null;
    }

    /** Sends no more of the body. */
    void stop() {
        BodySource body = source;
        if (body != null) {
            source = null;
            body.cancel();
        }
    }
}
