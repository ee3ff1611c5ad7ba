package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.forwarded.ResolvedClient;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.route.PathNormalizer;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The request of a client as user code sees and edits it: a view over the head that the listener read, and a body that is
 * made only if somebody asks for it. What user code changes is kept here, next to what the client sent, for
 * {@link UpstreamRequest} to compose.
 *
 * <p>The lowest layer of {@link ProxyExchange}, so that a request costs one object.
 */
abstract class ClientRequest implements Request {

    private static final Logger LOG = LoggerFactory.getLogger(ClientRequest.class);

    final ClientStream stream;
    final IoLoop loop;
    final RequestHead head;
    /** Reads what a trusted peer says of the client; null if the peer is not trusted. */
    final @Nullable ClientResolver trust;

    /** What user code put in place of the client's target; null if nothing. */
    @Nullable
    String newTarget;

    /** The body that user code has seen or put here; null if it did neither. */
    @Nullable
    Body body;

    boolean bodyReplaced;
    /** The client's body, if user code has seen it. */
    @Nullable
    StreamBody requestView;

    private @Nullable ResolvedClient resolvedClient;
    private @Nullable String normalizedPath;
    private @Nullable String host;

    ClientRequest(ClientStream stream, RequestHead head, @Nullable ClientResolver trust) {
        this.stream = stream;
        this.loop = stream.loop();
        this.head = head;
        this.trust = trust;
    }

    /** Whether the exchange has ended, and with it the life of what it handed out. */
    abstract boolean isOver();

    /** Fails the exchange for good. */
    abstract void fail(FailureCode code, String detail);

    /** What a trusted peer says of the client; null if it is not trusted or says nothing. */
    final @Nullable ResolvedClient resolved() {
        ResolvedClient known = resolvedClient;
        ClientResolver trusted = trust;
        if (known == null && trusted != null) {
            known = trusted.resolve(stream.peer(), stream.scheme(), head);
            resolvedClient = known;
        }
        return known;
    }

    // ---- the head

    @Override
    public String method() {
        return head.method();
    }

    @Override
    public String target() {
        return newTarget == null ? head.target() : newTarget;
    }

    @Override
    public Request target(String target) {
        if (target.isEmpty() || target.charAt(0) != '/') {
            throw new IllegalArgumentException("target: \"" + target + "\" (expected: begins with /)");
        }
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 127 || c == '#') {
                throw new IllegalArgumentException("target: \"" + target + "\" (expected: visible ASCII without #)");
            }
        }
        newTarget = target;
        return this;
    }

    @Override
    public String path() {
        String target = target();
        int question = target.indexOf('?');
        return question < 0 ? target : target.substring(0, question);
    }

    @Override
    public Optional<String> query() {
        String target = target();
        int question = target.indexOf('?');
        return question < 0 ? Optional.empty() : Optional.of(target.substring(question + 1));
    }

    @Override
    public String normalizedPath() {
        String known = normalizedPath;
        if (known == null) {
            String target = head.target();
            int question = target.indexOf('?');
            known = PathNormalizer.normalize(question < 0 ? target : target.substring(0, question));
            normalizedPath = known;
        }
        return known;
    }

    @Override
    public String host() {
        String known = host;
        if (known == null) {
            String field = head.get(FieldId.HOST);
            String name = field == null ? "" : field;
            int bracket = name.indexOf(']');
            int colon = name.indexOf(':', Math.max(bracket, 0));
            known = (colon < 0 ? name : name.substring(0, colon)).toLowerCase(Locale.ROOT);
            host = known;
        }
        return known;
    }

    @Override
    public String scheme() {
        ResolvedClient known = resolved();
        return known == null ? stream.scheme() : known.scheme();
    }

    @Override
    public HttpVersion version() {
        return head.version();
    }

    @Override
    public Headers headers() {
        return head;
    }

    // ---- the body

    @Override
    public Body body() {
        Body known = body;
        if (known == null) {
            if (head.hasBody()) {
                StreamBody view = new StreamBody(
                        loop, new RequestBody(), head.contentLength(), this::askForBody, this::readerFailed);
                requestView = view;
                known = view;
            } else {
                known = Body.empty();
            }
            body = known;
        }
        return known;
    }

    @Override
    public Request body(Body newBody) {
        if (newBody != body()) {
            body = newBody;
            bodyReplaced = true;
        }
        return this;
    }

    private void askForBody() {
        if (!isOver()) {
            stream.askForBody();
        }
    }

    /** The reader of a body, the request's or an answer's, threw: it will not do what the exchange waits for. */
    final void readerFailed(Throwable problem) {
        LOG.warn("a reader of a body failed", problem);
        fail(Failures.code(problem, FailureCode.MIDDLEWARE_FAILED), "the reader of a body: " + problem);
    }

    /**
     * The client's body for as long as the exchange lasts. After that the connection carries other requests, and whoever
     * kept the body must not read or cancel theirs.
     */
    private final class RequestBody implements BodySource {

        @Override
        public void attach(BodySink sink) {
            if (isOver()) {
                sink.abort(FailureCode.CLIENT_GONE, "the exchange is over");
            } else {
                stream.requestBody().attach(sink);
            }
        }

        @Override
        public void resume() {
            if (!isOver()) {
                stream.requestBody().resume();
            }
        }

        @Override
        public void cancel() {
            if (!isOver()) {
                stream.requestBody().cancel();
            }
        }
    }

    @Override
    public String toString() {
        return head.method() + " " + head.target();
    }
}
